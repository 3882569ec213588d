/* Batch normalisation, picture by picture: once the statistics are there, y and dx are a multiple of each value plus a
 * shift, the same over a whole channel. */
#include "ops/batchnorm.h"
#include "ops/conv_geometry.h"
#include "ops/dims.h"
#include "ops/lanes.h"
#include "ops/ops.h"
#include "ops/scale.h"

/* out = first·a + second·b + c with one a, b, c a channel; second may be missing. `coefficients` gives those of channel c. */
typedef struct affine { double a, b, c; } affine;
typedef affine (*coefficients)(const ig__run *r, int c);

static void run_blocked(const ig__run *r, const ig__view *first, const ig__view *second, coefficients of, bool relu) {
  const ig__image *y = &r->out[0].image, *images[3] = {y, &first->image, second ? &second->image : y};
  ig__plane plane = ig__plane_of(3, images);
  int channels = ig__channels(first);
  for (int b = 0; b * IG__BLOCK < channels; b++) {
    ig__lane_values fa = {{0}}, fb = {{0}}, fc = {{0}};
    for (int l = 0; l < IG__BLOCK && b * IG__BLOCK + l < channels; l++) {
      affine f = of(r, b * IG__BLOCK + l);
      ig__put(r, &fa, l, f.a);
      ig__put(r, &fb, l, f.b);
      ig__put(r, &fc, l, f.c);
    }
    for (int n = r->n0; n < r->n1; n++)
      for (int row = 0; row < plane.rows; row++) {
        void *to = ig__plane_row(r, y, n, b, row);
        const void *p = ig__plane_row(r, images[1], n, b, row), *q = ig__plane_row(r, images[2], n, b, row);
        if (second) r->k->affine2_lanes(to, p, &fa, q, &fb, &fc, plane.pixels);
        else r->k->affine_lanes(to, p, &fa, &fc, plane.pixels);
        if (relu) r->k->relu(to, to, plane.pixels * IG__BLOCK);
      }
  }
}

static void run_values(const ig__run *r, const ig__view *first, const ig__view *second, coefficients of, bool relu) {
  const ig__view *y = &r->out[0];
  for (int c = 0; c < ig__channels(first); c++) {
    affine f = of(r, c);
    IG__EACH_VALUE(y, n, i, j) {
      double v = ig__get(r, first->data, ig__value_at(first, n, c, i, j)) * f.a + f.c;
      if (second) v += ig__get(r, second->data, ig__value_at(second, n, c, i, j)) * f.b;
      ig__put(r, y->data, ig__value_at(y, n, c, i, j), relu && v <= 0 ? 0 : v);
    }
  }
}

static void run_affine(const ig__run *r, const ig__view *first, const ig__view *second, coefficients of, bool relu) {
  if (ig__is_blocked(&r->out[0])) run_blocked(r, first, second, of, relu);
  else run_values(r, first, second, of, relu);
}

/* Inputs 0 … images-1 like x, the others one value a channel. */
static ig_status infer_like_x(const char *what, ig__infer *i, int images) {
  IG__TRY(ig__check_rows_or_image(what, i, 0));
  IG__TRY(ig__check_all_real(what, i));
  ig__shape channel = ig__shape_make(1, &i->in[0]->shape.dim[1], false);
  for (int k = 1; k < i->in_count; k++)
    IG__TRY(ig__expect_shape(what, i, k, k < images ? &i->in[0]->shape : &channel));
  i->out[0].shape = i->in[0]->shape;
  return IG_OK;
}

/* ---- batchnorm_apply ------------------------------------------------------------------------------------------------ */

static ig_status apply_infer(ig__infer *i) {
  const ig__batchnorm_options *o = i->options;
  if (i->in_count != (o->affine ? 5 : 3)) return ig__fail(IG_BAD_MODEL, "batchnorm_apply: %d inputs", i->in_count);
  return infer_like_x("batchnorm_apply", i, 1);
}

static ig__value scale_by_rstd(ig__derive *d, ig__value variance, ig__value v) {
  return ig__node2(d->graph, &ig__op_batchnorm_scale, d->node->options, variance, v);
}

