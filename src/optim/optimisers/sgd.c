/* Gradient descent with momentum: buf = μ·buf + g, w −= lr·buf (PyTorch's form). Keras keeps lr·buf in the buffer; the
 * two differ only while the rate changes: here a new rate acts at once on the whole velocity. */
#include "optim/optim.h"

typedef struct { double momentum; bool nesterov; } sgd_options;

static const ig__option table[] = {
  IG__OPTION(sgd_options, momentum, "0", 0, 0.999999, "", "share of the velocity kept from step to step"),
  IG__OPTION(sgd_options, nesterov, "no", 0, 1, "", "step along g + momentum*velocity; needs a momentum"),
  IG__OPTIONS_END };

static ig_status check(const void *options) {
  const sgd_options *o = options;
  if (o->nesterov && !(o->momentum > 0))
    return ig__fail(IG_USAGE, "sgd: nesterov=yes without a momentum changes nothing; give one, such as momentum=0.9");
  return IG_OK;
}

static int slots(const void *options) {
  const sgd_options *o = options;
  return o->momentum > 0;
}

static void step(const ig__update *u) {
  const sgd_options *o = u->options;
  void *velocity = o->momentum > 0 ? u->slot[0] : NULL;
  u->k->sgd_step(u->w, u->g, velocity, u->lr, o->momentum, o->nesterov, u->count);
}

static void gain(const ig__update *u, double *out) {
  const sgd_options *o = u->options;
  for (int64_t i = 0; i < u->count; i++) out[i] = o->nesterov ? u->lr * (1 + o->momentum) : u->lr;
}

const ig__optimiser ig__optimiser_sgd = {
  .name = "sgd",
  .help = "gradient descent on mini-batches, with momentum if asked",
  .source = "Robbins & Monro 1951; momentum: Polyak 1964; Nesterov's: Sutskever, Martens, Dahl & Hinton, ICML 2013",
  .options = table,
  .options_size = sizeof(sgd_options),
  .check = check,
  .slots = slots,
  .default_lr = 0.01,
  .step = step,
  .gain = gain,
};
