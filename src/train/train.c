/* The verb train: opens everything, refuses what does not fit before anything is made, trains epoch by epoch, keeps the best
 * weights, measures the test part once at the end. */
#include "base/text.h"
#include "train/train.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MEASURE_BATCH 128

/* Options that may differ when a run is taken up again: they change no result. */
static bool is_free(const char *name) {
  static const char *const names[] = {"resume", "out", "threads", "workers", "time", "epochs", "checkpoint_every", "min_accuracy"};
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
    if (!strcmp(name, names[i])) return true;
  return false;
}

/* Of all that results depend on: model, data, options, instruction set, and the plan itself, since another version of this
 * library may choose other kernels or cut sums otherwise. */
static ig_status find_fingerprint(ig__trainer *t) {
  ig__buffer plan = {0};
  uint64_t hash = ig__hash(t->model->text, strlen(t->model->text), t->source->info.fingerprint);
  for (const ig__option *o = ig__verb_table(IG_VERB_TRAIN); o->name; o++)
    if (!is_free(o->name) && strcmp(o->name, "strict")) {
      const char *at = (const char *)t->options + o->offset;
      hash = ig__hash(at, o->type == IG__OPTION_TEXT ? strlen(at) : o->size, hash);
    }
  hash = ig__hash(&t->train.k->isa, sizeof t->train.k->isa, hash);
  ig_status status = ig__plan_describe(t->train.plan, &plan);
  if (status == IG_OK) t->fingerprint = ig__hash(plan.data, plan.size, hash);
  ig__buffer_free(&plan);
  return status;
}

/* The run's own configuration, with what may differ taken from the command line. */
static ig_status resumed_options(const ig_train_options *asked, ig_train_options *out) {
  const ig__option *table = ig__verb_table(IG_VERB_TRAIN);
  char *path = ig__format("%s/config.yaml", asked->resume);
  if (!path) return IG_NO_MEMORY;
  if (*asked->weights) {
    ig__free(path);
    return ig__fail(IG_USAGE, "--resume goes on with its own weights; --weights starts fresh: give one of them");
  }
  if (*asked->out && strcmp(asked->out, asked->resume) != 0) {
    ig__free(path);
    return ig__fail(IG_USAGE, "--resume goes on in its own folder, %s; --out is for new runs: leave it out", asked->resume);
  }
  *out = ig_train_options_default();
  ig_status status = ig_options_load(IG_VERB_TRAIN, out, path);
  ig__free(path);
  IG__TRY(ig__fail_at(status, "--resume %s", asked->resume));
  for (int i = 0; table[i].name; i++) {
    if (!(asked->given >> i & 1)) continue;
    char *to = (char *)out + table[i].offset;
    const char *from = (const char *)asked + table[i].offset;
    bool same = table[i].type == IG__OPTION_TEXT ? !strcmp(to, from) : !memcmp(to, from, table[i].size);
    if (!same && !is_free(table[i].name))
      return ig__fail(IG_USAGE, "--%s differs from the run's own (see %s/config.yaml): it would change the result. Leave it out, or "
                      "start a new run with --weights %s", table[i].name, asked->resume, asked->resume);
    if (strcmp(table[i].name, "epochs") && strcmp(table[i].name, "out")) memcpy(to, from, table[i].size);
  }
  memcpy(out->resume, asked->resume, sizeof out->resume);
  return IG_OK;
}

/* "10", or "+50" on top of what the run was asked for. */
static ig_status read_epochs(const ig_train_options *asked, const ig_train_options *o, int *out) {
  int64_t base = 0, n = 0;
  bool given = asked->given >> ig__option_row(ig__verb_table(IG_VERB_TRAIN), "epochs") & 1;
  const char *text = given ? asked->epochs : o->epochs;
  bool plus = *text == '+';
  if (!ig__parse_i64(text + plus, &n) || n < 0 || n > 1000000 || (plus && !*asked->resume))
    return ig__fail(IG_USAGE, "--epochs %s: a number up to 1000000 is wanted (+N with --resume only)", text);
  if (plus && (!ig__parse_i64(o->epochs, &base) || base + n > 1000000))
    return ig__fail(IG_USAGE, "--epochs %s: added to %s it is no number up to 1000000", text, o->epochs);
  *out = (int)(base + n);
  return IG_OK;
}

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

