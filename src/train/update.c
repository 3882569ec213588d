/* From gradients to new weights: penalties, clipping, the optimiser, decoupled decay, proximal steps. The flat arrays are
 * cut into pieces of one parameter each; threads share the pieces, and sums over pieces are added in the pieces' order. */
#include "train/update_impl.h"

#include "base/text.h"

#include <math.h>
#include <stdio.h>

static ig_status cut_pieces(ig__updater *u, const ig_train_options *o) {
  size_t capacity = 0;
  if (!(u->rate = ig__alloc(u->model->param_count, sizeof *u->rate))) return IG_NO_MEMORY;
  IG__TRY(ig__patterns_rates(u->model, o->lr_scale, u->rate));
  for (size_t i = 0; i < u->model->param_count; i++) {
    const ig__param *p = &u->model->param[i];
    for (int64_t done = 0; done < p->count && !p->frozen; done += IG__PIECE) {
      IG__TRY(ig__grow((void **)&u->piece, u->piece_count, &capacity, sizeof *u->piece));
      u->piece[u->piece_count++] = (ig__piece){.param = (int)i, .rate = u->rate[i], .offset = p->offset + done,
                                           .count = p->count - done < IG__PIECE ? p->count - done : IG__PIECE};
    }
  }
  return IG_OK;
}

static ig_status find_wholes(ig__updater *u) {
  size_t capacity = 0;
  for (size_t i = 0; i < u->model->param_count; i++) {
    bool acts = false;
    for (size_t k = 0; k < u->penalties.count; k++) acts |= u->penalties.entry[k].lambda[i] > 0 && u->penalties.entry[k].penalty->tensor_prox;
    if (!acts || u->model->param[i].frozen) continue;
    IG__TRY(ig__grow((void **)&u->whole, u->whole_count, &capacity, sizeof *u->whole));
    ig__whole *w = &u->whole[u->whole_count++];
    *w = (ig__whole){.param = (int)i, .weights = ig__weights_of(u->model, &u->model->param[i])};
    w->weights.scratch = ig__alloc((size_t)(w->weights.inputs * w->weights.window), 2 * (size_t)u->k->real_size);
    if (!w->weights.scratch) return IG_NO_MEMORY;
  }
  return IG_OK;
}

/* The optimiser; a full-batch method takes its steps itself (descend.c), and only the penalties are wanted here. */
static ig_status find_optimiser(ig__updater *u, const char *text) {
  bool descent;
  IG__TRY(ig__optimizer_is_descent(text, &descent));
  return descent ? IG_OK : ig__optimiser_parse(text, &u->optimiser, &u->optimiser_options);
}

static ig_status make(ig__updater *u, const ig_train_options *o, double pictures) {
  IG__TRY(find_optimiser(u, o->optimizer));
  if (u->optimiser && o->momentum >= 0) {
    char number[32];
    const ig__option *table = u->optimiser->options;
    if (ig__option_row(table, "momentum") < 0)
      return ig__fail(IG_USAGE, "--momentum: the optimizer %s has no such option; 'imgrad help optimizers' lists those of each", u->optimiser->name);
    IG__TRY(ig__option_set(u->optimiser->name, table, u->optimiser_options, "momentum", ig__print_double(number, o->momentum)));
    if (u->optimiser->check) IG__TRY(u->optimiser->check(u->optimiser_options));
  }
  IG__TRY(ig__acts_new(u->model, o, pictures, &u->penalties));
  if (!(u->factor = ig__alloc(u->model->param_count, sizeof *u->factor))) return IG_NO_MEMORY;
  for (size_t i = 0; i < u->model->param_count; i++) u->factor[i] = 1;
  u->lr = o->lr > 0 ? o->lr : u->optimiser ? u->optimiser->default_lr : 0;
  u->clip = o->clip;
  u->weight_decay = o->weight_decay >= 0 ? o->weight_decay : 0;
  if (o->weight_decay < 0 && u->optimiser && u->optimiser->weight_decay)
    u->weight_decay = u->optimiser->weight_decay(u->optimiser_options);
  u->slots = u->optimiser ? u->optimiser->slots(u->optimiser_options) : 0;
  u->grads = ig__alloc((size_t)u->model->params_size, (size_t)u->k->real_size);
  if (!u->grads) return IG_NO_MEMORY;
  for (int i = 0; i < u->slots; i++) {
    u->slot[i] = ig__alloc((size_t)u->model->params_size, (size_t)u->k->real_size);
    if (!u->slot[i]) return IG_NO_MEMORY;
  }
  IG__TRY(find_wholes(u));
  return cut_pieces(u, o);
}

ig_status ig__updater_new(const ig_context *context, ig__model *model, const ig_train_options *options, double pictures,
                          ig__updater **out) {
  ig__updater *u = ig__alloc(1, sizeof *u);
  *out = NULL;
  if (!u) return IG_NO_MEMORY;
  u->context = context;
  u->model = model;
  u->k = ig__kernels_for(context->isa, model->real_size);
  ig_status status = make(u, options, pictures);
  if (status != IG_OK) ig__updater_free(u);
  else *out = u;
  return status;
}

