#ifndef IG__KERNELS_UPSAMPLE_H
#define IG__KERNELS_UPSAMPLE_H
/* Where the pixels of an upsampled picture come from, and where its gradient goes: tables of one dimension, and the naive loops
 * over single elements for any layout. Pixels are squares: the centre of output o lies at (o + 1/2)/k − 1/2 of the input, and
 * what lies beyond the first and last centre is the edge again (align_corners=no). Positions are counted in units of 1/2k, so
 * they are whole numbers and the shares are rounded once. */

#include "kernels/plain.h"

/* Output k·q + p lies between the inputs q − 1 and q for the first `half` phases p, between q and q + 1 for the others; t[p]
 * is the share of the second of the two. */
typedef struct phases { int half; real t[IG__MAX_UPSAMPLE]; } phases;

IG__INLINE phases phases_of(int k) {
  phases a = {.half = k / 2};
  for (int p = 0; p < k; p++) a.t[p] = (real)(2 * p + 1 + (p < a.half ? k : -k)) / (real)(2 * k);
  return a;
}

IG__INLINE int clamped(int i, int size) { return i < 0 ? 0 : i < size ? i : size - 1; }

/* The outputs that input i has a share in: `count` of them, the first being k·i + from. */
typedef struct shares { int from, count; real share[2 * IG__MAX_UPSAMPLE]; } shares;

/* Of the first input, all inner ones, and the last. */
typedef struct upsample_axis { int size; shares of[3]; } upsample_axis;

IG__INLINE void fill_shares(shares *s, int i, int k, int size, bool bilinear) {
  const int64_t unit = 2 * (int64_t)k, at = unit * i, end = unit * (size - 1);
  int64_t first = (int64_t)k * i, last = first + k - 1;
  if (bilinear) {
    first = first - k + (k - 1) / 2 + 1;
    last += k / 2;
    if (first < 0) first = 0;
    if (last >= (int64_t)k * size) last = (int64_t)k * size - 1;
  }
  s->from = (int)(first - (int64_t)k * i);
  s->count = (int)(last - first + 1);
  for (int64_t o = first; o <= last; o++) {
    int64_t place = 2 * o + 1 - k, far;
    place = place < 0 ? 0 : place > end ? end : place;
    far = place > at ? place - at : at - place;
    s->share[o - first] = bilinear ? (real)(unit - far) / (real)unit : 1;
  }
}

IG__INLINE upsample_axis upsample_axis_of(int k, int size, bool bilinear) {
  upsample_axis a = {.size = size};
  fill_shares(&a.of[0], 0, k, size, bilinear);
  if (size > 2) fill_shares(&a.of[1], 1, k, size, bilinear);
  if (size > 1) fill_shares(&a.of[2], size - 1, k, size, bilinear);
  return a;
}

IG__INLINE const shares *shares_of(const upsample_axis *a, int i) { return &a->of[i == 0 ? 0 : i == a->size - 1 ? 2 : 1]; }

/* ---- Naive loops ---------------------------------------------------------------------------------------------------- */

IG__INLINE real between(real a, real b, real t) { return a + t * (b - a); }

IG__INLINE void plain_upsample2d(int kh, int kw, bool bilinear, const ig__image *x, const ig__image *y, int n) {
  const phases v = phases_of(kh), h = phases_of(kw);
  for (int c = 0; c < padded_channels(y); c++)
    for (int oy = 0; oy < y->h; oy++)
      for (int ox = 0; ox < y->w; ox++) {
        const int i = oy / kh, j = ox / kw, p = oy % kh, q = ox % kw;
        const int i0 = clamped(i - (p < v.half), x->h), i1 = clamped(i + (p >= v.half), x->h);
        const int j0 = clamped(j - (q < h.half), x->w), j1 = clamped(j + (q >= h.half), x->w);
        real value = 0;
        if (c < y->c && !bilinear) value = *element(x, n, c, i, j);
        else if (c < y->c)
          value = between(between(*element(x, n, c, i0, j0), *element(x, n, c, i1, j0), v.t[p]),
                          between(*element(x, n, c, i0, j1), *element(x, n, c, i1, j1), v.t[p]), h.t[q]);
        *element(y, n, c, oy, ox) = value;
      }
}

IG__INLINE void plain_upsample2d_dx(int kh, int kw, bool bilinear, const ig__image *dy, const ig__image *dx, int n) {
  const upsample_axis v = upsample_axis_of(kh, dx->h, bilinear), h = upsample_axis_of(kw, dx->w, bilinear);
  for (int c = 0; c < padded_channels(dx); c++)
    for (int i = 0; i < dx->h; i++)
      for (int j = 0; j < dx->w; j++) {
        const shares *rows = shares_of(&v, i), *columns = shares_of(&h, j);
        real sum = 0;
        for (int r = 0; c < dx->c && r < rows->count; r++) {
          real row = 0;
          for (int q = 0; q < columns->count; q++)
            row += *element(dy, n, c, i * kh + rows->from + r, j * kw + columns->from + q) * columns->share[q];
          sum += row * rows->share[r];
        }
        *element(dx, n, c, i, j) = sum;
      }
}

#endif
