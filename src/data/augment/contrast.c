/* contrast: all values nearer to the picture's mean, or further from it. */
#include "data/augment.h"

typedef struct { double amount; } contrast_options;

static const ig__option table[] = {
  IG__POSITIONAL(contrast_options, amount, "0.2", 0, 1, "share", "factors from 1-amount to 1+amount"),
  IG__OPTIONS_END};

/* With w = gain·v + lift·mean so far, whose mean is (gain + lift)·mean: f·w + (1 − f)·(gain + lift)·mean. */
static void draw(const void *options, ig__rng *rng, int height, int width, ig__change *c) {
  const contrast_options *o = options;
  const double factor = ig__rng_range(rng, 1 - o->amount, 1 + o->amount), level = c->gain + c->lift;
  (void)height, (void)width;
  c->gain *= factor;
  c->lift = factor * c->lift + (1 - factor) * level;
}

const ig__augment_kind ig__augment_contrast = {
  .name = "contrast", .help = "flatter or starker", .options = table, .options_size = sizeof(contrast_options), .draw = draw};
