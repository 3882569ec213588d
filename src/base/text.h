#ifndef IG__BASE_TEXT_H
#define IG__BASE_TEXT_H
/* Numbers and words as text, whatever the locale of the program around us says. */

#include "base/status.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* vsnprintf in the C locale: files and messages of a program that runs in de_DE still say 0.5. */
int ig__vformat(char *out, size_t size, const char *format, va_list args) IG__PRINTF(3, 0);
int ig__snprintf(char *out, size_t size, const char *format, ...) IG__PRINTF(3, 4);
/* The words of an errno, in English, safe in any thread. */
const char *ig__errno_text(int error);
/* Bytes of the UTF-8 character at `s` (1 … 4), or 0 when its first `size` bytes hold no whole valid one. */
size_t ig__utf8_step(const char *s, size_t size);

/* Decimal text to double ("1e-3", ".5", "1/255"); the whole string must be a number. No inf, no nan, no hexadecimal, no
 * blanks; too large is no number, too small is 0. On false `*out` is untouched, here and below. */
bool ig__parse_double(const char *s, double *out);
bool ig__parse_i64(const char *s, int64_t *out);
/* Seconds: "90", "90s", "10m", "1.5h", "2d"; not negative. */
bool ig__parse_seconds(const char *s, double *out);
/* Fewest digits that read back as the same double ("0.001", "1e-07", "100000", "nan", "inf"): an exponent is written below
 * 1e-4 and from 1e16 on; the decimal point is always '.'. */
const char *ig__print_double(char out[32], double v);
/* Bytes and counts for people: "512 B", "1.9 MiB", "225 GiB"; "225,034". */
const char *ig__print_bytes(char out[32], uint64_t v);
const char *ig__print_count(char out[32], int64_t v);

/* The next entry of a list with commas between, cut off in place; NULL behind the last. `rest` begins at the text; blanks stay. */
char *ig__next_listed(char **rest);

/* Edit distance (insert, delete, replace, swap), for "did you mean"; at most 64 characters are looked at. */
int ig__word_distance(const char *a, const char *b);
/* Does the pattern name the text, whole? '*' stands for any characters, also none, '?' for one byte. */
bool ig__glob(const char *pattern, const char *text);
/* The nearest of `count` names to `word`, or NULL when none is near enough to be meant (distance > 1 + length/3, or not a
 * letter in common). Capitals count as small letters and '-' as '_'; of equals the first. */
const char *ig__nearest(const char *word, const char *const *names, size_t count);

#endif
