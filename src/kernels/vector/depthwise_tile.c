/* The register tile of a depthwise convolution: a tap multiplies vectors of channels, pixel by pixel. */
#include "kernels/vector/conv_tile.h"
#include "kernels/vector/native.h"
#include "kernels/vector/relu.h"

/* Accumulators; beside them stand three weights and three inputs, or one of each. */
#if IG__REGISTERS == 32
#define MOST_PIXELS 14
#define PIXELS(X) X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11) X(12) X(13)
#else
#define MOST_PIXELS 8
#define PIXELS(X) X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7)
#endif

/* `step` is x_pixel where it is known at compile time, else 0. `three`: three kernel columns on neighbouring inputs, each of
 * which is loaded once for all of them: left to itself gcc makes it an operand in memory of each product, and 32 × 32 pixels of 64
 * channels take a fifth longer. */
IG__INLINE void tile(const int P, const int64_t step, const bool three, const conv_tile *t) {
  const int64_t pixel = step ? step : t->x_pixel, y_pixel = t->y_pixel;
#define DECLARE(p) V a##p = {0};
  PIXELS(DECLARE)
  for (int row = 0; row < t->rows; row++) {
    const real *x = t->x + row * t->x_row, *w = t->w + row * t->w_row;
    if (three) {
      const V w0 = load(w), w1 = load(w + t->w_col), w2 = load(w + 2 * t->w_col);
      V s0, s1 = {0}, s2 = load(x);
      if (step == IG__BLOCK) s1 = s2, s2 = load(x + IG__BLOCK);
#define MULTIPLY_THREE(p)                                              \
  if (p < P) {                                                         \
    s0 = step == IG__BLOCK ? s1 : s2;                                  \
    s1 = step == IG__BLOCK ? s2 : load(x + p * step + IG__BLOCK);      \
    s2 = in_register(load(x + p * step + 2 * IG__BLOCK));              \
    a##p += s0 * w0;                                                   \
    a##p += s1 * w1;                                                   \
    a##p += s2 * w2;                                                   \
  }
      PIXELS(MULTIPLY_THREE)
      continue;
    }
    for (int col = t->cols; col > 0; col--, x += t->x_col, w += t->w_col) {
      const V s = load(w);
#define MULTIPLY(p) \
  if (p < P) a##p += load(x + p * pixel) * s;
      PIXELS(MULTIPLY)
    }
  }
  const V bias = t->bias ? load(t->bias) : (V){0}, scale = load(t->scale);
#define AFFINE(p) a##p = a##p * scale + bias;
  PIXELS(AFFINE)
#define ADD(p) \
  if (p < P) a##p += load(t->add + p * y_pixel);
  if (t->add) { PIXELS(ADD) }
#define RELU(p) a##p = relu(a##p);
  if (t->relu) { PIXELS(RELU) }
#define STORE(p) \
  if (p < P) store(t->y + p * y_pixel, a##p);
  PIXELS(STORE)
}

typedef void tile_function(const conv_tile *t);
#define FUNCTION(step, form, p) \
  static void form##_##step##_##p(const conv_tile *t) { tile(p, step, form, t); }
#define ENTRY(step, form, p) form##_##step##_##p,
#define FEW(X, step, form) X(step, form, 1) X(step, form, 2) X(step, form, 3) X(step, form, 4)
#define EIGHT(X, step, form) FEW(X, step, form) X(step, form, 5) X(step, form, 6) X(step, form, 7) X(step, form, 8)
#if MOST_PIXELS == 14
#define MANY(X, step, form)                                                                                            \
  EIGHT(X, step, form) X(step, form, 9) X(step, form, 10) X(step, form, 11) X(step, form, 12) X(step, form, 13)        \
  X(step, form, 14)
#else
#define MANY EIGHT
#endif
#define TABLE(pixels, step, form) \
  pixels(FUNCTION, step, form) static tile_function *const form##_##step[] = { NULL, pixels(ENTRY, step, form) };

enum { any, three }; /* kernel columns; `tile` takes it for a truth value */
TABLE(MANY, 16, three)
TABLE(MANY, 32, three)
TABLE(MANY, 16, any)
TABLE(MANY, 32, any)
TABLE(FEW, 0, any)

int IG__NAME(depthwise_tile_pixels)(int64_t x_pixel) { return x_pixel == 16 || x_pixel == 32 ? MOST_PIXELS : 4; }

void IG__NAME(depthwise_tile)(const conv_tile *t, int pixels) {
  const bool neighbours = t->cols == 3 && t->x_col == IG__BLOCK;
  if (t->x_pixel == 16) (neighbours ? three_16 : any_16)[pixels](t);
  else if (t->x_pixel == 32) (neighbours ? three_32 : any_32)[pixels](t);
  else any_0[pixels](t);
}
