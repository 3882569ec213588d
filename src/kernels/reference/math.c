/* exp, log, sigmoid, tanh and what stands on them, in double for both real types, from the series of the textbooks: an own
 * oracle, independent of the vector kernels and of libm (whose last bits differ from one version to the next). */
#include "kernels/plain.h"

#define INFINITE __builtin_inf()
#define LN2 0x1.62e42fefa39efp-1
#define LN2_HIGH 0x1.62e42feep-1 /* 32 bits: times a whole number below 2¹¹ it is exact */
#define LN2_LOW 0x1.a39ef35793c76p-33

/* eˣ − 1 for |x| <= ln 2 / 2: x·(1 + x/2·(1 + x/3·(1 + …))). */
static double expm1_near_zero(double x) {
  double y = 1;
  for (int k = 20; k > 1; k--) y = 1 + x / k * y;
  return x * y;
}

static int nearest_power(double x) { return (int)(x / LN2 + (x < 0 ? -0.5 : 0.5)); }

static double times_power(double x, int power) {
  for (; power > 0; power--) x *= 2;
  for (; power < 0; power++) x *= 0.5;
  return x;
}

static double exp_of(double x) {
  if (x != x) return x;
  if (x > 710) return INFINITE;
  if (x < -746) return 0;
  int n = nearest_power(x);
  return times_power(1 + expm1_near_zero(x - n * LN2_HIGH - n * LN2_LOW), n);
}

/* log m = 2 artanh s, s = (m − 1)/(m + 1), for m in [√½, √2); the powers of two are added. */
static double log_of(double x) {
  if (x != x || x == INFINITE) return x;
  if (x <= 0) return x == 0 ? -INFINITE : __builtin_nan("");
  int n = 0;
  for (; x < 0x1.6a09e667f3bcdp-1; n--) x *= 2;
  for (; x >= 0x1.6a09e667f3bcdp0; n++) x *= 0.5;
  double s = (x - 1) / (x + 1), sum = 0;
  for (int k = 25; k > 0; k -= 2) sum = sum * s * s + 2.0 / k;
  return n * LN2_HIGH + (sum * s + n * LN2_LOW);
}

static double sigmoid_of(double x) { return x < 0 ? exp_of(x) / (1 + exp_of(x)) : 1 / (1 + exp_of(-x)); }

static double tanh_of(double x) {
  if (x < 0) return -tanh_of(-x);
  if (x > 20) return 1;
  double e = x < 0.15 ? expm1_near_zero(2 * x) : exp_of(2 * x) - 1;
  return e / (e + 2);
}

#define UNARY(name)                                                                                      \
  void IG__NAME(name)(void *y, const void *x, int64_t count) {                                           \
    for (int64_t i = 0; i < count; i++) ((real *)y)[i] = (real)name##_of((double)((const real *)x)[i]);  \
  }
UNARY(exp)
UNARY(log)
UNARY(sigmoid)
UNARY(tanh)

static double greatest(const real *x, int64_t cols) {
  double best = (double)x[0];
  for (int64_t j = 1; j < cols; j++)
    if ((double)x[j] > best) best = (double)x[j];
  return best;
}

static double exp_sum(const real *x, int64_t cols, double top) {
  double sum = 0;
  for (int64_t j = 0; j < cols; j++) sum += exp_of((double)x[j] - top);
  return sum;
}

void IG__NAME(softmax)(void *y, const void *x, int64_t rows, int64_t cols) {
  for (int64_t i = 0; i < rows; i++) {
    const real *from = (const real *)x + i * cols;
    double top = greatest(from, cols), sum = exp_sum(from, cols, top);
    for (int64_t j = 0; j < cols; j++) ((real *)y)[i * cols + j] = (real)(exp_of((double)from[j] - top) / sum);
  }
}

void IG__NAME(log_softmax)(void *y, const void *x, int64_t rows, int64_t cols) {
  for (int64_t i = 0; i < rows; i++) {
    const real *from = (const real *)x + i * cols;
    double top = greatest(from, cols), sum = log_of(exp_sum(from, cols, top));
    for (int64_t j = 0; j < cols; j++) ((real *)y)[i * cols + j] = (real)((double)from[j] - top - sum);
  }
}
