/* From gradients to new weights: penalties, clipping, the optimiser, decoupled decay, proximal steps. The flat arrays are
 * cut into pieces of one parameter each; threads share the pieces, and sums over pieces are added in the pieces' order. */
#include "train/train.h"

#include "base/text.h"

#include <math.h>
#include <stdio.h>

#define PIECE ((int64_t)1 << 14)
enum { L2, L1, PENALTIES };

/* `lambda` multiplies the penalty's value as it is: scales are resolved. 0: this penalty does not act here. */
typedef struct piece { int param; int64_t offset, count; double rate, lambda[PENALTIES]; double squares, value; } piece;

struct ig__updater {
  const ig_context *context;
  ig__model *model;
  const ig__kernels *k;
  const ig__optimiser *optimiser;
  void *optimiser_options;
  void *grads, *slot[IG__MAX_SLOTS];
  int slots;
  const ig__penalty *penalty[PENALTIES];
  double lr, clip, weight_decay;
  double *rate;              /* of each parameter: --lr-scale */
  piece *piece;
  size_t piece_count;
  /* of the step that runs: */
  double step_lr, divide;
  int64_t step;
};

static void *at(const ig__updater *u, void *array, int64_t offset) {
  return (uint8_t *)array + (size_t)offset * (size_t)u->k->real_size;
}

/* λ of one penalty on one parameter: its line's own, else the run's; only weights are penalised. */
static ig_status find_lambda(ig__updater *u, const ig_train_options *o, int which, const ig__param *p, double pictures,
                             double *lambda) {
  char text[IG_SPEC_SIZE], number[32];
  double own = which == L2 ? p->l2 : p->l1, given = isnan(own) ? (which == L2 ? o->l2 : o->l1) : own;
  void *options;
  *lambda = 0;
  if (p->kind != IG__PARAM_WEIGHT || given == 0) return IG_OK;
  ig__print_double(number, given);
  if (which == L2) snprintf(text, sizeof text, "l2 %s scale=%s", number, o->l2_scale);
  else snprintf(text, sizeof text, "l1 %s", number);
  IG__TRY(ig__penalty_parse(text, &u->penalty[which], &options));
  *lambda = u->penalty[which]->lambda(options, pictures);
  ig__free(options);
  return IG_OK;
}

/* The scale is refused also when no λ is given: a mistake must not wait for the day when it matters. */
static ig_status check_scale(const char *scale) {
  char text[IG_SPEC_SIZE];
  const ig__penalty *penalty;
  void *options;
  snprintf(text, sizeof text, "l2 0 \"scale=%s\"", scale);
  IG__TRY(ig__penalty_parse(text, &penalty, &options));
  ig__free(options);
  return IG_OK;
}