static ig_status open_loader(ig__trainer *t, int batch, ig__loader **out) {
  return ig__loader_new(t->source, &(ig__loader_options){.batch = batch, .threads = t->options->workers, .depth = 4,
                        .strict = t->options->strict, .broken = report_broken, .user = t}, out);
}

static ig_status open_data(ig__trainer *t) {
  const ig_train_options *o = t->options;
  ig__source_want want;
  IG__TRY(ig__model_want_of(o->model, &want));
  IG__TRY(ig__source_open(o->data, &want, &t->source));
  if (t->source->info.skipped)
    ig__log(t->context, IG_LOG_INFO, "%s: %lld files are no pictures and are not looked at", o->data, (long long)t->source->info.skipped);
  if (t->source->info.class_count < 2)
    return ig__fail(IG_BAD_DATA, "%s: %d class; two are needed to tell apart", o->data, t->source->info.class_count);
  IG__TRY(ig__parts_make(t->context, t->source, &(ig__split_options){.seed = (uint64_t)o->seed, .val = o->val, .limit = o->limit},
                         &(ig__loader_options){.threads = o->workers, .strict = o->strict, .broken = report_broken, .user = t},
                         &t->samples));
  int64_t count = t->samples.count[IG__TRAIN];
  if (count < 1 && t->broken)
    return ig__fail(IG_BAD_DATA, "%s: not one picture of the training part can be read (%lld were tried)", o->data, (long long)t->broken);
  if (count < 1) return ig__fail(IG_BAD_DATA, "%s: no pictures to train on", o->data);
  t->order = ig__alloc((size_t)count, sizeof *t->order);
  return t->order ? IG_OK : IG_NO_MEMORY;
}

/* The weights of the classes, said where they were not spelled out. */
static ig_status open_class_weights(ig__trainer *t) {
  const ig__source_info *info = &t->source->info;
  int64_t *counts = ig__class_counts(t->source, t->samples.ref[IG__TRAIN], t->samples.count[IG__TRAIN]);
  if (!counts) return IG_NO_MEMORY;
  ig_status status = ig__class_weights(t->options->class_weights, info->class_name, info->class_count, counts, &t->class_weight);
  int most = 0, least = 0;
  for (int c = 1; t->class_weight && c < info->class_count; c++) {
    if (t->class_weight[c] > t->class_weight[most]) most = c;
    if (t->class_weight[c] < t->class_weight[least]) least = c;
  }
  if (t->class_weight)
    ig__log(t->context, IG_LOG_INFO, "class weights: from %.4g for %s (%lld pictures) to %.4g for %s (%lld)", t->class_weight[least],
            info->class_name[least], (long long)counts[least], t->class_weight[most], info->class_name[most], (long long)counts[most]);
  ig__free(counts);
  return status;
}

