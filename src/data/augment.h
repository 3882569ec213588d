#ifndef IG__DATA_AUGMENT_H
#define IG__DATA_AUGMENT_H
/* Augmentation: training pictures that are a little different in every epoch.
 *
 * An augmentation changes no pixel itself. It says by lot what is to happen to a sample, in one ig__change that all of a list
 * write into; then the change is made once, on every field of the sample: so that a mask turns with its picture, several
 * geometric ones cost one resampling and blur once, and brightness and contrast are one table of 256 values. What is drawn
 * depends on (seed, epoch, the sample's key, the place in the list) and on nothing else.
 *
 * `mixup` is the exception: it mixes the finished pictures of a batch in pairs. */

#include "data/data.h"

/* The place in the old picture that place (x, y) of the new one shows: (xx·x + xy·y + x0, yx·x + yy·y + y0), all counted from
 * the picture's centre, in pixels of the sample's first picture. */
typedef struct ig__affine { double xx, xy, x0, yx, yy, y0; } ig__affine;
/* What follows in the list: *map = *map ∘ next. */
void ig__affine_follow(ig__affine *map, const ig__affine *next);
/* Nothing but flips and shifts by whole pixels: a copy, exact. */
bool ig__affine_is_exact(const ig__affine *map);

#define IG__MOST_ERASED 4
typedef struct ig__box { int x, y, width, height; } ig__box;

typedef struct ig__change {
  ig__affine map;
  double gain, lift;          /* a value v becomes gain·v + lift·(mean of the picture) */
  int erased;
  ig__box erase[IG__MOST_ERASED]; /* of the new picture: filled with the means of its channels */
} ig__change;

/* A kind of augmentation: one file in augment/, one line in all.def. One of draw and mix. */
typedef struct ig__augment_kind {
  const char *name, *help;
  const ig__option *options;
  size_t options_size;
  /* Draws what happens to one sample, whose first picture has this size, and adds it to the change. */
  void (*draw)(const void *options, ig__rng *rng, int height, int width, ig__change *change);
  /* The share, ½ … 1, that a picture keeps when it is mixed with its partner. */
  double (*mix)(const void *options, ig__rng *rng);
} ig__augment_kind;
extern const ig__augment_kind *const ig__augment_kinds[]; /* NULL-terminated, alphabetical */

/* What "shift 4" and "shift 0.1" mean: from 1 on pixels, below a share of the side. */
static inline double ig__augment_pixels(double amount, int side) { return amount < 1 ? amount * side : amount; }

/* One field of pixels under a map given in pixels of a picture of height × width. Outside of the picture it is mirrored.
 * `nearest`: for masks, whose values are class numbers. `from` and `to` do not overlap. */
void ig__warp(const ig__affine *map, int height, int width, const ig__field *field, bool nearest, const uint8_t *from,
              uint8_t *to);

#endif
