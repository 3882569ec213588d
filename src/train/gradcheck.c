/* The verb gradcheck: the gradient that training uses against five-point differences of the loss, in double.
 *
 *   n = (f(−2h) − 8 f(−h) + 8 f(h) − f(2h)) / 12h
 *
 * A relu or a pooling window is smooth only as long as its side or winner stays the same, so the step is made smaller until
 * all five points agree on all of them; where they never do, another element is drawn. */
#include "train/train.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define FIRST_STEP 1e-3
#define SMALLEST_STEP 1e-6 /* below it, the rounding of the loss shows */
#define MAX_REDRAWS 200

typedef struct check {
  ig_context *context;
  const ig_gradcheck_options *options;
  ig__model *model;
  ig__source *source;
  ig__samples samples;
  ig__network network;
  ig__loader *loader;
  const ig__batch *batch;
  double *grads, *spare, *start, *direction;
  uint64_t kinks;
  ig__rng rng;
} check;

/* A new model's biases are zero, and on a black background so is what a relu sees: exactly its kink. */
static void move_zero_biases(check *c) {
  double *w = c->model->params;
  for (size_t k = 0; k < c->model->param_count; k++)
    for (int64_t i = 0; c->model->param[k].kind == IG__PARAM_BIAS && i < c->model->param[k].count; i++)
      if (w[c->model->param[k].offset + i] == 0) w[c->model->param[k].offset + i] = 0.1 * ig__rng_normal(&c->rng);
}

static ig_status open_all(check *c) {
  const ig_gradcheck_options *o = c->options;
  ig__source_want want;
  IG__TRY(ig__model_want_of(c->context, o->model, &want));
  IG__TRY(ig__data_open(c->context, o->data, &want, &c->source));
  int classes = c->source->info.class_count > 0 ? c->source->info.class_count : 1;
  IG__TRY(ig__model_any(c->context, o->model, &c->source->info, classes, 8, (uint64_t)o->seed, &c->model));
  IG__TRY(ig__samples_make(c->source, &(ig__split_options){.seed = (uint64_t)o->seed}, &c->samples));
  IG__TRY(ig__network_new(c->context, &(ig__network_request){.model = c->model, .data = &c->source->info, .loss = o->loss,
                          .conv = o->conv, .n = o->batch, .training = true, .gradients = true, .kinks = true}, &c->network));
  IG__TRY(ig__loader_new(c->source, &(ig__loader_options){.batch = o->batch, .threads = 1, .depth = 1}, &c->loader));
  IG__TRY(ig__order_epoch(c->samples.ref[IG__TRAIN], c->samples.count[IG__TRAIN], (uint64_t)o->seed, 1));
  IG__TRY(ig__loader_start(c->loader, c->samples.ref[IG__TRAIN], c->samples.count[IG__TRAIN], 0));
  IG__TRY(ig__loader_next(c->loader, &c->batch));
  if (!c->batch) return ig__fail(IG_BAD_DATA, "%s: no pictures to check with", o->data);
  size_t count = (size_t)c->model->params_size;
  c->grads = ig__alloc(count, sizeof *c->grads);
  c->spare = ig__alloc(count, sizeof *c->spare); /* the plan writes gradients at every probe */
  c->start = ig__alloc(count, sizeof *c->start);
  c->direction = ig__alloc(count, sizeof *c->direction);
  if (!c->grads || !c->spare || !c->start || !c->direction) return IG_NO_MEMORY;
  c->rng = ig__rng_make((uint64_t)o->seed, IG__FOR_TEST, 0, 0);
  move_zero_biases(c);
  memcpy(c->start, c->model->params, count * sizeof *c->start);
  return IG_OK;
}

static ig_status run(check *c, void *grads, double *loss) {
  c->model->version++;
  IG__TRY(ig__cancel_check(c->context));
  IG__TRY(ig__network_run(&c->network, c->context, c->batch, &(ig__pass_step){.seed = 1, .grads = grads, .loss_scale = 1}));
  *loss = ig__network_loss(&c->network);
  return IG_OK;
}

/* The loss at start + t·direction over [from, to); *same turns false when a kink was passed. */
static ig_status loss_at(check *c, int64_t from, int64_t to, double t, double *loss, bool *same) {
  double *w = c->model->params;
  for (int64_t i = from; i < to; i++) w[i] = c->start[i] + t * c->direction[i];
  ig_status status = run(c, c->spare, loss);
  for (int64_t i = from; i < to; i++) w[i] = c->start[i];
  *same &= ig__network_kinks(&c->network) == c->kinks;
  return status;
}

/* Slope along the direction; *ok false when no step small enough was found. */
static ig_status slope(check *c, int64_t from, int64_t to, double length, double *out, bool *ok) {
  for (double h = FIRST_STEP / length; h >= SMALLEST_STEP / length; h /= 4) {
    static const double at[4] = {-2, -1, 1, 2};
    double f[4];
    *ok = true;
    for (int i = 0; i < 4 && *ok; i++) IG__TRY(loss_at(c, from, to, at[i] * h, &f[i], ok));
    *out = (f[0] - 8 * f[1] + 8 * f[2] - f[3]) / (12 * h);
    if (*ok) return IG_OK;
  }
  return IG_OK;
}

static double error_of(double a, double n, double largest) {
  double scale = fabs(a) + fabs(n) + 1e-2 * largest;
  return scale > 0 ? fabs(a - n) / scale : 0;
}

