/* exp, log, sigmoid, tanh, silu, gelu and what stands on them, in double for both real types, from the series of the textbooks: an own
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

static double silu_of(double x) { return x * sigmoid_of(x); }
static double silu_slope_of(double x) { return sigmoid_of(x) * (1 + x * sigmoid_of(-x)); }

static double density_of(double x) { return 0.3989422804014327 * exp_of(-x * x / 2); }

/* The tail beyond a ≥ 0. Below 1.2: ½ − φ·(a + a³/3 + a⁵/15 + …). Above: φ/(a + 1/(a + 2/(a + 3/(a + …)))). */
static double normal_tail_of(double a) {
  if (a > 40) return 0;
  if (a < 1.2) {
    double term = a, sum = 0;
    for (int k = 3; term > 1e-20 * sum; k += 2) {
      sum += term;
      term *= a * a / k;
    }
    return 0.5 - density_of(a) * sum;
  }
  double y = a;
  for (int k = 400; k > 0; k--) y = a + k / y;
  return density_of(a) / y;
}
static double normal_of(double x) { return x < 0 ? normal_tail_of(-x) : 1 - normal_tail_of(x); }
static double gelu_of(double x) { return x != x ? x : x * normal_of(x); }
static double gelu_slope_of(double x) { return x != x ? x : normal_of(x) + x * density_of(x); }
UNARY(silu)
UNARY(gelu)

#define SLOPE(name)                                                                                           \
  void IG__NAME(name##_dx)(void *dx, const void *x, const void *dy, int64_t count) {                          \
    for (int64_t i = 0; i < count; i++)                                                                       \
      ((real *)dx)[i] = (real)((double)((const real *)dy)[i] * name##_slope_of((double)((const real *)x)[i])); \
  }
SLOPE(silu)
SLOPE(gelu)

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
