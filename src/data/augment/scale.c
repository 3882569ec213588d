/* scale: seen from nearer or from further away. */
#include "data/augment.h"

typedef struct { double amount; } scale_options;

static const ig__option table[] = {
  IG__POSITIONAL(scale_options, amount, "0.1", 0, 4, "share", "sizes from 1/(1+amount) to 1+amount"),
  IG__OPTIONS_END};

static void draw(const void *options, ig__rng *rng, int height, int width, ig__change *c) {
  const scale_options *o = options;
  const double by = ig__rng_range(rng, -o->amount, o->amount), size = by < 0 ? 1 / (1 - by) : 1 + by;
  (void)height, (void)width;
  ig__affine_follow(&c->map, &(ig__affine){.xx = 1 / size, .yy = 1 / size});
}

const ig__augment_kind ig__augment_scale = {
  .name = "scale", .help = "a little larger or smaller", .options = table, .options_size = sizeof(scale_options), .draw = draw};
