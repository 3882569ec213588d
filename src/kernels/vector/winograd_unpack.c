/* From sums in Winograd's domain to the gradient of the weights: dw = GᵀUG, for 16 output channels at a time. */
#include "kernels/vector/bf16.h"
#include "kernels/vector/winograd.h"
#include "kernels/vector/turn.h"

/* Gᵀu without its denominators, which all come last: the sums are of whole multiples, so nothing is lost in between. */
#define SIXTH ((real)1 / 6)
IG__INLINE void weights4(V u0, V u1, V u2, V u3, V u4, V u5, V *w0, V *w1, V *w2) {
  const V near = u1 + u2, far = u3 + u4;
  *w0 = (real)6 * u0 + (far - (real)4 * near);
  *w1 = (u3 - u4) - (real)2 * (u1 - u2);
  *w2 = (real)6 * u5 + (far - near);
}
static const real scale4[3] = { SIXTH / 4, SIXTH / 2, SIXTH };

IG__INLINE void weights2(V u0, V u1, V u2, V u3, V *w0, V *w1, V *w2) {
  *w0 = (real)2 * u0 + (u1 + u2);
  *w1 = u1 - u2;
  *w2 = (real)2 * u3 + (u1 + u2);
}
static const real scale2[3] = { (real)0.5, (real)0.5, (real)0.5 };

/* Input channels that are added up together: a place's rows of all partials follow each other, which the prefetcher of the
 * processor needs. */
#define CHANNELS 4

/* The sum of the partials of CHANNELS input channels, place by place; u is the first place of them in each. */
static void sum_places(const void *const *partials, int count, int64_t at, int64_t plane, int places, real *sum) {
  for (int i = 0; i < places; i++, at += plane)
    for (int j = 0; j < CHANNELS * VECTORS; j++, sum += LANES) {
      V v = load((const real *)partials[0] + at + j * LANES);
      for (int p = 1; p < count; p++) v += load((const real *)partials[p] + at + j * LANES);
      store(sum, v);
    }
}

