/* erase: a square anywhere in the picture is filled with its mean, so that no single feature is relied upon (DeVries & Taylor
 * 2017, who call it cutout). Its centre is drawn from the whole picture: at the borders a part of it falls outside. */
#include "data/augment.h"

typedef struct { double size; } erase_options;

static const ig__option table[] = {
  IG__POSITIONAL(erase_options, size, "0.25", 0, 65536, "pixels or share", "side of the square; below 1 a share of the shorter side"),
  IG__OPTIONS_END};

static void draw(const void *options, ig__rng *rng, int height, int width, ig__change *c) {
  const erase_options *o = options;
  const int side = (int)(ig__augment_pixels(o->size, height < width ? height : width) + 0.5);
  int x = (int)ig__rng_below(rng, (uint32_t)width) - side / 2, y = (int)ig__rng_below(rng, (uint32_t)height) - side / 2;
  int right = x + side < width ? x + side : width, bottom = y + side < height ? y + side : height;
  if (x < 0) x = 0;
  if (y < 0) y = 0;
  if (right > x && bottom > y && c->erased < IG__MOST_ERASED)
    c->erase[c->erased++] = (ig__box){.x = x, .y = y, .width = right - x, .height = bottom - y};
}

const ig__augment_kind ig__augment_erase = {
  .name = "erase", .help = "a square is wiped out (cutout)", .options = table, .options_size = sizeof(erase_options), .draw = draw};
