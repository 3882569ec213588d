/* Gradient descent on the whole data: x −= t·∇f, the step length found by a line search or fixed. */
#include "optim/descent.h"

#include <math.h>

enum { ARMIJO, WOLFE, NONE };

typedef struct { double gtol, ftol, budget; int search; double lr; } gd_options;

static const ig__word searches[] = {{"armijo", ARMIJO}, {"wolfe", WOLFE}, {"none", NONE}, {NULL, 0}};
static const ig__option table[] = {
  IG__DESCENT_RULES(gd_options),
  IG__OPTION_WORDS(gd_options, search, "armijo", 1, 0, "", "how the step length is found; none: it is lr", searches),
  IG__OPTION(gd_options, lr, "0.1", 1e-12, 1e6, "", "step length without a search; the first one tried with it"),
  IG__OPTIONS_END };

enum { DIRECTION, TO_X, TO_G, VECTORS };

static int vectors(const void *options) {
  (void)options;
  return VECTORS;
}

/* Nothing is compared: too large a step goes uphill, as the textbook shows; only what is not finite ends it. */
static ig_status fixed_step(ig__descent *d, double lr) {
  ig__axpy(-lr, d->g, d->x, d->f.count);
  d->state.length = lr;
  IG__TRY(ig__descent_evaluate(d, d->x, &d->state.value, d->g));
  if (isfinite(d->state.value) && isfinite(ig__largest(d->g, d->f.count))) return IG_OK;
  return ig__fail(IG_DIVERGED, "gd: the loss is not finite after iteration %lld; try a smaller lr, or search=armijo",
                  (long long)d->state.iteration + 1);
}

static ig_status step(ig__descent *d) {
  const gd_options *o = d->options;
  double *direction = ig__descent_vector(d, DIRECTION), *to_x = ig__descent_vector(d, TO_X), *to_g = ig__descent_vector(d, TO_G);
  if (o->search == NONE) return fixed_step(d, o->lr);
  for (int64_t i = 0; i < d->f.count; i++) direction[i] = -d->g[i];
  /* Twice the last length: it may grow again where the surface is flatter. */
  double length = d->state.iteration ? 2 * d->state.length : o->lr;
  if (o->search == WOLFE) return ig__search_wolfe(d, direction, length, 0.1, to_x, to_g);
  return ig__search_armijo(d, direction, length, to_x, to_g);
}

const ig__descent_method ig__descent_gd = {
  .name = "gd",
  .help = "full-batch gradient descent with a line search",
  .source = "Cauchy 1847; step length: Armijo 1966, Wolfe 1969",
  .options = table,
  .options_size = sizeof(gd_options),
  .vectors = vectors,
  .step = step,
};
