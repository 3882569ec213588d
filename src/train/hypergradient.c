/* The derivative of a loss by log λ, through the last update of the weights. The pictures of that loss are held back: they neither train,
 * nor validate, nor test.
 *
 * With w' = w − step(g + λ∇Ω(w)), everything else that the step depends on held fixed, dw'/d log λ = −G·λ∇Ω(w), where G is diagonal: the
 * derivative of the optimiser's step by the gradient (ig__optimiser.gain; for sgd the rate). So the derivative of the loss L(w') is
 * −⟨∇L(w'), G·λ∇Ω(w)⟩, over the weights on which this λ acts. What λ has done in the steps before is not in it. */
#include "train/lambda.h"

#include "base/text.h"
#include "train/update_impl.h"

#include <math.h>
#include <string.h>

#define AT_ONCE 4 /* batches of training */

typedef struct sums { double product, gradient, pull; } sums;

struct ig__held {
  ig__network network;
  ig__loader *loader;
  ig__ref *order;            /* of the pictures: drawn once, so that no batch is of one class */
  bool started;
  void *grads;               /* of the loss, at the new weights */
  double *gain;              /* room for each thread, as long as a piece */
  sums *of_piece, *of_move;
  double *slope, *cosine;    /* for each λ */
  size_t moves;
  double loss;
  ig__updater *updater;
};

/* ---- opening ------------------------------------------------------------------------------------------------------------- */

static ig_status check_penalties(const ig__trainer *t) {
  const ig__updater *u = t->updater;
  for (size_t k = 0; k < u->penalties.count; k++)
    for (size_t i = 0; i < t->model->param_count; i++) {
      const ig__acting *a = &u->penalties.entry[k];
      if (a->lambda[i] > 0 && !a->penalty->gradient)
        return ig__fail(IG_USAGE, "--lambda-schedule hypergradient with the penalty %s: that acts by a proximal step behind the update, and no derivative "
                        "is taken through it; l2 alone, or another schedule", a->penalty->name);
    }
  return IG_OK;
}

static ig_status check(const ig__trainer *t, const ig__hypergradient *o) {
  char number[32];
  IG__TRY(check_penalties(t));
  if (t->options->clip > 0)
    return ig__fail(IG_USAGE, "--lambda-schedule hypergradient with --clip %s: a gradient that is scaled to a norm moves with λ as a whole, and that "
                    "derivative is not taken; leave one of them out", ig__print_double(number, t->options->clip));
  if (t->numeric)
    return ig__fail(IG_USAGE, "--lambda-schedule hypergradient with --gradient numeric: it wants the gradient of a second loss at every step, "
                    "which differences would take as many passes for as there are weights");
  if (!t->samples.held_count)
    return ig__fail(IG_USAGE, "--lambda-schedule hypergradient hold=%s: of %lld training pictures that is none; a larger share, or more pictures",
                    ig__print_double(number, o->hold), (long long)t->samples.count[IG__TRAIN]);
  for (size_t g = 0; g < t->state.moves.count; g++) {
    const ig__move *m = &t->state.moves.move[g];
    const double full = t->lambda->full[g];
    if (full < o->low || full > o->high)
      return ig__fail(IG_USAGE, "--lambda-schedule hypergradient: it begins with λ %s%s%s, and low=%g and high=%g are its bounds; move them, or begin "
                      "elsewhere", ig__print_double(number, full), *m->name ? " of " : "", m->name, o->low, o->high);
  }
  return IG_OK;
}

/* Few pictures are looked at all at once, which spares noise; many are dealt to batches evenly: one of a few would move λ as far as a whole one. */
static int batch_of(const ig__trainer *t) {
  const int64_t held = t->samples.held_count, parts = held > AT_ONCE * t->options->batch ? (held + t->options->batch / 2) / t->options->batch : 1;
  return (int)(parts > 1 ? (held + parts - 1) / parts : held);
}

