/* Upsampling of blocked images, 16 channels at a time; plain images take the naive loops.
 *
 * The gradient is gathered and not scattered: a pixel of dx is summed up in a register and stored once, and the order of its
 * additions is that of the outputs. */
#include "kernels/pack.h"
#include "kernels/upsample.h"

IG__INLINE real *plane(const ig__image *m, int n, int b) { return (real *)m->data + n * m->n_pitch + b * m->c_pitch; }

/* Every block of every picture, every lane vector l of a block. */
#define EACH_PLANE(image)                                      \
  for (int n = n0; n < n1; n++)                                \
    for (int b = 0; b < ig__blocks((image)->c); b++)           \
      for (int l = 0; l < IG__BLOCK; l += LANES)

static void repeat_plane(int kh, int kw, const ig__image *x, const ig__image *y, const real *from, real *to) {
  for (int i = 0; i < x->h; i++)
    for (int p = 0; p < kh; p++) {
      const real *row = from + i * x->h_pitch;
      real *out = to + (int64_t)(i * kh + p) * y->h_pitch;
      for (int j = 0; j < x->w; j++, row += IG__BLOCK) {
        const V v = load(row);
        for (int q = 0; q < kw; q++, out += IG__BLOCK) store(out, v);
      }
    }
}

IG__INLINE V blend(V a, V b, V t) { return a + t * (b - a); }

/* One output row between the rows a and b of x: each input column is blended once and kept while the outputs on both of its
 * sides are made. */
static void blend_row(const phases *h, int kw, int w, const real *a, const real *b, V t, real *out) {
  V left = blend(load(a), load(b), t), here = left;
  for (int j = 0; j < w; j++) {
    const int64_t next = (int64_t)clamped(j + 1, w) * IG__BLOCK;
    const V right = blend(load(a + next), load(b + next), t);
    int q = 0;
    for (; q < h->half; q++, out += IG__BLOCK) store(out, blend(left, here, splat(h->t[q])));
    for (; q < kw; q++, out += IG__BLOCK) store(out, blend(here, right, splat(h->t[q])));
    left = here;
    here = right;
  }
}

static void blend_plane(int kh, int kw, const phases *v, const phases *h, const ig__image *x, const ig__image *y,
                        const real *from, real *to) {
  for (int i = 0; i < x->h; i++)
    for (int p = 0; p < kh; p++) {
      const real *a = from + clamped(i - (p < v->half), x->h) * x->h_pitch;
      const real *b = from + clamped(i + (p >= v->half), x->h) * x->h_pitch;
      blend_row(h, kw, x->w, a, b, splat(v->t[p]), to + (int64_t)(i * kh + p) * y->h_pitch);
    }
}

void IG__NAME(upsample2d)(int kh, int kw, bool bilinear, const ig__image *x, const ig__image *y, int n0, int n1) {
  const phases v = phases_of(kh), h = phases_of(kw);
  if (x->block == 1) {
    for (int n = n0; n < n1; n++) plain_upsample2d(kh, kw, bilinear, x, y, n);
    return;
  }
  EACH_PLANE(x) {
    const real *from = plane(x, n, b) + l;
    real *to = plane(y, n, b) + l;
    if (bilinear) blend_plane(kh, kw, &v, &h, x, y, from, to);
    else repeat_plane(kh, kw, x, y, from, to);
  }
}

static void gather_plane(int kh, int kw, const upsample_axis *v, const upsample_axis *h, const ig__image *dy,
                         const ig__image *dx, const real *from, real *to) {
  for (int i = 0; i < dx->h; i++) {
    const shares *rows = shares_of(v, i);
    const real *first = from + ((int64_t)i * kh + rows->from) * dy->h_pitch;
    for (int j = 0; j < dx->w; j++) {
      const shares *columns = shares_of(h, j);
      const real *p = first + ((int64_t)j * kw + columns->from) * IG__BLOCK;
      V sum = splat(0);
      for (int r = 0; r < rows->count; r++, p += dy->h_pitch) {
        V row = splat(0);
        for (int q = 0; q < columns->count; q++) row += load(p + (int64_t)q * IG__BLOCK) * splat(columns->share[q]);
        sum += row * splat(rows->share[r]);
      }
      store(to + i * dx->h_pitch + (int64_t)j * IG__BLOCK, sum);
    }
  }
}

void IG__NAME(upsample2d_dx)(int kh, int kw, bool bilinear, const ig__image *dy, const ig__image *dx, int n0, int n1) {
  const upsample_axis v = upsample_axis_of(kh, dx->h, bilinear), h = upsample_axis_of(kw, dx->w, bilinear);
  if (dx->block == 1) {
    for (int n = n0; n < n1; n++) plain_upsample2d_dx(kh, kw, bilinear, dy, dx, n);
    return;
  }
  EACH_PLANE(dx) gather_plane(kh, kw, &v, &h, dy, dx, plane(dy, n, b) + l, plane(dx, n, b) + l);
}
