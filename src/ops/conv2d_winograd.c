/* conv2d and its gradient to the input by Winograd's minimal filtering (kernels/vector/winograd.h), on weights that
 * conv2d_winograd_pack has brought into the transformed domain. */
#include "ops/conv_geometry.h"
#include "ops/ops.h"

/* ---- weights -------------------------------------------------------------------------------------------------------- */

static ig_status pack_infer(ig__infer *i) {
  const ig__conv_lowered *o = i->options;
  ig__shape w = ig__conv_weight_shape(&o->g);
  IG__TRY(ig__expect_shape("conv2d_winograd_pack", i, 0, &w));
  i->out[0].shape = ig__shape_make(1, (int[]){(int)o->count}, false);
  return IG_OK;
}

static void pack_run(const ig__run *r) {
  const ig__conv_lowered *o = r->options;
  r->k->winograd_pack(&o->g, o->m, o->form, r->in[0].data, r->out[0].data, r->part, r->parts);
}

/* Blocks of the outer channels; pieces of less than 64 KiB or so are not worth handing out. */
static int pack_parts(const ig__run *r) {
  const ig__conv_lowered *o = r->options;
  int channels = o->form == IG__PACK_BACKWARD ? o->g.c_in : o->g.c_out;
  int64_t blocks = (channels + IG__BLOCK - 1) / IG__BLOCK, worth = 1 + o->count / 16384;
  return (int)(blocks < worth ? blocks : worth);
}

const ig__op ig__op_conv2d_winograd_pack = {
  .name = "conv2d_winograd_pack",
  .help = "weights of conv2d in the transformed domain",
  .options_size = sizeof(ig__conv_lowered),
  .min_in = 1,
  .max_in = 1,
  .outputs = 1,
  .role = IG__NO_BATCH,
  .layout = IG__LAYOUT_ANY,
  .infer = pack_infer,
  .no_derivative = "it is made by lowering, after differentiation",
  .run = IG__RUN_BOTH(pack_run),
  .parts = pack_parts,
};

/* ---- forward -------------------------------------------------------------------------------------------------------- */

static ig_status infer(ig__infer *i) { return ig__conv_infer_lowered(i, "conv2d_winograd", IG__CONV_FORWARD); }

static void run(const ig__run *r) {
  const ig__conv_lowered *o = r->options;
  ig__epilogue e = {.bias = r->node->in_count > 2 ? r->in[2].data : NULL, .relu = o->relu};
  r->k->winograd(&o->g, o->m, &r->in[0].image, r->in[1].data, &r->out[0].image, &e, r->n0, r->n1, r->part, r->parts, r->scratch);
}

static int parts(const ig__run *r) {
  const ig__conv_lowered *o = r->options;
  return ig__conv_each_parts(&o->g, o->g.c_out, r->n);
}

static int halo(const ig__run *r, int input) {
  const ig__conv_lowered *o = r->options;
  return input == 0 ? ig__conv_halo(&o->g) : 0;
}

static size_t scratch(const ig__run *r) {
  const ig__conv_lowered *o = r->options;
  return r->k->winograd_scratch(&o->g, o->m, o->form);
}

static double work(const ig__run *r) {
  const ig__conv_lowered *o = r->options;
  return ig__conv_work(&o->g, r->in[0].shape.dim[0]);
}

const ig__op ig__op_conv2d_winograd = {
  .name = "conv2d_winograd",
  .help = "conv2d by Winograd's minimal filtering, with bias and relu",
  .options_size = sizeof(ig__conv_lowered),
  .min_in = 2,
  .max_in = 3,
  .outputs = 1,
  .role = IG__EACH,
  .layout = IG__LAYOUT_BLOCKED,
  .infer = infer,
  .no_derivative = "it is made by lowering, after differentiation",
  .run = IG__RUN_BOTH(run),
  .parts = parts,
  .halo = halo,
  .scratch = scratch,
  .work = work,
};

/* ---- the gradient to the input -------------------------------------------------------------------------------------- */

static ig_status dx_infer(ig__infer *i) { return ig__conv_infer_lowered(i, "conv2d_dx_winograd", IG__CONV_DX); }

static void dx_run(const ig__run *r) {
  const ig__conv_lowered *o = r->options;
  r->k->winograd_dx(&o->g, o->m, &r->in[0].image, r->in[1].data, &r->out[0].image, r->n0, r->n1, r->part, r->parts, r->scratch);
}

static int dx_parts(const ig__run *r) {
  const ig__conv_lowered *o = r->options;
  return ig__conv_each_parts(&o->g, o->g.c_in, r->n);
}

static int dx_halo(const ig__run *r, int input) {
  const ig__conv_lowered *o = r->options;
  return input == 0 ? ig__conv_dx_halo(&o->g) : 0;
}

const ig__op ig__op_conv2d_dx_winograd = {
  .name = "conv2d_dx_winograd",
  .help = "gradient of conv2d to its input, by Winograd's minimal filtering",
  .options_size = sizeof(ig__conv_lowered),
  .min_in = 2,
  .max_in = 2,
  .outputs = 1,
  .role = IG__EACH,
  .layout = IG__LAYOUT_BLOCKED,
  .infer = dx_infer,
  .no_derivative = "it is made by lowering, after differentiation",
  .run = IG__RUN_BOTH(dx_run),
  .parts = dx_parts,
  .halo = dx_halo,
  .scratch = scratch,
  .work = work,
};
