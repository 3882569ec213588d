#ifndef IG__IMAGE_H
#define IG__IMAGE_H
/* Pictures: 8-bit pixels out of the bytes of a file, which is recognised by its content, never by its name.
 *
 * A file is decoded row by row straight into the size that is wanted, so a photograph of 50 million pixels costs about as
 * much memory as a small one. Alpha is dropped, 16 bits become 8 by rounding, palettes and CMYK become colour, the turn in
 * EXIF is applied. Bytes are untrusted: what a header asks for is refused before anything is allocated, and data that end
 * too early are an error, not a half grey picture. */

#include "base/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define IG__PICTURE_PIXELS ((uint64_t)1 << 26)   /* the largest picture that is decoded */
#define IG__PICTURE_FILE ((size_t)1 << 30)       /* the largest file that is read */

/* How a picture of another shape becomes one of the wanted size: both sides are scaled on their own; the largest middle piece
 * of the right shape is taken; or all of it is shown, between black bars. */
typedef enum ig__fit { IG__FIT_STRETCH, IG__FIT_CROP, IG__FIT_LETTERBOX } ig__fit;

/* Pixels h w c, rows without gaps. */
typedef struct ig__picture { int channels, height, width; uint8_t *pixel; } ig__picture;

/* What is wanted; a zero: as the file has it. channels is 1 (grey) or 3 (red, green, blue). */
typedef struct ig__picture_want { int channels, height, width; ig__fit fit; } ig__picture_want;

/* Is this the beginning of a file that is read here? `size` bytes are at hand; 16 are enough. */
bool ig__picture_known(const uint8_t *bytes, size_t size);

/* Channels (1 or 3), height and width, upright, without decoding; the first part of a file is enough when it holds the header.
 * IG_BAD_DATA: the message says what is wrong; the caller adds the place. */
ig_status ig__picture_look(const uint8_t *bytes, size_t size, ig__picture *out);

/* Decodes, turns upright, converts and resizes. `want` may be NULL. Memory besides the result stays below 64 MiB, unless the
 * file itself or the wanted picture is large. IG_BAD_DATA: no picture, damaged, cut short, or too large. Any thread. Owner of
 * out->pixel: caller, ig__picture_free. */
ig_status ig__picture_decode(const uint8_t *bytes, size_t size, const ig__picture_want *want, ig__picture *out);

/* The same for pixels in memory: 1, 3 or 4 channels (the fourth, alpha, is dropped), rows `pitch` bytes apart. */
ig_status ig__picture_resize(const ig__picture *in, size_t pitch, const ig__picture_want *want, ig__picture *out);

void ig__picture_free(ig__picture *picture);

/* Writes the pixels as c h w. */
void ig__picture_planes(const ig__picture *picture, uint8_t *out);

/* ---- formats ------------------------------------------------------------------------------------------------------------ */

struct ig__canvas;

/* A format: one file in codecs/, one line in all.def. */
typedef struct ig__codec {
  const char *name;        /* "jpeg" */
  const char *help;        /* what is read, and the endings that such files have */
  bool (*recognises)(const uint8_t *bytes, size_t size);
  /* Tells the canvas the size (ig__canvas_begin); then, unless only a look was wanted, delivers the rows from top to bottom. */
  ig_status (*decode)(const uint8_t *bytes, size_t size, struct ig__canvas *canvas);
} ig__codec;
extern const ig__codec *const ig__codecs[]; /* NULL-terminated, alphabetical */

/* The turn that EXIF data ask for (1 … 8; 1: none, or none that can be read). The bytes begin with the TIFF header. */
int ig__exif_turn(const uint8_t *bytes, size_t size);

#endif
