/* log λ goes down the loss of pictures that are held back from training. */
#include "optim/hypergradient.h"
#include "optim/power.h"

#define MEAN 0.9     /* kept of the mean slope at a step, and of the mean square */
#define SQUARE 0.99

static const ig__word pers[] = {{"network", IG__PER_NETWORK}, {"layer", IG__PER_LAYER}, {NULL, 0}};
static const ig__option table[] = {
  IG__OPTION_WORDS(ig__hypergradient, per, "network", 1, 0, "", "one lambda for all, or one for each layer", pers),
  IG__OPTION(ig__hypergradient, hold, "0.05", 0.001, 0.9, "share", "part of the training pictures that is held back to move lambda"),
  IG__OPTION(ig__hypergradient, rate, "0.1", 0, 1, "", "largest change of log lambda at a step, at the full learning rate"),
  IG__OPTION(ig__hypergradient, low, "1e-8", 1e-300, 1e6, "", "least lambda, of the full scale"),
  IG__OPTION(ig__hypergradient, high, "0.01", 1e-300, 1e6, "", "largest lambda, of the full scale"),
  IG__OPTION(ig__hypergradient, warmup, "0", 0, 1e6, "epochs", "lambda rises linearly over these first epochs"),
  IG__OPTIONS_END };

/* Places in the state. */
enum { FACTOR, COUNT, SLOPE, SQUARES };

static ig_status check(const void *options) {
  const ig__hypergradient *o = options;
  return o->low <= o->high ? IG_OK : ig__fail(IG_USAGE, "hypergradient: low=%g is above high=%g", o->low, o->high);
}

static double factor(const void *options, ig__progress at) {
  (void)options;
  return at.state && at.state[FACTOR] > 0 ? at.state[FACTOR] : 1;
}

void ig__hypergradient_move(const ig__hypergradient *o, double state[IG__SCHEDULE_STATE], double slope, double share, double lambda) {
  const int64_t count = (int64_t)++state[COUNT];
  state[SLOPE] = MEAN * state[SLOPE] + (1 - MEAN) * slope;
  state[SQUARES] = SQUARE * state[SQUARES] + (1 - SQUARE) * slope * slope;
  const double mean = state[SLOPE] / (1 - ig__power(MEAN, count)), square = state[SQUARES] / (1 - ig__power(SQUARE, count));
  double step = square > 0 ? mean / sqrt(square) : 0, f = state[FACTOR] > 0 ? state[FACTOR] : 1;
  step = o->rate * (share < 1 ? share : 1) * (step < -1 ? -1 : step > 1 ? 1 : step);
  f = step > 0 ? f / ig__power_real(M_E, step) : f * ig__power_real(M_E, -step);
  state[FACTOR] = f < o->low / lambda ? o->low / lambda : f > o->high / lambda ? o->high / lambda : f;
}

const ig__schedule ig__schedule_hypergradient = {
  .name = "hypergradient",
  .help = "lambda only: goes down the loss of held-back pictures, by its derivative through the last step",
  .source = "Luketina, Berglund, Greff & Raiko, ICML 2016; Baydin et al., ICLR 2018; the step: Kingma & Ba, ICLR 2015",
  .options = table,
  .options_size = sizeof(ig__hypergradient),
  .check = check,
  .factor = factor,
  .of_lambda = true,
};
