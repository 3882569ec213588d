/* Values at the places one would look at, and the common warm-up. */
#include "base/alloc.h"
#include "optim/hypergradient.h"
#include "test.h"

static double factor(const char *text, int64_t step, int64_t total, int64_t an_epoch) {
  const ig__schedule *s;
  void *options;
  CHECK_OK(ig__schedule_parse(text, &s, &options));
  double f = ig__schedule_factor(s, options, (ig__progress){.step = step, .total_steps = total, .steps_per_epoch = an_epoch});
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

TEST(exponential) {
  CHECK(factor("exponential 0.5", 0, 100, 10) == 1);
  CHECK(factor("exponential 0.25", 5, 100, 10) == 0.5);
  CHECK(factor("exponential 0.5", 30, 100, 10) == 0.125);
  CHECK(factor("exponential 1", 77, 100, 10) == 1);
  for (int64_t step = 0; step < 200; step++)
    CHECK_NEAR(factor("exponential gamma=0.93", step, 100, 7), pow(0.93, (double)step / 7), 2e-15);
}

/* What PyTorch 2.15's OneCycleLR gives with max_lr=1. */
TEST(one_cycle) {
  static const struct { int64_t step; double want; } standard[] = {
    {0, 0.040000000000000036}, {1, 0.1316718427000253}, {4, 0.90832815729997474}, {5, 1}, {6, 0.98746400623508734},
    {12, 0.50000199999999995}, {18, 0.012539993764912554}, {19, 3.9999999999999998e-06}, {25, 4e-6}};
  for (size_t i = 0; i < sizeof standard / sizeof standard[0]; i++)
    CHECK_NEAR(factor("one_cycle", standard[i].step, 20, 5), standard[i].want, 1e-15);
  static const double other[] = {0.099999999999999978, 0.41094235253127365, 0.91405764746872631, 0.95053394951725834,
                                 0.61164920651117904,  0.18906684397156262, 0.001};
  for (int i = 0; i < 7; i++) CHECK_NEAR(factor("one_cycle rise=0.5 start=0.1 end=0.001", i, 7, 5), other[i], 1e-15);
  CHECK(factor("one_cycle", 0, 1, 1) == 1);
  CHECK(factor("one_cycle rise=0.25", 0, 4, 1) == 1); /* no step to rise in */
  CHECK(factor("one_cycle rise=0", 0, 4, 1) < 1);
}

/* Rates after each epoch's observation. */
static void watch(const char *text, int count, const double *values, bool accuracy, const double *want) {
  const ig__schedule *s;
  void *options;
  double state[IG__SCHEDULE_STATE] = {0};
  CHECK_OK(ig__schedule_parse(text, &s, &options));
  for (int i = 0; i < count; i++) {
    s->observe(options, state, &(ig__outcome){.loss = accuracy ? 7 : values[i], .accuracy = accuracy ? values[i] : (double)NAN});
    ig__progress at = {.step = i + 1, .total_steps = count, .steps_per_epoch = 1, .state = state};
    CHECK_NEAR(ig__schedule_factor(s, options, at), want[i], 1e-15);
  }
  ig__free(options);
}

/* What PyTorch 2.15's ReduceLROnPlateau makes of the same values. */
TEST(plateau) {
  static const double losses[] = {1, 0.9, 0.89999, 0.95, 0.91, 0.92, 0.7, 0.71, 0.72, 0.73, 0.74, 0.75, 0.69999, 0.69};
  static const double accuracies[] = {.5, .6, .6, .6, .61, .6, .6, .6, .6};
  watch("plateau patience=1 gamma=0.5", 14, losses, false,
        (double[]){1, 1, 1, 0.5, 0.5, 0.25, 0.25, 0.25, 0.125, 0.125, 0.0625, 0.0625, 0.03125, 0.03125});
  watch("plateau patience=1 gamma=0.5 cooldown=2", 14, losses, false,
        (double[]){1, 1, 1, 0.5, 0.5, 0.5, 0.5, 0.5, 0.25, 0.25, 0.25, 0.25, 0.125, 0.125});
  watch("plateau patience=0 gamma=0.1 threshold=0.05 min=0.01", 6, losses, false, (double[]){1, 1, 0.1, 0.01, 0.01, 0.01});
  watch("plateau patience=1 gamma=0.5 metric=accuracy", 9, accuracies, true, (double[]){1, 1, 1, 0.5, 0.5, 0.5, 0.25, 0.25, 0.125});
  /* Nothing observed, and values that are no numbers: those are not better than any. */
  CHECK(factor("plateau", 50, 100, 10) == 1);
  watch("plateau patience=1 gamma=0.5", 5, (const double[]){NAN, 2, NAN, NAN, 1}, false, (double[]){1, 1, 1, 0.5, 0.5});
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
                                      "step every=2 gamma=0.3 warmup=4", "exponential 0.7 warmup=1", "one_cycle",
                                      "one_cycle rise=0.1 start=0 warmup=2", "plateau"};
  for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
    for (int64_t step = 0; step < 120; step++) {
      double f = factor(texts[i], step, 120, 12);
      CHECK(f >= 0 && f <= 1 && (f > 0 || step == 0));
    }
}