static ig_status cut_pieces(ig__updater *u, const ig_train_options *o, double pictures) {
  size_t capacity = 0;
  if (!(u->rate = ig__alloc(u->model->param_count, sizeof *u->rate))) return IG_NO_MEMORY;
  IG__TRY(ig__patterns_rates(u->model, o->lr_scale, u->rate));
  for (size_t i = 0; i < u->model->param_count; i++) {
    const ig__param *p = &u->model->param[i];
    double lambda[PENALTIES];
    for (int k = 0; k < PENALTIES; k++) IG__TRY(find_lambda(u, o, k, p, pictures, &lambda[k]));
    for (int64_t done = 0; done < p->count && !p->frozen; done += PIECE) {
      IG__TRY(ig__grow((void **)&u->piece, u->piece_count, &capacity, sizeof *u->piece));
      piece *next = &u->piece[u->piece_count++];
      *next = (piece){.param = (int)i, .rate = u->rate[i], .offset = p->offset + done,
                      .count = p->count - done < PIECE ? p->count - done : PIECE};
      for (int k = 0; k < PENALTIES; k++) next->lambda[k] = lambda[k];
    }
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
  IG__TRY(check_scale(o->l2_scale));
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
  return cut_pieces(u, o, pictures);
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
  ig__free(u->rate);
  ig__free(u->piece);
  ig__free(u);
}

void *ig__updater_grads(ig__updater *u) { return u->grads; }
int ig__updater_slots(const ig__updater *u) { return u->slots; }
void *ig__updater_slot(ig__updater *u, int i) { return u->slot[i]; }
const ig_context *ig__updater_context(const ig__updater *u) { return u->context; }
double ig__updater_base_lr(const ig__updater *u) { return u->lr; }

static double penalty_of(const ig__updater *u, const piece *p) {
  double sum = 0;
  for (int k = 0; k < PENALTIES; k++)
    if (p->lambda[k] > 0) sum += u->penalty[k]->value(u->k, p->lambda[k], at(u, u->model->params, p->offset), p->count);
  return sum;
}

/* Completes the gradient of a piece; its squares show whether all is finite. */
static void complete_gradient(void *arg, int task, int thread) {
  ig__updater *u = arg;
  piece *p = &u->piece[task];
  void *g = at(u, u->grads, p->offset), *w = at(u, u->model->params, p->offset);
  (void)thread;
  if (u->divide != 1) u->k->scale(g, g, 1 / u->divide, p->count);
  p->value = penalty_of(u, p);
  for (int k = 0; k < PENALTIES; k++)
    if (p->lambda[k] > 0 && u->penalty[k]->gradient) u->penalty[k]->gradient(u->k, p->lambda[k], w, g, p->count);
  p->squares = u->k->sum_squares(g, p->count);
}

static void update_piece(void *arg, int task, int thread) {
  ig__updater *u = arg;
  const piece *p = &u->piece[task];
  ig__update up = {.k = u->k, .options = u->optimiser_options, .lr = u->step_lr * p->rate, .step = u->step,
                   .w = at(u, u->model->params, p->offset), .g = at(u, u->grads, p->offset), .count = p->count};
  (void)thread;
  for (int i = 0; i < u->slots; i++) up.slot[i] = at(u, u->slot[i], p->offset);
  if (u->weight_decay > 0 && u->model->param[p->param].kind == IG__PARAM_WEIGHT)
    u->k->scale(up.w, up.w, 1 - up.lr * u->weight_decay, p->count);
  u->optimiser->step(&up);
  for (int k = 0; k < PENALTIES; k++)
    if (p->lambda[k] > 0 && u->penalty[k]->prox) u->penalty[k]->prox(u->k, p->lambda[k], up.lr, up.w, p->count);
}

static void clip_piece(void *arg, int task, int thread) {
  ig__updater *u = arg;
  void *g = at(u, u->grads, u->piece[task].offset);
  (void)thread;
  u->k->scale(g, g, 1 / u->divide, u->piece[task].count);
}

/* Small models are not worth waking threads for: one thread does a piece in a few microseconds. */
static void over_pieces(ig__updater *u, ig__task_fn fn) {
  if (u->piece_count > 2) {
    ig__pool_run(u->context->pool, (int)u->piece_count, u->k->real_size == 4, fn, u);
    return;
  }
  for (int i = 0; i < (int)u->piece_count; i++) fn(u, i, 0);
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
  over_pieces(u, complete_gradient);
  *penalty = 0;
  for (size_t i = 0; i < u->piece_count; i++) {
    squares += u->piece[i].squares;
    *penalty += u->piece[i].value;
  }
  if (!isfinite(squares) || !isfinite(loss) || !isfinite(*penalty)) return name_the_layer(u, step, loss + *penalty);
  if (u->clip > 0 && sqrt(squares) > u->clip) {
    u->divide = sqrt(squares) / u->clip;
    over_pieces(u, clip_piece);
  }
  u->step_lr = lr;
  over_pieces(u, update_piece);
  u->model->version++;
  return IG_OK;
}

ig_status ig__updater_check(const ig__updater *u, int64_t step) {
  const ig__model *m = u->model;
  const char *bad = NULL;
  for (size_t i = 0; i < m->param_count && !bad; i++)
    if (u->k->count_nonfinite(at(u, m->params, m->param[i].offset), m->param[i].count)) bad = m->param[i].name;
  for (size_t i = 0; i < m->state_count && !bad; i++)
    if (u->k->count_nonfinite(at(u, m->states, m->state[i].offset), m->state[i].count)) bad = m->state[i].name;
  if (!bad) return IG_OK;
  return ig__fail(IG_DIVERGED, "step %lld: %s is no longer finite; nothing of this is saved. Try a smaller learning rate, or "
                  "--clip 1", (long long)step, bad);
}

double ig__updater_penalty(const ig__updater *u) {
  double sum = 0;
  for (size_t i = 0; i < u->piece_count; i++) sum += penalty_of(u, &u->piece[i]);
  return sum;
}

ig_status ig__penalty_of_run(const ig_context *context, ig__model *model, const ig_train_options *run, int64_t pictures, double *out) {
  ig__updater *u;
  IG__TRY(ig__updater_new(context, model, run, pictures > 0 ? (double)pictures : 1, &u));
  *out = ig__updater_penalty(u);
  ig__updater_free(u);
  return IG_OK;
}

double ig__updater_penalty_at(const ig__updater *u, const double *x, double *g) {
  const ig__kernels *k = ig__kernels_for(u->context->isa, sizeof *x);
  double sum = 0;
  for (size_t i = 0; i < u->piece_count; i++) {
    const piece *p = &u->piece[i];
    for (int j = 0; j < PENALTIES; j++) {
      if (!(p->lambda[j] > 0)) continue;
      sum += u->penalty[j]->value(k, p->lambda[j], x + p->offset, p->count);
      if (g && u->penalty[j]->gradient) u->penalty[j]->gradient(k, p->lambda[j], x + p->offset, g + p->offset, p->count);
    }
  }
  return sum;
}

void ig__updater_penalty_curvature(const ig__updater *u, const double *x, const double *v, double *out) {
  const ig__kernels *k = ig__kernels_for(u->context->isa, sizeof *x);
  for (size_t i = 0; i < u->piece_count; i++) {
    const piece *p = &u->piece[i];
    for (int j = 0; j < PENALTIES; j++)
      if (p->lambda[j] > 0 && u->penalty[j]->hessian)
        u->penalty[j]->hessian(k, p->lambda[j], x + p->offset, v + p->offset, out + p->offset, p->count);
  }
}

bool ig__updater_is_smooth(const ig__updater *u) {
  for (size_t i = 0; i < u->piece_count; i++)
    for (int j = 0; j < PENALTIES; j++)
      if (u->piece[i].lambda[j] > 0 && u->penalty[j]->prox) return false;
  return true;
}

double ig__updater_weight_norm(const ig__updater *u) {
  double sum = 0;
  for (size_t i = 0; i < u->model->param_count; i++) {
    const ig__param *p = &u->model->param[i];
    if (p->kind == IG__PARAM_WEIGHT) sum += u->k->sum_squares(at(u, u->model->params, p->offset), p->count);
  }
  return sqrt(sum);
}