static ig_status open_model(ig__trainer *t) {
  const ig_train_options *o = t->options;
  int real_size;
  IG__TRY(ig__real_size(o->precision, &real_size));
  IG__TRY(ig__model_open(o->model, t->source->info.class_count, &t->model));
  IG__TRY(ig__model_bind(t->model, real_size, (uint64_t)o->seed));
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
  ig__network_request step = {.model = t->model, .data = info, .loss = o->loss, .n = o->batch, .conv = o->conv,
                              .class_weight = t->class_weight, .training = true, .gradients = true,
                              .accumulates = o->accumulate > 1};
  bool descent;
  IG__TRY(ig__optimizer_is_descent(o->optimizer, &descent));
  IG__TRY(ig__network_new(t->context, &step, &t->train));
  IG__TRY(ig__network_new(t->context, &(ig__network_request){.model = t->model, .data = info, .loss = o->loss,
                          .conv = o->conv, .n = MEASURE_BATCH}, &t->test));
  IG__TRY(ig__updater_new(t->context, t->model, o, (double)t->samples.count[IG__TRAIN], &t->updater));
  IG__TRY(ig__schedule_parse(o->schedule, &t->schedule, &t->schedule_options));
  IG__TRY(open_loader(t, o->batch, &t->loader));
  if (descent) IG__TRY(ig__descent_open(t, &step));
  IG__TRY(open_loader(t, MEASURE_BATCH, &t->test_loader));
  int64_t per_step = (int64_t)o->batch * o->accumulate;
  t->steps_per_epoch = (t->samples.count[IG__TRAIN] + per_step - 1) / per_step;
  if (o->min_accuracy > 0 && !t->samples.count[IG__VAL] && !t->samples.count[IG__TEST])
    return ig__fail(IG_USAGE, "--min-accuracy: %s has neither a test nor a validation part to measure", o->data);
  if (*o->time && (!ig__parse_seconds(o->time, &t->time_limit) || t->time_limit <= 0))
    return ig__fail(IG_USAGE, "--time %s: a length of time like 90, 10m or 1.5h is wanted", o->time);
  return IG_OK;
}

/* Weights from a file or a run folder; what did not match is said. */
static ig_status take_weights(ig__trainer *t, const char *from) {
  char *path = ig__is_folder(from) ? ig__format("%s/model.safetensors", from) : ig__strdup(from);
  ig__buffer unmatched = {0};
  int matched = 0;
  if (!path) return IG_NO_MEMORY;
  ig_status status = ig__model_load_weights(t->model, path, &matched, &unmatched);
  if (status == IG_OK) {
    ig__buffer_add(&unmatched, "", 1);
    ig__log(t->context, IG_LOG_INFO, "%d tensors taken from %s", matched, path);
    if (!unmatched.failed && unmatched.size > 1) ig__log(t->context, IG_LOG_WARNING, "%s", (const char *)unmatched.data);
  }
  ig__buffer_free(&unmatched);
  ig__free(path);
  return status;
}

static ig_status save_model(ig__trainer *t) {
  char *path = ig__format("%s/model.safetensors", t->folder), epoch[24];
  snprintf(epoch, sizeof epoch, "%lld", (long long)t->state.best_epoch);
  const char *const meta[] = {"data", t->options->data, "epoch", epoch, "loss", t->options->loss, NULL};
  ig_status status = path ? ig__model_save(t->model, path, meta) : IG_NO_MEMORY;
  ig__free(path);
  return status;
}

static ig_status write_config(ig__trainer *t, const ig_train_options *options) {
  ig__buffer config = {0};
  ig__config_write(options, &config);
  return ig__folder_write(t->folder, "config.yaml", &config);
}

/* A run that is given more epochs says so in its configuration, so that --resume alone goes on to the new end after the
 * next interruption, and a further +N counts from there. */
static ig_status extend(ig__trainer *t) {
  int64_t before;
  if (!ig__parse_i64(t->options->epochs, &before) || before == t->epochs) return IG_OK;
  ig_train_options *o = ig__alloc(1, sizeof *o);
  if (!o) return IG_NO_MEMORY;
  *o = *t->options;
  ig__snprintf(o->epochs, sizeof o->epochs, "%d", t->epochs);
  o->resume[0] = 0;
  ig_status status = write_config(t, o);
  ig__free(o);
  return status;
}

