/* gelu: x·Φ(x) with the normal distribution Φ, the exact form (Hendrycks & Gimpel 2016), not the one by tanh, which is off by
 * up to 5e-4. The slope is Φ(x) + x·φ(x). */
#include "ops/elementwise.h"

static bool gelu_fast(const ig__kernels *k, int order, const void *options, void *out, const void *u, const void *g,
                      int64_t count) {
  (void)options;
  if (order == 0) k->gelu(out, u, count);
  if (order == 1) k->gelu_dx(out, u, g, count);
  return order < 2;
}

IG__ELEMENTWISE_OF(gelu, ig__elementwise, NULL, , IG__DRAW_NORMAL,
                   "Gaussian error linear unit, x*P(normal < x), the exact form", IG__FROM_X,
                   x * ig__normal(x),
                   ig__normal(x) + x * ig__normal_density(x),
                   (2 - x * x) * ig__normal_density(x),
                   .flags = IG__CHANNELWISE | IG__ACTIVATION | IG__LAYER | IG__IN_PLACE)
