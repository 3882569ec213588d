/* Pooling of blocked images, 16 channels at a time; plain images take the naive loops.
 *
 * All five kernels walk over the outputs of one plane and over the taps of each window that lie inside the picture. The
 * place of a maximum is compared against every tap instead of being used as an address: a mask and an addition for 16
 * channels at once, where an address would be 16 separate stores. */
#include "kernels/plain.h"
#include "kernels/vector/span.h"

IG__INLINE VI same_place(int k) { return (mask_int)k - (VI){0}; }

/* −1 in the lanes of block b that hold a channel. The places of missing lanes are cleared with it. */
IG__INLINE VI present(int channels, int b, int first) {
  VI lanes = {0};
  for (int l = 0; l < LANES; l++) lanes[l] = b * IG__BLOCK + first + l < channels ? -1 : 0;
  return lanes;
}

/* A plane of 16 channels, or the row of a window in it. */
IG__INLINE real *plane(const ig__image *m, int n, int b) { return (real *)m->data + n * m->n_pitch + b * m->c_pitch; }
IG__INLINE uint8_t *plane_of_bytes(const ig__image *m, int n, int b) {
  return (uint8_t *)m->data + n * m->n_pitch + b * m->c_pitch;
}

/* Every block of every picture, every lane vector l of a block. */
#define EACH_PLANE(image)                                      \
  for (int n = n0; n < n1; n++)                                \
    for (int b = 0; b < ig__blocks((image)->c); b++)           \
      for (int l = 0; l < IG__BLOCK; l += LANES)

/* Every tap inside the picture: its place in the window k, its pixel p in a plane `base` of rows `pitch`. */
#define EACH_TAP(g, t, base, pitch, ...)                                                                    \
  for (int ky = (t).ky0; ky < (t).ky1; ky++) {                                                              \
    real *row_ = (base) + ((t).iy + ky * (g)->dh) * (pitch) + (int64_t)(t).ix * IG__BLOCK;                  \
    for (int kx = (t).kx0; kx < (t).kx1; kx++) {                                                            \
      real *const p = row_ + (int64_t)kx * (g)->dw * IG__BLOCK;                                             \
      const int k = ky * (g)->kw + kx;                                                                      \
      (void)k;                                                                                              \
      __VA_ARGS__                                                                                           \
    }                                                                                                       \
  }

/* ---- Maximum -------------------------------------------------------------------------------------------------------- */

/* A tap wins when greater, and when it is a NaN, so that it is not hidden from the check of the loss. */
#define CHALLENGE(pixel, place)                                    \
  do {                                                             \
    const V v_ = load(pixel);                                      \
    const VI wins_ = (VI)(v_ > best) | (VI)(v_ != v_);             \
    best = choose(wins_, v_, best);                                \
    at = (at & ~wins_) | (same_place(place) & wins_);              \
  } while (0)

/* The commonest window, 2×2, when it lies inside the picture: four taps without loops. */
IG__INLINE void max_of_four(const real *p, int64_t pitch, VI mask, real *y, uint8_t *place) {
  V best = load(p);
  VI at = same_place(0);
  CHALLENGE(p, 0);
  CHALLENGE(p + IG__BLOCK, 1);
  CHALLENGE(p + pitch, 2);
  CHALLENGE(p + pitch + IG__BLOCK, 3);
  store(y, best);
  bytes_store(place, at & mask);
}

IG__INLINE void max_of_window(const ig__conv *g, window t, real *base, int64_t pitch, VI mask, real *y, uint8_t *place) {
  V best = splat(0);
  VI at = same_place(0);
  if (t.ky0 < t.ky1 && t.kx0 < t.kx1) {
    best = load(base + (t.iy + t.ky0 * g->dh) * pitch + (int64_t)(t.ix + t.kx0 * g->dw) * IG__BLOCK);
    at = same_place(t.ky0 * g->kw + t.kx0);
  }
  EACH_TAP(g, t, base, pitch, { CHALLENGE(p, k); })
  store(y, best);
  bytes_store(place, at & mask);
}

