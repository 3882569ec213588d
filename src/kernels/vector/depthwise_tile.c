/* The register tile of a depthwise convolution: a tap multiplies vectors of channels, pixel by pixel. */
#include "kernels/vector/conv_tile.h"
#include "kernels/vector/relu.h"

/* Accumulators; a weight and an input are needed beside them. */
#if IG__VECTOR_BYTES == 64
#define MOST_PIXELS 14
#define PIXELS(X) X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11) X(12) X(13)
#else
#define MOST_PIXELS 12
#define PIXELS(X) X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11)
#endif

/* `step` is x_pixel where it is known at compile time, else 0. */
IG__INLINE void tile(const int P, const int64_t step, const conv_tile *t) {
  const int64_t pixel = step ? step : t->x_pixel, y_pixel = t->y_pixel;
#define DECLARE(p) V a##p = {0};
  PIXELS(DECLARE)
  for (int row = 0; row < t->rows; row++) {
    const real *x = t->x + row * t->x_row, *w = t->w + row * t->w_row;
    for (int col = t->cols; col > 0; col--, x += t->x_col, w += t->w_col) {
      const V s = load(w);
#define MULTIPLY(p) \
  if (p < P) a##p += load(x + p * pixel) * s;
      PIXELS(MULTIPLY)
    }
  }
  const V bias = t->bias ? load(t->bias) : (V){0};
#define BIAS(p) a##p += bias;
  PIXELS(BIAS)
#define RELU(p) a##p = relu(a##p);
  if (t->relu) { PIXELS(RELU) }
#define STORE(p) \
  if (p < P) store(t->y + p * y_pixel, a##p);
  PIXELS(STORE)
}

typedef void tile_function(const conv_tile *t);
#define FUNCTION(step, p) \
  static void tile_##step##_##p(const conv_tile *t) { tile(p, step, t); }
#define ENTRY(step, p) tile_##step##_##p,
#define FEW(X, step) X(step, 1) X(step, 2) X(step, 3) X(step, 4)
#if MOST_PIXELS == 14
#define MANY(X, step) \
  FEW(X, step) X(step, 5) X(step, 6) X(step, 7) X(step, 8) X(step, 9) X(step, 10) X(step, 11) X(step, 12) X(step, 13) X(step, 14)
#else
#define MANY(X, step) FEW(X, step) X(step, 5) X(step, 6) X(step, 7) X(step, 8) X(step, 9) X(step, 10) X(step, 11) X(step, 12)
#endif
#define TABLE(pixels, step) \
  pixels(FUNCTION, step) static tile_function *const tiles_##step[] = { NULL, pixels(ENTRY, step) };

TABLE(MANY, 16)
TABLE(MANY, 32)
TABLE(FEW, 0)

int IG__NAME(depthwise_tile_pixels)(int64_t x_pixel) { return x_pixel == 16 || x_pixel == 32 ? MOST_PIXELS : 4; }

void IG__NAME(depthwise_tile)(const conv_tile *t, int pixels) {
  (t->x_pixel == 16 ? tiles_16 : t->x_pixel == 32 ? tiles_32 : tiles_0)[pixels](t);
}
