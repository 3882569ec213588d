/* Normal with deviation √(1/fan_in), which keeps the variance of what a linear or tanh-like layer is given: the plain normal.
 * Keras draws from one cut at two deviations and widened to the same variance. */
#include "optim/optim.h"

#include <math.h>

static void fill(const void *options, double fan_in, double fan_out, ig__rng *rng, double *w, int64_t count) {
  (void)options;
  (void)fan_out;
  double deviation = sqrt(1 / fan_in);
  for (int64_t i = 0; i < count; i++) w[i] = deviation * ig__rng_normal(rng);
}

const ig__initialiser ig__initialiser_lecun_normal = {
  .name = "lecun_normal",
  .help = "normal, deviation sqrt(1/fan_in)",
  .source = "LeCun, Bottou, Orr & Mueller, Efficient backprop, 1998",
  .fill = fill,
};
