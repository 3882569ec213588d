#ifndef IG__KERNELS_PACK_H
#define IG__KERNELS_PACK_H
/* Where a weight lies in its packed forms, and how many pieces of work its gradient can be cut into: functions of the shape
 * alone, the same for every table. */

#include "kernels/kernels.h"

/* Blocks of 16 channels. */
static inline int ig__blocks(int channels) { return (channels + IG__BLOCK - 1) / IG__BLOCK; }

static inline bool ig__depthwise(const ig__conv *g) { return g->groups > 1 && g->groups == g->c_in && g->groups == g->c_out; }

/* The forms that conv2d and conv2d_dw (by x's block) and conv2d_dx take. */
static inline ig__pack ig__pack_forward(const ig__conv *g, int x_block) {
  return x_block == 1 ? IG__PACK_FORWARD_PLAIN_X : ig__depthwise(g) ? IG__PACK_DEPTHWISE : IG__PACK_FORWARD;
}

static inline ig__pack ig__pack_backward(const ig__conv *g) {
  return ig__depthwise(g) ? IG__PACK_DEPTHWISE : IG__PACK_BACKWARD;
}

/* Groups are merged until the channels of `count` equal bundles are whole blocks, in and out, or one bundle is everything;
 * the last bundle may have fewer groups. At most 16 are merged, so at most 15 of 16 multiplications are by the zeros between
 * them: still fifty times faster than one channel after another. Channels of a depthwise convolution are not merged: a bundle
 * is one block of them, lane by lane. */
typedef struct ig__bundles {
  int count, in_blocks, out_blocks; /* blocks of one bundle */
  int in, out;                      /* channels of one bundle */
} ig__bundles;

static inline ig__bundles ig__bundles_of(const ig__conv *g, ig__pack form) {
  if (form == IG__PACK_DEPTHWISE) return (ig__bundles){ ig__blocks(g->c_in), 1, 1, IG__BLOCK, IG__BLOCK };
  const int in = g->c_in / g->groups, out = g->c_out / g->groups;
  int merged = 1;
  while (merged < g->groups && (merged * in % IG__BLOCK || merged * out % IG__BLOCK)) merged++;
  return (ig__bundles){ (g->groups + merged - 1) / merged, ig__blocks(merged * in), ig__blocks(merged * out), merged * in,
                        merged * out };
}

/* Inputs that lie side by side for one tap in the forms but BACKWARD. */
static inline int ig__pack_lanes(ig__pack form) { return form == IG__PACK_FORWARD ? IG__BLOCK : 1; }

/* Inputs of one output block in the forms but BACKWARD: blocks, plain channels, or in a depthwise form the lane's own. */
static inline int ig__pack_inputs(const ig__conv *g, ig__pack form) {
  if (form == IG__PACK_FORWARD) return ig__bundles_of(g, form).in_blocks;
  return form == IG__PACK_DEPTHWISE ? 1 : g->c_in;
}

/* The outermost blocks of a form. */
static inline int ig__pack_blocks(const ig__conv *g, ig__pack form) {
  return ig__blocks(form == IG__PACK_BACKWARD ? g->c_in : g->c_out);
}

static inline size_t ig__pack_count(const ig__conv *g, ig__pack form) {
  const size_t taps = (size_t)g->kh * (size_t)g->kw, blocks = (size_t)ig__pack_blocks(g, form);
  if (form == IG__PACK_BACKWARD) return blocks * (size_t)ig__bundles_of(g, form).out_blocks * taps * IG__BLOCK * IG__BLOCK;
  return blocks * (size_t)ig__pack_inputs(g, form) * taps * (size_t)ig__pack_lanes(form) * IG__BLOCK;
}

/* Channels of the bundle of output o that come before the first input of o's own group. */
static inline int ig__pack_before(const ig__conv *g, const ig__bundles *b, int o) {
  return o % b->out / (g->c_out / g->groups) * (g->c_in / g->groups);
}

/* Place of weight (o, i, y, x) in the packed form, i counted inside its group. */
static inline size_t ig__pack_index(const ig__conv *g, ig__pack form, int o, int i, int y, int x) {
  const size_t B = IG__BLOCK, taps = (size_t)g->kh * (size_t)g->kw, tap = (size_t)y * (size_t)g->kw + (size_t)x;
  const size_t ob = (size_t)o / B, ol = (size_t)o % B;
  if (form == IG__PACK_DEPTHWISE) return (ob * taps + tap) * B + ol;
  const ig__bundles b = ig__bundles_of(g, form);
  const size_t in = (size_t)(ig__pack_before(g, &b, o) + i);
  if (form == IG__PACK_BACKWARD) {
    const size_t ib = (size_t)(o / b.out * b.in_blocks) + in / B;
    return (((ib * (size_t)b.out_blocks + (size_t)(o % b.out) / B) * taps + taps - 1 - tap) * B + ol) * B + in % B;
  }
  const size_t lanes = (size_t)ig__pack_lanes(form);
  return (((ob * (size_t)ig__pack_inputs(g, form) + in / lanes) * taps + tap) * lanes + in % lanes) * B + ol;
}

/* Pieces of the weight gradient: (bundle, pair of its output blocks, its input block or plain input channel, kernel row), the
 * last one running fastest. */
static inline int ig__dw_parts(const ig__conv *g, ig__pack form) {
  const ig__bundles b = ig__bundles_of(g, form);
  return b.count * ((b.out_blocks + 1) / 2) * ig__pack_inputs(g, form) * g->kh;
}

/* ---- Winograd's weights: (m+2)² planes of [out/16][in padded to 16][16 out], for BACKWARD with in and out exchanged and the
 * taps rotated by half a turn. */

static inline bool ig__winograd_takes(const ig__conv *g, int m) {
  return (m == 4 || (m == 2 && g->sh == 1)) && g->kh == 3 && g->kw == 3 && (g->sh == 1 || g->sh == 2) && g->sw == g->sh &&
         g->dh == 1 && g->dw == 1 && g->groups == 1 && g->ph >= 0 && g->ph <= 2 && g->pw >= 0 && g->pw <= 2;
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

/* Parts of Winograd's weight gradient: each transforms x anew, which costs a twentieth of its products when the part has 64
 * output channels. */
static inline int ig__winograd_dw_parts(const ig__conv *g) {
  const int parts = ig__blocks(g->c_out) * IG__BLOCK / 64;
  return parts ? parts : 1;
}

/* First piece of part `part` when `total` pieces are cut into `parts`; the end is the next part's first. */
static inline int ig__cut(int total, int part, int parts) { return (int)((int64_t)total * part / parts); }

#endif
