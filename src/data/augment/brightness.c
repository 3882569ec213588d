/* brightness: all values by one factor. */
#include "data/augment.h"

typedef struct { double amount; } brightness_options;

static const ig__option table[] = {
  IG__POSITIONAL(brightness_options, amount, "0.2", 0, 1, "share", "factors from 1-amount to 1+amount"),
  IG__OPTIONS_END};

static void draw(const void *options, ig__rng *rng, int height, int width, ig__change *c) {
  const brightness_options *o = options;
  const double factor = ig__rng_range(rng, 1 - o->amount, 1 + o->amount);
  (void)height, (void)width;
  c->gain *= factor;
  c->lift *= factor;
}

const ig__augment_kind ig__augment_brightness = {
  .name = "brightness", .help = "darker or brighter", .options = table, .options_size = sizeof(brightness_options), .draw = draw};
