/* What a comparison leaves: compare.csv, and a page with the curves of the best rate of each. */
#include "sweep/compare.h"
#include "base/text.h"
#include "report/chart.h"
#include "train/checkpoint.h"

#include <math.h>
#include <string.h>

typedef enum column { EPOCH, COST, TIME, LOSS, ACCURACY, COLUMNS } column;

/* The histories of the runs that are drawn, as columns. */
typedef struct curves { double *v[IG_COMPARE_RUNS]; size_t count[IG_COMPARE_RUNS]; } curves;

static ig_status read_curves(const ig_compare_result *r, curves *c) {
  for (int i = 0; i < r->runs; i++) {
    ig__run_state s = {0};
    if (!r->run[i].best) continue;
    IG__TRY(ig__run_state_read(r->run[i].folder, &s));
    size_t n = s.history_count;
    c->count[i] = n;
    c->v[i] = ig__alloc(n ? n : 1, COLUMNS * sizeof *c->v[i]);
    for (size_t k = 0; c->v[i] && k < n; k++) {
      const ig_epoch *e = &s.history[k];
      const double row[COLUMNS] = {e->epoch, e->cost > 0 ? e->cost : e->epoch, e->time, e->train.loss, e->val.n ? e->val.accuracy : (double)NAN};
      for (size_t j = 0; j < COLUMNS; j++) c->v[i][j * n + k] = row[j];
    }
    ig__run_state_free(&s);
    if (!c->v[i]) return IG_NO_MEMORY;
  }
  return IG_OK;
}

static void chart(const ig_compare_result *r, const curves *c, ig__buffer *out, const ig__chart *base, column x, column y) {
  ig__series series[IG_COMPARE_RUNS];
  ig__chart drawn = *base;
  int count = 0;
  for (int i = 0; i < r->runs; i++) {
    size_t n = c->count[i];
    if (!c->v[i] || !n) continue;
    series[count] = (ig__series){.name = r->run[i].name, .x = c->v[i] + (size_t)x * n, .y = c->v[i] + (size_t)y * n, .count = n, .colour = count,
                                 .dashed = count >= 8};
    count++;
  }
  drawn.series = series;
  drawn.count = count;
  if (count) ig__chart_lines(out, &drawn);
}

static void charts(const ig_compare_result *r, const curves *c, ig__buffer *out) {
  const ig__chart cost = {.title = "Training loss over gradients of all pictures", .x_name = "gradients", .y_scale = IG__SCALE_AUTO},
                  epochs = {.title = "Training loss over epochs, or steps of a full-batch method", .x_name = "epoch or step", .x_whole = true,
                            .y_scale = IG__SCALE_AUTO},
                  time = {.title = "Training loss over time", .x_name = "seconds", .y_scale = IG__SCALE_AUTO},
                  accuracy = {.title = "Validation accuracy over gradients of all pictures", .x_name = "gradients", .share = true};
  ig__html_section(out, "curves", "How the loss falls");
  ig__buffer_text(out, "<div class=\"charts\">\n");
  chart(r, c, out, &cost, COST, LOSS);
  chart(r, c, out, &epochs, EPOCH, LOSS);
  chart(r, c, out, &time, TIME, LOSS);
  chart(r, c, out, &accuracy, COST, ACCURACY);
  ig__buffer_text(out, "</div>\n<p class=\"soft\">A gradient of all training pictures is the unit of work: a pass of an optimiser on batches costs one, a "
                       "Hessian–vector product two, a loss alone a third. Losses are with the penalty; those of optimisers on batches are means over an "
                       "epoch, taken while the weights move. Of several rates the one with the least training loss at the end is drawn. The runs shared the "
                       "machine's cores, so times are rough.</p>\n");
  ig__html_section_end(out);
}

static const char *state_of(const ig_compare_run *r) { return !r->done ? "not done" : r->status == IG_DIVERGED ? "diverged" : r->best ? "best rate" : ""; }

