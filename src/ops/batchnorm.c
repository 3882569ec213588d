/* Batch normalisation: the layer, and the training form as one differentiable op. */
#include "ops/batchnorm.h"

#include "ops/conv_geometry.h"
#include "ops/dims.h"
#include "ops/lanes.h"
#include "ops/ops.h"

#include <math.h>

static const ig__option table[] = {
  IG__OPTION(ig__batchnorm_options, momentum, "0.1", 0, 1, "", "share of the new batch in the running mean and variance"),
  IG__OPTION(ig__batchnorm_options, eps, "1e-5", 1e-12, 1, "", "added to the variance"),
  IG__OPTION(ig__batchnorm_options, affine, "yes", 0, 1, "", "learn a factor (gamma) and a shift (beta) for each channel"),
  IG__OPTIONS_END,
};

double ig__batchnorm_rstd(const ig__run *r, const ig__view *variance, int c, double eps) {
  return 1 / sqrt(ig__get(r, variance->data, c) + eps);
}

static ig__shape per_channel(const ig__shape *x) { return ig__shape_make(1, &x->dim[1], false); }

/* One value a channel has no variance: n − 1 would be zero. */
static ig_status check(const ig__infer *i, bool training) {
  const ig__batchnorm_options *o = i->options;
  const ig__shape *x = &i->in[0]->shape;
  char text[96];
  IG__TRY(ig__check_rows_or_image("batchnorm", i, 0));
  IG__TRY(ig__check_all_real("batchnorm", i));
  if (i->in_count != (o->affine ? 3 : 1))
    return ig__fail(IG_BAD_MODEL, "batchnorm: affine=%s and %d inputs", o->affine ? "yes" : "no", i->in_count);
  ig__shape channel = per_channel(x);
  for (int k = 1; k < i->in_count; k++) IG__TRY(ig__expect_shape("batchnorm", i, k, &channel));
  if (training && ig__shape_count(x) == x->dim[1])
    return ig__fail(IG_BAD_MODEL, "batchnorm: a batch of %s has one value a channel and no variance: train with more pictures",
                    ig__shape_text(text, x));
  return IG_OK;
}

static ig_status infer(ig__infer *i) {
  IG__TRY(check(i, true));
  i->out[0].shape = i->in[0]->shape;
  i->out[1].shape = i->out[2].shape = per_channel(&i->in[0]->shape);
  return IG_OK;
}

/* With x̂ = (x − mean)/√(variance + eps): dbeta = Σ dy, dgamma = Σ dy·x̂, dx = gamma/√… · (dy − dbeta/m − x̂·dgamma/m). What
 * flows into the statistics themselves adds 1/m and 2(x − mean)/m of it to every x. */
static ig_status derive(ig__derive *d) {
  const ig__node *node = d->node;
  ig__batchnorm_options o = *(const ig__batchnorm_options *)node->options;
  if (d->gout[0] == IG__NONE)
    return ig__fail(IG_BAD_MODEL, "batchnorm cannot be differentiated by its statistics alone");
  o.from_mean = d->gout[1] != IG__NONE;
  o.from_variance = d->gout[2] != IG__NONE;

  ig__value x = node->in[0], dy = d->gout[0], mean = node->out[1], variance = node->out[2], sums[2] = {IG__NONE, IG__NONE};
  ig__node_add(d->graph, &ig__op_batchnorm_sums, &o, 4, (ig__value[]){x, dy, mean, variance}, sums);
  if (d->wanted[0]) {
    ig__value in[9] = {x, dy, mean, variance, sums[0], sums[1]};
    int count = 6;
    if (o.affine) in[count++] = node->in[1];
    if (o.from_mean) in[count++] = d->gout[1];
    if (o.from_variance) in[count++] = d->gout[2];
    d->gin[0] = ig__node_add(d->graph, &ig__op_batchnorm_dx, &o, count, in, NULL);
  }
  if (o.affine && d->wanted[1]) d->gin[1] = sums[0];
  if (o.affine && d->wanted[2]) d->gin[2] = sums[1];
  return ig__graph_status(d->graph);
}

static ig_status lower(ig__lower *l) {
  const ig__batchnorm_options *o = l->node->options;
  ig__node_add(l->graph, &ig__op_batchnorm_statistics, o, 1, l->in, l->out + 1);
  ig__value in[5] = {l->in[0], l->out[1], l->out[2]};
  for (int k = 1; k < l->node->in_count; k++) in[2 + k] = l->in[k];
  l->out[0] = ig__node_add(l->graph, &ig__op_batchnorm_apply, o, o->affine ? 5 : 3, in, NULL);
  return ig__graph_status(l->graph);
}

