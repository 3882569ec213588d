/* One cycle over the whole run: up along half a cosine to the base rate, which is the highest, then down to nearly nothing. The
 * places and the defaults are those of PyTorch's OneCycleLR (pct_start 0.3, div_factor 25, final_div_factor 1e4); the momentum
 * does not move. */
#include "optim/half_cosine.h"
#include "optim/optim.h"

typedef struct { double warmup, rise, start, end; } one_cycle_options;

static const ig__option table[] = {
  IG__OPTION(one_cycle_options, rise, "0.3", 0, 0.99, "", "share of the run in which the rate rises"),
  IG__OPTION(one_cycle_options, start, "0.04", 0, 1, "", "share of the rate at the first step"),
  IG__OPTION(one_cycle_options, end, "4e-6", 0, 1, "", "share of the rate at the last step"),
  IG__OPTION(one_cycle_options, warmup, "0", 0, 1e6, "epochs", "the rate rises linearly over these first epochs"),
  IG__OPTIONS_END };

static double between(double from, double to, double share) { return to + (from - to) * ig__half_cosine(share); }

static double factor(const void *options, ig__progress at) {
  const one_cycle_options *o = options;
  const double step = (double)at.step, last = (double)at.total_steps - 1, top = o->rise * (double)at.total_steps - 1;
  if (step >= last) return at.total_steps > 1 ? o->end : 1;
  if (step > top) return between(1, o->end, (step - top) / (last - top));
  return top > 0 ? between(o->start, 1, step / top) : 1;
}

const ig__schedule ig__schedule_one_cycle = {
  .name = "one_cycle",
  .help = "rises to the rate and falls to almost nothing, along half cosines",
  .source = "Smith & Topin, Super-convergence, 2018; OneCycleLR in PyTorch",
  .options = table,
  .options_size = sizeof(one_cycle_options),
  .factor = factor,
};
