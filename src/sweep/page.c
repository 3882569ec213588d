/* The report of a tune: what was chosen, how the figures lie along each option, all settings, the refit. */
#include "base/text.h"
#include "report/chart.h"
#include "sweep/tune.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct page {
  const ig__tune *t;
  const ig_tune_result *r;
  const ig__search *s;
  bool by_loss;
  ig__buffer *out;
} page;

static const char *by_name(const page *p) { return p->by_loss ? "validation loss of the data" : "validation error"; }
static ig__unit by_unit(const page *p) { return p->by_loss ? IG__UNIT_PLAIN : IG__UNIT_SHARE; }

/* ---- head ------------------------------------------------------------------------------------------------------------------------------ */

static void score_tile(const page *p, const char *title, ig__unit unit, ig_tune_score score, const char *name, const char *small) {
  ig__html_tile(p->out, title);
  ig__html_value(p->out, unit, score.mean, "%s", name);
  ig__buffer_text(p->out, "</b><small>");
  if (isfinite(score.error)) {
    ig__buffer_text(p->out, "± ");
    ig__html_value(p->out, unit, score.error, "%s.error", name);
    ig__buffer_text(p->out, ", ");
  }
  ig__buffer_text(p->out, "%s</small></div>\n", small);
}

static void tiles(const page *p) {
  const ig__search *s = p->s;
  ig__buffer_text(p->out, "<div class=\"tiles\">\n");
  /* Several options do not fit in the size of a figure. */
  ig__buffer_text(p->out, "<div><span class=\"t\">chosen</span><b%s>", strlen(p->r->chosen) > 14 ? " style=\"font-size:16px\"" : "");
  ig__html_name(p->out, *p->r->chosen ? p->r->chosen : "–", 60);
  ig__buffer_text(p->out, "</b><small>%s</small></div>\n", !*p->r->chosen ? "nothing yet" : s->chosen == s->minimum ? "the minimum"
                                                                                           : "the strongest penalty within a standard error of the minimum");
  if (s->chosen >= 0) {
    char small[64];
    ig__snprintf(small, sizeof small, "over %d fold%s", p->t->options->folds, p->t->options->folds > 1 ? "s" : "");
    score_tile(p, by_name(p), by_unit(p), s->trial[s->chosen].by, "chosen.by", small);
  }
  if (s->refit && s->refit->result.test.n) {
    const ig_metrics *m = &s->refit->result.test;
    ig__html_tile(p->out, "accuracy, test");
    ig__html_value(p->out, IG__UNIT_SHARE, m->accuracy, "refit.test.accuracy");
    ig__buffer_text(p->out, "</b><small>of the refit, ");
    ig__html_value(p->out, IG__UNIT_SHARE, m->accuracy_low, "refit.test.accuracy_low");
    ig__buffer_text(p->out, " … ");
    ig__html_value(p->out, IG__UNIT_SHARE, m->accuracy_high, "refit.test.accuracy_high");
    ig__buffer_text(p->out, "</small></div>\n");
  }
  if (p->r->nested) score_tile(p, "accuracy, nested", IG__UNIT_SHARE, p->r->nested_accuracy, "nested.accuracy", "on outer folds that no choice has seen");
  ig__html_tile(p->out, "settings");
  ig__html_value(p->out, IG__UNIT_COUNT, p->r->settings, "settings");
  ig__buffer_text(p->out, "</b><small>%d complete, %d diverged</small></div>\n</div>\n", p->r->complete, p->r->diverged);
}

/* ---- along an option ------------------------------------------------------------------------------------------------------------------- */

typedef struct point { int rungs; double x, y, error; } point;

/* By rung, the last first; then along the axis. */
static int by_place(const void *a, const void *b) {
  const point *p = a, *q = b;
  return p->rungs != q->rungs ? q->rungs - p->rungs : (p->x > q->x) - (p->x < q->x);
}

