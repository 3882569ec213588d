/* The turn of a picture, from EXIF data: a TIFF directory in either byte order. What cannot be read says nothing: cameras and
 * programs write a good deal of nonsense there, and the picture is as good without. */
#include "image/image.h"

#define ORIENTATION 0x0112
#define SHORT 3

typedef struct { const uint8_t *p; size_t size; bool big; } tiff;

static unsigned u16(const tiff *t, size_t at) {
  if (t->size < 2 || at > t->size - 2) return 0;
  return t->big ? (unsigned)t->p[at] << 8 | t->p[at + 1] : (unsigned)t->p[at + 1] << 8 | t->p[at];
}

static size_t u32(const tiff *t, size_t at) {
  size_t a = u16(t, at), b = u16(t, at + 2);
  return t->big ? a << 16 | b : b << 16 | a;
}

int ig__exif_turn(const uint8_t *bytes, size_t size) {
  tiff t = {bytes, size, size >= 8 && bytes[0] == 'M'};
  if (size < 8 || bytes[0] != bytes[1] || (bytes[0] != 'M' && bytes[0] != 'I') || u16(&t, 2) != 42) return 1;
  size_t at = u32(&t, 4);
  unsigned count = u16(&t, at);
  for (unsigned i = 0; i < count && at + 2 + 12 * (size_t)i < size; i++) {
    size_t entry = at + 2 + 12 * (size_t)i;
    if (u16(&t, entry) != ORIENTATION || u16(&t, entry + 2) != SHORT) continue;
    unsigned turn = u16(&t, entry + 8);
    return turn >= 1 && turn <= 8 ? (int)turn : 1;
  }
  return 1;
}
