/* Weights into Winograd's domain: U = G g Gᵀ. */
#include "kernels/vector/bf16.h"
#include "kernels/vector/turn.h"
#include "kernels/vector/winograd_strided.h"

bool IG__NAME(winograd_takes)(const ig__conv *g, int m) {
  return IG__IS_BF16(m) ? IG__NAME(bf16_takes)(g, m) : ig__winograd_takes(g, m); /* which knows no m of bf16 */
}

size_t IG__NAME(winograd_count)(const ig__conv *g, int m, ig__pack form) {
  if (IG__IS_DIRECT_BF16(m)) return ig__pack_count(g, form);
  return ig__winograd_count(g, m & ~IG__BF16);
}

#define TAPS 9

/* ---- 16 rows of taps, 16 lanes wide: [16 inner][9][16 outer] ----------------------------------------------------------- */

/* Missing channels are zero. Forward, the weights of one output are a row of all inputs' taps. */
static void taps_forward(const ig__conv *g, const real *w, int o, int i, real *taps) {
  const int outs = g->c_out - o < IG__BLOCK ? g->c_out - o : IG__BLOCK;
  const int ins = g->c_in - i < IG__BLOCK ? g->c_in - i : IG__BLOCK;
  const int64_t pitch = (int64_t)g->c_in * TAPS;
  interleave_row(w + o * pitch + (int64_t)i * TAPS, pitch, taps, outs, (int64_t)ins * TAPS);
  for (int k = ins * TAPS * IG__BLOCK; k < IG__BLOCK * TAPS * IG__BLOCK; k++) taps[k] = 0;
}

/* The nine taps of four channels are turned as three squares, of which the last overlaps the second. */
static void taps_backward(const ig__conv *g, const real *w, int o, int i, real *taps) {
  const int outs = g->c_out - o < IG__BLOCK ? g->c_out - o : IG__BLOCK;
  const int ins = g->c_in - i < IG__BLOCK ? g->c_in - i : IG__BLOCK;
  for (int k = 0; k < outs; k++) {
    const real *from = w + ((int64_t)(o + k) * g->c_in + i) * TAPS;
    real *to = taps + k * TAPS * IG__BLOCK;
    int c = 0;
    for (; c + 4 <= ins; c += 4) {
      turn(from + c * TAPS, TAPS, to + c, IG__BLOCK);
      turn(from + c * TAPS + 4, TAPS, to + c + 4 * IG__BLOCK, IG__BLOCK);
      turn(from + c * TAPS + 5, TAPS, to + c + 5 * IG__BLOCK, IG__BLOCK);
    }
    for (; c < IG__BLOCK; c++)
      for (int tap = 0; tap < TAPS; tap++) to[tap * IG__BLOCK + c] = c < ins ? from[c * TAPS + tap] : 0;
  }
  for (int k = outs * TAPS * IG__BLOCK; k < IG__BLOCK * TAPS * IG__BLOCK; k++) taps[k] = 0;
}

/* ---- The transform of one vector of channels --------------------------------------------------------------------------- */

/* Rows p and q of G g, times their divisors: the factors are whole numbers, the same ones for m = 2 and 4. */
IG__INLINE void weights_pair(const int pair, V g0, V g1, V g2, V *p, V *q) {
  const V ends = pair == 2 ? g0 + (real)4 * g2 : g0 + g2, middle = pair == 2 ? (real)2 * g1 : g1;
  *p = pair == 0 ? g0 : ends + middle;
  *q = pair == 0 ? g2 : ends - middle;
}

/* What row k of G is divided by. */
IG__INLINE double divisor(const int m, const int k) {
  if (m == 2) return k == 0 || k == 3 ? 1 : 2;
  return k == 0 ? 4 : k == 5 ? 1 : k <= 2 ? -6 : 24;
}

/* The division comes once, at the end: constants that are no powers of two round, and a product more could be fused. */
IG__INLINE void weights_row(const int m, const int i, V g0, V g1, V g2, const real *u, int64_t elements,
                            winograd_stride plane) {
  const real *const to = winograd_hide(u + i * (m + 2) * elements);
#define PUT(k, value) store((real *)(uintptr_t)winograd_at(to, plane, k), value)
#define PAIR(pair)                                                                                             \
  if (pair <= m / 2) {                                                                                         \
    V p, q;                                                                                                    \
    weights_pair(pair, g0, g1, g2, &p, &q);                                                                 \
    PUT(WINOGRAD_P(pair), p * (real)(1 / (divisor(m, i) * divisor(m, WINOGRAD_P(pair)))));                     \
    PUT(WINOGRAD_Q(pair, m), q * (real)(1 / (divisor(m, i) * divisor(m, WINOGRAD_Q(pair, m)))));               \
  }
  PAIR(0) PAIR(1) PAIR(2)
}

