/* crop: a part of the picture, in its proportions, anywhere in it, enlarged to the whole. */
#include "data/augment.h"

typedef struct { double least; } crop_options;

static const ig__option table[] = {
  IG__POSITIONAL(crop_options, least, "0.8", 0.05, 1, "share", "smallest side of the part; it lies between this and 1"),
  IG__OPTIONS_END};

static void draw(const void *options, ig__rng *rng, int height, int width, ig__change *c) {
  const crop_options *o = options;
  const double side = ig__rng_range(rng, o->least, 1), room = 0.5 * (1 - side);
  const double x = ig__rng_range(rng, -room, room), y = ig__rng_range(rng, -room, room);
  ig__affine_follow(&c->map, &(ig__affine){.xx = side, .yy = side, .x0 = x * width, .y0 = y * height});
}

const ig__augment_kind ig__augment_crop = {
  .name = "crop", .help = "a part of the picture, enlarged", .options = table, .options_size = sizeof(crop_options), .draw = draw};
