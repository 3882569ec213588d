/* Maximum over windows, and its two companions: scatter puts a gradient where the maxima stood, gather picks values from
 * there. Each of the two is the other's transpose, so the three are closed under differentiation. */
#include "ops/conv_geometry.h"
#include "ops/dims.h"
#include "ops/ops.h"

static ig_status check_indices(const char *what, const ig__infer *i, const ig__conv *g) {
  ig__shape argmax = ig__conv_output_shape(g, i->graph->n);
  IG__TRY(ig__expect_shape(what, i, 1, &argmax));
  if (i->in[1]->dtype != IG__U8) return ig__fail(IG_BAD_MODEL, "%s: input 1 should be the indices that maxpool2d makes", what);
  return ig__check_real(what, i, 0);
}

/* ---- maxpool2d ------------------------------------------------------------------------------------------------------ */

static ig_status infer(ig__infer *i) {
  ig__conv g;
  IG__TRY(ig__pool_resolve("maxpool2d", i->options, &i->in[0]->shape, &g));
  IG__TRY(ig__check_real("maxpool2d", i, 0));
  if (g.kh * g.kw > 256)
    return ig__fail(IG_BAD_MODEL, "maxpool2d: a window of %d×%d has more than 256 pixels, and a place in it is kept as a byte",
                    g.kh, g.kw);
  i->out[0].shape = i->out[1].shape = ig__conv_output_shape(&g, i->in[0]->shape.dim[0]);
  i->out[1].dtype = IG__U8;
  return IG_OK;
}

static ig_status derive(ig__derive *d) {
  ig__conv g;
  IG__TRY(ig__pool_resolve("maxpool2d", d->node->options, ig__shape_of(d->graph, d->node->in[0]), &g));
  if (d->wanted[0] && d->gout[0] != IG__NONE)
    d->gin[0] = ig__node2(d->graph, &ig__op_maxpool2d_scatter, &g, d->gout[0], d->node->out[1]);
  return ig__graph_status(d->graph);
}

static ig_status lower(ig__lower *l) {
  ig__conv g;
  IG__TRY(ig__pool_resolve("maxpool2d", l->node->options, ig__shape_of(l->graph, l->in[0]), &g));
  ig__conv_cut(l, &g);
  ig__node_add(l->graph, &ig__op_maxpool2d, l->node->options, 1, l->in, l->out);
  return IG_OK;
}

static void run(const ig__run *r) {
  ig__conv g;
  if (ig__pool_resolve("maxpool2d", r->options, &r->in[0].shape, &g) != IG_OK) return; /* infer has seen this shape */
  r->k->maxpool2d(&g, &r->in[0].image, &r->out[0].image, &r->out[1].image, r->n0, r->n1);
}

static bool probe(int index, ig__probe *p) {
  int n;
  const ig__pool_probe *c = ig__pool_probe_at(index, &n);
  if (!c) return false;
  *p = (ig__probe){.options = &c->options, .training = true, .n = n, .in_count = 1};
  p->in[0] = (ig__probe_in){.shape = ig__conv_input_shape(&c->g, n), .draw = IG__DRAW_APART};
  return true;
}

const ig__op ig__op_maxpool2d = {
  .name = "maxpool2d",
  .help = "maximum over windows (max pooling)",
  .options = ig__pool_option_table,
  .options_size = sizeof(ig__pool_options),
  .min_in = 1,
  .max_in = 1,
  .outputs = 2,
  .role = IG__EACH,
  .layout = IG__LAYOUT_BLOCKED,
  .flags = IG__CHANNELWISE | IG__LAYER | IG__KINK,
  .infer = infer,
  .derive = derive,
  .lower = lower,
  .run = IG__RUN_BOTH(run),
  .probe = probe,
};

/* ---- scatter: dy and places to dx ----------------------------------------------------------------------------------- */

