/* silu, also called swish: x·σ(x) (Hendrycks & Gimpel 2016; Ramachandran, Zoph & Le 2017). */
#include "ops/elementwise.h"

static bool silu_fast(const ig__kernels *k, int order, const void *options, void *out, const void *u, const void *g,
                      int64_t count) {
  (void)options;
  if (order == 0) k->silu(out, u, count);
  if (order == 1) k->silu_dx(out, u, g, count);
  return order < 2;
}

IG__ELEMENTWISE_OF(silu, ig__elementwise, NULL, , IG__DRAW_NORMAL, "x*sigmoid(x), also called swish", IG__FROM_X,
                   x * ig__sigmoid(x),
                   ig__sigmoid(x) * (1 + x * ig__sigmoid(-x)),
                   ig__sigmoid(x) * ig__sigmoid(-x) * (2 + x * (1 - 2 * ig__sigmoid(x))),
                   .flags = IG__CHANNELWISE | IG__ACTIVATION | IG__LAYER | IG__IN_PLACE)
