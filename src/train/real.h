#ifndef IG__TRAIN_REAL_H
#define IG__TRAIN_REAL_H
/* Single numbers in arrays of a real type that is known by its size. */

#include <stdint.h>

static inline double ig__real_at(int real_size, const void *p, int64_t i) {
  return real_size == 4 ? (double)((const float *)p)[i] : ((const double *)p)[i];
}

static inline void ig__real_put(int real_size, void *p, int64_t i, double v) {
  if (real_size == 4) ((float *)p)[i] = (float)v;
  else ((double *)p)[i] = v;
}

#endif
