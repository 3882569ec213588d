/* The verb train: opens everything, refuses what does not fit before anything is made, trains epoch by epoch, keeps the best
 * weights, measures the test part once at the end. */
#include "base/text.h"
#include "base/unknown.h"
#include "train/checkpoint.h"
#include "train/lambda.h"
#include "train/report/report.h"
#include "train/restarts.h"
#include "train/show.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MEASURE_BATCH 128

static void report_broken(void *user, const ig__ref *ref, const char *message) {
  ig__trainer *t = user;
  (void)ref;
  ig__log(t->context, IG_LOG_WARNING, "left out: %s", message);
  t->broken++;
  if (!*t->folder) { /* a first look, before there is a log */
    ig__buffer_text(&t->early, "left out: %s\n", message);
    return;
  }
  ig_status status = ig__trainer_note(t, "left out: %s", message);
  if (t->noted == IG_OK) t->noted = status;
}

static ig_status open_loader(ig__trainer *t, int batch, const ig__augment *augment, ig__loader **out) {
  return ig__loader_new(t->source, &(ig__loader_options){.batch = batch, .threads = t->options->workers, .depth = 4,
                        .augment = augment, .seed = ig__run_seed(t->options), .strict = t->options->strict, .broken = report_broken, .user = t}, out);
}

static ig_status open_data(ig__trainer *t) {
  const ig_train_options *o = t->options;
  ig__split_options split;
  if (strcmp(o->report, "yes") != 0 && strcmp(o->report, "no") != 0)
    return ig__unknown(IG_USAGE, o->report, (const char *const[]){"yes", "no"}, 2, "--report:");
  bool last = !strcmp(o->keep, "last");
  if (!last && strcmp(o->keep, "best") != 0) return ig__unknown(IG_USAGE, o->keep, (const char *const[]){"best", "last"}, 2, "--keep:");
  if (last && o->patience > 0)
    return ig__fail(IG_USAGE, "--patience %d ends a run because its best weights are behind it, and --keep last keeps others: give one of them", o->patience);
  IG__TRY(ig__choose_source(t->context, o, &t->source));
  if (t->source->info.skipped)
    ig__log(t->context, IG_LOG_INFO, "%s: %lld files are no pictures and are not looked at", o->data, (long long)t->source->info.skipped);
  if (t->source->info.class_count < 2)
    return ig__fail(IG_BAD_DATA, "%s: %d class is there, and two are needed to be told apart; in a folder of pictures each folder is a class", o->data,
                    t->source->info.class_count);
  if (o->test > 0 && t->source->info.count[IG__TEST])
    return ig__fail(IG_USAGE, "--test %g: %s has a test part of its own, %lld pictures, which is not mixed with others; leave --test out", o->test, o->data,
                    (long long)t->source->info.count[IG__TEST]);
  IG__TRY(ig__split_of(o, &split));
  IG__TRY(ig__parts_make(t->context, t->source, &split,
                         &(ig__loader_options){.threads = o->workers, .strict = o->strict, .broken = report_broken, .user = t},
                         &t->samples));
  int64_t count = t->samples.count[IG__TRAIN];
  if (count < 1 && t->broken)
    return ig__fail(IG_BAD_DATA, "%s: not one picture of the training part can be read (%lld were tried)", o->data, (long long)t->broken);
  if (count < 1) return ig__fail(IG_BAD_DATA, "%s: no pictures to train on", o->data);
  t->order = ig__alloc((size_t)count, sizeof *t->order);
  if (!t->order) return IG_NO_MEMORY;
  if (*o->model) return IG_OK;
  IG__TRY(ig__choose(t->context, t->source, &t->samples, t->options));
  return ig__plan_read(t, t->asked);
}

static ig_status open_model(ig__trainer *t) {
  const ig_train_options *o = t->options;
  int real_size;
  IG__TRY(ig__real_size(t->context, o->precision, &real_size));
  IG__TRY(ig__model_named(t->context, o->model, t->source->info.class_count, &t->model));
  IG__TRY(ig__model_fit(t->model, &t->source->info));
  IG__TRY(ig__model_bind(t->model, real_size, ig__run_seed(o)));
  t->model->bf16 = ig__is_bf16(o->precision);
  if (*o->freeze) IG__TRY(ig__patterns_freeze(t->model, o->freeze));
  if (!t->model->class_name) {
    size_t classes = (size_t)t->source->info.class_count;
    t->model->class_name = ig__alloc(classes, sizeof *t->model->class_name);
    if (!t->model->class_name) return IG_NO_MEMORY;
    memcpy(t->model->class_name, t->source->info.class_name, classes * sizeof *t->model->class_name);
    t->model->class_count = (int)classes;
  }
  return IG_OK;
}

