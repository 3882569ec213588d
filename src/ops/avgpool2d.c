/* Mean over windows; pixels of the padding are not counted. Its transpose, avgpool2d_dx, spreads a value over its window in
 * the same shares, so the two are closed under differentiation. */
#include "ops/conv_geometry.h"
#include "ops/dims.h"
#include "ops/ops.h"

static ig_status infer(ig__infer *i) {
  ig__conv g;
  IG__TRY(ig__pool_resolve("avgpool2d", i->options, &i->in[0]->shape, &g));
  IG__TRY(ig__check_real("avgpool2d", i, 0));
  i->out[0].shape = ig__conv_output_shape(&g, i->in[0]->shape.dim[0]);
  return IG_OK;
}

static ig_status derive(ig__derive *d) {
  ig__conv g;
  IG__TRY(ig__pool_resolve("avgpool2d", d->node->options, ig__shape_of(d->graph, d->node->in[0]), &g));
  if (d->wanted[0]) d->gin[0] = ig__node1(d->graph, &ig__op_avgpool2d_dx, &g, d->gout[0]);
  return ig__graph_status(d->graph);
}

static void run(const ig__run *r) {
  ig__conv g;
  if (ig__pool_resolve("avgpool2d", r->options, &r->in[0].shape, &g) != IG_OK) return; /* infer has seen this shape */
  r->k->avgpool2d(&g, &r->in[0].image, &r->out[0].image, r->n0, r->n1);
}

static bool probe(int index, ig__probe *p) {
  int n;
  const ig__pool_probe *c = ig__pool_probe_at(index, &n);
  if (!c) return false;
  *p = (ig__probe){.options = &c->options, .training = true, .n = n, .in_count = 1};
  p->in[0].shape = ig__conv_input_shape(&c->g, n);
  return true;
}

const ig__op ig__op_avgpool2d = {
  .name = "avgpool2d",
  .help = "mean over windows (average pooling), padding not counted",
  .options = ig__pool_option_table,
  .options_size = sizeof(ig__pool_options),
  .min_in = 1,
  .max_in = 1,
  .outputs = 1,
  .role = IG__EACH,
  .layout = IG__LAYOUT_BLOCKED,
  .flags = IG__CHANNELWISE | IG__LAYER | IG__LINEAR,
  .infer = infer,
  .derive = derive,
  .run = IG__RUN_BOTH(run),
  .probe = probe,
};

/* ---- the transpose -------------------------------------------------------------------------------------------------- */

static ig_status dx_infer(ig__infer *i) {
  const ig__conv *g = i->options;
  ig__shape dy = ig__conv_output_shape(g, i->graph->n);
  IG__TRY(ig__expect_shape("avgpool2d_dx", i, 0, &dy));
  IG__TRY(ig__check_real("avgpool2d_dx", i, 0));
  i->out[0].shape = ig__conv_input_shape(g, i->graph->n);
  return IG_OK;
}

static ig_status dx_derive(ig__derive *d) {
  ig__pool_options o = ig__pool_options_of(d->node->options);
  if (d->wanted[0]) d->gin[0] = ig__node1(d->graph, &ig__op_avgpool2d, &o, d->gout[0]);
  return ig__graph_status(d->graph);
}

static void dx_run(const ig__run *r) {
  r->k->avgpool2d_dx(r->options, &r->in[0].image, &r->out[0].image, r->n0, r->n1);
}

static bool dx_probe(int index, ig__probe *p) {
  int n;
  const ig__pool_probe *c = ig__pool_probe_at(index, &n);
  if (!c) return false;
  *p = (ig__probe){.options = &c->g, .training = true, .n = n, .in_count = 1};
  p->in[0].shape = ig__conv_output_shape(&c->g, n);
  return true;
}

const ig__op ig__op_avgpool2d_dx = {
  .name = "avgpool2d_dx",
  .help = "gradient of avgpool2d to its input",
  .options_size = sizeof(ig__conv),
  .min_in = 1,
  .max_in = 1,
  .outputs = 1,
  .role = IG__EACH,
  .layout = IG__LAYOUT_BLOCKED,
  .flags = IG__LINEAR,
  .infer = dx_infer,
  .derive = dx_derive,
  .run = IG__RUN_BOTH(dx_run),
  .probe = dx_probe,
};
