/* The rate times gamma after each `every` epochs, counted from the start of the run, warm-up included. */
#include "optim/optim.h"
#include "optim/power.h"

typedef struct { double warmup; int every; double gamma; } step_options;

/* `every` has no default: a number that suits 100 epochs does nothing at all in a run of 10. */
static const ig__option table[] = {
  IG__POSITIONAL(step_options, every, NULL, 1, 1e6, "epochs", "the rate drops after each so many epochs"),
  IG__OPTION(step_options, gamma, "0.1", 1e-6, 1, "", "what a drop multiplies the rate by"),
  IG__OPTION(step_options, warmup, "0", 0, 1e6, "epochs", "the rate rises linearly over these first epochs"),
  IG__OPTIONS_END };

static double factor(const void *options, ig__progress at) {
  const step_options *o = options;
  int64_t epoch = at.step / at.steps_per_epoch;
  return ig__power(o->gamma, epoch / o->every);
}

const ig__schedule ig__schedule_step = {
  .name = "step",
  .help = "drops by a factor every few epochs",
  .source = "StepLR in PyTorch; staircase ExponentialDecay in Keras",
  .options = table,
  .options_size = sizeof(step_options),
  .factor = factor,
};
