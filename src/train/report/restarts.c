/* The runs that a run is the best of: restarts.csv of its folder, as a section of its report. */
#include "base/text.h"
#include "train/report/report.h"
#include "train/restarts.h"

#include <math.h>
#include <string.h>

enum { SEED, STATUS, BEST, EPOCHS, BEST_EPOCH, LOSS, ACCURACY, SECONDS, COLUMNS };
#define MOST_BYTES ((size_t)1 << 20)

ig_span ig__span_of(const double *v, int count) {
  ig_span s = {.n = 0, .min = NAN, .mean = NAN, .max = NAN, .deviation = NAN};
  double sum = 0, squares = 0;
  for (int i = 0; i < count; i++) {
    if (!isfinite(v[i])) continue;
    s.n++;
    sum += v[i];
    s.min = s.n == 1 ? v[i] : fmin(s.min, v[i]);
    s.max = s.n == 1 ? v[i] : fmax(s.max, v[i]);
  }
  if (!s.n) return s;
  s.mean = sum / s.n;
  for (int i = 0; i < count; i++)
    if (isfinite(v[i])) squares += (v[i] - s.mean) * (v[i] - s.mean);
  if (s.n > 1) s.deviation = sqrt(squares / (s.n - 1));
  return s;
}

static double number(const char *text) {
  double v = NAN;
  return ig__parse_double(text, &v) ? v : (double)NAN;
}

static void row(ig__buffer *out, char *const cell[COLUMNS], int i) {
  ig__buffer_text(out, "<tr%s>", strcmp(cell[BEST], "yes") ? "" : " class=\"kept\"");
  ig__html_cell(out, IG__UNIT_EXACT, number(cell[SEED]), "restart.%d.seed", i);
  ig__html_cell(out, IG__UNIT_PLAIN, number(cell[LOSS]), "restart.%d.val.loss", i);
  ig__html_cell(out, IG__UNIT_SHARE, number(cell[ACCURACY]), "restart.%d.val.accuracy", i);
  ig__html_cell(out, IG__UNIT_COUNT, number(cell[BEST_EPOCH]), "restart.%d.best_epoch", i);
  ig__html_cell(out, IG__UNIT_COUNT, number(cell[EPOCHS]), "restart.%d.epochs", i);
  ig__html_cell(out, IG__UNIT_SECONDS, number(cell[SECONDS]), "restart.%d.seconds", i);
  ig__buffer_text(out, "<td class=\"l\">%s</td></tr>\n", !strcmp(cell[BEST], "yes") ? "kept" : !strcmp(cell[STATUS], "diverged") ? "diverged" : "");
}

static void span(ig__buffer *out, const char *what, const char *name, ig__unit unit, const ig_span *s) {
  ig__buffer_text(out, "<tr><td class=\"l\">%s</td>", what);
  ig__html_cell(out, unit, s->min, "restarts.%s.min", name);
  ig__html_cell(out, unit, s->mean, "restarts.%s.mean", name);
  ig__html_cell(out, unit, s->max, "restarts.%s.max", name);
  ig__html_cell(out, unit == IG__UNIT_SHARE ? IG__UNIT_SHARE : IG__UNIT_PLAIN, s->deviation, "restarts.%s.deviation", name);
  ig__buffer_text(out, "</tr>\n");
}

/* The lines behind the head; a line that is none of ours ends it. */
static void section(ig__buffer *out, char *lines, double *loss, double *accuracy, int most) {
  int count = 0;
  ig__html_section(out, "restarts", "The best of several");
  ig__html_table(out, "seed|loss, validation|accuracy, validation|epoch kept|epochs|time|<");
  for (char *line; count < most && *lines && (line = lines);) {
    char *cell[COLUMNS];
    int cells = 0;
    lines += strcspn(lines, "\n");
    if (*lines) *lines++ = 0;
    while (cells < COLUMNS && (cell[cells] = ig__next_listed(&line))) cells++;
    if (cells < COLUMNS) break;
    loss[count] = number(cell[LOSS]);
    accuracy[count] = number(cell[ACCURACY]);
    row(out, cell, count++);
  }
  ig__html_table_end(out);
  const ig_span of_loss = ig__span_of(loss, count), of_accuracy = ig__span_of(accuracy, count);
  ig__html_table(out, "<of all|least|mean|largest|standard deviation");
  span(out, "loss, validation", "val.loss", IG__UNIT_PLAIN, &of_loss);
  span(out, "accuracy, validation", "val.accuracy", IG__UNIT_SHARE, &of_accuracy);
  ig__html_table_end(out);
  ig__buffer_text(out, "<p class=\"soft\">The same run from several seeds, on the same parts; validation chose the one that this page is about, so that its own figure of "
                       "the validation part is the best of %d, and a little too good. The test part chose nothing. The runs shared the machine's cores, so times are "
                       "rough. Each is in restarts/.</p>\n", count);
  ig__html_section_end(out);
}

ig_status ig__report_restarts(const ig__run_view *view, ig__buffer *out) {
  const size_t head = strlen(IG__RESTARTS_HEAD);
  uint8_t *bytes = NULL;
  size_t size;
  if (!ig__folder_has(view->folder, IG__RESTARTS_TABLE)) return IG_OK;
  char *path = ig__format("%s/%s", view->folder, IG__RESTARTS_TABLE);
  ig_status status = path ? ig__file_read(path, MOST_BYTES, &bytes, &size) : IG_NO_MEMORY;
  ig__free(path);
  IG__TRY(status);
  int lines = 0;
  for (size_t i = 0; i < size; i++) lines += bytes[i] == '\n';
  double *v = ig__alloc(2 * (size_t)lines + 1, sizeof *v);
  if (!v) status = IG_NO_MEMORY;
  else if (size > head && !memcmp(bytes, IG__RESTARTS_HEAD "\n", head + 1)) section(out, (char *)bytes + head + 1, v, v + lines, lines);
  ig__free(v);
  ig__free(bytes);
  return status;
}
