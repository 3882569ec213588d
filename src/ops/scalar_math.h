#ifndef IG__OPS_SCALAR_MATH_H
#define IG__OPS_SCALAR_MATH_H
/* exp, expm1, log, log1p, tanh and the normal distribution for the expressions of element-wise ops, in double for both real types: a float result is rounded
 * once, at the end. Own series instead of libm's functions, because libm chooses its code by CPU and by version and the last
 * bits differ; these are plain IEEE arithmetic without contraction, so they give the same bits everywhere.
 * Worst distance from libm seen, in units of the last place of a double (tests/unit/ops/test_vector_ops.c: scalar_math):
 * exp 1, expm1 4, log 1, log1p 2, tanh 3; the normal distribution 3 above 0. */

#include "kernels/normal.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

#define IG__LN2_HIGH 0x1.62e42feep-1 /* 32 bits: times an exponent it is exact */
#define IG__LN2_LOW 0x1.a39ef35793c76p-33

/* 2^power for a normal exponent. */
static inline double ig__power_of_two(int power) {
  double v;
  uint64_t bits = (uint64_t)(power + 1023) << 52;
  memcpy(&v, &bits, sizeof v);
  return v;
}

/* eˣ − 1 for |x| <= ln 2 / 2: the Taylor series to x¹⁴. */
static inline double ig__expm1_near_zero(double x) {
  double p = 1.0 / 87178291200.0;
  p = p * x + 1.0 / 6227020800.0;
  p = p * x + 1.0 / 479001600.0;
  p = p * x + 1.0 / 39916800.0;
  p = p * x + 1.0 / 3628800.0;
  p = p * x + 1.0 / 362880.0;
  p = p * x + 1.0 / 40320.0;
  p = p * x + 1.0 / 5040.0;
  p = p * x + 1.0 / 720.0;
  p = p * x + 1.0 / 120.0;
  p = p * x + 1.0 / 24.0;
  p = p * x + 1.0 / 6.0;
  p = p * x + 0.5;
  return x * x * p + x;
}

static inline double ig__exp(double x) {
  if (x != x) return x;
  if (x > 710) return HUGE_VAL;
  if (x < -746) return 0;
  const double shifted = x * 0x1.71547652b82fep0 + 0x1.8p52, whole = shifted - 0x1.8p52; /* rounds to a whole number */
  const int n = (int)whole, half = n / 2;
  const double y = 1 + ig__expm1_near_zero(x - whole * IG__LN2_HIGH - whole * IG__LN2_LOW);
  return y * ig__power_of_two(half) * ig__power_of_two(n - half); /* two factors: n may leave the normal exponents */
}

static inline double ig__expm1(double x) { return x < 0.34 && x > -0.34 ? ig__expm1_near_zero(x) : ig__exp(x) - 1; }

/* x = 2ⁿ·m, m in [√½, √2); log m = 2 artanh(f/(2 + f)) = f − f²/2 + s·(f²/2 + S), where f = m − 1 is exact. */
static inline double ig__log(double x) {
  if (!(x > 0) || x > 0x1.fffffffffffffp1023) return x == 0 ? -HUGE_VAL : x > 0 || x != x ? x : NAN;
  int n = 0;
  if (x < 0x1p-1022) {
    x *= 0x1p54;
    n = -54;
  }
  uint64_t bits;
  memcpy(&bits, &x, sizeof bits);
  n += (int)(bits >> 52) - 1023;
  bits = (bits & 0xfffffffffffff) | (uint64_t)1023 << 52;
  double m;
  memcpy(&m, &bits, sizeof m);
  if (m > 0x1.6a09e667f3bcdp0) {
    m *= 0.5;
    n++;
  }
  const double f = m - 1, s = f / (2 + f), z = s * s, half_square = 0.5 * f * f;
  double p = 2.0 / 23;
  for (int k = 21; k >= 3; k -= 2) p = p * z + 2.0 / k;
  return n * IG__LN2_HIGH + (f - (half_square - (s * (z * p + half_square) + n * IG__LN2_LOW)));
}

/* log(1 + x) without losing a small x: the rounding error of u = 1 + x is divided out again. */
static inline double ig__log1p(double x) {
  const double u = 1 + x;
  if (u == 1 || u > 0x1.fffffffffffffp1023) return x;
  return ig__log(u) * (x / (u - 1));
}

static inline double ig__tanh(double x) {
  const double a = x < 0 ? -x : x;
  if (a > 20) return x < 0 ? -1 : 1;
  const double t = a < 0.17 ? ig__expm1_near_zero(2 * a) : ig__exp(2 * a) - 1;
  return (x < 0 ? -t : t) / (t + 2);
}

static inline double ig__sigmoid(double x) {
  const double e = ig__exp(x < 0 ? x : -x);
  return (x < 0 ? e : 1) / (1 + e);
}

/* xᵃ for x ≥ 0. */
static inline double ig__pow(double x, double a) { return a == 0 ? 1 : ig__exp(a * ig__log(x)); }

/* Φ(x), the normal distribution, (1 + erf(x/√2))/2, and its density (kernels/normal.h). */
static inline double ig__normal_density(double x) { return IG__NORMAL_DENSITY * ig__exp(-0.5 * x * x); }
static inline double ig__normal(double x) {
  static const double c[] = {IG__NORMAL_TAIL_64};
  const double a = x < 0 ? -x : x, r = 1 / (a + IG__NORMAL_MAP), t = (a - IG__NORMAL_MAP) * r;
  if (a > IG__NORMAL_MOST_64) return x > 0;
  double p = 0;
  for (int i = (int)(sizeof c / sizeof c[0]) - 1; i >= 0; i--) p = p * t + c[i];
  p *= r * IG__NORMAL_MAP * ig__exp(-0.5 * x * x);
  return x < 0 ? p : 1 - p;
}

#endif
