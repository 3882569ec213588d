/* λ by the gap between the losses of validation and training, looked at after each epoch. Two rules, the first that holds:
 *
 *   both losses are above `high` times the loss of knowing nothing: λ is divided by `step`, for the network learns too little;
 *   the gap, validation − training, is above 0 and larger than it ever was: λ is multiplied by `step`.
 *
 * Else it stays. The largest gap so far and not the last one is what it is compared with: the gaps of small validation parts go up
 * and down, and λ would rise with every other epoch. Where the loss of knowing nothing is not known, the training loss of the
 * first epoch stands for it. */
#include "optim/optim.h"

typedef struct { double warmup, step, high, span; } gap_options;

static const ig__option table[] = {
  IG__OPTION(gap_options, step, "1.5", 1, 1e3, "", "what lambda is multiplied or divided by after an epoch"),
  IG__OPTION(gap_options, high, "0.5", 0, 1, "", "share of the loss of knowing nothing from which on a loss is high"),
  IG__OPTION(gap_options, span, "1e4", 1, 1e12, "", "lambda stays within this factor of where it began, up and down"),
  IG__OPTION(gap_options, warmup, "0", 0, 1e6, "epochs", "lambda rises linearly over these first epochs"),
  IG__OPTIONS_END };

/* Places in the state. */
enum { FACTOR, LARGEST, NOTHING };

static double factor(const void *options, ig__progress at) {
  (void)options;
  return at.state && at.state[FACTOR] > 0 ? at.state[FACTOR] : 1;
}

static void observe(const void *options, double *state, const ig__outcome *seen) {
  const gap_options *o = options;
  const double gap = seen->data_loss - seen->train_loss;
  double f = state[FACTOR] > 0 ? state[FACTOR] : 1;
  if (!(state[NOTHING] > 0)) state[NOTHING] = seen->nothing > 0 ? seen->nothing : seen->train_loss;
  const double high = o->high * state[NOTHING];
  if (seen->data_loss > high && seen->train_loss > high) f /= o->step;
  else if (gap > state[LARGEST]) f *= o->step;
  if (gap > state[LARGEST]) state[LARGEST] = gap;
  state[FACTOR] = f < 1 / o->span ? 1 / o->span : f > o->span ? o->span : f;
}

const ig__schedule ig__schedule_gap = {
  .name = "gap",
  .help = "lambda only: raised while the gap of validation and training loss grows, lowered while both are high",
  .source = "after the early-stopping criteria of Prechelt, Neural Networks 1998",
  .options = table,
  .options_size = sizeof(gap_options),
  .factor = factor,
  .observe = observe,
  .of_lambda = true,
};
