#ifndef IG__OPTIM_POWER_H
#define IG__OPTIM_POWER_H
/* xⁿ for n ≥ 0 by squaring. Not pow(): libm picks its variant by the CPU, and its last bit decides the last bits of all
 * weights. These are multiplications in a fixed order, the same everywhere (the file that includes this is compiled
 * without contraction). */

#include <stdint.h>

static inline double ig__power(double x, int64_t n) {
  double result = 1;
  for (; n > 0; n /= 2, x *= x)
    if (n % 2) result *= x;
  return result;
}

#endif
