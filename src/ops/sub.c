/* sub: z = a − b. */
#include "ops/binary.h"
#include "ops/scale.h"

static ig_status infer(ig__infer *i) { return ig__binary_infer("sub", i); }

static ig_status derive(ig__derive *d) {
  if (d->wanted[0]) d->gin[0] = d->gout[0];
  if (d->wanted[1]) d->gin[1] = ig__scale_node(d->graph, d->gout[0], -1);
  return IG_OK;
}

static void run(const ig__run *r) { ig__binary_run(r, r->k->sub); }

const ig__op ig__op_sub = {
  .name = "sub", .help = "difference of two tensors of one shape, a - b",
  .min_in = 2, .max_in = 2, .outputs = 1, .role = IG__EACH, .layout = IG__LAYOUT_SAME,
  .flags = IG__CHANNELWISE | IG__LAYER | IG__IN_PLACE | IG__LINEAR,
  .infer = infer, .derive = derive, .run = IG__RUN_BOTH(run), .probe = ig__binary_probe };
