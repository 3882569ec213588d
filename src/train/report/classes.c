/* Class by class: the figures of the probabilities, the confusion matrix, the pairs taken for each other most often, precision,
 * recall, F1 and AUC. */
#include "base/text.h"
#include "train/report/report.h"

#include <math.h>
#include <stdlib.h>

#define MATRIX_CLASSES 100  /* more, and the matrix is no picture any more: the worst pairs alone are shown */
#define TABLE_CLASSES 500   /* rows of the table; of more classes those with the least F1 */
#define FEW_PAIRS 10
#define MANY_PAIRS 60

const char *ig__report_class(const ig__run_view *view, int c, char number[16]) {
  const ig__model *m = view->model;
  if (m && m->class_name && c < m->class_count) return m->class_name[c];
  if (view->source && c < view->source->info.class_count) return view->source->info.class_name[c];
  ig__snprintf(number, 16, "%d", c);
  return number;
}

typedef struct pair { int truth, answer; int64_t count; } pair;

static int by_place(const void *x, const void *y) {
  const pair *a = x, *b = y;
  return a->truth != b->truth ? (a->truth < b->truth ? -1 : 1) : (a->answer > b->answer) - (a->answer < b->answer);
}

static int by_count(const void *x, const void *y) {
  const pair *a = x, *b = y;
  return a->count != b->count ? (a->count > b->count ? -1 : 1) : by_place(x, y);
}

/* All pairs that occur, the most frequent first; owner: caller. */
static ig_status find_pairs(const ig__answers *a, pair **out, size_t *count) {
  pair *p = ig__alloc(a->count ? a->count : 1, sizeof *p);
  *out = p;
  *count = 0;
  if (!p) return IG_NO_MEMORY;
  for (size_t i = 0; i < a->count; i++) p[i] = (pair){a->wrong[i].truth, a->wrong[i].answer, 1};
  if (a->count) qsort(p, a->count, sizeof *p, by_place);
  for (size_t i = 0; i < a->count; i++)
    if (*count && by_place(&p[*count - 1], &p[i]) == 0) p[*count - 1].count++;
    else p[(*count)++] = p[i];
  if (*count) qsort(p, *count, sizeof *p, by_count);
  return IG_OK;
}

static void pairs(const ig__run_view *view, ig__buffer *out, const pair *p, size_t count, size_t most) {
  const ig__answers *a = view->answers;
  char number[16];
  ig__buffer_text(out, "<h3>Most often taken for another</h3>\n");
  ig__html_table(out, "<it is|<taken for|pictures|of its class||<");
  for (size_t i = 0; i < count && i < most; i++) {
    bool led = ig__report_has_pair(view, p[i].truth, p[i].answer);
    ig__buffer_text(out, "<tr><td class=\"l\">");
    ig__html_name(out, ig__report_class(view, p[i].truth, number), 40);
    ig__buffer_text(out, "</td><td class=\"l\">");
    ig__html_name(out, ig__report_class(view, p[i].answer, number), 40);
    ig__buffer_text(out, "</td>");
    ig__html_cell(out, IG__UNIT_COUNT, (double)p[i].count, "pair.%d.%d", p[i].truth, p[i].answer);
    double share = (double)p[i].count / (double)a->n[p[i].truth];
    ig__html_cell(out, IG__UNIT_SHARE, share, "pair.%d.%d.share", p[i].truth, p[i].answer);
    ig__html_bar(out, (double)p[i].count / (double)p[0].count);
    if (led) ig__buffer_text(out, "<td class=\"l\"><a href=\"#w-%d-%d\">see them</a></td></tr>\n", p[i].truth, p[i].answer);
    else ig__buffer_text(out, "<td></td></tr>\n");
  }
  ig__html_table_end(out);
  if (count > most) ig__buffer_text(out, "<p class=\"soft\">%zu more pairs were confused.</p>\n", count - most);
}

