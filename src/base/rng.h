#ifndef IG__BASE_RNG_H
#define IG__BASE_RNG_H
/* Counter-based random numbers: Philox4x32-10 (Salmon, Moraes, Dror, Shaw, SC 2011). A number is a pure function of a
 * key and a counter, so no result depends on threads, on order, or on what other samples drew. */

#include <stddef.h>
#include <stdint.h>

/* Purposes keep streams apart: the same (seed, key) never serves two of them. */
typedef enum ig__purpose {
  IG__FOR_INIT = 1, IG__FOR_ORDER, IG__FOR_SPLIT, IG__FOR_LIMIT, IG__FOR_DROPOUT, IG__FOR_AUGMENT, IG__FOR_SOURCE,
  IG__FOR_NOISE, IG__FOR_TEST, IG__FOR_SEARCH, IG__FOR_HOLD, IG__FOR_SURFACE
} ig__purpose;

/* Four 32-bit numbers for (key, counter). */
void ig__philox(const uint32_t key[2], const uint32_t counter[4], uint32_t out[4]);

/* A stream for (seed, purpose, a, b): draws number 0, 1, 2, …; it repeats after 2^34 numbers of 32 bits. */
typedef struct ig__rng { uint32_t key[2], counter[4], out[4]; int used; } ig__rng;
ig__rng ig__rng_make(uint64_t seed, ig__purpose purpose, uint64_t a, uint32_t b);
uint32_t ig__rng_u32(ig__rng *r);
uint64_t ig__rng_u64(ig__rng *r);
double ig__rng_uniform(ig__rng *r);                  /* [0, 1), 53 bits */
double ig__rng_range(ig__rng *r, double lo, double hi);
double ig__rng_normal(ig__rng *r);                   /* mean 0, deviation 1 (Box–Muller); the same bits on all machines */
double ig__rng_beta(ig__rng *r, double alpha);       /* Beta(alpha, alpha), alpha in 0.01 … 4; the same bits on all machines */
uint32_t ig__rng_below(ig__rng *r, uint32_t n);      /* 0 … n-1, unbiased; 0 for n = 0 */

/* One 64-bit number for (seed, purpose, a, b): what orders and splits sort by. */
uint64_t ig__rng_key(uint64_t seed, ig__purpose purpose, uint64_t a, uint64_t b);

/* cos(2 pi turns), |turns| < 2^30; sin is ig__cosine(turns − 0.25). The same bits on all machines. */
double ig__cosine(double turns);

#endif
