/* Means of the weights against sums written out. */
#include "base/alloc.h"
#include "optim/optim.h"
#include "test.h"

#include <math.h>

static double mean_of(const char *text, const double *w, int count, int64_t total, int64_t *entered) {
  const ig__average *average;
  void *options;
  double mean = 0;
  CHECK_OK(ig__average_parse(text, &average, &options));
  *entered = 0;
  for (int i = 0; i < count; i++) {
    const double share = average->share(options, (ig__progress){.step = i, .total_steps = total, .steps_per_epoch = 1}, *entered);
    CHECK(share >= 0 && share <= 1);
    mean += share * (w[i] - mean);
    *entered += share > 0;
  }
  ig__free(options);
  return mean;
}

/* The plain mean at first, and from 1/(1 − decay) weights on the exponential one. */
TEST(ema_in_closed_form) {
  double w[200], want = 0;
  int64_t entered;
  for (int i = 0; i < 200; i++) w[i] = cos(i) + 1;
  for (int i = 0; i < 10; i++) want += w[i] / 10;
  CHECK_NEAR(mean_of("ema 0.9", w, 10, 200, &entered), want, 1e-14);
  for (int i = 10; i < 200; i++) want = 0.9 * want + 0.1 * w[i];
  CHECK_NEAR(mean_of("ema 0.9", w, 200, 200, &entered), want, 1e-13);
  CHECK_INT(entered, 200);
  CHECK(mean_of("ema 0", w, 200, 200, &entered) == w[199]);
}

TEST(swa_is_the_mean_of_the_end) {
  double w[20], want = 0;
  int64_t entered;
  for (int i = 0; i < 20; i++) w[i] = sin(i);
  for (int i = 15; i < 20; i++) want += w[i] / 5;
  CHECK_NEAR(mean_of("swa", w, 20, 20, &entered), want, 1e-15);
  CHECK_INT(entered, 5);
  mean_of("swa start=0.5", w, 20, 20, &entered);
  CHECK_INT(entered, 10);
}