static ig_status open_network(ig__trainer *t) {
  const ig_train_options *o = t->options;
  const ig__source_info *info = &t->source->info;
  IG__TRY(ig__augment_new(o->augment, info, &t->augment));
  const bool mixes = ig__augment_mixes(t->augment);
  ig__network_request step = {.model = t->model, .data = info, .loss = o->loss, .n = o->batch, .conv = o->conv, .training = true,
                              .gradients = true, .accumulates = o->accumulate > 1, .class_weight = t->class_weight,
                              .soft_labels = mixes, .choices = &t->choices};
  bool descent;
  if (*o->resume) IG__TRY(ig__resume_checkpoint(t));
  t->choices.given = t->given_choices;
  IG__TRY(ig__optimizer_is_descent(o->optimizer, &descent));
  IG__TRY(ig__numeric_open(t->model, o, descent, &t->numeric));
  step.gradients = !t->numeric;
  IG__TRY(ig__network_new(t->context, &step, &t->train));
  if (mixes) {
    t->mixed = ig__alloc((size_t)o->batch * (size_t)t->train.classes, sizeof *t->mixed);
    if (!t->mixed) return IG_NO_MEMORY;
  }
  IG__TRY(ig__network_new(t->context, &(ig__network_request){.model = t->model, .data = info, .loss = o->loss,
                          .conv = o->conv, .n = MEASURE_BATCH, .choices = &t->choices}, &t->test));
  IG__TRY(ig__updater_new(t->context, t->model, o, (double)t->samples.count[IG__TRAIN], &t->updater));
  IG__TRY(ig__averager_open(t));
  IG__TRY(ig__schedule_parse(o->schedule, &t->schedule, &t->schedule_options));
  if (t->schedule->of_lambda) return ig__fail(IG_USAGE, "--schedule %s: that moves λ, not the learning rate: --lambda-schedule", t->schedule->name);
  IG__TRY(ig__lambda_open(t));
  IG__TRY(open_loader(t, o->batch, t->augment, &t->loader));
  if (descent) IG__TRY(ig__descent_open(t, &step));
  IG__TRY(open_loader(t, MEASURE_BATCH, NULL, &t->test_loader));
  int64_t per_step = (int64_t)o->batch * o->accumulate;
  t->steps_per_epoch = (t->samples.count[IG__TRAIN] + per_step - 1) / per_step;
  if (o->min_accuracy > 0 && !t->samples.count[IG__VAL] && !t->samples.count[IG__TEST])
    return ig__fail(IG_USAGE, "--min-accuracy: %s has neither a test nor a validation part to measure", o->data);
  return IG_OK;
}

ig_status ig__trainer_open(ig__trainer *t) {
  IG__TRY(ig__plan_read(t, t->asked));
  IG__TRY(open_data(t));
  IG__TRY(ig__trainer_weigh(t));
  IG__TRY(open_model(t));
  return open_network(t);
}

static ig_status save_model(ig__trainer *t) {
  char *path = ig__format("%s/model.safetensors", t->folder), epoch[24];
  snprintf(epoch, sizeof epoch, "%lld", (long long)t->state.best_epoch);
  ig__buffer lambda = {0};
  ig__lambda_text(t, &lambda);
  const char *const meta[] = {"data", t->options->data, "epoch", epoch, "loss", t->options->loss,
                              lambda.size ? "lambda" : NULL, (const char *)lambda.data, NULL};
  ig__averager_swap(t);
  ig_status status = path && !lambda.failed ? ig__model_save(t->model, path, meta) : IG_NO_MEMORY;
  ig__averager_swap(t);
  ig__buffer_free(&lambda);
  ig__free(path);
  return status;
}

