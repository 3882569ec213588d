/* Weights into packed form and gradients out of it. */
#include "kernels/pack.h"
#include "kernels/real.h"

#include <string.h>

size_t IG__NAME(conv2d_pack_count)(const ig__conv *g, ig__pack form) { return ig__pack_count(g, form); }

int IG__NAME(conv2d_dw_parts)(const ig__conv *g, ig__pack form) { return ig__dw_parts(g, form); }

/* parts cut the outermost blocks of the packed form. */
void IG__NAME(conv2d_pack)(const ig__conv *g, ig__pack form, const void *w, void *packed, int part, int parts) {
  const real *from = w;
  real *to = packed;
  const bool backward = form == IG__PACK_BACKWARD;
  const int blocks = ig__pack_blocks(g, form), in = g->c_in / g->groups, out = g->c_out / g->groups;
  const int b0 = ig__cut(blocks, part, parts), b1 = ig__cut(blocks, part + 1, parts);
  const size_t block = ig__pack_count(g, form) / (size_t)blocks;
  const int64_t taps = (int64_t)g->kh * g->kw;
  const int64_t step = IG__BLOCK * (backward ? -IG__BLOCK : ig__pack_lanes(form)); /* from tap to tap */
  memset(to + (size_t)b0 * block, 0, (size_t)(b1 - b0) * block * sizeof(real));
  const int first = b0 * IG__BLOCK, last = b1 * IG__BLOCK;
  const int o0 = backward ? first / in * out : first, o1 = backward ? (last + in - 1) / in * out : last;
  for (int o = o0; o < o1 && o < g->c_out; o++) {
    const int before = o / out * in, i0 = backward && first > before ? first - before : 0;
    const int i1 = backward && last - before < in ? last - before : in;
    for (int i = i0; i < i1; i++) {
      const real *f = from + ((int64_t)o * in + i) * taps;
      real *t = to + ig__pack_index(g, form, o, i, 0, 0);
      for (int64_t tap = 0; tap < taps; tap++) t[tap * step] = f[tap];
    }
  }
}

/* The partials' sum, in their order, of `rows` rows of 16. */
static void sum_rows(const void *const *partials, int count, size_t at, int rows, real *sum) {
  for (int j = 0; j < rows * VECTORS; j++) {
    V v = load((const real *)partials[0] + at + (size_t)j * LANES);
    for (int p = 1; p < count; p++) v += load((const real *)partials[p] + at + (size_t)j * LANES);
    store(sum + (size_t)j * LANES, v);
  }
}

/* Tap by tap: the rows of one input block (or of one plain channel) are added up, then go to their places one by one. */
void IG__NAME(conv2d_unpack)(const ig__conv *g, ig__pack form, const void *const *partials, int count, void *dw, int part,
                             int parts) {
  const int blocks = ig__blocks(g->c_out), lanes = ig__pack_lanes(form), inputs = ig__pack_inputs(g, form);
  const int in = g->c_in / g->groups, taps = g->kh * g->kw;
  const ig__bundles u = ig__bundles_of(g, form);
  real sum[IG__BLOCK * IG__BLOCK];
  for (int b = ig__cut(blocks, part, parts); b < ig__cut(blocks, part + 1, parts); b++) {
    const int o = b * IG__BLOCK, outs = g->c_out - o < IG__BLOCK ? g->c_out - o : IG__BLOCK;
    for (int i = 0; i < inputs * taps; i++) {
      const int first = i / taps * lanes, left = u.in - first, rows = left < lanes ? left : lanes;
      sum_rows(partials, count, ((size_t)b * (size_t)(inputs * taps) + (size_t)i) * (size_t)(lanes * IG__BLOCK), rows, sum);
      for (int l = 0; l < outs; l++) {
        const int before = form == IG__PACK_DEPTHWISE ? 0 : ig__pack_before(g, &u, o + l);
        real *to = (real *)dw + ((int64_t)(o + l) * in + first - before) * taps + i % taps;
        const int k0 = before > first ? before - first : 0, k1 = before + in - first < rows ? before + in - first : rows;
        for (int k = k0; k < k1; k++) to[(int64_t)k * taps] = sum[k * IG__BLOCK + l];
      }
    }
  }
}
