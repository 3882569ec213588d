/* A surface from above: cells whose depth is their value, and lines of equal value by marching squares (Lorensen and Cline 1987, in
 * the plane). Its drawing is 560 × 540 units and scales with the page. */
#include "report/chart.h"

#include "base/alloc.h"

#include <math.h>

enum { WIDTH = 560, HEIGHT = 540, LEFT = 68, RIGHT = 14, TOP = 14, BOTTOM = 46 };
#define MOST_TIPS 2600    /* cells; with more, neighbours of one depth are one rectangle, and nothing has a tooltip */
#define DEPTHS 40
#define LABEL_WIDE 40     /* labels of lines keep so far apart */
#define LABEL_HIGH 14

typedef struct point { double x, y; } point;

typedef struct drawing {
  ig__buffer *out;
  const ig__contour *chart;
  ig__axis x, y, z;
  double *depth;             /* of each value on its axis, 0 … 1; NaN: none */
  point label[IG__MAX_TICKS];
  int labels;
} drawing;

static double column_x(const ig__contour *c, double column) { return c->x[0] + (c->x[1] - c->x[0]) * column / (c->columns - 1); }
static double row_y(const ig__contour *c, double row) { return c->y[0] + (c->y[1] - c->y[0]) * row / (c->rows - 1); }
static double place_x(const drawing *d, double v) { return LEFT + (WIDTH - LEFT - RIGHT) * ig__axis_place(&d->x, v); }
static double place_y(const drawing *d, double v) { return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * ig__axis_place(&d->y, v); }

/* The cells of the first and the last column reach half a step beyond their points. */
static void fit_side(ig__axis *axis, const double ends[2], int count) {
  const double half = (ends[1] - ends[0]) / (count - 1) / 2;
  ig__axis_fit(axis, ends[0], ends[1], 6, false);
  axis->low = ends[0] - half;
  axis->high = ends[1] + half;
}

static bool fit(drawing *d) {
  const ig__contour *c = d->chart;
  const int64_t count = (int64_t)c->columns * c->rows;
  double low = INFINITY, high = -INFINITY;
  int64_t pressed = 0, finite = 0;
  for (int64_t i = 0; i < count; i++) {
    if (!isfinite(c->value[i])) continue;
    low = fmin(low, c->value[i]);
    high = fmax(high, c->value[i]);
  }
  if (!(high >= low)) return false;
  for (int64_t i = 0; i < count; i++) {
    finite += isfinite(c->value[i]);
    pressed += isfinite(c->value[i]) && c->value[i] < high / 10;
  }
  /* Where the largest is only a few times the least, round numbers on a logarithmic axis are too far apart. */
  const bool logarithmic = low > 0 && high > 5 * low && (c->scale == IG__SCALE_LOG || (c->scale == IG__SCALE_AUTO && 2 * pressed > finite));
  if (logarithmic) ig__axis_fit_log(&d->z, low, high, 8);
  else ig__axis_fit(&d->z, low, high, 8, false);
  fit_side(&d->x, c->x, c->columns);
  fit_side(&d->y, c->y, c->rows);
  for (int64_t i = 0; i < count; i++) d->depth[i] = isfinite(c->value[i]) ? ig__axis_place(&d->z, c->value[i]) : (double)NAN;
  return true;
}

/* ---- cells ---------------------------------------------------------------------------------------------------------------------- */

static int step_of(double depth) { return isnan(depth) ? -1 : (int)(depth * DEPTHS + 0.5); }
/* Sides are rounded before widths are taken of them, or neighbours would leave gaps. */
static double tenths(double v) { return floor(v * 10 + 0.5) / 10; }
static double opacity(double depth) { return 0.06 + 0.9 * depth; }

static void draw_cell(const drawing *d, int row, int first, int end, bool tips) {
  const ig__contour *c = d->chart;
  const double value = c->value[(int64_t)row * c->columns + first], depth = d->depth[(int64_t)row * c->columns + first];
  const double left = tenths(place_x(d, column_x(c, first - 0.5))), right = tenths(place_x(d, column_x(c, end - 0.5)));
  const double top = tenths(place_y(d, row_y(c, row + 0.5))), bottom = tenths(place_y(d, row_y(c, row - 0.5)));
  char x[48], y[48], v[48];
  ig__buffer_text(d->out, "<rect class=\"p0\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" fill-opacity=\"%.3g\"", left, top, right - left,
                  bottom - top, opacity((double)step_of(depth) / DEPTHS));
  if (tips)
    ig__buffer_text(d->out, "><title>%s, %s: %s</title></rect>\n", ig__unit_text(x, IG__UNIT_PLAIN, column_x(c, first)),
                    ig__unit_text(y, IG__UNIT_PLAIN, row_y(c, row)), ig__unit_text(v, IG__UNIT_PLAIN, value));
  else ig__buffer_text(d->out, "/>\n");
}

