/* Figures: means, the Wilson interval, the baseline. */
#include "train/train.h"

#include <math.h>

/* Right for few pictures and for shares near 0 and 1, where ± 1.96 σ is not. */
void ig__wilson(double share, double n, double *low, double *high) {
  const double z = 1.959963984540054, z2 = z * z;
  double middle = (share + z2 / (2 * n)) / (1 + z2 / n);
  double half = z / (1 + z2 / n) * sqrt(share * (1 - share) / n + z2 / (4 * n * n));
  *low = middle - half < 0 ? 0 : middle - half;
  *high = middle + half > 1 ? 1 : middle + half;
}

ig_metrics ig__tally_metrics(const ig__tally *t, bool classes) {
  ig_metrics m = {.n = t->n, .loss = NAN, .data_loss = NAN, .penalty = NAN, .accuracy = NAN, .accuracy_low = NAN,
                  .accuracy_high = NAN};
  if (!t->n) return m;
  double n = (double)t->n;
  m.data_loss = t->loss / t->weight;
  m.penalty = t->penalty / n;
  m.loss = m.data_loss + m.penalty;
  if (!classes) return m;
  m.accuracy = (double)t->correct / n;
  ig__wilson(m.accuracy, n, &m.accuracy_low, &m.accuracy_high);
  return m;
}

double ig__baseline(const int64_t *class_count, int classes) {
  int64_t most = 0, all = 0;
  for (int c = 0; c < classes; c++) {
    all += class_count[c];
    if (class_count[c] > most) most = class_count[c];
  }
  return all ? (double)most / (double)all : NAN;
}