static ig_status make(ig__trainer *t, ig__held *h) {
  const ig__model *m = t->model;
  const ig_train_options *o = t->options;
  const int n = batch_of(t);
  h->updater = t->updater;
  h->moves = t->state.moves.count;
  IG__TRY(ig__network_new(t->context, &(ig__network_request){.model = t->model, .data = &t->source->info, .loss = o->loss, .n = n, .conv = o->conv,
                          .gradients = true, .class_weight = t->class_weight, .choices = &t->choices}, &h->network));
  IG__TRY(ig__loader_new(t->source, &(ig__loader_options){.batch = n, .threads = 1, .depth = 2, .strict = o->strict}, &h->loader));
  h->order = ig__alloc((size_t)t->samples.held_count, sizeof *h->order);
  h->grads = ig__alloc((size_t)m->params_size, (size_t)m->real_size);
  t->updater->pull = ig__alloc((size_t)m->params_size, (size_t)m->real_size);
  h->gain = ig__alloc((size_t)ig__pool_threads(t->context->pool) * (size_t)IG__PIECE, sizeof *h->gain);
  h->of_piece = ig__alloc(t->updater->piece_count, sizeof *h->of_piece);
  h->of_move = ig__alloc(h->moves, sizeof *h->of_move);
  h->slope = ig__alloc(h->moves, sizeof *h->slope);
  h->cosine = ig__alloc(h->moves, sizeof *h->cosine);
  if (!h->order) return IG_NO_MEMORY;
  memcpy(h->order, t->samples.held, (size_t)t->samples.held_count * sizeof *h->order);
  IG__TRY(ig__order_epoch(h->order, t->samples.held_count, (uint64_t)o->seed, 0));
  return h->grads && t->updater->pull && h->gain && h->of_piece && h->of_move && h->slope && h->cosine ? IG_OK : IG_NO_MEMORY;
}

ig_status ig__held_new(ig__trainer *t, const ig__hypergradient *options, ig__held **out) {
  *out = NULL;
  IG__TRY(check(t, options));
  ig__held *h = *out = ig__alloc(1, sizeof *h);
  return h ? make(t, h) : IG_NO_MEMORY;
}

void ig__held_free(ig__held *h) {
  if (!h) return;
  ig__loader_free(h->loader);
  ig__network_free(&h->network);
  ig__free(h->order);
  ig__free(h->grads);
  ig__free(h->gain);
  ig__free(h->of_piece);
  ig__free(h->of_move);
  ig__free(h->slope);
  ig__free(h->cosine);
  ig__free(h);
}

/* ---- the next batch ------------------------------------------------------------------------------------------------------ */

/* Round and round in one order. */
static ig_status next_batch(ig__trainer *t, ig__held *h, const ig__batch **batch) {
  int64_t *position = &t->state.moves.position;
  if (!h->started) IG__TRY(ig__loader_start(h->loader, h->order, t->samples.held_count, *position));
  h->started = true;
  IG__TRY(ig__loader_next(h->loader, batch));
  if (!*batch) {
    IG__TRY(ig__loader_start(h->loader, h->order, t->samples.held_count, 0));
    IG__TRY(ig__loader_next(h->loader, batch));
  }
  if (!*batch) return ig__fail(IG_BAD_DATA, "%s: not one of the pictures that are held back for λ can be read", t->options->data);
  *position = (*batch)->next;
  return IG_OK;
}

/* ---- the derivative ------------------------------------------------------------------------------------------------------ */

static void sum_piece(void *arg, int task, int thread) {
  const ig__held *h = arg;
  const ig__updater *u = h->updater;
  const ig__piece *p = &u->piece[task];
  const ig__update up = ig__updater_piece(u, p);
  const void *v = ig__updater_at(u, h->grads, p->offset), *pull = ig__updater_at(u, u->pull, p->offset);
  double *gain = h->gain + (int64_t)thread * IG__PIECE;
  sums s = {0};
  u->optimiser->gain(&up, gain);
  for (int64_t i = 0; i < p->count; i++) {
    const double a = ig__element(&up, v, i), b = gain[i] * ig__element(&up, pull, i);
    s.product += a * b;
    s.gradient += a * a;
    s.pull += b * b;
  }
  h->of_piece[task] = s;
}

ig_status ig__held_look(ig__trainer *t, ig__held *h) {
  const ig__updater *u = h->updater;
  const ig__batch *batch;
  IG__TRY(next_batch(t, h, &batch));
  IG__TRY(ig__network_run(&h->network, t->context, batch, &(ig__pass_step){.grads = h->grads, .loss_scale = 1}));
  h->loss = ig__network_loss(&h->network);
  ig__updater_over_pieces(h->updater, sum_piece, h);
  memset(h->of_move, 0, h->moves * sizeof *h->of_move);
  for (size_t i = 0; i < u->piece_count; i++) {
    const int g = t->lambda->group[u->piece[i].param];
    if (g < 0) continue;
    h->of_move[g].product += h->of_piece[i].product;
    h->of_move[g].gradient += h->of_piece[i].gradient;
    h->of_move[g].pull += h->of_piece[i].pull;
  }
  for (size_t g = 0; g < h->moves; g++) {
    const sums *s = &h->of_move[g];
    const double norms = sqrt(s->gradient) * sqrt(s->pull);
    h->slope[g] = -s->product;
    h->cosine[g] = norms > 0 ? -s->product / norms : 0;
  }
  return IG_OK;
}

double ig__held_loss(const ig__held *h) { return h->loss; }
const double *ig__held_slope(const ig__held *h) { return h->slope; }
const double *ig__held_cosine(const ig__held *h) { return h->cosine; }