/* Does the trial differ from the choice in nothing but this option? */
static bool on_slice(const page *p, const ig__trial *trial, int dim) {
  for (int d = 0; d < p->t->dims; d++)
    if (d != dim && strcmp(trial->value[d], p->s->trial[p->s->chosen].value[d]) != 0) return false;
  return true;
}

/* Values over several powers of ten are told apart on a logarithmic scale only. */
static ig__scale scale_of(const page *p, int dim, const double *x, size_t count) {
  double low = INFINITY, high = 0;
  if (p->t->values[dim].range) return p->t->values[dim].log ? IG__SCALE_LOG : IG__SCALE_LINEAR;
  for (size_t i = 0; i < count; i++) {
    low = fmin(low, x[i]);
    high = fmax(high, x[i]);
  }
  return low > 0 && high > 30 * low ? IG__SCALE_LOG : IG__SCALE_LINEAR;
}

/* `v` has room for three numbers a point. Of halving each rung is a line of its own: what was left behind there. */
static void draw(const page *p, int dim, const point *at, size_t count, bool loose, double *v) {
  const ig__search *s = p->s;
  ig__series series[IG__MOST_RUNGS + 1];
  char title[160], name[IG__MOST_RUNGS + 1][64];
  int lines = 0;
  for (size_t i = 0; i < count; i++) {
    v[i] = at[i].x;
    v[count + i] = at[i].y;
    v[2 * count + i] = at[i].error;
    if (i > 0 && at[i].rungs == at[i - 1].rungs) {
      series[lines - 1].count++;
      continue;
    }
    if (at[i].rungs > 0) ig__snprintf(name[lines], sizeof name[lines], "up to epoch %d", s->epochs[at[i].rungs - 1]);
    else ig__snprintf(name[lines], sizeof name[lines], "%s", by_name(p));
    series[lines] = (ig__series){.name = name[lines], .x = v + i, .y = v + count + i, .error = v + 2 * count + i, .count = 1, .colour = lines, .loose = loose};
    lines++;
  }
  ig__snprintf(title, sizeof title, "%c%s, mean%s, by %s", by_name(p)[0] - 'a' + 'A', by_name(p) + 1,
               p->t->options->folds > 1 ? " ± standard error over the folds" : "", p->t->option[dim]->name);
  bool apart = s->one_se >= 0 && s->trial[s->one_se].number[dim] != s->trial[s->minimum].number[dim];
  ig__chart chart = {.title = title, .x_name = p->t->option[dim]->name, .series = series, .count = lines, .x_scale = scale_of(p, dim, v, count),
                     .y_scale = IG__SCALE_AUTO, .share = !p->by_loss, .mark_name = apart || s->one_se < 0 ? "minimum" : "minimum, one standard error",
                     .mark_x = s->trial[s->minimum].number[dim], .mark2_name = apart ? "one standard error" : NULL,
                     .mark2_x = apart ? s->trial[s->one_se].number[dim] : 0};
  ig__chart_lines(p->out, &chart);
}

/* A grid is seen along the choice; a random search has no two settings on a line, so all of its points are drawn. */
static ig_status numbers_chart(const page *p, int dim) {
  const ig__search *s = p->s;
  bool all = p->t->dims > 1 && !strcmp(p->t->options->search, "random");
  point *at = ig__alloc((size_t)s->trials, sizeof *at);
  double *v = ig__alloc((size_t)s->trials, 3 * sizeof *v);
  size_t count = 0;
  for (int i = 0; at && v && i < s->trials; i++) {
    const ig__trial *x = &s->trial[i];
    if (isfinite(x->by.mean) && isfinite(x->number[dim]) && (all || on_slice(p, x, dim)))
      at[count++] = (point){x->rungs, x->number[dim], x->by.mean, x->by.error};
  }
  if (at && v) {
    qsort(at, count, sizeof *at, by_place);
    draw(p, dim, at, count, all, v);
  }
  bool failed = !at || !v;
  ig__free(at);
  ig__free(v);
  return failed ? IG_NO_MEMORY : IG_OK;
}

