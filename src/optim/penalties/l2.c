/* λ‖w‖², in three scales that are all in use: full is Ω(w) of the texts and Keras; half makes the gradient λw,
 * PyTorch's weight_decay; half_mean is (λ/2m)‖w‖² with m training pictures, over which the data loss is a mean.
 * `lambda` below is resolved: value λΣw², gradient 2λw, Hessian 2λ. */
#include "optim/optim.h"

enum { FULL, HALF, HALF_MEAN };
typedef struct { char on[IG__PENALTY_ON_SIZE]; double lambda; int scale; } l2_options;

static const ig__word scales[] = {{"full", FULL}, {"half", HALF}, {"half_mean", HALF_MEAN}, {NULL, 0}};
static const ig__option table[] = {
  IG__PENALTY_ON(l2_options),
  IG__POSITIONAL(l2_options, lambda, NULL, 0, 1e6, "", "strength; the penalty is scale*lambda*sum(w^2)"),
  IG__OPTION_WORDS(l2_options, scale, "full", 1, 0, "", "1, 1/2 or 1/(2*training pictures)", scales),
  IG__OPTIONS_END };

static double resolve(const void *options, double pictures) {
  const l2_options *o = options;
  return o->scale == FULL ? o->lambda : o->scale == HALF ? o->lambda / 2 : o->lambda / (2 * pictures);
}

static double value(const ig__kernels *k, const void *options, double lambda, const void *w, int64_t count) {
  (void)options;
  return lambda * k->sum_squares(w, count);
}

static void gradient(const ig__kernels *k, double lambda, const void *w, void *g, int64_t count) {
  k->axpy(g, w, 2 * lambda, count);
}

static void hessian(const ig__kernels *k, double lambda, const void *w, const void *v, void *out, int64_t count) {
  (void)w;
  k->axpy(out, v, 2 * lambda, count);
}

const ig__penalty ig__penalty_l2 = {
  .name = "l2",
  .help = "sum of squared weights: keeps weights small",
  .source = "Hoerl & Kennard, Technometrics 1970 (ridge); Krogh & Hertz, NIPS 1991",
  .options = table,
  .options_size = sizeof(l2_options),
  .lambda = resolve,
  .value = value,
  .gradient = gradient,
  .hessian = hessian,
};
