/* Normal with deviation √(2/(fan_in+fan_out)): the plain normal of PyTorch (xavier_normal_). Keras draws from one cut
 * at two deviations and widened to the same variance. */
#include "optim/optim.h"

#include <math.h>

static void fill(const void *options, double fan_in, double fan_out, ig__rng *rng, double *w, int64_t count) {
  (void)options;
  double deviation = sqrt(2 / (fan_in + fan_out));
  for (int64_t i = 0; i < count; i++) w[i] = deviation * ig__rng_normal(rng);
}

const ig__initialiser ig__initialiser_glorot_normal = {
  .name = "glorot_normal",
  .help = "normal, deviation sqrt(2/(fan_in+fan_out))",
  .source = "Glorot & Bengio, Understanding the difficulty of training deep feedforward neural networks, AISTATS 2010",
  .fill = fill,
};
