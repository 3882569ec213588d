/* Direct convolution on packed weights, one output after another. */
#include "kernels/plain.h"

static int smaller(int a, int b) { return a < b ? a : b; }

IG__PLAIN_CONV2D_KERNELS

void IG__NAME(conv2d)(const ig__conv *g, const ig__image *x, const void *w, const ig__image *y, const ig__epilogue *e,
                      int n0, int n1, int part, int parts) {
  int c0 = IG__BLOCK * ig__cut(ig__blocks(g->c_out), part, parts);
  int c1 = IG__BLOCK * ig__cut(ig__blocks(g->c_out), part + 1, parts);
  plain_conv2d(g, x, w, (int)ig__pack_forward(g, x->block), y, e, n0, n1, c0, smaller(c1, padded_channels(y)));
}

void IG__NAME(conv2d_dx)(const ig__conv *g, const ig__image *dy, const void *w, const ig__image *dx, int n0, int n1,
                         int part, int parts) {
  int c0 = IG__BLOCK * ig__cut(ig__blocks(g->c_in), part, parts);
  int c1 = IG__BLOCK * ig__cut(ig__blocks(g->c_in), part + 1, parts);
  plain_conv2d_dx(g, dy, w, (int)ig__pack_backward(g), dx, n0, n1, c0, smaller(c1, padded_channels(dx)));
}

size_t IG__NAME(conv2d_pack_count)(const ig__conv *g, ig__pack form) { return ig__pack_count(g, form); }

int IG__NAME(conv2d_dw_parts)(const ig__conv *g, ig__pack form) { return ig__dw_parts(g, form); }

void IG__NAME(conv2d_dw)(const ig__conv *g, const ig__image *x, const ig__image *dy, void *partial, int n0, int n1,
                         int part, int parts) {
  ig__pack form = ig__pack_forward(g, x->block);
  ig__bundles b = ig__bundles_of(g, form);
  int items = ig__dw_parts(g, form), in = ig__pack_inputs(g, form), lanes = ig__pack_lanes(form);
  int pairs = (b.out_blocks + 1) / 2;
  real *dw = partial;
  for (int item = ig__cut(items, part, parts); item < ig__cut(items, part + 1, parts); item++) {
    int ky = item % g->kh, input = item / g->kh % in, pair = item / g->kh / in % pairs, bundle = item / g->kh / in / pairs;
    int first = bundle * b.out, c0 = first + 2 * IG__BLOCK * pair;
    int c1 = smaller(smaller(c0 + 2 * IG__BLOCK, first + b.out), g->c_out);
    for (int co = c0; co < c1; co++)
      for (int ci = 0; ci < g->c_in / g->groups; ci++) {
        if (form != IG__PACK_DEPTHWISE && (ig__pack_before(g, &b, co) + ci) / lanes != input) continue;
        for (int kx = 0; kx < g->kw; kx++)
          dw[weight_at(g, (int)form, co, ci, ky, kx)] += (real)convolve_dw(g, x, dy, n0, n1, co, ci, ky, kx);
      }
  }
}

/* The parts cut the outermost blocks. */
void IG__NAME(conv2d_pack)(const ig__conv *g, ig__pack form, const void *w, void *packed, int part, int parts) {
  int blocks = ig__pack_blocks(g, form);
  size_t size = ig__pack_count(g, form) / (size_t)blocks;
  size_t first = size * (size_t)ig__cut(blocks, part, parts), last = size * (size_t)ig__cut(blocks, part + 1, parts);
  const real *from = w;
  real *to = packed;
  for (size_t i = first; i < last; i++) to[i] = 0;
  for (int co = 0; co < g->c_out; co++)
    for (int ci = 0; ci < g->c_in / g->groups; ci++)
      for (int ky = 0; ky < g->kh; ky++)
        for (int kx = 0; kx < g->kw; kx++) {
          size_t place = weight_at(g, (int)form, co, ci, ky, kx);
          if (place >= first && place < last) to[place] = from[weight_at(g, PLAIN_WEIGHTS, co, ci, ky, kx)];
        }
}

void IG__NAME(conv2d_unpack)(const ig__conv *g, ig__pack form, const void *const *partials, int count, void *dw, int part,
                             int parts) {
  int c0 = IG__BLOCK * ig__cut(ig__blocks(g->c_out), part, parts);
  int c1 = smaller(IG__BLOCK * ig__cut(ig__blocks(g->c_out), part + 1, parts), g->c_out);
  real *to = dw;
  for (int co = c0; co < c1; co++)
    for (int ci = 0; ci < g->c_in / g->groups; ci++)
      for (int ky = 0; ky < g->kh; ky++)
        for (int kx = 0; kx < g->kw; kx++) {
          real sum = 0;
          for (int i = 0; i < count; i++) sum += ((const real *)partials[i])[weight_at(g, (int)form, co, ci, ky, kx)];
          to[weight_at(g, PLAIN_WEIGHTS, co, ci, ky, kx)] = sum;
        }
}
