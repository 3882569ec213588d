/* Which samples train, validate and test.
 *
 * A split takes, in each class, the samples whose Philox(seed, key) is smallest: adding a few pictures moves only a few
 * others across the border, and nothing depends on the order of files. How many a class gives is its share, rounded by
 * largest remainders: 100 classes of 4 pictures at 10 % give 40 pictures, where rounding each class alone would give
 * none. */
#include "data/data.h"
#include "data/sort.h"

#include <math.h>

#define HELD (IG__PARTS + 1)

typedef struct {
  const ig__source *source;
  int64_t n;            /* samples of the source's training part */
  int classes;          /* one more than the source's: the last takes those without a label */
  ig__ranked *ranked, *scratch, *remainder;
  int32_t *class_of;    /* [n] */
  uint8_t *to;          /* [n] the part each goes to; IG__PARTS: left out by the limit; HELD */
  int64_t *have, *quota;/* [classes] */
} split;

static ig_status split_alloc(split *s) {
  size_t n = (size_t)s->n, c = (size_t)s->classes, m = n > c ? n : c;
  if (!(s->ranked = ig__alloc(n, sizeof *s->ranked))) return IG_NO_MEMORY;
  if (!(s->scratch = ig__alloc(m, sizeof *s->scratch))) return IG_NO_MEMORY;
  if (!(s->remainder = ig__alloc(c, sizeof *s->remainder))) return IG_NO_MEMORY;
  if (!(s->class_of = ig__alloc(n, sizeof *s->class_of))) return IG_NO_MEMORY;
  if (!(s->to = ig__alloc(n, sizeof *s->to))) return IG_NO_MEMORY;
  if (!(s->have = ig__alloc(c, sizeof *s->have))) return IG_NO_MEMORY;
  if (!(s->quota = ig__alloc(c, sizeof *s->quota))) return IG_NO_MEMORY;
  return IG_OK;
}

static void split_free(split *s) {
  ig__free(s->ranked);
  ig__free(s->scratch);
  ig__free(s->remainder);
  ig__free(s->class_of);
  ig__free(s->to);
  ig__free(s->have);
  ig__free(s->quota);
}

/* Deals `target` samples to the classes in proportion to have[c] of `total`: whole parts first, then one more each to the
 * largest remainders (ties: the lower class). `keep` are left in each class whatever its share. */
static void deal(split *s, int64_t target, int64_t total, int64_t keep) {
  int64_t dealt = 0;
  for (int c = 0; c < s->classes; c++) {
    double exact = total ? (double)target * (double)s->have[c] / (double)total : 0;
    double whole = floor(exact);
    s->quota[c] = (int64_t)whole;
    dealt += s->quota[c];
    s->remainder[c] = (ig__ranked){(uint64_t)((1 - (exact - whole)) * 0x1p52), c};
  }
  ig__sort_ranked(s->remainder, s->scratch, (size_t)s->classes);
  for (int i = 0; i < s->classes && dealt < target; i++)
    if (s->quota[s->remainder[i].at] < s->have[s->remainder[i].at]) {
      s->quota[s->remainder[i].at]++;
      dealt++;
    }
  for (int c = 0; c < s->classes; c++)
    if (s->quota[c] > s->have[c] - keep) s->quota[c] = s->have[c] > keep ? s->have[c] - keep : 0;
}

/* Sorts those still in training by Philox(seed, purpose, key); answers how many, and counts them by class. */
static int64_t rank(split *s, uint64_t seed, ig__purpose purpose) {
  int64_t n = 0;
  for (int c = 0; c < s->classes; c++) s->have[c] = 0;
  for (int64_t i = 0; i < s->n; i++) {
    if (s->to[i] != IG__TRAIN) continue;
    uint64_t key = s->source->kind->key(s->source, IG__TRAIN, i);
    s->ranked[n++] = (ig__ranked){ig__rng_key(seed, purpose, key, 0), i};
    s->have[s->class_of[i]]++;
  }
  ig__sort_ranked(s->ranked, s->scratch, (size_t)n);
  return n;
}

