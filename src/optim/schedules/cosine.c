/* Half a cosine over the whole run, without restarts: from 1 at step 0 to `min` at total_steps, which is the step after
 * the last one; a run that goes on beyond it stays at `min`. */
#include "optim/half_cosine.h"
#include "optim/optim.h"

typedef struct { double warmup, min; } cosine_options;

static const ig__option table[] = {
  IG__OPTION(cosine_options, warmup, "0", 0, 1e6, "epochs", "the rate rises linearly over these first epochs"),
  IG__OPTION(cosine_options, min, "0", 0, 1, "", "share of the rate that is left at the end"),
  IG__OPTIONS_END };

static double factor(const void *options, ig__progress at) {
  const cosine_options *o = options;
  if (at.step >= at.total_steps) return o->min;
  return o->min + (1 - o->min) * ig__half_cosine((double)at.step / (double)at.total_steps);
}

const ig__schedule ig__schedule_cosine = {
  .name = "cosine",
  .help = "falls along half a cosine over the whole run",
  .source = "Loshchilov & Hutter, SGDR: stochastic gradient descent with warm restarts, ICLR 2017 (one cycle)",
  .options = table,
  .options_size = sizeof(cosine_options),
  .factor = factor,
};
