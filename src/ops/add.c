/* add: z = a + b. Differentiation uses it too, where two gradients flow into one value. In a plan it is
 * fused into a convolution before it. */
#include "ops/binary.h"
#include "ops/conv_geometry.h"

static ig_status infer(ig__infer *i) { return ig__binary_infer("add", i); }

static ig_status derive(ig__derive *d) {
  d->gin[0] = d->gin[1] = d->gout[0];
  return IG_OK;
}

static ig_status lower(ig__lower *l) {
  if (ig__conv_fuse_add(l)) return IG_OK;
  l->out[0] = ig__node2(l->graph, &ig__op_add, NULL, l->in[0], l->in[1]);
  return IG_OK;
}

static void run(const ig__run *r) { ig__binary_run(r, r->k->add); }

const ig__op ig__op_add = {
  .name = "add", .help = "sum of two tensors of one shape, a + b: the joint of a residual block",
  .min_in = 2, .max_in = 2, .outputs = 1, .role = IG__EACH, .layout = IG__LAYOUT_SAME,
  .flags = IG__CHANNELWISE | IG__LAYER | IG__IN_PLACE | IG__LINEAR,
  .infer = infer, .derive = derive, .lower = lower, .run = IG__RUN_BOTH(run), .probe = ig__binary_probe };
