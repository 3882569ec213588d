/* imgrad models: the networks inside the command. */
#include "args.h"
#include "json.h"
#include "output.h"

#include <string.h>

static void print_json(int i, bool text) {
  cli_json j = {0};
  json_open(&j, NULL, '{');
  json_text(&j, "name", ig_model_name(i));
  json_text(&j, "help", ig_model_help(i));
  if (text) json_text(&j, "text", ig_model_text(i));
  json_end(&j);
}

static int print_model(const char *word, bool json) {
  const char *names[256] = {NULL}, *name;
  for (int i = 0; (name = ig_model_name(i)) && i < 255; i++) {
    names[i] = name;
    if (strcmp(name, word) != 0) continue;
    const char *text = ig_model_text(i);
    size_t size = strlen(text);
    if (json) {
      print_json(i, true);
      return 0;
    }
    cli_out_bytes(text, size);
    if (size > 0 && text[size - 1] != '\n') cli_out("\n");
    return 0;
  }
  return cli_unknown("model", word, names);
}

static int run(const cli_command *self, int argc, char **argv) {
  cli_args args;
  int code = cli_args_read(self, argc, argv, NULL, &args);
  if (code >= 0) return code;
  for (int i = 0; args.count == 0 && ig_model_name(i); i++) {
    if (args.json) print_json(i, false);
    else cli_out("%-12s %s\n", ig_model_name(i), ig_model_help(i));
  }
  code = 0;
  for (int i = 0; i < args.count && code == 0; i++) code = print_model(args.word[i], args.json);
  return code;
}

const cli_command cli_models = {
  .name = "models",
  .about = "the networks inside the command, and their text",
  .usage = "models [NAME …] [--json]",
  .text = "Lists the networks inside the command; with a name, prints its text. A file with such a text is a model too.\n",
  .examples = "  imgrad models\n"
              "  imgrad models textbook > mine.txt      # a model of your own begins here\n"
              "  imgrad train --model mine.txt\n",
  .verb = CLI_NO_VERB,
  .run = run,
};
