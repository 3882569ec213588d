/* The loss of a whole part of the data as one function of all weights: what full-batch descent goes down. Pictures are
 * streamed in batches, so it works past memory; sums over batches are double and in the source's order, so that the same
 * weights give the same bits, and a line search compares what can be compared. */
#include "train/train.h"

#include <math.h>
#include <string.h>

struct ig__full_batch {
  ig_context *context;
  ig__model *model;
  const ig__updater *updater;
  ig__loader *loader;
  const ig__ref *ref;
  int64_t count;
  ig__network *gradient;                /* borrowed */
  ig__network value, product;           /* made when first needed */
  ig__network_request request;
  void *pair, *grads;                   /* parameters and a vector behind them; one batch's gradient: real type */
  ig__full_batch_events events;
  ig__tally tally;
};

static void put(const ig__full_batch *f, void *to, int64_t at, const double *from) {
  const int64_t count = f->model->params_size;
  if (f->model->real_size == 8) {
    memcpy((double *)to + at, from, (size_t)count * sizeof *from);
    return;
  }
  for (int64_t i = 0; i < count; i++) ((float *)to)[at + i] = (float)from[i];
}

void ig__full_batch_give(const ig__full_batch *f, const double *x) {
  put(f, f->model->params, 0, x);
  f->model->version++;
}

void ig__full_batch_take(const ig__full_batch *f, double *x) {
  for (int64_t i = 0; i < f->model->params_size; i++) x[i] = ig__real_at(f->model->real_size, f->model->params, i);
}

const ig__tally *ig__full_batch_tally(const ig__full_batch *f) { return &f->tally; }

static ig_status need(ig__full_batch *f, ig__network *net, ig__curvature curvature) {
  if (net->plan) return IG_OK;
  ig__network_request q = f->request;
  q.gradients = q.accumulates = false;
  q.curvature = curvature;
  return ig__network_new(f->context, &q, net);
}

/* A pass over all pictures: sum receives Σ over pictures of weight times gradient or product, when it is not NULL. */
static ig_status pass(ig__full_batch *f, ig__network *net, const void *params, double *sum, ig__tally *tally) {
  *tally = (ig__tally){0};
  if (sum) memset(sum, 0, (size_t)f->model->params_size * sizeof *sum);
  IG__TRY(ig__loader_start(f->loader, f->ref, f->count, 0));
  for (;;) {
    const ig__batch *batch;
    if (f->events.between) IG__TRY(f->events.between(f->events.user, tally));
    IG__TRY(ig__loader_next(f->loader, &batch));
    if (!batch) break;
    /* Every pass is step 0: what is random in the network would make the loss another function each time (train.c refuses). */
    IG__TRY(ig__network_run(net, f->context, batch, &(ig__pass_step){.grads = f->grads, .loss_scale = ig__network_weigh(net, batch),
                                                                            .params = params}));
    const int32_t *label = batch->field[net->target_field];
    for (int i = 0; i < batch->n; i++) tally->correct += ig__network_answer(net, i) == label[i];
    tally->loss += ig__network_loss(net) * net->weight;
    tally->weight += net->weight;
    tally->n += batch->n;
    for (int64_t i = 0; sum && i < f->model->params_size; i++) sum[i] += ig__real_at(f->model->real_size, f->grads, i);
  }
  return tally->n ? IG_OK : ig__fail(IG_BAD_DATA, "%s: not one picture of the training part can be read", f->request.data->name);
}

static ig_status evaluate(void *user, const double *x, double *value, double *g) {
  ig__full_batch *f = user;
  ig__network *net = g ? f->gradient : &f->value;
  ig__tally tally;
  IG__TRY(need(f, net, IG__NO_CURVATURE));
  put(f, f->pair, 0, x);
  IG__TRY(pass(f, net, f->pair, g, &tally));
  const int64_t count = f->model->params_size;
  const double n = tally.weight;
  for (int64_t i = 0; g && i < count; i++) g[i] /= n;
  const double penalty = ig__updater_penalty_at(f->updater, x, g);
  *value = tally.loss / n + penalty;
  tally.penalty = penalty * (double)tally.n;
  if (g) f->tally = tally;
  return IG_OK;
}

static ig_status curvature(void *user, const double *x, const double *v, bool gauss_newton, double *hv) {
  ig__full_batch *f = user;
  ig__tally tally;
  IG__TRY(need(f, &f->product, gauss_newton ? IG__GAUSS_NEWTON : IG__HESSIAN));
  put(f, f->pair, 0, x);
  put(f, f->pair, f->model->params_size, v);
  IG__TRY(pass(f, &f->product, f->pair, hv, &tally));
  for (int64_t i = 0; i < f->model->params_size; i++) hv[i] /= tally.weight;
  ig__updater_penalty_curvature(f->updater, x, v, hv);
  return IG_OK;
}

ig_status ig__full_batch_new(ig_context *context, const ig__network_request *request, ig__network *gradient,
                             const ig__updater *updater, ig__loader *loader, const ig__ref *ref, int64_t count,
                             const ig__full_batch_events *events, ig__full_batch **out) {
  ig__full_batch *f = ig__alloc(1, sizeof *f);
  *out = NULL;
  if (!f) return IG_NO_MEMORY;
  *f = (ig__full_batch){.context = context, .model = request->model, .updater = updater, .loader = loader, .ref = ref, .count = count,
                        .gradient = gradient, .request = *request};
  if (events) f->events = *events;
  f->pair = ig__alloc((size_t)f->model->params_size, 2 * (size_t)f->model->real_size);
  f->grads = ig__alloc((size_t)f->model->params_size, (size_t)f->model->real_size);
  if (f->pair && f->grads) {
    *out = f;
    return IG_OK;
  }
  ig__full_batch_free(f);
  return IG_NO_MEMORY;
}

void ig__full_batch_free(ig__full_batch *f) {
  if (!f) return;
  ig__network_free(&f->value);
  ig__network_free(&f->product);
  ig__free(f->pair);
  ig__free(f->grads);
  ig__free(f);
}

ig__objective ig__full_batch_objective(ig__full_batch *f) {
  return (ig__objective){.user = f, .count = f->model->params_size, .evaluate = evaluate, .curvature = curvature};
}
