/* Uniform in ±√(3/fan_in), whose variance is 1/fan_in. */
#include "optim/optim.h"

#include <math.h>

static void fill(const void *options, double fan_in, double fan_out, ig__rng *rng, double *w, int64_t count) {
  (void)options;
  (void)fan_out;
  double limit = sqrt(3 / fan_in);
  for (int64_t i = 0; i < count; i++) w[i] = ig__rng_range(rng, -limit, limit);
}

const ig__initialiser ig__initialiser_lecun_uniform = {
  .name = "lecun_uniform",
  .help = "uniform within sqrt(3/fan_in)",
  .source = "LeCun, Bottou, Orr & Mueller, Efficient backprop, 1998",
  .fill = fill,
};
