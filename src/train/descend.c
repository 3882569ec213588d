/* Training by full-batch descent: an epoch is one step of a method that looks at the loss of all training pictures. */
#include "train/show.h"

#include "base/text.h"
#include "base/unknown.h"

#include <stdio.h>
#include <string.h>

#define MOST_NAMES 64

/* The first word of --optimizer is a name of either list; a name of neither is answered with the nearest of both. */
ig_status ig__optimizer_is_descent(const char *text, bool *descent) {
  char copy[IG_SPEC_SIZE], *words[32];
  const char *names[MOST_NAMES];
  size_t count = 0;
  snprintf(copy, sizeof copy, "%s", text);
  int found = ig__split_words(copy, words, 32);
  *descent = found > 0 && ig__descent_method_find(words[0]);
  if (*descent || found < 1 || ig__optimiser_find(words[0])) return IG_OK; /* what is wrong besides, the parser says */
  for (size_t i = 0; ig__optimisers[i] && count < MOST_NAMES; i++) names[count++] = ig__optimisers[i]->name;
  for (size_t i = 0; ig__descent_methods[i] && count < MOST_NAMES; i++) names[count++] = ig__descent_methods[i]->name;
  return ig__unknown(IG_USAGE, words[0], names, count, "optimizer:");
}

/* What has no meaning for a descent is refused, not ignored. */
static ig_status check_options(const ig__trainer *t) {
  const ig_train_options *o = t->options;
  const char *what = o->lr > 0 ? "lr: the step length is found by a search, or is the method's own option (gd search=none lr=…)"
                     : o->momentum >= 0 ? "momentum: this method has none"
                     : o->weight_decay > 0 ? "weight-decay acts between steps on batches; l2 is part of the loss"
                     : o->clip > 0 ? "clip: a search needs the gradient as it is"
                     : o->accumulate > 1 ? "accumulate: all batches are accumulated already"
                     : o->balanced ? "balanced: every step looks at all pictures; class-weights makes classes count alike"
                     : *o->augment ? "augment: the pictures would be others each time"
                     : *o->lr_scale ? "lr-scale: there is no rate to scale"
                     : strcmp(o->schedule, "constant") ? "schedule: there is no rate to move" : NULL;
  if (what) return ig__fail(IG_USAGE, "--optimizer %s with --%s", o->optimizer, what);
  const char *penalty = ig__updater_not_smooth(t->updater);
  if (penalty)
    return ig__fail(IG_USAGE, "--optimizer %s with the penalty %s: that acts by a proximal step, and this method needs a smooth loss; "
                    "l2, or an optimiser on batches such as adam", o->optimizer, penalty);
  for (size_t i = 0; i < t->model->line_count; i++) {
    const ig__line *line = &t->model->line[i];
    if (line->op && line->op->flags & IG__RANDOM)
      return ig__fail(IG_USAGE, "--optimizer %s: line %d of the model, '%s', is random, and the loss would be another function each "
                      "time; leave the line out, or take an optimiser on batches", o->optimizer, line->number, line->text);
  }
  return IG_OK;
}

/* Batches of the present pass over the pictures; a step makes several. */
static void tell(const ig__trainer *t, const ig__tally *pass) {
  if (!ig__show_has_audience(t) || !pass->n) return;
  const ig__run_state *s = &t->state;
  double left = s->epoch ? s->seconds / (double)s->epoch * (double)(t->epochs - s->epoch) : 0;
  ig_progress p = {.epoch = (int)s->epoch + 1, .epochs = t->epochs, .step = (pass->n + t->options->batch - 1) / t->options->batch,
                   .steps = t->steps_per_epoch, .train = ig__tally_metrics(pass, true), .lr = t->lr,
                   .seconds_left = left};
  ig__show_tell(t, &p);
}

/* A failure here unwinds the step; ig__train_iteration knows by `stopped` that it is none. */
static ig_status between(void *user, const ig__tally *pass) {
  ig__trainer *t = user;
  t->ending = ig__trainer_asked(t);
  if (t->stopped) return IG_FAILED;
  tell(t, pass);
  return IG_OK;
}

ig_status ig__descent_open(ig__trainer *t, const ig__network_request *request) {
  IG__TRY(check_options(t));
  IG__TRY(ig__full_batch_new(t->context, request, &t->train, t->updater, t->loader, t->samples.ref[IG__TRAIN],
                             t->samples.count[IG__TRAIN], &(ig__full_batch_events){between, t}, &t->full));
  ig__objective f = ig__full_batch_objective(t->full);
  return ig__descent_new(t->options->optimizer, &f, &t->descent);
}

/* The first step of a run evaluates the start; a resumed one has its state and memory from the checkpoint. */
static ig_status step(ig__trainer *t) {
  ig__descent *d = t->descent;
  if (!t->state.epoch) {
    ig__full_batch_take(t->full, d->x);
    IG__TRY(ig__descent_begin(d));
  }
  return ig__descent_step(d);
}

/* Steps may be shorter than it takes to bring them to the disk. */
#define KEEP_SECONDS 5

bool ig__descent_is_due(const ig__trainer *t) {
  double wait = t->options->checkpoint_every < KEEP_SECONDS ? t->options->checkpoint_every : KEEP_SECONDS;
  return t->descent->stopped || t->state.epoch == t->epochs || ig__now() - t->saved >= wait;
}

ig_status ig__train_iteration(ig__trainer *t) {
  ig__run_state *s = &t->state;
  const ig__descent_state before = t->descent->state;
  ig_status status = step(t);
  s->epoch_seconds = ig__now() - t->started;
  s->epoch_wait = ig__loader_waited(t->loader);
  s->seconds += s->epoch_seconds;
  if (t->stopped) {
    /* x and its gradient change when a step is complete, and not before: the run will begin this step anew. */
    t->descent->state = before;
    IG__TRY(ig__trainer_keep(t));
    return t->ending;
  }
  IG__TRY(status);
  ig__full_batch_give(t->full, t->descent->x);
  s->tally = *ig__full_batch_tally(t->full);
  s->step = t->descent->state.iteration;
  t->lr = t->descent->state.length;
  return IG_OK;
}
