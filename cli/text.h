#ifndef CLI_TEXT_H
#define CLI_TEXT_H
/* Numbers and words for people. The command knows only the public headers, so it has a few of its own. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TEXT_NUMBER 48  /* room for any number below */

/* Bytes of the UTF-8 character at `s`, or 0 when its first `left` bytes hold no whole valid one. */
size_t text_step(const char *s, size_t left);
/* Columns that a terminal gives to the text: 2 for east Asian and emoji, 0 for combining marks. */
int text_width(const char *s);
/* Edit distance of two words of at most 63 bytes; '-' is '_'. */
int text_distance(const char *a, const char *b);

const char *text_double(char out[TEXT_NUMBER], double v);    /* fewest digits that read back as the same double */
const char *text_count(char out[TEXT_NUMBER], int64_t v);    /* 225,034 */
const char *text_bytes(char out[TEXT_NUMBER], uint64_t v);   /* 1.9 MiB */
const char *text_large(char out[TEXT_NUMBER], double v);     /* 850, 12.3k, 4.56M */
const char *text_rate(char out[TEXT_NUMBER], double v);      /* a learning rate: 0.05, 1e-3, 2.5e-4 */
const char *text_loss(char out[TEXT_NUMBER], double v);      /* three digits: 2.30, 0.0812, 4.1e-6 */
const char *text_clock(char out[TEXT_NUMBER], double v);     /* 0:12, 1:02:03; -:-- when unknown */
const char *text_percent(char out[TEXT_NUMBER], double v);   /* a share as 97.6, or - when it is no number */
/* An argument that a shell reads back as it is: quoted when it must be. */
const char *text_argument(char *out, size_t size, const char *word);

#endif
