#ifndef IG__IMAGE_PNG_WRITE_H
#define IG__IMAGE_PNG_WRITE_H
#include "base/file.h"

/* Appends a PNG of 8-bit pixels to `out`: rows from the top, `channels` bytes a pixel (1 grey, 3 red green blue), width and
 * height 1 … 65535. The same pixels give the same bytes. IG_NO_MEMORY; then what `out` holds is of no use. Any thread. */
ig_status ig__png_write(const uint8_t *pixels, int width, int height, int channels, ig__buffer *out);

#endif