static ig__value build(ig__layer *l, const void *options, int in_count, const ig__value *in) {
  ig__graph *graph = l->graph;
  const ig__batchnorm_options *given = options;
  ig__batchnorm_options o = {.momentum = given->momentum, .eps = given->eps, .affine = given->affine};
  if (ig__graph_status(graph) != IG_OK) return IG__NONE;
  const ig__shape *x = ig__shape_of(graph, in[0]);
  char text[96];
  if (in_count != 1 || !x->batched || (x->rank != 2 && x->rank != 4))
    return ig__graph_fail(graph, ig__fail(IG_BAD_MODEL, "batchnorm takes one input of n×c×h×w or n×c values, got %d of %s",
                                          in_count, ig__shape_text(text, x)));
  ig__shape channel = per_channel(x);
  o.plane = x->rank == 4 ? (double)x->dim[2] * x->dim[3] : 1;
  double c = x->dim[1];
  ig__value gamma = IG__NONE, beta = IG__NONE;
  if (o.affine) {
    gamma = l->parameter(l, "gamma", channel, IG__PARAM_NORM, "ones", c, c);
    beta = l->parameter(l, "beta", channel, IG__PARAM_NORM, "zeros", c, c);
  }
  ig__value mean = l->state(l, "running_mean", channel, 0), variance = l->state(l, "running_variance", channel, 1);
  if (!graph->training)
    return ig__node_add(graph, &ig__op_batchnorm_apply, &o, o.affine ? 5 : 3,
                        (ig__value[]){in[0], mean, variance, gamma, beta}, NULL);

  ig__value out[3] = {IG__NONE, IG__NONE, IG__NONE};
  ig__node_add(graph, &ig__op_batchnorm, &o, o.affine ? 3 : 1, (ig__value[]){in[0], gamma, beta}, out);
  ig__node_add(graph, &ig__op_batchnorm_update, &o, 4, (ig__value[]){out[1], out[2], mean, variance}, NULL);
  return out[0];
}

/* ---- probes --------------------------------------------------------------------------------------------------------- */

bool ig__batchnorm_shape(int index, ig__shape *x) {
  static const int shape[][4] = {
    {2, 1, 1, 1}, {2, 1, 3, 5}, {1, 3, 5, 7}, {2, 3, 4, 3}, {1, 15, 3, 3}, {1, 16, 2, 5}, {2, 16, 3, 1}, {1, 17, 1, 7},
    {1, 33, 3, 2}, {3, 2, 2, 2}, {2, 17, 2, 3}, {1, 32, 3, 3}, {5, 1, 2, 7}, {4, 5, 2, 1}, {1, 2, 1, 33}, {3, 1, 0, 0},
    {4, 3, 0, 0}, {5, 7, 0, 0}, {4, 15, 0, 0}, {4, 16, 0, 0}, {3, 17, 0, 0}, {3, 33, 0, 0}, {7, 10, 0, 0}};
  if (index < 0 || index >= (int)(sizeof shape / sizeof shape[0])) return false;
  *x = ig__shape_make(shape[index][2] ? 4 : 2, shape[index], true);
  return true;
}

ig__probe_in ig__batchnorm_probe_channel(const ig__shape *x, ig__draw draw) {
  return (ig__probe_in){.shape = per_channel(x), .draw = draw};
}

static bool probe(int index, ig__probe *p) {
  /* With few values a channel the deviation may come out tiny, and then differences tell nothing of the slope: an eps that
   * keeps it away from zero. */
  static const ig__batchnorm_options options[2] = {{.momentum = 0.1, .eps = 0.1, .affine = true},
                                                   {.momentum = 0.3, .eps = 0.5, .affine = false}};
  ig__shape x;
  if (!ig__batchnorm_shape(index, &x)) return false;
  const ig__batchnorm_options *o = &options[index % 3 == 0];
  *p = (ig__probe){.options = o, .training = true, .n = x.dim[0], .in_count = o->affine ? 3 : 1};
  p->in[0].shape = x;
  p->in[1] = ig__batchnorm_probe_channel(&x, IG__DRAW_NORMAL);
  p->in[2] = ig__batchnorm_probe_channel(&x, IG__DRAW_NORMAL);
  return true;
}

const ig__op ig__op_batchnorm = {
  .name = "batchnorm",
  .help = "batch normalisation: each channel to mean 0 and variance 1 over the batch",
  .options = table,
  .options_size = sizeof(ig__batchnorm_options),
  .min_in = 1,
  .max_in = 3,
  .outputs = 3,
  .role = IG__WHOLE,
  .layout = IG__LAYOUT_BLOCKED,
  .flags = IG__LAYER,
  .infer = infer,
  .derive = derive,
  .lower = lower, /* always: there is nothing to run here */
  .build = build,
  .probe = probe,
};
