/* What a look at the loss leaves: surface.csv, and a page with the picture. */
#include "base/text.h"
#include "report/chart.h"
#include "train/surface/surface.h"

#include <math.h>
#include <string.h>

static const char *part_words(const char *part) { return !strcmp(part, "val") ? "validation" : !strcmp(part, "train") ? "training" : part; }

/* ---- surface.csv --------------------------------------------------------------------------------------------------------------- */

static void cell(ig__buffer *out, double v) {
  char text[32];
  ig__buffer_text(out, ",%s", isfinite(v) ? ig__print_double(text, v) : "");
}

static ig_status write_csv(const ig_surface_result *r) {
  ig__buffer out = {0};
  char text[32];
  ig__buffer_text(&out, r->line ? "alpha" : "alpha,beta");
  for (int p = 0; p < r->parts; p++)
    ig__buffer_text(&out, ",%s/loss,%s/data_loss,%s/penalty,%s/accuracy", r->part[p], r->part[p], r->part[p], r->part[p]);
  for (int i = 0; i < r->points; i++) {
    const ig_surface_point *at = &r->point[i];
    ig__buffer_text(&out, "\n%s", ig__print_double(text, at->alpha));
    if (!r->line) cell(&out, at->beta);
    for (int p = 0; p < r->parts; p++) {
      const ig_metrics *m = &at->part[p];
      const double row[] = {m->loss, m->data_loss, m->penalty, m->accuracy};
      for (size_t k = 0; k < sizeof row / sizeof row[0]; k++) cell(&out, row[k]);
    }
  }
  ig__buffer_text(&out, "\n");
  return ig__folder_write(r->out, "surface.csv", &out);
}

/* ---- the page ------------------------------------------------------------------------------------------------------------------- */

static void loss_tile(ig__buffer *out, const char *title, const ig_surface_point *at, const ig_metrics *m, const char *name, bool line) {
  ig__html_tile(out, title);
  ig__html_value(out, IG__UNIT_PLAIN, m->loss, "%s.loss", name);
  ig__buffer_text(out, "</b><small>accuracy ");
  ig__html_value(out, IG__UNIT_SHARE, m->accuracy, "%s.accuracy", name);
  ig__buffer_text(out, "<br>at ");
  ig__html_value(out, IG__UNIT_PLAIN, at->alpha, "%s.alpha", name);
  if (!line) {
    ig__buffer_text(out, ", ");
    ig__html_value(out, IG__UNIT_PLAIN, at->beta, "%s.beta", name);
  }
  ig__buffer_text(out, "</small></div>\n");
}

static void tiles(const ig_surface_result *r, ig__buffer *out) {
  char title[64], name[64];
  ig__buffer_text(out, "<div class=\"tiles\">\n");
  for (int p = 0; p < r->parts; p++) {
    for (int end = 0; end < (r->line ? 2 : 1); end++) {
      const ig_surface_point *at = &r->point[end ? r->last : r->first];
      ig__snprintf(title, sizeof title, "loss, %s%s", part_words(r->part[p]), !r->line ? ", of the run" : end ? ", second run" : ", first run");
      ig__snprintf(name, sizeof name, "%s.%s", end ? "to" : "run", r->part[p]);
      loss_tile(out, title, at, &at->part[p], name, r->line);
    }
    if (!r->line) continue;
    ig__snprintf(title, sizeof title, "barrier, %s", part_words(r->part[p]));
    ig__html_tile(out, title);
    ig__html_value(out, IG__UNIT_PLAIN, r->barrier[p], "barrier.%s", r->part[p]);
    ig__buffer_text(out, "</b><small>rise of the loss over the line between the ends</small></div>\n");
  }
  if (!r->line) {
    loss_tile(out, "least loss", &r->point[r->least], &r->point[r->least].part[0], "least", false);
    loss_tile(out, "largest loss", &r->point[r->largest], &r->point[r->largest].part[0], "largest", false);
  }
  ig__buffer_text(out, "</div>\n");
}

