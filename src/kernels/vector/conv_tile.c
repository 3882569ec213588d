/* The register tile of the direct convolution. Accumulators have names of their own, made by an X-macro: clang keeps arrays
 * of vectors on the stack (measured: 40 % of the peak). Pixels beyond P vanish at compile time. */
#include "kernels/vector/conv_tile.h"
#include "kernels/vector/relu.h"

const real IG__NAME(conv_ones)[IG__BLOCK] = { 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1 };

#define PIXELS(X)                                                                                      \
  X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11) X(12) X(13) X(14) X(15) X(16) X(17)    \
  X(18) X(19) X(20) X(21) X(22) X(23) X(24) X(25) X(26) X(27)

/* Pixels that a column of the kernel leaves out because they meet the halo there: so many at the row's beginning, or, when
 * negative, at its end. What is more than four is multiplied by its zeros. The gradient to the input of a layer without
 * padding, 3×3 on rows of 13, went from 209 to 259 GF/s by this; sums do not change, since they begin at +0. */
#define MOST_SKIPPED 4

IG__INLINE int skipped(const conv_tile *t, int col) {
  const int left = t->left - col, right = t->right + col;
  if (left > 0) return left < MOST_SKIPPED ? left : MOST_SKIPPED;
  return right <= 0 ? 0 : right < MOST_SKIPPED ? -right : -MOST_SKIPPED;
}

/* What the tile below is made of. One input of each pixel from … until-1: */
#define MULTIPLY_BY(p, factor)                   \
  if (p >= from && p < until) {                  \
    const V s = splat(factor);                   \
    a##p += s * w0;                              \
    if (J > 1) b##p += s * w1;                   \
  }
#define MULTIPLY(p) MULTIPLY_BY(p, x[p * pixel])
/* What is asked for with a lane. */
#define ASK                                                             \
  __builtin_prefetch(fetch, 0, 2);                                      \
  if (J * IG__VECTOR_BYTES > 64) __builtin_prefetch(fetch + 64, 0, 2);  \
  fetch += fetch_step;
/* LANES inputs of each pixel as vectors x0, x1, …, whose lanes are the factors. The empty asm keeps gcc from carrying the
 * vectors of one pixel over to its neighbour, round by round and through the stack, and from treating the last lanes as the
 * outer loop's. */
#define HIDE(v) __asm__("" : "+r"(v))
#define PIXEL(p) const V x##p = p >= from && p < until ? load(x + p * pixel) : (V){0};
#define MULTIPLY_LANE(p) MULTIPLY_BY(p, x##p[i])
#define ONE_LANE(lane)                                           \
  {                                                              \
    enum { i = (lane) };                                         \
    ASK                                                          \
    const V w0 = load(w), w1 = J > 1 ? load(w + next) : w0;      \
    PIXELS(MULTIPLY_LANE)                                        \
    w += IG__BLOCK;                                              \
  }
#if !IG__LANE_FACTORS
#define BY_VECTORS
#else
#if LANES == 2
#define EACH_LANE ONE_LANE(0) ONE_LANE(1)
#else
#define EACH_LANE ONE_LANE(0) ONE_LANE(1) ONE_LANE(2) ONE_LANE(3)
#endif
#define BY_VECTORS                                                           \
    if (step >= IG__BLOCK) {                                                 \
      _Pragma("GCC unroll 1")                                                \
      for (; l + LANES <= lanes; l += LANES, x += LANES) {                   \
        HIDE(x);                                                             \
        PIXELS(PIXEL)                                                        \
        EACH_LANE                                                            \
      }                                                                      \
      HIDE(l);                                                               \
    }
#endif
/* One kernel column of a block, which leaves out `skip` pixels. */
#define LANES_OF(skip, first, end)                                           \
  case skip: {                                                               \
    const int from = first, until = end;                                     \
    int l = 0;                                                               \
    BY_VECTORS                                                               \
    _Pragma("GCC unroll 1")                                                  \
    for (; l < lanes; l++, x += lane, w += IG__BLOCK) {                      \
      ASK                                                                    \
      const V w0 = load(w), w1 = J > 1 ? load(w + next) : w0;                \
      PIXELS(MULTIPLY)                                                       \
    }                                                                        \
    break;                                                                   \
  }

