/* The verb compare. */
#include "sweep/compare.h"
#include "base/text.h"
#include "train/checkpoint.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

typedef struct compare {
  ig_context *context;
  ig_compare_options options;
  const ig_compare_events *events;
  ig_compare_result *result;
  ig__contestant contestant[IG_COMPARE_RUNS];
  ig__sweep_run run[IG_COMPARE_RUNS];
  int count;
} compare;

/* ---- a new folder, or an old one -------------------------------------------------------------------------------------------- */

static ig_status save_options(const compare *c) {
  ig__buffer out = {0};
  ig__config_text("optimizers", c->options.optimizers, &out);
  ig__saved_options(&c->options.train, 0, &out);
  return ig__folder_write(c->result->out, "compare.yaml", &out);
}

/* One that goes on does so with its own options, whatever else is given but how it is done. */
static ig_status load_options(compare *c, const ig_compare_options *asked) {
  const ig_compare_options usual = ig_compare_options_default();
  if (strcmp(asked->optimizers, usual.optimizers) != 0 || ig__saved_differs(&asked->train, NULL))
    return ig__fail(IG_USAGE, "--resume goes on with its own options (%s/compare.yaml); only --threads, --workers and --checkpoint-every may be given with it",
                    asked->train.resume);
  char *path = ig__format("%s/compare.yaml", asked->train.resume);
  c->options = ig_compare_options_default();
  ig_status status = path ? ig_options_load(IG_VERB_COMPARE, &c->options, path) : IG_NO_MEMORY;
  ig__free(path);
  memcpy(c->result->out, asked->train.resume, sizeof c->result->out);
  IG__TRY(ig__fail_at(status, "--resume %s", asked->train.resume));
  return ig__saved_take(&asked->train, &c->options.train);
}

static ig_status open_all(compare *c, const ig_compare_options *asked) {
  const ig_train_options *o = &c->options.train;
  int64_t epochs;
  IG__TRY(ig__options_check(IG_VERB_COMPARE, asked));
  c->options = *asked;
  if (*asked->train.resume) IG__TRY(load_options(c, asked));
  if (o->given >> ig__option_row(ig__verb_table(IG_VERB_TRAIN), "optimizer") & 1)
    return ig__fail(IG_USAGE, "compare: --optimizer names one; give --optimizers a list");
  if (*o->time) return ig__fail(IG_USAGE, "compare: --time: runs whose length the clock decides cannot be compared; --epochs says how long they are");
  if (!ig__parse_i64(o->epochs, &epochs) || epochs < 1 || epochs > 1000000)
    return ig__fail(IG_USAGE, "--epochs %s: a number up to 1000000 is wanted", o->epochs);
  IG__TRY(ig__contestants_read(c->options.optimizers, o->epochs, c->contestant, c->result->run, &c->count));
  c->result->runs = c->count;
  if (*asked->train.resume) return IG_OK;
  IG__TRY(ig__folder_make(o->out, "compare", c->result->out));
  return save_options(c);
}

/* ---- runs --------------------------------------------------------------------------------------------------------------------- */

/* The figures of a run that has ended; those of its last epoch stand in its checkpoint. */
static ig_status take_result(compare *c, int i) {
  ig_compare_run *r = &c->result->run[i];
  const ig__sweep_result *from = &c->run[i].result;
  ig__run_state state = {0};
  if (!from->done || !from->ended) return IG_OK;
  IG__TRY(ig__run_state_read(r->folder, &state));
  r->done = true;
  r->status = from->status;
  r->epochs = (int)state.epoch;
  r->val = from->val;
  r->test = from->test;
  r->seconds = from->seconds;
  r->loss = NAN;
  r->cost = (double)state.epoch;
  if (state.history_count) {
    const ig_epoch *last = &state.history[state.history_count - 1];
    if (c->contestant[i].descent) r->cost = last->cost;
    if (from->status != IG_DIVERGED) r->loss = last->train.loss;
  }
  ig__run_state_free(&state);
  return IG_OK;
}

static void find_best(ig_compare_result *r) {
  for (int i = 0; i < r->runs; i++) {
    int best = i;
    for (int k = 0; k < r->runs; k++) {
      bool other = r->run[k].item == r->run[i].item && r->run[k].done && isfinite(r->run[k].loss);
      if (other && (!(r->run[best].done && isfinite(r->run[best].loss)) || r->run[k].loss < r->run[best].loss)) best = k;
    }
    r->run[i].best = best == i && r->run[i].done && isfinite(r->run[i].loss);
  }
}

static void on_ended(void *user, const ig__sweep_run *run, int done, int count) {
  compare *c = user;
  int i = (int)(run - c->run);
  /* What cannot be read now is read once more, and told, when all have ended. */
  if (take_result(c, i) == IG_OK && c->events && c->events->run) c->events->run(c->events->user, &c->result->run[i], done, count);
}

static ig_status on_stop(void *user) {
  const compare *c = user;
  return c->events && c->events->stop ? c->events->stop(c->events->user) : IG_OK;
}

static ig_status run_all(compare *c) {
  ig__sweep *sweep;
  char folder[IG_PATH_SIZE + 8];
  const ig__sweep_events events = {.ended = on_ended, .stop = on_stop, .user = c};
  ig__snprintf(folder, sizeof folder, "%s/runs", c->result->out);
  for (int i = 0; i < c->count; i++) {
    const ig__contestant *who = &c->contestant[i];
    int used = ig__snprintf(c->result->run[i].folder, IG_PATH_SIZE, "%s/%s", folder, who->folder);
    if (used < 0 || used >= IG_PATH_SIZE) return ig__fail(IG_USAGE, "--out %s: the path is too long", c->result->out);
    c->run[i] = (ig__sweep_run){.name = who->folder, .setting = who->setting, .settings = who->settings, .after = -1};
  }
  IG__TRY(ig__sweep_new(&(ig__sweep_options){.context = c->context, .folder = folder, .base = &c->options.train, .events = &events}, &sweep));
  ig_status status = ig__sweep_go(sweep, c->run, c->count);
  ig__sweep_free(sweep);
  for (int i = 0; i < c->count && status == IG_OK; i++) status = take_result(c, i);
  return status;
}

ig_status ig_compare(ig_context *context, const ig_compare_options *options, const ig_compare_events *events, ig_compare_result *result) {
  *result = (ig_compare_result){.runs = 0};
  compare *c = ig__alloc(1, sizeof *c);
  if (!c) return ig__verb_end(context, IG_NO_MEMORY);
  c->context = context;
  c->events = events;
  c->result = result;
  ig_status status = open_all(c, options);
  if (status == IG_OK) status = run_all(c);
  if (status == IG_OK) find_best(result);
  if (status == IG_OK) status = ig__compare_write(&c->options, result);
  ig__free(c);
  return ig__verb_end(context, status);
}
