/* imgrad models: the networks and the recipes inside the command. */
#include "args.h"
#include "json.h"
#include "output.h"

#include <string.h>

#define NAMES 256

/* The two lists that the library carries as texts; their names never collide. */
static const struct { const char *type; const char *(*name)(int), *(*help)(int), *(*text)(int); } kinds[] = {
  {"model", ig_model_name, ig_model_help, ig_model_text},
  {"recipe", ig_recipe_name, ig_recipe_help, ig_recipe_text},
};
#define KINDS (sizeof kinds / sizeof kinds[0])

static void print_json(size_t kind, int i, bool text) {
  cli_json j = {0};
  json_open(&j, NULL, '{');
  json_text(&j, "type", kinds[kind].type);
  json_text(&j, "name", kinds[kind].name(i));
  json_text(&j, "help", kinds[kind].help(i));
  if (text) json_text(&j, "text", kinds[kind].text(i));
  json_end(&j);
}

static void print_text(size_t kind, int i) {
  const char *text = kinds[kind].text(i);
  size_t size = strlen(text);
  cli_out_bytes(text, size);
  if (size > 0 && text[size - 1] != '\n') cli_out("\n");
}

static int print_one(const char *word, bool json) {
  const char *names[NAMES] = {NULL}, *name;
  int count = 0;
  for (size_t kind = 0; kind < KINDS; kind++)
    for (int i = 0; (name = kinds[kind].name(i)) && count < NAMES - 1; i++) {
      names[count++] = name;
      if (strcmp(name, word) != 0) continue;
      if (json) print_json(kind, i, true);
      else print_text(kind, i);
      return 0;
    }
  return cli_unknown("model or recipe", word, names);
}

static void list(size_t kind, bool json) {
  for (int i = 0; kinds[kind].name(i); i++) {
    if (json) print_json(kind, i, false);
    else cli_out("%-12s %s%s\n", kinds[kind].name(i), kind ? "recipe: " : "", kinds[kind].help(i));
  }
}

static int run(const cli_command *self, int argc, char **argv) {
  cli_args args;
  int code = cli_args_read(self, argc, argv, NULL, &args);
  if (code >= 0) return code;
  for (size_t kind = 0; kind < KINDS && args.count == 0; kind++) list(kind, args.json);
  code = 0;
  for (int i = 0; i < args.count && code == 0; i++) code = print_one(args.word[i], args.json);
  return code;
}

const cli_command cli_models = {
  .name = "models",
  .about = "the networks and recipes inside the command, and their text",
  .usage = "models [NAME …] [--json]",
  .text = "Lists the networks and the recipes inside the command; with a name, prints its text. A file with such a text is a\n"
          "model, or a configuration, too.\n",
  .examples = "  imgrad models\n"
              "  imgrad models textbook > mine.txt      # a model of your own begins here\n"
              "  imgrad train --model mine.txt\n"
              "  imgrad models mnist-99 > run.yaml      # a recipe, to be changed\n"
              "  imgrad train mnist/ --config run.yaml\n",
  .verb = CLI_NO_VERB,
  .run = run,
};
