/* Register tiles of bf16 products, and the conversions. */
#include "kernels/vector/bf16.h"

#if IG__HAS_BF16
#include <immintrin.h>

#define BF16 __attribute__((target("avx512bf16")))
#define BF16_INLINE BF16 IG__INLINE

BF16_INLINE __m512bh pairs_at(const half *p) { return (__m512bh)_mm512_loadu_si512(p); }
BF16_INLINE __m512bh pair_everywhere(const half *p) {
  int32_t pair;
  __builtin_memcpy(&pair, p, sizeof pair);
  return (__m512bh)_mm512_set1_epi32(pair);
}

/* ---- Forward: 14 tiles × 2 output blocks, with named accumulators as in conv_tile.c ------------------------------------- */

#define TILES(X) X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11) X(12) X(13)

BF16_INLINE void multiply(const int P, const bf16_product *t) {
  const int64_t next = t->w_next;
#define DECLARE(p) __m512 a##p = _mm512_setzero_ps(), b##p = a##p;
  TILES(DECLARE)
  for (int block = 0; block < t->blocks; block++)
    for (int tap = 0; tap < t->taps; tap++) {
      const half *x = t->x + block * t->x_block + t->tap_x[tap], *w = t->w + block * t->w_block + t->tap_w[tap];
#pragma GCC unroll 1
      for (int pair = 0; pair < IG__BLOCK / 2; pair++, x += 2, w += 2 * IG__BLOCK) {
        const __m512bh w0 = pairs_at(w), w1 = pairs_at(w + next);
#define MULTIPLY(p)                                            \
  if (p < P) {                                                 \
    const __m512bh s = pair_everywhere(x + p * IG__BLOCK);     \
    a##p = _mm512_dpbf16_ps(a##p, w0, s);                      \
    b##p = _mm512_dpbf16_ps(b##p, w1, s);                      \
  }
        TILES(MULTIPLY)
      }
    }
  real *const y0 = t->y, *const y1 = y0 + t->y_next;
#define STORE(p)                                   \
  if (p < P) {                                     \
    _mm512_storeu_ps(y0 + p * IG__BLOCK, a##p);    \
    _mm512_storeu_ps(y1 + p * IG__BLOCK, b##p);    \
  }
  TILES(STORE)
}

#define COUNTS(X) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11) X(12) X(13) X(14)
#define FUNCTION(p) BF16 static void multiply_##p(const bf16_product *t) { multiply(p, t); }
COUNTS(FUNCTION)
#define ENTRY(p) multiply_##p,
static void (*const multiply_by_count[])(const bf16_product *) = { NULL, COUNTS(ENTRY) };

void IG__NAME(bf16_multiply)(const bf16_product *p, int tiles) {
  const int pieces = (tiles + IG__BF16_TILES - 1) / IG__BF16_TILES;
  bf16_product t = *p;
  for (int i = 0; i < pieces; i++) {
    const int t0 = ig__cut(tiles, i, pieces), t1 = ig__cut(tiles, i + 1, pieces);
    t.x = p->x + t0 * IG__BLOCK;
    t.y = p->y + t0 * IG__BLOCK;
    multiply_by_count[t1 - t0](&t);
  }
}

/* ---- Weight gradient: 8 input channels × 2 output blocks ----------------------------------------------------------------- */

#define CHANNELS(X) X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7)

BF16 static void multiply_dw(const half *v, const half *d, int64_t next, int pairs, real *u0, real *u1) {
#define BEGIN(q)                                                   \
  __m512 a##q = _mm512_setzero_ps(), b##q = a##q;                  \
  __builtin_prefetch(u0 + q * IG__BLOCK, 1);                       \
  if (u1) __builtin_prefetch(u1 + q * IG__BLOCK, 1);
  CHANNELS(BEGIN)
#pragma GCC unroll 1
  for (int i = pairs; i > 0; i--, v += 2 * IG__BLOCK, d += 2 * IG__BLOCK) {
    const __m512bh d0 = pairs_at(d), d1 = pairs_at(d + next);
#define MULTIPLY_DW(q)                                             \
  {                                                                \
    const __m512bh s = pair_everywhere(v + 2 * q);                 \
    a##q = _mm512_dpbf16_ps(a##q, d0, s);                          \
    b##q = _mm512_dpbf16_ps(b##q, d1, s);                          \
  }
    CHANNELS(MULTIPLY_DW)
  }
#define ADD(q)                                                                                                    \
  _mm512_storeu_ps(u0 + q * IG__BLOCK, _mm512_add_ps(_mm512_loadu_ps(u0 + q * IG__BLOCK), a##q));                 \
  if (u1) _mm512_storeu_ps(u1 + q * IG__BLOCK, _mm512_add_ps(_mm512_loadu_ps(u1 + q * IG__BLOCK), b##q));
  CHANNELS(ADD)
}

void IG__NAME(bf16_multiply_dw)(const half *v, const half *d, int64_t d_next, int pairs, real *u, int64_t u_next) {
  real *const second = d_next ? u + u_next : NULL;
  multiply_dw(v, d, d_next, pairs, u, second);
  multiply_dw(v + IG__BLOCK, d, d_next, pairs, u + 8 * IG__BLOCK, second ? second + 8 * IG__BLOCK : NULL);
}

/* ---- Conversions --------------------------------------------------------------------------------------------------------- */

BF16 void IG__NAME(bf16_round)(const real *x, half *to, int64_t count) {
  for (int64_t i = 0; i < count; i += 2 * IG__BLOCK)
    _mm512_storeu_si512(to + i, (__m512i)_mm512_cvtne2ps_pbh(_mm512_loadu_ps(x + i + IG__BLOCK), _mm512_loadu_ps(x + i)));
}

BF16 void IG__NAME(bf16_pairs)(const real *x, half *to, int64_t rows) {
  static const uint16_t places[32] = { 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23,
                                       8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31 };
  const __m512i order = _mm512_loadu_si512(places);
  for (int64_t i = 0; i < rows; i += 2, x += 2 * IG__BLOCK, to += 2 * IG__BLOCK) {
    const __m512 second = i + 1 < rows ? _mm512_loadu_ps(x + IG__BLOCK) : _mm512_setzero_ps();
    const __m512i both = (__m512i)_mm512_cvtne2ps_pbh(second, _mm512_loadu_ps(x));
    _mm512_storeu_si512(to, _mm512_permutexvar_epi16(order, both));
  }
}
#else
extern const int IG__NAME(bf16_nothing);
const int IG__NAME(bf16_nothing) = 0; /* ISO C wants something in a file */
#endif
