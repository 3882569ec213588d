/* Half a cosine over the whole run, without restarts: from 1 at step 0 to `min` at total_steps, which is the step after
 * the last one; a run that goes on beyond it stays at `min`. */
#include "optim/optim.h"

typedef struct { double warmup, min; } cosine_options;

static const ig__option table[] = {
  IG__OPTION(cosine_options, warmup, "0", 0, 1e6, "epochs", "the rate rises linearly over these first epochs"),
  IG__OPTION(cosine_options, min, "0", 0, 1, "", "share of the rate that is left at the end"),
  IG__OPTIONS_END };

/* ½(1 + cos πt) for 0 ≤ t ≤ 1. Not cos(): libm picks its variant by the CPU, and the rate's last bit would differ from
 * machine to machine. It is 1 − sin²(πt/2), or sin²(π(1−t)/2) in the second half, which keeps all digits near 0; the
 * series of sin x / x in x ≤ π/4 is cut below 1e-19. */
static double half_cosine(double t) {
  double u = t < 0.5 ? t : 1 - t, x = 1.57079632679489662 * u, x2 = x * x, sine = 1;
  for (int k = 16; k >= 2; k -= 2) sine = 1 - sine * x2 / (k * (k + 1));
  sine *= x;
  return t < 0.5 ? 1 - sine * sine : sine * sine;
}

static double factor(const void *options, ig__progress at) {
  const cosine_options *o = options;
  if (at.step >= at.total_steps) return o->min;
  return o->min + (1 - o->min) * half_cosine((double)at.step / (double)at.total_steps);
}

const ig__schedule ig__schedule_cosine = {
  .name = "cosine",
  .help = "falls along half a cosine over the whole run",
  .source = "Loshchilov & Hutter, SGDR: stochastic gradient descent with warm restarts, ICLR 2017 (one cycle)",
  .options = table,
  .options_size = sizeof(cosine_options),
  .factor = factor,
};
