/* The line chart. Its drawing is 640 × 300 units, a small one 400 × 230, and scales with the page. */
#include "report/chart.h"

#include "base/text.h"

#include <math.h>

enum { LEFT = 68, RIGHT = 14, TOP = 14, BOTTOM = 46 };
#define MOST_DOTS 60      /* more points than this on one line are seen as the line alone */
#define MOST_TIPS 150     /* tooltips a line, evenly spread */
#define MOST_CORNERS 800  /* of one line; more are drawn as the least and the largest of each piece */

typedef struct drawing { ig__buffer *out; const ig__chart *chart; int width, height; ig__axis x, y; } drawing;

typedef struct range { double low, high; } range;

static void widen(range *r, double v) {
  if (!isfinite(v)) return;
  if (v < r->low) r->low = v;
  if (v > r->high) r->high = v;
}

/* Does a linear axis press most of the points into its lowest tenth? */
static bool is_pressed(const ig__chart *c, bool y, range r) {
  size_t low = 0, all = 0;
  for (int s = 0; s < c->count; s++)
    for (size_t i = 0; i < c->series[s].count; i++) {
      double v = y ? c->series[s].y[i] : c->series[s].x[i];
      if (!isfinite(v)) continue;
      all++;
      low += v < r.high / 10;
    }
  return 2 * low > all;
}

static bool is_log(const ig__chart *c, bool y, range r) {
  ig__scale scale = y ? c->y_scale : c->x_scale;
  return r.low > 0 && (scale == IG__SCALE_LOG || (scale == IG__SCALE_AUTO && is_pressed(c, y, r)));
}

static bool fit(drawing *d) {
  range x = {INFINITY, -INFINITY}, y = {INFINITY, -INFINITY};
  const ig__chart *c = d->chart;
  for (int s = 0; s < c->count; s++)
    for (size_t i = 0; i < c->series[s].count; i++)
      if (isfinite(c->series[s].x[i]) && isfinite(c->series[s].y[i])) {
        widen(&x, c->series[s].x[i]);
        widen(&y, c->series[s].y[i]);
        if (!c->series[s].error) continue;
        widen(&y, c->series[s].y[i] - c->series[s].error[i]);
        widen(&y, c->series[s].y[i] + c->series[s].error[i]);
      }
  if (!(y.high >= y.low)) return false;
  if (c->level_name) widen(&y, c->level_y);
  if (is_log(c, false, x)) ig__axis_fit_log(&d->x, x.low, x.high, 6);
  else ig__axis_fit(&d->x, x.low, x.high, c->small ? 5 : c->x_whole ? 8 : 6, c->x_whole);
  if (is_log(c, true, y)) ig__axis_fit_log(&d->y, y.low / 1.1, y.high * 1.1, 6);
  else ig__axis_fit(&d->y, y.low, y.high, c->small ? 4 : 5, false);
  return true;
}

static double place_x(const drawing *d, double v) { return LEFT + (d->width - LEFT - RIGHT) * ig__axis_place(&d->x, v); }
static double place_y(const drawing *d, double v) { return d->height - BOTTOM - (d->height - TOP - BOTTOM) * ig__axis_place(&d->y, v); }

static void draw_axes(const drawing *d) {
  char text[48];
  int bottom = d->height - BOTTOM;
  for (int i = 0; i < d->y.count; i++) {
    double y = place_y(d, d->y.tick[i]);
    ig__buffer_text(d->out, "<path class=\"grid\" d=\"M%d %.1fH%d\"/><text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%s</text>\n", LEFT, y,
                    d->width - RIGHT, LEFT - 8, y + 4.5, ig__axis_text(text, &d->y, i, d->chart->share));
  }
  ig__buffer_text(d->out, "<path class=\"axis\" d=\"M%d %dH%d\"/>\n", LEFT, bottom, d->width - RIGHT);
  for (int i = 0; i < d->x.count; i++) {
    double x = place_x(d, d->x.tick[i]);
    ig__buffer_text(d->out, "<path class=\"axis\" d=\"M%.1f %dv4\"/><text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%s</text>\n", x, bottom, x,
                    bottom + 20, ig__axis_text(text, &d->x, i, false));
  }
  ig__buffer_text(d->out, "<text x=\"%d\" y=\"%d\" text-anchor=\"end\">", d->width - RIGHT, d->height - 6);
  ig__html_text(d->out, d->chart->x_name);
  ig__buffer_text(d->out, "</text>\n");
}

