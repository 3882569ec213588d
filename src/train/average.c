/* The mean of the weights that --average asks for. It has arrays of its own, as long as the parameters and the running states;
 * measuring and saving lay them in the place of the model's for as long as they take, and training goes on with its own. */
#include "train/regularise.h"
#include "train/restarts.h"

#include "ops/batchnorm.h"

#include <string.h>

#define PIECE ((int64_t)1 << 14)
#define FEWEST_EPOCHS 2

struct ig__averager {
  const ig__average *kind;
  void *options;
  void *params, *states;     /* the mean; while it is laid in the model, the weights that train */
  int64_t count;             /* how many weights have entered */
  ig__network network;       /* that measures the statistics; no plan: there is nothing to measure */
  double *sum;
  /* of the step that runs: */
  const ig__trainer *trainer;
  double share;
};

static ig_status check(const ig__trainer *t, const ig__averager *a) {
  const ig_train_options *o = t->options;
  bool descent;
  IG__TRY(ig__optimizer_is_descent(o->optimizer, &descent));
  if (descent)
    return ig__fail(IG_USAGE, "--average %s with --optimizer %s: every step of this method goes down the loss of all pictures, and a mean of "
                    "its weights would lie above the last; an optimiser on batches such as adam", o->average, o->optimizer);
  if (!a->kind->each_epoch || t->planning) return IG_OK;
  int taken = 0;
  for (int e = 1; e <= t->epochs; e++)
    taken += a->kind->share(a->options, (ig__progress){.step = e - 1, .total_steps = t->epochs, .steps_per_epoch = 1}, taken) > 0;
  if (taken >= FEWEST_EPOCHS || t->epochs == 0) return IG_OK;
  return ig__fail(IG_USAGE, "--average %s with --epochs %s: the weights of %d epoch%s would enter the mean, and %d are needed: more epochs, or "
                  "an earlier start", o->average, o->epochs, taken, taken == 1 ? "" : "s", FEWEST_EPOCHS);
}

/* With momentum 1 the running statistics of a network in training are those of the batch it has just seen. */
static ig_status open_statistics(ig__trainer *t, ig__averager *a) {
  ig__model *m = t->model;
  double *momentum = ig__alloc(m->line_count, sizeof *momentum);
  a->sum = ig__alloc((size_t)m->states_size, sizeof *a->sum);
  if (!momentum || !a->sum) {
    ig__free(momentum);
    return IG_NO_MEMORY;
  }
  for (size_t i = 0; i < m->line_count; i++) {
    if (m->line[i].op != &ig__op_batchnorm) continue;
    ig__batchnorm_options *o = m->line[i].options;
    momentum[i] = o->momentum;
    o->momentum = 1;
  }
  ig_status status = ig__network_new(t->context, &(ig__network_request){.model = m, .data = &t->source->info, .conv = t->options->conv,
                                     .n = t->options->batch, .training = true}, &a->network);
  for (size_t i = 0; i < m->line_count; i++)
    if (m->line[i].op == &ig__op_batchnorm) ((ig__batchnorm_options *)m->line[i].options)->momentum = momentum[i];
  ig__free(momentum);
  return status;
}

ig_status ig__averager_open(ig__trainer *t) {
  const ig__model *m = t->model;
  if (!strcmp(t->options->average, "none")) return IG_OK;
  ig__averager *a = t->averager = ig__alloc(1, sizeof *a);
  if (!a) return IG_NO_MEMORY;
  a->trainer = t;
  IG__TRY(ig__average_parse(t->options->average, &a->kind, &a->options));
  IG__TRY(check(t, a));
  a->params = ig__alloc((size_t)m->params_size, (size_t)m->real_size);
  a->states = ig__alloc((size_t)m->states_size, (size_t)m->real_size);
  if (!a->params || !a->states) return IG_NO_MEMORY;
  return a->kind->statistics && m->state_count ? open_statistics(t, a) : IG_OK;
}

