/* shift: moved by whole pixels in both directions; what comes in at the border is the picture mirrored. */
#include "data/augment.h"

#include <math.h>

typedef struct { double amount; } shift_options;

static const ig__option table[] = {
  IG__POSITIONAL(shift_options, amount, "0.125", 0, 65536, "pixels or share", "at most so far; below 1 a share of the side"),
  IG__OPTIONS_END};

static double whole(ig__rng *rng, double amount, int side) {
  const uint32_t most = (uint32_t)floor(ig__augment_pixels(amount, side) + 0.5);
  return (double)ig__rng_below(rng, 2 * most + 1) - (double)most;
}

static void draw(const void *options, ig__rng *rng, int height, int width, ig__change *c) {
  const shift_options *o = options;
  const double x = whole(rng, o->amount, width), y = whole(rng, o->amount, height);
  ig__affine_follow(&c->map, &(ig__affine){.xx = 1, .yy = 1, .x0 = x, .y0 = y});
}

const ig__augment_kind ig__augment_shift = {
  .name = "shift", .help = "moved a little", .options = table, .options_size = sizeof(shift_options), .draw = draw};
