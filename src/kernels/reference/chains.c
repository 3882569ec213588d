/* Chains of multiply-adds, one after another. */
#include "kernels/plain.h"

void IG__NAME(fma_chains)(void *y, double a, double b, int64_t rounds) {
  real *p = y;
  for (int i = 0; i < IG__CHAINS; i++)
    for (int64_t k = 0; k < rounds; k++) p[i] = p[i] * (real)a + (real)b;
}
