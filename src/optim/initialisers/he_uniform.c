/* Uniform in ±√(6/fan_in), whose variance is 2/fan_in, for relu. PyTorch's default layers use kaiming_uniform_ with
 * a=√5, which is narrower: ±√(1/fan_in). */
#include "optim/optim.h"

#include <math.h>

static void fill(const void *options, double fan_in, double fan_out, ig__rng *rng, double *w, int64_t count) {
  (void)options;
  (void)fan_out;
  double limit = sqrt(6 / fan_in);
  for (int64_t i = 0; i < count; i++) w[i] = ig__rng_range(rng, -limit, limit);
}

const ig__initialiser ig__initialiser_he_uniform = {
  .name = "he_uniform",
  .help = "uniform within sqrt(6/fan_in), for relu",
  .source = "He, Zhang, Ren & Sun, Delving deep into rectifiers, ICCV 2015",
  .fill = fill,
};
