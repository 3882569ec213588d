/* The register tile of the direct convolution. Accumulators have names of their own, made by an X-macro: clang keeps arrays
 * of vectors on the stack (measured: 40 % of the peak). Pixels beyond P vanish at compile time. */
#include "kernels/vector/conv_tile.h"
#include "kernels/vector/relu.h"

#define PIXELS(X) X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11) X(12) X(13)

#define MULTIPLY(p, factor)                      \
  if (p < P) {                                   \
    const V s = splat(factor);                   \
    a##p += s * w0;                              \
    if (J > 1) b##p += s * w1;                   \
  }
/* The empty asm keeps gcc from carrying the vectors of one pixel over to its neighbour, round by round and through the stack,
 * and from treating the last lanes as the outer loop's. */
#define HIDE(v) __asm__("" : "+r"(v))
/* All lanes of the pixels' vectors x0, x1, …, one after the other. */
#define MULTIPLY_LANE(p) MULTIPLY(p, x##p[i])
#define ONE_LANE(lane)                                           \
  {                                                              \
    enum { i = (lane) };                                         \
    const V w0 = load(w), w1 = J > 1 ? load(w + next) : w0;      \
    PIXELS(MULTIPLY_LANE)                                        \
    w += IG__BLOCK;                                              \
  }
#if LANES == 2
#define EACH_LANE ONE_LANE(0) ONE_LANE(1)
#else
#define EACH_LANE ONE_LANE(0) ONE_LANE(1) ONE_LANE(2) ONE_LANE(3)
#endif

/* J vectors of output channels; `step` is x_pixel where it is known at compile time, else 0. */
IG__INLINE void tile(const int P, const int J, const int64_t step, const conv_tile *t) {
  const int64_t pixel = step ? step : t->x_pixel, lane = step >= IG__BLOCK ? 1 : t->x_lane, next = t->w_next;
  real *const y0 = t->y, *const y1 = t->y + t->y_next;
  const int64_t y_pixel = t->y_pixel;
#define DECLARE(p) V a##p = {0}, b##p = {0};
  PIXELS(DECLARE)
#define RESUME(p)                                \
  if (p < P) {                                   \
    a##p = load(y0 + p * y_pixel);               \
    if (J > 1) b##p = load(y1 + p * y_pixel);    \
  }
  if (t->resume) { PIXELS(RESUME) }
  for (int block = 0; block < t->blocks; block++) {
    const int lanes = block + 1 < t->blocks ? t->lanes : t->last_lanes;
    for (int row = 0; row < t->rows; row++) {
      for (int col = 0; col < t->cols; col++) {
        const real *x = t->x + block * t->x_block + row * t->x_row + col * t->x_col;
        const real *w = t->w + block * t->w_block + row * t->w_row + col * t->w_col;
        int l = lanes;
        if (IG__LANE_FACTORS && step >= IG__BLOCK) {
#pragma GCC unroll 1
          for (; l >= LANES; l -= LANES, x += LANES) {
            HIDE(x);
#define PIXEL(p) const V x##p = p < P ? load(x + p * pixel) : (V){0};
            PIXELS(PIXEL)
            EACH_LANE
          }
          HIDE(l);
        }
#pragma GCC unroll 1
        for (; l > 0; l--, x += lane, w += IG__BLOCK) {
          const V w0 = load(w), w1 = J > 1 ? load(w + next) : w0;
#define MULTIPLY_SCALAR(p) MULTIPLY(p, x[p * pixel])
          PIXELS(MULTIPLY_SCALAR)
        }
      }
    }
  }
  if (t->finish) {
    /* A missing bias adds +0: sums of nothing but underflow are then +0 whether rows of halo were skipped or not. */
    const V c0 = t->bias ? load(t->bias) : (V){0}, c1 = t->bias && J > 1 ? load(t->bias + t->bias_next) : (V){0};
#define BIAS(p) a##p += c0, b##p += c1;
    PIXELS(BIAS)
#define RELU(p) a##p = relu(a##p), b##p = relu(b##p);
    if (t->relu) { PIXELS(RELU) }
  }
#define STORE(p)                                 \
  if (p < P) {                                   \
    store(y0 + p * y_pixel, a##p);               \
    if (J > 1) store(y1 + p * y_pixel, b##p);    \
  }
  PIXELS(STORE)
}

/* The distances from pixel to pixel that have tiles of their own: stride 1 and 2, blocked and plain. Where the distance is
 * known only at run time, the addresses of more than four pixels do not fit the general registers. */
#define GENERAL_PIXELS 4

typedef void tile_function(const conv_tile *t);
#define FUNCTION(step, j, p) \
  static void tile_##step##_##j##_##p(const conv_tile *t) { tile(p, j, step, t); }
#define ENTRY(step, j, p) tile_##step##_##j##_##p,
#define FEW(X, step, j) X(step, j, 1) X(step, j, 2) X(step, j, 3) X(step, j, 4)
#define SIX(X, step, j) FEW(X, step, j) X(step, j, 5) X(step, j, 6)
#define NINE(X, step, j) SIX(X, step, j) X(step, j, 7) X(step, j, 8) X(step, j, 9)
#if TILE_PIXELS == 14
#define MANY(X, step, j) \
  NINE(X, step, j) X(step, j, 10) X(step, j, 11) X(step, j, 12) X(step, j, 13) X(step, j, 14)
#elif TILE_PIXELS == 9
#define MANY NINE
#else
#define MANY SIX
#endif
#define TABLE(pixels, step, j) \
  pixels(FUNCTION, step, j) static tile_function *const tiles_##step##_##j[] = { NULL, pixels(ENTRY, step, j) };

TABLE(MANY, 16, 2)
TABLE(MANY, 32, 2)
TABLE(MANY, 1, 2)
TABLE(MANY, 2, 2)
TABLE(FEW, 0, 2)
#if VECTORS == 1
TABLE(MANY, 16, 1)
TABLE(MANY, 32, 1)
TABLE(MANY, 1, 1)
TABLE(MANY, 2, 1)
TABLE(FEW, 0, 1)
#define PICK(step) (vectors == 2 ? tiles_##step##_2 : tiles_##step##_1)
#else
#define PICK(step) tiles_##step##_2
#endif

int IG__NAME(conv_tile_pixels)(int64_t x_pixel) {
  return x_pixel == 16 || x_pixel == 32 || x_pixel == 1 || x_pixel == 2 ? TILE_PIXELS : GENERAL_PIXELS;
}

void IG__NAME(conv_tile)(const conv_tile *t, int pixels, int vectors) {
  (void)vectors;
  switch (t->x_pixel) {
  case 16: PICK(16)[pixels](t); break;
  case 32: PICK(32)[pixels](t); break;
  case 1: PICK(1)[pixels](t); break;
  case 2: PICK(2)[pixels](t); break;
  default: PICK(0)[pixels](t); break;
  }
}
