/* The geometries that the tests try convolutions and poolings with: odd and even sizes, padding of every kind, strides that
 * leave a rest, and channel counts around the block of 16. Options and geometry are both written out, so that a test of the
 * one checks the other. */
#include "ops/conv_geometry.h"

/* n, channels in, h, w, channels out, oh, ow, kernel, stride, pad as asked, pad top and left, dilation, groups */
#define CONV_PROBES(X) \
  X(2, 1, 5, 5, 1, 3, 3, 3, 3, 1, 1, 0, 0, 0, 0, 1, 1, 1)     \
  X(1, 3, 5, 5, 2, 3, 3, 3, 3, 1, 1, 0, 0, 0, 0, 1, 1, 1)     \
  X(2, 1, 6, 5, 3, 2, 1, 5, 5, 1, 1, 0, 0, 0, 0, 1, 1, 1)     \
  X(1, 3, 5, 4, 3, 5, 4, 3, 3, 1, 1, -1, -1, 1, 1, 1, 1, 1)   \
  X(1, 2, 6, 6, 3, 3, 3, 3, 3, 2, 2, -1, -1, 0, 0, 1, 1, 1)   \
  X(1, 2, 5, 5, 3, 3, 3, 3, 3, 2, 2, -1, -1, 1, 1, 1, 1, 1)   \
  X(2, 2, 5, 6, 2, 5, 6, 2, 2, 1, 1, -1, -1, 0, 0, 1, 1, 1)   \
  X(1, 2, 7, 5, 3, 4, 5, 4, 2, 2, 1, -1, -1, 1, 0, 1, 1, 1)   \
  X(1, 3, 4, 4, 3, 4, 4, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1, 1)     \
  X(1, 3, 6, 5, 2, 3, 3, 3, 3, 2, 2, 1, 1, 1, 1, 1, 1, 1)     \
  X(2, 2, 3, 4, 2, 3, 4, 5, 3, 1, 1, 2, 1, 2, 1, 1, 1, 1)     \
  X(1, 1, 7, 7, 2, 3, 3, 3, 3, 1, 1, 0, 0, 0, 0, 2, 2, 1)     \
  X(1, 2, 6, 7, 2, 6, 7, 3, 3, 1, 1, 2, 2, 2, 2, 2, 2, 1)     \
  X(1, 2, 7, 6, 2, 3, 2, 3, 2, 2, 3, 1, 0, 1, 0, 2, 1, 1)     \
  X(1, 5, 4, 3, 4, 4, 3, 1, 1, 1, 1, 0, 0, 0, 0, 1, 1, 1)     \
  X(1, 5, 5, 5, 3, 3, 3, 1, 1, 2, 2, 0, 0, 0, 0, 1, 1, 1)     \
  X(3, 15, 2, 3, 2, 1, 2, 2, 2, 1, 1, 0, 0, 0, 0, 1, 1, 1)    \
  X(2, 16, 3, 3, 2, 3, 3, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1, 1)    \
  X(2, 17, 3, 2, 1, 3, 2, 3, 2, 1, 1, -1, -1, 1, 0, 1, 1, 1)  \
  X(1, 17, 3, 3, 16, 3, 3, 1, 1, 1, 1, 0, 0, 0, 0, 1, 1, 1)   \
  X(1, 33, 2, 3, 2, 2, 3, 2, 2, 1, 1, -1, -1, 0, 0, 1, 1, 1)  \
  X(1, 2, 4, 4, 17, 2, 5, 3, 2, 1, 1, 0, 1, 0, 1, 1, 1, 1)    \
  X(1, 1, 4, 3, 33, 3, 2, 2, 2, 1, 1, 0, 0, 0, 0, 1, 1, 1)    \
  X(1, 4, 4, 4, 4, 4, 4, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1, 2)     \
  X(1, 6, 4, 3, 6, 4, 3, 3, 3, 1, 1, -1, -1, 1, 1, 1, 1, 6)   \
  X(1, 18, 3, 3, 6, 2, 2, 3, 3, 2, 2, 1, 1, 1, 1, 1, 1, 3)    \
  X(2, 17, 4, 3, 17, 2, 2, 3, 3, 2, 2, 1, 1, 1, 1, 1, 1, 17)  \
  X(1, 32, 2, 2, 32, 2, 2, 2, 1, 1, 1, -1, 0, 0, 0, 1, 1, 2)  \
  X(1, 20, 2, 2, 40, 2, 2, 1, 1, 1, 1, 0, 0, 0, 0, 1, 1, 20)  \
  X(1, 2, 3, 3, 2, 5, 5, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1)     \
  X(2, 4, 5, 4, 3, 1, 1, 3, 3, 3, 3, 0, 0, 0, 0, 1, 1, 1)

#define X(n, c, h, w, f, oh, ow, kh, kw, sh, sw, pa, pb, ph, pw, dh, dw, groups)     \
  {{c, h, w, f, oh, ow, kh, kw, sh, sw, ph, pw, dh, dw, groups},                     \
   {f, {kh, kw}, {sh, sw}, {pa, pb}, {dh, dw}, groups, false, "glorot_uniform"}},