/* Are most points in the upper half of the drawing? */
static bool is_high(const drawing *d) {
  size_t high = 0, all = 0;
  for (int s = 0; s < d->chart->count; s++)
    for (size_t i = 0; i < d->chart->series[s].count; i++) {
      double y = d->chart->series[s].y[i];
      if (!isfinite(y)) continue;
      all++;
      high += ig__axis_place(&d->y, y) > 0.5;
    }
  return 2 * high > all;
}

static void draw_mark(const drawing *d, const char *name, double at, int lower) {
  double x = name ? place_x(d, at) : -1;
  if (!(x >= LEFT - 0.1 && x <= d->width - RIGHT + 0.1)) return;
  bool right = x > d->width * 0.6, low = d->chart->share && is_high(d); /* accuracies are mostly high */
  ig__buffer_text(d->out, "<path class=\"mark\" d=\"M%.1f %dV%d\"/><text x=\"%.1f\" y=\"%d\"%s>", x, TOP, d->height - BOTTOM,
                  right ? x - 6 : x + 6, low ? d->height - BOTTOM - 8 - lower : TOP + 12 + lower, right ? " text-anchor=\"end\"" : "");
  ig__html_text(d->out, name);
  ig__buffer_text(d->out, "</text>\n");
}

static void draw_marks(const drawing *d) {
  const ig__chart *c = d->chart;
  draw_mark(d, c->mark_name, c->mark_x, 0);
  draw_mark(d, c->mark2_name, c->mark2_x, 18);
  if (c->level_name && (!d->y.log || c->level_y > 0)) {
    double y = place_y(d, c->level_y);
    ig__buffer_text(d->out, "<path class=\"mark\" d=\"M%d %.1fH%d\"/><text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">", LEFT, y, d->width - RIGHT,
                    d->width - RIGHT - 4, y - 6);
    ig__html_text(d->out, c->level_name);
    ig__buffer_text(d->out, "</text>\n");
  }
}

static bool drawn(const drawing *d, const ig__series *s, size_t i) {
  return isfinite(s->x[i]) && isfinite(s->y[i]) && (!d->y.log || s->y[i] > 0) && (!d->x.log || s->x[i] > 0);
}

/* Of points from … to−1 the least and the largest, in their order; both are one where there is but one. */
static void extremes(const ig__series *s, size_t from, size_t to, size_t at[2]) {
  size_t least = from, largest = from;
  for (size_t i = from; i < to; i++) {
    if (!(s->y[i] >= s->y[least])) least = i;
    if (!(s->y[i] <= s->y[largest])) largest = i;
  }
  at[0] = least < largest ? least : largest;
  at[1] = least < largest ? largest : least;
}

static void draw_line(const drawing *d, const ig__series *s) {
  size_t piece = (s->count + MOST_CORNERS / 2 - 1) / (MOST_CORNERS / 2);
  bool whole = s->count <= MOST_CORNERS, pen = false;
  ig__buffer_text(d->out, "<path class=\"l%d%s\" d=\"", s->colour & 7, s->dashed ? " d" : "");
  for (size_t from = 0; from < s->count; from += whole ? 1 : piece) {
    size_t at[2] = {from, from};
    if (!whole) extremes(s, from, from + piece < s->count ? from + piece : s->count, at);
    for (int k = 0; k < (at[0] == at[1] ? 1 : 2); k++) {
      bool seen = drawn(d, s, at[k]);
      if (seen) ig__buffer_text(d->out, "%c%.1f %.1f", pen ? 'L' : 'M', place_x(d, s->x[at[k]]), place_y(d, s->y[at[k]]));
      pen = seen;
    }
  }
  ig__buffer_text(d->out, "\"/>\n");
}

