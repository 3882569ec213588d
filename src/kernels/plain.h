#ifndef IG__KERNELS_PLAIN_H
#define IG__KERNELS_PLAIN_H
/* Naive loops over single elements, any layout: all of the reference's image kernels, and the vector tables' kernels where
 * speed was not promised (the *_plain convolutions, pooling of plain images). Nothing here reads a halo or a missing lane;
 * missing lanes of a result are written as zero. */

#include "kernels/pack.h"
#include "kernels/real.h"

/* The element (n, c, y, x) of an image, counted from `data`. */
IG__INLINE int64_t at(const ig__image *m, int n, int c, int y, int x) {
  return n * m->n_pitch + c / m->block * m->c_pitch + y * m->h_pitch + (int64_t)x * m->block + c % m->block;
}

IG__INLINE real *element(const ig__image *m, int n, int c, int y, int x) { return (real *)m->data + at(m, n, c, y, x); }
IG__INLINE uint8_t *byte(const ig__image *m, int n, int c, int y, int x) { return (uint8_t *)m->data + at(m, n, c, y, x); }

/* Channels counting the missing lanes of the last block. */
IG__INLINE int padded_channels(const ig__image *m) { return (m->c + m->block - 1) / m->block * m->block; }

/* What a product takes for x: another file may round it first. */
#ifndef OPERAND
#define OPERAND(x) (double)(x)
#endif

/* ---- Convolution ---------------------------------------------------------------------------------------------------- */

/* Weights as they stand in a model: [out][in/groups][kh][kw]. The other forms are ig__pack. */
#define PLAIN_WEIGHTS (-1)

/* Where w(co, ci, ky, kx) lies, ci counted inside its group. */
IG__INLINE size_t weight_at(const ig__conv *g, int form, int co, int ci, int ky, int kx) {
  if (form != PLAIN_WEIGHTS) return ig__pack_index(g, (ig__pack)form, co, ci, ky, kx);
  return (size_t)(((co * (int64_t)(g->c_in / g->groups) + ci) * g->kh + ky) * g->kw + kx);
}

/* The sums are double also for float: products of two floats are then exact, so every instruction set gives the same bits,
 * with fused multiply-add or without. */
IG__INLINE double convolve(const ig__conv *g, const ig__image *x, const real *w, int form, int n, int co, int oy, int ox) {
  int in = g->c_in / g->groups, first = co / (g->c_out / g->groups) * in;
  double sum = 0;
  for (int ci = 0; ci < in; ci++)
    for (int ky = 0; ky < g->kh; ky++) {
      int iy = oy * g->sh - g->ph + ky * g->dh;
      if (iy < 0 || iy >= g->h) continue;
      for (int kx = 0; kx < g->kw; kx++) {
        int ix = ox * g->sw - g->pw + kx * g->dw;
        if (ix < 0 || ix >= g->w) continue;
        sum += OPERAND(*element(x, n, first + ci, iy, ix)) * OPERAND(w[weight_at(g, form, co, ci, ky, kx)]);
      }
    }
  return sum;
}

/* The gradient to the input's element (n, ci, iy, ix): every output that this element entered gives its share. */
IG__INLINE double convolve_dx(const ig__conv *g, const ig__image *dy, const real *w, int form, int n, int ci, int iy,
                              int ix) {
  int in = g->c_in / g->groups, out = g->c_out / g->groups, first = ci / in * out;
  double sum = 0;
  for (int co = first; co < first + out; co++)
    for (int ky = 0; ky < g->kh; ky++) {
      int top = iy + g->ph - ky * g->dh;
      if (top < 0 || top % g->sh != 0 || top / g->sh >= g->oh) continue;
      for (int kx = 0; kx < g->kw; kx++) {
        int left = ix + g->pw - kx * g->dw;
        if (left < 0 || left % g->sw != 0 || left / g->sw >= g->ow) continue;
        sum += OPERAND(*element(dy, n, co, top / g->sh, left / g->sw)) * OPERAND(w[weight_at(g, form, co, ci % in, ky, kx)]);
      }
    }
  return sum;
}

/* The gradient to w(co, ci, ky, kx), ci counted inside its group, over pictures n0 … n1-1. */
IG__INLINE double convolve_dw(const ig__conv *g, const ig__image *x, const ig__image *dy, int n0, int n1, int co, int ci,
                              int ky, int kx) {
  int in = g->c_in / g->groups, first = co / (g->c_out / g->groups) * in;
  double sum = 0;
  for (int n = n0; n < n1; n++)
    for (int oy = 0; oy < g->oh; oy++) {
      int iy = oy * g->sh - g->ph + ky * g->dh;
      if (iy < 0 || iy >= g->h) continue;
      for (int ox = 0; ox < g->ow; ox++) {
        int ix = ox * g->sw - g->pw + kx * g->dw;
        if (ix < 0 || ix >= g->w) continue;
        sum += OPERAND(*element(x, n, first + ci, iy, ix)) * OPERAND(*element(dy, n, co, oy, ox));
      }
    }
  return sum;
}