/* A new folder with its configuration; or an old one with its checkpoint. */
static ig_status open_folder(ig__trainer *t) {
  IG__TRY(find_fingerprint(t));
  if (*t->options->resume) {
    memcpy(t->folder, t->options->resume, sizeof t->folder);
    char *path = ig__format("%s/checkpoint", t->folder);
    if (!path) return IG_NO_MEMORY;
    bool begun = ig__file_exists(path);
    ig__free(path);
    if (begun) {
      IG__TRY(ig__checkpoint_load(t->folder, &(ig__checkpoint_parts){t->model, t->updater, t->descent, &t->state, t->fingerprint}));
      if (t->state.position > t->samples.count[IG__TRAIN])
        return ig__fail(IG_BAD_MODEL, "%s: its checkpoint stands at picture %lld of %lld", t->folder,
                        (long long)t->state.position, (long long)t->samples.count[IG__TRAIN]);
      return extend(t);
    }
    ig__log(t->context, IG_LOG_WARNING, "%s has no checkpoint yet: starting at the beginning", t->folder);
  }
  if (*t->options->weights) IG__TRY(take_weights(t, t->options->weights));
  if (!*t->options->resume) {
    IG__TRY(ig__folder_make(t->options->out, t->folder));
    IG__TRY(write_config(t, t->options));
  }
  return ig__trainer_save(t);
}

/* Better: more right answers, and among equals the smaller loss. Without validation the last epoch is kept. */
static bool is_better(const ig__trainer *t, const ig_metrics *val) {
  if (!val->n || !t->state.best_epoch) return true;
  if (val->accuracy != t->state.best_accuracy) return val->accuracy > t->state.best_accuracy;
  return isnan(t->state.best_loss) || val->loss < t->state.best_loss;
}

static ig_status measure(ig__trainer *t, ig__part part, ig_metrics *out) {
  *out = (ig_metrics){.loss = NAN, .data_loss = NAN, .penalty = NAN, .accuracy = NAN};
  if (!t->samples.count[part]) return IG_OK;
  return ig__evaluate(t->context, &t->test, t->test_loader, t->samples.ref[part], t->samples.count[part],
                      ig__updater_penalty(t->updater), NULL, NULL, out);
}

static ig_status save_best(ig__trainer *t) {
  t->unsaved = false;
  return save_model(t);
}

ig_status ig__trainer_keep(ig__trainer *t) {
  if (t->unsaved) IG__TRY(save_best(t));
  IG__TRY(ig__trainer_save(t));
  IG__TRY(ig__results_write(t->folder, &t->state));
  return t->descent ? ig__descent_write(t->folder, &t->state) : IG_OK;
}

