/* Direct convolution, forward. */
#include "kernels/vector/conv_tile.h"

void IG__NAME(conv2d)(const ig__conv *g, const ig__image *x, const void *w, const ig__image *y, const ig__epilogue *e,
                      int n0, int n1, int part, int parts) {
  const bool plain = x->block == 1;
  const int blocks = ig__blocks(g->c_out);
  const int64_t lanes = plain ? 1 : IG__BLOCK, w_col = lanes * IG__BLOCK, w_row = w_col * g->kw, w_block = w_row * g->kh;
  conv_run r = {
    .v = { g->kh, g->sh, g->ph, g->dh, g->h, g->oh, false },
    .h = { g->kw, g->sw, g->pw, g->dw, g->w, g->ow, false },
    .x = x, .y = y, .w = w, .w_col = w_col, .w_row = w_row, .w_block = w_block,
    .blocks = plain ? g->c_in : ig__blocks(g->c_in), .last_lanes = (g->c_in - 1) % IG__BLOCK + 1,
    .epilogue = e, .n0 = n0, .n1 = n1, .out0 = conv_part(blocks, part, parts), .out1 = conv_part(blocks, part + 1, parts),
  };
  r.w_out = w_block * r.blocks;
  IG__NAME(conv_run)(&r);
}
