#ifndef IG__OPTIM_HYPERGRADIENT_H
#define IG__OPTIM_HYPERGRADIENT_H
/* λ that follows the derivative of a validation loss: its options and its step. Where the derivative comes from is the business of
 * train/hypergradient.c. */

#include "optim/optim.h"

enum { IG__PER_NETWORK, IG__PER_LAYER };
typedef struct ig__hypergradient { double warmup, hold, rate, low, high; int per; } ig__hypergradient;

extern const ig__schedule ig__schedule_hypergradient;

/* One step of log λ against `slope`, a number with the sign of the derivative; `lambda` is λ where the run began,
 * as it multiplies ‖w‖². By Adam's rule,
 * which asks for no scale: up to `rate` where the signs agree, little where they do not. `share`: of the full learning rate, at which
 * the weights move; λ moves no faster. */
void ig__hypergradient_move(const ig__hypergradient *options, double state[IG__SCHEDULE_STATE], double slope, double share, double lambda);

#endif
