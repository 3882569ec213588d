/* The peak of multiply-adds: twelve independent chains of vectors at a time, enough for a latency of four cycles and two a
 * cycle, and few enough for 16 registers. */
#include "kernels/real.h"

#define CHAINS_AT_ONCE 12
_Static_assert(IG__CHAINS % (CHAINS_AT_ONCE * LANES) == 0, "a whole number of passes on every instruction set");

#define EACH_CHAIN(X) X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11)
#define READ(i) V v##i = load(p + i * LANES);
#define STEP(i) v##i = v##i * factor + term;
#define WRITE(i) store(p + i * LANES, v##i);

void IG__NAME(fma_chains)(void *y, double a, double b, int64_t rounds) {
  const V factor = splat((real)a), term = splat((real)b);
  for (real *p = y; p < (real *)y + IG__CHAINS; p += CHAINS_AT_ONCE * LANES) {
    EACH_CHAIN(READ)
    for (int64_t k = 0; k < rounds; k++) { EACH_CHAIN(STEP) }
    EACH_CHAIN(WRITE)
  }
}
