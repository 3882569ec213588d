/* The gradient of conv2d to its weights by Winograd's minimal filtering: partial sums stay in the transformed domain until the
 * end. */
#include "ops/conv_lowered.h"
#include "ops/ops.h"

static ig_status infer(ig__infer *i) { return ig__conv_lowered_infer(i, "conv2d_dw_winograd", IG__CONV_DW); }

static void run(const ig__run *r) {
  const ig__conv_lowered *o = r->options;
  r->k->winograd_dw(&o->g, o->m, &r->in[0].image, &r->in[1].image, r->partial, r->n0, r->n1, r->part, r->parts, r->scratch);
}

static void finish(const ig__run *r, void *const *partials, int count) {
  const ig__conv_lowered *o = r->options;
  r->k->winograd_unpack(&o->g, o->m, (const void *const *)partials, count, r->out[0].data, r->part, r->parts);
}

static int parts(const ig__run *r) {
  const ig__conv_lowered *o = r->options;
  return r->k->winograd_dw_parts(&o->g, o->m);
}

static size_t scratch(const ig__run *r) {
  const ig__conv_lowered *o = r->options;
  return r->k->winograd_dw_scratch(&o->g, o->m);
}

const ig__op ig__op_conv2d_dw_winograd = {
  .name = "conv2d_dw_winograd",
  .help = "gradient of conv2d to its weights, by Winograd's minimal filtering",
  .options_size = sizeof(ig__conv_lowered),
  .min_in = 2,
  .max_in = 2,
  .outputs = 1,
  .role = IG__SUM,
  .layout = IG__LAYOUT_BLOCKED,
  .infer = infer,
  .no_derivative = "it is made by lowering, after differentiation",
  .run = IG__RUN_BOTH(run),
  .parts = parts,
  .partial = ig__conv_lowered_partial,
  .finish = finish,
  .halo = ig__conv_lowered_halo,
  .scratch = scratch,
  .work = ig__conv_lowered_work,
  .effort = ig__conv_lowered_effort,
};
