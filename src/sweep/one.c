/* One run of a sweep, from its options to its result. Called on the thread that does it. */
#include "sweep/runner.h"

#include "base/text.h"
#include "train/checkpoint.h"

#include <math.h>
#include <string.h>

static ig_status set(ig_train_options *o, const char *name, const char *value) { return ig_option_set(IG_VERB_TRAIN, o, name, value); }

ig_status ig__sweep_compose(const ig__sweep *s, const ig__sweep_run *run, ig_train_options *out) {
  *out = *s->options.base;
  out->out[0] = out->resume[0] = out->time[0] = 0;
  out->threads = 0;
  strcpy(out->watch, "no");
  /* The curves of a sweep lie side by side: one folder, one run of TensorBoard's a run. */
  if (*out->tensorboard &&
      (size_t)ig__snprintf(out->tensorboard, sizeof out->tensorboard, "%s/%s", s->options.base->tensorboard, run->name) >= sizeof out->tensorboard)
    return ig__fail(IG_USAGE, "--tensorboard %s: too long a name for folders in it", s->options.base->tensorboard);
  for (int i = 0; i < run->settings; i++) IG__TRY(set(out, run->setting[i].name, run->setting[i].value));
  return IG_OK;
}

uint64_t ig__sweep_key(const ig__sweep *s, const ig__sweep_run *run, const char *before, const ig_train_options *options) {
  ig_train_options o = *options;
  ig__buffer text = {0};
  o.workers = 1;
  o.checkpoint_every = 60;
  strcpy(o.report, "no");
  ig__config_write(&o, &text);
  ig__buffer_text(&text, "after: %s\nversion: %s\nisa: %s\n", run->after >= 0 ? before : "", ig_version(), ig__isa_name(s->options.context->isa));
  uint64_t key = text.failed ? 0 : ig__hash(text.data, text.size, 0);
  ig__buffer_free(&text);
  return key;
}

typedef struct doing {
  ig__sweep *sweep;
  const ig__sweep_run *run;
  int epochs;                /* finished */
  bool paused;
} doing;

static void on_epoch(void *user, const ig_epoch *e) {
  doing *d = user;
  d->epochs = e->epoch;
}

static ig_status on_stop(void *user) {
  doing *d = user;
  if (ig__sweep_is_stopping(d->sweep)) return IG_INTERRUPTED;
  d->paused = d->run->epochs > 0 && d->epochs >= d->run->epochs;
  return d->paused ? IG_INTERRUPTED : IG_OK;
}

static void on_log(void *user, ig_log_level level, const char *text) {
  if (level == IG_LOG_WARNING) ig__sweep_warn(user, text);
}

/* What ended before its configuration was there begins anew; half-written files, and the log of why, are all that it can have left. */
static ig_status clear(const char *folder) {
  ig__names names = {0};
  ig_status status = ig__is_folder(folder) ? ig__folder_list(folder, &names) : IG_OK;
  for (size_t i = 0; status == IG_OK && i < names.count; i++) {
    if (strncmp(names.name[i], ".imgrad-", 8) != 0 && strcmp(names.name[i], "log.txt") != 0) continue;
    char *path = ig__format("%s/%s", folder, names.name[i]);
    status = path ? ig__file_remove(path) : IG_NO_MEMORY;
    ig__free(path);
  }
  ig__names_free(&names);
  return status;
}

/* How the run stands by its checkpoint. Figures of a run that goes on are those of its best epoch so far. */
static ig_status result_so_far(const char *folder, ig__sweep_result *r) {
  ig__run_state state = {0};
  ig_status status = ig__run_state_read(folder, &state);
  if (status == IG_OK) {
    *r = (ig__sweep_result){.done = true, .epochs = (int)state.epoch, .best_epoch = (int)state.best_epoch, .baseline = NAN, .seconds = state.seconds};
    if (state.best_epoch > 0 && (size_t)state.best_epoch <= state.history_count) r->val = state.history[state.best_epoch - 1].val;
  }
  ig__run_state_free(&state);
  return status;
}

/* Options for the next piece of the run: a new one, or one that goes on with its own configuration. */
static ig_status prepare(const char *folder, const char *weights, ig_train_options *o, doing *d) {
  if (ig__folder_has(folder, "config.yaml")) {
    ig__sweep_result so_far = {.epochs = 0};
    if (ig__folder_has(folder, "checkpoint")) IG__TRY(result_so_far(folder, &so_far));
    d->epochs = so_far.epochs;
    o->weights[0] = 0; /* they stand in its configuration */
    o->given &= ~((uint64_t)1 << ig__option_row(ig__verb_table(IG_VERB_TRAIN), "weights"));
    return set(o, "resume", folder);
  }
  IG__TRY(clear(folder));
  if (weights) IG__TRY(set(o, "weights", weights));
  return set(o, "out", folder);
}

static ig_status train(ig__sweep *s, int threads, const ig_train_options *o, doing *d, ig_train_result *r) {
  ig_context *context;
  const ig_train_events events = {.epoch = on_epoch, .stop = on_stop, .user = d};
  IG__TRY(ig__context_beside(s->options.context, threads, &context));
  context->shared = s->shared;
  context->log = on_log;
  context->user = s;
  ig_status status = ig_train(context, o, &events, r);
  ig_context_free(context);
  return status;
}

/* A run that ended is not gone on with: its checkpoint has done its duty, once the result is on disk. */
static ig_status slim(const char *folder) {
  char *path = ig__format("%s/checkpoint", folder);
  ig_status status = path ? ig__file_remove(path) : IG_NO_MEMORY;
  ig__free(path);
  return status;
}

static ig_status finish(const char *folder, uint64_t key, const doing *d, ig_status trained, const ig_train_result *r, ig__sweep_result *out) {
  const bool ended = trained == IG_OK || trained == IG_DIVERGED || trained == IG_BELOW_BAR;
  if (!ended && !(d->paused && trained == IG_INTERRUPTED)) return trained;
  if (!ended) IG__TRY(result_so_far(folder, out));
  else
    *out = (ig__sweep_result){.done = true, .ended = true, .status = trained, .epochs = r->epochs, .best_epoch = r->best_epoch, .val = r->val,
                              .test = r->test, .baseline = r->measured ? r->baseline : (double)NAN, .seconds = r->seconds};
  IG__TRY(ig__record_write(folder, key, out));
  return ended && d->run->slim ? slim(folder) : IG_OK;
}

ig_status ig__sweep_one(ig__sweep *s, const ig__sweep_run *run, const ig__sweep_run *before, int threads, ig__sweep_result *out) {
  char *folder = ig__format("%s/%s", s->options.folder, run->name);
  char *weights = before && before->result.status != IG_DIVERGED ? ig__format("%s/%s", s->options.folder, before->name) : NULL;
  ig_train_options *o = ig__alloc(1, sizeof *o);
  doing d = {.sweep = s, .run = run};
  ig_train_result r = {.epochs = 0};
  ig_status status = folder && o && (weights || !before || before->result.status == IG_DIVERGED) ? IG_OK : IG_NO_MEMORY;
  uint64_t key = 0;
  if (status == IG_OK) status = ig__sweep_compose(s, run, o);
  if (status == IG_OK) key = ig__sweep_key(s, run, before ? before->name : "", o);
  if (status == IG_OK) status = prepare(folder, weights, o, &d);
  if (status == IG_OK) status = finish(folder, key, &d, train(s, threads, o, &d, &r), &r, out);
  ig__free(o);
  ig__free(weights);
  ig__free(folder);
  return status;
}
