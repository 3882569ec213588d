/* The direct convolution with operands rounded to bf16. */
#include "kernels/reference/bf16.h"

#define OPERAND(x) (double)to_bf16((float)(x))
#include "kernels/plain.h"

static int smaller(int a, int b) { return a < b ? a : b; }

void IG__NAME(bf16_forward)(const ig__conv *g, const ig__image *x, const void *u, const ig__image *y, const ig__epilogue *e,
                            int n0, int n1, int part, int parts) {
  int c0 = IG__BLOCK * ig__cut(ig__blocks(g->c_out), part, parts), c1 = IG__BLOCK * ig__cut(ig__blocks(g->c_out), part + 1, parts);
  plain_conv2d(g, x, u, IG__PACK_FORWARD, y, e, n0, n1, c0, smaller(c1, padded_channels(y)));
}

void IG__NAME(bf16_dx)(const ig__conv *g, const ig__image *dy, const void *u, const ig__image *dx, int n0, int n1, int part,
                       int parts) {
  int c0 = IG__BLOCK * ig__cut(ig__blocks(g->c_in), part, parts), c1 = IG__BLOCK * ig__cut(ig__blocks(g->c_in), part + 1, parts);
  plain_conv2d_dx(g, dy, u, IG__PACK_BACKWARD, dx, n0, n1, c0, smaller(c1, padded_channels(dx)));
}

/* parts cut pairs of output blocks. */
void IG__NAME(bf16_dw)(const ig__conv *g, const ig__image *x, const ig__image *dy, void *partial, int n0, int n1, int part,
                       int parts) {
  int pairs = (ig__blocks(g->c_out) + 1) / 2, width = 2 * IG__BLOCK;
  plain_conv2d_dw(g, x, dy, partial, IG__PACK_FORWARD, n0, n1, width * ig__cut(pairs, part, parts),
                  smaller(width * ig__cut(pairs, part + 1, parts), g->c_out));
}