/* `turned`: the taps in reverse order. `elements` and `plane` are the same distance. */
IG__INLINE void weights(const int m, const bool turned, const real *taps, const real *u, int64_t elements,
                        winograd_stride plane) {
#define TAP(y, x) load(taps + (turned ? 8 - 3 * (y) - (x) : 3 * (y) + (x)) * IG__BLOCK)
#define COLUMN(pair, x) V p##x, q##x; weights_pair(pair, TAP(0, x), TAP(1, x), TAP(2, x), &p##x, &q##x);
#define ROWS(pair)                                                      \
  if (pair <= m / 2) {                                                  \
    COLUMN(pair, 0) COLUMN(pair, 1) COLUMN(pair, 2)                     \
    weights_row(m, WINOGRAD_P(pair), p0, p1, p2, u, elements, plane);             \
    weights_row(m, WINOGRAD_Q(pair, m), q0, q1, q2, u, elements, plane);          \
  }
  ROWS(0) ROWS(1) ROWS(2)
}

/* ---- The same for stride 2: G of the pair of taps, then the single tap ------------------------------------------------- */

IG__INLINE void strided_weights_line(V g0, V g1, V g2, V r[6]) {
  r[0] = g0;
  r[1] = g0 + g2;
  r[2] = g0 - g2;
  r[3] = g0 + (real)2 * g2;
  r[4] = g2;
  r[5] = g1;
}

/* What row k is divided by. */
static const double strided_divisor[6] = { 2, -2, -6, 6, 1, 1 };

IG__INLINE void strided_weights(const bool turned, const real *taps, real *u, int64_t plane) {
  V column[3][6];
  for (int x = 0; x < 3; x++) strided_weights_line(TAP(0, x), TAP(1, x), TAP(2, x), column[x]);
  for (int i = 0; i < 6; i++) {
    V r[6];
    strided_weights_line(column[0][i], column[1][i], column[2][i], r);
    for (int j = 0; j < 6; j++) store(u + (i * 6 + j) * plane, r[j] * (real)(1 / (strided_divisor[i] * strided_divisor[j])));
  }
}

static void strided_block(bool turned, const real *taps, real *u, int64_t plane) {
  for (int k = 0; k < IG__BLOCK; k++, taps += TAPS * IG__BLOCK, u += IG__BLOCK)
    for (int l = 0; l < IG__BLOCK; l += LANES) {
      if (turned) strided_weights(true, taps + l, u + l, plane);
      else strided_weights(false, taps + l, u + l, plane);
    }
}

/* A block of 16 × 16 channels. */
IG__INLINE void block(const int m, const bool turned, const real *taps, real *u, int64_t plane) {
  const winograd_stride planes = winograd_stride_of(plane);
  for (int k = 0; k < IG__BLOCK; k++, taps += TAPS * IG__BLOCK, u += IG__BLOCK)
    for (int l = 0; l < IG__BLOCK; l += LANES) weights(m, turned, taps + l, u + l, plane, planes);
}

void IG__NAME(winograd_pack)(const ig__conv *g, int m, ig__pack form, const void *w, void *u, int part, int parts) {
  const bool backward = form == IG__PACK_BACKWARD;
  if (IG__IS_BF16(m)) {
    IG__NAME(bf16_pack)(g, m, form, w, u, part, parts);
    return;
  }
  const int outer = ig__blocks(backward ? g->c_in : g->c_out), inner = ig__blocks(backward ? g->c_out : g->c_in);
  const int64_t plane = (int64_t)ig__winograd_plane(g);
  real taps[IG__BLOCK * TAPS * IG__BLOCK];
  for (int b = ig__cut(outer, part, parts); b < ig__cut(outer, part + 1, parts); b++) {
    for (int k = 0; k < inner; k++) {
      const int o = IG__BLOCK * (backward ? k : b), i = IG__BLOCK * (backward ? b : k);
      real *const to = (real *)u + ig__winograd_index(g, form, o, i);
      if (backward) taps_backward(g, w, o, i, taps);
      else taps_forward(g, w, o, i, taps);
      if (g->sh == 2) strided_block(backward, taps, to, plane);
      else if (m == 4 && backward) block(4, true, taps, to, plane);
      else if (m == 4) block(4, false, taps, to, plane);
      else if (backward) block(2, true, taps, to, plane);
      else block(2, false, taps, to, plane);
    }
  }
  for (int i = 0; part == parts - 1 && i < (m + 2) * (m + 2); i++)
    for (int l = 0; l < IG__BLOCK; l++) ((real *)u)[(i + 1) * plane - IG__BLOCK + l] = 0;
}
