#ifndef IG__OPTIM_POWER_H
#define IG__OPTIM_POWER_H
/* Powers. Not pow(): libm picks its variant by the CPU, and its last bit decides the last bits of all
 * weights. These are multiplications in a fixed order, the same everywhere (the file that includes this is compiled
 * without contraction). */

#include <math.h>

#include <stdint.h>

/* xⁿ for n ≥ 0 by squaring. */
static inline double ig__power(double x, int64_t n) {
  double result = 1;
  for (; n > 0; n /= 2, x *= x)
    if (n % 2) result *= x;
  return result;
}

/* xᵗ for x > 0, t ≥ 0: the whole part by squaring, the binary digits of the rest by square roots, which IEEE 754 rounds the same
 * everywhere. */
static inline double ig__power_real(double x, double t) {
  const double whole = floor(t);
  double result = ig__power(x, (int64_t)whole), rest = t - whole;
  for (double root = sqrt(x); rest > 0; root = sqrt(root)) {
    rest *= 2;
    if (rest < 1) continue;
    rest -= 1;
    result *= root;
  }
  return result;
}

#endif