void ig__updater_free(ig__updater *u) {
  if (!u) return;
  for (int i = 0; i < IG__MAX_SLOTS; i++) ig__free(u->slot[i]);
  ig__free(u->optimiser_options);
  ig__free(u->grads);
  ig__free(u->pull);
  ig__free(u->factor);
  ig__free(u->rate);
  ig__free(u->piece);
  for (size_t i = 0; i < u->whole_count; i++) ig__free(u->whole[i].weights.scratch);
  ig__free(u->whole);
  ig__acts_free(&u->penalties);
  ig__free(u);
}

void *ig__updater_grads(ig__updater *u) { return u->grads; }
int ig__updater_slots(const ig__updater *u) { return u->slots; }
void *ig__updater_slot(ig__updater *u, int i) { return u->slot[i]; }
const ig_context *ig__updater_context(const ig__updater *u) { return u->context; }
double ig__updater_base_lr(const ig__updater *u) { return u->lr; }

static double penalty_of(const ig__updater *u, const ig__piece *p) {
  const void *w = ig__updater_at(u, u->model->params, p->offset);
  double sum = 0;
  IG__EACH_ACTING(u, p->param, a, lambda, {
    if (a->penalty->value) sum += a->penalty->value(u->k, a->options, lambda, w, p->count);
  })
  return sum;
}

/* The model's parameters are another array while a mean lies in their place. */
static ig__weights weights_of(const ig__updater *u, const ig__whole *w) {
  ig__weights weights = w->weights;
  weights.w = ig__updater_at(u, u->model->params, u->model->param[w->param].offset);
  return weights;
}

static double penalty_of_whole(const ig__updater *u, const ig__whole *w) {
  const ig__weights weights = weights_of(u, w);
  double sum = 0;
  IG__EACH_ACTING(u, w->param, a, lambda, {
    if (a->penalty->tensor_value) sum += a->penalty->tensor_value(u->k, a->options, lambda, &weights);
  })
  return sum;
}

/* Completes the gradient of a piece; its squares show whether all is finite. */
static void complete_gradient(void *arg, int task, int thread) {
  ig__updater *u = arg;
  ig__piece *p = &u->piece[task];
  void *g = ig__updater_at(u, u->grads, p->offset), *w = ig__updater_at(u, u->model->params, p->offset);
  (void)thread;
  void *pull = u->pull ? ig__updater_at(u, u->pull, p->offset) : NULL;
  if (u->divide != 1) u->k->scale(g, g, 1 / u->divide, p->count);
  if (pull) u->k->fill(pull, 0, p->count);
  p->value = penalty_of(u, p);
  IG__EACH_ACTING(u, p->param, a, lambda, {
    if (a->penalty->gradient) a->penalty->gradient(u->k, lambda, w, g, p->count);
    if (a->penalty->gradient && pull) a->penalty->gradient(u->k, lambda, w, pull, p->count);
  })
  p->squares = u->k->sum_squares(g, p->count);
}

ig__update ig__updater_piece(const ig__updater *u, const ig__piece *p) {
  ig__update up = {.k = u->k, .options = u->optimiser_options, .lr = u->step_lr * p->rate, .step = u->step,
                   .w = ig__updater_at(u, u->model->params, p->offset), .g = ig__updater_at(u, u->grads, p->offset), .count = p->count};
  for (int i = 0; i < u->slots; i++) up.slot[i] = ig__updater_at(u, u->slot[i], p->offset);
  return up;
}

static void update_piece(void *arg, int task, int thread) {
  ig__updater *u = arg;
  const ig__piece *p = &u->piece[task];
  const ig__update up = ig__updater_piece(u, p);
  (void)thread;
  if (u->weight_decay > 0 && u->model->param[p->param].kind == IG__PARAM_WEIGHT)
    u->k->scale(up.w, up.w, 1 - up.lr * u->weight_decay, p->count);
  u->optimiser->step(&up);
  IG__EACH_ACTING(u, p->param, a, lambda, {
    if (a->penalty->prox) a->penalty->prox(u->k, a->options, lambda, up.lr, up.w, p->count);
  })
}

static void value_whole(void *arg, int task, int thread) {
  ig__updater *u = arg;
  (void)thread;
  u->whole[task].value = penalty_of_whole(u, &u->whole[task]);
}

/* In the order given, behind all penalties of single weights: with l1 before group_lasso that is the step of the sum of both
 * (sparse group lasso). */
static void prox_whole(void *arg, int task, int thread) {
  ig__updater *u = arg;
  const ig__whole *w = &u->whole[task];
  const ig__weights weights = weights_of(u, w);
  (void)thread;
  IG__EACH_ACTING(u, w->param, a, lambda, {
    if (a->penalty->tensor_prox) a->penalty->tensor_prox(u->k, a->options, lambda, u->step_lr * u->rate[w->param], &weights);
  })
}

static void clip_piece(void *arg, int task, int thread) {
  ig__updater *u = arg;
  void *g = ig__updater_at(u, u->grads, u->piece[task].offset);
  (void)thread;
  u->k->scale(g, g, 1 / u->divide, u->piece[task].count);
}

