/* conv2d in the form that runs: packed weights, blocked pictures (plain ones for a first layer), and what follows (bias, batch
 * normalisation, residual, relu: conv_fuse.c) done while an output is still in a register. Inputs: x, packed weights, and those
 * of ig__conv_lowered. */
#include "ops/conv_lowered.h"
#include "ops/ops.h"

static ig_status infer(ig__infer *i) { return ig__conv_lowered_infer(i, "conv2d_direct", IG__CONV_FORWARD); }

static void run(const ig__run *r) {
  const ig__conv_lowered *o = r->options;
  ig__epilogue e = ig__conv_epilogue(r);
  r->k->conv2d(&o->g, &r->in[0].image, r->in[1].data, &r->out[0].image, &e, r->n0, r->n1, r->part, r->parts);
}

const ig__op ig__op_conv2d_direct = {
  .name = "conv2d_direct",
  .help = "conv2d on packed weights, with bias and relu",
  .options_size = sizeof(ig__conv_lowered),
  .min_in = 2,
  .max_in = 5,
  .outputs = 1,
  .role = IG__EACH,
  .layout = IG__LAYOUT_BLOCKED,
  .infer = infer,
  .no_derivative = "it is made by lowering, after differentiation",
  .run = IG__RUN_BOTH(run),
  .parts = ig__conv_lowered_parts,
  .layout_of = ig__conv_lowered_layout,
  .halo = ig__conv_lowered_halo,
  .work = ig__conv_lowered_work,
  .effort = ig__conv_lowered_effort,
};
