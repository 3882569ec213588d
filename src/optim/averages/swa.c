/* Stochastic weight averaging: the plain mean of the weights at the ends of the last epochs. */
#include "optim/optim.h"

typedef struct { double start; } swa_options;

static const ig__option table[] = {
  IG__POSITIONAL(swa_options, start, "0.75", 0, 0.999, "", "share of the run after which epochs enter the mean"),
  IG__OPTIONS_END };

static double share(const void *options, ig__progress at, int64_t count) {
  const swa_options *o = options;
  if (!((double)at.step + 1 > o->start * (double)at.total_steps)) return 0;
  return 1 / ((double)count + 1);
}

const ig__average ig__average_swa = {
  .name = "swa",
  .help = "stochastic weight averaging: the mean of the weights at the ends of the last epochs, batch statistics measured anew",
  .source = "Izmailov et al., UAI 2018",
  .options = table,
  .options_size = sizeof(swa_options),
  .share = share,
  .each_epoch = true,
  .statistics = true,
};
