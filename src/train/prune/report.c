/* The page of the verb prune: what went, layer by layer. */
#include "train/prune/prune.h"

#include "base/text.h"
#include "report/chart.h"

static void tile(ig__buffer *out, const char *title, ig__unit unit, double before, double after, const char *name) {
  ig__html_tile(out, title);
  ig__html_value(out, unit, after, "%s.left", name);
  ig__buffer_text(out, "</b><small>of ");
  ig__html_value(out, unit, before, "%s", name);
  ig__buffer_text(out, ", ");
  ig__html_value(out, IG__UNIT_SHARE, before > 0 ? after / before : 1, "%s.share", name);
  ig__buffer_text(out, "</small></div>\n");
}

static void layer(const ig_prune_row *r, ig__buffer *out) {
  ig__buffer_text(out, "<tr><td class=\"l\">");
  ig__html_name(out, r->name, 60);
  ig__buffer_text(out, "</td><td class=\"l\">%s</td>", r->op);
  ig__html_cell(out, IG__UNIT_COUNT, r->channels, "layer.%s.channels", r->name);
  ig__html_cell(out, IG__UNIT_COUNT, r->channels_left, "layer.%s.channels.left", r->name);
  const double share = r->channels ? (double)r->channels_left / r->channels : 1;
  ig__html_cell(out, IG__UNIT_SHARE, share, "layer.%s.channels.share", r->name);
  ig__html_bar(out, share);
  ig__html_cell(out, IG__UNIT_COUNT, (double)r->parameters, "layer.%s.parameters", r->name);
  ig__html_cell(out, IG__UNIT_COUNT, (double)r->parameters_left, "layer.%s.parameters.left", r->name);
  ig__html_cell(out, IG__UNIT_COUNT, r->macs, "layer.%s.macs", r->name);
  ig__html_cell(out, IG__UNIT_COUNT, r->macs_left, "layer.%s.macs.left", r->name);
  ig__buffer_text(out, "</tr>\n");
}

ig_status ig__prune_report(const ig_prune_options *o, const ig_prune_result *r, ig__buffer *out) {
  char number[32];
  ig__html_begin(out, "imgrad: pruned network");
  ig__buffer_text(out, "<h1>Pruned network ");
  ig__html_name(out, r->out, 120);
  ig__buffer_text(out, "</h1>\n<p class=\"soft\">From ");
  ig__html_name(out, o->run, 120);
  if (o->threshold > 0) ig__buffer_text(out, ", where no weight above %s counted", ig__print_double(number, o->threshold));
  ig__buffer_text(out, "</p>\n<div class=\"tiles\">\n");
  tile(out, "weights", IG__UNIT_COUNT, (double)r->parameters, (double)r->parameters_left, "parameters");
  tile(out, "multiply-adds a picture", IG__UNIT_COUNT, r->macs, r->macs_left, "macs");
  ig__html_tile(out, "channels removed");
  ig__html_value(out, IG__UNIT_COUNT, r->removed, "removed");
  ig__buffer_text(out, "</b></div>\n");
  ig__html_tile(out, "largest difference");
  ig__html_value(out, IG__UNIT_PLAIN, r->difference, "difference");
  ig__buffer_text(out, "</b><small>of an answer, over the largest answer, on random pictures</small></div>\n</div>\n");
  ig__html_section(out, "layers", "Layer by layer");
  ig__html_table(out, "<layer|<op|channels|left|share||numbers|left|multiply-adds|left");
  for (int i = 0; i < r->rows; i++) layer(&r->row[i], out);
  ig__html_table_end(out);
  ig__buffer_text(out, "<p class=\"soft\">A channel went when no filter that is needed reads it, or when it has the same number everywhere and that "
                       "number could move into the biases behind it. `imgrad eval` measures the smaller network as any run; `imgrad report` "
                       "writes the page of a run in the place of this one.</p>\n");
  ig__html_section_end(out);
  ig__buffer_text(out, "<footer>imgrad %s. Numbers carry their exact values as data-value.</footer>\n", ig_version());
  ig__html_end(out);
  return out->failed ? IG_NO_MEMORY : IG_OK;
}
