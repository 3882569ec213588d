/* The order of an epoch, and the sort under it.
 *
 * A radix sort: hashes are uniform, so six passes of 11 bits beat a comparison sort several times over, and an epoch of
 * a small net on 60,000 pictures takes only some 100 ms. */
#include "data/data.h"
#include "data/sort.h"

#include <string.h>

#define DIGIT_BITS 11
#define DIGITS 6 /* 6 · 11 ≥ 64; an even number of passes ends in `a` */
#define BUCKETS (1 << DIGIT_BITS)

void ig__sort_ranked(ig__ranked *a, ig__ranked *scratch, size_t count) {
  for (int digit = 0; digit < DIGITS; digit++) {
    size_t start[BUCKETS] = {0};
    int shift = digit * DIGIT_BITS;
    for (size_t i = 0; i < count; i++) start[a[i].rank >> shift & (BUCKETS - 1)]++;
    for (size_t b = 0, sum = 0; b < BUCKETS; b++) {
      size_t n = start[b];
      start[b] = sum;
      sum += n;
    }
    for (size_t i = 0; i < count; i++) scratch[start[a[i].rank >> shift & (BUCKETS - 1)]++] = a[i];
    ig__ranked *t = a;
    a = scratch;
    scratch = t;
  }
}

static bool after(const ig__ref *a, const ig__ref *b) {
  if (a->key != b->key) return a->key > b->key;
  return a->index != b->index ? a->index > b->index : a->part > b->part;
}

/* Equal hashes are one in 2^64 pairs, but the order must not depend on what order the list had before. */
static void settle_ties(ig__ranked *ranked, const ig__ref *ref, int64_t count) {
  for (int64_t i = 1; i < count; i++)
    for (int64_t j = i; j > 0 && ranked[j].rank == ranked[j - 1].rank && after(&ref[ranked[j - 1].at], &ref[ranked[j].at]); j--) {
      ig__ranked t = ranked[j];
      ranked[j] = ranked[j - 1];
      ranked[j - 1] = t;
    }
}

ig_status ig__order_epoch(ig__ref *ref, int64_t count, uint64_t seed, int64_t epoch) {
  if (count < 2) return IG_OK;
  size_t n = (size_t)count;
  ig__ranked *ranked = ig__alloc(n, sizeof *ranked), *scratch = ranked ? ig__alloc(n, sizeof *scratch) : NULL;
  ig__ref *copy = scratch ? ig__alloc(n, sizeof *copy) : NULL;
  if (copy) {
    memcpy(copy, ref, n * sizeof *copy);
    for (int64_t i = 0; i < count; i++)
      ranked[i] = (ig__ranked){ig__rng_key(seed, IG__FOR_ORDER, ref[i].key, (uint64_t)epoch), i};
    ig__sort_ranked(ranked, scratch, n);
    settle_ties(ranked, copy, count);
    for (int64_t i = 0; i < count; i++) ref[i] = copy[ranked[i].at];
  }
  ig_status status = copy ? IG_OK : IG_NO_MEMORY;
  ig__free(copy);
  ig__free(scratch);
  ig__free(ranked);
  return status;
}

/* ---- every class alike ------------------------------------------------------------------------------------------------- */

static int class_of(const ig__source *source, const ig__ref *ref) {
  const int label = source->kind->label ? source->kind->label(source, ref->part, ref->index) : -1;
  return label >= 0 && label < source->info.class_count ? label : source->info.class_count; /* the last: those without */
}

/* Shuffled refs by class: class c has start[c] … start[c+1]-1 of `grouped`. */
static void group(const ig__source *source, const ig__ref *ref, int64_t count, int classes, int64_t *start, ig__ref *grouped) {
  for (int64_t i = 0; i < count; i++) start[class_of(source, &ref[i]) + 1]++;
  for (int c = 0; c < classes; c++) start[c + 1] += start[c];
  for (int64_t i = 0; i < count; i++) grouped[start[class_of(source, &ref[i])]++] = ref[i];
  for (int c = classes; c > 0; c--) start[c] = start[c - 1];
  start[0] = 0;
}

/* The present classes in an order of this epoch: the first `count % present` of them get one place more. */
static int rank_classes(const int64_t *start, int classes, uint64_t seed, int64_t epoch, ig__ranked *ranked, ig__ranked *scratch) {
  int present = 0;
  for (int c = 0; c < classes; c++)
    if (start[c + 1] > start[c]) ranked[present++] = (ig__ranked){ig__rng_key(seed, IG__FOR_ORDER, (uint64_t)c, ~(uint64_t)epoch), c};
  ig__sort_ranked(ranked, scratch, (size_t)present);
  return present;
}

static void deal_places(const int64_t *start, const ig__ranked *ranked, int present, const ig__ref *grouped, int64_t count,
                        ig__ref *out) {
  int64_t at = 0;
  for (int r = 0; r < present; r++) {
    const int64_t first = start[ranked[r].at], have = start[ranked[r].at + 1] - first;
    const int64_t places = count / present + (r < count % present);
    for (int64_t k = 0; k < places; k++, at++) {
      out[at] = grouped[first + k % have];
      if (k >= have) out[at].key = ig__rng_key(out[at].key, IG__FOR_ORDER, (uint64_t)(k / have), 0);
    }
  }
}

ig_status ig__order_balanced(const ig__source *source, const ig__ref *ref, int64_t count, uint64_t seed, int64_t epoch, ig__ref *out) {
  const int classes = source->info.class_count + 1;
  const size_t n = (size_t)count, c = (size_t)classes;
  if (count < 1) return IG_OK;
  ig__ref *grouped = ig__alloc(n, sizeof *grouped);
  int64_t *start = grouped ? ig__alloc(c + 1, sizeof *start) : NULL;
  ig__ranked *ranked = start ? ig__alloc(c, sizeof *ranked) : NULL, *scratch = ranked ? ig__alloc(c, sizeof *scratch) : NULL;
  ig_status status = scratch ? IG_OK : IG_NO_MEMORY;
  if (scratch) {
    memcpy(out, ref, n * sizeof *out);
    status = ig__order_epoch(out, count, seed, epoch);
  }
  if (status == IG_OK) {
    group(source, out, count, classes, start, grouped);
    const int present = rank_classes(start, classes, seed, epoch, ranked, scratch);
    deal_places(start, ranked, present, grouped, count, out);
    status = ig__order_epoch(out, count, seed, epoch);
  }
  ig__free(scratch);
  ig__free(ranked);
  ig__free(start);
  ig__free(grouped);
  return status;
}