/* A new folder with its configuration; or an old one with its checkpoint. */
static ig_status open_folder(ig__trainer *t) {
  IG__TRY(ig__resume_fingerprint(t));
  IG__TRY(ig__show_open(t));
  if (*t->options->resume) {
    memcpy(t->folder, t->options->resume, sizeof t->folder);
    if (t->checkpoint) {
      IG__TRY(ig__checkpoint_restore(t->checkpoint, &(ig__checkpoint_parts){t->model, t->updater, t->descent, t->averager, &t->state,
                                                                            &t->choices, t->fingerprint}));
      ig__checkpoint_close(t->checkpoint);
      t->checkpoint = NULL;
      if (t->state.position > t->samples.count[IG__TRAIN])
        return ig__fail(IG_BAD_MODEL, "%s: its checkpoint stands at picture %lld of %lld", t->folder,
                        (long long)t->state.position, (long long)t->samples.count[IG__TRAIN]);
      ig__plan_resume(t, t->asked);
      return ig__resume_extend(t);
    }
    ig__log(t->context, IG_LOG_WARNING, "%s has no checkpoint yet: starting at the beginning", t->folder);
  }
  if (*t->options->weights) IG__TRY(ig__trainer_take_weights(t, t->options->weights));
  if (!*t->options->resume) {
    IG__TRY(ig__folder_make(t->options->out, "train", t->folder));
    IG__TRY(ig__trainer_configure(t, t->options));
  }
  return ig__trainer_save(t);
}

/* Better: more right answers, and among equals the smaller loss. Without validation the last epoch is kept. */
static bool is_better(const ig__trainer *t, const ig_metrics *val) {
  if (!val->n || !t->state.best_epoch || !strcmp(t->options->keep, "last")) return true;
  return ig__is_better(val->accuracy, val->loss, t->state.best_accuracy, t->state.best_loss);
}

static ig_status measure(ig__trainer *t, ig__part part, const ig__watch *watch, ig_metrics *out) {
  *out = (ig_metrics){.loss = NAN, .data_loss = NAN, .penalty = NAN, .accuracy = NAN};
  if (!t->samples.count[part]) return IG_OK;
  double start = ig__now();
  IG__TRY(ig__evaluate(t->context, &t->test, t->test_loader, t->samples.ref[part], t->samples.count[part],
                       ig__updater_penalty(t->updater), NULL, watch, out));
  t->measure_seconds += ig__now() - start;
  t->measured += out->n;
  return IG_OK;
}

static ig_status save_best(ig__trainer *t) {
  t->unsaved = false;
  return save_model(t);
}

ig_status ig__trainer_keep(ig__trainer *t) {
  if (t->unsaved) IG__TRY(save_best(t));
  IG__TRY(ig__trainer_save(t));
  IG__TRY(ig__results_write(t->folder, &t->state));
  IG__TRY(ig__lambda_write(t->folder, &t->state.moves));
  return t->descent ? ig__descent_write(t->folder, &t->state) : IG_OK;
}

/* Validation, the row of the epoch, the best weights; then the checkpoint says that the epoch is over. */
static ig_status finish_epoch(ig__trainer *t) {
  ig__run_state *s = &t->state;
  ig_epoch row = {.epoch = (int)s->epoch + 1, .time = s->seconds, .train = ig__tally_metrics(&s->tally, true), .lr = t->lr,
                  .weight_norm = ig__updater_weight_norm(t->updater),
                  .lambda = ig__lambda_shown(t), .images_per_second = (double)s->tally.n / s->epoch_seconds, .wait = s->epoch_wait / s->epoch_seconds};
  double start = ig__now();
  IG__TRY(ig__updater_check(t->updater, s->step));
  IG__TRY(ig__averager_epoch(t));
  ig__averager_swap(t);
  ig_status measured = measure(t, IG__VAL, NULL, &row.val);
  ig__averager_swap(t);
  IG__TRY(measured);
  IG__TRY(ig__grow((void **)&s->history, s->history_count, &s->history_capacity, sizeof *s->history));
  s->seconds += ig__now() - start;
  t->validating_seconds += ig__now() - start;
  row.time = s->seconds;
  if (t->descent) {
    double before = s->history_count ? s->history[s->history_count - 1].cost : 0;
    row.gradient = t->descent->state.norm;
    row.cost = t->descent->state.cost;
    row.images_per_second *= row.cost - before; /* a step looks at every picture so many times */
  }
  s->history[s->history_count++] = row;
  IG__TRY(ig__show_epoch(t, &row));
  s->epoch++;
  const ig_metrics *seen = row.val.n ? &row.val : &row.train;
  if (t->schedule->observe) t->schedule->observe(t->schedule_options, s->schedule, &(ig__outcome){.loss = seen->loss, .accuracy = seen->accuracy});
  IG__TRY(ig__lambda_epoch(t));
  IG__TRY(ig__norms_epoch(t));
  if (is_better(t, &row.val)) {
    s->best_epoch = s->epoch;
    s->best_accuracy = row.val.accuracy;
    s->best_loss = row.val.loss;
    t->unsaved = true;
    /* Later weights may not be the best any more: they are kept now. Without validation the last ones are. */
    if (row.val.n) IG__TRY(save_best(t));
  }
  s->position = 0;
  s->tally = (ig__tally){0};
  s->epoch_seconds = s->epoch_wait = 0;
  if (!t->descent || ig__descent_is_due(t)) IG__TRY(ig__trainer_keep(t));
  IG__TRY(ig__trainer_note_epoch(t, &row));
  IG__TRY(t->noted);
  if (t->events && t->events->epoch) t->events->epoch(t->events->user, &row);
  return IG_OK;
}

