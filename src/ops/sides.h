#ifndef IG__OPS_SIDES_H
#define IG__OPS_SIDES_H
/* Rows and columns on the four sides of a picture: what pad and crop share. */

#include "graph/op.h"

enum { IG__PAD_ZERO, IG__PAD_REFLECT, IG__PAD_REPLICATE };
#define IG__AS_BY (-1) /* a side that is not named: `by` holds */

typedef struct ig__sides { ig__pair by; int top, bottom, left, right, mode; } ig__sides; /* crop has no mode */

extern const ig__word ig__side_words[];

/* Rows of the option tables. */
#define IG__SIDE_OPTIONS(what)                                                                                        \
  IG__POSITIONAL(ig__sides, by, "0", 0, 65535, "pixels", what " on each side, height x width"),                       \
  IG__OPTION_WORDS(ig__sides, top, "by", 0, 65535, "pixels", what " above", ig__side_words),                          \
  IG__OPTION_WORDS(ig__sides, bottom, "by", 0, 65535, "pixels", what " below", ig__side_words),                       \
  IG__OPTION_WORDS(ig__sides, left, "by", 0, 65535, "pixels", what " on the left", ig__side_words),                   \
  IG__OPTION_WORDS(ig__sides, right, "by", 0, 65535, "pixels", what " on the right", ig__side_words)

/* The same with every side named. */
ig__sides ig__sides_resolve(const ig__sides *o);
/* The picture `i` takes in with these sides added (`sign` 1) or taken away (−1). IG_BAD_MODEL names `what`. */
ig_status ig__sides_infer(const char *what, ig__infer *i, const ig__sides *s, int sign);

/* The part of an image that begins at (y, x) and has h × w pixels, as an image of its own (of all pictures). */
ig__image ig__image_part(const ig__run *r, const ig__view *v, int y, int x, int h, int w);

/* The same pictures and sides for the probes of all: x without (`large` false) or with the sides. Those with the mode zero come
 * first, IG__ZERO_SIDES of them. */
#define IG__ZERO_SIDES 22
bool ig__sides_probe(int index, ig__probe *p, bool large);

#endif
