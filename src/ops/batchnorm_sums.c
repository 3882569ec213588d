/* The sums of batch normalisation: mean and variance in one pass over the pictures, and the two sums that its gradient needs.
 * Each adds over pictures in doubles, the kernels' block sums of at most a plane at a time: one running float loses its last
 * digits after some hundred thousand pixels. */
#include "ops/batchnorm.h"
#include "ops/conv_geometry.h"
#include "ops/dims.h"
#include "ops/lanes.h"
#include "ops/ops.h"

/* Accumulators of one double a channel, whole blocks of channels. */
static int64_t accumulator(const ig__view *x) { return (int64_t)ig__channel_blocks(x) * IG__BLOCK; }
static size_t partial_of(const ig__run *r, int accumulators) {
  return (size_t)(accumulator(&r->in[0]) * accumulators) * sizeof(double) / (size_t)r->k->real_size;
}

/* Where the work is cut into parts, not into pictures: blocks of channels. */
static int parts(const ig__run *r) { return ig__channel_blocks(&r->in[0]); }
static int part_from(const ig__run *r, int part, int count) { return (int)((int64_t)count * part / r->parts); }

typedef enum term { TERM_X, TERM_DOT } term; /* Σ x, Σ (x − mean)·z */

static void add_blocked(const ig__run *r, term t, const ig__view *x, const ig__view *mean, const ig__view *z, double *sum) {
  const ig__image *images[2] = {&x->image, z ? &z->image : &x->image};
  ig__plane plane = ig__plane_of(2, images);
  int blocks = ig__channel_blocks(x);
  for (int b = part_from(r, r->part, blocks); b < part_from(r, r->part + 1, blocks); b++) {
    ig__lane_values middle = {{0}};
    if (mean) ig__lanes_load(r, &middle, mean, ig__channels(x), b);
    for (int n = r->n0; n < r->n1; n++)
      for (int row = 0; row < plane.rows; row++) {
        ig__lane_values s = {{0}};
        const void *p = ig__plane_row(r, images[0], n, b, row), *q = ig__plane_row(r, images[1], n, b, row);
        if (t == TERM_X) r->k->sum_lanes(&s, p, plane.pixels);
        else r->k->dot_lanes(&s, p, &middle, q, plane.pixels);
        for (int l = 0; l < IG__BLOCK; l++) sum[b * IG__BLOCK + l] += ig__get(r, &s, l);
      }
  }
}

static void add_values(const ig__run *r, term t, const ig__view *x, const ig__view *mean, const ig__view *z, double *sum) {
  int channels = ig__channels(x);
  for (int c = part_from(r, r->part, channels); c < part_from(r, r->part + 1, channels); c++) {
    double middle = mean ? ig__get(r, mean->data, c) : 0;
    IG__EACH_VALUE(x, n, i, j) {
      double v = ig__get(r, x->data, ig__value_at(x, n, c, i, j)) - middle;
      if (t == TERM_DOT) v *= ig__get(r, z->data, ig__value_at(z, n, c, i, j));
      sum[c] += v;
    }
  }
}

static void add_terms(const ig__run *r, term t, const ig__view *x, const ig__view *mean, const ig__view *z, double *sum) {
  if (ig__is_blocked(x)) add_blocked(r, t, x, mean, z, sum);
  else add_values(r, t, x, mean, z, sum);
}

static double total(void *const *partials, int count, int64_t at) {
  double sum = 0;
  for (int i = 0; i < count; i++) sum += ((const double *)partials[i])[at];
  return sum;
}

static ig_status infer_channels(const char *what, ig__infer *i, int first_channel_input) {
  IG__TRY(ig__check_rows_or_image(what, i, 0));
  IG__TRY(ig__check_all_real(what, i));
  ig__shape channel = ig__shape_make(1, &i->in[0]->shape.dim[1], false);
  for (int k = 1; k < i->in_count; k++) {
    const ig__shape *want = k < first_channel_input ? &i->in[0]->shape : &channel;
    IG__TRY(ig__expect_shape(what, i, k, want));
  }
  for (int k = 0; k < i->out_count; k++) i->out[k].shape = channel;
  return IG_OK;
}

/* ---- mean, variance ------------------------------------------------------------------------------------------------- */

/* What is known of one channel: how many values, their mean, and Σ (x − mean)². Two of them are joined without the difference
 * of two large numbers, which can come out negative for a flat picture (Chan, Golub & LeVeque 1983); so the statistics need one
 * pass over the batch, made while a chunk of pictures is still in the cache, and not a second one for the deviations. */
typedef struct moments { double count, mean, squares; } moments;

static void join(moments *a, moments b) {
  if (b.count == 0) return;
  double count = a->count + b.count, apart = b.mean - a->mean;
  a->mean += apart * (b.count / count);
  a->squares += b.squares + apart * apart * (a->count * (b.count / count));
  a->count = count;
}

/* A plane of one picture: its mean first, then the squares around that mean as the real type has it, which is off by so little
 * that its own square, times the count, puts it right. */
