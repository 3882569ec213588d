/* Softmax and its logarithm, row by row. The greatest element is subtracted first, so that nothing overflows and the sum is
 * at least 1; the sum has the fixed structure of every sum here. */
#include "kernels/vector/math.h"

IG__INLINE V greatest(const real *x, int64_t cols) {
  V best = splat(-INFINITE);
  EACH_VECTOR(cols, {
    const V v = whole_ ? load(x + at_) : load_part(x + at_, left_, -INFINITE);
    best = choose((VI)(v > best), v, best);
  });
  real lanes[LANES];
  store(lanes, best);
  for (int half = LANES / 2; half > 0; half /= 2)
    for (int l = 0; l < half; l++) lanes[l] = lanes[l + half] > lanes[l] ? lanes[l + half] : lanes[l];
  return splat(lanes[0]);
}

IG__INLINE V add_value(V sum, V a, V b) {
  (void)b;
  return sum + a;
}
IG__INLINE V add_exp(V sum, V a, V b) {
  (void)b;
  return sum + exp_vector(a);
}

void IG__NAME(softmax)(void *y, const void *x, int64_t rows, int64_t cols) {
  for (int64_t i = 0; i < rows; i++) {
    const real *from = (const real *)x + i * cols;
    real *to = (real *)y + i * cols;
    const V top = greatest(from, cols);
    EACH_VECTOR(cols, PUT(to, exp_vector(GET(from) - top)));
    const V share = splat((real)(1 / sum_terms(to, to, cols, 0, add_value)));
    EACH_VECTOR(cols, PUT(to, GET(to) * share));
  }
}

void IG__NAME(log_softmax)(void *y, const void *x, int64_t rows, int64_t cols) {
  for (int64_t i = 0; i < rows; i++) {
    const real *from = (const real *)x + i * cols;
    real *to = (real *)y + i * cols;
    const V top = greatest(from, cols);
    EACH_VECTOR(cols, PUT(to, GET(from) - top));
    const V log_sum = log_vector(splat((real)sum_terms(to, to, cols, -INFINITE, add_exp)));
    EACH_VECTOR(cols, PUT(to, GET(to) - log_sum));
  }
}
