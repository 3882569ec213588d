/* rotate: turned about the centre. */
#include "data/augment.h"

typedef struct { double angle; } rotate_options;

static const ig__option table[] = {
  IG__POSITIONAL(rotate_options, angle, "10", 0, 180, "degrees", "at most so far to either side"),
  IG__OPTIONS_END};

static void draw(const void *options, ig__rng *rng, int height, int width, ig__change *c) {
  const rotate_options *o = options;
  const double turns = ig__rng_range(rng, -o->angle, o->angle) / 360;
  const double cosine = ig__cosine(turns), sine = ig__cosine(turns - 0.25);
  (void)height, (void)width;
  ig__affine_follow(&c->map, &(ig__affine){.xx = cosine, .xy = -sine, .yx = sine, .yy = cosine});
}

const ig__augment_kind ig__augment_rotate = {
  .name = "rotate", .help = "turned a little", .options = table, .options_size = sizeof(rotate_options), .draw = draw};