static void draw_cells(const drawing *d) {
  const ig__contour *c = d->chart;
  const bool tips = (int64_t)c->columns * c->rows <= MOST_TIPS;
  ig__buffer_text(d->out, "<g shape-rendering=\"crispEdges\">\n");
  for (int row = 0; row < c->rows; row++)
    for (int first = 0, end; first < c->columns; first = end) {
      const double *depth = d->depth + (int64_t)row * c->columns;
      for (end = first + 1; !tips && end < c->columns && step_of(depth[end]) == step_of(depth[first]);) end++;
      if (!isnan(depth[first])) draw_cell(d, row, first, end, tips);
    }
  ig__buffer_text(d->out, "</g>\n");
}

/* ---- lines of equal value --------------------------------------------------------------------------------------------------------- */

/* Corners of a square, anticlockwise from the lower left; edge k goes from corner k to the next. */
static const int corner_x[] = {0, 1, 1, 0}, corner_y[] = {0, 0, 1, 1};

/* Where the level crosses the edges of a square; the edges in `edge`. Answers how many: 0, 2 or 4. */
static int crossings(const drawing *d, int row, int column, double level, point at[4], double *middle) {
  const ig__contour *c = d->chart;
  double v[4];
  int count = 0;
  *middle = 0;
  for (int k = 0; k < 4; k++) {
    v[k] = d->depth[(int64_t)(row + corner_y[k]) * c->columns + column + corner_x[k]];
    *middle += v[k] / 4;
  }
  if (isnan(*middle)) return 0;
  for (int k = 0; k < 4; k++) {
    const int n = (k + 1) % 4;
    if ((v[k] < level) == (v[n] < level)) continue;
    const double t = (level - v[k]) / (v[n] - v[k]);
    at[count++] = (point){place_x(d, column_x(c, column + corner_x[k] + t * (corner_x[n] - corner_x[k]))),
                          place_y(d, row_y(c, row + corner_y[k] + t * (corner_y[n] - corner_y[k])))};
  }
  /* A saddle: its two lines cut off the corners that are not on the side of the middle; those of the second and fourth stand first. */
  if (count == 4 && (v[0] < level) != (*middle < level)) {
    const point first = at[0];
    for (int k = 0; k < 3; k++) at[k] = at[k + 1];
    at[3] = first;
  }
  return count;
}

/* Labels stand where lines cross a ray from the middle to the right and a little upwards. */
static double from_ray(point p) {
  const double dx = p.x - (LEFT + WIDTH - RIGHT) / 2.0, dy = (TOP + HEIGHT - BOTTOM) / 2.0 - p.y, along = 0.94 * dx + 0.34 * dy;
  return along > 0 ? fabs(0.34 * dx - 0.94 * dy) : 1e4 - along;
}

static bool has_room(const drawing *d, point p) {
  if (p.x > WIDTH - RIGHT - LABEL_WIDE / 2.0 || p.x < LEFT + LABEL_WIDE / 2.0 || p.y < TOP + LABEL_HIGH) return false;
  for (int i = 0; i < d->labels; i++)
    if (fabs(d->label[i].x - p.x) < LABEL_WIDE && fabs(d->label[i].y - p.y) < LABEL_HIGH) return false;
  return true;
}

static void draw_level(drawing *d, int tick) {
  const ig__contour *c = d->chart;
  const double level = ig__axis_place(&d->z, d->z.tick[tick]);
  point at[4], best = {0, 0};
  double nearest = INFINITY, middle;
  char text[48];
  ig__buffer_text(d->out, "<path class=\"iso\" d=\"");
  for (int row = 0; row + 1 < c->rows; row++)
    for (int column = 0; column + 1 < c->columns; column++) {
      const int count = crossings(d, row, column, level, at, &middle);
      for (int k = 0; k + 1 < count; k += 2) {
        const point half = {(at[k].x + at[k + 1].x) / 2, (at[k].y + at[k + 1].y) / 2};
        ig__buffer_text(d->out, "M%.1f %.1fL%.1f %.1f", at[k].x, at[k].y, at[k + 1].x, at[k + 1].y);
        if (from_ray(half) >= nearest || !has_room(d, half)) continue;
        nearest = from_ray(half);
        best = half;
      }
    }
  ig__buffer_text(d->out, "\"/>\n");
  if (!isfinite(nearest)) return;
  d->label[d->labels++] = best;
  ig__buffer_text(d->out, "<text class=\"iso\" x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\">%s</text>\n", best.x, best.y - 3,
                  ig__axis_text(text, &d->z, tick, false));
}

