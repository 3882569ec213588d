/* Weights in the order in which a convolution kernel reads them. Made by lowering; a plan keeps the result until the
 * parameters change. */
#include "ops/conv_lowered.h"
#include "ops/ops.h"

static ig_status infer(ig__infer *i) { return ig__conv_pack_infer(i, "conv2d_pack"); }

static void run(const ig__run *r) {
  const ig__conv_lowered *o = r->options;
  r->k->conv2d_pack(&o->g, o->form, r->in[0].data, r->out[0].data, r->part, r->parts);
}

const ig__op ig__op_conv2d_pack = {
  .name = "conv2d_pack",
  .help = "packs the weights of conv2d",
  .options_size = sizeof(ig__conv_lowered),
  .min_in = 1,
  .max_in = 1,
  .outputs = 1,
  .role = IG__NO_BATCH,
  .layout = IG__LAYOUT_ANY,
  .infer = infer,
  .no_derivative = "it is made by lowering, after differentiation",
  .run = IG__RUN_BOTH(run),
  .parts = ig__conv_pack_parts,
};
