/* λ(ratio·‖w‖₁ + (1−ratio)/2·‖w‖²), in the parametrisation of Zou & Hastie's successors (glmnet, scikit-learn), as one proximal
 * step: the soft threshold of l1, then divided by 1 + step·λ(1−ratio). So both halves act alike under every optimiser, which
 * --l1 with --l2 do not: there the half of l2 is a gradient, and adaptive optimisers rescale it. */
#include "optim/optim.h"

typedef struct { char on[IG__PENALTY_ON_SIZE]; double lambda, ratio; } net_options;

static const ig__option table[] = {
  IG__PENALTY_ON(net_options),
  IG__POSITIONAL(net_options, lambda, NULL, 0, 1e6, "", "strength; the penalty is lambda*(ratio*sum|w| + (1-ratio)/2*sum(w^2))"),
  IG__OPTION(net_options, ratio, "0.5", 0, 1, "", "share of the absolute values; 1 is l1"),
  IG__OPTIONS_END };

static double resolve(const void *options, double pictures) {
  const net_options *o = options;
  (void)pictures;
  return o->lambda;
}

static double value(const ig__kernels *k, const void *options, double lambda, const void *w, int64_t count) {
  const net_options *o = options;
  return lambda * (o->ratio * k->sum_abs(w, count) + (1 - o->ratio) / 2 * k->sum_squares(w, count));
}

static void prox(const ig__kernels *k, const void *options, double lambda, double step, void *w, int64_t count) {
  const net_options *o = options;
  k->clip_weights_zero(w, step * lambda * o->ratio, count);
  k->scale(w, w, 1 / (1 + step * lambda * (1 - o->ratio)), count);
}

const ig__penalty ig__penalty_elastic_net = {
  .name = "elastic_net",
  .help = "absolute and squared weights mixed: exact zeros, and small weights beside them",
  .source = "Zou & Hastie, JRSS B 2005; the step: Parikh & Boyd, Proximal Algorithms 2014, 6.5.3",
  .options = table,
  .options_size = sizeof(net_options),
  .lambda = resolve,
  .value = value,
  .prox = prox,
};
