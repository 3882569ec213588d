/* Gradient to the input. At stride 1 it is the forward convolution of dy with the turned and transposed weights; at larger
 * strides the columns of dx fall into as many classes as the stride, and each class is such a convolution with its own
 * taps. */
#include "kernels/vector/conv_tile.h"

void IG__NAME(conv2d_dx)(const ig__conv *g, const ig__image *dy, const void *w, const ig__image *dx, int n0, int n1,
                         int part, int parts) {
  const ig__pack form = ig__pack_backward(g);
  const bool depthwise = form == IG__PACK_DEPTHWISE;
  const ig__bundles b = ig__bundles_of(g, form);
  const int blocks = ig__blocks(g->c_in);
  const int64_t w_col = IG__BLOCK * (depthwise ? 1 : IG__BLOCK), w_row = w_col * g->kw, w_block = w_row * g->kh;
  conv_run r = {
    .v = { g->kh, g->sh, (g->kh - 1) * g->dh - g->ph, g->dh, g->oh, g->h, true },
    .h = { g->kw, g->sw, (g->kw - 1) * g->dw - g->pw, g->dw, g->ow, g->w, true },
    .x = dy, .y = dx, .w = w, .w_col = w_col, .w_row = w_row, .w_block = w_block, .w_out = w_block * b.out_blocks,
    .last_lanes = (g->c_out - 1) % IG__BLOCK + 1, .depthwise = depthwise,
    .n0 = n0, .n1 = n1, .out0 = conv_part(blocks, part, parts), .out1 = conv_part(blocks, part + 1, parts),
  };
  if (depthwise) { /* not turned: read from its end */
    r.w += w_block - w_col;
    r.w_row = -w_row;
    r.w_col = -w_col;
  }
  IG__NAME(conv_run_bundles)(&r, b.out_blocks, b.in_blocks);
}
