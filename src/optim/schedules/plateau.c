/* The rate drops when validation has stood still for more than `patience` epochs: not better than the best so far by a share of
 * `threshold`. The rules and defaults are those of PyTorch's ReduceLROnPlateau (mode by the metric, threshold_mode rel). */
#include "optim/optim.h"
#include "optim/power.h"

enum { LOSS, ACCURACY };
typedef struct { double warmup, gamma, threshold, min; int patience, cooldown, metric; } plateau_options;

static const ig__word metrics[] = {{"loss", LOSS}, {"accuracy", ACCURACY}, {NULL, 0}};
static const ig__option table[] = {
  IG__OPTION(plateau_options, patience, "10", 0, 1e6, "epochs", "epochs without improvement that are borne"),
  IG__OPTION(plateau_options, gamma, "0.1", 1e-6, 1, "", "what a drop multiplies the rate by"),
  IG__OPTION(plateau_options, threshold, "1e-4", 0, 1, "", "share by which a better value is better"),
  IG__OPTION(plateau_options, cooldown, "0", 0, 1e6, "epochs", "epochs after a drop that do not count"),
  IG__OPTION(plateau_options, min, "0", 0, 1, "", "share of the rate that is always left"),
  IG__OPTION_WORDS(plateau_options, metric, "loss", 1, 0, "", "what is watched; without validation that of training", metrics),
  IG__OPTION(plateau_options, warmup, "0", 0, 1e6, "epochs", "the rate rises linearly over these first epochs"),
  IG__OPTIONS_END };

/* Places in the state. */
enum { SEEN, BEST, BAD, COOLING, DROPS };

static double factor(const void *options, ig__progress at) {
  const plateau_options *o = options;
  const double f = at.state ? ig__power(o->gamma, (int64_t)at.state[DROPS]) : 1;
  return f > o->min ? f : o->min;
}

/* The first value is the best so far; one that is no number is never better. */
static void observe(const void *options, double *state, const ig__outcome *seen) {
  const plateau_options *o = options;
  const double value = o->metric == LOSS ? seen->loss : seen->accuracy, best = state[BEST];
  const bool better = state[SEEN] == 0 ? value == value
                      : o->metric == LOSS ? value < best * (1 - o->threshold) : value > best * (1 + o->threshold);
  if (better) {
    state[SEEN] = 1;
    state[BEST] = value;
  }
  state[BAD] = better ? 0 : state[BAD] + 1;
  if (state[COOLING] > 0) {
    state[COOLING]--;
    state[BAD] = 0;
  }
  if (state[BAD] <= o->patience) return;
  state[DROPS]++;
  state[COOLING] = o->cooldown;
  state[BAD] = 0;
}

const ig__schedule ig__schedule_plateau = {
  .name = "plateau",
  .help = "drops by a factor when the validation no longer gets better",
  .source = "ReduceLROnPlateau in Keras and PyTorch",
  .options = table,
  .options_size = sizeof(plateau_options),
  .factor = factor,
  .observe = observe,
};