/* Words have no order: each shows the best setting that has it. */
static ig_status words_chart(const page *p, int dim) {
  const ig__search *s = p->s;
  char title[160];
  int *order = ig__alloc((size_t)s->trials, sizeof *order);
  ig__bar *bar = ig__alloc((size_t)s->trials, sizeof *bar);
  size_t count = 0;
  if (order && bar) {
    ig__search_rank(s, order);
    for (int k = 0; k < s->trials; k++) {
      const ig__trial *x = &s->trial[order[k]];
      const char *name = *x->value[dim] ? x->value[dim] : "none";
      bool known = false;
      for (size_t i = 0; i < count && !known; i++) known = !strcmp(bar[i].name, name);
      if (!known && isfinite(x->by.mean)) bar[count++] = (ig__bar){name, x->by.mean};
    }
    ig__snprintf(title, sizeof title, "%c%s of the best setting with each %s", by_name(p)[0] - 'a' + 'A', by_name(p) + 1, p->t->option[dim]->name);
    ig__chart_bars(p->out, title, bar, count, 0, by_unit(p));
  }
  bool failed = !order || !bar;
  ig__free(order);
  ig__free(bar);
  return failed ? IG_NO_MEMORY : IG_OK;
}

static ig_status curves(const page *p) {
  if (p->s->chosen < 0) return IG_OK;
  ig__html_section(p->out, "curves", p->t->dims > 1 ? "Along each option" : "Along the option");
  if (p->t->dims > 1) ig__buffer_text(p->out, "<p class=\"soft\">Lines go through the choice: the other options have its values. Of a random search all points are drawn.</p>\n");
  ig__buffer_text(p->out, "<div class=\"charts\">\n");
  for (int d = 0; d < p->t->dims; d++) {
    bool number = isfinite(p->s->trial[p->s->chosen].number[d]);
    IG__TRY(number ? numbers_chart(p, d) : words_chart(p, d));
  }
  ig__buffer_text(p->out, "</div>\n<p class=\"soft\">The minimum is the setting with the least mean. ");
  ig__buffer_text(p->out, p->s->one_se >= 0 ? "One standard error marks the strongest penalty whose mean is within a standard error of it: as good as far as "
                                              "these folds can tell, with the simpler network.</p>\n"
                                            : "A choice within one standard error needs a penalty among the options and two folds at least.</p>\n");
  ig__html_section_end(p->out);
  return IG_OK;
}

/* ---- tables ---------------------------------------------------------------------------------------------------------------------------- */

static void with_error(const page *p, ig__unit unit, ig_tune_score score, const char *name, int trial) {
  ig__buffer_text(p->out, "<td>");
  ig__html_value(p->out, unit, score.mean, "%d.%s", trial, name);
  if (isfinite(score.error)) {
    ig__buffer_text(p->out, "<small>± ");
    ig__html_value(p->out, unit, score.error, "%d.%s.error", trial, name);
    ig__buffer_text(p->out, "</small>");
  }
  ig__buffer_text(p->out, "</td>");
}

