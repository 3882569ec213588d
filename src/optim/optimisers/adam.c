/* Adam, and AMSGrad by an option (optim/adam.h has the rule). */
#include "optim/adam.h"

static const ig__option table[] = {IG__ADAM_ROWS(ig__adam_options), IG__OPTIONS_END};

const ig__optimiser ig__optimiser_adam = {
  .name = "adam",
  .help = "a rate for each weight from running means of its gradient and squared gradient",
  .source = "Kingma & Ba, Adam: a method for stochastic optimization, ICLR 2015",
  .options = table,
  .options_size = sizeof(ig__adam_options),
  .slots = ig__adam_slots,
  .default_lr = 0.001,
  .step = ig__adam_update,
  .gain = ig__adam_gain,
};