static const ig__conv_probe conv_probes[] = {CONV_PROBES(X)};
#undef X
#define X(n, ...) n,
static const unsigned char conv_pictures[] = {CONV_PROBES(X)};
#undef X

/* n, channels, h, w, oh, ow, window, stride, pad as asked, pad top and left */
#define POOL_PROBES(X) \
  X(2, 1, 4, 4, 2, 2, 2, 2, 2, 2, 0, 0, 0, 0)    \
  X(1, 3, 6, 6, 3, 3, 2, 2, 2, 2, 0, 0, 0, 0)    \
  X(1, 3, 5, 5, 2, 2, 2, 2, 2, 2, 0, 0, 0, 0)    \
  X(2, 1, 7, 5, 2, 1, 3, 3, 3, 3, 0, 0, 0, 0)    \
  X(1, 3, 7, 7, 3, 3, 3, 3, 2, 2, 0, 0, 0, 0)    \
  X(2, 2, 6, 5, 4, 3, 3, 3, 1, 1, 0, 0, 0, 0)    \
  X(1, 2, 5, 5, 3, 3, 3, 3, 2, 2, 1, 1, 1, 1)    \
  X(1, 2, 6, 6, 3, 3, 3, 3, 2, 2, -1, -1, 0, 0)  \
  X(1, 2, 5, 7, 3, 4, 3, 3, 2, 2, -1, -1, 1, 1)  \
  X(1, 2, 5, 4, 5, 4, 2, 2, 1, 1, -1, -1, 0, 0)  \
  X(1, 1, 9, 8, 5, 3, 4, 3, 2, 3, -1, -1, 1, 0)  \
  X(2, 15, 3, 3, 2, 2, 2, 2, 1, 1, 0, 0, 0, 0)   \
  X(2, 16, 3, 3, 3, 3, 3, 3, 1, 1, 1, 1, 1, 1)   \
  X(1, 16, 4, 4, 2, 2, 2, 2, 2, 2, 0, 0, 0, 0)   \
  X(1, 17, 4, 4, 2, 2, 2, 2, 2, 2, 0, 0, 0, 0)   \
  X(1, 17, 3, 5, 2, 3, 3, 3, 2, 2, -1, -1, 1, 1) \
  X(1, 33, 3, 3, 2, 2, 2, 2, 1, 1, 0, 0, 0, 0)   \
  X(1, 33, 2, 3, 1, 2, 2, 2, 2, 2, -1, -1, 0, 0) \
  X(3, 5, 3, 4, 3, 4, 1, 1, 1, 1, 0, 0, 0, 0)    \
  X(1, 4, 5, 5, 3, 3, 1, 1, 2, 2, 0, 0, 0, 0)    \
  X(1, 2, 6, 9, 4, 9, 2, 5, 2, 1, 1, 2, 1, 2)    \
  X(1, 3, 4, 6, 1, 1, 4, 6, 4, 6, 0, 0, 0, 0)    \
  X(2, 2, 5, 6, 5, 3, 5, 2, 1, 2, 2, 0, 2, 0)    \
  X(1, 1, 10, 11, 4, 4, 5, 5, 3, 3, 2, 2, 2, 2)  \
  X(1, 2, 3, 3, 1, 1, 3, 3, 3, 3, 0, 0, 0, 0)    \
  X(2, 3, 5, 3, 4, 1, 2, 3, 1, 2, 0, 0, 0, 0)    \
  X(1, 17, 5, 3, 2, 2, 3, 2, 2, 1, 0, 0, 0, 0)   \
  X(1, 31, 3, 3, 2, 2, 2, 2, 1, 1, 0, 0, 0, 0)   \
  X(1, 32, 2, 4, 1, 2, 2, 2, 2, 2, 0, 0, 0, 0)   \
  X(3, 1, 8, 8, 2, 2, 4, 4, 4, 4, 0, 0, 0, 0)    \
  X(1, 1, 11, 9, 3, 4, 5, 3, 3, 2, 0, 0, 0, 0)   \
  X(1, 48, 2, 2, 1, 2, 2, 1, 1, 1, 0, 0, 0, 0)

#define X(n, c, h, w, oh, ow, kh, kw, sh, sw, pa, pb, ph, pw) \
  {{c, h, w, c, oh, ow, kh, kw, sh, sw, ph, pw, 1, 1, 1}, {{kh, kw}, {sh, sw}, {pa, pb}}},
static const ig__pool_probe pool_probes[] = {POOL_PROBES(X)};
#undef X
#define X(n, ...) n,
static const unsigned char pool_pictures[] = {POOL_PROBES(X)};
#undef X

const ig__conv_probe *ig__conv_probe_at(int index, int *n) {
  if (index < 0 || index >= (int)(sizeof conv_probes / sizeof conv_probes[0])) return NULL;
  *n = conv_pictures[index];
  return &conv_probes[index];
}

const ig__pool_probe *ig__pool_probe_at(int index, int *n) {
  if (index < 0 || index >= (int)(sizeof pool_probes / sizeof pool_probes[0])) return NULL;
  *n = pool_pictures[index];
  return &pool_probes[index];
}
