/* Ones everywhere. */
#include "optim/optim.h"

static void fill(const void *options, double fan_in, double fan_out, ig__rng *rng, double *w, int64_t count) {
  (void)options;
  (void)fan_in;
  (void)fan_out;
  (void)rng;
  for (int64_t i = 0; i < count; i++) w[i] = 1;
}

const ig__initialiser ig__initialiser_ones = {
  .name = "ones",
  .help = "ones everywhere",
  .source = "Ones in Keras, ones_ in PyTorch",
  .fill = fill,
};
