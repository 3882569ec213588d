/* Exponential moving average: mean += (1 − decay)·(w − mean) after each update. As long as fewer than 1/(1 − decay) weights have
 * entered it is their plain mean, so that the start needs no correction and is forgotten in time. */
#include "optim/optim.h"

typedef struct { double decay; } ema_options;

static const ig__option table[] = {
  IG__POSITIONAL(ema_options, decay, "0.999", 0, 0.9999999, "", "share of the mean that stays at an update; it spans about 1/(1-decay) updates"),
  IG__OPTIONS_END };

static double share(const void *options, ig__progress at, int64_t count) {
  const ema_options *o = options;
  const double plain = 1 / ((double)count + 1), least = 1 - o->decay;
  (void)at;
  return plain > least ? plain : least;
}

const ig__average ig__average_ema = {
  .name = "ema",
  .help = "exponential moving average of the weights, after each update",
  .source = "Polyak & Juditsky, SIAM J. Control Optim. 1992",
  .options = table,
  .options_size = sizeof(ema_options),
  .share = share,
};
