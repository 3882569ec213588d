/* sqrt: the square root; its slope at 0 is infinite, and it is no number below: the check of the loss then names step and
 * layer. The root is exact to the last digit by IEEE 754, so libm's is the same everywhere. */
#include "ops/elementwise.h"

static const ig__elementwise_fast sqrt_fast = NULL;

IG__ELEMENTWISE_OF(sqrt, ig__elementwise, NULL, , IG__DRAW_POSITIVE, "square root, of positive values", IG__FROM_Y,
                   sqrt(x), 0.5 / y, -0.5 / (y * y),
                   .flags = IG__CHANNELWISE | IG__ACTIVATION | IG__LAYER | IG__IN_PLACE | IG__DIRTY_LANES)
