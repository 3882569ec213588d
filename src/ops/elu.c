/* elu: x, or alpha·(eˣ − 1) below 0 (Clevert, Unterthiner & Hochreiter 2016), slope y + alpha there. */
#include "ops/elementwise.h"

typedef struct elu_options { int order; double alpha; } elu_options;

static const ig__option table[] = {
  IG__POSITIONAL(elu_options, alpha, "1", 1e-6, 1e6, "", "the result goes to -alpha far below 0"),
  IG__OPTIONS_END };

static const ig__elementwise_fast elu_fast = NULL;

IG__ELEMENTWISE_OF(elu, elu_options, table, .alpha = 1, IG__DRAW_AWAY,
                   "exponential linear unit, x above 0 and alpha*(exp(x) - 1) below", IG__FROM_Y,
                   x > 0 ? x : o->alpha * ig__expm1(x), y > 0 ? 1 : y + o->alpha, y > 0 ? 0 : 1,
                   .flags = IG__CHANNELWISE | IG__ACTIVATION | IG__LAYER | IG__IN_PLACE | IG__KINK)