void ig__updater_over_pieces(ig__updater *u, ig__task_fn fn, void *arg) {
  if (u->piece_count > 2) {
    ig__pool_run(u->context->pool, (int)u->piece_count, u->k->real_size == 4, fn, arg);
    return;
  }
  for (int i = 0; i < (int)u->piece_count; i++) fn(arg, i, 0);
}

static void over_wholes(ig__updater *u, ig__task_fn fn) {
  if (u->whole_count) ig__pool_run(u->context->pool, (int)u->whole_count, u->k->real_size == 4, fn, u);
}

static ig_status name_the_layer(const ig__updater *u, int64_t step, double loss) {
  const char *layer = NULL;
  char number[32];
  for (size_t i = 0; i < u->piece_count && !layer; i++)
    if (!isfinite(u->piece[i].squares) || !isfinite(u->piece[i].value)) layer = u->model->param[u->piece[i].param].name;
  return ig__fail(IG_DIVERGED, "step %lld: the loss is %s%s%s; the weights are those before this step. Try a smaller learning "
                  "rate, or --clip 1", (long long)step, ig__print_double(number, loss),
                  layer ? " and the gradient is not finite, first in " : "", layer ? layer : "");
}

ig_status ig__updater_step(ig__updater *u, double loss, double lr, int64_t step, double divide, double *penalty) {
  double squares = 0;
  u->step = step;
  u->divide = divide;
  ig__updater_over_pieces(u, complete_gradient, u);
  over_wholes(u, value_whole);
  *penalty = 0;
  for (size_t i = 0; i < u->whole_count; i++) *penalty += u->whole[i].value;
  for (size_t i = 0; i < u->piece_count; i++) {
    squares += u->piece[i].squares;
    *penalty += u->piece[i].value;
  }
  if (!isfinite(squares) || !isfinite(loss) || !isfinite(*penalty)) return name_the_layer(u, step, loss + *penalty);
  if (u->clip > 0 && sqrt(squares) > u->clip) {
    u->divide = sqrt(squares) / u->clip;
    ig__updater_over_pieces(u, clip_piece, u);
  }
  u->step_lr = lr;
  ig__updater_over_pieces(u, update_piece, u);
  over_wholes(u, prox_whole);
  u->model->version++;
  return IG_OK;
}

ig_status ig__updater_check(const ig__updater *u, int64_t step) {
  const ig__model *m = u->model;
  const char *bad = NULL;
  for (size_t i = 0; i < m->param_count && !bad; i++)
    if (u->k->count_nonfinite(ig__updater_at(u, m->params, m->param[i].offset), m->param[i].count)) bad = m->param[i].name;
  for (size_t i = 0; i < m->state_count && !bad; i++)
    if (u->k->count_nonfinite(ig__updater_at(u, m->states, m->state[i].offset), m->state[i].count)) bad = m->state[i].name;
  if (!bad) return IG_OK;
  return ig__fail(IG_DIVERGED, "step %lld: %s is no longer finite; nothing of this is saved. Try a smaller learning rate, or "
                  "--clip 1", (long long)step, bad);
}

double ig__updater_penalty(const ig__updater *u) {
  double sum = 0;
  for (size_t i = 0; i < u->piece_count; i++) sum += penalty_of(u, &u->piece[i]);
  for (size_t i = 0; i < u->whole_count; i++) sum += penalty_of_whole(u, &u->whole[i]);
  return sum;
}

double ig__updater_penalty_at(const ig__updater *u, const double *x, double *g) {
  const ig__kernels *k = ig__kernels_for(u->context->isa, sizeof *x);
  double sum = 0;
  for (size_t i = 0; i < u->piece_count; i++) {
    const ig__piece *p = &u->piece[i];
    IG__EACH_ACTING(u, p->param, a, lambda, {
      sum += a->penalty->value(k, a->options, lambda, x + p->offset, p->count);
      if (g) a->penalty->gradient(k, lambda, x + p->offset, g + p->offset, p->count);
    })
  }
  return sum;
}

void ig__updater_penalty_curvature(const ig__updater *u, const double *x, const double *v, double *out) {
  const ig__kernels *k = ig__kernels_for(u->context->isa, sizeof *x);
  for (size_t i = 0; i < u->piece_count; i++) {
    const ig__piece *p = &u->piece[i];
    IG__EACH_ACTING(u, p->param, a, lambda, a->penalty->hessian(k, lambda, x + p->offset, v + p->offset, out + p->offset, p->count);)
  }
}

const char *ig__updater_not_smooth(const ig__updater *u) {
  for (size_t i = 0; i < u->piece_count; i++)
    IG__EACH_ACTING(u, u->piece[i].param, a, lambda, {
      if (!a->penalty->gradient) return a->penalty->name;
    })
  return NULL;
}

double ig__updater_weight_norm(const ig__updater *u) {
  double sum = 0;
  for (size_t i = 0; i < u->model->param_count; i++) {
    const ig__param *p = &u->model->param[i];
    if (p->kind == IG__PARAM_WEIGHT) sum += u->k->sum_squares(ig__updater_at(u, u->model->params, p->offset), p->count);
  }
  return sqrt(sum);
}
