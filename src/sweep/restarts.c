/* train --restarts: the same run from several seeds, and the best of them as the run. */
#include "imgrad/restarts.h"
#include "base/text.h"
#include "imgrad/report.h"
#include "sweep/sweep.h"
#include "train/restarts.h"

#include <math.h>
#include <string.h>

#define SETTINGS 4

typedef struct restarting {
  ig_context *context;
  ig_train_options options;
  const ig_restarts_events *events;
  ig_restarts_result *result;
  ig__sweep_run *run;        /* [count], and what belongs to each */
  ig__setting (*setting)[SETTINGS];
  char (*name)[16], (*start)[24];
  int count;
} restarting;

/* ---- what makes no sense -------------------------------------------------------------------------------------------------------- */

/* By the labels alone: no picture is looked at. */
static ig_status check_validation(const restarting *m) {
  ig__source *source = NULL;
  ig__samples samples = {0};
  ig__split_options split;
  ig_status status = ig__choose_source(m->context, &m->options, &source);
  if (status == IG_OK) status = ig__split_of(&m->options, &split);
  if (status == IG_OK) status = ig__samples_make(source, &split, &samples);
  if (status == IG_OK && !samples.count[IG__VAL])
    status = ig__fail(IG_USAGE, "--restarts keeps the run that is best by validation, and with --val %g %s has no validation part", m->options.val,
                      m->options.data);
  ig__samples_free(&samples);
  ig__source_close(source);
  return status;
}

static ig_status check(const restarting *m) {
  const ig_train_options *o = &m->options;
  if (o->restarts < 2) return ig__fail(IG_USAGE, "--restarts %d: two runs at least can be told apart", o->restarts);
  if (*o->time || !strcmp(o->epochs, "time"))
    return ig__fail(IG_USAGE, "--restarts: runs whose length the clock decides cannot be compared; leave --time out, --epochs says how long they are");
  if (*o->epochs == '+') return ig__fail(IG_USAGE, "--restarts begins %d new runs, and --epochs %s adds to an old one", o->restarts, o->epochs);
  return check_validation(m);
}

/* ---- a new folder, or an old one -------------------------------------------------------------------------------------------------- */

bool ig_restarts_pending(const char *folder) {
  return *folder && ig__folder_has(folder, "restarts.yaml") && !ig__folder_has(folder, "config.yaml");
}

static ig_status take_up(restarting *m, const ig_train_options *asked) {
  const char *folder = asked->resume;
  if (!ig__folder_has(folder, "restarts.yaml"))
    return ig__fail(IG_USAGE, "--resume %s: this is no folder of restarts. --restarts begins new runs, and --resume goes on with one: give one of them", folder);
  if (!ig_restarts_pending(folder))
    return ig__fail(IG_USAGE, "--resume %s: its restarts are over, and it is the best of them; without --restarts it goes on", folder);
  char *path = ig__format("%s/restarts.yaml", folder);
  m->options = ig_train_options_default();
  ig_status status = path ? ig_options_load(IG_VERB_TRAIN, &m->options, path) : IG_NO_MEMORY;
  ig__free(path);
  IG__TRY(ig__fail_at(status, "--resume %s", folder));
  ig_train_options other = *asked;
  if (other.restarts == m->options.restarts) other.given &= ~((uint64_t)1 << ig__option_row(ig__verb_table(IG_VERB_TRAIN), "restarts"));
  if (ig__saved_differs(&other, NULL))
    return ig__fail(IG_USAGE, "--resume goes on with its own options (%s/restarts.yaml); only --threads, --workers and --checkpoint-every may be given with it",
                    folder);
  memcpy(m->result->out, folder, sizeof m->result->out);
  return ig__saved_take(asked, &m->options);
}

static ig_status begin(restarting *m) {
  ig__buffer out = {0};
  IG__TRY(check(m));
  IG__TRY(ig__folder_make(m->options.out, "train", m->result->out));
  ig__saved_options(&m->options, 0, &out);
  return ig__folder_write(m->result->out, "restarts.yaml", &out);
}

/* ---- runs ---------------------------------------------------------------------------------------------------------------------------- */

