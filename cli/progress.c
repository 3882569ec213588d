/* The live line. It is composed of parts, each with its width; on a narrow terminal the bar shrinks first, then the parts
 * that matter least are left out. A line that wrapped could not be redrawn. */
#include "progress.h"

#include "output.h"
#include "text.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#define PARTS 10
#define REDRAW 0.1   /* seconds */
#define LONGEST_BAR 24
#define SHORTEST_BAR 4

typedef struct part { char text[96]; int keep; } part;  /* keep: 0 is never left out, 9 goes first */
typedef struct line { part parts[PARTS]; int count, bar; double done; } line;  /* bar: the part it stands before, −1 none */

static double now_seconds(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static int terminal_columns(void) {
  struct winsize size;
  const char *columns = getenv("COLUMNS");
  if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
  int n = columns ? atoi(columns) : 0;
  return n > 0 && n < 10000 ? n : 80;
}

static void add(line *l, int keep, const char *format, ...) CLI_PRINTF(3, 4);
static void add(line *l, int keep, const char *format, ...) {
  va_list args;
  if (l->count == PARTS) return;
  part *p = &l->parts[l->count++];
  p->keep = keep;
  va_start(args, format);
  vsnprintf(p->text, sizeof p->text, format, args);
  va_end(args);
}

static void add_metrics(line *l, int keep, const char *before, const ig_metrics *m) {
  char loss[TEXT_NUMBER], penalty[TEXT_NUMBER], share[TEXT_NUMBER], half[TEXT_NUMBER];
  if (m->penalty > 0) add(l, keep + 1, "%sloss %s+%s", before, text_loss(loss, m->data_loss), text_loss(penalty, m->penalty));
  else add(l, keep + 1, "%sloss %s", before, text_loss(loss, m->data_loss));
  if (isfinite(m->accuracy))
    add(l, keep, "%sacc %s±%s%%", before, text_percent(share, m->accuracy),
        text_percent(half, (m->accuracy_high - m->accuracy_low) / 2));
}

static void add_pace(line *l, double lr, double per_second, double wait) {
  char number[TEXT_NUMBER];
  add(l, 7, "lr %s", text_rate(number, lr));
  add(l, 6, "%s img/s", text_large(number, per_second));
  if (isfinite(wait)) add(l, 8, "wait %.0f%%", 100 * wait);
}

/* The parts of a line for an epoch that runs. */
static void compose_step(line *l, const ig_progress *now) {
  char number[TEXT_NUMBER];
  memset(l, 0, sizeof *l);
  l->done = now->steps > 0 ? (double)now->step / (double)now->steps : 0;
  add(l, 0, "epoch %d/%d", now->epoch, now->epochs);
  l->bar = 1;
  if (now->validating) {
    add(l, 3, "validating");
  } else {
    int digits = snprintf(number, sizeof number, "%lld", (long long)now->steps);
    add(l, 3, "%*lld/%lld", digits, (long long)now->step, (long long)now->steps);
  }
  if (now->train.n > 0) add_metrics(l, 1, "", &now->train);
  add_pace(l, now->lr, now->images_per_second, now->wait);
  add(l, 2, "eta %s", text_clock(number, now->seconds_left));
}

/* The parts of a line for an epoch that is done. */
static void compose_epoch(line *l, const ig_epoch *e, int epochs) {
  char number[TEXT_NUMBER];
  memset(l, 0, sizeof *l);
  l->bar = -1;
  if (epochs > 0) add(l, 0, "epoch %*d/%d", snprintf(number, sizeof number, "%d", epochs), e->epoch, epochs);
  else add(l, 0, "epoch %d", e->epoch);
  add_metrics(l, 3, "", &e->train);
  if (e->val.n > 0) add_metrics(l, 1, "val ", &e->val);
  add_pace(l, e->lr, e->images_per_second, e->wait);
  add(l, 5, "time %s", text_clock(number, e->time));
}

static int line_width(const line *l) {
  int width = 0;
  for (int i = 0; i < l->count; i++) width += text_width(l->parts[i].text) + (i > 0);
  return width;
}

static void leave_out(line *l) {
  int worst = 0;
  for (int i = 1; i < l->count; i++)
    if (l->parts[i].keep >= l->parts[worst].keep) worst = i;
  memmove(&l->parts[worst], &l->parts[worst + 1], (size_t)(l->count - worst - 1) * sizeof l->parts[0]);
  l->count--;
}

/* Makes it fit; returns the columns of the bar, 0 for none. */
static int fit(line *l, int columns) {
  if (l->bar >= 0) {
    int room = columns - line_width(l) - 1;
    if (room >= SHORTEST_BAR) return room < LONGEST_BAR ? room : LONGEST_BAR;
  }
  while (l->count > 1 && line_width(l) > columns) leave_out(l);
  return 0;
}

typedef struct text { char bytes[2048]; size_t size; } text;

static void put(text *t, const char *s) {
  size_t n = strlen(s);
  if (n > sizeof t->bytes - t->size) n = sizeof t->bytes - t->size;
  memcpy(t->bytes + t->size, s, n);
  t->size += n;
}

static void put_bar(text *t, double done, int columns, bool colour) {
  int full = (int)(done * columns + 0.5);
  if (colour) put(t, "\033[32m");
  for (int i = 0; i < columns; i++) {
    if (i == full && colour) put(t, "\033[0;2m");
    put(t, i < full || colour ? "━" : "─");
  }
  if (colour) put(t, "\033[0m");
}

static void put_line(text *t, line *l, const cli_progress *p, int columns) {
  int bar = fit(l, columns);
  for (int i = 0; i < l->count; i++) {
    if (i > 0) put(t, " ");
    if (i == l->bar && bar > 0) {
      put_bar(t, l->done, bar, p->colour);
      put(t, " ");
    }
    put(t, l->parts[i].text);
  }
}

static void clear(void *user) {
  cli_progress *p = user;
  if (p->shown) cli_say_bytes("\r\033[K", 4);
  p->shown = false;
}

void cli_progress_begin(cli_progress *p, bool quiet) {
  const char *term = getenv("TERM"), *no_color = getenv("NO_COLOR");
  memset(p, 0, sizeof *p);
  p->quiet = quiet;
  p->live = !quiet && isatty(STDERR_FILENO) && term && *term && strcmp(term, "dumb") != 0;
  p->colour = p->live && !(no_color && *no_color);
  cli_say_before(clear, p);
}

void cli_progress_step(cli_progress *p, const ig_progress *now) {
  double time;
  p->epochs = now->epochs;
  if (!p->live || (time = now_seconds()) < p->drawn + REDRAW) return;
  line l;
  text t = {.size = 0};
  compose_step(&l, now);
  put(&t, "\r");
  /* The last column stays free: some terminals wrap as soon as it is written. */
  put_line(&t, &l, p, terminal_columns() - 1);
  put(&t, "\033[K");
  cli_say_bytes(t.bytes, t.size);
  p->shown = true;
  p->drawn = time;
}

void cli_progress_epoch(cli_progress *p, const ig_epoch *e) {
  line l;
  text t = {.size = 0};
  if (p->quiet) return;
  clear(p);
  compose_epoch(&l, e, p->epochs);
  put_line(&t, &l, p, p->live ? terminal_columns() - 1 : 10000);
  put(&t, "\n");
  cli_say_bytes(t.bytes, t.size);
}

void cli_progress_end(cli_progress *p) {
  clear(p);
  cli_say_before(NULL, NULL);
}
