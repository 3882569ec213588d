/* exp, log, sigmoid, tanh, silu and gelu over spans. */
#include "kernels/vector/math.h"

#define UNARY(name) \
  void IG__NAME(name)(void *y, const void *x, int64_t count) { EACH_VECTOR(count, PUT(y, name##_vector(GET(x)))); }
UNARY(exp)
UNARY(log)
UNARY(sigmoid)
UNARY(tanh)
UNARY(silu)
UNARY(gelu)

#define SLOPE(name)                                                                         \
  void IG__NAME(name##_dx)(void *dx, const void *x, const void *dy, int64_t count) {        \
    EACH_VECTOR(count, const V v = GET(x), g = GET(dy); PUT(dx, g * rounded(name##_slope(v)))); \
  }
SLOPE(silu)
SLOPE(gelu)
