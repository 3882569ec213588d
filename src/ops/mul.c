/* mul: z = a·b, element by element. */
#include "ops/binary.h"

static ig_status infer(ig__infer *i) { return ig__binary_infer("mul", i); }

static ig_status derive(ig__derive *d) {
  for (int k = 0; k < 2; k++)
    if (d->wanted[k]) d->gin[k] = ig__node2(d->graph, &ig__op_mul, NULL, d->gout[0], d->node->in[1 - k]);
  return IG_OK;
}

static void run(const ig__run *r) { ig__binary_run(r, r->k->mul); }

const ig__op ig__op_mul = {
  .name = "mul", .help = "product of two tensors of one shape, element by element",
  .min_in = 2, .max_in = 2, .outputs = 1, .role = IG__EACH, .layout = IG__LAYOUT_SAME,
  .flags = IG__CHANNELWISE | IG__LAYER | IG__IN_PLACE,
  .infer = infer, .derive = derive, .run = IG__RUN_BOTH(run), .probe = ig__binary_probe };