/* With s = 1/√(variance + eps), a = gamma·s, G = Σ g and T = Σ g·(x − mean), the sums over pictures and pixels:
 * dx = g·a, dgamma = T·s, dbeta = G, dmean = −a·G, dvariance = −½·T·a·s². */
static ig_status apply_derive(ig__derive *d) {
  const ig__batchnorm_options *o = d->node->options;
  ig__graph *graph = d->graph;
  const ig__value *in = d->node->in;
  ig__value g = d->gout[0], x = in[0], mean = in[1], variance = in[2];
  ig__value a = o->affine ? scale_by_rstd(d, variance, in[3]) : ig__node1(graph, &ig__op_batchnorm_scale, o, variance);
  if (d->wanted[0]) d->gin[0] = ig__node2(graph, &ig__op_channel_affine, NULL, g, a);
  if (!d->wanted[1] && !d->wanted[2] && !(o->affine && (d->wanted[3] || d->wanted[4]))) return ig__graph_status(graph);

  ig__value sum = ig__node1(graph, &ig__op_channel_sum, NULL, g);
  ig__value dot = ig__node1(graph, &ig__op_channel_sum, NULL, ig__node2(graph, &ig__op_mul, NULL, g, x));
  ig__value t = ig__node2(graph, &ig__op_sub, NULL, dot, ig__node2(graph, &ig__op_mul, NULL, mean, sum));
  if (d->wanted[1]) d->gin[1] = ig__scale_node(graph, ig__node2(graph, &ig__op_mul, NULL, a, sum), -1);
  if (d->wanted[2]) {
    ig__value ass = scale_by_rstd(d, variance, scale_by_rstd(d, variance, a));
    d->gin[2] = ig__scale_node(graph, ig__node2(graph, &ig__op_mul, NULL, t, ass), -0.5);
  }
  if (o->affine && d->wanted[3]) d->gin[3] = scale_by_rstd(d, variance, t);
  if (o->affine && d->wanted[4]) d->gin[4] = sum;
  return ig__graph_status(graph);
}

/* With the model's own statistics, behind a convolution, it is done there. */
static ig_status apply_lower(ig__lower *l) {
  if (ig__conv_fuse_batchnorm(l)) return IG_OK;
  l->out[0] = ig__node_add(l->graph, &ig__op_batchnorm_apply, l->node->options, l->node->in_count, l->in, NULL);
  return ig__graph_status(l->graph);
}

static affine apply_coefficients(const ig__run *r, int c) {
  const ig__batchnorm_options *o = r->options;
  double a = ig__batchnorm_rstd(r, &r->in[2], c, o->eps), b = 0;
  if (o->affine) {
    a *= ig__get(r, r->in[3].data, c);
    b = ig__get(r, r->in[4].data, c);
  }
  return (affine){a, 0, b - ig__get(r, r->in[1].data, c) * a};
}

static void apply_run(const ig__run *r) {
  const ig__batchnorm_options *o = r->options;
  run_affine(r, &r->in[0], NULL, apply_coefficients, o->relu);
}

static bool apply_probe(int index, ig__probe *p) {
  static const ig__batchnorm_options options[2] = {{.momentum = 0.1, .eps = 1e-2, .affine = true},
                                                   {.momentum = 0.1, .eps = 1e-1, .affine = false}};
  ig__shape x;
  if (!ig__batchnorm_shape(index, &x)) return false;
  const ig__batchnorm_options *o = &options[index % 3 == 0];
  *p = (ig__probe){.options = o, .n = x.dim[0], .in_count = o->affine ? 5 : 3};
  p->in[0].shape = x;
  for (int k = 1; k < p->in_count; k++)
    p->in[k] = ig__batchnorm_probe_channel(&x, k == 2 ? IG__DRAW_POSITIVE : IG__DRAW_NORMAL);
  return true;
}

const ig__op ig__op_batchnorm_apply = {
  .name = "batchnorm_apply",
  .help = "batch normalisation with given mean and variance",
  .options_size = sizeof(ig__batchnorm_options),
  .min_in = 3,
  .max_in = 5,
  .outputs = 1,
  .role = IG__EACH,
  .layout = IG__LAYOUT_BLOCKED,
  .flags = IG__IN_PLACE | IG__CHEAP,
  .infer = apply_infer,
  .derive = apply_derive,
  .lower = apply_lower,
  .run = IG__RUN_BOTH(apply_run),
  .probe = apply_probe,
};