/* J vectors of output channels; `step` is x_pixel where it is known at compile time, else 0; `edge`: with pixels to skip. */
IG__INLINE void tile(const int P, const int J, const int64_t step, const bool edge, const conv_tile *t) {
  const int64_t pixel = step ? step : t->x_pixel, lane = step >= IG__BLOCK ? 1 : t->x_lane, next = t->w_next;
  real *const y0 = t->y, *const y1 = t->y + t->y_next;
  const int64_t y_pixel = t->y_pixel, fetch_step = t->fetch_step;
#define DECLARE(p) V a##p = {0}, b##p = {0};
  PIXELS(DECLARE)
#define RESUME(p)                                \
  if (p < P) {                                   \
    a##p = load(y0 + p * y_pixel);               \
    if (J > 1) b##p = load(y1 + p * y_pixel);    \
  }
  if (t->resume) { PIXELS(RESUME) }
  const char *fetch = t->fetch;
  const bool flat = step && step < IG__BLOCK && t->place;
  if (flat) {
    const int count = t->blocks * t->rows * t->lanes, from = 0, until = P;
    const real *w = t->w;
#pragma GCC unroll 1
    for (int i = 0; i < count; i++, w += IG__BLOCK) {
      const real *x = t->x + t->place[i];
      const V w0 = load(w), w1 = J > 1 ? load(w + next) : w0;
      PIXELS(MULTIPLY)
    }
  }
  for (int block = 0; !flat && block < t->blocks; block++) {
    const int lanes = block + 1 < t->blocks ? t->lanes : t->last_lanes;
    for (int row = 0; row < t->rows; row++) {
      for (int col = 0; col < t->cols; col++) {
        const real *x = t->x + block * t->x_block + row * t->x_row + col * t->x_col;
        const real *w = t->w + block * t->w_block + row * t->w_row + col * t->w_col;
        switch (edge ? skipped(t, col) : 0) {
          LANES_OF(0, 0, P)
          LANES_OF(1, 1, P) LANES_OF(2, 2, P) LANES_OF(3, 3, P) LANES_OF(4, 4, P)
          LANES_OF(-1, 0, P - 1) LANES_OF(-2, 0, P - 2) LANES_OF(-3, 0, P - 3) LANES_OF(-4, 0, P - 4)
        }
      }
    }
  }
  if (t->finish) {
    /* A missing bias adds +0: sums of nothing but underflow are then +0 whether rows of halo were skipped or not. */
    const V c0 = t->bias ? load(t->bias) : (V){0}, c1 = t->bias && J > 1 ? load(t->bias + t->bias_next) : (V){0};
    const V s0 = load(t->scale), s1 = J > 1 ? load(t->scale + t->scale_next) : s0;
#define AFFINE(p) a##p = a##p * s0 + c0, b##p = b##p * s1 + c1;
    PIXELS(AFFINE)
#define ADD(p)                                                                \
  if (p < P) {                                                                \
    a##p += load(t->add + p * y_pixel);                                       \
    if (J > 1) b##p += load(t->add + t->add_next + p * y_pixel);              \
  }
    if (t->add) { PIXELS(ADD) }
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
  static void tile_##step##_##j##_##p(const conv_tile *t) { tile(p, j, step, false, t); }
#define EDGE_FUNCTION(step, j, p) \
  static void edge_##step##_##j##_##p(const conv_tile *t) { tile(p, j, step, true, t); }
#define ENTRY(step, j, p) tile_##step##_##j##_##p,
#define EDGE_ENTRY(step, j, p) edge_##step##_##j##_##p,
#define FEW(X, step, j) X(step, j, 1) X(step, j, 2) X(step, j, 3) X(step, j, 4)
#define SIX(X, step, j) FEW(X, step, j) X(step, j, 5) X(step, j, 6)
#define NINE(X, step, j) SIX(X, step, j) X(step, j, 7) X(step, j, 8) X(step, j, 9)
#if TILE_PIXELS == 14
#define MANY(X, step, j) \
  NINE(X, step, j) X(step, j, 10) X(step, j, 11) X(step, j, 12) X(step, j, 13) X(step, j, 14)
#define TWICE(X, step, j)                                                                                    \
  MANY(X, step, j) X(step, j, 15) X(step, j, 16) X(step, j, 17) X(step, j, 18) X(step, j, 19)                \
  X(step, j, 20) X(step, j, 21) X(step, j, 22) X(step, j, 23) X(step, j, 24) X(step, j, 25)                  \
  X(step, j, 26) X(step, j, 27) X(step, j, 28)
#elif TILE_PIXELS == 9
#define MANY NINE
#else
#define MANY SIX
#endif
#define TABLE(pixels, step, j) \
  pixels(FUNCTION, step, j) static tile_function *const tiles_##step##_##j[] = { NULL, pixels(ENTRY, step, j) };
#define EDGE_TABLE(pixels, step, j) \
  pixels(EDGE_FUNCTION, step, j) static tile_function *const edges_##step##_##j[] = { NULL, pixels(EDGE_ENTRY, step, j) };

TABLE(MANY, 16, 2)
EDGE_TABLE(MANY, 16, 2)
TABLE(MANY, 32, 2)
TABLE(MANY, 1, 2)
TABLE(MANY, 2, 2)
TABLE(FEW, 0, 2)
#if VECTORS == 1
TABLE(TWICE, 16, 1)
EDGE_TABLE(TWICE, 16, 1)
TABLE(TWICE, 32, 1)
TABLE(TWICE, 1, 1)
TABLE(TWICE, 2, 1)
TABLE(FEW, 0, 1)
#define PICK(form) (vectors == 2 ? form##_2 : form##_1)
#else
#define PICK(form) form##_2
#endif

int IG__NAME(conv_tile_pixels)(int64_t x_pixel, int vectors) {
  return x_pixel == 16 || x_pixel == 32 || x_pixel == 1 || x_pixel == 2 ? TILE_PIXELS * (3 - vectors) : GENERAL_PIXELS;
}

void IG__NAME(conv_tile)(const conv_tile *t, int pixels, int vectors) {
  (void)vectors;
  switch (t->x_pixel) {
  case 16: (t->left > 0 || t->right + t->cols > 1 ? PICK(edges_16) : PICK(tiles_16))[pixels](t); break;
  case 32: PICK(tiles_32)[pixels](t); break;
  case 1: PICK(tiles_1)[pixels](t); break;
  case 2: PICK(tiles_2)[pixels](t); break;
  default: PICK(tiles_0)[pixels](t); break;
  }
}