TEST(linear) {
  CHECK(factor("linear", 0, 100, 10) == 1);
  CHECK(factor("linear", 25, 100, 10) == 0.75);
  CHECK(factor("linear", 100, 100, 10) == 0);
  CHECK(factor("linear", 170, 100, 10) == 0);
  CHECK_NEAR(factor("linear to=0.1", 50, 100, 10), 0.55, 1e-15);
  CHECK_NEAR(factor("linear from=0 to=4", 75, 100, 10), 3, 1e-15);
  CHECK_NEAR(factor("linear from=2 to=1", 1, 4, 1), 1.75, 1e-15);
}

/* λ after each epoch, by losses of training and validation. */
static void watch_gap(const char *text, int count, const double (*losses)[2], double nothing, const double *want) {
  const ig__schedule *s;
  void *options;
  double state[IG__SCHEDULE_STATE] = {0};
  CHECK_OK(ig__schedule_parse(text, &s, &options));
  CHECK(s->of_lambda);
  for (int i = 0; i < count; i++) {
    s->observe(options, state, &(ig__outcome){.train_loss = losses[i][0], .data_loss = losses[i][1], .nothing = nothing});
    CHECK_NEAR(ig__schedule_factor(s, options, (ig__progress){.step = i + 1, .total_steps = count, .steps_per_epoch = 1, .state = state}), want[i],
               1e-12 * want[i]);
  }
  ig__free(options);
}

/* Both losses high: lowered; the gap larger than ever: raised; anything else: as it was, also where the gap grows again to no more than it was. */
TEST(gap) {
  static const double losses[][2] = {{2.2, 2.1}, {1.5, 1.6}, {0.9, 1.3}, {0.8, 0.9}, {0.5, 0.8}, {0.4, 0.9}, {0.3, 0.7}, {0.3, 0.79}, {0.2, 0.75}};
  static const double more[][2] = {{1, 2}, {1, 3}, {1, 4}, {1, 5}}, first[][2] = {{4, 4}, {3, 3}, {1.9, 3}};
  watch_gap("gap step=2", 9, losses, 2.3, (double[]){0.5, 0.25, 0.5, 0.5, 0.5, 1, 1, 1, 2});
  watch_gap("gap", 3, losses, 2.3, (double[]){1 / 1.5, 1 / 2.25, 1 / 1.5});
  watch_gap("gap step=2 high=0.9", 3, losses, 2.3, (double[]){0.5, 1, 2});
  watch_gap("gap step=10 span=100 high=1", 4, more, 2.3, (double[]){10, 100, 100, 100});
  watch_gap("gap step=10 high=0.5", 3, first, 0, (double[]){0.1, 0.01, 0.1}); /* the first training loss stands for the unknown */
}

/* Slopes of one sign move λ by the whole rate whatever their size; of both, hardly. Bounds hold, also where it would leave them at once. */
TEST(hypergradient_moves) {
  const ig__hypergradient o = {.rate = 0.1, .low = 1e-6, .high = 1e-2};
  for (double size = 1e-9; size < 1e3; size *= 1e4) {
    double up[IG__SCHEDULE_STATE] = {0}, down[IG__SCHEDULE_STATE] = {0}, none[IG__SCHEDULE_STATE] = {0}, slow[IG__SCHEDULE_STATE] = {0};
    for (int i = 0; i < 20; i++) {
      ig__hypergradient_move(&o, up, -size, 1, 1e-4);
      ig__hypergradient_move(&o, down, size, 1, 1e-4);
      ig__hypergradient_move(&o, none, i % 2 ? size : -size, 1, 1e-4);
      ig__hypergradient_move(&o, slow, -size, 0.25, 1e-4);
    }
    CHECK_NEAR(log(up[0]), 2, 1e-12);
    CHECK_NEAR(log(down[0]), -2, 1e-12);
    CHECK_NEAR(log(none[0]), 0, 0.25);
    CHECK_NEAR(log(slow[0]), 0.5, 1e-12);
  }
  double state[IG__SCHEDULE_STATE] = {0}, still[IG__SCHEDULE_STATE] = {0};
  for (int i = 0; i < 200; i++) ig__hypergradient_move(&o, state, -1, 1, 1e-4);
  CHECK_NEAR(state[0] * 1e-4, 1e-2, 1e-16);
  for (int i = 0; i < 400; i++) ig__hypergradient_move(&o, state, 1, 1, 1e-4);
  CHECK_NEAR(state[0] * 1e-4, 1e-6, 1e-20);
  for (int i = 0; i < 5; i++) ig__hypergradient_move(&o, still, 0, 1, 1e-4);
  CHECK(still[0] == 1);
}
