/* Normal with deviation √(2/fan_in), for relu, which halves the mean square: the plain normal of PyTorch
 * (kaiming_normal_). Keras draws from one cut at two deviations and widened to the same variance. */
#include "optim/optim.h"

#include <math.h>

static void fill(const void *options, double fan_in, double fan_out, ig__rng *rng, double *w, int64_t count) {
  (void)options;
  (void)fan_out;
  double deviation = sqrt(2 / fan_in);
  for (int64_t i = 0; i < count; i++) w[i] = deviation * ig__rng_normal(rng);
}

const ig__initialiser ig__initialiser_he_normal = {
  .name = "he_normal",
  .help = "normal, deviation sqrt(2/fan_in), for relu",
  .source = "He, Zhang, Ren & Sun, Delving deep into rectifiers, ICCV 2015",
  .fill = fill,
};
