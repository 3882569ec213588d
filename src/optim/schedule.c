/* The warm-up that all schedules share (Goyal et al., Accurate, large minibatch SGD, 2017: "gradual warmup"). Over
 * w = warmup · steps_per_epoch steps the factor is (step+1)/(w+1): the first step already moves, and step w is the
 * first whole one. It multiplies the schedule, which runs over the whole length. */
#include "optim/optim.h"

double ig__schedule_factor(const ig__schedule *schedule, const void *options, ig__progress at) {
  double warmup = *(const double *)options * (double)at.steps_per_epoch;
  double factor = schedule->factor(options, at);
  double done = (double)at.step;
  return done < warmup ? factor * ((done + 1) / (warmup + 1)) : factor;
}
