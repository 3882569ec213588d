/* Reading the command line. Two passes: the first cuts the words into options and bare words, the second sets them, so that
 * the file of --config comes before all others whatever their order. */
#include "args.h"

#include "output.h"
#include "text.h"

#include <stdio.h>
#include <string.h>

typedef struct item { char key[64]; const char *value; bool bare; } item;  /* value NULL: none was given */

typedef struct reader {
  const cli_command *command;
  void *options;
  cli_args *args;
  const char *config;
  item items[ARGS_MOST];
  int count;
  bool help;
} reader;

static int usage_hint(const reader *r) {
  cli_say("Try '%s %s --help'.", cli_program(), r->command->name);
  return ig_status_exit_code(IG_USAGE);
}

static bool known(const reader *r, const char *key) {
  const char *name;
  if (r->command->verb == CLI_NO_VERB) return false;
  for (int i = 0; (name = ig_option_name((ig_verb)r->command->verb, i)); i++)
    if (text_distance(name, key) == 0) return true;
  return false;
}

/* The words that the command has of its own; NULL when `key` is not near to one of them. */
static const char *own_word(const reader *r, const char *key) {
  static const char *const words[] = {"config", "help", "json", "quiet"};
  const char *best = NULL;
  int least = 3;
  for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
    int distance = text_distance(words[i], key);
    if (strcmp(words[i], "config") == 0 && r->command->verb == CLI_NO_VERB) continue;
    if (distance < least && distance <= 1 + (int)strlen(key) / 4) {
      least = distance;
      best = words[i];
    }
  }
  return best;
}

/* What is said of an option begins with the verb's name already; what is said of a file does not. */
static void say_failure(const reader *r) {
  const char *text = ig_last_error(), *name = r->command->name;
  const size_t length = strlen(name);
  if (strncmp(text, name, length) == 0 && text[length] == ':') cli_say("imgrad %s", text);
  else cli_say("imgrad %s: %s", name, text);
}

static int refuse_option(const reader *r, const char *key, const char *value) {
  const char *near = own_word(r, key);
  if (r->command->verb == CLI_NO_VERB || (near && !known(r, key))) {
    cli_say(near ? "imgrad %s: --%s is not known; did you mean --%s?" : "imgrad %s: --%s is not known", r->command->name, key, near);
    return usage_hint(r);
  }
  ig_status status = ig_option_set((ig_verb)r->command->verb, r->options, key, value ? value : "");
  if (status == IG_OK) cli_say("imgrad %s: --%s needs a value", r->command->name, key);
  else say_failure(r);
  return usage_hint(r);
}

/* True when the word was one of the command's own switches. */
static bool take_switch(reader *r, const char *key) {
  if (strcmp(key, "json") == 0) r->args->json = true;
  else if (strcmp(key, "quiet") == 0 || strcmp(key, "q") == 0) r->args->quiet = true;
  else if (strcmp(key, "help") == 0 || strcmp(key, "h") == 0) r->help = true;
  else return false;
  return true;
}

/* Cuts one option off; `next` is the word after it, or NULL. Returns the words used, or 0 after a mistake. */
static int cut_option(reader *r, const char *word, const char *next) {
  item *it = &r->items[r->count];
  const char *equals = strchr(word, '=');
  size_t length = equals ? (size_t)(equals - word) : strlen(word);
  if (length == 0 || length >= sizeof it->key) {
    cli_say("imgrad %s: '--%s' is no option", r->command->name, word);
    return 0;
  }
  snprintf(it->key, sizeof it->key, "%.*s", (int)length, word);
  it->bare = false;
  it->value = equals ? equals + 1 : NULL;
  if (take_switch(r, it->key)) {
    if (equals) cli_say("imgrad %s: --%s takes no value", r->command->name, it->key);
    return equals ? 0 : 1;
  }
  r->count++;
  if (equals || r->command->verb == CLI_NO_VERB) return 1;
  if (ig_option_is_switch((ig_verb)r->command->verb, it->key)) {
    it->value = "yes";
    return 1;
  }
  it->value = next;
  return next ? 2 : 1;
}