ig_status ig__trainer_order(ig__trainer *t) {
  const ig__ref *ref = t->samples.ref[IG__TRAIN];
  const int64_t count = t->samples.count[IG__TRAIN], epoch = t->state.epoch + 1;
  const uint64_t seed = ig__run_seed(t->options);
  if (t->options->balanced) return ig__order_balanced(t->source, ref, count, seed, epoch, t->order);
  memcpy(t->order, ref, (size_t)count * sizeof *t->order);
  return ig__order_epoch(t->order, count, seed, epoch);
}

static ig_status train(ig__trainer *t) {
  IG__TRY(ig__trainer_watch_open(t));
  IG__TRY(ig__norms_open(t));
  IG__TRY(ig__results_write(t->folder, &t->state));
  IG__TRY(ig__trainer_note_start(t));
  IG__TRY(ig__trainer_note_early(t));
  bool extended = t->asked->given >> ig__option_row(ig__verb_table(IG_VERB_TRAIN), "epochs") & 1;
  ig__plan_start(t, ig__now());
  t->began_epoch = t->state.epoch;
  IG__TRY(ig__show_begin(t));
  while (!ig__plan_ended(t)) {
    if (ig__plan_out_of_patience(t) && !(extended && t->began_epoch == t->state.epoch)) {
      t->stopped = "patience";
      return IG_OK;
    }
    IG__TRY(ig__trainer_order(t));
    t->started = ig__now();
    ig_status status = t->descent ? ig__train_iteration(t) : ig__train_epoch(t);
    if (status != IG_OK || t->stopped) return status;
    if (!t->state.tally.n) { /* the time ended with the epoch before */
      IG__TRY(ig__trainer_save(t));
      break;
    }
    IG__TRY(finish_epoch(t));
    if (t->descent && t->descent->stopped) {
      t->stopped = t->descent->stopped;
      return IG_OK;
    }
  }
  t->stopped = t->state.planned_steps ? "plan" : "epochs";
  return IG_OK;
}

/* A run that stopped before its first epoch ended keeps the weights it has. */
static ig_status finish(ig__trainer *t, ig_train_result *r, ig__answers *answers) {
  bool report = !strcmp(t->options->report, "yes");
  ig_metrics train;
  if (!t->state.best_epoch) IG__TRY(save_model(t));
  char *path = ig__format("%s/model.safetensors", t->folder);
  int matched;
  ig_status status = path ? ig__model_load_weights(t->model, path, &matched, NULL, NULL) : IG_NO_MEMORY;
  ig__free(path);
  IG__TRY(status);
  ig__lambda_as_kept(t);
  ig__part part = t->samples.count[IG__TEST] ? IG__TEST : t->samples.count[IG__VAL] ? IG__VAL : IG__TRAIN;
  IG__TRY(ig__answers_new(answers, t->test.classes, part));
  ig__watch watch = ig__answers_watch(answers);
  IG__TRY(measure(t, IG__VAL, part == IG__VAL && report ? &watch : NULL, &r->val));
  IG__TRY(measure(t, IG__TEST, part == IG__TEST && report ? &watch : NULL, &r->test));
  if (part == IG__TRAIN && report) IG__TRY(measure(t, part, &watch, &train));
  if (report) IG__TRY(ig__answers_finish(answers));
  int64_t *counts = ig__class_counts(t->source, t->samples.ref[part], t->samples.count[part]);
  if (!counts) return IG_NO_MEMORY;
  r->baseline = ig__baseline(counts, t->source->info.class_count);
  ig__free(counts);
  IG__TRY(ig__trainer_zeros(t, r));
  r->measured = true;
  double last = r->test.n ? r->test.accuracy : r->val.accuracy;
  if (t->options->min_accuracy > 0 && !(last >= t->options->min_accuracy))
    return ig__fail(IG_BELOW_BAR, "accuracy %.4f on the %s part is below the %.4f asked for", last, ig__part_name(part),
                    t->options->min_accuracy);
  return IG_OK;
}