static void trial_row(const page *p, int i) {
  const ig__trial *x = &p->s->trial[i];
  const int folds = p->t->options->folds;
  double kept = 0, seconds = 0, epochs = 0;
  int done = 0;
  for (int f = 0; f < folds; f++) {
    const ig__sweep_result *r = &x->run[f].result;
    if (!r->done) continue;
    done++;
    kept += r->best_epoch;
    epochs += r->epochs;
    seconds += r->seconds;
  }
  ig__buffer_text(p->out, "<tr%s>", i == p->s->chosen ? " class=\"kept\"" : "");
  ig__html_cell(p->out, IG__UNIT_COUNT, i + 1, "%d.setting", i + 1);
  for (int d = 0; d < p->t->dims; d++) {
    ig__buffer_text(p->out, "<td class=\"l\"><code>");
    ig__html_name(p->out, *x->value[d] ? x->value[d] : "\"\"", 60);
    ig__buffer_text(p->out, "</code></td>");
  }
  with_error(p, IG__UNIT_SHARE, x->accuracy, "accuracy", i + 1);
  with_error(p, IG__UNIT_PLAIN, x->loss, "loss", i + 1);
  ig__html_cell(p->out, IG__UNIT_PLAIN, done ? kept / done : (double)NAN, "%d.kept", i + 1);
  ig__html_cell(p->out, IG__UNIT_PLAIN, done ? epochs / done : (double)NAN, "%d.epochs", i + 1);
  ig__html_cell(p->out, IG__UNIT_COUNT, done, "%d.folds", i + 1);
  ig__html_cell(p->out, IG__UNIT_SECONDS, seconds, "%d.seconds", i + 1);
  ig__buffer_text(p->out, "<td class=\"l\">%s%s%s</td></tr>\n", x->diverged ? "diverged" : "", i == p->s->minimum ? "minimum " : "",
                  i == p->s->one_se ? "one standard error" : "");
}

static ig_status settings(const page *p) {
  int *order = ig__alloc((size_t)p->s->trials, sizeof *order);
  if (!order) return IG_NO_MEMORY;
  ig__search_rank(p->s, order);
  ig__html_section(p->out, "settings", "All settings, the best first");
  ig__buffer_text(p->out, "<div class=\"frame\"><table>\n<thead><tr><th>no.</th>");
  for (int d = 0; d < p->t->dims; d++) ig__buffer_text(p->out, "<th class=\"l\">%s</th>", p->t->option[d]->name);
  ig__buffer_text(p->out, "<th>accuracy, validation</th><th>validation loss</th><th>kept epoch</th><th>epochs</th><th>folds</th><th>time</th>"
                          "<th></th></tr></thead>\n<tbody>\n");
  for (int k = 0; k < p->s->trials; k++) trial_row(p, order[k]);
  ig__html_table_end(p->out);
  ig__buffer_text(p->out, "<p class=\"soft\">Means over the folds, with standard errors, at the epoch kept; the loss is that of the data, without the "
                          "penalty. Every run stands in tune.csv, and has its folder in runs/.</p>\n");
  ig__html_section_end(p->out);
  ig__free(order);
  return IG_OK;
}

static void rungs(const page *p) {
  const ig__search *s = p->s;
  if (!s->rungs) return;
  ig__html_section(p->out, "rungs", "Rungs");
  ig__html_table(p->out, "rung|epochs|settings");
  for (int r = 0; r < s->rungs; r++) {
    ig__buffer_text(p->out, "<tr><td>%d</td>", r + 1);
    ig__html_cell(p->out, IG__UNIT_COUNT, s->epochs[r], "rung.%d.epochs", r + 1);
    ig__html_cell(p->out, IG__UNIT_COUNT, s->climbers[r], "rung.%d.settings", r + 1);
    ig__buffer_text(p->out, "</tr>\n");
  }
  ig__html_table_end(p->out);
  ig__buffer_text(p->out, "<p class=\"soft\">The better third of each rung goes on. Settings are compared at the same epoch of the same schedule.</p>\n");
  ig__html_section_end(p->out);
}

