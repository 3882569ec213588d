#ifndef IG__REPORT_CHART_H
#define IG__REPORT_CHART_H
/* Charts: figures of inline SVG with a caption and a legend. Points carry their values as tooltips. */

#include "report/html.h"

/* An axis: from the values' range to round ends and round ticks. */
#define IG__MAX_TICKS 12
typedef struct ig__axis {
  double low, high;          /* of the drawing; on a logarithmic axis both above 0 */
  bool log;
  int count, digits;         /* of ticks; decimals that tell them apart */
  double tick[IG__MAX_TICKS];
} ig__axis;
/* About `want` ticks over low … high. `whole`: ticks are whole numbers, and the ends are the values' own. */
void ig__axis_fit(ig__axis *axis, double low, double high, int want, bool whole);
/* The same with a logarithmic scale; low > 0. */
void ig__axis_fit_log(ig__axis *axis, double low, double high, int want);
double ig__axis_place(const ig__axis *axis, double v);   /* 0 … 1 inside */
const char *ig__axis_text(char out[48], const ig__axis *axis, int tick, bool share);

/* A value that is not finite is a gap in the line. Arrays are borrowed. */
typedef struct ig__series {
  const char *name;
  const double *x, *y;
  size_t count;
  int colour;                /* any number; eight different ones */
  bool dashed;
  bool loose;                /* points without a line */
  const double *error;       /* a whisker of so much each way; NULL: none */
} ig__series;

typedef enum ig__scale { IG__SCALE_LINEAR, IG__SCALE_AUTO, IG__SCALE_LOG } ig__scale;

typedef struct ig__chart {
  const char *title, *x_name;
  const ig__series *series;
  int count;
  ig__scale x_scale, y_scale; /* AUTO: logarithmic when all values are above 0 and most of them below a tenth of the largest */
  bool x_whole;              /* epochs: ticks at whole numbers */
  bool small;                /* for three in a row */
  bool share;                /* y is a share, shown in percent */
  const char *mark_name;     /* a vertical line at mark_x; NULL: none */
  double mark_x;
  const char *mark2_name;    /* another, with its name a line lower */
  double mark2_x;
  const char *level_name;    /* a horizontal line at level_y; NULL: none */
  double level_y;
} ig__chart;
void ig__chart_lines(ig__buffer *out, const ig__chart *chart);

/* Horizontal bars, the first at the top; `max` 0: the largest value. */
typedef struct ig__bar { const char *name; double value; } ig__bar;
void ig__chart_bars(ig__buffer *out, const char *title, const ig__bar *bar, size_t count, double max, ig__unit unit);

/* A table of counts, rows × columns, depth of colour by share of the row; the diagonal has a colour of its own. Above 30
 * columns the cells are small and say their count as a tooltip only. Cells of 0 are empty. A cell's data-name is
 * NAME.ROW.COLUMN; it leads to "#PREFIX-ROW-COLUMN" when `linked` says so. */
typedef struct ig__heat {
  const char *title, *name, *prefix;
  int size;                  /* rows and columns */
  const int64_t *count;      /* size × size */
  const char *const *label;
  bool (*linked)(const void *user, int row, int column);
  const void *user;
} ig__heat;
void ig__chart_heat(ig__buffer *out, const ig__heat *heat);

/* A function of two numbers, on a grid of even steps: a cell a point, the darker the larger, and lines of equal value through them.
 * What is not finite is left blank. */
typedef struct ig__contour {
  const char *title, *x_name, *y_name, *value_name;
  double x[2], y[2];         /* of the first and the last column; row */
  int columns, rows;         /* 2 at least */
  const double *value;       /* [rows][columns], the first row at the bottom */
  ig__scale scale;           /* of the values */
  double mark_x, mark_y;     /* a cross; NaN: none */
} ig__contour;
void ig__chart_contour(ig__buffer *out, const ig__contour *contour);

#endif