static ig_status make_runs(restarting *m) {
  const size_t count = (size_t)m->options.restarts;
  ig_restarts_result *r = m->result;
  m->run = ig__alloc(count, sizeof *m->run);
  m->setting = ig__alloc(count, sizeof *m->setting);
  m->name = ig__alloc(count, sizeof *m->name);
  m->start = ig__alloc(count, sizeof *m->start);
  r->run = ig__alloc(count, sizeof *r->run);
  if (!m->run || !m->setting || !m->name || !m->start || !r->run) return IG_NO_MEMORY;
  for (size_t i = 0; i < count; i++) {
    const int64_t start = m->options.start + (int64_t)i;
    ig__snprintf(m->name[i], sizeof m->name[i], "%02d", (int)i + 1);
    ig__snprintf(m->start[i], sizeof m->start[i], "%lld", (long long)start);
    ig__setting *s = m->setting[i];
    s[0] = (ig__setting){"start", m->start[i]};
    s[1] = (ig__setting){"restarts", "1"};
    s[2] = (ig__setting){"min_accuracy", "0"}; /* the bar is for the best */
    s[3] = (ig__setting){"report", "no"};
    m->run[i] = (ig__sweep_run){.name = m->name[i], .setting = s, .settings = SETTINGS, .after = -1};
    r->run[i].seed = m->options.seed + start;
    const int length = ig__snprintf(r->run[i].folder, sizeof r->run[i].folder, "%s/restarts/%s", r->out, m->name[i]);
    if (length < 0 || (size_t)length >= sizeof r->run[i].folder) return ig__fail(IG_USAGE, "--out %s: the path is too long", r->out);
  }
  r->runs = m->count = (int)count;
  return IG_OK;
}

static void take_result(restarting *m, int i) {
  const ig__sweep_result *from = &m->run[i].result;
  ig_restart *r = &m->result->run[i];
  if (!from->done || !from->ended) return;
  r->done = true;
  r->status = from->status;
  r->epochs = from->epochs;
  r->best_epoch = from->best_epoch;
  r->val = from->val;
  r->test = from->test;
  r->baseline = from->baseline;
  r->seconds = from->seconds;
}

static bool has_figures(const ig_restart *r) { return r->done && r->status != IG_DIVERGED && r->val.n > 0; }

static void choose(restarting *m) {
  ig_restarts_result *r = m->result;
  double *v = ig__alloc(2 * (size_t)r->runs, sizeof *v);
  r->best = -1;
  for (int i = 0; i < r->runs; i++) {
    take_result(m, i);
    const ig_restart *one = &r->run[i], *best = r->best >= 0 ? &r->run[r->best] : NULL;
    if (v) v[i] = has_figures(one) ? one->val.loss : (double)NAN;
    if (v) v[r->runs + i] = has_figures(one) ? one->val.accuracy : (double)NAN;
    if (!has_figures(one)) continue;
    if (!best || ig__is_better(one->val.accuracy, one->val.loss, best->val.accuracy, best->val.loss)) r->best = i;
  }
  r->loss = ig__span_of(v, v ? r->runs : 0);
  r->accuracy = ig__span_of(v ? v + r->runs : NULL, v ? r->runs : 0);
  ig__free(v);
}

static void on_ended(void *user, const ig__sweep_run *run, int done, int count) {
  restarting *m = user;
  const int i = (int)(run - m->run);
  take_result(m, i);
  if (m->events && m->events->run) m->events->run(m->events->user, &m->result->run[i], done, count);
}

static ig_status on_stop(void *user) {
  const restarting *m = user;
  return m->events && m->events->stop ? m->events->stop(m->events->user) : IG_OK;
}

static ig_status run_all(restarting *m) {
  ig__sweep *sweep;
  const ig__sweep_events events = {.ended = on_ended, .stop = on_stop, .user = m};
  char *folder = ig__format("%s/restarts", m->result->out);
  if (!folder) return IG_NO_MEMORY;
  ig_status status = ig__sweep_new(&(ig__sweep_options){.context = m->context, .folder = folder, .base = &m->options, .events = &events}, &sweep);
  if (status == IG_OK) {
    status = ig__sweep_go(sweep, m->run, m->count);
    ig__sweep_free(sweep);
  }
  ig__free(folder);
  return status;
}

/* ---- the best as the run --------------------------------------------------------------------------------------------------------------- */

static ig_status copy(const char *from, const char *to, const char *name) {
  ig__buffer bytes = {0};
  uint8_t *data = NULL;
  size_t size;
  if (!ig__folder_has(from, name)) return IG_OK;
  char *path = ig__format("%s/%s", from, name);
  ig_status status = path ? ig__file_read(path, SIZE_MAX, &data, &size) : IG_NO_MEMORY;
  if (status == IG_OK) ig__buffer_add(&bytes, data, size);
  ig__free(data);
  ig__free(path);
  return status == IG_OK ? ig__folder_write(to, name, &bytes) : status;
}

