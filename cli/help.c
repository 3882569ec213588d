/* imgrad help: the overview, a command's page, and the lists of what options may name. */
#include "args.h"
#include "command.h"
#include "manual.h"
#include "output.h"
#include "text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct { const char *name, *about; } topics[] = {
  {"augmentations", "how training pictures are changed"},
  {"averages", "which mean of the weights is kept"},
  {"initialisers", "how weights begin"},
  {"layers", "what a line of a model may be"},
  {"losses", "what training makes small"},
  {"models", "the networks inside the command"},
  {"optimizers", "the rules that change the weights"},
  {"penalties", "what keeps the weights small or sparse"},
  {"recipes", "whole runs inside the command, for --config"},
  {"schedules", "how the learning rate goes, and λ"},
  {"sources", "where pictures come from"},
};
#define TOPIC_COUNT (sizeof topics / sizeof topics[0])

const cli_own_option cli_own_options[] = {
  {"config", "FILE", "a YAML file of the same words or a recipe's name, read before the command line", true, IG_VERB_TRAIN},
  {"config", "FILE", "a YAML file of the same words or a recipe's name, read before the command line", true, IG_VERB_TUNE},
  {"config", "FILE", "a YAML file of the same words, read before the command line", true, CLI_NO_VERB},
  {"json", NULL, "results as JSON, one object a line", false, CLI_NO_VERB},
  {"quiet", NULL, "no progress", true, IG_VERB_TRAIN},
  {"quiet", NULL, "no progress", true, IG_VERB_TUNE},
  {"help", NULL, "this page", false, CLI_NO_VERB},
  {NULL, NULL, NULL, false, 0},
};

bool cli_own_option_fits(const cli_own_option *o, const cli_command *c) {
  if (o->with_verb && c->verb == CLI_NO_VERB) return false;
  if (o->verb != CLI_NO_VERB) return o->verb == c->verb;
  /* One that the verb has in words of its own, before. */
  for (const cli_own_option *own = cli_own_options; own < o; own++)
    if (own->verb == c->verb && strcmp(own->name, o->name) == 0) return false;
  return true;
}

void cli_help_topics(void) {
  for (size_t i = 0; i < TOPIC_COUNT; i++) cli_out(" %s", topics[i].name);
}

void cli_help_overview(void) {
  cli_out("imgrad trains, checks and measures convolutional networks on pictures, on the CPU.\n\n"
          "usage: imgrad COMMAND [words and options]\n\n");
  for (size_t i = 0; cli_commands[i]; i++) cli_out("  %-12s %s\n", cli_commands[i]->name, cli_commands[i]->about);
  cli_out("\nLists, with 'imgrad help TOPIC':\n\n");
  for (size_t i = 0; i < TOPIC_COUNT; i++) cli_out("  %-12s %s\n", topics[i].name, topics[i].about);
  cli_out("\n'imgrad COMMAND --help' shows all options of a command. A first run:\n\n"
          "  imgrad train --data digits --model textbook --epochs 3\n\n"
          "Exit codes: 0 done, 1 failed, 2 usage, 3 bad data, 4 bad model, 5 disk or I/O, 6 out of memory, 7 diverged,\n"
          "8 below the bar asked for, 129/130/143 stopped by HUP/INT/TERM with the checkpoint written, 141 reader gone.\n");
}

/* A line of the library's list, "  l2_scale=full  …", as it is typed: "  --l2-scale=full  …". */
static void option_line(const char *line, size_t size) {
  size_t blanks = strspn(line, " "), name = strcspn(line + blanks, "= \n"), word = strcspn(line + blanks, " \n");
  if (blanks != 2 || name == 0 || blanks + word > size) {
    cli_out_bytes(line, size);
    cli_out("\n");
    return;
  }
  cli_out("  --");
  for (size_t i = 0; i < name; i++) cli_out("%c", line[blanks + i] == '_' ? '-' : line[blanks + i]);
  cli_out_bytes(line + blanks + name, word - name);
  const char *rest = line + blanks + word;
  rest += strspn(rest, " ");
  size_t left = size - (size_t)(rest - line);
  if (left > 0) cli_out("%*s", word < 27 ? (int)(27 - word) : 1, "");
  cli_out_bytes(rest, left);
  cli_out("\n");
}

static void option_lines(ig_verb verb) {
  size_t size = ig_options_help(verb, NULL, 0) + 1;
  char *text = malloc(size);
  if (!text) return;
  ig_options_help(verb, text, size);
  for (const char *line = text; *line;) {
    size_t length = strcspn(line, "\n");
    option_line(line, length);
    line += length + (line[length] == '\n');
  }
  free(text);
}

void cli_help_command(const cli_command *command) {
  cli_out("usage: imgrad %s\n\n%s", command->usage, command->text);
  cli_out("\noptions\n");
  if (command->verb != CLI_NO_VERB) option_lines((ig_verb)command->verb);
  for (const cli_own_option *o = cli_own_options; o->name; o++) {
    char word[64];
    snprintf(word, sizeof word, "%s%s%s", o->name, o->value ? " " : "", o->value ? o->value : "");
    if (cli_own_option_fits(o, command)) cli_out("  --%-26s %s\n", word, o->help);
  }
  if (command->examples) cli_out("\nexamples\n%s", command->examples);
}

static int list(const char *kind) {
  size_t size = ig_list_help(kind, NULL, 0) + 1;
  char *text = malloc(size);
  if (!text) return cli_fail(IG_NO_MEMORY);
  size = ig_list_help(kind, text, size);
  cli_out_bytes(text, size);
  if (size > 0 && text[size - 1] != '\n') cli_out("\n");
  free(text);
  return 0;
}

static int show(const char *word) {
  const char *names[128] = {NULL};
  size_t count = 0;
  const cli_command *command = cli_command_find(word);
  for (size_t i = 0; i < TOPIC_COUNT; i++) {
    if (strcmp(topics[i].name, word) == 0 && !command) return list(word);
    names[count++] = topics[i].name;
  }
  for (size_t i = 0; cli_commands[i] && count + 1 < sizeof names / sizeof names[0]; i++) names[count++] = cli_commands[i]->name;
  if (!command) return cli_unknown("command or topic", word, names);
  cli_help_command(command);
  /* `models` is both a command and a list. */
  if (strcmp(word, "models") == 0) {
    cli_out("\nmodels\n");
    return list(word);
  }
  return 0;
}

static int run(const cli_command *self, int argc, char **argv) {
  cli_args args;
  if (argc > 1 && strcmp(argv[1], "--man") == 0) return cli_man(argc > 2 ? argv[2] : NULL);
  if (argc > 1 && strcmp(argv[1], "--completion") == 0) return cli_completion(argc > 2 ? argv[2] : NULL);
  int code = cli_args_read(self, argc, argv, NULL, &args);
  if (code >= 0) return code;
  if (args.count == 0) cli_help_overview();
  for (int i = 0; i < args.count && code <= 0; i++) code = show(args.word[i]);
  return code < 0 ? 0 : code;
}

const cli_command cli_help = {
  .name = "help",
  .about = "this overview, a command's page, or a list",
  .usage = "help [COMMAND | TOPIC]",
  .text = "Shows the overview, the page of a command, or a list: optimizers, schedules, losses, layers, sources,\n"
          "augmentations, initialisers, penalties, models, recipes.\n",
  .examples = "  imgrad help train\n  imgrad help optimizers\n",
  .verb = CLI_NO_VERB,
  .run = run,
};