/* Why training ended; a failure's words are kept as they are. */
static ig_status note_end(const ig__trainer *t, ig_status status) {
  char message[IG__MESSAGE_SIZE];
  ig__message_take(message);
  ig_status noted = status == IG_OK || t->stopped ? ig__trainer_note(t, "ended after epoch %lld, step %lld: %s", (long long)t->state.epoch,
                                                                     (long long)t->state.step, t->stopped)
                                                  : ig__trainer_note(t, "failed at step %lld: %s", (long long)t->state.step, message);
  if (status == IG_OK) return noted == IG_OK ? ig__trainer_note_memory(t) : noted;
  ig__message_give(message);
  return status;
}

void ig__trainer_close(ig__trainer *t) {
  ig__descent_free(t->descent);
  ig__full_batch_free(t->full);
  ig__loader_free(t->loader);
  ig__loader_free(t->test_loader);
  ig__augment_free(t->augment);
  ig__free(t->mixed);
  ig__free(t->numeric);
  ig__network_free(&t->train);
  ig__network_free(&t->test);
  ig__lambda_free(t->lambda);
  ig__updater_free(t->updater);
  ig__averager_free(t->averager);
  ig__free(t->schedule_options);
  ig__model_free(t->model);
  ig__samples_free(&t->samples);
  ig__source_close(t->source);
  ig__run_state_free(&t->state);
  ig__buffer_free(&t->early);
  ig__buffer_free(&t->choices.made);
  ig__free(t->given_choices);
  ig__checkpoint_close(t->checkpoint);
  ig__free(t->order);
  ig__free(t->class_weight);
}

ig_status ig_train(ig_context *context, const ig_train_options *options, const ig_train_events *events,
                   ig_train_result *result) {
  ig_train_options o = *options;
  ig__trainer t = {.context = context, .options = &o, .asked = options, .events = events, .saved = ig__now(), .began = ig__now()};
  ig__answers answers = {0};
  *result = (ig_train_result){.stopped = ""};
  ig_status status = ig__options_check(IG_VERB_TRAIN, options);
  if (status == IG_OK && options->restarts > 1) status = ig__fail(IG_USAGE, "--restarts %d: ig_train makes one run, ig_restarts makes several", options->restarts);
  if (status == IG_OK && *options->resume) status = ig__resume_options(options, &o);
  else if (status == IG_OK) ig__plan_epochs_option(&o);
  if (status == IG_OK) status = ig__trainer_open(&t);
  if (status == IG_OK) status = open_folder(&t);
  if (status == IG_OK) status = train(&t);
  if (*t.folder) status = note_end(&t, status);
  if (status == IG_OK) status = finish(&t, result, &answers);
  status = ig__trainer_report(&t, result, &answers, status);
  ig__show_end(&t);
  ig__answers_free(&answers);
  memcpy(result->out, t.folder, sizeof result->out);
  result->epochs = (int)t.state.epoch;
  result->best_epoch = (int)t.state.best_epoch;
  result->stopped = t.stopped ? t.stopped : "";
  result->seconds = t.state.seconds;
  result->broken = t.broken;
  result->collapsed = ig__norms_collapsed(&t.state.norms);
  for (int i = 0; i < IG_RATE_CAUSES; i++)
    result->rate_warnings += ig__rate_watch_told(&t.state.watch, i, &result->rate_warning[result->rate_warnings]);
  ig__trainer_close(&t);
  return ig__verb_end(context, status);
}