static ig_status matrix(const ig__run_view *view, ig__buffer *out, const pair *p, size_t count) {
  const ig__answers *a = view->answers;
  size_t n = (size_t)a->classes;
  int64_t *cell = ig__alloc(n * n, sizeof *cell);
  const char **label = ig__alloc(n, sizeof *label);
  char (*number)[16] = ig__alloc(n, sizeof *number);
  bool failed = !cell || !label || !number;
  if (!failed) {
    for (size_t c = 0; c < n; c++) {
      cell[c * n + c] = a->correct[c];
      label[c] = ig__report_class(view, (int)c, number[c]);
    }
    for (size_t i = 0; i < count; i++) cell[(size_t)p[i].truth * n + (size_t)p[i].answer] = p[i].count;
    ig__chart_heat(out, &(ig__heat){.title = "Confusion: rows are what the pictures are, columns what they were taken for", .name = "confusion",
                                    .prefix = "w", .size = (int)n, .count = cell, .label = label, .linked = ig__report_has_pair,
                                    .user = view});
  }
  ig__free(number);
  ig__free(cell);
  ig__free(label);
  return failed ? IG_NO_MEMORY : IG_OK;
}

/* ---- figures of the probabilities ------------------------------------------------------------------------------------------ */

static void figure(ig__buffer *out, const char *title, ig__unit unit, double value, const char *name) {
  ig__html_tile(out, title);
  ig__html_value(out, unit, value, "%s", name);
  ig__buffer_text(out, "</b>");
}

/* What is undefined is left out: among so few classes a place says nothing, and other numbers than probabilities are not judged. */
static void figures(const ig__run_view *view, ig__buffer *out) {
  const ig__answers *a = view->answers;
  const ig__score_figures *f = &a->figures;
  int64_t n = 0;
  double low, high;
  for (int c = 0; c < a->classes; c++) n += a->n[c];
  ig__buffer_text(out, "<div class=\"tiles\">\n");
  if (a->classes > IG__REPORT_TOP && !isnan(f->top)) {
    char title[32];
    ig__snprintf(title, sizeof title, "top-%d accuracy", IG__REPORT_TOP);
    figure(out, title, IG__UNIT_SHARE, f->top, "top_accuracy");
    ig__wilson(f->top, (double)n, &low, &high);
    ig__buffer_text(out, "<small>");
    ig__html_value(out, IG__UNIT_SHARE, low, "top_accuracy_low");
    ig__buffer_text(out, " … ");
    ig__html_value(out, IG__UNIT_SHARE, high, "top_accuracy_high");
    ig__buffer_text(out, "<br>the class is among the %d likeliest</small></div>\n", IG__REPORT_TOP);
  }
  if (!isnan(f->auc)) {
    figure(out, "ROC AUC", IG__UNIT_PLAIN, f->auc, "auc");
    ig__buffer_text(out, "<small>how often a picture of a class ranks above one of another, mean over the classes; 0.5 is chance</small></div>\n");
  }
  if (!isnan(f->brier)) {
    figure(out, "Brier score", IG__UNIT_PLAIN, f->brier, "brier");
    ig__buffer_text(out, "<small>squared error of the probabilities; 0 is best, 2 is worst</small></div>\n");
    figure(out, "calibration error", IG__UNIT_SHARE, f->calibration, "calibration_error");
    ig__buffer_text(out, "<small>how far certainty and share of right answers are apart; 0 is best</small></div>\n");
  }
  ig__buffer_text(out, "</div>\n");
}

/* ---- per class ------------------------------------------------------------------------------------------------------ */

typedef struct scores { int c; double value[3], low[3], high[3]; } scores; /* precision, recall, F1 */

static void share_of(scores *s, int which, int64_t hits, int64_t all) {
  s->value[which] = s->low[which] = s->high[which] = NAN;
  if (!all) return;
  s->value[which] = (double)hits / (double)all;
  ig__wilson(s->value[which], (double)all, &s->low[which], &s->high[which]);
}

/* F1 = 2J/(1+J), where J = hits / (hits + misses + false alarms) is a share of so many pictures: its Wilson interval, carried
 * over by the same formula, which rises with J. */
static double f1_of(double j) { return 2 * j / (1 + j); }

static scores scores_of(const ig__answers *a, int c) {
  scores s = {.c = c};
  share_of(&s, 0, a->correct[c], a->predicted[c]);
  share_of(&s, 1, a->correct[c], a->n[c]);
  share_of(&s, 2, a->correct[c], a->n[c] + a->predicted[c] - a->correct[c]);
  s.value[2] = f1_of(s.value[2]);
  s.low[2] = f1_of(s.low[2]);
  s.high[2] = f1_of(s.high[2]);
  return s;
}