#define U(i, j) load(u + ((i) * (M + 2) + (j)) * CHANNELS * IG__BLOCK)
#define ACROSS(y, M, ...)                                                             \
  do {                                                                                \
    V w0_, w1_, w2_;                                                                  \
    weights##M(__VA_ARGS__, &w0_, &w1_, &w2_);                                        \
    store(w + (3 * (y)) * IG__BLOCK, w0_ * (scale##M[y] * scale##M[0]));              \
    store(w + (3 * (y) + 1) * IG__BLOCK, w1_ * (scale##M[y] * scale##M[1]));          \
    store(w + (3 * (y) + 2) * IG__BLOCK, w2_ * (scale##M[y] * scale##M[2]));          \
  } while (0)

/* One vector: from (m+2)² sums to nine weights, 16 elements apart. */
IG__INLINE void taps4(const real *u, real *w) {
  enum { M = 4 };
#define COLUMN4(j)   \
  V a##j, b##j, c##j; \
  weights4(U(0, j), U(1, j), U(2, j), U(3, j), U(4, j), U(5, j), &a##j, &b##j, &c##j);
  COLUMN4(0) COLUMN4(1) COLUMN4(2) COLUMN4(3) COLUMN4(4) COLUMN4(5)
  ACROSS(0, 4, a0, a1, a2, a3, a4, a5);
  ACROSS(1, 4, b0, b1, b2, b3, b4, b5);
  ACROSS(2, 4, c0, c1, c2, c3, c4, c5);
}

IG__INLINE void taps2(const real *u, real *w) {
  enum { M = 2 };
#define COLUMN2(j)   \
  V a##j, b##j, c##j; \
  weights2(U(0, j), U(1, j), U(2, j), U(3, j), &a##j, &b##j, &c##j);
  COLUMN2(0) COLUMN2(1) COLUMN2(2) COLUMN2(3)
  ACROSS(0, 2, a0, a1, a2, a3);
  ACROSS(1, 2, b0, b1, b2, b3);
  ACROSS(2, 2, c0, c1, c2, c3);
}

/* The same for stride 2: from five sums of the pair of taps and one of the single tap. */
IG__INLINE void strided_line(V u0, V u1, V u2, V u3, V u4, V u5, V *w0, V *w1, V *w2) {
  *w0 = (real)3 * (u0 - u1) + (u3 - u2);
  *w1 = u5;
  *w2 = (real)3 * ((real)2 * u4 - u1) + (u2 + (real)2 * u3);
}
static const real strided_scale[3] = { SIXTH, 1, SIXTH };

IG__INLINE void strided_taps(const real *u, real *w) {
  enum { M = 4 };
#define STRIDED_COLUMN(j) \
  V a##j, b##j, c##j;     \
  strided_line(U(0, j), U(1, j), U(2, j), U(3, j), U(4, j), U(5, j), &a##j, &b##j, &c##j);
#define STRIDED_ACROSS(y, ...)                                                                          \
  do {                                                                                                  \
    V w0_, w1_, w2_;                                                                                    \
    strided_line(__VA_ARGS__, &w0_, &w1_, &w2_);                                                        \
    store(w + (3 * (y)) * IG__BLOCK, w0_ * (strided_scale[y] * strided_scale[0]));                      \
    store(w + (3 * (y) + 1) * IG__BLOCK, w1_ * (strided_scale[y] * strided_scale[1]));                  \
    store(w + (3 * (y) + 2) * IG__BLOCK, w2_ * (strided_scale[y] * strided_scale[2]));                  \
  } while (0)
  STRIDED_COLUMN(0) STRIDED_COLUMN(1) STRIDED_COLUMN(2) STRIDED_COLUMN(3) STRIDED_COLUMN(4) STRIDED_COLUMN(5)
  STRIDED_ACROSS(0, a0, a1, a2, a3, a4, a5);
  STRIDED_ACROSS(1, b0, b1, b2, b3, b4, b5);
  STRIDED_ACROSS(2, c0, c1, c2, c3, c4, c5);
}

/* `rows` rows of 16 output channels become `outs` rows of the plain tensor, `pitch` apart. */
static void turn_rows(const real *from, int rows, int outs, real *to, int64_t pitch) {
  const int whole_rows = rows / 4 * 4, whole_outs = outs / 4 * 4;
  for (int o = 0; o < whole_outs; o += 4)
    for (int r = 0; r < whole_rows; r += 4) turn(from + r * IG__BLOCK + o, IG__BLOCK, to + o * pitch + r, pitch);
  for (int o = 0; o < outs; o++)
    for (int r = o < whole_outs ? whole_rows : 0; r < rows; r++) to[o * pitch + r] = from[r * IG__BLOCK + o];
}

void IG__NAME(winograd_unpack)(const ig__conv *g, int m, const void *const *partials, int count, void *dw, int part,
                               int parts) {
  if (IG__IS_DIRECT_BF16(m)) {
    IG__NAME(conv2d_unpack)(g, IG__PACK_FORWARD, partials, count, dw, part, parts);
    return;
  }
  m &= ~IG__BF16;
  const int blocks = ig__blocks(g->c_out), places = (m + 2) * (m + 2);
  const int64_t block = (int64_t)ig__blocks(g->c_in) * IG__BLOCK * IG__BLOCK, plane = block * blocks;
  real sum[36 * CHANNELS * IG__BLOCK], taps[IG__BLOCK * 9 * IG__BLOCK];
  for (int b = ig__cut(blocks, part, parts); b < ig__cut(blocks, part + 1, parts); b++) {
    const int o = b * IG__BLOCK, outs = g->c_out - o < IG__BLOCK ? g->c_out - o : IG__BLOCK;
    for (int i = 0; i < g->c_in; i += IG__BLOCK) {
      const int ins = g->c_in - i < IG__BLOCK ? g->c_in - i : IG__BLOCK;
      for (int k = 0; k < ins; k += CHANNELS) {
        sum_places(partials, count, b * block + (int64_t)(i + k) * IG__BLOCK, plane, places, sum);
        for (int l = 0; l < CHANNELS * IG__BLOCK; l += LANES) {
          real *const w = taps + (k + l / IG__BLOCK) * 9 * IG__BLOCK + l % IG__BLOCK;
          if (g->sh == 2) strided_taps(sum + l, w);
          else if (m == 4) taps4(sum + l, w);
          else taps2(sum + l, w);
        }
      }
      turn_rows(taps, ins * 9, outs, (real *)dw + ((int64_t)o * g->c_in + i) * 9, (int64_t)g->c_in * 9);
    }
  }
}
