/* A search: its runs, done. */
#include "base/text.h"
#include "sweep/tune.h"

#include <string.h>

#define ETA 3               /* of halving: one setting in so many goes on, to so many times the epochs */

/* ---- successive halving (Jamieson, Talwalkar, 2016) ------------------------------------------------------------------------------------ */

static void plan_rungs(const ig__tune *t, ig__search *s) {
  s->rungs = 1;
  for (int power = ETA; power <= s->trials && power <= t->epochs && s->rungs < IG__MOST_RUNGS; power *= ETA) s->rungs++;
  int power = 1;
  for (int r = s->rungs - 1; r >= 0; r--, power *= ETA) s->epochs[r] = (t->epochs + power - 1) / power;
  power = 1;
  for (int r = 0; r < s->rungs; r++, power *= ETA) s->climbers[r] = (s->trials + power - 1) / power;
}

/* A run that went no further needs its checkpoint no more. */
static ig_status drop(const ig__tune *t, ig__trial *trial) {
  trial->in = false;
  for (int f = 0; f < t->options->folds; f++) {
    char *path = ig__format("%s/runs/%s/checkpoint", t->folder, trial->run[f].name);
    ig_status status = path ? ig__file_remove(path) : IG_NO_MEMORY;
    ig__free(path);
    IG__TRY(status);
  }
  return IG_OK;
}

/* The runs of those that are in, up to this rung. When the time is over in between, what is known of the rung before stays. */
static ig_status climb(ig__tune *t, ig__search *s, int rung, ig__sweep_run *list, bool *whole) {
  const int folds = t->options->folds;
  int count = 0;
  for (int i = 0; i < s->trials; i++)
    for (int f = 0; s->trial[i].in && f < folds; f++) {
      list[count] = s->trial[i].run[f];
      list[count++].epochs = rung < s->rungs - 1 ? s->epochs[rung] : 0;
    }
  IG__TRY(ig__sweep_go(t->sweep, list, count));
  *whole = true;
  for (int k = 0; k < count; k++) *whole &= list[k].result.done;
  if (!*whole && rung > 0) return IG_OK;
  count = 0;
  for (int i = 0; i < s->trials; i++) {
    for (int f = 0; s->trial[i].in && f < folds; f++) s->trial[i].run[f].result = list[count++].result;
    if (s->trial[i].in && *whole) s->trial[i].rungs++;
  }
  return IG_OK;
}

static ig_status halve(ig__tune *t, ig__search *s, ig__sweep_run *list, int *order) {
  plan_rungs(t, s);
  for (int r = 0; r < s->rungs; r++) {
    bool whole;
    IG__TRY(climb(t, s, r, list, &whole));
    if (!whole) return IG_OK;
    int next = r + 1 < s->rungs ? s->climbers[r + 1] : 0;
    ig__log(t->context, IG_LOG_INFO, "rung %d of %d, up to epoch %d: %d settings tried, %d %s", r + 1, s->rungs, s->epochs[r],
            s->climbers[r], next ? next : 1, next ? "go on" : "is chosen");
    for (int i = 0; i < s->trials; i++) ig__trial_score(t, &s->trial[i]);
    ig__search_rank(s, order);
    for (int k = next; next && k < s->climbers[r]; k++) IG__TRY(drop(t, &s->trial[order[k]]));
  }
  s->complete = true;
  return IG_OK;
}

static ig_status halving(ig__tune *t, ig__search *s) {
  ig__sweep_run *list = ig__alloc((size_t)s->trials * (size_t)t->options->folds, sizeof *list);
  int *order = ig__alloc((size_t)s->trials, sizeof *order);
  ig_status status = list && order ? halve(t, s, list, order) : IG_NO_MEMORY;
  ig__free(list);
  ig__free(order);
  return status;
}

/* ---- all of them ------------------------------------------------------------------------------------------------------------------------ */

ig_status ig__search_do(ig__tune *t, ig__search *s) {
  IG__TRY(ig__trials_make(t, s));
  s->minimum = s->one_se = s->chosen = -1;
  if (!strcmp(t->options->search, "halving")) IG__TRY(halving(t, s));
  else {
    const int count = s->trials * t->options->folds;
    IG__TRY(ig__sweep_go(t->sweep, s->run, count));
    s->complete = true;
    for (int i = 0; i < count; i++) s->complete &= s->run[i].result.done;
  }
  ig__search_choose(t, s);
  return IG_OK;
}

/* As long as the runs were kept, on the mean over the folds. */
static const char *kept_epochs(ig__tune *t, const ig__trial *trial) {
  const int folds = t->options->folds;
  int sum = 0;
  for (int f = 0; f < folds; f++) sum += trial->run[f].result.best_epoch;
  return ig__arena_format(t->arena, "%d", (2 * sum + folds) / (2 * folds));
}

ig_status ig__search_refit(ig__tune *t, ig__search *s) {
  char number[32];
  const ig__trial *trial = &s->trial[s->chosen];
  ig__setting *set = ig__arena_take(t->arena, (size_t)t->dims + 5, sizeof *set);
  ig__sweep_run *run = ig__arena_take(t->arena, 1, sizeof *run);
  if (!set || !run) return IG_NO_MEMORY;
  int n = 0;
  for (int d = 0; d < t->dims; d++) set[n++] = (ig__setting){t->option[d]->name, trial->value[d]};
  if (!strcmp(t->base.keep, "best")) set[n++] = (ig__setting){"epochs", kept_epochs(t, trial)};
  set[n++] = (ig__setting){"val", "0"}; /* all training pictures train; a validation part of the data's own still validates */
  if (s->outer) set[n++] = (ig__setting){"test_fold", ig__arena_format(t->arena, "%d/%d", s->outer, t->outers)};
  else {
    set[n++] = (ig__setting){"report", t->options->train.report};
    set[n++] = (ig__setting){"min_accuracy", ig__arena_strdup(t->arena, ig__print_double(number, t->options->train.min_accuracy))};
  }
  const char *name = s->outer ? ig__arena_format(t->arena, "outer-%d-refit-%03d", s->outer, s->chosen + 1)
                              : ig__arena_format(t->arena, "refit-%03d", s->chosen + 1);
  for (int i = 0; i < n; i++)
    if (!set[i].value) return IG_NO_MEMORY;
  if (!name) return IG_NO_MEMORY;
  *run = (ig__sweep_run){.name = name, .setting = set, .settings = n, .after = -1, .slim = s->outer > 0};
  IG__TRY(ig__sweep_go(t->sweep, run, 1));
  if (run->result.done) s->refit = run;
  return IG_OK;
}
