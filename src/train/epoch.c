/* One epoch of training: batches in the epoch's order, a step for each group of them, stops and checkpoints between steps. */
#include "train/checkpoint.h"
#include "train/lambda.h"
#include "train/restarts.h"
#include "train/show.h"

#include <math.h>
#include <stdlib.h>

ig_status ig__trainer_save(ig__trainer *t) {
  ig_status shown = ig__show_written(t), status = ig__updater_check(t->updater, t->state.step);
  if (status == IG_OK) status = ig__checkpoint_save(t->folder, &(ig__checkpoint_parts){t->model, t->updater, t->descent, t->averager,
                                                                                        &t->state, &t->choices, t->fingerprint});
  t->saved = ig__now();
  return status == IG_OK ? shown : ig__fail_at(status, "%s", t->folder);
}

ig_status ig__trainer_asked(ig__trainer *t) {
  if (t->events && t->events->stop) {
    ig_status status = t->events->stop(t->events->user);
    if (status != IG_OK) {
      t->stopped = "signal";
      return status;
    }
  }
  ig_status cancelled = ig__cancel_check(t->context);
  if (cancelled != IG_OK) {
    t->stopped = "cancelled";
    return cancelled;
  }
  if (t->time_limit > 0 && !t->planning && ig__now() - t->began >= t->time_limit) t->stopped = "time";
  return IG_OK;
}

static void tell_progress(const ig__trainer *t, int64_t in_epoch, double epoch_seconds, double wait) {
  if (!ig__show_has_audience(t)) return;
  int64_t done = t->state.step, all = ig__plan_steps(t);
  double spent = t->state.seconds + ig__now() - t->started;
  ig_progress p = {.epoch = (int)t->state.epoch + 1, .epochs = t->epochs, .step = in_epoch, .steps = t->steps_per_epoch,
                   .train = ig__tally_metrics(&t->state.tally, true), .lr = t->lr,
                   .images_per_second = (double)t->state.tally.n / epoch_seconds, .wait = wait / epoch_seconds,
                   .seconds_left = done ? spent / (double)done * (double)(all - done) : 0};
  ig__show_tell(t, &p);
}

/* Forward and backward over up to `accumulate` batches. `loss` sums weight times loss. *pictures 0: the epoch is over. */
static ig_status gather(ig__trainer *t, double *loss, double *weight, int64_t *pictures) {
  const ig_train_options *o = t->options;
  *loss = *weight = 0;
  *pictures = 0;
  for (int i = 0; i < o->accumulate; i++) {
    const ig__batch *batch;
    IG__TRY(ig__loader_next(t->loader, &batch));
    if (!batch) break;
    bool several = o->accumulate > 1;
    if (t->mixed)
      ig__augment_mix(t->augment, ig__run_seed(o), t->state.epoch + 1, batch, t->train.target_field, t->train.classes, t->mixed);
    ig__pass_step step = {.seed = ig__run_seed(o), .step = (uint64_t)t->state.step * (uint64_t)o->accumulate + (uint64_t)i,
                          .grads = ig__updater_grads(t->updater), .accumulate = i > 0,
                          .loss_scale = several ? ig__network_weigh(&t->train, batch) : 1, .target = t->mixed};
    IG__TRY(t->numeric ? ig__numeric_run(&t->train, t->context, batch, &step, t->numeric) : ig__network_run(&t->train, t->context, batch, &step));
    const int32_t *label = batch->field[t->train.target_field];
    for (int k = 0; k < batch->n; k++) t->state.tally.correct += ig__network_answer(&t->train, k) == label[k];
    *loss += ig__network_loss(&t->train) * t->train.weight;
    *weight += t->train.weight;
    *pictures += batch->n;
    t->state.position = batch->next;
  }
  return IG_OK;
}

/* The rate of update `step`, counted from 0. */
static double rate_at(const ig__trainer *t, int64_t step) {
  return ig__updater_base_lr(t->updater) * ig__schedule_factor(t->schedule, t->schedule_options, ig__plan_progress(t, step));
}

ig_status ig__trainer_step(ig__trainer *t, double lr, int64_t *pictures) {
  double loss, weight, penalty;
  IG__TRY(gather(t, &loss, &weight, pictures));
  if (!*pictures) return IG_OK;
  t->lr = lr;
  t->loss = loss / weight;
  ig__lambda_set(t, t->state.step);
  IG__TRY(ig__updater_step(t->updater, t->loss, lr, t->state.step + 1,
                           t->options->accumulate > 1 ? weight : 1, &penalty));
  t->state.step++;
  IG__TRY(ig__lambda_step(t));
  ig__averager_step(t);
  t->state.tally.n += *pictures;
  t->state.tally.loss += loss;
  t->state.tally.weight += weight;
  t->state.tally.penalty += penalty * (double)*pictures;
  return IG_OK;
}

/* Puts the time spent into the state, so that a checkpoint knows it. */
static void book_time(ig__trainer *t, double *since, double *waited) {
  double now = ig__now(), wait = ig__loader_waited(t->loader);
  t->state.epoch_seconds += now - *since;
  t->state.epoch_wait += wait - *waited;
  t->state.seconds += now - t->started;
  *since = t->started = now;
  *waited = wait;
}

ig_status ig__train_epoch(ig__trainer *t) {
  double since = ig__now(), waited = 0;
  int64_t per_step = (int64_t)t->options->batch * t->options->accumulate;
  int64_t in_epoch = (t->state.position + per_step - 1) / per_step; /* left-out pictures make an epoch shorter */
  /* The row of an epoch that was stopped behind its last step has the rate of that step. */
  if (t->state.step) t->lr = rate_at(t, t->state.step - 1);
  ig__lambda_set(t, t->state.step ? t->state.step - 1 : 0);
  ig__loader_epoch(t->loader, t->state.epoch + 1);
  IG__TRY(ig__loader_start(t->loader, t->order, t->samples.count[IG__TRAIN], t->state.position));
  for (;;) {
    int64_t pictures;
    double now = ig__now();
    ig_status stop = ig__trainer_asked(t);
    bool due = now - t->saved >= t->options->checkpoint_every;
    if (t->stopped || due) {
      book_time(t, &since, &waited);
      IG__TRY(ig__trainer_save(t));
    }
    if (t->stopped) return stop;
    IG__TRY(ig__plan_mend(t, now));
    if (t->state.planned_steps && ig__plan_ended(t)) break;
    ig_status status = ig__trainer_step(t, rate_at(t, t->state.step), &pictures);
    if (status == IG_OK && !pictures) break;
    IG__TRY(ig__trainer_watch(t, status));
    IG__TRY(ig__show_step(t));
    tell_progress(t, ++in_epoch, t->state.epoch_seconds + ig__now() - since,
                  t->state.epoch_wait + ig__loader_waited(t->loader) - waited);
  }
  book_time(t, &since, &waited);
  if (!t->state.tally.n && !(t->state.planned_steps && ig__plan_ended(t)))
    return ig__fail(IG_BAD_DATA, "%s: not one picture of the training part can be read", t->options->data);
  return IG_OK;
}
