/* Batch normalisation on one number a channel: the running statistics, gamma/√(variance + eps), and factor and shift for the
 * convolution that the normalisation is folded into. */
#include "kernels/pack.h"
#include "ops/batchnorm.h"
#include "ops/conv_geometry.h"
#include "ops/dims.h"
#include "ops/lanes.h"
#include "ops/ops.h"
#include "ops/scale.h"

static ig_status infer_vectors(const char *what, ig__infer *i) {
  IG__TRY(ig__check_rank(what, i, 0, 1, false));
  IG__TRY(ig__check_all_real(what, i));
  for (int k = 1; k < i->in_count; k++) IG__TRY(ig__expect_shape(what, i, k, &i->in[0]->shape));
  return IG_OK;
}

/* ---- batchnorm_update ----------------------------------------------------------------------------------------------- */

/* Inputs: mean and variance of this batch, then the running ones. Those two are leaves of the running state, and the op
 * writes them through its input views: that is its side effect, and why the planner keeps it though its output, an empty
 * scalar, is read by nobody. Nothing else in a training graph reads them. */
static ig_status update_infer(ig__infer *i) {
  IG__TRY(infer_vectors("batchnorm_update", i));
  i->out[0].shape = (ig__shape){0};
  return IG_OK;
}

/* The running variance is the unbiased one, m/(m − 1) of the batch's. A last batch with one value a channel tells nothing of
 * the variance and leaves it as it is. */
static void update_run(const ig__run *r) {
  const ig__batchnorm_options *o = r->options;
  double m = r->n * o->plane, keep = 1 - o->momentum;
  for (int c = 0; c < r->in[0].shape.dim[0]; c++) {
    double mean = ig__get(r, r->in[0].data, c), variance = ig__get(r, r->in[1].data, c);
    ig__put(r, r->in[2].data, c, keep * ig__get(r, r->in[2].data, c) + o->momentum * mean);
    if (m > 1) ig__put(r, r->in[3].data, c, keep * ig__get(r, r->in[3].data, c) + o->momentum * variance * (m / (m - 1)));
  }
  ig__put(r, r->out[0].data, 0, 0);
}

const ig__op ig__op_batchnorm_update = {
  .name = "batchnorm_update",
  .help = "moves the running mean and variance towards this batch's",
  .options_size = sizeof(ig__batchnorm_options),
  .min_in = 4,
  .max_in = 4,
  .outputs = 1,
  .role = IG__WHOLE,
  .layout = IG__LAYOUT_ANY,
  .flags = IG__SIDE_EFFECT,
  .infer = update_infer,
  .no_derivative = "it only writes the running statistics",
  .run = IG__RUN_BOTH(update_run),
};

/* ---- batchnorm_scale ------------------------------------------------------------------------------------------------ */

static ig_status scale_infer(ig__infer *i) {
  IG__TRY(infer_vectors("batchnorm_scale", i));
  i->out[0].shape = i->in[0]->shape;
  return IG_OK;
}

/* Linear in gamma; by the variance, −½·gamma·(variance + eps)^(−3/2). */
static ig_status scale_derive(ig__derive *d) {
  const ig__node *node = d->node;
  ig__value variance = node->in[0], g = d->gout[0];
  if (d->wanted[0]) {
    ig__value cube = node->out[0];
    for (int k = 0; k < 2; k++) cube = ig__node2(d->graph, &ig__op_batchnorm_scale, node->options, variance, cube);
    d->gin[0] = ig__scale_node(d->graph, ig__node2(d->graph, &ig__op_mul, NULL, g, cube), -0.5);
  }
  if (node->in_count > 1 && d->wanted[1])
    d->gin[1] = ig__node2(d->graph, &ig__op_batchnorm_scale, node->options, variance, g);
  return ig__graph_status(d->graph);
}

