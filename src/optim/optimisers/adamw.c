/* AdamW: Adam (optim/adam.h) with decoupled decay of the weights, w −= lr·decay·w before the step, which --weight-decay gives to
 * every optimiser: here it is on from the start. PyTorch decays all parameters that it is given, here the weights alone do. */
#include "optim/adam.h"

typedef struct { IG__ADAM_MEMBERS; double weight_decay; } adamw_options;

static const ig__option table[] = {
  IG__ADAM_ROWS(adamw_options),
  IG__OPTION(adamw_options, weight_decay, "0.01", 0, 1e6, "", "decoupled decay of weights: w -= lr*decay*w"),
  IG__OPTIONS_END };

static double decay(const void *options) { return ((const adamw_options *)options)->weight_decay; }

const ig__optimiser ig__optimiser_adamw = {
  .name = "adamw",
  .help = "adam with decoupled decay of the weights",
  .source = "Loshchilov & Hutter, Decoupled weight decay regularization, ICLR 2019",
  .options = table,
  .options_size = sizeof(adamw_options),
  .slots = ig__adam_slots,
  .default_lr = 0.001,
  .step = ig__adam_update,
  .gain = ig__adam_gain,
  .weight_decay = decay,
};
