#ifndef IG__KERNELS_WINOGRAD_STRIDED_H
#define IG__KERNELS_WINOGRAD_STRIDED_H
/* Minimal filtering of a 3 × 3 convolution of stride 2. Along one dimension the outputs
 *   y[o] = w0·x[2o] + w1·x[2o+1] + w2·x[2o+2]
 * are those of a filter of two taps (w0, w2) over the even inputs, and of one of a single tap over the odd ones. The first is
 * Winograd's F(4, 2) with the points 0, 1, −1, 2, ∞, five products for four outputs in place of eight; the second stays as it
 * is, four products. With one dimension nested in the other, a tile of 4 × 4 outputs takes 9 · 9 = 81 products in place of
 * 144. The gradients, transposes of this, take as many.
 *
 * So a line of a transformed tile has nine elements, five of the pair of taps and four of the single one. The latter share
 * their weight: there are 6 · 6 = 36 weights, as many as F(4 × 4, 3 × 3) has at stride 1. Weight i·6 + j belongs to the
 * elements (i, j), where 5 stands for the last four.
 *
 * Every sum takes one product at most, but for those by powers of two: it does not matter which the compiler fuses. */

#include "kernels/vector/winograd.h"

#define STRIDED_LINE 9                             /* elements of a line of a transformed tile */
#define STRIDED_TILE (STRIDED_LINE * STRIDED_LINE) /* of a tile */
#define STRIDED_PLACES 36
#define STRIDED_SIDE 4                             /* of a tile of y */

/* Bᵀd. */
IG__INLINE void strided_input(const V d[5], V r[5]) {
  const V odd = d[3] - d[1];
  r[0] = odd + (real)2 * (d[0] - d[2]);
  r[1] = odd - d[1] - d[2];
  r[2] = (d[3] - d[2]) + (real)2 * (d[1] - d[2]);
  r[3] = odd;
  r[4] = (d[4] - d[2]) - (real)2 * odd;
}

/* Aᵀm. */
IG__INLINE void strided_output(const V m[5], V y[4]) {
  const V even = m[1] + m[2], odd = m[1] - m[2];
  y[0] = m[0] + (even + m[3]);
  y[1] = odd + (real)2 * m[3];
  y[2] = even + (real)4 * m[3];
  y[3] = (odd + (real)8 * m[3]) + m[4];
}

/* A·y. */
IG__INLINE void strided_spread(const V y[4], V r[5]) {
  const V even = y[0] + y[2], odd = y[1] + y[3];
  r[0] = y[0];
  r[1] = even + odd;
  r[2] = even - odd;
  r[3] = (y[0] + (real)4 * y[2]) + (real)2 * (y[1] + (real)4 * y[3]);
  r[4] = y[3];
}

/* Where the elements of transformed tiles lie: [place][block][tile][the place's elements][16], with a vector more after each
 * place, or all places of a tile would fall into few sets of the cache. Element k (line by line) of tile t and block b is
 * at first[k] + b·block[k] + t·tile[k]. Place q has its first element at k = corner[q]. */
typedef struct strided_room {
  int64_t first[STRIDED_TILE], block[STRIDED_TILE], tile[STRIDED_TILE];
  int corner[STRIDED_PLACES];
} strided_room;

void IG__NAME(strided_room_of)(strided_room *room, int blocks, int tiles);
int64_t IG__NAME(strided_room_size)(int blocks, int tiles); /* elements */
IG__INLINE int strided_elements(int place) { return (place / 6 == 5 ? 4 : 1) * (place % 6 == 5 ? 4 : 1); }

/* The tiles of the pictures of x, as they are read: `rows` rows and columns (9, or 5 of dy for the gradient to the input),
 * those of tile (i, j) from row i·step + top, column j·step + left on. */
typedef struct strided_tiles {
  const ig__image *x;
  int down, across;
  int rows, step, top, left;
  int row1, column1; /* of five: which is the first of the four single ones, 0 or 1 */
} strided_tiles;

strided_tiles IG__NAME(strided_tiles_of)(const ig__conv *g, const ig__image *x); /* of x, for the passes that read it */

/* Transforms tiles `first` … `first + count - 1`, blocks b0 … b1-1 of x. */
void IG__NAME(strided_input)(const strided_tiles *s, int64_t first, int count, int b0, int b1, real *v,
                             const strided_room *room);

/* winograd, winograd_dx and winograd_dw at stride 2. */
size_t IG__NAME(strided_scratch)(const ig__conv *g, ig__pack form);
void IG__NAME(strided)(const ig__conv *g, const ig__image *x, const real *u, const ig__image *y, const ig__epilogue *e,
                       int n0, int n1, int part, int parts, void *scratch);
void IG__NAME(strided_dx)(const ig__conv *g, const ig__image *dy, const real *u, const ig__image *dx, int n0, int n1,
                          int part, int parts, void *scratch);
size_t IG__NAME(strided_dw_scratch)(const ig__conv *g);
void IG__NAME(strided_dw)(const ig__conv *g, const ig__image *x, const ig__image *dy, real *partial, int n0, int n1,
                          int part, int parts, void *scratch);

#endif
