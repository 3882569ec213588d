/* Values at the places one would look at, and the common warm-up. */
#include "base/alloc.h"
#include "optim/optim.h"
#include "test.h"

static double factor(const char *text, int64_t step, int64_t total, int64_t an_epoch) {
  const ig__schedule *s;
  void *options;
  CHECK_OK(ig__schedule_parse(text, &s, &options));
  double f = ig__schedule_factor(s, options, (ig__progress){step, total, an_epoch});
  ig__free(options);
  return f;
}

TEST(constant) {
  CHECK(factor("constant", 0, 100, 10) == 1);
  CHECK(factor("constant", 50, 100, 10) == 1);
  CHECK(factor("constant", 99, 100, 10) == 1);
}

TEST(cosine) {
  CHECK(factor("cosine", 0, 100, 10) == 1);
  CHECK_NEAR(factor("cosine", 25, 100, 10), 0.5 + 0.5 * sqrt(0.5), 1e-15);
  CHECK_NEAR(factor("cosine", 50, 100, 10), 0.5, 1e-15);
  CHECK_NEAR(factor("cosine", 99, 100, 10), 0.5 * (1 - cos(acos(-1.0) / 100)), 1e-15);
  CHECK(factor("cosine", 100, 100, 10) == 0);
  CHECK(factor("cosine", 250, 100, 10) == 0);
  CHECK(factor("cosine min=0.1", 0, 100, 10) == 1);
  CHECK_NEAR(factor("cosine min=0.1", 50, 100, 10), 0.55, 1e-15);
  CHECK(factor("cosine min=0.1", 100, 100, 10) == 0.1);
  CHECK(factor("cosine", 0, 1, 1) == 1);
}

/* The own series against libm; relative, so that the last steps' small rates are right too. */
TEST(cosine_to_the_last_digits) {
  for (int64_t step = 0; step < 1000; step++) {
    double half = cos(acos(-1.0) / 2 * (double)step / 1000), want = half * half;
    CHECK_NEAR(factor("cosine", step, 1000, 10), want, 1e-15);
    if (step > 500) {
      half = sin(acos(-1.0) / 2 * (double)(1000 - step) / 1000);
      CHECK_NEAR(factor("cosine", step, 1000, 10), half * half, 4e-13 * half * half);
    }
  }
}

TEST(step) {
  CHECK(factor("step every=3", 0, 100, 10) == 1);
  CHECK(factor("step every=3", 29, 100, 10) == 1);
  CHECK_NEAR(factor("step every=3", 30, 100, 10), 0.1, 1e-17);
  CHECK_NEAR(factor("step every=3", 99, 100, 10), 1e-3, 1e-18);
  CHECK(factor("step every=1 gamma=0.5", 25, 100, 10) == 0.25);
  CHECK(factor("step every=2 gamma=1", 99, 100, 10) == 1);
}

/* Two epochs of ten steps: (step+1)/21 up to step 19, whole from step 20 on. */
TEST(warmup_is_linear) {
  for (int64_t step = 0; step < 20; step++)
    CHECK_NEAR(factor("constant warmup=2", step, 100, 10), (double)(step + 1) / 21, 1e-15);
  CHECK(factor("constant warmup=2", 20, 100, 10) == 1);
  CHECK(factor("constant warmup=2", 99, 100, 10) == 1);
  CHECK_NEAR(factor("constant warmup=0.5", 4, 100, 10), 5.0 / 6, 1e-15);
  CHECK(factor("constant warmup=0.5", 5, 100, 10) == 1);
  CHECK(factor("constant warmup=0", 0, 100, 10) == 1);
}

/* It multiplies the schedule, which does not wait for it. */
TEST(warmup_multiplies) {
  CHECK_NEAR(factor("cosine warmup=2", 9, 100, 10), factor("cosine", 9, 100, 10) * 10 / 21, 1e-15);
  CHECK(factor("cosine warmup=2", 50, 100, 10) == factor("cosine", 50, 100, 10));
  CHECK_NEAR(factor("step every=1 warmup=2", 15, 100, 10), 0.1 * 16 / 21, 1e-15);
}

TEST(factors_stay_within_0_and_1) {
  static const char *const texts[] = {"constant warmup=3", "cosine warmup=1", "cosine min=0.05",
                                      "step every=2 gamma=0.3 warmup=4"};
  for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
    for (int64_t step = 0; step < 120; step++) {
      double f = factor(texts[i], step, 120, 12);
      CHECK(f > 0 && f <= 1);
    }
}
