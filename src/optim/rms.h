#ifndef IG__OPTIM_RMS_H
#define IG__OPTIM_RMS_H
/* What rmsprop and adagrad share: how the step g/(√v + ε) moves with g, which is also in v with the share `add`. */

#include "optim/optim.h"

#include <math.h>

static inline void ig__rms_gain(const ig__update *u, double add, double epsilon, double *out) {
  for (int64_t i = 0; i < u->count; i++) {
    const double g = ig__element(u, u->g, i), root = sqrt(ig__element(u, u->slot[0], i)), below = root + epsilon;
    out[i] = u->lr * (1 - (root > 0 ? add * g * g / (root * below) : 0)) / below;
  }
}

#endif
