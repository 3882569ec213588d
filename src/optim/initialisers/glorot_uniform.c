/* Uniform in ±√(6/(fan_in+fan_out)), whose variance is 2/(fan_in+fan_out): a compromise between keeping the spread of
 * the activations on the way forward and of the gradients on the way back. */
#include "optim/optim.h"

#include <math.h>

static void fill(const void *options, double fan_in, double fan_out, ig__rng *rng, double *w, int64_t count) {
  (void)options;
  double limit = sqrt(6 / (fan_in + fan_out));
  for (int64_t i = 0; i < count; i++) w[i] = ig__rng_range(rng, -limit, limit);
}

const ig__initialiser ig__initialiser_glorot_uniform = {
  .name = "glorot_uniform",
  .help = "uniform within sqrt(6/(fan_in+fan_out))",
  .source = "Glorot & Bengio, Understanding the difficulty of training deep feedforward neural networks, AISTATS 2010",
  .fill = fill,
};
