/* The gradient of a convolution to its weights: x and dy, summed over the pictures. Its options are the geometry of the
 * forward convolution. */
#include "ops/conv_lowered.h"
#include "ops/dims.h"
#include "ops/ops.h"

static ig_status infer(ig__infer *i) {
  const ig__conv *g = i->options;
  ig__shape x = ig__conv_input_shape(g, i->graph->n), dy = ig__conv_output_shape(g, i->graph->n);
  IG__TRY(ig__expect_shape("conv2d_dw", i, 0, &x));
  IG__TRY(ig__expect_shape("conv2d_dw", i, 1, &dy));
  i->out[0].shape = ig__conv_weight_shape(g);
  IG__TRY(ig__check_all_real("conv2d_dw", i));
  return IG_OK;
}

/* ⟨v, dw(x, dy)⟩ = ⟨conv(x, v), dy⟩ = ⟨x, dx(dy, v)⟩ */
static ig_status derive(ig__derive *d) {
  const ig__conv *g = d->node->options;
  ig__conv_options o = ig__conv_options_of(g);
  ig__value x = d->node->in[0], dy = d->node->in[1], v = d->gout[0];
  if (d->wanted[0]) d->gin[0] = ig__node2(d->graph, &ig__op_conv2d_dx, g, dy, v);
  if (d->wanted[1]) d->gin[1] = ig__node2(d->graph, &ig__op_conv2d, &o, x, v);
  return ig__graph_status(d->graph);
}

static ig_status lower(ig__lower *l) { return ig__conv_lower(l, IG__CONV_DW, l->node->options); }

static bool probe(int index, ig__probe *p) {
  int n;
  const ig__conv_probe *c = ig__conv_probe_at(index, &n);
  if (!c) return false;
  *p = (ig__probe){.options = &c->g, .training = true, .n = n, .in_count = 2};
  p->in[0].shape = ig__conv_input_shape(&c->g, n);
  p->in[1].shape = ig__conv_output_shape(&c->g, n);
  return true;
}

const ig__op ig__op_conv2d_dw = {
  .name = "conv2d_dw",
  .help = "gradient of conv2d to its weights",
  .options_size = sizeof(ig__conv),
  .min_in = 2,
  .max_in = 2,
  .outputs = 1,
  .role = IG__SUM,
  .layout = IG__LAYOUT_ANY,
  .flags = IG__LINEAR,
  .infer = infer,
  .derive = derive,
  .lower = lower, /* always: there is nothing to run here */
  .probe = probe,
};

/* ---- the direct form: partial sums stay packed until the end --------------------------------------------------------- */

static ig_status direct_infer(ig__infer *i) { return ig__conv_lowered_infer(i, "conv2d_dw_direct", IG__CONV_DW); }

static int direct_parts(const ig__run *r) {
  const ig__conv_lowered *o = r->options;
  return r->k->conv2d_dw_parts(&o->g, o->form);
}

static void direct_run(const ig__run *r) {
  const ig__conv_lowered *o = r->options;
  r->k->conv2d_dw(&o->g, &r->in[0].image, &r->in[1].image, r->partial, r->n0, r->n1, r->part, r->parts);
}

static void direct_finish(const ig__run *r, void *const *partials, int count) {
  const ig__conv_lowered *o = r->options;
  r->k->conv2d_unpack(&o->g, o->form, (const void *const *)partials, count, r->out[0].data, r->part, r->parts);
}

const ig__op ig__op_conv2d_dw_direct = {
  .name = "conv2d_dw_direct",
  .help = "gradient of conv2d to its weights, summed in packed form",
  .options_size = sizeof(ig__conv_lowered),
  .min_in = 2,
  .max_in = 2,
  .outputs = 1,
  .role = IG__SUM,
  .layout = IG__LAYOUT_BLOCKED,
  .infer = direct_infer,
  .no_derivative = "it is made by lowering, after differentiation",
  .run = IG__RUN_BOTH(direct_run),
  .parts = direct_parts,
  .partial = ig__conv_lowered_partial,
  .finish = direct_finish,
  .layout_of = ig__conv_lowered_layout,
  .halo = ig__conv_lowered_halo,
  .work = ig__conv_lowered_work,
  .effort = ig__conv_lowered_effort,
};
