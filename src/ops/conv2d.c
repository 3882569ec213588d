/* Convolution over pictures (cross-correlation, as everywhere in this field): n c h w and weights out × in/groups × kh × kw.
 * Its gradients are conv2d_dx and conv2d_dw; the three are closed under differentiation, because each is linear in both of
 * its inputs and the transpose of another. */
#include "ops/conv_geometry.h"
#include "ops/dims.h"
#include "ops/ops.h"

static ig_status geometry(const ig__node *node, const ig__graph *graph, ig__conv *g) {
  return ig__conv_resolve("conv2d", node->options, ig__shape_of(graph, node->in[0]), g);
}

static ig_status infer(ig__infer *i) {
  ig__conv g;
  IG__TRY(ig__conv_resolve("conv2d", i->options, &i->in[0]->shape, &g));
  ig__shape weight = ig__conv_weight_shape(&g);
  IG__TRY(ig__expect_shape("conv2d", i, 1, &weight));
  i->out[0].shape = ig__conv_output_shape(&g, i->in[0]->shape.dim[0]);
  IG__TRY(ig__check_all_real("conv2d", i));
  return IG_OK;
}

static ig_status derive(ig__derive *d) {
  ig__conv g;
  IG__TRY(geometry(d->node, d->graph, &g));
  ig__value x = d->node->in[0], w = d->node->in[1], dy = d->gout[0];
  if (d->wanted[0]) d->gin[0] = ig__node2(d->graph, &ig__op_conv2d_dx, &g, dy, w);
  if (d->wanted[1]) d->gin[1] = ig__node2(d->graph, &ig__op_conv2d_dw, &g, x, dy);
  return ig__graph_status(d->graph);
}

static ig_status lower(ig__lower *l) {
  ig__conv g;
  IG__TRY(geometry(l->node, l->from, &g));
  return ig__conv_lower(l, IG__CONV_FORWARD, &g);
}

static ig__value build(ig__layer *l, const void *options, int in_count, const ig__value *in) {
  const ig__conv_options *o = options;
  ig__graph *graph = l->graph;
  ig__conv g;
  if (ig__graph_status(graph) != IG_OK) return IG__NONE;
  if (in_count != 1)
    return ig__graph_fail(graph, ig__fail(IG_BAD_MODEL, "conv2d takes one picture as input, got %d inputs", in_count));
  ig_status status = ig__conv_resolve("conv2d", o, ig__shape_of(graph, in[0]), &g);
  if (status != IG_OK) return ig__graph_fail(graph, status);

  double window = (double)g.kh * g.kw;
  ig__value w = l->parameter(l, "weight", ig__conv_weight_shape(&g), IG__PARAM_WEIGHT, o->init,
                             g.c_in / g.groups * window, g.c_out * window);
  ig__value y = ig__node2(graph, &ig__op_conv2d, o, in[0], w);
  if (!o->bias) return y;
  ig__value b = l->parameter(l, "bias", ig__shape_make(1, &g.c_out, false), IG__PARAM_BIAS, "zeros", 1, 1);
  return ig__node2(graph, &ig__op_bias, NULL, y, b);
}

static bool probe(int index, ig__probe *p) {
  int n;
  const ig__conv_probe *c = ig__conv_probe_at(index, &n);
  if (!c) return false;
  *p = (ig__probe){.options = &c->options, .training = true, .n = n, .in_count = 2};
  p->in[0].shape = ig__conv_input_shape(&c->g, n);
  p->in[1].shape = ig__conv_weight_shape(&c->g);
  return true;
}

const ig__op ig__op_conv2d = {
  .name = "conv2d",
  .help = "two-dimensional convolution over pictures",
  .options = ig__conv_option_table,
  .options_size = sizeof(ig__conv_options),
  .min_in = 2,
  .max_in = 2,
  .outputs = 1,
  .role = IG__EACH,
  .layout = IG__LAYOUT_ANY,
  .flags = IG__LAYER | IG__LINEAR,
  .infer = infer,
  .derive = derive,
  .lower = lower, /* always: there is nothing to run here */
  .build = build,
  .probe = probe,
};
