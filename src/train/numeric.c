/* --gradient numeric: central differences of the loss in the place of its derivative.
 *
 *   g ≈ (f(w + h) − f(w − h)) / 2h,   h = 1e-5·max(1, |w|), in double
 *
 * The error is h²/6 of the third derivative and some 1e-16/h of the loss: about 1e-10 together
 * (tests/unit/train/test_numeric.c: measures it). No op needs a derivative, so any loss can be trained; a step runs the network twice for
 * each weight. Dropout draws by (seed, step) and is the same in all of these runs; running statistics move once. */
#include "train/train.h"

#include <math.h>
#include <string.h>

#define H 1e-5
#define MOST 20000         /* weights: a step of 40,000 runs of the network */

static int64_t trained(const ig__model *m) {
  int64_t count = 0;
  for (size_t k = 0; k < m->param_count; k++) count += m->param[k].frozen ? 0 : m->param[k].count;
  return count;
}

ig_status ig__numeric_open(const ig__model *model, const ig_train_options *o, bool descent, void **states) {
  *states = NULL;
  if (!strcmp(o->gradient, "analytic")) return IG_OK;
  if (strcmp(o->gradient, "numeric") != 0) return ig__fail(IG_USAGE, "--gradient %s: analytic and numeric are there", o->gradient);
  if (model->real_size != sizeof(double))
    return ig__fail(IG_USAGE, "--gradient numeric: in float the rounding of the loss is as large as its differences; add --precision f64");
  if (descent) return ig__fail(IG_USAGE, "--gradient numeric: %s is full-batch descent; it goes with optimizers that take batches", o->optimizer);
  if (trained(model) > MOST)
    return ig__fail(IG_USAGE, "--gradient numeric: model %s trains %lld weights, and a step would run it %lld times; up to %d weights are "
                    "possible (softmax has 7,850 on MNIST); --freeze leaves some out", model->name, (long long)trained(model),
                    2 * (long long)trained(model), MOST);
  *states = ig__alloc((size_t)model->states_size, (size_t)model->real_size);
  return *states ? IG_OK : IG_NO_MEMORY;
}

static ig_status loss_at(ig__network *net, const ig_context *context, const ig__batch *batch, const ig__pass_step *step, int64_t i, double w,
                         double *loss) {
  double *params = net->model->params;
  const double old = params[i];
  params[i] = w;
  net->model->version++;
  const ig_status status = ig__network_run(net, context, batch, step);
  params[i] = old;
  *loss = ig__network_loss(net);
  return status;
}

ig_status ig__numeric_run(ig__network *net, const ig_context *context, const ig__batch *batch, const ig__pass_step *step, void *states) {
  ig__model *m = net->model;
  const size_t bytes = (size_t)m->states_size * sizeof(double);
  const double *w = m->params;
  double *g = step->grads, f[2];
  memcpy(states, m->states, bytes);
  for (size_t k = 0; k < m->param_count; k++)
    for (int64_t i = m->param[k].offset; !m->param[k].frozen && i < m->param[k].offset + m->param[k].count; i++) {
      const double h = H * fmax(1, fabs(w[i])), up = w[i] + h, down = w[i] - h;
      IG__TRY(loss_at(net, context, batch, step, i, up, &f[0]));
      IG__TRY(loss_at(net, context, batch, step, i, down, &f[1]));
      const double slope = step->loss_scale * (f[0] - f[1]) / (up - down);
      g[i] = step->accumulate ? g[i] + slope : slope;
    }
  memcpy(m->states, states, bytes);
  m->version++;
  return ig__network_run(net, context, batch, step); /* for the loss, the answers and the running statistics */
}
