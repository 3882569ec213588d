#ifndef CLI_LINES_H
#define CLI_LINES_H
/* Lines of standard input, without waiting longer than needed. Begin with {0}. */

#include <stdbool.h>
#include <stddef.h>

#define CLI_LINE_MOST 65536

typedef struct cli_lines {
  char *text;            /* CLI_LINE_MOST + 1 bytes, from the first use on */
  size_t from, size;     /* what is read and not given out: text[from … size) */
  bool ended, failed;
} cli_lines;

/* The next line that is not empty, without its end; valid until the next call. NULL: the end, or `failed` (a line that is too
 * long, no memory, a read that fails). */
const char *cli_lines_next(cli_lines *lines);
/* Would next answer at once? */
bool cli_lines_ready(const cli_lines *lines);
void cli_lines_end(cli_lines *lines);

#endif