/* ---- batchnorm_dx --------------------------------------------------------------------------------------------------- */

static ig_status dx_infer(ig__infer *i) {
  const ig__batchnorm_options *o = i->options;
  if (i->in_count != 6 + o->affine + o->from_mean + o->from_variance)
    return ig__fail(IG_BAD_MODEL, "batchnorm_dx: %d inputs", i->in_count);
  return infer_like_x("batchnorm_dx", i, 2);
}

static affine dx_coefficients(const ig__run *r, int c) {
  const ig__batchnorm_options *o = r->options;
  double m = ig__pixels(&r->in[0], r->n), mean = ig__get(r, r->in[2].data, c);
  double rstd = ig__batchnorm_rstd(r, &r->in[3], c, o->eps), a = rstd;
  double dgamma = ig__get(r, r->in[4].data, c), dbeta = ig__get(r, r->in[5].data, c);
  int next = 6;
  if (o->affine) a *= ig__get(r, r->in[next++].data, c);
  double of_x = -a * rstd * dgamma / m, shift = -a * dbeta / m;
  if (o->from_mean) shift += ig__get(r, r->in[next++].data, c) / m;
  if (o->from_variance) of_x += 2 * ig__get(r, r->in[next++].data, c) / m;
  return (affine){a, of_x, shift - of_x * mean};
}

static void dx_run(const ig__run *r) { run_affine(r, &r->in[1], &r->in[0], dx_coefficients, false); }

const ig__op ig__op_batchnorm_dx = {
  .name = "batchnorm_dx",
  .help = "gradient of batchnorm to its input",
  .options_size = sizeof(ig__batchnorm_options),
  .min_in = 6,
  .max_in = 9,
  .outputs = 1,
  .role = IG__EACH,
  .layout = IG__LAYOUT_BLOCKED,
  .infer = dx_infer,
  .no_derivative = "batch normalisation in training has first derivatives only",
  .run = IG__RUN_BOTH(dx_run),
};

/* ---- channel_affine: y = x·a + b, one a and b a channel ----------------------------------------------------------------- */

static ig_status channel_infer(ig__infer *i) { return infer_like_x("channel_affine", i, 1); }

static ig_status channel_derive(ig__derive *d) {
  ig__value x = d->node->in[0], a = d->node->in[1], g = d->gout[0];
  if (d->wanted[0]) d->gin[0] = ig__node2(d->graph, &ig__op_channel_affine, NULL, g, a);
  if (d->wanted[1])
    d->gin[1] = ig__node1(d->graph, &ig__op_channel_sum, NULL, ig__node2(d->graph, &ig__op_mul, NULL, g, x));
  if (d->node->in_count > 2 && d->wanted[2]) d->gin[2] = ig__node1(d->graph, &ig__op_channel_sum, NULL, g);
  return ig__graph_status(d->graph);
}

static affine channel_coefficients(const ig__run *r, int c) {
  return (affine){ig__get(r, r->in[1].data, c), 0, r->node->in_count > 2 ? ig__get(r, r->in[2].data, c) : 0};
}

static void channel_run(const ig__run *r) { run_affine(r, &r->in[0], NULL, channel_coefficients, false); }

static bool channel_probe(int index, ig__probe *p) {
  ig__shape x;
  if (!ig__batchnorm_shape(index, &x)) return false;
  *p = (ig__probe){.n = x.dim[0], .in_count = 2 + index % 2};
  p->in[0].shape = x;
  p->in[1] = p->in[2] = ig__batchnorm_probe_channel(&x, IG__DRAW_NORMAL);
  return true;
}

const ig__op ig__op_channel_affine = {
  .name = "channel_affine",
  .help = "each channel times a factor, plus a shift",
  .min_in = 2,
  .max_in = 3,
  .outputs = 1,
  .role = IG__EACH,
  .layout = IG__LAYOUT_BLOCKED,
  .flags = IG__IN_PLACE,
  .infer = channel_infer,
  .derive = channel_derive,
  .run = IG__RUN_BOTH(channel_run),
  .probe = channel_probe,
};
