/* flip: left for right in every second picture, on request also top for bottom. */
#include "data/augment.h"

typedef struct { bool horizontal, vertical; } flip_options;

static const ig__option table[] = {
  IG__OPTION(flip_options, horizontal, "yes", 0, 1, "", "left for right in every second picture"),
  IG__OPTION(flip_options, vertical, "no", 0, 1, "", "top for bottom in every second picture"),
  IG__OPTIONS_END};

static void draw(const void *options, ig__rng *rng, int height, int width, ig__change *c) {
  const flip_options *o = options;
  const uint32_t bits = ig__rng_u32(rng);
  (void)height, (void)width;
  ig__affine_follow(&c->map, &(ig__affine){.xx = o->horizontal && bits & 1 ? -1 : 1, .yy = o->vertical && bits & 2 ? -1 : 1});
}

const ig__augment_kind ig__augment_flip = {
  .name = "flip", .help = "mirrored in every second epoch or so", .options = table, .options_size = sizeof(flip_options), .draw = draw};