/* ---- around it --------------------------------------------------------------------------------------------------------------------- */

static void draw_axes(const drawing *d) {
  char text[48];
  const int bottom = HEIGHT - BOTTOM;
  for (int i = 0; i < d->y.count; i++) {
    if (d->y.tick[i] < d->y.low || d->y.tick[i] > d->y.high) continue;
    ig__buffer_text(d->out, "<text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%s</text>\n", LEFT - 8, place_y(d, d->y.tick[i]) + 4.5,
                    ig__axis_text(text, &d->y, i, false));
  }
  for (int i = 0; i < d->x.count; i++) {
    if (d->x.tick[i] < d->x.low || d->x.tick[i] > d->x.high) continue;
    const double x = place_x(d, d->x.tick[i]);
    ig__buffer_text(d->out, "<path class=\"axis\" d=\"M%.1f %dv4\"/><text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%s</text>\n", x, bottom, x, bottom + 20,
                    ig__axis_text(text, &d->x, i, false));
  }
  ig__buffer_text(d->out, "<text x=\"%d\" y=\"%d\" text-anchor=\"end\">", WIDTH - RIGHT, HEIGHT - 6);
  ig__html_text(d->out, d->chart->x_name);
  ig__buffer_text(d->out, "</text>\n<text transform=\"translate(14 %d) rotate(-90)\" text-anchor=\"end\">", TOP);
  ig__html_text(d->out, d->chart->y_name);
  ig__buffer_text(d->out, "</text>\n");
}

static void draw_legend(const drawing *d) {
  char text[48];
  ig__buffer_text(d->out, "<p class=\"legend\"><span>");
  ig__html_text(d->out, d->chart->value_name);
  ig__buffer_text(d->out, "</span>");
  for (int i = 0; i < d->z.count; i++) {
    const double depth = ig__axis_place(&d->z, d->z.tick[i]);
    if (depth < -1e-9 || depth > 1 + 1e-9) continue;
    ig__buffer_text(d->out, "<span><svg viewBox=\"0 0 26 10\" aria-hidden=\"true\"><rect class=\"p0\" width=\"26\" height=\"10\" fill-opacity=\"%.3g\"/></svg>%s</span>",
                    opacity(depth), ig__axis_text(text, &d->z, i, false));
  }
  ig__buffer_text(d->out, "%s</p>\n", d->z.log ? "<span>logarithmic scale</span>" : "");
}

static void draw(drawing *d) {
  const ig__contour *c = d->chart;
  ig__buffer_text(d->out, "<div class=\"square\"><svg viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"", WIDTH, HEIGHT);
  ig__html_text(d->out, c->title);
  ig__buffer_text(d->out, "\">\n");
  draw_cells(d);
  for (int i = 0; i < d->z.count; i++) draw_level(d, i);
  draw_axes(d);
  if (isfinite(c->mark_x) && isfinite(c->mark_y))
    ig__buffer_text(d->out, "<path class=\"l1\" d=\"M%.1f %.1fm-7 0h14m-7 -7v14\"/>\n", place_x(d, c->mark_x), place_y(d, c->mark_y));
  ig__buffer_text(d->out, "</svg></div>\n");
  draw_legend(d);
}

void ig__chart_contour(ig__buffer *out, const ig__contour *chart) {
  drawing d = {.out = out, .chart = chart, .depth = ig__alloc((size_t)chart->columns * (size_t)chart->rows, sizeof *d.depth)};
  if (!d.depth) {
    out->failed = true;
    return;
  }
  ig__buffer_text(out, "<figure><figcaption>");
  ig__html_text(out, chart->title);
  ig__buffer_text(out, "</figcaption>\n");
  if (fit(&d)) draw(&d);
  else ig__buffer_text(out, "<p class=\"soft\">No value is finite: there is nothing to draw.</p>\n");
  ig__buffer_text(out, "</figure>\n");
  ig__free(d.depth);
}
