/* The norm of each filter's (unit's) weights is at most so much: after every update, what is larger is scaled down to it. That is
 * the proximal step of a penalty that is 0 inside of the bound and infinite beyond, whatever the step; so its value is 0. */
#include "optim/groups.h"

typedef struct { char on[IG__PENALTY_ON_SIZE]; double most; } max_options;

static const ig__option table[] = {
  IG__PENALTY_ON(max_options),
  IG__POSITIONAL(max_options, most, NULL, 1e-9, 1e9, "", "largest norm of the weights of one filter or unit"),
  IG__OPTIONS_END };

static double resolve(const void *options, double pictures) {
  const max_options *o = options;
  (void)pictures;
  return o->most;
}

static int groups(const void *options) {
  (void)options;
  return IG__BY_FILTERS;
}

static double value(const ig__kernels *k, const void *options, double lambda, const ig__weights *w) {
  (void)k;
  (void)options;
  (void)lambda;
  (void)w;
  return 0;
}

static double project(double norm, double most) { return norm > most ? most / norm : 1; }

static void prox(const ig__kernels *k, const void *options, double lambda, double step, const ig__weights *w) {
  (void)options;
  (void)step;
  ig__groups_scale(k, w, true, project, lambda);
}

const ig__penalty ig__penalty_max_norm = {
  .name = "max_norm",
  .help = "a bound for the norm of each filter's weights: scaled down to it after every update",
  .source = "Srebro, Rennie & Jaakkola, NIPS 2004; Hinton et al., arXiv:1207.0580 (2012)",
  .options = table,
  .options_size = sizeof(max_options),
  .lambda = resolve,
  .groups = groups,
  .tensor_value = value,
  .tensor_prox = prox,
};