static void draw_whiskers(const drawing *d, const ig__series *s) {
  for (size_t i = 0; s->error && i < s->count; i++) {
    if (!drawn(d, s, i) || !(s->error[i] > 0) || (d->y.log && s->y[i] <= s->error[i])) continue;
    double x = place_x(d, s->x[i]), low = place_y(d, s->y[i] - s->error[i]), high = place_y(d, s->y[i] + s->error[i]);
    ig__buffer_text(d->out, "<path class=\"l%d\" style=\"stroke-width:1\" d=\"M%.1f %.1fh8m-4 0V%.1fm-4 0h8\"/>\n", s->colour & 7, x - 4, low, high);
  }
}

static void draw_points(const drawing *d, const ig__series *s) {
  char x[48], y[48];
  bool dots = s->count <= MOST_DOTS;
  size_t skip = dots ? 1 : (s->count + MOST_TIPS - 1) / MOST_TIPS;
  for (size_t i = 0; i < s->count; i += skip) {
    if (!drawn(d, s, i)) continue;
    ig__buffer_text(d->out, "<circle class=\"p%d%s\" cx=\"%.1f\" cy=\"%.1f\" r=\"%s\"><title>", s->colour & 7, dots ? "" : " h", place_x(d, s->x[i]),
                    place_y(d, s->y[i]), s->count <= 25 ? "3" : dots ? "2.2" : "4");
    ig__html_cut(d->out, s->name, 60);
    ig__buffer_text(d->out, ", %s %s: %s</title></circle>\n", d->chart->x_name, ig__unit_text(x, IG__UNIT_EXACT, s->x[i]),
                    ig__unit_text(y, d->chart->share ? IG__UNIT_SHARE : IG__UNIT_PLAIN, s->y[i]));
  }
}

static void draw_legend(const drawing *d) {
  if (d->chart->count == 1 && !d->y.log) return;
  ig__buffer_text(d->out, "<p class=\"legend\">");
  for (int s = 0; s < d->chart->count && d->chart->count > 1; s++) {
    const ig__series *one = &d->chart->series[s];
    ig__buffer_text(d->out, "<span><svg viewBox=\"0 0 26 10\" aria-hidden=\"true\"><path class=\"l%d%s\" d=\"M1 5H25\"/></svg>", one->colour & 7,
                    one->dashed ? " d" : "");
    ig__html_name(d->out, one->name, 60);
    ig__buffer_text(d->out, "</span>");
  }
  ig__buffer_text(d->out, "%s</p>\n", d->y.log ? "<span>logarithmic scale</span>" : "");
}

void ig__chart_lines(ig__buffer *out, const ig__chart *chart) {
  drawing d = {.out = out, .chart = chart, .width = chart->small ? 400 : 640, .height = chart->small ? 230 : 300};
  ig__buffer_text(out, "<figure><figcaption>");
  ig__html_text(out, chart->title);
  ig__buffer_text(out, "</figcaption>\n");
  if (!fit(&d)) {
    ig__buffer_text(out, "<p class=\"soft\">Nothing to draw yet.</p></figure>\n");
    return;
  }
  ig__buffer_text(out, "<svg%s viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"", chart->small ? " class=\"small\"" : "", d.width, d.height);
  ig__html_text(out, chart->title);
  ig__buffer_text(out, "\">\n");
  draw_axes(&d);
  draw_marks(&d);
  for (int s = 0; s < chart->count; s++) {
    if (!chart->series[s].loose) draw_line(&d, &chart->series[s]);
    draw_whiskers(&d, &chart->series[s]);
  }
  for (int s = 0; s < chart->count; s++) draw_points(&d, &chart->series[s]);
  ig__buffer_text(out, "</svg>\n");
  draw_legend(&d);
  ig__buffer_text(out, "</figure>\n");
}
