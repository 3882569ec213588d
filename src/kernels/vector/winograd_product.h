#ifndef IG__KERNELS_WINOGRAD_PRODUCT_H
#define IG__KERNELS_WINOGRAD_PRODUCT_H
/* The matrix product of Winograd's weight gradients: one place of the transformed domain, summed over tiles. */

#include "kernels/real.h"

/* u[q·16 + lane] += Σ over tiles of v[tile·16 + q] · d[tile·16 + lane], for Q input channels q and J vectors of output
 * channels, the second one d_next and u_next further on. */
typedef struct product {
  const real *v, *d;
  real *u;
  int64_t d_next, u_next;
  int tiles;
} product;

#define ROWS(X) X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7)

IG__INLINE void multiply(const int Q, const int J, const product *p) {
  const real *v = p->v, *d = p->d;
  const int64_t next = p->d_next;
  real *const u0 = p->u, *const u1 = u0 + p->u_next;
#define DECLARE(q) V a##q = {0}, b##q = {0};
  ROWS(DECLARE)
#define FETCH(q)                                         \
  if (q < Q) {                                           \
    __builtin_prefetch(u0 + q * IG__BLOCK, 1);           \
    if (J > 1 && VECTORS == 1) __builtin_prefetch(u1 + q * IG__BLOCK, 1); \
  }
  ROWS(FETCH)
#pragma GCC unroll 1
  for (int t = p->tiles; t > 0; t--, v += IG__BLOCK, d += IG__BLOCK) {
    const V d0 = load(d), d1 = J > 1 ? load(d + next) : d0;
#define FACTOR(q) (IG__LANE_FACTORS ? load(v + q / LANES * LANES)[q % LANES] : v[q])
#define MULTIPLY(q)                                      \
  if (q < Q) {                                           \
    const V s = splat(FACTOR(q));                        \
    a##q += s * d0;                                      \
    if (J > 1) b##q += s * d1;                           \
  }
    ROWS(MULTIPLY)
  }
#define ADD(q)                                           \
  if (q < Q) {                                           \
    store(u0 + q * IG__BLOCK, load(u0 + q * IG__BLOCK) + a##q);           \
    if (J > 1) store(u1 + q * IG__BLOCK, load(u1 + q * IG__BLOCK) + b##q); \
  }
  ROWS(ADD)
}

/* How the 16 channels of an input block are cut into register tiles: X(channels, first channel). */
#if IG__REGISTERS == 32
#define TILES(X) X(8, 0) X(8, 8)
#define SIZES(X) X(8)
#else
#define TILES(X) X(6, 0) X(5, 6) X(5, 11)
#define SIZES(X) X(6) X(5)
#endif

#define FUNCTIONS(q)                                                    \
  static void multiply_##q##_2(const product *p) { multiply(q, 2, p); } \
  static void multiply_##q##_1(const product *p) { multiply(q, 1, p); }
SIZES(FUNCTIONS)

/* The first `channels` of an input block. */
static void multiply_block(product p, int channels, bool two) {
  const real *const v = p.v;
  real *const u = p.u;
#define RUN(q, first)                              \
  if (first < channels) {                          \
    p.v = v + first;                               \
    p.u = u + first * IG__BLOCK;                   \
    if (two) multiply_##q##_2(&p);                 \
    else multiply_##q##_1(&p);                     \
  }
  TILES(RUN)
}

#endif
