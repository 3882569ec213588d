/* Figures that need every picture's probabilities: top-k accuracy, area under the ROC curve, Brier score, calibration error. */
#include "data/sort.h"
#include "train/train.h"

#include <math.h>
#include <string.h>

#define BINS 15

/* In float: what the probabilities of a float network are rounded to anyway, and half the memory. */
ig_status ig__scores_add(ig__scores *s, int label, const double *value, bool probabilities) {
  const size_t classes = (size_t)s->classes;
  while ((s->count + 1) * classes > s->capacity)
    IG__TRY(ig__grow((void **)&s->value, s->capacity, &s->capacity, sizeof *s->value));
  IG__TRY(ig__grow((void **)&s->label, s->count, &s->label_capacity, sizeof *s->label));
  for (size_t c = 0; c < classes; c++) s->value[s->count * classes + c] = (float)value[c];
  s->label[s->count++] = label;
  s->no_probabilities |= !probabilities;
  return IG_OK;
}

void ig__scores_free(ig__scores *s) {
  ig__free(s->value);
  ig__free(s->label);
  *s = (ig__scores){.classes = s->classes};
}

static const float *row_of(const ig__scores *s, size_t i) { return s->value + i * (size_t)s->classes; }

/* How many classes come before the right one; of equals the first comes first, as for the answer. */
static int place_of(const ig__scores *s, size_t i) {
  const float *v = row_of(s, i);
  const int label = s->label[i];
  int before = 0;
  for (int c = 0; c < s->classes; c++) before += v[c] > v[label] || (v[c] == v[label] && c < label);
  return before;
}

/* Bits that sort as the numbers do; −0 is 0. */
static uint64_t rank_of(float v) {
  uint32_t bits;
  v += 0;
  memcpy(&bits, &v, sizeof bits);
  return bits >> 31 ? ~bits : bits | 0x80000000u;
}

/* The share of pairs (a picture of the class, one of another) in which the first has the higher number, ties counting half:
 * exact, in whole numbers, doubled. */
static double auc_of(const ig__scores *s, int class, ig__ranked *ranked, ig__ranked *scratch) {
  int64_t inside = 0, outside = 0, twice = 0;
  for (size_t i = 0; i < s->count; i++) ranked[i] = (ig__ranked){rank_of(row_of(s, i)[class]), (int64_t)i};
  ig__sort_ranked(ranked, scratch, s->count);
  for (size_t i = 0, end; i < s->count; i = end) {
    int64_t own = 0, other = 0;
    for (end = i; end < s->count && ranked[end].rank == ranked[i].rank; end++) {
      if (s->label[ranked[end].at] == class) own++;
      else other++;
    }
    twice += own * (2 * outside + other);
    inside += own;
    outside += other;
  }
  return inside && outside ? (double)twice / (2 * (double)inside * (double)outside) : NAN;
}

static ig_status measure_auc(const ig__scores *s, double *class_auc, double *mean) {
  ig__ranked *ranked = ig__alloc(s->count, sizeof *ranked), *scratch = ranked ? ig__alloc(s->count, sizeof *scratch) : NULL;
  double sum = 0;
  int there = 0;
  for (int c = 0; c < s->classes && scratch; c++) {
    class_auc[c] = auc_of(s, c, ranked, scratch);
    if (isnan(class_auc[c])) continue;
    sum += class_auc[c];
    there++;
  }
  *mean = there ? sum / there : NAN;
  const ig_status status = scratch ? IG_OK : IG_NO_MEMORY;
  ig__free(ranked);
  ig__free(scratch);
  return status;
}

static double brier_of(const ig__scores *s) {
  double sum = 0;
  for (size_t i = 0; i < s->count; i++)
    for (int c = 0; c < s->classes; c++) {
      const double d = (double)row_of(s, i)[c] - (c == s->label[i]);
      sum += d * d;
    }
  return sum / (double)s->count;
}

/* Guo et al., On calibration of modern neural networks, ICML 2017: pictures by the confidence in their answer, in 15 bins of one
 * width, (k/15, (k+1)/15]; in each how far the mean confidence is from the share of right answers, and of these the mean over
 * pictures: a bin counts |right − Σ confidence|. */
static double calibration_of(const ig__scores *s) {
  double confidence[BINS] = {0}, error = 0;
  int64_t right[BINS] = {0};
  for (size_t i = 0; i < s->count; i++) {
    const float *v = row_of(s, i);
    double top = 0;
    for (int c = 0; c < s->classes; c++)
      if ((double)v[c] > top) top = (double)v[c];
    int bin = (int)ceil(top * BINS) - 1;
    bin = bin < 0 ? 0 : bin >= BINS ? BINS - 1 : bin;
    confidence[bin] += top;
    right[bin] += place_of(s, i) == 0;
  }
  for (int b = 0; b < BINS; b++) error += fabs((double)right[b] - confidence[b]);
  return error / (double)s->count;
}

ig_status ig__scores_measure(const ig__scores *s, int k, double *class_auc, ig__score_figures *out) {
  int64_t among = 0;
  *out = (ig__score_figures){NAN, NAN, NAN, NAN};
  for (int c = 0; c < s->classes; c++) class_auc[c] = NAN;
  for (size_t i = 0; i < s->count * (size_t)s->classes; i++)
    if (!isfinite(s->value[i])) return IG_OK;
  if (!s->count) return IG_OK;
  for (size_t i = 0; i < s->count; i++) among += place_of(s, i) < k;
  out->top = (double)among / (double)s->count;
  if (!s->no_probabilities) {
    out->brier = brier_of(s);
    out->calibration = calibration_of(s);
  }
  return measure_auc(s, class_auc, &out->auc);
}
