/* Philox4x32-10 and what is drawn from it. */
#include "base/rng.h"

#include <math.h>

void ig__philox(const uint32_t key[2], const uint32_t counter[4], uint32_t out[4]) {
  uint32_t k0 = key[0], k1 = key[1];
  uint32_t c0 = counter[0], c1 = counter[1], c2 = counter[2], c3 = counter[3];
  for (int round = 0; round < 10; round++) {
    uint64_t p0 = (uint64_t)0xD2511F53u * c0, p1 = (uint64_t)0xCD9E8D57u * c2;
    uint32_t n0 = (uint32_t)(p1 >> 32) ^ c1 ^ k0, n2 = (uint32_t)(p0 >> 32) ^ c3 ^ k1;
    c1 = (uint32_t)p1;
    c3 = (uint32_t)p0;
    c0 = n0;
    c2 = n2;
    k0 += 0x9E3779B9u;
    k1 += 0xBB67AE85u;
  }
  out[0] = c0;
  out[1] = c1;
  out[2] = c2;
  out[3] = c3;
}

/* The purpose changes the key, not the counter: under one seed two purposes never share a key, and the whole counter is
 * left to the stream. `salt` keeps the single numbers of ig__rng_key apart from the streams. */
static void make_key(uint32_t key[2], uint64_t seed, ig__purpose purpose, uint64_t salt) {
  uint64_t k = seed ^ ((uint64_t)purpose * 0x9E3779B97F4A7C15u) ^ salt;
  key[0] = (uint32_t)k;
  key[1] = (uint32_t)(k >> 32);
}

ig__rng ig__rng_make(uint64_t seed, ig__purpose purpose, uint64_t a, uint32_t b) {
  ig__rng r = {{0, 0}, {0, (uint32_t)a, (uint32_t)(a >> 32), b}, {0, 0, 0, 0}, 4};
  make_key(r.key, seed, purpose, 0);
  return r;
}

uint32_t ig__rng_u32(ig__rng *r) {
  if (r->used == 4) {
    ig__philox(r->key, r->counter, r->out);
    r->counter[0]++;
    r->used = 0;
  }
  return r->out[r->used++];
}

uint64_t ig__rng_u64(ig__rng *r) {
  uint64_t low = ig__rng_u32(r);
  return low | (uint64_t)ig__rng_u32(r) << 32;
}

double ig__rng_uniform(ig__rng *r) { return (double)(ig__rng_u64(r) >> 11) * 0x1p-53; }

double ig__rng_range(ig__rng *r, double lo, double hi) { return lo + (hi - lo) * ig__rng_uniform(r); }

/* Own logarithm and cosine: libm picks its variant by the CPU (with or without FMA), and the last bit of a weight would
 * then depend on the machine. These use only operations that IEEE 754 rounds in one way, in a fixed order; this file is
 * compiled without contraction. Both series end below 1e-17 of their argument's range. */
static double natural_log(double x) {
  int exponent;
  double m = frexp(x, &exponent);
  if (m < 0.70710678118654752) {
    m *= 2;
    exponent--;
  }
  double s = (m - 1) / (m + 1), s2 = s * s, sum = 0; /* |s| <= 0.1716 */
  for (int k = 23; k >= 3; k -= 2) sum = (sum + 1.0 / k) * s2;
  return exponent * 0.69314718055994531 + 2 * (s + s * sum);
}

/* cos(2 pi turns) for 0 <= turns < 1. */
static double cosine_of_turns(double turns) {
  int octant = (int)(turns * 8);
  int quarter = (octant + 1) / 2; /* the nearest multiple of a quarter turn; the rest is exact */
  double x = (turns - quarter * 0.25) * 6.28318530717958648, x2 = x * x, cosine = 1, sine = 1;
  for (int k = 16; k >= 2; k -= 2) {
    cosine = 1 - cosine * x2 / (k * (k - 1));
    sine = 1 - sine * x2 / (k * (k + 1));
  }
  switch (quarter & 3) {
  case 0: return cosine;
  case 1: return -x * sine;
  case 2: return -cosine;
  default: return x * sine;
  }
}

double ig__rng_normal(ig__rng *r) {
  double radius = sqrt(-2 * natural_log(1 - ig__rng_uniform(r))); /* 1 - u is in (0, 1] */
  return radius * cosine_of_turns(ig__rng_uniform(r));
}

double ig__cosine(double turns) { return cosine_of_turns(turns - floor(turns)); }

/* exp(x) for x <= 0: x = k·log 2 + r with |r| <= 0.3466, where the series ends below 1e-17. */
static double exponential(double x) {
  if (x < -745) return 0;
  double k = floor(x * 1.4426950408889634 + 0.5), r = (x - k * 0x1.62e42fefa38p-1) - k * 0x1.ef35793c7673p-45, sum = 1;
  for (int i = 14; i > 0; i--) sum = 1 + sum * r / i;
  return ldexp(sum, (int)k);
}

/* Johnk 1964: U^(1/a) and V^(1/a) while their sum is at most 1, then the first's share of it. In logarithms, since for a small
 * alpha both powers are too small for a number. For alpha = 4 one pair in 70 is taken, hence the bound. */
double ig__rng_beta(ig__rng *r, double alpha) {
  for (;;) {
    double x = natural_log(1 - ig__rng_uniform(r)) / alpha, y = natural_log(1 - ig__rng_uniform(r)) / alpha;
    if (exponential(x) + exponential(y) > 1) continue;
    return x > y ? 1 / (1 + exponential(y - x)) : 1 - 1 / (1 + exponential(x - y));
  }
}

/* Lemire's multiplication (ACM TOMACS 2019): the high word is the number, and the few low words that would favour some
 * numbers are drawn again. */
uint32_t ig__rng_below(ig__rng *r, uint32_t n) {
  if (n == 0) return 0;
  uint64_t product = (uint64_t)ig__rng_u32(r) * n;
  if ((uint32_t)product < n) {
    uint32_t threshold = (0u - n) % n;
    while ((uint32_t)product < threshold) product = (uint64_t)ig__rng_u32(r) * n;
  }
  return (uint32_t)(product >> 32);
}

uint64_t ig__rng_key(uint64_t seed, ig__purpose purpose, uint64_t a, uint64_t b) {
  uint32_t key[2], counter[4] = {(uint32_t)a, (uint32_t)(a >> 32), (uint32_t)b, (uint32_t)(b >> 32)}, out[4];
  make_key(key, seed, purpose, 0xD1B54A32D192ED03u);
  ig__philox(key, counter, out);
  return out[0] | (uint64_t)out[1] << 32;
}
