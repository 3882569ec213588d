/* log: the natural logarithm, −∞ at 0 and no number below: the check of the loss then names step and layer. */
#include "ops/elementwise.h"

static bool log_fast(const ig__kernels *k, int order, const void *options, void *out, const void *u, const void *g,
                     int64_t count) {
  (void)options, (void)g;
  if (order == 0) k->log(out, u, count);
  return order == 0;
}

IG__ELEMENTWISE_OF(log, ig__elementwise, NULL, , IG__DRAW_POSITIVE, "natural logarithm, of positive values", IG__FROM_X,
                   ig__log(x), 1 / x, -1 / (x * x),
                   .flags = IG__CHANNELWISE | IG__ACTIVATION | IG__LAYER | IG__IN_PLACE | IG__DIRTY_LANES)
