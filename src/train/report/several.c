/* Several runs on one page: what they have in common and where they differ, what came out, their curves over each other. */
#include "base/text.h"
#include "train/report/open.h"

#include <math.h>
#include <string.h>

static bool all_same(ig__opened *const *run, int count, const ig__option *o) {
  for (int i = 1; i < count; i++)
    if (!ig__report_option_same(o, &run[0]->options, &run[i]->options)) return false;
  return true;
}

/* Where a run is, says nothing about what it is. */
static bool is_place(const char *name) { return !strcmp(name, "out") || !strcmp(name, "resume"); }

static void result_row(const ig__opened *r, int i, ig__buffer *out) {
  const ig__run_state *s = &r->state;
  const ig_epoch *best = s->best_epoch > 0 && (size_t)s->best_epoch <= s->history_count ? &s->history[s->best_epoch - 1] : NULL;
  int since;
  char why[512];
  static const char *const word[] = {"–", "learnt nothing", "over-fitting", "under-fitting", "good"};
  ig__verdict v = ig__report_judge(s, r->baseline, &since, why);
  ig__buffer_text(out, "<tr><td class=\"l\"><svg class=\"key\" viewBox=\"0 0 12 12\" aria-hidden=\"true\"><rect class=\"p%d\" width=\"12\" height=\"12\" rx=\"2\"/>"
                       "</svg> ", i & 7);
  ig__html_name(out, r->folder, 60);
  ig__buffer_text(out, "</td><td class=\"l\">%s", word[v]);
  if (since) ig__buffer_text(out, "<br><small>since epoch %d</small>", since);
  ig__buffer_text(out, "</td>");
  if (r->test.n) ig__html_interval(out, r->test.accuracy, r->test.accuracy_low, r->test.accuracy_high, "run.%d.test.accuracy", i);
  else ig__buffer_text(out, "<td>–</td>");
  const ig_metrics *val = r->val.n ? &r->val : best && best->val.n ? &best->val : NULL;
  if (val) ig__html_interval(out, val->accuracy, val->accuracy_low, val->accuracy_high, "run.%d.val.accuracy", i);
  else ig__buffer_text(out, "<td>–</td>");
  ig__html_cell(out, IG__UNIT_PLAIN, val ? val->data_loss : NAN, "run.%d.val.data_loss", i);
  ig__html_cell(out, IG__UNIT_SHARE, best ? best->train.accuracy : NAN, "run.%d.train.accuracy", i);
  ig__html_cell(out, IG__UNIT_COUNT, best ? (double)s->best_epoch : NAN, "run.%d.best_epoch", i);
  ig__html_cell(out, IG__UNIT_COUNT, (double)s->epoch, "run.%d.epochs", i);
  ig__html_cell(out, IG__UNIT_SECONDS, s->seconds, "run.%d.seconds", i);
  ig__html_cell(out, IG__UNIT_PLAIN, best ? best->weight_norm : NAN, "run.%d.weight_norm", i);
  ig__buffer_text(out, "</tr>\n");
}

static void results(ig__opened *const *run, int count, ig__buffer *out) {
  ig__html_section(out, "results", "Results");
  ig__buffer_text(out, "<div class=\"stack\">\n");
  ig__html_table(out, "<run|<how it went|accuracy, test|accuracy, validation|validation loss|training accuracy|kept epoch|epochs|time|‖w‖₂");
  for (int i = 0; i < count; i++) result_row(run[i], i, out);
  ig__html_table_end(out);
  ig__buffer_text(out, "</div>\n<p class=\"soft\">All at the epoch kept; with 95&nbsp;%% intervals. Two runs whose intervals overlap may differ by chance alone: "
                       "compare several seeds. The choice between runs belongs to validation, not to the test part.</p>\n");
  for (int i = 0; i < count; i++)
    if (*run[i]->without) {
      ig__buffer_text(out, "<p class=\"soft\">");
      ig__html_name(out, run[i]->folder, 60);
      ig__buffer_text(out, ": ");
      ig__html_text(out, run[i]->without);
      ig__buffer_text(out, "</p>\n");
    }
  ig__html_section_end(out);
}

/* A row for each option in which two runs differ, a column for each run. */
static void differences(ig__opened *const *run, int count, ig__buffer *out) {
  int rows = 0;
  ig__html_section(out, "differences", "What differs in their configuration");
  ig__buffer_text(out, "<div class=\"frame\"><table>\n<thead><tr><th class=\"l\">option</th>");
  for (int i = 0; i < count; i++) {
    ig__buffer_text(out, "<th class=\"l\">");
    ig__html_name(out, run[i]->folder, 40);
    ig__buffer_text(out, "</th>");
  }
  ig__buffer_text(out, "</tr></thead>\n<tbody>\n");
  for (const ig__option *o = ig__verb_table(IG_VERB_TRAIN); o->name; o++) {
    if (is_place(o->name) || all_same(run, count, o)) continue;
    rows++;
    ig__buffer_text(out, "<tr><th class=\"l\">%s</th>", o->name);
    for (int i = 0; i < count; i++) {
      ig__buffer_text(out, "<td class=\"l\"><code>");
      ig__report_option_value(out, o, &run[i]->options);
      ig__buffer_text(out, "</code></td>");
    }
    ig__buffer_text(out, "</tr>\n");
  }
  ig__html_table_end(out);
  if (!rows) ig__buffer_text(out, "<p class=\"soft\">Nothing: they were configured alike.</p>\n");
  ig__html_section_end(out);
}