static ig_status check_param(check *c, const ig__param *p, ig_gradcheck_row *row) {
  snprintf(row->name, sizeof row->name, "%s", p->name);
  row->elements = p->count;
  for (int64_t i = 0; i < p->count; i++) row->largest = fmax(row->largest, fabs(c->grads[p->offset + i]));
  bool all = p->count <= c->options->samples;
  while (row->tried < (all ? p->count : c->options->samples) && row->redrawn < MAX_REDRAWS) {
    int64_t i = p->offset + (all ? row->tried + row->redrawn : (int64_t)ig__rng_below(&c->rng, (uint32_t)p->count));
    double numeric = 0;
    bool ok = false;
    if (i >= p->offset + p->count) break;
    c->direction[i] = 1;
    ig_status status = slope(c, i, i + 1, 1, &numeric, &ok);
    c->direction[i] = 0;
    IG__TRY(status);
    row->tried += ok;
    row->redrawn += !ok;
    if (ok) row->error = fmax(row->error, error_of(c->grads[i], numeric, row->largest));
  }
  row->compared = row->tried > 0;
  row->passed = row->error <= c->options->tolerance && row->compared && row->largest > 0;
  return IG_OK;
}

/* One random direction through all parameters that are trained: the slope by the gradient and by differences. */
static ig_status try_direction(check *c, double *analytic, double *numeric, bool *ok) {
  int64_t count = c->model->params_size;
  double squares = 0;
  memset(c->direction, 0, (size_t)count * sizeof *c->direction);
  for (size_t k = 0; k < c->model->param_count; k++)
    for (int64_t i = 0; i < c->model->param[k].count && !c->model->param[k].frozen; i++)
      c->direction[c->model->param[k].offset + i] = ig__rng_normal(&c->rng);
  *analytic = 0;
  for (int64_t i = 0; i < count; i++) {
    *analytic += c->grads[i] * c->direction[i];
    squares += c->direction[i] * c->direction[i];
  }
  return slope(c, 0, count, sqrt(squares), numeric, ok);
}

/* The errors are seen beside the largest slope of all directions, as those of a tensor beside its largest gradient: a direction
 * that happens to lie across the gradient has a slope of nearly nothing, and rounding would decide. */
static ig_status check_directions(check *c, ig_gradcheck_row *row) {
  const int wanted = c->options->directions;
  double *pairs = ig__alloc((size_t)wanted, 2 * sizeof *pairs);
  ig_status status = pairs ? IG_OK : IG_NO_MEMORY;
  snprintf(row->name, sizeof row->name, "all");
  for (size_t k = 0; k < c->model->param_count; k++) row->elements += c->model->param[k].count;
  while (status == IG_OK && row->tried < wanted && row->redrawn < MAX_REDRAWS) {
    double *pair = &pairs[2 * row->tried];
    bool ok = false;
    status = try_direction(c, &pair[0], &pair[1], &ok);
    if (ok) row->largest = fmax(row->largest, fabs(pair[0]));
    row->tried += ok;
    row->redrawn += !ok;
  }
  for (int64_t i = 0; i < row->tried; i++) row->error = fmax(row->error, error_of(pairs[2 * i], pairs[2 * i + 1], row->largest));
  row->compared = row->tried > 0;
  row->passed = row->error <= c->options->tolerance && row->compared;
  ig__free(pairs);
  return status;
}

/* Counts the row that was just made. */
static void count_row(ig_gradcheck_result *r) {
  const ig_gradcheck_row *row = &r->row[r->rows++];
  r->unknown += !row->compared;
  r->wrong += row->compared && !row->passed;
  r->passed &= row->passed;
}

static ig_status check_all(check *c, ig_gradcheck_result *r) {
  r->row = ig__alloc(c->model->param_count + 1, sizeof *r->row);
  if (!r->row) return IG_NO_MEMORY;
  IG__TRY(run(c, c->grads, &r->loss));
  c->kinks = ig__network_kinks(&c->network);
  r->passed = true;
  for (size_t k = 0; k < c->model->param_count; k++) {
    if (c->model->param[k].frozen) continue;
    IG__TRY(check_param(c, &c->model->param[k], &r->row[r->rows]));
    count_row(r);
  }
  if (!c->options->directions) return IG_OK;
  IG__TRY(check_directions(c, &r->row[r->rows]));
  count_row(r);
  return IG_OK;
}

ig_status ig_gradcheck(ig_context *context, const ig_gradcheck_options *options, ig_gradcheck_result *result) {
  check c = {.context = context, .options = options};
  *result = (ig_gradcheck_result){.rows = 0};
  ig_status status = ig__options_check(IG_VERB_GRADCHECK, options);
  if (status == IG_OK) status = open_all(&c);
  if (status == IG_OK) status = check_all(&c, result);
  ig__free(c.grads);
  ig__free(c.spare);
  ig__free(c.start);
  ig__free(c.direction);
  ig__loader_free(c.loader);
  ig__network_free(&c.network);
  ig__samples_free(&c.samples);
  ig__model_free(c.model);
  ig__source_close(c.source);
  if (status != IG_OK) ig_gradcheck_result_free(result);
  return ig__verb_end(context, status);
}

void ig_gradcheck_result_free(ig_gradcheck_result *result) {
  ig__free(result->row);
  *result = (ig_gradcheck_result){.rows = 0};
}
