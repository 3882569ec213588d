/* λ‖w‖₁ as a proximal step after the update (soft threshold at step·λ), so that weights become exactly zero; a gradient
 * of λ·sign(w) would only make them jump about zero. */
#include "optim/optim.h"

typedef struct { char on[IG__PENALTY_ON_SIZE]; double lambda; } l1_options;

static const ig__option table[] = {
  IG__PENALTY_ON(l1_options),
  IG__POSITIONAL(l1_options, lambda, NULL, 0, 1e6, "", "strength; the penalty is lambda*sum|w|"),
  IG__OPTIONS_END };

static double resolve(const void *options, double pictures) {
  const l1_options *o = options;
  (void)pictures;
  return o->lambda;
}

static double value(const ig__kernels *k, const void *options, double lambda, const void *w, int64_t count) {
  (void)options;
  return lambda * k->sum_abs(w, count);
}

static void prox(const ig__kernels *k, const void *options, double lambda, double step, void *w, int64_t count) {
  (void)options;
  k->clip_weights_zero(w, step * lambda, count);
}

const ig__penalty ig__penalty_l1 = {
  .name = "l1",
  .help = "sum of absolute weights: makes weights exactly zero",
  .source = "Tibshirani, JRSS B 1996 (lasso); the step: Daubechies, Defrise & De Mol, CPAM 2004",
  .options = table,
  .options_size = sizeof(l1_options),
  .lambda = resolve,
  .value = value,
  .prox = prox,
};