static void cell(ig__buffer *out, bool there, double v) {
  char text[32];
  ig__buffer_text(out, ",%s", there && isfinite(v) ? ig__print_double(text, v) : "");
}

static ig_status write_table(const ig_restarts_result *r) {
  ig__buffer out = {0};
  ig__buffer_text(&out, IG__RESTARTS_HEAD "\n");
  for (int i = 0; i < r->runs; i++) {
    const ig_restart *one = &r->run[i];
    ig__buffer_text(&out, "%lld,%s,%s,%d,%d", (long long)one->seed, ig_status_name(one->status), i == r->best ? "yes" : "no", one->epochs, one->best_epoch);
    cell(&out, has_figures(one), one->val.loss);
    cell(&out, has_figures(one), one->val.accuracy);
    cell(&out, true, one->seconds);
    ig__buffer_text(&out, "\n");
  }
  return ig__folder_write(r->out, IG__RESTARTS_TABLE, &out);
}

static ig_status note(const ig_restarts_result *r) {
  char *text = ig__format("the best of %d restarts, seed %lld; val accuracy %.4f to %.4f, mean %.4f, deviation %.4f; val loss %.6g to %.6g, mean %.6g, "
                          "deviation %.6g", r->runs, (long long)r->run[r->best].seed, r->accuracy.min, r->accuracy.max, r->accuracy.mean,
                          r->accuracy.deviation, r->loss.min, r->loss.max, r->loss.mean, r->loss.deviation);
  const ig_status status = text ? ig__folder_note(r->out, text) : IG_NO_MEMORY;
  ig__free(text);
  return status;
}

/* The configuration comes last: with it the folder is a run. */
static ig_status adopt(restarting *m) {
  static const char *const files[] = {"model.safetensors", "results.csv", "descent.csv", "layers.csv", "checkpoint", "log.txt"};
  ig_restarts_result *r = m->result;
  const char *from = r->run[r->best].folder;
  ig_train_options o;
  ig__buffer config = {0};
  for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) IG__TRY(copy(from, r->out, files[i]));
  IG__TRY(write_table(r));
  IG__TRY(note(r));
  IG__TRY(ig__run_options("train", from, &o));
  memcpy(o.out, r->out, sizeof o.out);
  memcpy(o.report, m->options.report, sizeof o.report);
  o.min_accuracy = m->options.min_accuracy;
  ig__config_write(&o, &config);
  return ig__folder_write(r->out, "config.yaml", &config);
}

static ig_status report(restarting *m) {
  const char *const run[] = {m->result->out};
  ig_report_options o = ig_report_options_default();
  ig_report_result r;
  o.workers = m->options.workers;
  return strcmp(m->options.report, "yes") != 0 ? IG_OK : ig__fail_at(ig_report(m->context, run, 1, &o, &r), "the run is whole, its report is not");
}

static ig_status finish(restarting *m) {
  const ig_restarts_result *r = m->result;
  if (r->best < 0) return ig__fail(IG_DIVERGED, "%s: all %d runs diverged; a smaller --lr may help", r->out, r->runs);
  IG__TRY(adopt(m));
  IG__TRY(report(m));
  const ig_metrics *last = r->run[r->best].test.n ? &r->run[r->best].test : &r->run[r->best].val;
  if (m->options.min_accuracy > 0 && !(last->accuracy >= m->options.min_accuracy))
    return ig__fail(IG_BELOW_BAR, "accuracy %.4f on the %s part is below the %.4f asked for", last->accuracy, r->run[r->best].test.n ? "test" : "val",
                    m->options.min_accuracy);
  return IG_OK;
}

ig_status ig_restarts(ig_context *context, const ig_train_options *options, const ig_restarts_events *events, ig_restarts_result *result) {
  *result = (ig_restarts_result){.best = -1};
  restarting *m = ig__alloc(1, sizeof *m);
  if (!m) return ig__verb_end(context, IG_NO_MEMORY);
  *m = (restarting){.context = context, .options = *options, .events = events, .result = result};
  ig_status status = ig__options_check(IG_VERB_TRAIN, options);
  if (status == IG_OK) status = *options->resume ? take_up(m, options) : begin(m);
  if (status == IG_OK) status = make_runs(m);
  if (status == IG_OK) status = run_all(m);
  if (result->runs) choose(m);
  if (status == IG_OK) status = finish(m);
  ig__free(m->run);
  ig__free(m->setting);
  ig__free(m->name);
  ig__free(m->start);
  ig__free(m);
  return ig__verb_end(context, status);
}

void ig_restarts_result_free(ig_restarts_result *result) {
  ig__free(result->run);
  *result = (ig_restarts_result){.best = -1};
}
