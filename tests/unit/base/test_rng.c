/* Random numbers: known answers, independence of the order of drawing, distributions. */
#include "base/rng.h"
#include "test.h"

/* Published with the Random123 library (Salmon et al., SC 2011): philox4x32, 10 rounds. */
TEST(philox_known_answers) {
  static const struct { uint32_t counter[4], key[2], want[4]; } cases[] = {
    {{0, 0, 0, 0}, {0, 0}, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
    {{0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff},
     {0xffffffff, 0xffffffff},
     {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
    {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
     {0xa4093822, 0x299f31d0},
     {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
  };
  for (int i = 0; i < 3; i++) {
    uint32_t out[4];
    ig__philox(cases[i].key, cases[i].counter, out);
    for (int k = 0; k < 4; k++) CHECK_INT(out[k], cases[i].want[k]);
  }
}

/* Saved runs depend on these: a change here would change every training. */
TEST(streams_stay_what_they_are) {
  ig__rng r = ig__rng_make(1234, IG__FOR_INIT, 0x0123456789ABCDEFu, 7);
  CHECK_INT(ig__rng_u32(&r), 0xd9c25173);
  CHECK_INT(ig__rng_u64(&r), 0x2d5f7c110f862fdf);
  double normal = ig__rng_normal(&r);
  uint64_t bits;
  memcpy(&bits, &normal, sizeof bits);
  CHECK_INT(bits, 0xc001ccc4177f3549);
  CHECK_INT(ig__rng_key(1234, IG__FOR_ORDER, 5, 6), 0x42a9ba770fb06e1);
}

TEST(streams_differ_by_everything_that_names_them) {
  uint64_t first[600];
  int n = 0;
  for (uint64_t seed = 0; seed < 3; seed++)
    for (int purpose = IG__FOR_INIT; purpose <= IG__FOR_TEST; purpose++)
      for (uint64_t a = 0; a < 5; a++)
        for (uint32_t b = 0; b < 4; b++) {
          ig__rng r = ig__rng_make(seed, (ig__purpose)purpose, a << (a % 2 ? 40 : 0), b);
          first[n++] = ig__rng_u64(&r);
        }
  CHECK_INT(n, 540);
  for (int i = 0; i < n; i++)
    for (int k = 0; k < i; k++) CHECK(first[i] != first[k]);
  CHECK(ig__rng_key(1, IG__FOR_ORDER, 0, 0) != ig__rng_key(1, IG__FOR_SPLIT, 0, 0));
  CHECK(ig__rng_key(1, IG__FOR_ORDER, 0, 0) != ig__rng_key(2, IG__FOR_ORDER, 0, 0));
  CHECK(ig__rng_key(1, IG__FOR_ORDER, 1, 0) != ig__rng_key(1, IG__FOR_ORDER, 0, 1));
  CHECK(ig__rng_key(1, IG__FOR_ORDER, 0, (uint64_t)1 << 32) != ig__rng_key(1, IG__FOR_ORDER, 0, 0));
}

TEST(uniform_and_range) {
  ig__rng r = ig__rng_make(5, IG__FOR_TEST, 0, 0);
  const int n = 200000;
  double sum = 0, squares = 0, low = 1, high = 0;
  for (int i = 0; i < n; i++) {
    double u = ig__rng_uniform(&r);
    CHECK(u >= 0 && u < 1);
    sum += u;
    squares += u * u;
    low = fmin(low, u);
    high = fmax(high, u);
  }
  CHECK_NEAR(sum / n, 0.5, 0.003);
  CHECK_NEAR(squares / n - sum / n * sum / n, 1.0 / 12, 0.001);
  CHECK(low < 1e-4 && high > 1 - 1e-4);
  for (int i = 0; i < 1000; i++) {
    double v = ig__rng_range(&r, -3, 5);
    CHECK(v >= -3 && v <= 5);
  }
}

TEST(normal) {
  ig__rng r = ig__rng_make(6, IG__FOR_TEST, 0, 0);
  const int n = 400000;
  double m1 = 0, m2 = 0, m3 = 0, m4 = 0;
  int beyond = 0;
  for (int i = 0; i < n; i++) {
    double v = ig__rng_normal(&r);
    CHECK(isfinite(v));
    m1 += v;
    m2 += v * v;
    m3 += v * v * v;
    m4 += v * v * v * v;
    beyond += fabs(v) > 1.959963984540054;
  }
  CHECK_NEAR(m1 / n, 0, 0.006);
  CHECK_NEAR(m2 / n, 1, 0.01);
  CHECK_NEAR(m3 / n, 0, 0.03);
  CHECK_NEAR(m4 / n, 3, 0.06);
  CHECK_NEAR((double)beyond / n, 0.05, 0.0015);
}

/* The own logarithm and cosine against those of libm. */
TEST(normal_is_box_muller_of_the_stream) {
  ig__rng r = ig__rng_make(7, IG__FOR_TEST, 0, 0), same = r;
  for (int i = 0; i < 100000; i++) {
    double u = ig__rng_uniform(&same), v = ig__rng_uniform(&same);
    double want = sqrt(-2 * log(1 - u)) * cos(6.283185307179586 * v);
    CHECK_NEAR(ig__rng_normal(&r), want, 4e-15);
  }
  ig__rng edge = {{0, 0}, {0, 0, 0, 0}, {0, 0, 0, 0}, 0};
  CHECK_NEAR(ig__rng_normal(&edge), 0, 0); /* u = 0: the logarithm of 1 */
  ig__rng most = {{0, 0}, {0, 0, 0, 0}, {UINT32_MAX, UINT32_MAX, 0, 0}, 0};
  CHECK_NEAR(ig__rng_normal(&most), sqrt(-2 * log(0x1p-53)), 1e-14);
}

TEST(below_is_even_and_in_range) {
  ig__rng r = ig__rng_make(8, IG__FOR_TEST, 0, 0);
  CHECK_INT(ig__rng_below(&r, 0), 0);
  CHECK_INT(ig__rng_below(&r, 1), 0);
  static const uint32_t limits[] = {2, 3, 7, 10};
  for (int k = 0; k < 4; k++) {
    int count[10] = {0}, draws = 100000;
    for (int i = 0; i < draws; i++) {
      uint32_t v = ig__rng_below(&r, limits[k]);
      CHECK(v < limits[k]);
      count[v]++;
    }
    for (uint32_t v = 0; v < limits[k]; v++) CHECK_NEAR((double)count[v] * limits[k] / draws, 1, 0.05);
  }
  /* For 3 * 2^30 a plain product or modulus gives each third number twice as often. */
  int thirds[3] = {0};
  for (int i = 0; i < 90000; i++) {
    uint32_t v = ig__rng_below(&r, 3u << 30);
    CHECK(v < 3u << 30);
    thirds[v % 3]++;
  }
  for (int i = 0; i < 3; i++) CHECK_NEAR(thirds[i], 30000, 700);
  CHECK(ig__rng_below(&r, UINT32_MAX) < UINT32_MAX);
}
