/* Element-wise kernels and sums over spans. */
#include "kernels/vector/span.h"

void IG__NAME(fill)(void *y, double value, int64_t count) { EACH_VECTOR(count, PUT(y, splat((real)value))); }

/* Clears what is <= 0, so that a NaN stays and reaches the check of the loss. */
void IG__NAME(relu)(void *y, const void *x, int64_t count) {
  EACH_VECTOR(count, const V v = GET(x); PUT(y, (V)((VI)v & ~(VI)(v <= splat(0)))));
}

void IG__NAME(relu_dx)(void *dx, const void *y, const void *dy, int64_t count) {
  EACH_VECTOR(count, PUT(dx, (V)((VI)GET(dy) & (VI)(GET(y) > splat(0)))));
}

void IG__NAME(add)(void *z, const void *a, const void *b, int64_t count) { EACH_VECTOR(count, PUT(z, GET(a) + GET(b))); }

void IG__NAME(sub)(void *z, const void *a, const void *b, int64_t count) { EACH_VECTOR(count, PUT(z, GET(a) - GET(b))); }

void IG__NAME(mul)(void *z, const void *a, const void *b, int64_t count) { EACH_VECTOR(count, PUT(z, GET(a) * GET(b))); }

void IG__NAME(scale)(void *y, const void *x, double a, int64_t count) {
  const V factor = splat((real)a);
  EACH_VECTOR(count, PUT(y, GET(x) * factor));
}

void IG__NAME(axpy)(void *y, const void *x, double a, int64_t count) {
  const V factor = splat((real)a);
  EACH_VECTOR(count, const V old = GET(y), v = GET(x); PUT(y, v * factor + old));
}

IG__INLINE V add_value(V sum, V a, V b) {
  (void)b;
  return sum + a;
}
IG__INLINE V add_magnitude(V sum, V a, V b) {
  (void)b;
  return sum + magnitude(a);
}
IG__INLINE V add_product(V sum, V a, V b) { return sum + a * b; }

double IG__NAME(sum)(const void *x, int64_t count) { return sum_terms(x, x, count, 0, add_value); }

double IG__NAME(sum_abs)(const void *x, int64_t count) { return sum_terms(x, x, count, 0, add_magnitude); }

double IG__NAME(sum_squares)(const void *x, int64_t count) { return sum_terms(x, x, count, 0, add_product); }

double IG__NAME(dot)(const void *a, const void *b, int64_t count) { return sum_terms(a, b, count, 0, add_product); }

/* x − x is 0 for finite x and NaN for the others. Lanes count down from 0 (a mask is −1), and are added up every 2²⁰ vectors:
 * an int32 cannot overflow. */
int64_t IG__NAME(count_nonfinite)(const void *x, int64_t count) {
  const int64_t piece = (int64_t)LANES << 20;
  int64_t found = 0;
  for (int64_t start = 0; start < count; start += piece) {
    const real *p = (const real *)x + start;
    const int64_t n = count - start < piece ? count - start : piece;
    VI lanes = {0};
    EACH_VECTOR(n, const V v = GET(p); lanes += (VI)(v - v != splat(0)));
    for (int l = 0; l < LANES; l++) found -= lanes[l];
  }
  return found;
}