/* Validation, the row of the epoch, the best weights; then the checkpoint says that the epoch is over. */
static ig_status finish_epoch(ig__trainer *t) {
  ig__run_state *s = &t->state;
  ig_epoch row = {.epoch = (int)s->epoch + 1, .time = s->seconds, .train = ig__tally_metrics(&s->tally, true), .lr = t->lr,
                  .weight_norm = ig__updater_weight_norm(t->updater),
                  .images_per_second = (double)s->tally.n / s->epoch_seconds, .wait = s->epoch_wait / s->epoch_seconds};
  double start = ig__now();
  IG__TRY(ig__updater_check(t->updater, s->step));
  IG__TRY(measure(t, IG__VAL, &row.val));
  IG__TRY(ig__grow((void **)&s->history, s->history_count, &s->history_capacity, sizeof *s->history));
  s->seconds += ig__now() - start;
  row.time = s->seconds;
  if (t->descent) {
    double before = s->history_count ? s->history[s->history_count - 1].cost : 0;
    row.gradient = t->descent->state.norm;
    row.cost = t->descent->state.cost;
    row.images_per_second *= row.cost - before; /* a step looks at every picture so many times */
  }
  s->history[s->history_count++] = row;
  s->epoch++;
  const ig_metrics *seen = row.val.n ? &row.val : &row.train;
  if (t->schedule->observe) t->schedule->observe(t->schedule_options, s->schedule, seen->loss, seen->accuracy);
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

static ig_status order_epoch(ig__trainer *t) {
  const ig__ref *ref = t->samples.ref[IG__TRAIN];
  const int64_t count = t->samples.count[IG__TRAIN], epoch = t->state.epoch + 1;
  const uint64_t seed = (uint64_t)t->options->seed;
  if (t->options->balanced) return ig__order_balanced(t->source, ref, count, seed, epoch, t->order);
  memcpy(t->order, ref, (size_t)count * sizeof *t->order);
  return ig__order_epoch(t->order, count, seed, epoch);
}

static ig_status train(ig__trainer *t) {
  IG__TRY(ig__results_write(t->folder, &t->state));
  IG__TRY(ig__trainer_note_start(t));
  IG__TRY(ig__trainer_note_early(t));
  while (t->state.epoch < t->epochs) {
    IG__TRY(order_epoch(t));
    t->started = ig__now();
    ig_status status = t->descent ? ig__train_iteration(t) : ig__train_epoch(t);
    if (status != IG_OK || t->stopped) return status;
    IG__TRY(finish_epoch(t));
    if (t->descent && t->descent->stopped) {
      t->stopped = t->descent->stopped;
      return IG_OK;
    }
  }
  t->stopped = "epochs";
  return IG_OK;
}

/* A run that stopped before its first epoch ended keeps the weights it has. */
static ig_status finish(ig__trainer *t, ig_train_result *r) {
  if (!t->state.best_epoch) IG__TRY(save_model(t));
  char *path = ig__format("%s/model.safetensors", t->folder);
  int matched;
  ig_status status = path ? ig__model_load_weights(t->model, path, &matched, NULL) : IG_NO_MEMORY;
  ig__free(path);
  IG__TRY(status);
  IG__TRY(measure(t, IG__VAL, &r->val));
  IG__TRY(measure(t, IG__TEST, &r->test));
  ig__part part = r->test.n ? IG__TEST : r->val.n ? IG__VAL : IG__TRAIN;
  int64_t *counts = ig__class_counts(t->source, t->samples.ref[part], t->samples.count[part]);
  if (!counts) return IG_NO_MEMORY;
  r->baseline = ig__baseline(counts, t->source->info.class_count);
  ig__free(counts);
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
  if (status == IG_OK) return noted;
  ig__message_give(message);
  return status;
}

static void close_trainer(ig__trainer *t) {
  ig__descent_free(t->descent);
  ig__full_batch_free(t->full);
  ig__loader_free(t->loader);
  ig__loader_free(t->test_loader);
  ig__network_free(&t->train);
  ig__network_free(&t->test);
  ig__updater_free(t->updater);
  ig__free(t->schedule_options);
  ig__model_free(t->model);
  ig__samples_free(&t->samples);
  ig__source_close(t->source);
  ig__run_state_free(&t->state);
  ig__buffer_free(&t->early);
  ig__free(t->order);
  ig__free(t->class_weight);
}

ig_status ig_train(ig_context *context, const ig_train_options *options, const ig_train_events *events,
                   ig_train_result *result) {
  ig_train_options o = *options;
  ig__trainer t = {.context = context, .options = &o, .events = events, .saved = ig__now(), .began = ig__now()};
  *result = (ig_train_result){.stopped = ""};
  IG__TRY(ig__options_check(IG_VERB_TRAIN, options));
  if (*options->resume) IG__TRY(resumed_options(options, &o));
  ig_status status = read_epochs(options, &o, &t.epochs);
  if (status == IG_OK) status = open_data(&t);
  if (status == IG_OK) status = open_class_weights(&t);
  if (status == IG_OK) status = open_model(&t);
  if (status == IG_OK) status = open_network(&t);
  if (status == IG_OK) status = open_folder(&t);
  if (status == IG_OK) status = train(&t);
  if (*t.folder) status = note_end(&t, status);
  if (status == IG_OK) status = finish(&t, result);
  memcpy(result->out, t.folder, sizeof result->out);
  result->epochs = (int)t.state.epoch;
  result->best_epoch = (int)t.state.best_epoch;
  result->stopped = t.stopped ? t.stopped : "";
  result->seconds = t.state.seconds;
  result->broken = t.broken;
  close_trainer(&t);
  return status;
}