static int cut_words(reader *r, int argc, char **argv) {
  bool only_bare = false;
  int bare = 0;
  r->args->rest = argv + 1;
  for (int i = 1; i < argc;) {
    const char *word = argv[i];
    if (r->count == ARGS_MOST) {
      cli_say("imgrad %s: more than %d words", r->command->name, ARGS_MOST);
      return usage_hint(r);
    }
    if (!only_bare && strcmp(word, "--") == 0) {
      only_bare = true;
      i++;
    } else if (!only_bare && strncmp(word, "--", 2) == 0) {
      int used = cut_option(r, word + 2, i + 1 < argc ? argv[i + 1] : NULL);
      if (used == 0) return usage_hint(r);
      i += used;
    } else if (!only_bare && word[0] == '-' && word[1] && !word[2] && take_switch(r, word + 1)) {
      i++;
    } else if (!only_bare && word[0] == '-' && word[1]) {
      cli_say("imgrad %s: '%s' is no option; options begin with two dashes", r->command->name, word);
      return usage_hint(r);
    } else if (r->command->rest && (bare++ > 0 || !r->command->positional)) {
      r->args->rest[r->args->rest_count++] = argv[i++]; /* words before this one are used up */
    } else {
      r->items[r->count++] = (item){.value = word, .bare = true};
      i++;
    }
  }
  return -1;
}

/* A word without dashes. */
static int set_bare(reader *r, const char *word, int *seen) {
  if (r->command->verb == CLI_NO_VERB) {
    r->args->word[r->args->count++] = word;
    return -1;
  }
  if (!r->command->positional || *seen) {
    cli_say("imgrad %s: '%s' is one word too many", r->command->name, word);
    return usage_hint(r);
  }
  *seen = 1;
  ig_status status = ig_option_set((ig_verb)r->command->verb, r->options, r->command->positional, word);
  if (status == IG_OK) return -1;
  say_failure(r);
  return usage_hint(r);
}

static int set_option(reader *r, const item *it) {
  if (r->command->verb == CLI_NO_VERB) return refuse_option(r, it->key, NULL);
  if (strcmp(it->key, "config") == 0) return -1;
  if (!it->value && known(r, it->key)) {
    cli_say("imgrad %s: --%s needs a value", r->command->name, it->key);
    return usage_hint(r);
  }
  if (!it->value || (own_word(r, it->key) && !known(r, it->key))) return refuse_option(r, it->key, it->value);
  ig_status status = ig_option_set((ig_verb)r->command->verb, r->options, it->key, it->value);
  if (status == IG_OK) return -1;
  say_failure(r);
  return status == IG_USAGE ? usage_hint(r) : ig_status_exit_code(status);
}

static int load_config(reader *r) {
  for (int i = 0; i < r->count; i++) {
    const item *it = &r->items[i];
    if (it->bare || strcmp(it->key, "config") != 0) continue;
    if (r->command->verb == CLI_NO_VERB) return refuse_option(r, it->key, NULL);
    if (!it->value || r->config) {
      cli_say(it->value ? "imgrad %s: --config is given twice" : "imgrad %s: --config needs a value", r->command->name);
      return usage_hint(r);
    }
    r->config = it->value;
  }
  if (!r->config) return -1;
  ig_status status = ig_options_load((ig_verb)r->command->verb, r->options, r->config);
  if (status == IG_OK) return -1;
  say_failure(r);
  return ig_status_exit_code(status);
}

int cli_args_read(const cli_command *command, int argc, char **argv, void *options, cli_args *args) {
  reader r = {.command = command, .options = options, .args = args};
  int bare_seen = 0, code;
  memset(args, 0, sizeof *args);
  code = cut_words(&r, argc, argv);
  if (r.help) {
    cli_help_command(command);
    return 0;
  }
  if (code < 0) code = load_config(&r);
  for (int i = 0; i < r.count && code < 0; i++)
    code = r.items[i].bare ? set_bare(&r, r.items[i].value, &bare_seen) : set_option(&r, &r.items[i]);
  return code;
}
