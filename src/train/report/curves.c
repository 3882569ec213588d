/* The figures of every epoch: charts, and the table behind them. */
#include "base/text.h"
#include "train/report/report.h"

#include <math.h>

#define MOST_LINES 8   /* of a chart, in colours of their own */
#define MOST_ROWS 200  /* of the table; of more epochs every so many is shown */

enum { EPOCH, TRAIN_LOSS, VAL_LOSS, PENALTY, TRAIN_ACCURACY, VAL_ACCURACY, RATE, NORM, LAMBDA, COLUMNS };

/* The history as columns of doubles. */
static double *columns(const ig__run_state *s) {
  size_t n = s->history_count;
  double *v = ig__alloc(n ? n : 1, COLUMNS * sizeof *v);
  for (size_t i = 0; v && i < n; i++) {
    const ig_epoch *e = &s->history[i];
    const double row[COLUMNS] = {e->epoch,          e->train.data_loss, e->val.n ? e->val.data_loss : NAN, e->train.penalty,
                                 e->train.accuracy, e->val.n ? e->val.accuracy : NAN, e->lr, e->weight_norm, e->lambda};
    for (size_t c = 0; c < COLUMNS; c++) v[c * n + i] = row[c];
  }
  return v;
}

static double largest(const double *v, size_t count) {
  double most = 0;
  for (size_t i = 0; i < count; i++)
    if (v[i] > most) most = v[i];
  return most;
}

static void chart(const ig__run_view *view, ig__buffer *out, const ig__chart *base, const ig__series *series, int count) {
  char mark[64];
  ig__chart c = *base;
  ig__snprintf(mark, sizeof mark, "kept: epoch %lld", (long long)view->state->best_epoch);
  c.x_name = "epoch";
  c.x_whole = true;
  c.series = series;
  c.count = count;
  if (view->state->best_epoch > 0) {
    c.mark_name = mark;
    c.mark_x = (double)view->state->best_epoch;
  }
  ig__chart_lines(out, &c);
}

/* λ at the end of each epoch: of the network or, where there is one for each layer, of each as long as colours tell them apart. */
static void lambda_chart(const ig__run_view *view, ig__buffer *out, const double *v) {
  const ig__moves *m = &view->state->moves;
  const size_t n = view->state->history_count;
  ig__series series[MOST_LINES];
  double *each = ig__alloc(n, m->count * sizeof *each);
  if (!each) {
    out->failed = true;
    return;
  }
  const bool several = m->count > 1 && m->count <= MOST_LINES;
  for (size_t g = 0; several && g < m->count; g++) {
    for (size_t i = 0; i < n; i++) each[g * n + i] = m->move[g].start * m->past[i * m->count + g];
    series[g] = (ig__series){.name = m->move[g].name, .x = v, .y = each + g * n, .count = n, .colour = (int)g};
  }
  if (!several) series[0] = (ig__series){.name = "λ", .x = v, .y = v + LAMBDA * n, .count = n, .colour = 4};
  chart(view, out, &(ig__chart){.title = several ? "λ of each layer, end of epoch" : m->count > 1 ? "λ, mean of the layers, end of epoch" : "λ, end of epoch",
                                .y_scale = IG__SCALE_LOG}, series, several ? (int)m->count : 1);
  ig__free(each);
}