static double rank_of(const scores *s) { return isnan(s->value[2]) ? 2 : s->value[2]; }

static int by_f1(const void *x, const void *y) {
  double a = rank_of(x), b = rank_of(y);
  return a != b ? (a < b ? -1 : 1) : ((const scores *)x)->c - ((const scores *)y)->c;
}

static void class_row(const ig__run_view *view, ig__buffer *out, const scores *s) {
  static const char *const name[] = {"precision", "recall", "f1"};
  const ig__answers *a = view->answers;
  char number[16];
  ig__buffer_text(out, "<tr id=\"class-%d\"><td class=\"l\">", s->c);
  ig__html_name(out, ig__report_class(view, s->c, number), 40);
  ig__buffer_text(out, "</td>");
  ig__html_cell(out, IG__UNIT_COUNT, (double)a->n[s->c], "class.%d.n", s->c);
  ig__html_cell(out, IG__UNIT_COUNT, (double)a->predicted[s->c], "class.%d.predicted", s->c);
  ig__html_cell(out, IG__UNIT_COUNT, (double)a->correct[s->c], "class.%d.correct", s->c);
  for (int i = 0; i < 3; i++) ig__html_interval(out, s->value[i], s->low[i], s->high[i], "class.%d.%s", s->c, name[i]);
  ig__html_bar(out, s->value[2]);
  ig__html_cell(out, IG__UNIT_PLAIN, a->auc[s->c], "class.%d.auc", s->c);
  ig__buffer_text(out, "</tr>\n");
}

static ig_status class_table(const ig__run_view *view, ig__buffer *out) {
  const ig__answers *a = view->answers;
  scores *s = ig__alloc((size_t)a->classes, sizeof *s);
  int shown = a->classes < TABLE_CLASSES ? a->classes : TABLE_CLASSES;
  if (!s) return IG_NO_MEMORY;
  for (int c = 0; c < a->classes; c++) s[c] = scores_of(a, c);
  if (shown < a->classes) qsort(s, (size_t)a->classes, sizeof *s, by_f1);
  ig__buffer_text(out, "<h3>Precision, recall, F1 and AUC of every class</h3>\n");
  if (shown < a->classes) ig__buffer_text(out, "<p class=\"soft\">The %d of %d classes with the smallest F1.</p>\n", shown, a->classes);
  ig__html_table(out, "<class|pictures|taken for it|right|precision|recall|F1||AUC");
  for (int i = 0; i < shown; i++) class_row(view, out, &s[i]);
  ig__html_table_end(out);
  ig__buffer_text(out, "<p class=\"soft\">Intervals are 95&nbsp;%%. Precision and recall: Wilson's. F1 is 2J/(1+J) with J the share of right answers among "
                       "the pictures that are of the class or were taken for it: Wilson's interval of J, carried over by this formula.</p>\n");
  ig__free(s);
  return IG_OK;
}

ig_status ig__report_classes(const ig__run_view *view, ig__buffer *out) {
  const ig__answers *a = view->answers;
  pair *p;
  size_t count;
  if (!a || !a->passed) return IG_OK;
  IG__TRY(find_pairs(a, &p, &count));
  char title[64];
  ig__snprintf(title, sizeof title, "Class by class, on the %s part", ig__part_name(a->part));
  ig__html_section(out, "classes", title);
  ig_status status = IG_OK;
  figures(view, out);
  ig__buffer_text(out, a->classes <= 14 ? "<div class=\"side\"><div>\n" : "<div><div>\n");
  if (a->classes <= MATRIX_CLASSES) status = matrix(view, out, p, count);
  else ig__buffer_text(out, "<p class=\"soft\">With %d classes a matrix would not be readable; these are the pairs confused most.</p>\n", a->classes);
  ig__buffer_text(out, "</div><div>\n");
  if (count) pairs(view, out, p, count, a->classes <= MATRIX_CLASSES ? FEW_PAIRS : MANY_PAIRS);
  ig__buffer_text(out, "</div></div>\n");
  if (status == IG_OK) status = class_table(view, out);
  ig__html_section_end(out);
  ig__free(p);
  return status;
}
