/* The rate times gammaᵗ after t epochs, smoothly from step to step; in PyTorch (ExponentialLR) and with staircase=True in Keras only
 * at the end of each epoch, which is `step 1`. */
#include "optim/optim.h"
#include "optim/power.h"

typedef struct { double warmup, gamma; } exponential_options;

static const ig__option table[] = {
  IG__POSITIONAL(exponential_options, gamma, NULL, 1e-6, 1, "", "what an epoch multiplies the rate by"),
  IG__OPTION(exponential_options, warmup, "0", 0, 1e6, "epochs", "the rate rises linearly over these first epochs"),
  IG__OPTIONS_END };

static double factor(const void *options, ig__progress at) {
  const exponential_options *o = options;
  return ig__power_real(o->gamma, (double)at.step / (double)at.steps_per_epoch);
}

const ig__schedule ig__schedule_exponential = {
  .name = "exponential",
  .help = "falls by the same factor in each epoch, smoothly",
  .source = "ExponentialDecay in Keras; ExponentialLR in PyTorch, by steps of an epoch",
  .options = table,
  .options_size = sizeof(exponential_options),
  .factor = factor,
};
