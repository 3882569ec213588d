/* Groups of weights. Rows are spans; the groups across rows are gone through row by row too, with a row of sums or of factors
 * in the scratch, because memory is read in order and vectors are full that way. */
#include "optim/groups.h"

#include <math.h>

static int64_t columns(const ig__weights *w) { return w->inputs * w->window; }
static void *at(const ig__kernels *k, void *array, int64_t i) { return (uint8_t *)array + (size_t)i * (size_t)k->real_size; }
static bool by_rows(const ig__weights *w, bool filters) { return filters != w->transposed; }

int64_t ig__group_size(const ig__weights *w, bool filters) {
  return by_rows(w, filters) ? columns(w) : w->rows * w->window;
}

int64_t ig__group_count(const ig__weights *w, bool filters) { return by_rows(w, filters) ? w->rows : w->inputs; }

int64_t ig__group_element(const ig__weights *w, bool filters, int64_t group, int64_t i) {
  return by_rows(w, filters) ? group * columns(w) + i : i / w->window * columns(w) + group * w->window + i % w->window;
}

/* Sums of squares down the rows, into the first row of the scratch. */
static void sum_down(const ig__kernels *k, const ig__weights *w) {
  const int64_t n = columns(w);
  void *sums = w->scratch, *squares = at(k, w->scratch, n);
  k->fill(sums, 0, n);
  for (int64_t r = 0; r < w->rows; r++) {
    void *row = at(k, w->w, r * n);
    k->mul(squares, row, row, n);
    k->add(sums, sums, squares, n);
  }
}

static double norm_across(const ig__kernels *k, const ig__weights *w, int64_t input) {
  return sqrt(k->sum(at(k, w->scratch, input * w->window), w->window));
}

static double norm_of_row(const ig__kernels *k, const ig__weights *w, int64_t row) {
  return sqrt(k->sum_squares(at(k, w->w, row * columns(w)), columns(w)));
}

double ig__groups_norms(const ig__kernels *k, const ig__weights *w, bool filters) {
  double sum = 0;
  if (by_rows(w, filters)) {
    for (int64_t r = 0; r < w->rows; r++) sum += norm_of_row(k, w, r);
    return sum;
  }
  sum_down(k, w);
  for (int64_t i = 0; i < w->inputs; i++) sum += norm_across(k, w, i);
  return sum;
}

void ig__groups_scale(const ig__kernels *k, const ig__weights *w, bool filters, double (*factor)(double norm, double bound),
                      double bound) {
  const int64_t n = columns(w);
  if (by_rows(w, filters)) {
    for (int64_t r = 0; r < w->rows; r++) {
      const double f = factor(norm_of_row(k, w, r), bound);
      if (f != 1) k->scale(at(k, w->w, r * n), at(k, w->w, r * n), f, n);
    }
    return;
  }
  sum_down(k, w);
  bool any = false;
  for (int64_t i = 0; i < w->inputs; i++) {
    const double f = factor(norm_across(k, w, i), bound);
    k->fill(at(k, w->scratch, i * w->window), f, w->window);
    any |= f != 1;
  }
  for (int64_t r = 0; any && r < w->rows; r++) k->mul(at(k, w->w, r * n), at(k, w->w, r * n), w->scratch, n);
}
