/* Weights in the order in which a convolution kernel reads them. Made by lowering; a plan keeps the result until the
 * parameters change. */
#include "kernels/pack.h"
#include "ops/conv_geometry.h"
#include "ops/ops.h"

static ig_status infer(ig__infer *i) {
  const ig__conv_lowered *o = i->options;
  ig__shape w = ig__conv_weight_shape(&o->g);
  IG__TRY(ig__expect_shape("conv2d_pack", i, 0, &w));
  i->out[0].shape = ig__shape_make(1, (int[]){(int)o->count}, false);
  return IG_OK;
}

static void run(const ig__run *r) {
  const ig__conv_lowered *o = r->options;
  r->k->conv2d_pack(&o->g, o->form, r->in[0].data, r->out[0].data, r->part, r->parts);
}

/* Blocks of the form's outer channels; pieces of less than 64 KiB or so are not worth handing out. */
static int parts(const ig__run *r) {
  const ig__conv_lowered *o = r->options;
  int64_t blocks = ig__pack_blocks(&o->g, o->form), worth = 1 + o->count / 16384;
  return (int)(blocks < worth ? blocks : worth);
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
  .parts = parts,
};
