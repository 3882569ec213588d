/* Lines of standard input. */
#include "lines.h"

#include "signals.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Reads more behind what is there, which is moved to the front. */
static void fill(cli_lines *l) {
  if (!l->text && !(l->text = malloc(CLI_LINE_MOST + 1))) {
    l->failed = l->ended = true;
    return;
  }
  if (l->from > 0) memmove(l->text, l->text + l->from, l->size - l->from);
  l->size -= l->from;
  l->from = 0;
  if (l->size == CLI_LINE_MOST) {
    l->failed = l->ended = true;
    return;
  }
  ssize_t n;
  do n = read(STDIN_FILENO, l->text + l->size, CLI_LINE_MOST - l->size);
  while (n < 0 && errno == EINTR && cli_signals_asked() == IG_OK);
  if (n < 0) l->failed = errno != EINTR;
  if (n <= 0) l->ended = true;
  else l->size += (size_t)n;
}

const char *cli_lines_next(cli_lines *l) {
  for (;;) {
    char *line = l->size > l->from ? l->text + l->from : NULL, *end = line ? memchr(line, '\n', l->size - l->from) : NULL;
    if (!end && !l->ended) {
      fill(l);
      continue;
    }
    if (l->failed || !line) return NULL;
    if (!end) end = l->text + l->size; /* the last line, without an end */
    l->from = (size_t)(end - l->text) + (end < l->text + l->size);
    *end = 0;
    if (end > line && end[-1] == '\r') end[-1] = 0;
    if (*line) return line;
  }
}

bool cli_lines_ready(const cli_lines *l) {
  struct pollfd in = {.fd = STDIN_FILENO, .events = POLLIN};
  if (l->ended || (l->size > l->from && memchr(l->text + l->from, '\n', l->size - l->from))) return true;
  return poll(&in, 1, 0) != 0;
}

void cli_lines_end(cli_lines *l) { free(l->text); }