/* What the epilogue makes of a sum. */
IG__INLINE double finished(const ig__epilogue *e, int channels, int n, int co, int oy, int ox, double sum) {
  if (!e || co >= channels) return sum;
  if (e->scale) sum *= (double)((const real *)e->scale)[co];
  sum += e->bias ? (double)((const real *)e->bias)[co] : 0; /* +0: no sum is −0 */
  if (e->add) sum += (double)*element(e->add, n, co, oy, ox);
  return e->relu && !(sum > 0) && sum == sum ? 0 : sum;
}

/* Output channels c0 … c1-1 of pictures n0 … n1-1. */
IG__INLINE void plain_conv2d(const ig__conv *g, const ig__image *x, const real *w, int form, const ig__image *y,
                             const ig__epilogue *e, int n0, int n1, int c0, int c1) {
  for (int n = n0; n < n1; n++)
    for (int co = c0; co < c1; co++)
      for (int oy = 0; oy < g->oh; oy++)
        for (int ox = 0; ox < g->ow; ox++) {
          double sum = co < g->c_out ? convolve(g, x, w, form, n, co, oy, ox) : 0;
          *element(y, n, co, oy, ox) = (real)finished(e, y->c, n, co, oy, ox, sum);
        }
}

IG__INLINE void plain_conv2d_dx(const ig__conv *g, const ig__image *dy, const real *w, int form, const ig__image *dx,
                                int n0, int n1, int c0, int c1) {
  for (int n = n0; n < n1; n++)
    for (int ci = c0; ci < c1; ci++)
      for (int iy = 0; iy < g->h; iy++)
        for (int ix = 0; ix < g->w; ix++)
          *element(dx, n, ci, iy, ix) = (real)(ci < g->c_in ? convolve_dx(g, dy, w, form, n, ci, iy, ix) : 0);
}

IG__INLINE void plain_conv2d_dw(const ig__conv *g, const ig__image *x, const ig__image *dy, real *dw, int form, int n0,
                                int n1, int c0, int c1) {
  for (int co = c0; co < c1; co++)
    for (int ci = 0; ci < g->c_in / g->groups; ci++)
      for (int ky = 0; ky < g->kh; ky++)
        for (int kx = 0; kx < g->kw; kx++)
          dw[weight_at(g, form, co, ci, ky, kx)] += (real)convolve_dw(g, x, dy, n0, n1, co, ci, ky, kx);
}

/* The three *_plain kernels, the same in every table. */
#define IG__PLAIN_CONV2D_KERNELS                                                                                       \
  void IG__NAME(conv2d_plain)(const ig__conv *g, const ig__image *x, const void *w, const ig__image *y, int n0,        \
                              int n1) {                                                                                \
    plain_conv2d(g, x, w, PLAIN_WEIGHTS, y, NULL, n0, n1, 0, padded_channels(y));                                      \
  }                                                                                                                    \
  void IG__NAME(conv2d_dx_plain)(const ig__conv *g, const ig__image *dy, const void *w, const ig__image *dx, int n0,   \
                                 int n1) {                                                                             \
    plain_conv2d_dx(g, dy, w, PLAIN_WEIGHTS, dx, n0, n1, 0, padded_channels(dx));                                      \
  }                                                                                                                    \
  void IG__NAME(conv2d_dw_plain)(const ig__conv *g, const ig__image *x, const ig__image *dy, void *dw, int n0, int n1, \
                                 int part, int parts) {                                                                \
    plain_conv2d_dw(g, x, dy, dw, PLAIN_WEIGHTS, n0, n1, ig__cut(g->c_out, part, parts),                               \
                    ig__cut(g->c_out, part + 1, parts));                                                               \
  }

/* ---- Pooling -------------------------------------------------------------------------------------------------------- */

/* The window of output (oy, ox): rows iy, iy + dh, … of which ky0 … ky1-1 lie inside the picture; likewise columns. */
typedef struct window { int iy, ix, ky0, ky1, kx0, kx1; } window;

/* First and last-plus-one k of 0 … taps-1 with 0 <= start + k·step < size. The division is for windows that hang over the end
 * only: it would cost more than the window. */
IG__INLINE int taps_begin(int start, int step) { return start < 0 ? (-start + step - 1) / step : 0; }
IG__INLINE int taps_end(int start, int step, int taps, int size) {
  if (start + (taps - 1) * step < size) return taps;
  return start < size ? (size - 1 - start) / step + 1 : 0;
}

