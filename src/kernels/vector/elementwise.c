/* exp, log, sigmoid and tanh over spans. */
#include "kernels/vector/math.h"

#define UNARY(name) \
  void IG__NAME(name)(void *y, const void *x, int64_t count) { EACH_VECTOR(count, PUT(y, name##_vector(GET(x)))); }
UNARY(exp)
UNARY(log)
UNARY(sigmoid)
UNARY(tanh)
