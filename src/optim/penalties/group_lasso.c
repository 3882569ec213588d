/* λΣ√size·‖w_g‖₂ over groups g of a tensor's weights: the norm of a group is not squared, so whole groups become exactly zero, as
 * single weights do under l1. The proximal step is the soft threshold of each group's norm. `both` takes filters and channels,
 * which overlap: a step for one, then a step for the other; that is the minimum of neither sum of them, and has its zeros. */
#include "optim/groups.h"

#include <math.h>

typedef struct { char on[IG__PENALTY_ON_SIZE]; double lambda; int by; } group_options;

static const ig__word words[] = {{"filters", IG__BY_FILTERS}, {"channels", IG__BY_CHANNELS}, {"both", IG__BY_FILTERS | IG__BY_CHANNELS}, {NULL, 0}};
static const ig__option table[] = {
  IG__PENALTY_ON(group_options),
  IG__POSITIONAL(group_options, lambda, NULL, 0, 1e6, "", "strength; the penalty is lambda*sum over groups of sqrt(size)*norm"),
  IG__OPTION_WORDS(group_options, by, "filters", 1, 0, "", "a group has the weights of one filter (output), or of one channel (input)",
                   words),
  IG__OPTIONS_END };

static double resolve(const void *options, double pictures) {
  const group_options *o = options;
  (void)pictures;
  return o->lambda;
}

static int groups(const void *options) { return ((const group_options *)options)->by; }

static double value_by(const ig__kernels *k, double lambda, const ig__weights *w, bool filters) {
  return lambda * sqrt((double)ig__group_size(w, filters)) * ig__groups_norms(k, w, filters);
}

static double value(const ig__kernels *k, const void *options, double lambda, const ig__weights *w) {
  double sum = 0;
  if (groups(options) & IG__BY_FILTERS) sum += value_by(k, lambda, w, true);
  if (groups(options) & IG__BY_CHANNELS) sum += value_by(k, lambda, w, false);
  return sum;
}

static double shrink(double norm, double threshold) { return norm > threshold ? 1 - threshold / norm : 0; }

static void prox_by(const ig__kernels *k, double strength, const ig__weights *w, bool filters) {
  ig__groups_scale(k, w, filters, shrink, strength * sqrt((double)ig__group_size(w, filters)));
}

static void prox(const ig__kernels *k, const void *options, double lambda, double step, const ig__weights *w) {
  if (groups(options) & IG__BY_FILTERS) prox_by(k, step * lambda, w, true);
  if (groups(options) & IG__BY_CHANNELS) prox_by(k, step * lambda, w, false);
}

const ig__penalty ig__penalty_group_lasso = {
  .name = "group_lasso",
  .help = "norms of filters or channels: makes whole ones exactly zero, which 'imgrad prune' removes",
  .source = "Yuan & Lin, JRSS B 2006; on filters and channels: Wen et al., NIPS 2016",
  .options = table,
  .options_size = sizeof(group_options),
  .lambda = resolve,
  .groups = groups,
  .tensor_value = value,
  .tensor_prox = prox,
};