static void nested(const page *p) {
  if (!p->t->outers) return;
  ig__html_section(p->out, "nested", "What such a search is worth");
  ig__html_table(p->out, "outer fold|<chosen on the rest|accuracy on the fold|loss");
  for (int j = 0; j < p->t->outers; j++) {
    const ig__search *s = &p->t->outer[j];
    char text[IG_PATH_SIZE];
    const ig_metrics *m = s->refit ? &s->refit->result.test : NULL;
    ig__buffer_text(p->out, "<tr><td>%d</td><td class=\"l\"><code>", j + 1);
    ig__html_name(p->out, s->chosen >= 0 ? ig__trial_text(p->t, &s->trial[s->chosen], text) : "–", 80);
    ig__buffer_text(p->out, "</code></td>");
    ig__html_cell(p->out, IG__UNIT_SHARE, m ? m->accuracy : (double)NAN, "outer.%d.accuracy", j + 1);
    ig__html_cell(p->out, IG__UNIT_PLAIN, m ? m->data_loss : (double)NAN, "outer.%d.loss", j + 1);
    ig__buffer_text(p->out, "</tr>\n");
  }
  ig__html_table_end(p->out);
  ig__buffer_text(p->out, "<p class=\"soft\">The figures of the choice above are a little too good, because it was chosen by them. Here the whole search was done "
                          "without each outer fold, and its choice measured on it.</p>\n");
  ig__html_section_end(p->out);
}

static void how(const page *p) {
  const ig_tune_options *o = p->t->options;
  ig__html_section(p->out, "how", "How it was done");
  ig__html_table(p->out, "<|<");
  ig__buffer_text(p->out, "<tr><td class=\"l\">data</td><td class=\"w\"><code>");
  ig__html_cut(p->out, o->train.data, 200);
  ig__buffer_text(p->out, "</code></td></tr>\n");
  for (int i = 0; i < o->spreads; i++) {
    ig__buffer_text(p->out, "<tr><td class=\"l\">%s</td><td class=\"w\"><code>", o->spread[i].name);
    ig__html_cut(p->out, o->spread[i].values, 300);
    ig__buffer_text(p->out, "</code></td></tr>\n");
  }
  ig__buffer_text(p->out, "<tr><td class=\"l\">search</td><td class=\"w\">%s, %d fold%s, seed %lld%s</td></tr>\n", o->search, o->folds, o->folds > 1 ? "s" : "",
                  (long long)o->train.seed, o->nested ? ", nested" : "");
  ig__html_table_end(p->out);
  if (p->s->refit && !strcmp(o->train.report, "yes"))
    ig__buffer_text(p->out, "<p>The refit has <a href=\"runs/%s/report.html\">a report of its own</a>.</p>\n", p->s->refit->name);
  ig__buffer_text(p->out, "<p class=\"soft\">All options stand in tune.yaml; the choice, ready for <code>imgrad train --config</code>, in best.yaml.</p>\n");
  ig__html_section_end(p->out);
}

static ig_status compose(const page *p) {
  ig__html_begin(p->out, "imgrad: tuned");
  ig__buffer_text(p->out, "<h1>Tuned: ");
  for (int d = 0; d < p->t->dims; d++) ig__buffer_text(p->out, "%s%s", d ? ", " : "", p->t->option[d]->name);
  ig__buffer_text(p->out, "</h1>\n");
  if (!p->s->complete)
    ig__buffer_text(p->out, "<section class=\"warn\"><p>The search is not finished: what stands here is of the runs that are done. It goes on with "
                            "<code>imgrad tune --resume</code>.</p></section>\n");
  tiles(p);
  IG__TRY(curves(p));
  rungs(p);
  IG__TRY(settings(p));
  nested(p);
  how(p);
  ig__buffer_text(p->out, "<footer>imgrad %s. Numbers carry their exact values as data-value.</footer>\n", ig_version());
  ig__html_end(p->out);
  return p->out->failed ? IG_NO_MEMORY : IG_OK;
}

ig_status ig__tune_write_page(const ig__tune *t, const ig_tune_result *r) {
  ig__buffer out = {0};
  page p = {.t = t, .r = r, .s = &t->search, .by_loss = t->options->by[0] == 'l', .out = &out};
  ig_status status = compose(&p);
  if (status == IG_OK) return ig__folder_write(t->folder, "report.html", &out);
  ig__buffer_free(&out);
  return status;
}