/* ---- curves ----------------------------------------------------------------------------------------------------------- */

typedef double (*pick)(const ig_epoch *e);
static double epoch_of(const ig_epoch *e) { return e->epoch; }
static double time_of(const ig_epoch *e) { return e->time; }
static double train_loss_of(const ig_epoch *e) { return e->train.data_loss; }
static double val_loss_of(const ig_epoch *e) { return e->val.n ? e->val.data_loss : NAN; }
static double val_accuracy_of(const ig_epoch *e) { return e->val.n ? e->val.accuracy : NAN; }
static double rate_of(const ig_epoch *e) { return e->lr; }

static ig_status chart(ig__opened *const *run, int count, const ig__chart *base, pick x, pick y, ig__buffer *out) {
  ig__chart c = *base;
  size_t all = 0, at = 0;
  for (int i = 0; i < count; i++) all += run[i]->state.history_count;
  double *v = ig__alloc(all ? 2 * all : 1, sizeof *v);
  ig__series *series = ig__alloc((size_t)count, sizeof *series);
  if (v && series) {
    for (int i = 0; i < count; i++) {
      const ig__run_state *s = &run[i]->state;
      series[i] = (ig__series){.name = run[i]->folder, .x = v + at, .y = v + all + at, .count = s->history_count, .colour = i, .dashed = i >= 8};
      for (size_t k = 0; k < s->history_count; k++, at++) {
        v[at] = x(&s->history[k]);
        v[all + at] = y(&s->history[k]);
      }
    }
    c.series = series;
    c.count = count;
    ig__chart_lines(out, &c);
  }
  bool failed = !v || !series;
  ig__free(v);
  ig__free(series);
  return failed ? IG_NO_MEMORY : IG_OK;
}

static ig_status times(ig__opened *const *run, int count, ig__buffer *out) {
  ig__bar *bar = ig__alloc((size_t)count, sizeof *bar);
  if (!bar) return IG_NO_MEMORY;
  for (int i = 0; i < count; i++) {
    const ig__run_state *s = &run[i]->state;
    bool kept = s->best_epoch > 0 && (size_t)s->best_epoch <= s->history_count;
    bar[i] = (ig__bar){run[i]->folder, kept ? s->history[s->best_epoch - 1].time : NAN};
  }
  ig__chart_bars(out, "Time until the epoch kept", bar, (size_t)count, 0, IG__UNIT_SECONDS);
  ig__free(bar);
  return IG_OK;
}

static ig_status curves(ig__opened *const *run, int count, ig__buffer *out) {
  const ig__chart accuracy = {.title = "Validation accuracy", .x_name = "epoch", .x_whole = true, .share = true};
  const ig__chart timed = {.title = "Validation accuracy over time", .x_name = "seconds", .share = true};
  const ig__chart val = {.title = "Validation loss of the data", .x_name = "epoch", .x_whole = true, .y_scale = IG__SCALE_AUTO};
  const ig__chart train = {.title = "Training loss of the data", .x_name = "epoch", .x_whole = true, .y_scale = IG__SCALE_AUTO};
  const ig__chart rate = {.title = "Learning rate at the end of the epoch", .x_name = "epoch", .x_whole = true, .y_scale = IG__SCALE_AUTO};
  ig__html_section(out, "curves", "Epoch by epoch");
  ig__buffer_text(out, "<div class=\"charts\">\n");
  IG__TRY(chart(run, count, &accuracy, epoch_of, val_accuracy_of, out));
  IG__TRY(chart(run, count, &timed, time_of, val_accuracy_of, out));
  IG__TRY(chart(run, count, &val, epoch_of, val_loss_of, out));
  IG__TRY(chart(run, count, &train, epoch_of, train_loss_of, out));
  IG__TRY(chart(run, count, &rate, epoch_of, rate_of, out));
  IG__TRY(times(run, count, out));
  ig__buffer_text(out, "</div>\n");
  ig__html_section_end(out);
  return IG_OK;
}

ig_status ig__report_several(ig__opened *const *run, int count, ig__buffer *out) {
  ig__html_begin(out, "imgrad: runs side by side");
  ig__buffer_text(out, "<h1>%d runs side by side</h1>\n", count);
  results(run, count, out);
  IG__TRY(curves(run, count, out));
  differences(run, count, out);
  ig__buffer_text(out, "<footer>imgrad %s. Numbers carry their exact values as data-value.</footer>\n", ig_version());
  ig__html_end(out);
  return out->failed ? IG_NO_MEMORY : IG_OK;
}
