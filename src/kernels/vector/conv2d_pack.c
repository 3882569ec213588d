/* Weights into packed form and gradients out of it. */
#include "kernels/pack.h"
#include "kernels/real.h"

#include <string.h>

size_t IG__NAME(conv2d_pack_count)(const ig__conv *g, ig__pack form) { return ig__pack_count(g, form); }

int IG__NAME(conv2d_dw_parts)(const ig__conv *g, ig__pack form) { return ig__dw_parts(g, form); }

/* From tap to tap: 16 weights where x is plain, 16 × 16 otherwise, backwards when turned. */
static int64_t tap_step(ig__pack form) {
  return form == IG__PACK_FORWARD_PLAIN_X ? IG__BLOCK : IG__BLOCK * IG__BLOCK * (form == IG__PACK_BACKWARD ? -1 : 1);
}

/* parts cut the outermost blocks of the packed form. */
void IG__NAME(conv2d_pack)(const ig__conv *g, ig__pack form, const void *w, void *packed, int part, int parts) {
  const real *from = w;
  real *to = packed;
  const bool backward = form == IG__PACK_BACKWARD;
  const int blocks = ig__blocks(backward ? g->c_in : g->c_out);
  const int b0 = ig__cut(blocks, part, parts), b1 = ig__cut(blocks, part + 1, parts);
  const size_t block = ig__pack_count(g, form) / (size_t)blocks;
  const int64_t taps = (int64_t)g->kh * g->kw;
  memset(to + (size_t)b0 * block, 0, (size_t)(b1 - b0) * block * sizeof(real));
  const int first = b0 * IG__BLOCK, last = b1 * IG__BLOCK;
  const int o0 = backward ? 0 : first, o1 = backward || last > g->c_out ? g->c_out : last;
  const int i0 = backward ? first : 0, i1 = !backward || last > g->c_in ? g->c_in : last;
  const int64_t step = tap_step(form);
  for (int o = o0; o < o1; o++) {
    for (int i = i0; i < i1; i++) {
      const real *f = from + ((int64_t)o * g->c_in + i) * taps;
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
  const int blocks = ig__blocks(g->c_out), step = form == IG__PACK_FORWARD_PLAIN_X ? 1 : IG__BLOCK;
  const int64_t taps = (int64_t)g->kh * g->kw;
  real sum[IG__BLOCK * IG__BLOCK];
  for (int b = ig__cut(blocks, part, parts); b < ig__cut(blocks, part + 1, parts); b++) {
    const int o = b * IG__BLOCK, outs = g->c_out - o < IG__BLOCK ? g->c_out - o : IG__BLOCK;
    for (int i = 0; i < g->c_in; i += step) {
      const int ins = g->c_in - i < step ? g->c_in - i : step;
      for (int64_t tap = 0; tap < taps; tap++) {
        real *to = (real *)dw + ((int64_t)o * g->c_in + i) * taps + tap;
        sum_rows(partials, count, ig__pack_index(g, form, o, i, (int)(tap / g->kw), (int)(tap % g->kw)), ins, sum);
        for (int l = 0; l < outs; l++)
          for (int k = 0; k < ins; k++) to[((int64_t)l * g->c_in + k) * taps] = sum[k * IG__BLOCK + l];
      }
    }
  }
}