static void maxpool_plane(const ig__conv *g, const ig__image *x, const ig__image *y, const ig__image *argmax, int n, int b,
                          int l) {
  const bool four = g->kh == 2 && g->kw == 2 && g->dh == 1 && g->dw == 1;
  const VI mask = present(y->c, b, l);
  real *from = plane(x, n, b) + l;
  for (int oy = 0; oy < g->oh; oy++) {
    real *to = plane(y, n, b) + oy * y->h_pitch + l;
    uint8_t *place = plane_of_bytes(argmax, n, b) + oy * argmax->h_pitch + l;
    for (int ox = 0; ox < g->ow; ox++, to += IG__BLOCK, place += IG__BLOCK) {
      const int iy = oy * g->sh - g->ph, ix = ox * g->sw - g->pw;
      if (four && iy >= 0 && ix >= 0 && iy + 1 < g->h && ix + 1 < g->w)
        max_of_four(from + iy * x->h_pitch + (int64_t)ix * IG__BLOCK, x->h_pitch, mask, to, place);
      else
        max_of_window(g, window_at(g, oy, ox), from, x->h_pitch, mask, to, place);
    }
  }
}

void IG__NAME(maxpool2d)(const ig__conv *g, const ig__image *x, const ig__image *y, const ig__image *argmax, int n0,
                         int n1) {
  if (x->block == 1) {
    for (int n = n0; n < n1; n++) plain_maxpool2d(g, x, y, argmax, n);
    return;
  }
  EACH_PLANE(y) maxpool_plane(g, x, y, argmax, n, b, l);
}

/* ---- The way back --------------------------------------------------------------------------------------------------- */

/* How windows lie on the gradient's plane. `apart`: no pixel has two windows, so a share is stored and not added. `covered`:
 * when windows tile the plane without a gap, they fill their rows up to this column, and nothing has to be cleared there. */
typedef struct footprint { bool apart; int covered; } footprint;

static footprint footprint_of(const ig__conv *g) {
  const bool apart = (g->kh - 1) * g->dh < g->sh && (g->kw - 1) * g->dw < g->sw;
  const bool tiles = g->kh == g->sh && g->kw == g->sw && g->dh == 1 && g->dw == 1 && g->ph == 0 && g->pw == 0;
  const int covered = tiles ? g->ow * g->sw : 0;
  return (footprint){apart, covered < g->w ? covered : g->w};
}

/* Clears rows `*done` … end-1 of a plane's lane vector from column `from` on, just before the first window that reaches them:
 * they are still in the first-level cache when the sums come. (`rounded` hides the zero, or this would call memset.) */
IG__INLINE void clear_rows(real *base, const ig__image *dx, int *done, int end, int from) {
  const V zero = rounded(splat(0));
  for (; *done < end && *done < dx->h; ++*done)
    for (int j = from; j < dx->w; j++) store(base + *done * dx->h_pitch + (int64_t)j * IG__BLOCK, zero);
}

static int rows_needed(const ig__conv *g, int oy) { return oy * g->sh - g->ph + (g->kh - 1) * g->dh + 1; }

static void scatter_plane(const ig__conv *g, const ig__image *dy, const ig__image *argmax, const ig__image *dx, int n, int b,
                          int l) {
  const footprint print = footprint_of(g);
  real *base = plane(dx, n, b) + l;
  int done = 0;
  for (int oy = 0; oy < g->oh; oy++) {
    const real *from = plane(dy, n, b) + oy * dy->h_pitch + l;
    const uint8_t *place = plane_of_bytes(argmax, n, b) + oy * argmax->h_pitch + l;
    clear_rows(base, dx, &done, rows_needed(g, oy), print.covered);
    for (int ox = 0; ox < g->ow; ox++) {
      const window t = window_at(g, oy, ox);
      const VI slope = (VI)load(from + (int64_t)ox * IG__BLOCK), at = bytes_load(place + (int64_t)ox * IG__BLOCK);
      if (print.apart) EACH_TAP(g, t, base, dx->h_pitch, { store(p, (V)(slope & (VI)(at == same_place(k)))); })
      else EACH_TAP(g, t, base, dx->h_pitch, { store(p, load(p) + (V)(slope & (VI)(at == same_place(k)))); })
    }
  }
  clear_rows(base, dx, &done, dx->h, 0);
}

