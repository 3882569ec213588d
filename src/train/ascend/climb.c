/* Gradient ascent on the picture. */
#include "train/ascend/ascend.h"

#include <math.h>
#include <string.h>

#define SMOOTH 0.01        /* δ of the total variation: below a step of three grey levels it is nearly quadratic */
#define FIRST_NOISE 0.02   /* deviation about grey that the ascent begins with: a flat picture has flat slopes everywhere alike */

double ig__total_variation(const double *x, ig_size s, double weight, double *g) {
  double sum = 0;
  for (int c = 0; c < s.channels; c++)
    for (int y = 0; y < s.height; y++)
      for (int i = 0; i < s.width; i++) {
        const size_t at = ((size_t)c * (size_t)s.height + (size_t)y) * (size_t)s.width + (size_t)i, down = at + (size_t)s.width;
        const double dx = i + 1 < s.width ? x[at + 1] - x[at] : 0, dy = y + 1 < s.height ? x[down] - x[at] : 0;
        const double t = sqrt(dx * dx + dy * dy + SMOOTH * SMOOTH);
        sum += t - SMOOTH;
        if (!g) continue;
        g[at] -= weight * (dx + dy) / t;
        if (i + 1 < s.width) g[at + 1] += weight * dx / t;
        if (y + 1 < s.height) g[down] += weight * dy / t;
      }
  return sum;
}

void ig__roll(double *to, const double *from, ig_size s, int dy, int dx) {
  for (int c = 0; c < s.channels; c++)
    for (int y = 0; y < s.height; y++) {
      const double *row = from + ((size_t)c * (size_t)s.height + (size_t)(((y + dy) % s.height + s.height) % s.height)) * (size_t)s.width;
      for (int i = 0; i < s.width; i++) *to++ = row[((i + dx) % s.width + s.width) % s.width];
    }
}

/* The mean of a linear filter's plane asks for a flat picture, that of what is above zero for the filter's pattern. What is below
 * counts a little in the slope, so that a filter that is shut everywhere opens. */
#define SHUT 0.1

typedef struct climber {
  ig__slopes *slopes;
  const ig__climb *how;
  ig_size size;
  double *slope, *back, *number, *weight; /* of all pictures; room for one; of all, of all */
} climber;

static void begin(const climber *c, uint64_t key, double *x) {
  ig__rng rng = ig__rng_make(c->how->seed, IG__FOR_NOISE, key, 0);
  for (int64_t i = 0; i < c->slopes->pixels; i++) x[i] = fmin(1, fmax(0, 0.5 + FIRST_NOISE * ig__rng_normal(&rng)));
}

static ig_status sums(const climber *c, const double *x, const double *weight, int n, double *out) {
  IG__TRY(ig__slopes_numbers(c->slopes, x, n, c->number));
  for (int i = 0; i < n; i++) {
    out[i] = 0;
    for (int64_t k = i * c->slopes->numbers; k < (i + 1) * c->slopes->numbers; k++)
      out[i] += weight[k] * (c->how->planes ? fmax(0, c->number[k]) : c->number[k]);
  }
  return IG_OK;
}

/* The slope with a root mean square of 1, less the penalties', times the rate. */
static void move(const climber *c, const double *slope, double rate, double *x) {
  const int64_t pixels = c->slopes->pixels;
  double squares = 0;
  for (int64_t i = 0; i < pixels; i++) squares += slope[i] * slope[i];
  const double scale = squares > 0 ? 1 / sqrt(squares / (double)pixels) : 0;
  for (int64_t i = 0; i < pixels; i++) c->back[i] = scale * slope[i] - 2 * c->how->l2 * (x[i] - 0.5);
  (void)ig__total_variation(x, c->size, -c->how->tv, c->back);
  for (int64_t i = 0; i < pixels; i++) x[i] = fmin(1, fmax(0, x[i] + rate * c->back[i]));
}

/* Shifts every picture by its lot of this step; `way` −1: back. */
static void shift(const climber *c, double *x, const uint64_t *key, int n, int step, int way) {
  const int most = c->how->jitter;
  for (int i = 0; i < n; i++, x += c->slopes->pixels) {
    ig__rng rng = ig__rng_make(c->how->seed, IG__FOR_NOISE, key[i], (uint32_t)step + 1);
    const int dy = (int)ig__rng_below(&rng, 2 * (uint32_t)most + 1) - most, dx = (int)ig__rng_below(&rng, 2 * (uint32_t)most + 1) - most;
    ig__roll(c->back, x, c->size, way * dy, way * dx);
    memcpy(x, c->back, (size_t)c->slopes->pixels * sizeof *x);
  }
}

static ig_status slopes_at(const climber *c, const double *x, const double *weight, int n) {
  if (!c->how->planes) return ig__slopes_run(c->slopes, x, weight, n, NULL, c->slope);
  IG__TRY(ig__slopes_numbers(c->slopes, x, n, c->number));
  for (int64_t k = 0; k < n * c->slopes->numbers; k++) c->weight[k] = weight[k] * (c->number[k] > 0 ? 1 : SHUT);
  return ig__slopes_run(c->slopes, x, c->weight, n, NULL, c->slope);
}

static ig_status climb(const climber *c, const double *weight, const uint64_t *key, int n, double *x) {
  for (int step = 0; step < c->how->steps; step++) {
    const double rate = c->how->rate * (1 - (double)step / c->how->steps);
    shift(c, x, key, n, step, 1);
    IG__TRY(slopes_at(c, x, weight, n));
    for (int i = 0; i < n; i++) move(c, c->slope + i * c->slopes->pixels, rate, x + i * c->slopes->pixels);
    shift(c, x, key, n, step, -1);
  }
  return IG_OK;
}

ig_status ig__climb_run(ig__slopes *slopes, const ig__climb *how, const double *weight, const uint64_t *key, int n, double *x,
                        double *before, double *after) {
  const ig__input_options *in = &slopes->model->input;
  const size_t all = (size_t)n * (size_t)slopes->pixels;
  climber c = {.slopes = slopes, .how = how, .size = {in->channels, in->height, in->width}};
  c.slope = ig__alloc(all, sizeof *c.slope);
  c.back = ig__alloc((size_t)slopes->pixels, sizeof *c.back);
  c.number = ig__alloc((size_t)n * (size_t)slopes->numbers, sizeof *c.number);
  c.weight = ig__alloc((size_t)n * (size_t)slopes->numbers, sizeof *c.weight);
  ig_status status = c.slope && c.back && c.number && c.weight ? IG_OK : IG_NO_MEMORY;
  for (int i = 0; status == IG_OK && i < n; i++) begin(&c, key[i], x + i * slopes->pixels);
  if (status == IG_OK) status = sums(&c, x, weight, n, before);
  if (status == IG_OK) status = climb(&c, weight, key, n, x);
  if (status == IG_OK) status = sums(&c, x, weight, n, after);
  ig__free(c.slope);
  ig__free(c.back);
  ig__free(c.number);
  ig__free(c.weight);
  return status;
}
