/* One value everywhere. */
#include "optim/optim.h"

typedef struct { double value; } constant_options;

static const ig__option table[] = {
  IG__POSITIONAL(constant_options, value, NULL, -1e6, 1e6, "", "what every weight starts as"),
  IG__OPTIONS_END };

static void fill(const void *options, double fan_in, double fan_out, ig__rng *rng, double *w, int64_t count) {
  const constant_options *o = options;
  (void)fan_in;
  (void)fan_out;
  (void)rng;
  for (int64_t i = 0; i < count; i++) w[i] = o->value;
}

const ig__initialiser ig__initialiser_constant = {
  .name = "constant",
  .help = "the same value everywhere",
  .source = "Constant in Keras, constant_ in PyTorch",
  .options = table,
  .options_size = sizeof(constant_options),
  .fill = fill,
};
