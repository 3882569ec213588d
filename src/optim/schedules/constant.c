/* The base rate throughout. */
#include "optim/optim.h"

typedef struct { double warmup; } constant_options;

static const ig__option table[] = {
  IG__OPTION(constant_options, warmup, "0", 0, 1e6, "epochs", "the rate rises linearly over these first epochs"),
  IG__OPTIONS_END };

static double factor(const void *options, ig__progress at) {
  (void)options;
  (void)at;
  return 1;
}

const ig__schedule ig__schedule_constant = {
  .name = "constant",
  .help = "the same rate throughout",
  .source = "no schedule in Keras and PyTorch",
  .options = table,
  .options_size = sizeof(constant_options),
  .factor = factor,
};
