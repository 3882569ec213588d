#ifndef IG__TESTS_PICTURES_H
#define IG__TESTS_PICTURES_H
/* The pictures of tests/reference/images, and pieces of PNG files. */

#include "base/alloc.h"
#include "base/file.h"
#include "image/image.h"
#include "test.h"

#include <zlib.h>

typedef struct { uint8_t *data; size_t size; } bytes;

static inline bytes load(const char *name) {
  char path[1024];
  bytes b = {NULL, 0};
  snprintf(path, sizeof path, IG_TEST_SOURCE "/tests/reference/images/%s", name);
  CHECK_OK(ig__file_read(path, 1 << 24, &b.data, &b.size));
  return b;
}

static const char *const small[] = {"420.jpg", "progressive.jpg", "cmyk.jpg", "turn6.jpg", "rgb.png", "palette4_clear.png",
                                    "grey4_interlaced.png", "turned.png", "p6.ppm", "p3.ppm", "p2_15.pgm", "p6_16.ppm"};
#define SMALL (sizeof small / sizeof small[0])

static inline void put32(uint8_t *p, uint32_t v) {
  for (int i = 0; i < 4; i++) p[i] = (uint8_t)(v >> (24 - 8 * i));
}

/* One chunk of a PNG; the number of bytes written. */
static inline size_t put_chunk(uint8_t *to, const char *kind, const uint8_t *data, size_t size) {
  put32(to, (uint32_t)size);
  memcpy(to + 4, kind, 4);
  if (size) memcpy(to + 8, data, size);
  put32(to + 8 + size, (uint32_t)crc32(crc32(0, NULL, 0), to + 4, (uInt)size + 4));
  return size + 12;
}

/* Signature and header; the number of bytes written. */
static inline size_t put_png_head(uint8_t *to, uint32_t height, uint32_t width, uint8_t depth, uint8_t type, uint8_t interlaced) {
  uint8_t head[13] = {0};
  put32(head, width);
  put32(head + 4, height);
  head[8] = depth;
  head[9] = type;
  head[12] = interlaced;
  memcpy(to, "\x89PNG\r\n\x1a\n", 8);
  return 8 + put_chunk(to + 8, "IHDR", head, sizeof head);
}

#endif