IG__INLINE window window_at(const ig__conv *g, int oy, int ox) {
  int iy = oy * g->sh - g->ph, ix = ox * g->sw - g->pw;
  return (window){iy, ix, taps_begin(iy, g->dh), taps_end(iy, g->dh, g->kh, g->h),
                  taps_begin(ix, g->dw), taps_end(ix, g->dw, g->kw, g->w)};
}

/* The share of each pixel in the mean; a window outside the picture has the mean 0. */
IG__INLINE real window_share(const window *t) {
  int count = (t->ky1 - t->ky0) * (t->kx1 - t->kx0);
  return t->ky1 > t->ky0 && t->kx1 > t->kx0 ? 1 / (real)count : 0;
}

/* A NaN wins, so that it is not hidden from the check of the loss. */
IG__INLINE void plain_maxpool2d(const ig__conv *g, const ig__image *x, const ig__image *y, const ig__image *argmax, int n) {
  for (int c = 0; c < padded_channels(y); c++)
    for (int oy = 0; oy < g->oh; oy++)
      for (int ox = 0; ox < g->ow; ox++) {
        window t = window_at(g, oy, ox);
        real best = 0;
        int place = -1;
        for (int ky = t.ky0; c < y->c && ky < t.ky1; ky++)
          for (int kx = t.kx0; kx < t.kx1; kx++) {
            real v = *element(x, n, c, t.iy + ky * g->dh, t.ix + kx * g->dw);
            if (place < 0 || v > best || v != v) {
              best = v;
              place = ky * g->kw + kx;
            }
          }
        *element(y, n, c, oy, ox) = best;
        *byte(argmax, n, c, oy, ox) = (uint8_t)(place < 0 ? 0 : place);
      }
}

IG__INLINE void plain_zero(const ig__image *y, int n) {
  for (int c = 0; c < padded_channels(y); c++)
    for (int i = 0; i < y->h; i++)
      for (int j = 0; j < y->w; j++) *element(y, n, c, i, j) = 0;
}

IG__INLINE void plain_maxpool2d_scatter(const ig__conv *g, const ig__image *dy, const ig__image *argmax,
                                        const ig__image *dx, int n) {
  plain_zero(dx, n);
  for (int c = 0; c < dx->c; c++)
    for (int oy = 0; oy < g->oh; oy++)
      for (int ox = 0; ox < g->ow; ox++) {
        int place = *byte(argmax, n, c, oy, ox);
        int iy = oy * g->sh - g->ph + place / g->kw * g->dh, ix = ox * g->sw - g->pw + place % g->kw * g->dw;
        if (iy >= 0 && iy < g->h && ix >= 0 && ix < g->w)
          *element(dx, n, c, iy, ix) += *element(dy, n, c, oy, ox);
      }
}

IG__INLINE void plain_maxpool2d_gather(const ig__conv *g, const ig__image *x, const ig__image *argmax, const ig__image *y,
                                       int n) {
  for (int c = 0; c < padded_channels(y); c++)
    for (int oy = 0; oy < g->oh; oy++)
      for (int ox = 0; ox < g->ow; ox++) {
        int place = c < y->c ? *byte(argmax, n, c, oy, ox) : 0;
        int iy = oy * g->sh - g->ph + place / g->kw * g->dh, ix = ox * g->sw - g->pw + place % g->kw * g->dw;
        bool inside = c < y->c && iy >= 0 && iy < g->h && ix >= 0 && ix < g->w;
        *element(y, n, c, oy, ox) = inside ? *element(x, n, c, iy, ix) : 0;
      }
}

IG__INLINE void plain_avgpool2d(const ig__conv *g, const ig__image *x, const ig__image *y, int n) {
  for (int c = 0; c < padded_channels(y); c++)
    for (int oy = 0; oy < g->oh; oy++)
      for (int ox = 0; ox < g->ow; ox++) {
        window t = window_at(g, oy, ox);
        real sum = 0;
        for (int ky = t.ky0; c < y->c && ky < t.ky1; ky++)
          for (int kx = t.kx0; kx < t.kx1; kx++) sum += *element(x, n, c, t.iy + ky * g->dh, t.ix + kx * g->dw);
        *element(y, n, c, oy, ox) = sum * window_share(&t);
      }
}

IG__INLINE void plain_avgpool2d_dx(const ig__conv *g, const ig__image *dy, const ig__image *dx, int n) {
  plain_zero(dx, n);
  for (int c = 0; c < dx->c; c++)
    for (int oy = 0; oy < g->oh; oy++)
      for (int ox = 0; ox < g->ow; ox++) {
        window t = window_at(g, oy, ox);
        real share = *element(dy, n, c, oy, ox) * window_share(&t);
        for (int ky = t.ky0; ky < t.ky1; ky++)
          for (int kx = t.kx0; kx < t.kx1; kx++) *element(dx, n, c, t.iy + ky * g->dh, t.ix + kx * g->dw) += share;
      }
}

#endif
