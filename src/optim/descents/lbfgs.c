/* L-BFGS: the last m changes of x and of the gradient stand for the curvature; steps by a strong Wolfe search. */
#include "optim/descent.h"

#include <math.h>
#include <string.h>

typedef struct { double gtol, ftol, budget; int memory; } lbfgs_options;

static const ig__option table[] = {
  IG__DESCENT_RULES(lbfgs_options),
  IG__POSITIONAL(lbfgs_options, memory, "10", 1, 100, "pairs", "changes of x and gradient that are kept"),
  IG__OPTIONS_END };

enum { DIRECTION, TO_X, TO_G, PAIRS };

static int vectors(const void *options) {
  const lbfgs_options *o = options;
  return PAIRS + 2 * o->memory;
}

/* The pair that is `back` behind the latest: s, the change of x, and y, that of the gradient. */
static double *s_of(ig__descent *d, int64_t back) {
  const lbfgs_options *o = d->options;
  return ig__descent_vector(d, PAIRS + 2 * (int)((d->state.pairs - 1 - back) % o->memory));
}
static double *y_of(ig__descent *d, int64_t back) { return s_of(d, back) + d->f.count; }

/* direction = −H·g, by the two loops over the pairs kept. */
static void find_direction(ig__descent *d, double *direction) {
  const lbfgs_options *o = d->options;
  int64_t n = d->f.count, kept = d->state.pairs < o->memory ? d->state.pairs : o->memory;
  double alpha[100];
  for (int64_t i = 0; i < n; i++) direction[i] = -d->g[i];
  if (!kept) return;
  for (int64_t i = 0; i < kept; i++) {
    const double *s = s_of(d, i), *y = y_of(d, i);
    alpha[i] = ig__dot(s, direction, n) / ig__dot(s, y, n);
    ig__axpy(-alpha[i], y, direction, n);
  }
  const double *s = s_of(d, 0), *y = y_of(d, 0);
  double scale = ig__dot(s, y, n) / ig__dot(y, y, n);
  for (int64_t i = 0; i < n; i++) direction[i] *= scale;
  for (int64_t i = kept; i-- > 0;) {
    s = s_of(d, i), y = y_of(d, i);
    ig__axpy(alpha[i] - ig__dot(y, direction, n) / ig__dot(s, y, n), s, direction, n);
  }
}

/* Keeps the change from the old point, made in its place; only one with positive curvature keeps H positive. */
static void keep_pair(ig__descent *d, double *x, double *g) {
  int64_t n = d->f.count;
  for (int64_t i = 0; i < n; i++) {
    x[i] = d->x[i] - x[i];
    g[i] = d->g[i] - g[i];
  }
  if (!(ig__dot(x, g, n) > 1e-10 * sqrt(ig__dot(x, x, n) * ig__dot(g, g, n)))) return;
  d->state.pairs++;
  memcpy(s_of(d, 0), x, (size_t)n * sizeof *x);
  memcpy(y_of(d, 0), g, (size_t)n * sizeof *g);
}

static ig_status step(ig__descent *d) {
  double *direction = ig__descent_vector(d, DIRECTION), *to_x = ig__descent_vector(d, TO_X), *to_g = ig__descent_vector(d, TO_G);
  for (;;) {
    find_direction(d, direction);
    /* Without pairs the length of the direction means nothing: a first step of length 1 at most. */
    double length = d->state.pairs ? 1 : fmin(1, 1 / sqrt(ig__dot(d->g, d->g, d->f.count)));
    IG__TRY(ig__search_wolfe(d, direction, length, 0.9, to_x, to_g));
    if (!d->stuck) break;
    if (!d->state.pairs) return IG_OK;
    d->state.pairs = 0; /* what the pairs say may be wrong here: along the gradient, before giving up */
  }
  keep_pair(d, to_x, to_g);
  return IG_OK;
}

const ig__descent_method ig__descent_lbfgs = {
  .name = "lbfgs",
  .help = "limited-memory BFGS: curvature learnt from the last steps",
  .source = "Liu & Nocedal, Mathematical Programming 45, 1989; Nocedal & Wright, Numerical Optimization, 2nd ed., 7.2",
  .options = table,
  .options_size = sizeof(lbfgs_options),
  .vectors = vectors,
  .step = step,
};