static ig_status grid(const ig_surface_result *r, ig__buffer *out) {
  double *value = ig__alloc((size_t)r->points, sizeof *value);
  if (!value) return IG_NO_MEMORY;
  for (int i = 0; i < r->points; i++) value[i] = r->point[i].part[0].loss;
  const double ends[] = {r->point[0].alpha, r->point[r->points - 1].alpha};
  ig__html_section(out, "surface", "The loss around the run");
  ig__chart_contour(out, &(ig__contour){.title = "Loss over two random directions", .x_name = "first direction, lengths of the filters",
                           .y_name = "second direction", .value_name = "loss", .x = {ends[0], ends[1]}, .y = {ends[0], ends[1]}, .columns = r->side,
                           .rows = r->side, .value = value, .scale = IG__SCALE_LOG, .mark_x = 0, .mark_y = 0});
  ig__buffer_text(out, "<p class=\"soft\">The cross is the run. Both directions are normal random numbers, each filter's and each unit's scaled to the length "
                       "of the filter itself; biases and normalisation stay (Li and others 2018). At 1 every filter has been moved by its own length. It "
                       "is a cut through a space of as many dimensions as there are weights: what it shows is there, what it does not show may be, too.</p>\n");
  ig__html_section_end(out);
  ig__free(value);
  return IG_OK;
}

static ig_status line(const ig_surface_result *r, ig__buffer *out) {
  const size_t n = (size_t)r->points;
  double *v = ig__alloc(n, (1 + 2 * IG_SURFACE_PARTS) * sizeof *v), *x = v;
  ig__series loss[IG_SURFACE_PARTS], accuracy[IG_SURFACE_PARTS];
  if (!v) return IG_NO_MEMORY;
  for (size_t i = 0; i < n; i++) x[i] = r->point[i].alpha;
  for (int p = 0; p < r->parts; p++) {
    double *y = v + n * (size_t)(1 + 2 * p), *share = y + n;
    for (size_t i = 0; i < n; i++) {
      y[i] = r->point[i].part[p].loss;
      share[i] = r->point[i].part[p].accuracy;
    }
    loss[p] = (ig__series){.name = part_words(r->part[p]), .x = x, .y = y, .count = n, .colour = p};
    accuracy[p] = loss[p];
    accuracy[p].y = share;
  }
  const ig__chart base = {.title = "Loss", .x_name = "α", .series = loss, .count = r->parts, .y_scale = IG__SCALE_AUTO, .mark_name = "first run",
                          .mark_x = 0, .mark2_name = "second run", .mark2_x = 1};
  ig__chart shares = base;
  shares.title = "Accuracy";
  shares.series = accuracy;
  shares.share = true;
  ig__html_section(out, "line", "The loss between the runs");
  ig__buffer_text(out, "<div class=\"charts\">\n");
  ig__chart_lines(out, &base);
  ig__chart_lines(out, &shares);
  ig__buffer_text(out, "</div>\n<p class=\"soft\">The weights are (1 − α) times those of the first run and α times those of the second. Running means and "
                       "variances of batch normalisation move along between the two and stay beyond them. A hill in between does not mean that the two "
                       "are apart: units may stand in another order in one of them, and the straight way mixes different ones.</p>\n");
  ig__html_section_end(out);
  ig__free(v);
  return IG_OK;
}

static ig_status page(const ig_surface_options *o, const ig_surface_result *r, ig__buffer *out) {
  ig__html_begin(out, "imgrad: loss surface");
  ig__buffer_text(out, "<h1>%s</h1>\n<p class=\"soft\">", r->line ? "The loss between two runs" : "The loss around a run");
  ig__html_name(out, o->run, 120);
  if (r->line) {
    ig__buffer_text(out, " to ");
    ig__html_name(out, o->to, 120);
  }
  for (int p = 0; p < r->parts; p++) {
    ig__buffer_text(out, p ? " and " : ", on ");
    ig__html_value(out, IG__UNIT_COUNT, (double)r->point[r->first].part[p].n, "n.%s", r->part[p]);
    ig__buffer_text(out, " pictures of the %s part", part_words(r->part[p]));
  }
  ig__buffer_text(out, "</p>\n");
  tiles(r, out);
  IG__TRY(r->line ? line(r, out) : grid(r, out));
  ig__buffer_text(out, "<footer>imgrad %s. Numbers carry their exact values as data-value; all points stand in surface.csv.</footer>\n", ig_version());
  ig__html_end(out);
  return IG_OK;
}

ig_status ig__surface_write(const ig_surface_options *o, const ig_surface_result *r) {
  ig__buffer out = {0};
  IG__TRY(write_csv(r));
  const ig_status status = page(o, r, &out);
  if (status == IG_OK) return ig__folder_write(r->out, "report.html", &out);
  ig__buffer_free(&out);
  return status;
}