/* The first quota[c] of each class, in ranked order, go to `part`. */
static void take(split *s, int64_t n, int part) {
  for (int64_t i = 0; i < n; i++) {
    int64_t at = s->ranked[i].at;
    if (s->to[at] == IG__TRAIN && s->quota[s->class_of[at]] > 0) {
      s->quota[s->class_of[at]]--;
      s->to[at] = (uint8_t)part;
    }
  }
}

/* Those outside the limit are taken out: the smallest stay. */
static void limit(split *s, const ig__split_options *options) {
  if (options->limit <= 0) return;
  int64_t n = rank(s, options->seed, IG__FOR_LIMIT);
  if (options->limit >= n) return;
  deal(s, options->limit, n, 0);
  for (int64_t i = 0; i < n; i++) {
    int64_t at = s->ranked[i].at;
    if (s->quota[s->class_of[at]]-- <= 0) s->to[at] = IG__PARTS;
  }
}

/* Each class trains on one sample at least. */
static void hold(split *s, const ig__split_options *options) {
  if (!(options->hold > 0)) return;
  int64_t n = rank(s, options->seed, IG__FOR_HOLD);
  deal(s, (int64_t)floor(options->hold * (double)n + 0.5), n, 1);
  take(s, n, HELD);
}

/* Deals what still trains as cards are dealt, class after class in ranked order: folds differ by one picture at most, in every class
 * and as a whole. */
static void take_fold(split *s, ig__fold fold, uint64_t seed, int part) {
  int64_t n = rank(s, seed, IG__FOR_SPLIT), before = 0;
  for (int c = 0; c < s->classes; c++) {
    s->quota[c] = before; /* the place of the class's next picture */
    before += s->have[c];
  }
  for (int64_t i = 0; i < n; i++) {
    int64_t at = s->ranked[i].at;
    if (s->quota[s->class_of[at]]++ % fold.of == fold.index - 1) s->to[at] = (uint8_t)part;
  }
}

static void choose(split *s, const ig__split_options *options, const uint8_t *broken, double val, double test) {
  const bool folds = options->fold.of > 1 || options->test_fold.of;
  for (int64_t i = 0; i < s->n; i++) {
    int label = s->source->kind->label ? s->source->kind->label(s->source, IG__TRAIN, i) : -1;
    s->class_of[i] = label >= 0 && label < s->classes - 1 ? label : s->classes - 1;
    if (broken && broken[i]) s->to[i] = IG__PARTS;
  }
  if (options->fold.of > 1 && test > 0) { /* the same as without folds, and left alone */
    const int64_t n = rank(s, options->seed, IG__FOR_SPLIT);
    deal(s, (int64_t)floor(test * (double)n + 0.5), n, 1);
    take(s, n, IG__PARTS);
  }
  if (folds) limit(s, options);
  if (options->test_fold.of) take_fold(s, options->test_fold, options->seed, options->fold.of ? IG__PARTS : IG__TEST);
  if (options->fold.of > 1) {
    take_fold(s, options->fold, options->seed, IG__VAL);
    return;
  }
  int64_t n = rank(s, options->seed, IG__FOR_SPLIT);
  int64_t tests = (int64_t)floor(test * (double)n + 0.5), vals = (int64_t)floor(val * (double)n + 0.5);
  deal(s, tests, n, 1);
  for (int c = 0; c < s->classes; c++) s->have[c] -= s->quota[c]; /* what test leaves for validation */
  take(s, n, options->fold.of ? IG__PARTS : IG__TEST);
  int64_t left = 0;
  for (int c = 0; c < s->classes; c++) left += s->have[c];
  deal(s, vals, left, 1);
  take(s, n, IG__VAL);
  if (!folds) limit(s, options);
}