static void charts(const ig__run_view *view, ig__buffer *out, const double *v) {
  size_t n = view->state->history_count;
  int val = view->val.n > 0 || (n && view->state->history[n - 1].val.n > 0);
#define LINE(title, column, number) {.name = title, .x = v, .y = v + (size_t)(column) * n, .count = n, .colour = number}
  const ig__series loss[] = {LINE("training", TRAIN_LOSS, 0), LINE("validation", VAL_LOSS, 1)};
  const ig__series accuracy[] = {LINE("training", TRAIN_ACCURACY, 0), LINE("validation", VAL_ACCURACY, 1)};
  const ig__series penalty[] = {LINE("penalty", PENALTY, 3)}, rate[] = {LINE("learning rate", RATE, 2)}, norm[] = {LINE("weights", NORM, 5)};
#undef LINE
  char number[2][32], title[128];
  const ig_train_options *o = view->options;
  ig__snprintf(title, sizeof title, "Penalty Ω, with λ of l2 %s, l1 %s", ig__print_double(number[0], o->l2), ig__print_double(number[1], o->l1));
  ig__buffer_text(out, "<div class=\"charts\">\n");
  chart(view, out, &(ig__chart){.title = "Loss of the data", .y_scale = IG__SCALE_AUTO}, loss, 1 + val);
  chart(view, out, &(ig__chart){.title = "Accuracy", .share = true}, accuracy, 1 + val);
  const bool three = !view->state->moves.count; /* with that of λ they are four, two in a row */
  ig__buffer_text(out, "</div>\n<div class=\"charts%s\">\n", three ? " three" : "");
  if (!three) ig__snprintf(title, sizeof title, "Penalty Ω");
  if (!three) lambda_chart(view, out, v);
  if (largest(v + PENALTY * n, n) > 0) chart(view, out, &(ig__chart){.small = three, .title = title, .y_scale = IG__SCALE_AUTO}, penalty, 1);
  chart(view, out, &(ig__chart){.small = three, .title = "Learning rate, end of epoch", .y_scale = IG__SCALE_AUTO}, rate, 1);
  chart(view, out, &(ig__chart){.small = three, .title = "Norm of all weights, ‖w‖₂"}, norm, 1);
  ig__buffer_text(out, "</div>\n");
}

static void row(const ig__run_view *view, ig__buffer *out, const ig_epoch *e) {
  int k = e->epoch;
  ig__buffer_text(out, "<tr%s><td>%d</td>", k == view->state->best_epoch ? " class=\"kept\"" : "", k);
  ig__html_cell(out, IG__UNIT_PLAIN, e->train.data_loss, "epoch.%d.train.data_loss", k);
  ig__html_cell(out, IG__UNIT_PLAIN, e->val.data_loss, "epoch.%d.val.data_loss", k);
  ig__html_cell(out, IG__UNIT_PLAIN, e->train.penalty, "epoch.%d.train.penalty", k);
  ig__html_cell(out, IG__UNIT_SHARE, e->train.accuracy, "epoch.%d.train.accuracy", k);
  ig__html_cell(out, IG__UNIT_SHARE, e->val.accuracy, "epoch.%d.val.accuracy", k);
  ig__html_cell(out, IG__UNIT_PLAIN, e->lr, "epoch.%d.lr", k);
  ig__html_cell(out, IG__UNIT_PLAIN, e->lambda, "epoch.%d.lambda", k);
  ig__html_cell(out, IG__UNIT_PLAIN, e->weight_norm, "epoch.%d.weight_norm", k);
  ig__html_cell(out, IG__UNIT_SECONDS, e->time, "epoch.%d.time", k);
  ig__html_cell(out, IG__UNIT_COUNT, floor(e->images_per_second), "epoch.%d.img_per_s", k);
  ig__html_cell(out, IG__UNIT_SHARE, e->wait, "epoch.%d.wait", k);
  ig__buffer_text(out, "</tr>\n");
}

static void table(const ig__run_view *view, ig__buffer *out) {
  const ig__run_state *s = view->state;
  size_t skip = (s->history_count + MOST_ROWS - 1) / MOST_ROWS;
  ig__html_details(out, "The figures of every epoch");
  if (skip > 1) ig__buffer_text(out, "<p class=\"soft\">Of %zu epochs every %zuth, the one kept and the last; all of them stand in results.csv.</p>\n",
                                s->history_count, skip);
  ig__html_table(out, "epoch|training loss|validation loss|penalty|training accuracy|validation accuracy|learning rate|λ|‖w‖₂|time|pictures/s|waiting for data");
  for (size_t i = 0; i < s->history_count; i++)
    if (i % skip == 0 || i + 1 == s->history_count || s->history[i].epoch == s->best_epoch) row(view, out, &s->history[i]);
  ig__html_table_end(out);
  ig__html_details_end(out);
}

ig_status ig__report_curves(const ig__run_view *view, ig__buffer *out) {
  if (!view->state->history_count) return IG_OK;
  double *v = columns(view->state);
  if (!v) return IG_NO_MEMORY;
  ig__html_section(out, "curves", "Epoch by epoch");
  charts(view, out, v);
  table(view, out);
  ig__html_section_end(out);
  ig__free(v);
  return IG_OK;
}
