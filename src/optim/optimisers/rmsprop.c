/* RMSprop: v = ρv + (1−ρ)g², w −= lr·g/(√v + ε); with momentum buf = μ·buf + g/(√v + ε), w −= lr·buf (PyTorch's form). ε is
 * added to the root, as in PyTorch; Keras adds it under the root. */
#include "optim/rms.h"

typedef struct { double rho, epsilon, momentum; } rmsprop_options;

static const ig__option table[] = {
  IG__OPTION(rmsprop_options, rho, "0.9", 0, 0.99999999, "", "share of the mean squared gradient kept at each step"),
  IG__OPTION(rmsprop_options, epsilon, "1e-7", 1e-30, 1, "", "added to the root of the mean square"),
  IG__OPTION(rmsprop_options, momentum, "0", 0, 0.999999, "", "share of the velocity kept from step to step"),
  IG__OPTIONS_END };

static int slots(const void *options) { return ((const rmsprop_options *)options)->momentum > 0 ? 2 : 1; }

static void step(const ig__update *u) {
  const rmsprop_options *o = u->options;
  const ig__rms p = {.lr = u->lr, .keep = o->rho, .add = 1 - o->rho, .epsilon = o->epsilon, .momentum = o->momentum};
  u->k->rms_step(u->w, u->g, u->slot[0], o->momentum > 0 ? u->slot[1] : NULL, &p, u->count);
}

static void gain(const ig__update *u, double *out) {
  const rmsprop_options *o = u->options;
  ig__rms_gain(u, 1 - o->rho, o->epsilon, out);
}

const ig__optimiser ig__optimiser_rmsprop = {
  .name = "rmsprop",
  .help = "a rate for each weight from a running mean of its squared gradient",
  .source = "Tieleman & Hinton, Neural networks for machine learning, lecture 6.5, Coursera 2012",
  .options = table,
  .options_size = sizeof(rmsprop_options),
  .slots = slots,
  .default_lr = 0.001,
  .step = step,
  .gain = gain,
};
