/* The settings that are tried. */
#include "base/text.h"
#include "sweep/tune.h"

#include <math.h>
#include <string.h>

#define MOST_TRIALS 20000
#define TRIES 200           /* for a draw that is not there yet */

static int points_of(const ig__tune *t, int dim) { return t->values[dim].range ? t->options->points : t->values[dim].count; }

/* Value `index` of so many. NULL: no memory. */
static const char *value_at(ig__tune *t, int dim, int index) {
  const ig__values *v = &t->values[dim];
  char text[32];
  if (!v->range) return v->value[index];
  ig__values_at(v, t->options->points > 1 ? (double)index / (t->options->points - 1) : 0.5, text);
  return ig__arena_strdup(t->arena, text);
}

static bool same(const ig__tune *t, const ig__trial *a, const ig__trial *b) {
  for (int d = 0; d < t->dims; d++)
    if (strcmp(a->value[d], b->value[d]) != 0) return false;
  return true;
}

static bool is_new(const ig__tune *t, const ig__search *s, const ig__trial *trial) {
  for (int i = 0; i < s->trials; i++)
    if (same(t, &s->trial[i], trial)) return false;
  return true;
}

static void add(ig__tune *t, ig__search *s, const ig__trial *trial) {
  ig__trial *to = &s->trial[s->trials++];
  *to = *trial;
  to->in = true;
  for (int d = 0; d < t->dims; d++)
    if (!ig__parse_double(to->value[d], &to->number[d])) to->number[d] = NAN;
}

/* Every value with every other: the last option turns fastest. Whole numbers of a narrow range may fall together; each is tried once. */
static ig_status grid(ig__tune *t, ig__search *s) {
  int index[IG_TUNE_SPREADS] = {0};
  for (;;) {
    ig__trial trial = {.rungs = 0};
    for (int d = 0; d < t->dims; d++)
      if (!(trial.value[d] = value_at(t, d, index[d]))) return IG_NO_MEMORY;
    if (is_new(t, s, &trial)) add(t, s, &trial);
    int d = t->dims - 1;
    while (d >= 0 && ++index[d] == points_of(t, d)) index[d--] = 0;
    if (d < 0) return IG_OK;
  }
}

static ig_status draw(ig__tune *t, ig__search *s) {
  for (int i = 0, tries = 0; s->trials < t->options->points && tries < TRIES * t->options->points; i++, tries++) {
    ig__trial trial = {.rungs = 0};
    for (int d = 0; d < t->dims; d++) {
      ig__rng r = ig__rng_make((uint64_t)t->options->train.seed, IG__FOR_SEARCH, (uint64_t)i, (uint32_t)d);
      const ig__values *v = &t->values[d];
      char text[32];
      if (v->range) ig__values_at(v, ig__rng_uniform(&r), text);
      trial.value[d] = v->range ? ig__arena_strdup(t->arena, text) : v->value[ig__rng_below(&r, (uint32_t)v->count)];
      if (!trial.value[d]) return IG_NO_MEMORY;
    }
    if (is_new(t, s, &trial)) add(t, s, &trial);
  }
  return IG_OK;
}

/* From strong to weak. */
static void sort_path(ig__search *s) {
  for (int i = 1; i < s->trials; i++)
    for (int k = i; k > 0 && s->trial[k].number[0] > s->trial[k - 1].number[0]; k--) {
      ig__trial swap = s->trial[k];
      s->trial[k] = s->trial[k - 1];
      s->trial[k - 1] = swap;
    }
}

/* The settings of a run, with the fold that it validates on. */
static ig_status settings(ig__tune *t, const ig__search *s, const ig__trial *trial, int fold, ig__sweep_run *run) {
  ig__setting *set = ig__arena_take(t->arena, (size_t)t->dims + 2, sizeof *set);
  if (!set) return IG_NO_MEMORY;
  int n = 0;
  for (int d = 0; d < t->dims; d++) set[n++] = (ig__setting){t->option[d]->name, trial->value[d]};
  set[n++] = (ig__setting){"fold", ig__arena_format(t->arena, "%d/%d", fold + 1, t->options->folds)};
  if (s->outer) set[n++] = (ig__setting){"test_fold", ig__arena_format(t->arena, "%d/%d", s->outer, t->outers)};
  run->setting = set;
  run->settings = n;
  return set[n - 1].value && set[t->dims].value ? IG_OK : IG_NO_MEMORY;
}

static ig_status make_runs(ig__tune *t, ig__search *s) {
  const int folds = t->options->folds;
  const bool path = !strcmp(t->options->search, "path");
  s->run = ig__arena_take(t->arena, (size_t)s->trials * (size_t)folds, sizeof *s->run);
  if (!s->run) return IG_NO_MEMORY;
  for (int i = 0; i < s->trials; i++) {
    s->trial[i].run = s->run + i * folds;
    for (int f = 0; f < folds; f++) {
      ig__sweep_run *run = &s->trial[i].run[f];
      char outer[32] = "";
      if (s->outer) ig__snprintf(outer, sizeof outer, "outer-%d-", s->outer);
      *run = (ig__sweep_run){.after = path && i > 0 ? (i - 1) * folds + f : -1, .slim = true,
                             .name = ig__arena_format(t->arena, folds > 1 ? "%s%03d-fold-%d" : "%s%03d", outer, i + 1, f + 1)};
      if (!run->name) return IG_NO_MEMORY;
      IG__TRY(settings(t, s, &s->trial[i], f, run));
    }
  }
  return IG_OK;
}

ig_status ig__trials_make(ig__tune *t, ig__search *s) {
  const bool random = !strcmp(t->options->search, "random");
  double most = random ? t->options->points : 1;
  for (int d = 0; d < t->dims && !random; d++) most *= points_of(t, d);
  if (most * t->options->folds > MOST_TRIALS) return ig__fail(IG_USAGE, "tune: %.0f settings on %d folds; %d runs at most", most, t->options->folds, MOST_TRIALS);
  s->trial = ig__arena_take(t->arena, (size_t)most, sizeof *s->trial);
  if (!s->trial) return IG_NO_MEMORY;
  IG__TRY(random ? draw(t, s) : grid(t, s));
  if (!strcmp(t->options->search, "path")) sort_path(s);
  return make_runs(t, s);
}

const char *ig__trial_text(const ig__tune *t, const ig__trial *trial, char out[IG_PATH_SIZE]) {
  size_t at = 0;
  out[0] = 0;
  for (int d = 0; d < t->dims && at < IG_PATH_SIZE; d++) {
    const char *quote = strpbrk(trial->value[d], " ,\"") || !*trial->value[d] ? "\"" : "";
    at += (size_t)ig__snprintf(out + at, IG_PATH_SIZE - at, "%s%s=%s%s%s", d ? " " : "", t->option[d]->name, quote, trial->value[d], quote);
  }
  return out;
}