void IG__NAME(maxpool2d_scatter)(const ig__conv *g, const ig__image *dy, const ig__image *argmax, const ig__image *dx,
                                 int n0, int n1) {
  if (dx->block == 1) {
    for (int n = n0; n < n1; n++) plain_maxpool2d_scatter(g, dy, argmax, dx, n);
    return;
  }
  EACH_PLANE(dx) scatter_plane(g, dy, argmax, dx, n, b, l);
}

static void gather_plane(const ig__conv *g, const ig__image *x, const ig__image *argmax, const ig__image *y, int n, int b,
                         int l) {
  real *base = plane(x, n, b) + l;
  for (int oy = 0; oy < g->oh; oy++) {
    real *to = plane(y, n, b) + oy * y->h_pitch + l;
    const uint8_t *place = plane_of_bytes(argmax, n, b) + oy * argmax->h_pitch + l;
    for (int ox = 0; ox < g->ow; ox++) {
      const window t = window_at(g, oy, ox);
      const VI at = bytes_load(place + (int64_t)ox * IG__BLOCK);
      VI found = {0};
      EACH_TAP(g, t, base, x->h_pitch, { found |= (VI)load(p) & (VI)(at == same_place(k)); })
      store(to + (int64_t)ox * IG__BLOCK, (V)found);
    }
  }
}

void IG__NAME(maxpool2d_gather)(const ig__conv *g, const ig__image *x, const ig__image *argmax, const ig__image *y, int n0,
                                int n1) {
  if (x->block == 1) {
    for (int n = n0; n < n1; n++) plain_maxpool2d_gather(g, x, argmax, y, n);
    return;
  }
  EACH_PLANE(y) gather_plane(g, x, argmax, y, n, b, l);
}

/* ---- Mean ----------------------------------------------------------------------------------------------------------- */

static void avgpool_plane(const ig__conv *g, const ig__image *x, const ig__image *y, int n, int b, int l) {
  real *base = plane(x, n, b) + l;
  for (int oy = 0; oy < g->oh; oy++) {
    real *to = plane(y, n, b) + oy * y->h_pitch + l;
    for (int ox = 0; ox < g->ow; ox++) {
      const window t = window_at(g, oy, ox);
      V sum = splat(0);
      EACH_TAP(g, t, base, x->h_pitch, { sum += load(p); })
      store(to + (int64_t)ox * IG__BLOCK, sum * splat(window_share(&t)));
    }
  }
}

void IG__NAME(avgpool2d)(const ig__conv *g, const ig__image *x, const ig__image *y, int n0, int n1) {
  if (x->block == 1) {
    for (int n = n0; n < n1; n++) plain_avgpool2d(g, x, y, n);
    return;
  }
  EACH_PLANE(y) avgpool_plane(g, x, y, n, b, l);
}

static void avgpool_dx_plane(const ig__conv *g, const ig__image *dy, const ig__image *dx, int n, int b, int l) {
  const footprint print = footprint_of(g);
  real *base = plane(dx, n, b) + l;
  int done = 0;
  for (int oy = 0; oy < g->oh; oy++) {
    const real *from = plane(dy, n, b) + oy * dy->h_pitch + l;
    clear_rows(base, dx, &done, rows_needed(g, oy), print.covered);
    for (int ox = 0; ox < g->ow; ox++) {
      const window t = window_at(g, oy, ox);
      const V share = rounded(load(from + (int64_t)ox * IG__BLOCK) * splat(window_share(&t)));
      if (print.apart) EACH_TAP(g, t, base, dx->h_pitch, { store(p, share); })
      else EACH_TAP(g, t, base, dx->h_pitch, { store(p, load(p) + share); })
    }
  }
  clear_rows(base, dx, &done, dx->h, 0);
}

void IG__NAME(avgpool2d_dx)(const ig__conv *g, const ig__image *dy, const ig__image *dx, int n0, int n1) {
  if (dx->block == 1) {
    for (int n = n0; n < n1; n++) plain_avgpool2d_dx(g, dy, dx, n);
    return;
  }
  EACH_PLANE(dx) avgpool_dx_plane(g, dy, dx, n, b, l);
}
