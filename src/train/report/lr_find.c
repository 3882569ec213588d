/* The page of a range test: the rate that it suggests, the curve behind it, and by which rule. */
#include "base/text.h"
#include "train/lr_find.h"
#include "train/report/report.h"

#include <math.h>

static void tile(ig__buffer *out, const char *title, double value, const char *name, const char *below) {
  ig__html_tile(out, title);
  ig__html_value(out, IG__UNIT_PLAIN, value, "%s", name);
  ig__buffer_text(out, "</b><small>%s</small></div>\n", below);
}

static void curve(const ig_lr_find_result *r, ig__buffer *out) {
  char mark[64], number[32];
  const ig__series series[] = {{.name = "loss of each step", .x = r->rate, .y = r->loss, .count = (size_t)r->steps, .colour = 7},
                               {.name = "smoothed", .x = r->rate, .y = r->smoothed, .count = (size_t)r->steps, .colour = 0}};
  ig__snprintf(mark, sizeof mark, "suggested: %s", ig__print_double(number, r->suggestion));
  ig__html_section(out, "curve", "The loss while the rate grows");
  ig__chart_lines(out, &(ig__chart){.title = "Loss of the data over the learning rate", .x_name = "learning rate", .x_scale = IG__SCALE_LOG,
                         .series = series, .count = 2, .mark_name = r->suggestion > 0 ? mark : NULL, .mark_x = r->suggestion});
  ig__buffer_text(out, "<p class=\"soft\">Each step was made at a higher rate than the one before, from fresh weights on, and all of it was thrown away "
                       "afterwards. The loss of a step is that of its own pictures, before the step. %s</p>\n",
                  r->exploded ? "It ended when the loss had doubled." : "The last rate was reached.");
  ig__html_section_end(out);
}

void ig__report_lr_find(const ig_train_options *o, const ig_lr_find_result *r, ig__buffer *out) {
  char number[32];
  ig__html_begin(out, "imgrad: learning rate");
  ig__buffer_text(out, "<h1>Which learning rate</h1>\n<p class=\"soft\">Model ");
  ig__html_name(out, o->model, 80);
  ig__buffer_text(out, " on ");
  ig__html_name(out, o->data, 120);
  ig__buffer_text(out, ", optimizer ");
  ig__html_name(out, o->optimizer, 80);
  ig__buffer_text(out, ", %d pictures a step</p>\n<div class=\"tiles\">\n", o->batch);
  tile(out, "suggested rate", r->suggestion > 0 ? r->suggestion : NAN, "suggestion", r->suggestion > 0 ? "--lr of the run" : "no rate made the loss fall");
  tile(out, "lowest", r->lowest, "lowest", "rate at the least smoothed loss");
  tile(out, "good from", r->low_from, "low_from", "nine tenths of the fall");
  tile(out, "good to", r->low_to, "low_to", "nine tenths of the fall");
  tile(out, "steps", r->steps, "steps", "made");
  ig__buffer_text(out, "</div>\n");
  curve(r, out);
  ig__html_section(out, "rule", "The rule");
  ig__buffer_text(out, "<p>%s</p>\n", ig__lr_find_rule);
  if (r->suggestion > 0) {
    ig__buffer_text(out, "<p>To train with it, add <code>--lr %s</code> to the options of the test.</p>\n", ig__print_double(number, r->suggestion));
  }
  ig__html_section_end(out);
  ig__buffer_text(out, "<footer>imgrad %s. Numbers carry their exact values as data-value.</footer>\n", ig_version());
  ig__html_end(out);
}
