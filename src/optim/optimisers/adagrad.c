/* AdaGrad: v = v + g², w −= lr·g/(√v + ε): rates that only fall, slower for what is seldom used. The sum starts at 0, as in
 * PyTorch; in Keras at 0.1. */
#include "optim/rms.h"

typedef struct { double epsilon; } adagrad_options;

static const ig__option table[] = {
  IG__OPTION(adagrad_options, epsilon, "1e-7", 1e-30, 1, "", "added to the root of the sum of squares"),
  IG__OPTIONS_END };

static int slots(const void *options) {
  (void)options;
  return 1;
}

static void step(const ig__update *u) {
  const adagrad_options *o = u->options;
  const ig__rms p = {.lr = u->lr, .keep = 1, .add = 1, .epsilon = o->epsilon};
  u->k->rms_step(u->w, u->g, u->slot[0], NULL, &p, u->count);
}

static void gain(const ig__update *u, double *out) {
  const adagrad_options *o = u->options;
  ig__rms_gain(u, 1, o->epsilon, out);
}

const ig__optimiser ig__optimiser_adagrad = {
  .name = "adagrad",
  .help = "a rate for each weight from the sum of its squared gradients",
  .source = "Duchi, Hazan & Singer, Adaptive subgradient methods, JMLR 2011",
  .options = table,
  .options_size = sizeof(adagrad_options),
  .slots = slots,
  .default_lr = 0.01,
  .step = step,
  .gain = gain,
};
