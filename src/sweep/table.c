/* What a tune leaves beside its page: how it was asked for, every run's figures, the configuration that it chose. */
#include "base/text.h"
#include "sweep/tune.h"

#include <math.h>
#include <string.h>

/* ---- tune.yaml ------------------------------------------------------------------------------------------------------------------------- */

ig_status ig__tune_save_options(const ig__tune *t) {
  const ig_tune_options *o = t->options;
  ig__buffer out = {0};
  uint64_t tuned = 0;
  for (const ig__option *row = ig__verb_table(IG_VERB_TUNE); row->name; row++) ig__config_line(row, o, &out);
  for (int i = 0; i < o->spreads; i++) {
    ig__config_text(o->spread[i].name, o->spread[i].values, &out);
    tuned |= (uint64_t)1 << ig__option_row(ig__verb_table(IG_VERB_TRAIN), o->spread[i].name);
  }
  ig__saved_options(&o->train, tuned, &out);
  return ig__folder_write(t->folder, "tune.yaml", &out);
}

ig_status ig__tune_load_options(const char *folder, ig_tune_options *out) {
  char *path = ig__format("%s/tune.yaml", folder);
  *out = ig_tune_options_default();
  ig_status status = path ? ig_options_load(IG_VERB_TUNE, out, path) : IG_NO_MEMORY;
  ig__free(path);
  return ig__fail_at(status, "--resume %s", folder);
}

/* ---- tune.csv -------------------------------------------------------------------------------------------------------------------------- */

static void text_cell(ig__buffer *out, const char *text) {
  if (!strpbrk(text, ",\"\n\r")) {
    ig__buffer_text(out, ",%s", text);
    return;
  }
  ig__buffer_text(out, ",\"");
  for (; *text; text++) ig__buffer_text(out, *text == '"' ? "\"\"" : "%c", *text);
  ig__buffer_text(out, "\"");
}

/* An empty cell is a value that does not exist. */
static void cell(ig__buffer *out, double v) {
  char text[32];
  ig__buffer_text(out, ",%s", isfinite(v) ? ig__print_double(text, v) : "");
}

static void count_cell(ig__buffer *out, int n) { n > 0 ? ig__buffer_text(out, ",%d", n) : ig__buffer_text(out, ","); }

/* fold 0: a refit. */
static void row(const ig__tune *t, const ig__search *s, int trial, int fold, const ig__sweep_run *run, ig__buffer *out) {
  const ig__sweep_result *r = &run->result;
  const bool val = r->val.n > 0 && r->status != IG_DIVERGED, test = r->test.n > 0 && r->status != IG_DIVERGED;
  if (!r->done) return;
  ig__buffer_text(out, "%s", run->name);
  count_cell(out, trial + 1);
  for (int d = 0; d < t->dims; d++) text_cell(out, s->trial[trial].value[d]);
  count_cell(out, s->outer);
  count_cell(out, fold);
  text_cell(out, ig_status_name(r->status));
  ig__buffer_text(out, ",%d,%d,%lld", r->epochs, r->best_epoch, (long long)r->val.n);
  cell(out, val ? r->val.data_loss : (double)NAN);
  cell(out, val ? r->val.penalty : (double)NAN);
  cell(out, val ? r->val.accuracy : (double)NAN);
  ig__buffer_text(out, ",%lld", (long long)r->test.n);
  cell(out, test ? r->test.data_loss : (double)NAN);
  cell(out, test ? r->test.accuracy : (double)NAN);
  cell(out, r->seconds);
  ig__buffer_text(out, "\n");
}

static void rows(const ig__tune *t, const ig__search *s, ig__buffer *out) {
  for (int i = 0; i < s->trials; i++)
    for (int f = 0; f < t->options->folds; f++) row(t, s, i, f + 1, &s->trial[i].run[f], out);
  if (s->refit) row(t, s, s->chosen, 0, s->refit, out);
}

ig_status ig__tune_write_table(const ig__tune *t) {
  ig__buffer out = {0};
  ig__buffer_text(&out, "run,setting");
  for (int d = 0; d < t->dims; d++) ig__buffer_text(&out, ",%s", t->option[d]->name);
  ig__buffer_text(&out, ",outer,fold,status,epochs,best_epoch,val/n,val/data_loss,val/penalty,val/accuracy,test/n,test/data_loss,test/accuracy,"
                        "seconds\n");
  for (int j = 0; j < t->outers; j++) rows(t, &t->outer[j], &out);
  rows(t, &t->search, &out);
  return ig__folder_write(t->folder, "tune.csv", &out);
}

/* ---- best.yaml ------------------------------------------------------------------------------------------------------------------------- */

/* The configuration of the refit, or else of a run of the choice without its fold, as it came to be: with what the data chose. */
ig_status ig__tune_write_best(const ig__tune *t) {
  const ig__search *s = &t->search;
  const ig__sweep_run *from = s->refit ? s->refit : s->trial[s->chosen].run;
  char *path = ig__format("%s/runs/%s/config.yaml", t->folder, from->name);
  ig_train_options *o = ig__alloc(1, sizeof *o);
  ig__buffer out = {0};
  ig_status status = path && o ? IG_OK : IG_NO_MEMORY;
  if (status == IG_OK) {
    *o = ig_train_options_default();
    status = ig_options_load(IG_VERB_TRAIN, o, path);
  }
  if (status == IG_OK) {
    o->out[0] = o->resume[0] = o->fold[0] = o->tensorboard[0] = 0;
    o->val = 0;
    memcpy(o->weights, t->base.weights, sizeof o->weights);
    memcpy(o->report, t->options->train.report, sizeof o->report);
    ig__config_write(o, &out);
    status = ig__folder_write(t->folder, "best.yaml", &out);
  }
  ig__free(path);
  ig__free(o);
  return status;
}