static void scale_run(const ig__run *r) {
  const ig__batchnorm_options *o = r->options;
  for (int c = 0; c < r->out[0].shape.dim[0]; c++) {
    double gamma = r->node->in_count > 1 ? ig__get(r, r->in[1].data, c) : 1;
    ig__put(r, r->out[0].data, c, gamma * ig__batchnorm_rstd(r, &r->in[0], c, o->eps));
  }
}

static bool scale_probe(int index, ig__probe *p) {
  static const int sizes[] = {1, 2, 3, 4, 5, 7, 8, 9, 13, 15, 16, 17, 24, 31, 32, 33, 47, 48, 49, 64, 65, 100};
  static const ig__batchnorm_options options = {.momentum = 0.1, .eps = 1e-2, .affine = true};
  if (index >= (int)(sizeof sizes / sizeof sizes[0])) return false;
  *p = (ig__probe){.options = &options, .n = 1, .in_count = 1 + index % 2};
  for (int k = 0; k < 2; k++) p->in[k].shape = ig__shape_make(1, &sizes[index], false);
  p->in[0].draw = IG__DRAW_POSITIVE;
  return true;
}

const ig__op ig__op_batchnorm_scale = {
  .name = "batchnorm_scale",
  .help = "gamma divided by the deviation",
  .options_size = sizeof(ig__batchnorm_options),
  .min_in = 1,
  .max_in = 2,
  .outputs = 1,
  .role = IG__NO_BATCH,
  .layout = IG__LAYOUT_ANY,
  .infer = scale_infer,
  .derive = scale_derive,
  .run = IG__RUN_BOTH(scale_run),
  .probe = scale_probe,
};

/* ---- batchnorm_fold ------------------------------------------------------------------------------------------------- */

/* Inputs: mean, variance, gamma and beta if there are any, the bias before the normalisation if there is one. Outputs: whole
 * blocks, zero past the last channel, as an epilogue reads them. */
static ig_status fold_infer(ig__infer *i) {
  const ig__batchnorm_options *o = i->options;
  int least = o->affine ? 4 : 2;
  if (i->in_count != least && i->in_count != least + 1)
    return ig__fail(IG_BAD_MODEL, "batchnorm_fold: %d inputs", i->in_count);
  IG__TRY(infer_vectors("batchnorm_fold", i));
  int whole = ig__blocks(i->in[0]->shape.dim[0]) * IG__BLOCK;
  i->out[0].shape = i->out[1].shape = ig__shape_make(1, &whole, false);
  return IG_OK;
}

/* Computed as batchnorm_apply does, so that folding changes no bit. */
static void fold_run(const ig__run *r) {
  const ig__batchnorm_options *o = r->options;
  int channels = r->in[0].shape.dim[0], least = o->affine ? 4 : 2;
  for (int c = 0; c < r->out[0].shape.dim[0]; c++) {
    double a = 0, b = 0;
    if (c < channels) {
      double bias = r->node->in_count > least ? ig__get(r, r->in[least].data, c) : 0;
      a = ig__batchnorm_rstd(r, &r->in[1], c, o->eps) * (o->affine ? ig__get(r, r->in[2].data, c) : 1);
      b = (o->affine ? ig__get(r, r->in[3].data, c) : 0) - (ig__get(r, r->in[0].data, c) - bias) * a;
    }
    ig__put(r, r->out[0].data, c, a);
    ig__put(r, r->out[1].data, c, b);
  }
}

const ig__op ig__op_batchnorm_fold = {
  .name = "batchnorm_fold",
  .help = "factor and shift of a batch normalisation with given mean and variance",
  .options_size = sizeof(ig__batchnorm_options),
  .min_in = 2,
  .max_in = 5,
  .outputs = 2,
  .role = IG__NO_BATCH,
  .layout = IG__LAYOUT_ANY,
  .infer = fold_infer,
  .no_derivative = "it is made by lowering, after differentiation",
  .run = IG__RUN_BOTH(fold_run),
};
