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

void IG__NAME(adam_step)(void *w, const void *g, void *m, void *v, void *most, const ig__adam *p, int64_t count) {
  real *weight = w, *mean = m, *square = v, *largest = most;
  const real *gradient = g;
  for (int64_t i = 0; i < count; i++) {
    real d = gradient[i];
    mean[i] = (real)p->beta1 * mean[i] + (real)(1 - p->beta1) * d;
    square[i] = (real)p->beta2 * square[i] + (real)(1 - p->beta2) * d * d;
    if (largest && square[i] > largest[i]) largest[i] = square[i];
    real root = (real)__builtin_sqrt((double)(largest ? largest[i] : square[i]) / p->correction2);
    weight[i] -= (real)p->lr * (mean[i] / (real)p->correction1) / (root + (real)p->epsilon);
  }
}

void IG__NAME(rms_step)(void *w, const void *g, void *v, void *buf, const ig__rms *p, int64_t count) {
  real *weight = w, *square = v, *velocity = buf;
  const real *gradient = g;
  for (int64_t i = 0; i < count; i++) {
    real d = gradient[i];
    square[i] = (real)p->keep * square[i] + (real)p->add * d * d;
    real step = d / ((real)__builtin_sqrt((double)square[i]) + (real)p->epsilon);
    if (velocity) step = velocity[i] = (real)p->momentum * velocity[i] + step;
    weight[i] -= (real)p->lr * step;
  }
}
