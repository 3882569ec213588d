/* square: x². */
#include "ops/elementwise.h"

static bool square_fast(const ig__kernels *k, int order, const void *options, void *out, const void *u, const void *g,
                        int64_t count) {
  (void)options, (void)g;
  if (order == 0) k->mul(out, u, u, count);
  return order == 0;
}

IG__ELEMENTWISE_OF(square, ig__elementwise, NULL, , IG__DRAW_NORMAL, "x*x", IG__FROM_X, x * x, 2 * x, 2,
                   .flags = IG__CHANNELWISE | IG__ACTIVATION | IG__LAYER | IG__IN_PLACE)
