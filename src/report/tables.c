/* Charts that are tables: bars and heat maps. They copy, print and are read aloud as tables. */
#include "report/chart.h"

#include <math.h>
#include <string.h>

#define LARGE_CELLS 30  /* columns whose cells have room for their count */

void ig__chart_bars(ig__buffer *out, const char *title, const ig__bar *bar, size_t count, double max, ig__unit unit) {
  char text[48];
  bool find = !(max > 0);
  for (size_t i = 0; i < count && find; i++)
    if (bar[i].value > max) max = bar[i].value;
  ig__buffer_text(out, "<figure><figcaption>");
  ig__html_text(out, title);
  ig__buffer_text(out, "</figcaption>\n<div class=\"frame\"><table><tbody>\n");
  for (size_t i = 0; i < count; i++) {
    ig__buffer_text(out, "<tr><th class=\"l\">");
    ig__html_name(out, bar[i].name, 40);
    ig__buffer_text(out, "</th>");
    ig__html_bar(out, max > 0 ? bar[i].value / max : 0);
    ig__buffer_text(out, "<td>%s</td></tr>\n", ig__unit_text(text, unit, bar[i].value));
  }
  ig__buffer_text(out, "</tbody></table></div></figure>\n");
}

static void heat_cell(ig__buffer *out, const ig__heat *h, int row, int column, int64_t sum) {
  int64_t n = h->count[(int64_t)row * h->size + column];
  bool small = h->size > LARGE_CELLS, same = row == column, linked = h->linked && h->linked(h->user, row, column);
  if (n == 0) {
    ig__buffer_text(out, "<td></td>");
    return;
  }
  /* One picture in a thousand must still be seen: depth grows with the root of the share. */
  int depth = 1 + (int)(8 * sqrt((double)n / (double)sum) + 0.5);
  ig__buffer_text(out, "<td class=\"%sv%d\" data-name=\"%s.%d.%d\" data-value=\"%lld\"", same ? "y " : "", depth, h->name, row, column, (long long)n);
  if (small || linked) {
    ig__buffer_text(out, " title=\"");
    ig__html_cut(out, h->label[row], small ? 16 : 40);
    ig__buffer_text(out, same ? ": " : " → ");
    if (!same) ig__html_cut(out, h->label[column], small ? 16 : 40);
    ig__buffer_text(out, "%s%lld\"", same ? "" : ": ", (long long)n);
  }
  ig__buffer_text(out, ">");
  if (linked) ig__buffer_text(out, "<a href=\"#%s-%d-%d\">", h->prefix, row, column);
  if (!small) ig__buffer_text(out, "%lld", (long long)n);
  ig__buffer_text(out, linked ? "</a></td>" : "</td>");
}

/* Heads of a few letters stand upright. */
static bool are_short(const ig__heat *h) {
  for (int c = 0; c < h->size; c++)
    if (strlen(h->label[c]) > 4) return false;
  return h->size <= LARGE_CELLS;
}

void ig__chart_heat(ig__buffer *out, const ig__heat *h) {
  ig__buffer_text(out, "<figure><figcaption>");
  ig__html_text(out, h->title);
  ig__buffer_text(out, "</figcaption>\n<div class=\"frame\"><table class=\"heat%s\">\n<thead><tr><th></th>",
                  h->size > LARGE_CELLS ? " small" : are_short(h) ? " short" : "");
  for (int c = 0; c < h->size; c++) {
    ig__buffer_text(out, "<th>");
    ig__html_name(out, h->label[c], 20);
    ig__buffer_text(out, "</th>");
  }
  ig__buffer_text(out, "</tr></thead>\n<tbody>\n");
  for (int r = 0; r < h->size; r++) {
    int64_t sum = 0;
    for (int c = 0; c < h->size; c++) sum += h->count[(int64_t)r * h->size + c];
    ig__buffer_text(out, "<tr><th class=\"l\">");
    ig__html_name(out, h->label[r], 24);
    ig__buffer_text(out, "</th>");
    for (int c = 0; c < h->size; c++) heat_cell(out, h, r, c, sum > 0 ? sum : 1);
    ig__buffer_text(out, "</tr>\n");
  }
  ig__buffer_text(out, "</tbody>\n</table></div></figure>\n");
}
