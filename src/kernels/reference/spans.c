/* Element-wise kernels, sums and lane sums, one element after another. */
#include "kernels/plain.h"

#define EACH(i, count) for (int64_t i = 0; i < (count); i++)

void IG__NAME(fill)(void *y, double value, int64_t count) { EACH(i, count) ((real *)y)[i] = (real)value; }

/* A NaN stays: it must reach the check of the loss. */
void IG__NAME(relu)(void *y, const void *x, int64_t count) {
  const real *a = x;
  EACH(i, count) ((real *)y)[i] = a[i] <= 0 ? 0 : a[i];
}

void IG__NAME(relu_dx)(void *dx, const void *y, const void *dy, int64_t count) {
  const real *a = y, *b = dy;
  EACH(i, count) ((real *)dx)[i] = a[i] > 0 ? b[i] : 0;
}

#define BINARY(name, op)                                                            \
  void IG__NAME(name)(void *z, const void *a, const void *b, int64_t count) {       \
    EACH(i, count) ((real *)z)[i] = ((const real *)a)[i] op ((const real *)b)[i];   \
  }
BINARY(add, +)
BINARY(sub, -)
BINARY(mul, *)

void IG__NAME(scale)(void *y, const void *x, double a, int64_t count) {
  EACH(i, count) ((real *)y)[i] = ((const real *)x)[i] * (real)a;
}

void IG__NAME(axpy)(void *y, const void *x, double a, int64_t count) {
  EACH(i, count) ((real *)y)[i] += (real)a * ((const real *)x)[i];
}

void IG__NAME(clip_weights_zero)(void *w, double threshold, int64_t count) {
  real *p = w, t = (real)threshold;
  EACH(i, count) p[i] = p[i] > t ? p[i] - t : p[i] < -t ? p[i] + t : p[i] != p[i] ? p[i] : 0;
}

#define SUM(name, arguments, term)                            \
  double IG__NAME(name) arguments {                           \
    double sum = 0;                                           \
    for (int64_t start = 0; start < count; start += 256) {    \
      real block = 0;                                         \
      for (int64_t i = start; i < count && i < start + 256; i++) block += term; \
      sum += (double)block;                                   \
    }                                                         \
    return sum;                                               \
  }
#define X ((const real *)x)[i]
SUM(sum, (const void *x, int64_t count), X)
SUM(sum_abs, (const void *x, int64_t count), (X < 0 ? -X : X))
SUM(sum_squares, (const void *x, int64_t count), X * X)
SUM(dot, (const void *x, const void *b, int64_t count), X * ((const real *)b)[i])

/* x − x is 0 for finite x and NaN for the others. */
int64_t IG__NAME(count_nonfinite)(const void *x, int64_t count) {
  int64_t found = 0;
  EACH(i, count) found += X - X != 0;
  return found;
}
#undef X

void IG__NAME(add_lanes)(void *y, const void *x, const void *lanes, int64_t count) {
  EACH(i, count * IG__BLOCK) ((real *)y)[i] = ((const real *)x)[i] + ((const real *)lanes)[i % IG__BLOCK];
}

void IG__NAME(affine_lanes)(void *y, const void *x, const void *a, const void *b, int64_t count) {
  const real *s = a, *t = b;
  EACH(i, count * IG__BLOCK) ((real *)y)[i] = ((const real *)x)[i] * s[i % IG__BLOCK] + t[i % IG__BLOCK];
}

void IG__NAME(affine2_lanes)(void *y, const void *x, const void *a, const void *z, const void *b, const void *c,
                             int64_t count) {
  const real *s = a, *t = b, *u = c, *v = x, *w = z;
  EACH(i, count * IG__BLOCK) {
    int64_t l = i % IG__BLOCK;
    ((real *)y)[i] = v[i] * s[l] + (w[i] * t[l] + u[l]);
  }
}

void IG__NAME(sum_lanes)(void *sum, const void *x, int64_t count) {
  EACH(l, IG__BLOCK) {
    double s = 0;
    EACH(i, count) s += (double)((const real *)x)[i * IG__BLOCK + l];
    ((real *)sum)[l] += (real)s;
  }
}

void IG__NAME(sum_squares_lanes)(void *sum, const void *x, const void *mean, int64_t count) {
  EACH(l, IG__BLOCK) {
    double s = 0;
    EACH(i, count) {
      real d = ((const real *)x)[i * IG__BLOCK + l] - ((const real *)mean)[l];
      s += (double)d * (double)d;
    }
    ((real *)sum)[l] += (real)s;
  }
}

void IG__NAME(dot_lanes)(void *sum, const void *x, const void *mean, const void *z, int64_t count) {
  EACH(l, IG__BLOCK) {
    double s = 0;
    EACH(i, count) {
      real d = ((const real *)x)[i * IG__BLOCK + l] - ((const real *)mean)[l];
      s += (double)d * (double)((const real *)z)[i * IG__BLOCK + l];
    }
    ((real *)sum)[l] += (real)s;
  }
}
