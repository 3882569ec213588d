/* Reading options: the one text grammar. */
#include "base/options.h"

#include "base/alloc.h"
#include "base/option_value.h"
#include "base/text.h"
#include "base/unknown.h"

#include <string.h>

#define OPTIONS_MAX 256 /* of one thing */
#define WORDS_MAX 256   /* of one line */

static bool store(const ig__option *o, void *options, const char *text, char *reason) {
  ig__option_value value;
  char *member = (char *)options + o->offset;
  memset(&value, 0, sizeof value);
  if (!ig__option_read(o, text, &value, reason)) return false;
  if (o->type == IG__OPTION_TEXT) {
    memset(member, 0, o->size);
    memcpy(member, text, strlen(text));
  } else {
    memcpy(member, &value, o->size);
  }
  return true;
}

static ig_status set_defaults(const char *thing, const ig__option *table, void *options) {
  char reason[IG__REASON_SIZE];
  ig_status status = IG_OK;
  for (const ig__option *o = table; o && o->name; o++) {
    memset((char *)options + o->offset, 0, o->size);
    if (o->fallback && !store(o, options, o->fallback, reason))
      status = ig__fail(IG_FAILED, "%s: the default of %s, '%s', %s", thing, o->name, o->fallback, reason);
  }
  return status;
}

void ig__options_default(const ig__option *table, void *options) { set_defaults("options", table, options); }

static const ig__option *find(const ig__option *table, const char *name, size_t length) {
  for (const ig__option *o = table; o && o->name; o++)
    if (strlen(o->name) == length && memcmp(o->name, name, length) == 0) return o;
  return NULL;
}

static ig_status unknown(const char *thing, const ig__option *table, const char *key) {
  const char *names[OPTIONS_MAX] = {NULL};
  size_t count = 0;
  for (const ig__option *o = table; o && o->name && count < OPTIONS_MAX; o++) names[count++] = o->name;
  if (count == 0) return ig__fail(IG_USAGE, "%s: '%s' is not known: it takes no options", thing, key);
  return ig__unknown(IG_USAGE, key, names, count, "%s: the option", thing);
}

static ig_status set(const char *thing, const ig__option *o, void *options, const char *value) {
  char reason[IG__REASON_SIZE];
  if (store(o, options, value, reason)) return IG_OK;
  return ig__fail(IG_USAGE, "%s: %s=%.200s %s", thing, o->name, value, reason);
}

ig_status ig__option_set(const char *thing, const ig__option *table, void *options, const char *key, const char *value) {
  const ig__option *o = find(table, key, strlen(key));
  return o ? set(thing, o, options, value) : unknown(thing, table, key);
}

static bool blank(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

int ig__split_words(char *text, char **words, int max) {
  int count = 0;
  for (;;) {
    while (blank(*text)) text++;
    if (*text == 0 || *text == '#') break;
    if (count == max) return -1;
    char *out = words[count++] = text;
    bool quoted = false;
    for (; *text && (quoted || (!blank(*text) && *text != '#')); text++) {
      if (*text == '"') {
        quoted = !quoted;
        continue;
      }
      if (quoted && *text == '\\' && (text[1] == '"' || text[1] == '\\')) text++;
      *out++ = *text;
    }
    bool last = *text == 0 || *text == '#';
    text += !last; /* before the cut: with nothing removed, `out` is where `text` stands */
    *out = 0;
    if (last) break;
  }
  return count;
}

/* Length of KEY in a word KEY=value, or 0: what stands before the '=' must look like a name, so that a path with a '='
 * in it can still be given as a positional word. */
static size_t key_length(const char *word) {
  size_t n = 0;
  while ((word[n] >= 'a' && word[n] <= 'z') || (word[n] >= 'A' && word[n] <= 'Z') || word[n] == '_' || word[n] == '-' ||
         (n > 0 && word[n] >= '0' && word[n] <= '9'))
    n++;
  return word[n] == '=' ? n : 0;
}

static const ig__option *next_positional(const ig__option *table, int index) {
  for (const ig__option *o = table; o && o->name; o++)
    if (o->positional && index-- == 0) return o;
  return NULL;
}

static bool can_be(const ig__option *o, const char *word) {
  ig__option_value value;
  char reason[IG__REASON_SIZE];
  return ig__option_read(o, word, &value, reason);
}

/* A word without '=' that is the name of an option: most often a switch, or a '=' that was forgotten. */
static ig_status stands_alone(const char *thing, const ig__option *o) {
  return ig__fail(IG_USAGE, "%s: '%s' stands alone; did you mean %s=%s?", thing, o->name, o->name,
                  o->type == IG__OPTION_BOOL ? "yes" : "...");
}

static ig_status too_many(const char *thing, const ig__option *table, const char *word) {
  int places = 0;
  while (next_positional(table, places)) places++;
  if (!table || !table->name) return ig__fail(IG_USAGE, "%s: '%s' is not known: it takes no options", thing, word);
  return ig__fail(IG_USAGE, "%s: '%s' is one word too many: %d without '=' %s taken", thing, word, places,
                  places == 1 ? "is" : "are");
}

static ig_status parse_word(const char *thing, const ig__option *table, void *options, char *word, int *place,
                            bool given[OPTIONS_MAX]) {
  size_t length = key_length(word);
  const ig__option *o;
  char *value = word;
  if (length) {
    o = find(table, word, length);
    value = word + length + 1;
    if (!o) {
      char key[96];
      ig__snprintf(key, sizeof key, "%.*s", (int)(length < 80 ? length : 80), word);
      return unknown(thing, table, key);
    }
  } else {
    const ig__option *named = find(table, word, strlen(word));
    o = next_positional(table, (*place)++);
    if (named && !(o && can_be(o, word))) return stands_alone(thing, named);
    if (!o) return too_many(thing, table, word);
  }
  if (given[o - table]) return ig__fail(IG_USAGE, "%s: %s is given twice", thing, o->name);
  given[o - table] = true;
  return set(thing, o, options, value);
}

ig_status ig__options_parse(const char *thing, const ig__option *table, void *options, char **words, int count) {
  bool given[OPTIONS_MAX] = {false};
  int place = 0, options_count = 0;
  while (table && table[options_count].name) options_count++;
  if (options_count > OPTIONS_MAX) return ig__fail(IG_FAILED, "%s: more than %d options", thing, OPTIONS_MAX);
  IG__TRY(set_defaults(thing, table, options));
  for (int i = 0; i < count; i++) IG__TRY(parse_word(thing, table, options, words[i], &place, given));
  for (const ig__option *o = table; o && o->name; o++)
    if (!o->fallback && !given[o - table])
      return ig__fail(IG_USAGE, "%s: %s is missing%s%s%s", thing, o->name, o->help && *o->help ? " (" : "",
                      o->help ? o->help : "", o->help && *o->help ? ")" : "");
  return IG_OK;
}

ig_status ig__options_parse_text(const char *thing, const ig__option *table, void *options, const char *text) {
  char *words[WORDS_MAX], *copy = ig__strdup(text ? text : "");
  if (!copy) return IG_NO_MEMORY;
  int count = ig__split_words(copy, words, WORDS_MAX);
  ig_status status = count < 0 ? ig__fail(IG_USAGE, "%s: more than %d words", thing, WORDS_MAX)
                               : ig__options_parse(thing, table, options, words, count);
  ig__free(copy);
  return status;
}