static ig_status scatter_infer(ig__infer *i) {
  const ig__conv *g = i->options;
  ig__shape dy = ig__conv_output_shape(g, i->graph->n);
  IG__TRY(ig__expect_shape("maxpool2d_scatter", i, 0, &dy));
  IG__TRY(check_indices("maxpool2d_scatter", i, g));
  i->out[0].shape = ig__conv_input_shape(g, i->graph->n);
  return IG_OK;
}

static ig_status scatter_derive(ig__derive *d) {
  if (d->wanted[0])
    d->gin[0] = ig__node2(d->graph, &ig__op_maxpool2d_gather, d->node->options, d->gout[0], d->node->in[1]);
  return ig__graph_status(d->graph);
}

static void scatter_run(const ig__run *r) {
  r->k->maxpool2d_scatter(r->options, &r->in[0].image, &r->in[1].image, &r->out[0].image, r->n0, r->n1);
}

/* Geometries without padding: a drawn place is then always inside the picture, as a real argmax is. */
static const ig__pool_probe *unpadded(int index, int *n) {
  const ig__pool_probe *c = NULL;
  for (int i = 0; index >= 0 && (c = ig__pool_probe_at(i, n)) != NULL; i++) index -= ig__conv_halo(&c->g) == 0;
  return c;
}

static bool probe_indices(int index, ig__probe *p, bool scatter) {
  int n;
  const ig__pool_probe *c = unpadded(index, &n);
  if (!c) return false;
  const ig__conv *g = &c->g;
  *p = (ig__probe){.options = g, .training = true, .n = n, .in_count = 2};
  p->in[0].shape = scatter ? ig__conv_output_shape(g, n) : ig__conv_input_shape(g, n);
  p->in[1] = (ig__probe_in){.shape = ig__conv_output_shape(g, n), .dtype = IG__U8, .draw = IG__DRAW_INDEX,
                            .limit = g->kh * g->kw, .no_gradient = true};
  return true;
}

static bool scatter_probe(int index, ig__probe *p) { return probe_indices(index, p, true); }
static bool gather_probe(int index, ig__probe *p) { return probe_indices(index, p, false); }

const ig__op ig__op_maxpool2d_scatter = {
  .name = "maxpool2d_scatter",
  .help = "gradient of maxpool2d to its input",
  .options_size = sizeof(ig__conv),
  .min_in = 2,
  .max_in = 2,
  .outputs = 1,
  .role = IG__EACH,
  .layout = IG__LAYOUT_BLOCKED,
  .flags = IG__LINEAR,
  .infer = scatter_infer,
  .derive = scatter_derive,
  .run = IG__RUN_BOTH(scatter_run),
  .probe = scatter_probe,
};

/* ---- gather: values at the places of the maxima ----------------------------------------------------------------------- */

static ig_status gather_infer(ig__infer *i) {
  const ig__conv *g = i->options;
  ig__shape x = ig__conv_input_shape(g, i->graph->n);
  IG__TRY(ig__expect_shape("maxpool2d_gather", i, 0, &x));
  IG__TRY(check_indices("maxpool2d_gather", i, g));
  i->out[0].shape = ig__conv_output_shape(g, i->graph->n);
  return IG_OK;
}

static ig_status gather_derive(ig__derive *d) {
  if (d->wanted[0])
    d->gin[0] = ig__node2(d->graph, &ig__op_maxpool2d_scatter, d->node->options, d->gout[0], d->node->in[1]);
  return ig__graph_status(d->graph);
}

static void gather_run(const ig__run *r) {
  r->k->maxpool2d_gather(r->options, &r->in[0].image, &r->in[1].image, &r->out[0].image, r->n0, r->n1);
}

const ig__op ig__op_maxpool2d_gather = {
  .name = "maxpool2d_gather",
  .help = "values at the places where maxpool2d found its maxima",
  .options_size = sizeof(ig__conv),
  .min_in = 2,
  .max_in = 2,
  .outputs = 1,
  .role = IG__EACH,
  .layout = IG__LAYOUT_BLOCKED,
  .flags = IG__LINEAR,
  .infer = gather_infer,
  .derive = gather_derive,
  .run = IG__RUN_BOTH(gather_run),
  .probe = gather_probe,
};
