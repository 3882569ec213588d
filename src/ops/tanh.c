/* tanh: the hyperbolic tangent, slope 1 − y². */
#include "ops/elementwise.h"

/* The slope as g − y²·g by vector kernels, in pieces that stay in the first cache; the piece also lets `out` be `u`. */
static bool tanh_fast(const ig__kernels *k, int order, const void *options, void *out, const void *u, const void *g,
                      int64_t count) {
  enum { PIECE = 256 };
  double piece[PIECE];
  (void)options;
  if (order == 0) k->tanh(out, u, count);
  for (int64_t i = 0; order == 1 && i < count; i += PIECE) {
    const int64_t some = count - i < PIECE ? count - i : PIECE, at = i * k->real_size;
    const char *y = (const char *)u + at, *flow = (const char *)g + at;
    k->mul(piece, y, y, some);
    k->mul(piece, piece, flow, some);
    k->sub((char *)out + at, flow, piece, some);
  }
  return order < 2;
}

IG__ELEMENTWISE_OF(tanh, ig__elementwise, NULL, , IG__DRAW_NORMAL, "hyperbolic tangent", IG__FROM_Y,
                   ig__tanh(x), 1 - y * y, -2 * y,
                   .flags = IG__CHANNELWISE | IG__ACTIVATION | IG__LAYER | IG__IN_PLACE)