void ig__averager_free(ig__averager *a) {
  if (!a) return;
  ig__network_free(&a->network);
  ig__free(a->options);
  ig__free(a->params);
  ig__free(a->states);
  ig__free(a->sum);
  ig__free(a);
}

void ig__averager_swap(ig__trainer *t) {
  ig__averager *a = t->averager;
  ig__model *m = t->model;
  if (!a || !a->count) return;
  void *params = m->params, *states = m->states;
  m->params = a->params;
  m->states = a->states;
  a->params = params;
  a->states = states;
  m->version++;
}

static void enter(const ig__averager *a, void *mean, const void *w, int64_t from, int64_t count) {
  const ig__kernels *k = a->trainer->train.k;
  const size_t at = (size_t)from * (size_t)k->real_size;
  void *to = (uint8_t *)mean + at;
  k->scale(to, to, 1 - a->share, count);
  k->axpy(to, (const uint8_t *)w + at, a->share, count);
}

static void enter_piece(void *arg, int task, int thread) {
  const ig__averager *a = arg;
  const int64_t all = a->trainer->model->params_size, from = task * PIECE;
  (void)thread;
  enter(a, a->params, a->trainer->model->params, from, all - from < PIECE ? all - from : PIECE);
}

static void take(ig__trainer *t) {
  ig__averager *a = t->averager;
  const ig__model *m = t->model;
  const int pieces = (int)((m->params_size + PIECE - 1) / PIECE);
  a->share = a->kind->share(a->options, ig__plan_progress(t, t->state.step - 1), a->count);
  if (!(a->share > 0)) return;
  if (pieces > 2) ig__pool_run(t->context->pool, pieces, m->real_size == 4, enter_piece, a);
  for (int i = 0; pieces <= 2 && i < pieces; i++) enter_piece(a, i, 0);
  enter(a, a->states, m->states, 0, m->states_size);
  a->count++;
}

void ig__averager_step(ig__trainer *t) {
  if (t->averager && !t->averager->kind->each_epoch) take(t);
}

/* The mean of the statistics of all batches of the epoch's pictures, as training sees them. The mean lies in the model. */
static ig_status measure_statistics(ig__trainer *t) {
  ig__averager *a = t->averager;
  const ig__model *m = t->model;
  const uint64_t seed = ig__run_seed(t->options);
  double pictures = 0;
  for (int64_t i = 0; i < m->states_size; i++) a->sum[i] = 0;
  ig__loader_epoch(t->loader, t->state.epoch + 1);
  IG__TRY(ig__loader_start(t->loader, t->order, t->samples.count[IG__TRAIN], 0));
  for (;;) {
    const ig__batch *batch;
    IG__TRY(ig__loader_next(t->loader, &batch));
    if (!batch) break;
    if (t->mixed) ig__augment_mix(t->augment, seed, t->state.epoch + 1, batch, t->train.target_field, t->train.classes, t->mixed);
    IG__TRY(ig__network_run(&a->network, t->context, batch, &(ig__pass_step){.seed = seed, .step = (uint64_t)t->state.step, .loss_scale = 1}));
    for (int64_t i = 0; i < m->states_size; i++) a->sum[i] += batch->n * ig__real_at(m->real_size, m->states, i);
    pictures += batch->n;
  }
  for (int64_t i = 0; pictures > 0 && i < m->states_size; i++) ig__real_put(m->real_size, m->states, i, a->sum[i] / pictures);
  return IG_OK;
}

ig_status ig__averager_epoch(ig__trainer *t) {
  ig__averager *a = t->averager;
  if (!a || !a->kind->each_epoch || t->state.step == 0) return IG_OK;
  take(t);
  if (!a->network.plan || !a->count) return IG_OK;
  ig__averager_swap(t);
  ig_status status = measure_statistics(t);
  ig__averager_swap(t);
  return status;
}

void *ig__averager_params(const ig__averager *a) { return a->params; }
void *ig__averager_states(const ig__averager *a) { return a->states; }
int64_t *ig__averager_count(ig__averager *a) { return &a->count; }