static void add_plane(const ig__run *r, const ig__image *x, const ig__plane *plane, int n, int b, moments *sum) {
  ig__lane_values s = {{0}}, middle = {{0}};
  double pixels = (double)plane->rows * (double)plane->pixels, mean[IG__BLOCK] = {0}, squares[IG__BLOCK] = {0};
  for (int row = 0; row < plane->rows; row++) {
    memset(&s, 0, sizeof s);
    r->k->sum_lanes(&s, ig__plane_row(r, x, n, b, row), plane->pixels);
    for (int l = 0; l < IG__BLOCK; l++) mean[l] += ig__get(r, &s, l);
  }
  for (int l = 0; l < IG__BLOCK; l++) ig__put(r, &middle, l, mean[l] /= pixels);
  for (int row = 0; row < plane->rows; row++) {
    memset(&s, 0, sizeof s);
    r->k->sum_squares_lanes(&s, ig__plane_row(r, x, n, b, row), &middle, plane->pixels);
    for (int l = 0; l < IG__BLOCK; l++) squares[l] += ig__get(r, &s, l);
  }
  for (int l = 0; l < IG__BLOCK; l++) {
    double off = mean[l] - ig__get(r, &middle, l);
    join(&sum[b * IG__BLOCK + l], (moments){pixels, mean[l], squares[l] - pixels * off * off});
  }
}

static void statistics_run(const ig__run *r) {
  const ig__view *x = &r->in[0];
  moments *sum = r->partial;
  if (ig__is_blocked(x)) {
    ig__plane plane = ig__plane_of(1, (const ig__image *[]){&x->image});
    int blocks = ig__channel_blocks(x);
    for (int b = part_from(r, r->part, blocks); b < part_from(r, r->part + 1, blocks); b++)
      for (int n = r->n0; n < r->n1; n++) add_plane(r, &x->image, &plane, n, b, sum);
    return;
  }
  int channels = ig__channels(x);
  for (int c = part_from(r, r->part, channels); c < part_from(r, r->part + 1, channels); c++)
    IG__EACH_VALUE(x, n, i, j) join(&sum[c], (moments){1, ig__get(r, x->data, ig__value_at(x, n, c, i, j)), 0});
}

static size_t statistics_partial(const ig__run *r) { return partial_of(r, sizeof(moments) / sizeof(double)); }

static void statistics_finish(const ig__run *r, void *const *partials, int count) {
  int channels = ig__channels(&r->in[0]);
  for (int c = part_from(r, r->part, channels); c < part_from(r, r->part + 1, channels); c++) {
    moments all = {0};
    for (int i = 0; i < count; i++) join(&all, ((const moments *)partials[i])[c]);
    ig__put(r, r->out[0].data, c, all.mean);
    ig__put(r, r->out[1].data, c, all.squares < 0 ? 0 : all.squares / all.count);
  }
}

static ig_status statistics_infer(ig__infer *i) { return infer_channels("batchnorm_statistics", i, 1); }

const ig__op ig__op_batchnorm_statistics = {
  .name = "batchnorm_statistics",
  .help = "mean and variance of each channel over the batch",
  .options_size = sizeof(ig__batchnorm_options),
  .min_in = 1,
  .max_in = 1,
  .outputs = 2,
  .role = IG__SUM,
  .layout = IG__LAYOUT_BLOCKED,
  .infer = statistics_infer,
  .no_derivative = "it is made by lowering batchnorm, after differentiation",
  .run = IG__RUN_BOTH(statistics_run),
  .parts = parts,
  .partial = statistics_partial,
  .finish = statistics_finish,
};

/* ---- dgamma, dbeta -------------------------------------------------------------------------------------------------- */

static ig_status sums_infer(ig__infer *i) { return infer_channels("batchnorm_sums", i, 2); }

static size_t two_accumulators(const ig__run *r) { return partial_of(r, 2); }

static void sums_run(const ig__run *r) {
  double *sum = r->partial;
  add_terms(r, TERM_DOT, &r->in[0], &r->in[2], &r->in[1], sum);
  add_terms(r, TERM_X, &r->in[1], NULL, NULL, sum + accumulator(&r->in[0]));
}

static void sums_finish(const ig__run *r, void *const *partials, int count) {
  const ig__batchnorm_options *o = r->options;
  int channels = ig__channels(&r->in[0]);
  for (int c = part_from(r, r->part, channels); c < part_from(r, r->part + 1, channels); c++) {
    double rstd = ig__batchnorm_rstd(r, &r->in[3], c, o->eps);
    ig__put(r, r->out[0].data, c, total(partials, count, c) * rstd);
    ig__put(r, r->out[1].data, c, total(partials, count, accumulator(&r->in[0]) + c));
  }
}

const ig__op ig__op_batchnorm_sums = {
  .name = "batchnorm_sums",
  .help = "gradients of batchnorm to gamma and beta",
  .options_size = sizeof(ig__batchnorm_options),
  .min_in = 4,
  .max_in = 4,
  .outputs = 2,
  .role = IG__SUM,
  .layout = IG__LAYOUT_BLOCKED,
  .infer = sums_infer,
  .no_derivative = "batch normalisation in training has first derivatives only",
  .run = IG__RUN_BOTH(sums_run),
  .parts = parts,
  .partial = two_accumulators,
  .finish = sums_finish,
};
