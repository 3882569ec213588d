/* exp: eˣ, its own slope. */
#include "ops/elementwise.h"

static bool exp_fast(const ig__kernels *k, int order, const void *options, void *out, const void *u, const void *g,
                     int64_t count) {
  (void)options;
  if (order == 0) k->exp(out, u, count);
  if (order == 1) k->mul(out, u, g, count);
  return order < 2;
}

IG__ELEMENTWISE_OF(exp, ig__elementwise, NULL, , IG__DRAW_NORMAL, "exponential function", IG__FROM_Y, ig__exp(x), y, 1,
                   .flags = IG__CHANNELWISE | IG__ACTIVATION | IG__LAYER | IG__IN_PLACE | IG__DIRTY_LANES)
