/* Straight from `from` at step 0 to `to` at total_steps, which is the step after the last one; a run that goes on beyond it stays there. */
#include "optim/optim.h"

typedef struct { double warmup, from, to; } linear_options;

static const ig__option table[] = {
  IG__OPTION(linear_options, from, "1", 0, 1e6, "", "share of the rate, or of lambda, at the first step"),
  IG__OPTION(linear_options, to, "0", 0, 1e6, "", "share of it that is reached at the end"),
  IG__OPTION(linear_options, warmup, "0", 0, 1e6, "epochs", "the rate rises linearly over these first epochs"),
  IG__OPTIONS_END };

static double factor(const void *options, ig__progress at) {
  const linear_options *o = options;
  if (at.step >= at.total_steps) return o->to;
  return o->from + (o->to - o->from) * ((double)at.step / (double)at.total_steps);
}

const ig__schedule ig__schedule_linear = {
  .name = "linear",
  .help = "goes straight from one share to another over the whole run",
  .source = "LinearLR in PyTorch; PolynomialDecay of power 1 in Keras",
  .options = table,
  .options_size = sizeof(linear_options),
  .factor = factor,
};
