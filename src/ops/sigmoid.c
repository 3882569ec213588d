/* sigmoid: 1/(1 + e⁻ˣ), slope y·(1 − y). */
#include "ops/elementwise.h"

/* The slope by vector kernels, in pieces that stay in the first cache; the piece also lets `out` be `u`. */
static bool sigmoid_fast(const ig__kernels *k, int order, const void *options, void *out, const void *u, const void *g,
                         int64_t count) {
  enum { PIECE = 256 };
  double piece[PIECE];
  (void)options;
  if (order == 0) k->sigmoid(out, u, count);
  for (int64_t i = 0; order == 1 && i < count; i += PIECE) {
    const int64_t some = count - i < PIECE ? count - i : PIECE, at = i * k->real_size;
    const char *y = (const char *)u + at;
    k->mul(piece, y, y, some);
    k->sub(piece, y, piece, some);
    k->mul((char *)out + at, piece, (const char *)g + at, some);
  }
  return order < 2;
}

IG__ELEMENTWISE_OF(sigmoid, ig__elementwise, NULL, , IG__DRAW_NORMAL, "logistic function, 1/(1 + exp(-x))", IG__FROM_Y,
                   ig__sigmoid(x), y * (1 - y), 1 - 2 * y,
                   .flags = IG__CHANNELWISE | IG__ACTIVATION | IG__LAYER | IG__IN_PLACE | IG__DIRTY_LANES)
