/* The gradient of a convolution to its input (a transposed convolution): dy and the weights make dx. Its options are the
 * geometry of the forward convolution. */
#include "ops/conv_lowered.h"
#include "ops/dims.h"
#include "ops/ops.h"

static ig_status infer(ig__infer *i) {
  const ig__conv *g = i->options;
  int n = i->graph->n;
  ig__shape dy = ig__conv_output_shape(g, n), w = ig__conv_weight_shape(g);
  IG__TRY(ig__expect_shape("conv2d_dx", i, 0, &dy));
  IG__TRY(ig__expect_shape("conv2d_dx", i, 1, &w));
  i->out[0].shape = ig__conv_input_shape(g, n);
  IG__TRY(ig__check_all_real("conv2d_dx", i));
  return IG_OK;
}

/* ⟨v, dx(dy, w)⟩ = ⟨conv(v, w), dy⟩ = ⟨dw(v, dy), w⟩ */
static ig_status derive(ig__derive *d) {
  const ig__conv *g = d->node->options;
  ig__conv_options o = ig__conv_options_of(g);
  ig__value dy = d->node->in[0], w = d->node->in[1], v = d->gout[0];
  if (d->wanted[0]) d->gin[0] = ig__node2(d->graph, &ig__op_conv2d, &o, v, w);
  if (d->wanted[1]) d->gin[1] = ig__node2(d->graph, &ig__op_conv2d_dw, g, v, dy);
  return ig__graph_status(d->graph);
}

static ig_status lower(ig__lower *l) { return ig__conv_lower(l, IG__CONV_DX, l->node->options); }

static bool probe(int index, ig__probe *p) {
  int n;
  const ig__conv_probe *c = ig__conv_probe_at(index, &n);
  if (!c) return false;
  *p = (ig__probe){.options = &c->g, .training = true, .n = n, .in_count = 2};
  p->in[0].shape = ig__conv_output_shape(&c->g, n);
  p->in[1].shape = ig__conv_weight_shape(&c->g);
  return true;
}

const ig__op ig__op_conv2d_dx = {
  .name = "conv2d_dx",
  .help = "gradient of conv2d to its input",
  .options_size = sizeof(ig__conv),
  .min_in = 2,
  .max_in = 2,
  .outputs = 1,
  .role = IG__EACH,
  .layout = IG__LAYOUT_ANY,
  .flags = IG__LINEAR,
  .infer = infer,
  .derive = derive,
  .lower = lower, /* always: there is nothing to run here */
  .probe = probe,
};

/* ---- the direct form: dy and packed weights ------------------------------------------------------------------------- */

static ig_status direct_infer(ig__infer *i) { return ig__conv_lowered_infer(i, "conv2d_dx_direct", IG__CONV_DX); }

static void direct_run(const ig__run *r) {
  const ig__conv_lowered *o = r->options;
  const ig__conv_pictures p = ig__conv_dx_pictures(r);
  r->k->conv2d_dx(&o->g, &p.dy, r->in[1].data, &p.dx, r->n0, r->n1, r->part, r->parts);
}

const ig__op ig__op_conv2d_dx_direct = {
  .name = "conv2d_dx_direct",
  .help = "gradient of conv2d to its input, on packed weights",
  .options_size = sizeof(ig__conv_lowered),
  .min_in = 2,
  .max_in = 2,
  .outputs = 1,
  .role = IG__EACH,
  .layout = IG__LAYOUT_BLOCKED,
  .infer = direct_infer,
  .no_derivative = "it is made by lowering, after differentiation",
  .run = IG__RUN_BOTH(direct_run),
  .parts = ig__conv_lowered_dx_parts,
  .halo = ig__conv_lowered_dx_halo,
  .work = ig__conv_lowered_work,
  .effort = ig__conv_lowered_effort,
};