static void table(const ig_compare_result *r, ig__buffer *out) {
  ig__html_section(out, "runs", "All runs");
  ig__html_table(out, "<optimizer|gradients|epochs or steps|training loss|accuracy, validation|accuracy, test|time|<");
  for (int i = 0; i < r->runs; i++) {
    const ig_compare_run *m = &r->run[i];
    ig__buffer_text(out, "<tr%s><td class=\"l\"><code>", m->best ? " class=\"kept\"" : "");
    ig__html_text(out, m->name);
    ig__buffer_text(out, "</code></td>");
    ig__html_cell(out, IG__UNIT_PLAIN, m->done ? m->cost : (double)NAN, "run.%d.cost", i);
    ig__html_cell(out, IG__UNIT_COUNT, m->done ? m->epochs : (double)NAN, "run.%d.epochs", i);
    ig__html_cell(out, IG__UNIT_PLAIN, m->done ? m->loss : (double)NAN, "run.%d.loss", i);
    ig__html_cell(out, IG__UNIT_SHARE, m->val.n ? m->val.accuracy : (double)NAN, "run.%d.val.accuracy", i);
    ig__html_cell(out, IG__UNIT_SHARE, m->test.n ? m->test.accuracy : (double)NAN, "run.%d.test.accuracy", i);
    ig__html_cell(out, IG__UNIT_SECONDS, m->done ? m->seconds : (double)NAN, "run.%d.seconds", i);
    ig__buffer_text(out, "<td class=\"l\">%s</td></tr>\n", state_of(m));
  }
  ig__html_table_end(out);
  ig__buffer_text(out, "<p class=\"soft\">The training loss is that of the last epoch; accuracies are of the weights kept, the best of validation. Each run has "
                       "its folder, with a report of its own, in runs/.</p>\n");
  ig__html_section_end(out);
}

static void cell(ig__buffer *out, double v) {
  char text[32];
  ig__buffer_text(out, ",%s", isfinite(v) ? ig__print_double(text, v) : "");
}

static ig_status write_csv(const ig_compare_result *r) {
  ig__buffer out = {0};
  ig__buffer_text(&out, "run,optimizer,status,best,epochs,gradients,train/loss,val/loss,val/accuracy,test/loss,test/accuracy,seconds\n");
  for (int i = 0; i < r->runs; i++) {
    const ig_compare_run *m = &r->run[i];
    const char *name = strrchr(m->folder, '/');
    ig__buffer_text(&out, "%s,\"%s\",%s,%s,%d", name ? name + 1 : m->folder, m->name, m->done ? ig_status_name(m->status) : "", m->best ? "yes" : "no", m->epochs);
    const double row[] = {m->cost, m->loss, m->val.n ? m->val.loss : (double)NAN, m->val.n ? m->val.accuracy : (double)NAN,
                          m->test.n ? m->test.loss : (double)NAN, m->test.n ? m->test.accuracy : (double)NAN, m->seconds};
    for (size_t k = 0; k < sizeof row / sizeof row[0]; k++) cell(&out, row[k]);
    ig__buffer_text(&out, "\n");
  }
  return ig__folder_write(r->out, "compare.csv", &out);
}

ig_status ig__compare_write(const ig_compare_options *o, const ig_compare_result *r) {
  ig__buffer out = {0};
  curves c = {.count = {0}};
  ig_status status = write_csv(r);
  if (status == IG_OK) status = read_curves(r, &c);
  if (status == IG_OK) {
    ig__html_begin(&out, "imgrad: optimisers compared");
    ig__buffer_text(&out, "<h1>Optimisers compared</h1>\n<p class=\"soft\">Model ");
    ig__html_name(&out, *o->train.model ? o->train.model : "chosen by the data", 80);
    ig__buffer_text(&out, " on ");
    ig__html_name(&out, o->train.data, 120);
    ig__buffer_text(&out, ", the same start and the same order of pictures, %s gradients of all of them for each</p>\n", o->train.epochs);
    charts(r, &c, &out);
    table(r, &out);
    ig__buffer_text(&out, "<footer>imgrad %s. Numbers carry their exact values as data-value.</footer>\n", ig_version());
    ig__html_end(&out);
    status = ig__folder_write(r->out, "report.html", &out);
  }
  for (int i = 0; i < r->runs; i++) ig__free(c.v[i]);
  return status;
}
