/* relu: max(x, 0). Its slope is taken from the result, which the next layer keeps anyway; the slope at 0 is 0. */
#include "ops/conv_geometry.h"
#include "ops/elementwise.h"
#include "ops/matmul.h"
#include "ops/ops.h"

static bool relu_fast(const ig__kernels *k, int order, const void *options, void *out, const void *u, const void *g,
                      int64_t count) {
  (void)options;
  if (order == 0) k->relu(out, u, count);
  else if (order == 1) k->relu_dx(out, u, g, count);
  return order < 2;
}

/* A convolution or matrix product that nobody else reads applies the relu while it stores. */
static ig_status lower(ig__lower *l) {
  const int order = ((const ig__elementwise *)l->node->options)->order;
  if (order == 0 && (ig__matmul_fuse_relu(l) || ig__conv_fuse_relu(l))) return IG_OK;
  ig__node_add(l->graph, &ig__op_relu, l->node->options, l->node->in_count, l->in, l->out);
  return IG_OK;
}

IG__ELEMENTWISE_OF(relu, ig__elementwise, NULL, , IG__DRAW_AWAY, "rectified linear unit, max(x, 0)", IG__FROM_Y,
                   x > 0 ? x : 0, y > 0 ? 1 : 0, 0,
                   .flags = IG__CHANNELWISE | IG__ACTIVATION | IG__LAYER | IG__IN_PLACE | IG__KINK, .lower = lower)
