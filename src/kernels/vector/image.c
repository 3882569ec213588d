/* Images from one layout into another, and from bytes. */
#include "kernels/plain.h"
#include "kernels/vector/span.h"
#include "kernels/vector/turn.h"

static void copy_row(const real *from, real *to, int64_t count) { EACH_VECTOR(count, PUT(to, GET(from))); }

static void separate_row(const real *from, real *to, int64_t to_pitch, int channels, int width) {
  const int whole = channels / 4 * 4;
  int j = 0;
  for (; j + 4 <= width; j += 4)
    for (int c = 0; c < whole; c += 4) turn(from + j * IG__BLOCK + c, IG__BLOCK, to + c * to_pitch + j, to_pitch);
  for (int c = 0; c < channels; c++)
    for (int i = c < whole ? j : 0; i < width; i++) to[c * to_pitch + i] = from[(int64_t)i * IG__BLOCK + c];
}

/* A row of blocked pixels: the last block's missing lanes are cleared, whatever `from` holds there. */
static void copy_blocked_row(const real *from, real *to, int channels, int width) {
  if (channels >= IG__BLOCK) {
    copy_row(from, to, (int64_t)width * IG__BLOCK);
    return;
  }
  for (int j = 0; j < width; j++, from += IG__BLOCK, to += IG__BLOCK)
    for (int c = 0; c < IG__BLOCK; c++) to[c] = c < channels ? from[c] : 0;
}

void IG__NAME(copy_image)(const ig__image *from, const ig__image *to, int n0, int n1) {
  const int step = from->block == 1 && to->block == 1 ? 1 : IG__BLOCK;
  for (int n = n0; n < n1; n++)
    for (int c = 0; c < to->c; c += step)
      for (int i = 0; i < to->h; i++) {
        const real *a = element(from, n, c, i, 0);
        real *b = element(to, n, c, i, 0);
        const int channels = to->c - c < IG__BLOCK ? to->c - c : IG__BLOCK;
        if (step == 1) copy_row(a, b, to->w);
        else if (from->block == 1) interleave_row(a, from->c_pitch, b, channels, to->w);
        else if (to->block == 1) separate_row(a, b, to->c_pitch, channels, to->w);
        else copy_blocked_row(a, b, channels, to->w);
      }
}

/* ---- From bytes ----------------------------------------------------------------------------------------------------- */

static void row_from_u8(const uint8_t *x, real a, real b, real *y, int width) {
  const V factor = splat(a), shift = splat(b);
  int j = 0;
  for (; j + LANES <= width; j += LANES)
    store(y + j, __builtin_convertvector(bytes_load(x + j), V) * factor + shift);
  for (; j < width; j++) y[j] = (real)x[j] * a + b;
}

static void blocked_row_from_u8(const uint8_t *x, int64_t x_pitch, const double *a, const double *b, real *y, int channels,
                                int width) {
  for (int c = 0; c < IG__BLOCK; c++) {
    /* Read beforehand: an address sanitizer's check of b between product and sum keeps clang from fusing them. */
    const real factor = c < channels ? (real)a[c] : 0, shift = c < channels ? (real)b[c] : 0;
    for (int j = 0; j < width; j++)
      y[(int64_t)j * IG__BLOCK + c] = c < channels ? (real)x[c * x_pitch + j] * factor + shift : 0;
  }
}

void IG__NAME(image_from_u8)(const uint8_t *x, const double *a, const double *b, const ig__image *y, int n0, int n1) {
  const int64_t pitch = (int64_t)y->h * y->w;
  for (int n = n0; n < n1; n++)
    for (int c = 0; c < y->c; c += y->block)
      for (int i = 0; i < y->h; i++) {
        const uint8_t *row = x + ((int64_t)n * y->c + c) * pitch + (int64_t)i * y->w;
        real *to = element(y, n, c, i, 0);
        const int channels = y->c - c < IG__BLOCK ? y->c - c : IG__BLOCK;
        if (y->block == 1) row_from_u8(row, (real)a[c], (real)b[c], to, y->w);
        else blocked_row_from_u8(row, pitch, a + c, b + c, to, channels, y->w);
      }
}
