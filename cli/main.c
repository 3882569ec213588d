/* The command `imgrad`: finds the subcommand, and sees to it that what was written really went out. */
#include "command.h"
#include "output.h"
#include "text.h"

#include <string.h>

#define X(name) extern const cli_command cli_##name;
#include "all.def"
#undef X

const cli_command *const cli_commands[] = {
#define X(name) &cli_##name,
#include "all.def"
#undef X
  NULL,
};

static const char *program = "imgrad";

const char *cli_program(void) { return program; }

const cli_command *cli_command_find(const char *name) {
  size_t i = 0;
  while (cli_commands[i] && text_distance(cli_commands[i]->name, name) != 0) i++; /* 0 also for '_' in the place of '-' */
  return cli_commands[i];
}

int cli_unknown(const char *kind, const char *word, const char *const *names) {
  const char *near = NULL;
  int least = 2 + (int)strlen(word) / 3;
  for (size_t i = 0; names[i]; i++) {
    int distance = text_distance(word, names[i]);
    if (distance < least) {
      least = distance;
      near = names[i];
    }
  }
  if (near) cli_say("imgrad: '%s' is no %s; did you mean '%s'?", word, kind, near);
  else cli_say("imgrad: '%s' is no %s; '%s help' lists them", word, kind, program);
  return ig_status_exit_code(IG_USAGE);
}

static int unknown_command(const char *word) {
  const char *names[64] = {NULL};
  if (word[0] == '-') {
    cli_say("imgrad: the command comes first, then its options: imgrad train %s …", word);
    return ig_status_exit_code(IG_USAGE);
  }
  for (size_t i = 0; cli_commands[i] && i + 1 < sizeof names / sizeof names[0]; i++) names[i] = cli_commands[i]->name;
  return cli_unknown("command", word, names);
}

static int dispatch(int argc, char **argv) {
  if (argc < 2) {
    cli_say("imgrad: which command? '%s help' lists them; '%s train' is a good first one", program, program);
    return ig_status_exit_code(IG_USAGE);
  }
  const char *word = argv[1];
  if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0) word = "help";
  if (strcmp(word, "--version") == 0 || strcmp(word, "-V") == 0) word = "version";
  const cli_command *command = cli_command_find(word);
  return command ? command->run(command, argc - 1, argv + 1) : unknown_command(word);
}

int main(int argc, char **argv) {
  cli_streams_begin();
  if (argc > 0 && argv[0][0]) program = argv[0];
  int code = cli_out_check();
  return code != 0 ? code : cli_out_end(dispatch(argc, argv));
}
