/* leaky_relu: x, or slope·x below 0 (Maas, Hannun, Ng 2013). The slope is not negative, so the sign of the result tells on
 * which side of 0 the input lay; with slope 0 it is relu. */
#include "ops/elementwise.h"

typedef struct leaky_relu_options { int order; double slope; } leaky_relu_options;

static const ig__option table[] = {
  IG__POSITIONAL(leaky_relu_options, slope, "0.01", 0, 1, "", "factor of negative inputs"),
  IG__OPTIONS_END };

static const ig__elementwise_fast leaky_relu_fast = NULL;

IG__ELEMENTWISE_OF(leaky_relu, leaky_relu_options, table, .slope = 0.01, IG__DRAW_AWAY,
                   "leaky rectified linear unit, x above 0 and slope·x below", IG__FROM_Y,
                   x > 0 ? x : o->slope * x, y > 0 ? 1 : o->slope, 0,
                   .flags = IG__CHANNELWISE | IG__ACTIVATION | IG__LAYER | IG__IN_PLACE | IG__KINK)
