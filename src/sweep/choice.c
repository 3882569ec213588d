/* What the figures say: means over the folds, the least of them, and the one-standard-error rule (Breiman, Friedman, Olshen, Stone, 1984):
 * the strongest penalty whose mean lies within a standard error of the least, because means that near are alike, and the simpler
 * network is to be preferred. */
#include "sweep/tune.h"

#include <math.h>
#include <string.h>

ig_tune_score ig__score_of(const double *value, int count) {
  double sum = 0, squares = 0;
  for (int i = 0; i < count; i++) sum += value[i];
  double mean = count ? sum / count : (double)NAN;
  for (int i = 0; i < count; i++) squares += (value[i] - mean) * (value[i] - mean);
  return (ig_tune_score){mean, count > 1 ? sqrt(squares / (count - 1) / count) : (double)NAN};
}

void ig__trial_score(const ig__tune *t, ig__trial *trial) {
  double accuracy[100], loss[100], by[100]; /* folds of the option's range */
  const int folds = t->options->folds;
  const bool by_loss = t->options->by[0] == 'l';
  trial->complete = true;
  trial->diverged = false;
  for (int f = 0; f < folds; f++) {
    const ig__sweep_result *r = &trial->run[f].result;
    if (!r->done) trial->complete = false;
    else if (r->status == IG_DIVERGED || !isfinite(r->val.data_loss)) trial->diverged = true;
    accuracy[f] = r->val.accuracy;
    loss[f] = r->val.data_loss;
    by[f] = by_loss ? loss[f] : 1 - accuracy[f];
  }
  const bool figures = trial->complete && !trial->diverged;
  const ig_tune_score none = {(double)NAN, (double)NAN};
  trial->accuracy = figures ? ig__score_of(accuracy, folds) : none;
  trial->loss = figures ? ig__score_of(loss, folds) : none;
  trial->by = figures ? ig__score_of(by, folds) : none;
}

/* Less; then the smaller loss; then what was tried first. A trial without figures is behind all others, and one that halving left behind
 * is behind those that went on: its figures are of fewer epochs. */
static bool is_before(const ig__search *s, int a, int b) {
  const ig__trial *x = &s->trial[a], *y = &s->trial[b];
  if (isfinite(x->by.mean) != isfinite(y->by.mean)) return isfinite(x->by.mean);
  if (x->rungs != y->rungs) return x->rungs > y->rungs;
  if (isfinite(x->by.mean) && x->by.mean != y->by.mean) return x->by.mean < y->by.mean;
  if (isfinite(x->by.mean) && x->loss.mean != y->loss.mean) return x->loss.mean < y->loss.mean;
  return a < b;
}

void ig__search_rank(const ig__search *s, int *order) {
  for (int i = 0; i < s->trials; i++) {
    int k = i;
    for (; k > 0 && is_before(s, i, order[k - 1]); k--) order[k] = order[k - 1];
    order[k] = i;
  }
}

/* Do the two differ in nothing but the penalty? */
static bool beside(const ig__tune *t, const ig__trial *a, const ig__trial *b) {
  for (int d = 0; d < t->dims; d++)
    if (d != t->penalty && strcmp(a->value[d], b->value[d]) != 0) return false;
  return true;
}

void ig__search_choose(const ig__tune *t, ig__search *s) {
  s->minimum = s->one_se = s->chosen = -1;
  for (int i = 0; i < s->trials; i++) ig__trial_score(t, &s->trial[i]);
  for (int i = 0; i < s->trials; i++)
    if (isfinite(s->trial[i].by.mean) && (s->minimum < 0 || is_before(s, i, s->minimum))) s->minimum = i;
  if (s->minimum < 0) return;
  const ig__trial *least = &s->trial[s->minimum];
  if (t->penalty >= 0 && isfinite(least->by.error)) {
    s->one_se = s->minimum;
    for (int i = 0; i < s->trials; i++) {
      const ig__trial *x = &s->trial[i];
      if (x->rungs == least->rungs && x->by.mean <= least->by.mean + least->by.error && beside(t, x, least) &&
          x->number[t->penalty] > s->trial[s->one_se].number[t->penalty])
        s->one_se = i;
    }
  }
  s->chosen = t->options->choose[0] == 'o' ? s->one_se : s->minimum;
}
