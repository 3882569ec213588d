/* add: z = a + b. Differentiation uses it too, where two gradients flow into one value. */
#include "ops/binary.h"

static ig_status infer(ig__infer *i) { return ig__binary_infer("add", i); }

static ig_status derive(ig__derive *d) {
  d->gin[0] = d->gin[1] = d->gout[0];
  return IG_OK;
}

static void run(const ig__run *r) { ig__binary_run(r, r->k->add); }

const ig__op ig__op_add = {
  .name = "add", .help = "sum of two tensors of one shape, a + b: the joint of a residual block",
  .min_in = 2, .max_in = 2, .outputs = 1, .role = IG__EACH, .layout = IG__LAYOUT_SAME,
  .flags = IG__LAYER | IG__IN_PLACE | IG__LINEAR,
  .infer = infer, .derive = derive, .run = IG__RUN_BOTH(run), .probe = ig__binary_probe };
