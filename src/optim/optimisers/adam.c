/* Adam: m = β₁m + (1−β₁)g, v = β₂v + (1−β₂)g², w −= lr · m̂ / (√v̂ + ε), where m̂ = m/(1−β₁ᵗ) and v̂ = v/(1−β₂ᵗ).
 * ε stands after the bias correction, as in Algorithm 1 of the paper and in PyTorch. Keras adds it before, which makes
 * it larger in the first steps (by 1/√(1−β₂) = 32 in the very first). */
#include "optim/optim.h"
#include "optim/power.h"

typedef struct { double beta1, beta2, epsilon; } adam_options;

/* β = 1 would keep the zeros that the moments start from and divide 0 by 0; ε = 0 would do so where a gradient has been
 * 0 since the first step. Hence the bounds. */
static const ig__option table[] = {
  IG__OPTION(adam_options, beta1, "0.9", 0, 0.999999, "", "share of the mean gradient kept from step to step"),
  IG__OPTION(adam_options, beta2, "0.999", 0, 0.99999999, "", "share of the mean squared gradient kept at each step"),
  IG__OPTION(adam_options, epsilon, "1e-7", 1e-30, 1, "", "added to the root of the mean square, bias corrected"),
  IG__OPTIONS_END };

static int slots(const void *options) {
  (void)options;
  return 2;
}

static void step(const ig__update *u) {
  const adam_options *o = u->options;
  ig__adam p = {.lr = u->lr, .beta1 = o->beta1, .beta2 = o->beta2, .epsilon = o->epsilon,
                .correction1 = 1 - ig__power(o->beta1, u->step), .correction2 = 1 - ig__power(o->beta2, u->step)};
  u->k->adam_step(u->w, u->g, u->slot[0], u->slot[1], &p, u->count);
}

const ig__optimiser ig__optimiser_adam = {
  .name = "adam",
  .help = "a rate for each weight from running means of its gradient and squared gradient",
  .source = "Kingma & Ba, Adam: a method for stochastic optimization, ICLR 2015",
  .options = table,
  .options_size = sizeof(adam_options),
  .slots = slots,
  .default_lr = 0.001,
  .step = step,
};
