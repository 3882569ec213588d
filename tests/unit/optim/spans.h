#ifndef IG__TESTS_SPANS_H
#define IG__TESTS_SPANS_H
/* Spans of either real type, read and written as doubles, and a loop over every usable kernel table. */
#include "optim/optim.h"
#include "test.h"

#define SPAN_MAX 1024
typedef struct span { union { float f[SPAN_MAX]; double d[SPAN_MAX]; }; } span;

static inline double span_get(const ig__kernels *k, const span *s, int i) {
  return k->real_size == 4 ? (double)s->f[i] : s->d[i];
}
static inline void span_set(const ig__kernels *k, span *s, int i, double v) {
  if (k->real_size == 4) s->f[i] = (float)v;
  else s->d[i] = v;
}
/* What rounding of one real does to a value of about 1. */
static inline double span_eps(const ig__kernels *k) { return k->real_size == 4 ? 0x1p-24 : 0x1p-53; }

/* Runs check(k) for each usable instruction set and both real types. */
static inline void for_each_table(void (*check)(const ig__kernels *k)) {
  for (int isa = 0; isa < IG__ISA_COUNT; isa++)
    if (ig__isa_usable((ig__isa)isa)) {
      check(ig__kernels_for((ig__isa)isa, 4));
      check(ig__kernels_for((ig__isa)isa, 8));
    }
}

#endif
