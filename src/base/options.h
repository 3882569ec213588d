#ifndef IG__BASE_OPTIONS_H
#define IG__BASE_OPTIONS_H
/* Option tables and the one text grammar, NAME [positional …] [key=value …]. A thing's options are a private struct in
 * its own file and a table beside it; offset, size and type come from the member itself, so the two cannot disagree.
 *
 *   typedef struct { int filters; ig__pair k; bool bias; } conv_options;
 *   static const ig__option table[] = {
 *     IG__POSITIONAL(conv_options, filters, NULL, 1, 65536, "", "output channels"),
 *     IG__OPTION(conv_options, k, "3", 1, 255, "pixels", "kernel height and width"),
 *     IG__OPTION(conv_options, bias, "yes", 0, 1, "", "add a bias to each channel"),
 *     IG__OPTIONS_END };
 *
 * A default is text read by the same parser; NULL means the option must be given. A text is an array inside the struct,
 * `char path[256]`: the struct owns everything it says and is copied by assignment. A char * member does not compile. */

#include "base/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct ig__pair { int a, b; } ig__pair;                    /* "3" is 3x3; "3x5" is a=3 (height), b=5 (width) */
typedef struct ig__list { int count; double v[16]; } ig__list;     /* "0.5,0.5,0.5" */

typedef enum ig__option_type {
  IG__OPTION_INT, IG__OPTION_I64, IG__OPTION_DOUBLE, IG__OPTION_BOOL, IG__OPTION_PAIR, IG__OPTION_LIST, IG__OPTION_TEXT
} ig__option_type;

/* Words an int or a pair may take instead of a number ("same" for pad), or the only ones (range empty: min > max). */
typedef struct ig__word { const char *word; int value; } ig__word;

typedef struct ig__option {
  const char *name;
  size_t offset, size;
  ig__option_type type;
  bool positional;
  const char *fallback;     /* default as text; NULL: required */
  double min, max;          /* of every number in it, inclusive; a text and a bool have none */
  const char *unit, *help;
  const ig__word *words;    /* ends with {NULL, 0}; or NULL */
} ig__option;

#define IG__OPTION_TYPE(member)                                                                                        \
  _Generic((member), int: IG__OPTION_INT, int64_t: IG__OPTION_I64, double: IG__OPTION_DOUBLE, bool: IG__OPTION_BOOL,   \
           ig__pair: IG__OPTION_PAIR, ig__list: IG__OPTION_LIST,                                                       \
           char *: _Generic(&(member), char **: (void)0, default: IG__OPTION_TEXT))
#define IG__OPTION_ROW(T, member, positional, fallback, min, max, unit, help, words)                                   \
  { #member, offsetof(T, member), sizeof(((T *)0)->member), IG__OPTION_TYPE(((T *)0)->member), positional, fallback,   \
    min, max, unit, help, words }
#define IG__OPTION(T, member, fallback, min, max, unit, help) \
  IG__OPTION_ROW(T, member, false, fallback, min, max, unit, help, NULL)
#define IG__POSITIONAL(T, member, fallback, min, max, unit, help) \
  IG__OPTION_ROW(T, member, true, fallback, min, max, unit, help, NULL)
#define IG__OPTION_WORDS(T, member, fallback, min, max, unit, help, words) \
  IG__OPTION_ROW(T, member, false, fallback, min, max, unit, help, words)
#define IG__POSITIONAL_WORDS(T, member, fallback, min, max, unit, help, words) \
  IG__OPTION_ROW(T, member, true, fallback, min, max, unit, help, words)
#define IG__OPTIONS_END { NULL, 0, 0, IG__OPTION_INT, false, NULL, 0, 0, NULL, NULL, NULL }

/* Fills every member with its default (required ones with zero bytes). `table` may be NULL: a thing without options. */
void ig__options_default(const ig__option *table, void *options);
/* Sets one option from text, with the range check. `thing` is used in messages ("conv2d"). IG_USAGE on failure, and the
 * option keeps its value. */
ig_status ig__option_set(const char *thing, const ig__option *table, void *options, const char *key, const char *value);
/* Splits a line at blanks: at most `max` words, into `words` (pointers into `text`, which is cut by zeros). Text after
 * '#' is dropped. Double quotes keep blanks and '#', and inside them \" and \\ are a quote and a backslash:
 * folder "path=/home/me/my pictures". Returns the number of words, or -1 when there are more than `max`. */
int ig__split_words(char *text, char **words, int max);
/* Defaults, then positional words in table order and key=value words in any order (a positional may be given by key).
 * IG_USAGE names the thing, the word that is wrong, and the nearest known option; also when a required one is missing or
 * one is given twice. */
ig_status ig__options_parse(const char *thing, const ig__option *table, void *options, char **words, int count);
/* The same from one string, "beta1=0.8"; NULL is "". */
ig_status ig__options_parse_text(const char *thing, const ig__option *table, void *options, const char *text);
/* Writes NAME and every option that differs from its default, so that parsing it gives the same struct. Without a name
 * (NULL or "") the options alone. Returns the length as snprintf does. */
size_t ig__options_print(const char *thing, const ig__option *table, const void *options, char *out, size_t size);
/* One line an option, for --help and the documentation: "  k=3            pixels, 1 … 255: kernel height and width". */
size_t ig__options_help(const ig__option *table, char *out, size_t size);

#endif
