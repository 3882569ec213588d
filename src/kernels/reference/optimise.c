/* Optimiser updates, one weight after another. */
#include "kernels/plain.h"

void IG__NAME(sgd_step)(void *w, const void *g, void *buf, double lr, double momentum, bool nesterov, int64_t count) {
  real *weight = w, *velocity = buf;
  const real *gradient = g;
  for (int64_t i = 0; i < count; i++) {
    real step = gradient[i];
    if (velocity) {
      velocity[i] = (real)momentum * velocity[i] + gradient[i];
      step = nesterov ? gradient[i] + (real)momentum * velocity[i] : velocity[i];
    }
    weight[i] -= (real)lr * step;
  }
}

void IG__NAME(adam_step)(void *w, const void *g, void *m, void *v, const ig__adam *p, int64_t count) {
  real *weight = w, *mean = m, *square = v;
  const real *gradient = g;
  for (int64_t i = 0; i < count; i++) {
    real d = gradient[i];
    mean[i] = (real)p->beta1 * mean[i] + (real)(1 - p->beta1) * d;
    square[i] = (real)p->beta2 * square[i] + (real)(1 - p->beta2) * d * d;
    real root = (real)__builtin_sqrt((double)square[i] / p->correction2);
    weight[i] -= (real)p->lr * (mean[i] / (real)p->correction1) / (root + (real)p->epsilon);
  }
}
