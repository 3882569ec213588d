#ifndef IG__KERNELS_WINOGRAD_H
#define IG__KERNELS_WINOGRAD_H
/* Winograd's minimal filtering F(m × m, 3 × 3), m = 4 or 2 (Lavin & Gray 2016): m × m outputs Y = Aᵀ[(G g Gᵀ) ∘ (Bᵀ d B)]A
 * from a tile d of side m + 2, with (m+2)² products in place of 9·m². The points of interpolation are 0, ±1, ±2, ∞ for
 * m = 4 and 0, ±1, ∞ for m = 2.
 *
 * The one-dimensional transforms come in pairs of results that share their sums. A tile is done pair of rows by pair of rows:
 * down its columns into one pair, then along these two rows. So 12 vectors at most wait in registers, where the whole tile of
 * 36 would go through memory; that costs a second load of some elements, which are in the first-level cache.
 *
 * Every sum takes one product at most, but for those by powers of two: it does not matter which the compiler fuses. */

#include "kernels/pack.h"
#include "kernels/real.h"

/* Rows (or columns) p and q of the transformed tile that pair `pair` makes: m = 4 has 0: {0, 5}, 1: {1, 2}, 2: {3, 4};
 * m = 2 has 0: {0, 3}, 1: {1, 2}. */
#define WINOGRAD_P(pair) ((pair) ? 2 * (pair) - 1 : 0)
#define WINOGRAD_Q(pair, m) ((pair) ? 2 * (pair) : (m) + 1)

/* Bᵀd, m = 4. */
IG__INLINE void winograd_input4(const int pair, V d0, V d1, V d2, V d3, V d4, V d5, V *p, V *q) {
  if (pair == 0) {
    *p = d4 - (real)5 * d2 + (real)4 * d0;
    *q = d5 - (real)5 * d3 + (real)4 * d1;
  } else if (pair == 1) {
    const V even = d4 - (real)4 * d2, odd = d3 - (real)4 * d1;
    *p = even + odd;
    *q = even - odd;
  } else {
    const V even = d4 - d2, odd = d3 - d1;
    *p = even + (real)2 * odd;
    *q = even - (real)2 * odd;
  }
}

/* Bᵀd, m = 2. */
IG__INLINE void winograd_input2(const int pair, V d0, V d1, V d2, V d3, V *p, V *q) {
  *p = pair == 0 ? d0 - d2 : d1 + d2;
  *q = pair == 0 ? d1 - d3 : d2 - d1;
}

/* Up to six places in memory that lie one stride apart, by the addressing modes of three registers (x86 scales by 2 and 4).
 * Left to itself gcc computes every address of a tile before the loop over tiles and keeps most of them on the stack: more
 * instructions than the arithmetic has. The asm hides where the values come from. */
typedef struct winograd_stride { int64_t one, three, five; } winograd_stride; /* bytes */

IG__INLINE winograd_stride winograd_stride_of(int64_t elements) {
  winograd_stride s = { elements * (int64_t)sizeof(real), 3 * elements * (int64_t)sizeof(real),
                        5 * elements * (int64_t)sizeof(real) };
  __asm__("" : "+r"(s.one), "+r"(s.three), "+r"(s.five));
  return s;
}

IG__INLINE const real *winograd_hide(const real *p) {
  __asm__("" : "+r"(p));
  return p;
}

IG__INLINE const real *winograd_at(const real *p, winograd_stride s, const int k) {
  const int64_t bytes = k == 3 ? s.three : k == 5 ? s.five : k * s.one;
  return (const real *)(const void *)((const char *)p + bytes);
}

/* The tiles of the pictures of x: tile (i, j) of a picture has its first element at row i·m − ph, column j·m − pw, and
 * side m + 2. Tile t of all is (t / (down·across), t / across % down, t % across). */
typedef struct winograd_tiles {
  const ig__image *x;
  int m, ph, pw, down, across;
} winograd_tiles;

/* One of them: its first element's place from x->data in block 0, which of its rows i0 … i1-1 and columns j0 … j1-1 lie in
 * the picture, and whether all others lie in x's halo, so that the tile can be read where it is. */
typedef struct winograd_place {
  int64_t at;
  int i0, i1, j0, j1;
  bool readable;
} winograd_place;

winograd_place IG__NAME(winograd_place)(const winograd_tiles *s, int64_t t);

/* Transforms tiles `first` … `first + count - 1`, blocks b0 … b1-1 of x: element (i, j), lane l, of block b and tile t goes to
 * v[(i·(m+2) + j)·plane + (b−b0)·block + (t−first)·step + l]. What lies outside the pictures is zero and is not read beyond
 * x's halo. */
void IG__NAME(winograd_input)(const winograd_tiles *s, int64_t first, int count, int b0, int b1, real *v, int64_t plane,
                              int64_t block, int64_t step);

#endif
