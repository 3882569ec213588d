/* conv2d and its gradient to the input by Winograd's minimal filtering (kernels/vector/winograd.h), on weights that
 * conv2d_winograd_pack has brought into the transformed domain. */
#include "ops/conv_lowered.h"
#include "ops/ops.h"

/* ---- weights -------------------------------------------------------------------------------------------------------- */

static ig_status pack_infer(ig__infer *i) { return ig__conv_pack_infer(i, "conv2d_winograd_pack"); }

static void pack_run(const ig__run *r) {
  const ig__conv_lowered *o = r->options;
  r->k->winograd_pack(&o->g, o->m, o->form, r->in[0].data, r->out[0].data, r->part, r->parts);
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
  .parts = ig__conv_pack_parts,
};

/* ---- forward -------------------------------------------------------------------------------------------------------- */

static ig_status infer(ig__infer *i) { return ig__conv_lowered_infer(i, "conv2d_winograd", IG__CONV_FORWARD); }

static void run(const ig__run *r) {
  const ig__conv_lowered *o = r->options;
  ig__epilogue e = ig__conv_epilogue(r);
  r->k->winograd(&o->g, o->m, &r->in[0].image, r->in[1].data, &r->out[0].image, &e, r->n0, r->n1, r->part, r->parts, r->scratch);
}

static size_t scratch(const ig__run *r) {
  const ig__conv_lowered *o = r->options;
  return r->k->winograd_scratch(&o->g, o->m, o->form);
}

const ig__op ig__op_conv2d_winograd = {
  .name = "conv2d_winograd",
  .help = "conv2d by Winograd's minimal filtering, with bias and relu",
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
  .halo = ig__conv_lowered_halo,
  .scratch = scratch,
  .work = ig__conv_lowered_work,
  .effort = ig__conv_lowered_effort,
};

/* ---- the gradient to the input -------------------------------------------------------------------------------------- */

static ig_status dx_infer(ig__infer *i) { return ig__conv_lowered_infer(i, "conv2d_dx_winograd", IG__CONV_DX); }

static void dx_run(const ig__run *r) {
  const ig__conv_lowered *o = r->options;
  const ig__conv_pictures p = ig__conv_dx_pictures(r);
  r->k->winograd_dx(&o->g, o->m, &p.dy, r->in[1].data, &p.dx, r->n0, r->n1, r->part, r->parts, r->scratch);
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
  .parts = ig__conv_lowered_dx_parts,
  .halo = ig__conv_lowered_dx_halo,
  .scratch = scratch,
  .work = ig__conv_lowered_work,
  .effort = ig__conv_lowered_effort,
};