/* `own`: what the source itself has of each part. */
static ig_status list(const split *s, const int64_t own[IG__PARTS], ig__samples *out) {
  const ig__source *source = s->source;
  for (int64_t i = 0; i < s->n; i++) {
    if (s->to[i] < IG__PARTS) out->count[s->to[i]]++;
    out->held_count += s->to[i] == HELD;
  }
  for (int part = IG__VAL; part < IG__PARTS; part++) out->count[part] += own[part];
  for (int part = 0; part < IG__PARTS; part++)
    if (!(out->ref[part] = ig__alloc((size_t)out->count[part], sizeof **out->ref))) return IG_NO_MEMORY;
  if (!(out->held = ig__alloc((size_t)out->held_count, sizeof *out->held))) return IG_NO_MEMORY;
  int64_t at[HELD + 1] = {0};
  for (int64_t i = 0; i < s->n; i++) {
    const int to = s->to[i];
    if (to == IG__PARTS) continue;
    (to == HELD ? out->held : out->ref[to])[at[to]++] = (ig__ref){IG__TRAIN, i, source->kind->key(source, IG__TRAIN, i)};
  }
  for (ig__part part = IG__VAL; part < IG__PARTS; part++)
    for (int64_t i = 0; i < own[part]; i++)
      out->ref[part][at[part]++] = (ig__ref){part, i, source->kind->key(source, part, i)};
  return IG_OK;
}

static ig_status check_folds(const ig__source *source, const ig__split_options *o) {
  const ig__fold *fold[] = {&o->fold, &o->test_fold};
  int64_t n = source->info.count[IG__TRAIN];
  if (o->limit > 0 && o->limit < n) n = o->limit;
  for (int i = 0; i < 2; i++)
    if (fold[i]->of && (fold[i]->of <= i || fold[i]->index < 1 || fold[i]->index > fold[i]->of || fold[i]->of > n))
      return ig__fail(IG_USAGE, "fold %d of %d: folds are counted from 1, none is everything, and none is without a picture (%s trains on "
                      "%lld)", fold[i]->index, fold[i]->of, source->info.name, (long long)n);
  if (o->fold.of > 1 && source->info.count[IG__VAL])
    return ig__fail(IG_USAGE, "%s has a validation part of its own, %lld pictures; folds are made where there is none. Choose by that part "
                    "(tune --folds 1), or move its pictures to the training part", source->info.name, (long long)source->info.count[IG__VAL]);
  return IG_OK;
}

ig_status ig__samples_make_without(const ig__source *source, const ig__split_options *options, const uint8_t *broken, ig__samples *out) {
  *out = (ig__samples){0};
  const ig__fold fold = options->fold, test_fold = options->test_fold;
  double val = source->info.count[IG__VAL] ? 0 : options->val < 0 ? 0.1 : options->val;
  double test = source->info.count[IG__TEST] || test_fold.of ? 0 : options->test;
  int64_t own[IG__PARTS] = {0, source->info.count[IG__VAL], source->info.count[IG__TEST]};
  IG__TRY(check_folds(source, options));
  if (fold.of || test_fold.of) own[IG__TEST] = 0;
  if (!(val >= 0 && test >= 0 && val + test < 1))
    return ig__fail(IG_USAGE, "validation and test take shares of the training part: asked for %d %% and %d %%, together they "
                    "must leave something to train on", (int)(fmin(fmax(val, -1), 9) * 100), (int)(fmin(fmax(test, -1), 9) * 100));
  split s = {.source = source, .n = source->info.count[IG__TRAIN], .classes = source->info.class_count + 1};
  ig_status status = split_alloc(&s);
  if (status == IG_OK) {
    choose(&s, options, broken, val, test);
    hold(&s, options);
    status = list(&s, own, out);
  }
  split_free(&s);
  if (status != IG_OK) ig__samples_free(out);
  return status;
}

ig_status ig__samples_make(const ig__source *source, const ig__split_options *options, ig__samples *out) {
  return ig__samples_make_without(source, options, NULL, out);
}

void ig__samples_free(ig__samples *samples) {
  for (int part = 0; part < IG__PARTS; part++) ig__free(samples->ref[part]);
  ig__free(samples->held);
  *samples = (ig__samples){0};
}
