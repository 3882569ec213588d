#ifndef IG__KERNELS_PACK_H
#define IG__KERNELS_PACK_H
/* Where a weight lies in its packed forms, and how many pieces of work its gradient can be cut into: functions of the shape
 * alone, the same for every table. */

#include "kernels/kernels.h"

/* Blocks of 16 channels. */
static inline int ig__blocks(int channels) { return (channels + IG__BLOCK - 1) / IG__BLOCK; }

/* Channels of the input that the packed form holds: whole blocks, or as many as there are when x is plain. */
static inline int ig__pack_inputs(const ig__conv *g, ig__pack form) {
  return form == IG__PACK_FORWARD_PLAIN_X ? g->c_in : ig__blocks(g->c_in) * IG__BLOCK;
}

static inline size_t ig__pack_count(const ig__conv *g, ig__pack form) {
  return (size_t)ig__blocks(g->c_out) * IG__BLOCK * (size_t)ig__pack_inputs(g, form) * (size_t)g->kh * (size_t)g->kw;
}

/* Place of weight (o, i, y, x) in the packed form; o and i may be missing channels of the last block. */
static inline size_t ig__pack_index(const ig__conv *g, ig__pack form, int o, int i, int y, int x) {
  const size_t B = IG__BLOCK, kh = (size_t)g->kh, kw = (size_t)g->kw;
  const size_t ob = (size_t)o / B, ol = (size_t)o % B, ib = (size_t)i / B, il = (size_t)i % B;
  switch (form) {
  case IG__PACK_FORWARD_PLAIN_X:
    return (((ob * (size_t)g->c_in + (size_t)i) * kh + (size_t)y) * kw + (size_t)x) * B + ol;
  case IG__PACK_BACKWARD: {
    const size_t ry = kh - 1 - (size_t)y, rx = kw - 1 - (size_t)x;
    return ((((ib * (size_t)ig__blocks(g->c_out) + ob) * kh + ry) * kw + rx) * B + ol) * B + il;
  }
  default:
    return ((((ob * (size_t)ig__blocks(g->c_in) + ib) * kh + (size_t)y) * kw + (size_t)x) * B + il) * B + ol;
  }
}

/* Pieces of the weight gradient: (pair of output blocks, input block or plain input channel, kernel row), the last one
 * running fastest. */
static inline int ig__dw_parts(const ig__conv *g, ig__pack form) {
  const int pairs = (ig__blocks(g->c_out) + 1) / 2;
  const int inputs = form == IG__PACK_FORWARD_PLAIN_X ? g->c_in : ig__blocks(g->c_in);
  return pairs * inputs * g->kh;
}

/* ---- Winograd's weights: (m+2)² planes of [out/16][in padded to 16][16 out], for BACKWARD with in and out exchanged and the
 * taps rotated by half a turn. */

static inline bool ig__winograd_takes(const ig__conv *g, int m) {
  return (m == 2 || m == 4) && g->kh == 3 && g->kw == 3 && g->sh == 1 && g->sw == 1 && g->dh == 1 && g->dw == 1 &&
         g->groups == 1 && g->ph >= 0 && g->ph <= 2 && g->pw >= 0 && g->pw <= 2;
}

/* Elements from plane to plane. 16 more than there are weights, or the stores of one transform, one to a plane, would all
 * fall into one set of the cache; these 16 are zero. */
static inline size_t ig__winograd_plane(const ig__conv *g) {
  return (size_t)ig__blocks(g->c_in) * (size_t)ig__blocks(g->c_out) * IG__BLOCK * IG__BLOCK + IG__BLOCK;
}

static inline size_t ig__winograd_count(const ig__conv *g, int m) {
  return (size_t)((m + 2) * (m + 2)) * ig__winograd_plane(g);
}

/* Place in a plane of what comes from the weights between output o and input i. */
static inline size_t ig__winograd_index(const ig__conv *g, ig__pack form, int o, int i) {
  const size_t to = (size_t)(form == IG__PACK_BACKWARD ? i : o), from = (size_t)(form == IG__PACK_BACKWARD ? o : i);
  const size_t rows = (size_t)ig__blocks(form == IG__PACK_BACKWARD ? g->c_out : g->c_in) * IG__BLOCK;
  return (to / IG__BLOCK * rows + from) * IG__BLOCK + to % IG__BLOCK;
}

/* First piece of part `part` when `total` pieces are cut into `parts`; the end is the next part's first. */
static inline int ig__cut(int total, int part, int parts) { return (int)((int64_t)total * part / parts); }

#endif
