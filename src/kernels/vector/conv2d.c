/* Direct convolution, forward. */
#include "kernels/vector/conv_tile.h"

void IG__NAME(conv2d)(const ig__conv *g, const ig__image *x, const void *w, const ig__image *y, const ig__epilogue *e,
                      int n0, int n1, int part, int parts) {
  const ig__pack form = ig__pack_forward(g, x->block);
  const ig__bundles b = ig__bundles_of(g, form);
  const int blocks = ig__blocks(g->c_out), inputs = ig__pack_inputs(g, form);
  const int64_t w_col = (int64_t)ig__pack_lanes(form) * IG__BLOCK, w_row = w_col * g->kw, w_block = w_row * g->kh;
  const conv_run r = {
    .v = { g->kh, g->sh, g->ph, g->dh, g->h, g->oh, false },
    .h = { g->kw, g->sw, g->pw, g->dw, g->w, g->ow, false },
    .x = x, .y = y, .w = w, .w_col = w_col, .w_row = w_row, .w_block = w_block, .w_out = w_block * inputs,
    .last_lanes = (g->c_in - 1) % IG__BLOCK + 1, .depthwise = form == IG__PACK_DEPTHWISE,
    .epilogue = e, .n0 = n0, .n1 = n1, .out0 = conv_part(blocks, part, parts), .out1 = conv_part(blocks, part + 1, parts),
  };
  IG__NAME(conv_run_bundles)(&r, form == IG__PACK_FORWARD_PLAIN_X ? g->c_in : b.in_blocks, b.out_blocks);
}
