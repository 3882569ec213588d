/* Pictures as Pillow reads them (tests/reference/make_images.py), and everything that is no picture any more. */
#include "pictures.h"

#include <stdlib.h>

static int largest_difference(const ig__picture *p, const uint8_t *want) {
  int most = 0;
  for (int i = 0; i < p->channels * p->height * p->width; i++) {
    int d = abs(p->pixel[i] - want[i]);
    if (d > most) most = d;
  }
  return most;
}

static void compare(const char *line, const bytes *pixels) {
  char name[64], fit[16];
  int want[3], c, h, w, tolerance;
  long at;
  ig__picture p, look;
  CHECK_INT(sscanf(line, "%63s %d %d %d %15s %d %d %d %ld %d", name, &want[0], &want[1], &want[2], fit, &c, &h, &w, &at, &tolerance), 10);
  bytes file = load(name);
  ig__picture_want asked = {want[0], want[1], want[2], *fit == 's' ? IG__FIT_STRETCH : *fit == 'c' ? IG__FIT_CROP : IG__FIT_LETTERBOX};
  CHECK_OK(ig__picture_decode(file.data, file.size, &asked, &p));
  CHECK_OK(ig__picture_look(file.data, file.size, &look));
  if (p.channels != c || p.height != h || p.width != w) test_fail(__FILE__, __LINE__, "%s: %d %d %d", line, p.channels, p.height, p.width);
  if (!want[0] && !want[1]) CHECK(look.channels == c && look.height == h && look.width == w);
  int difference = largest_difference(&p, pixels->data + at);
  if (difference > tolerance) test_fail(__FILE__, __LINE__, "%s: differs by %d", line, difference);
  ig__picture_free(&p);
  ig__free(file.data);
}

TEST(as_pillow_reads_them) {
  bytes index = load("index.txt"), pixels = load("pixels.bin");
  int lines = 0;
  for (char *line = strtok((char *)index.data, "\n"); line; line = strtok(NULL, "\n"), lines++) compare(line, &pixels);
  CHECK(lines >= 60);
  ig__free(index.data);
  ig__free(pixels.data);
}

/* Reads what may be anything from a block of exactly its size. */
static ig_status try(const uint8_t *data, size_t size) {
  ig__picture p;
  uint8_t *copy = malloc(size ? size : 1);
  if (size) memcpy(copy, data, size);
  ig_status status = ig__picture_decode(copy, size, &(ig__picture_want){0, 8, 8, IG__FIT_CROP}, &p);
  if (status != IG_OK) CHECK_STATUS(status, IG_BAD_DATA);
  if (status == IG_OK) ig__picture_free(&p);
  else CHECK(!p.pixel);
  free(copy);
  return status;
}

TEST(cut_short_is_an_error) {
  int64_t before = ig__alloc_outstanding();
  for (size_t i = 0; i < SMALL; i++) {
    bytes file = load(small[i]);
    for (size_t n = 0; n < file.size; n++) {
      ig_status status = try(file.data, n);
      /* The last digits of a text may be missing and it still is a picture; so may a last newline. */
      bool text = strstr(small[i], "p3") || strstr(small[i], "p2");
      if (status == IG_OK && !(text && n + 4 > file.size)) test_fail(__FILE__, __LINE__, "%s, cut to %zu of %zu, loads", small[i], n, file.size);
    }
    ig__free(file.data);
  }
  CHECK_INT(ig__alloc_outstanding(), before);
}

static void refuse(const uint8_t *data, size_t size, const char *words) {
  CHECK_STATUS(try(data, size), IG_BAD_DATA);
  CHECK_HAS(ig_last_error(), words);
}

/* Puts height and width behind a JPEG's frame header, whatever kind it is. */
static void set_jpeg_size(bytes *file, unsigned h, unsigned w) {
  for (size_t i = 2; i + 9 < file->size; i += 2 + (size_t)(file->data[i + 2] << 8 | file->data[i + 3])) {
    CHECK_INT(file->data[i], 0xff);
    if ((file->data[i + 1] & 0xfc) != 0xc0) continue;
    uint8_t *p = file->data + i + 5;
    p[0] = (uint8_t)(h >> 8), p[1] = (uint8_t)h, p[2] = (uint8_t)(w >> 8), p[3] = (uint8_t)w;
    return;
  }
  test_fail(__FILE__, __LINE__, "no frame header");
}

static void set_png_size(bytes *file, uint32_t h, uint32_t w) {
  put32(file->data + 16, w);
  put32(file->data + 20, h);
  put32(file->data + 29, (uint32_t)crc32(crc32(0, NULL, 0), file->data + 12, 17));
}

TEST(dimension_bombs) {
  /* An EXIF chunk of 784 MB, in 79 bytes. */
  static const uint8_t exif[] = "\x31\0\0\x1a" "eXIf\x89PNG";
  uint8_t head[64];
  size_t size = put_png_head(head, 19, 23, 8, 2, 0);
  memcpy(head + size, exif, sizeof exif);
  refuse(head, size + sizeof exif, "damaged PNG: a piece of it asks for");
  bytes jpeg = load("420.jpg"), passes = load("progressive.jpg"), png = load("rgb.png"), interlaced = load("rgb_interlaced.png");
  set_jpeg_size(&jpeg, 65500, 65500);
  refuse(jpeg.data, jpeg.size, "at most 2^26 pixels");
  set_jpeg_size(&jpeg, 8000, 8000);
  refuse(jpeg.data, jpeg.size, "more than");
  set_jpeg_size(&jpeg, 1300, 1300);
  refuse(jpeg.data, jpeg.size, "too early");
  set_jpeg_size(&jpeg, 0, 100);
  refuse(jpeg.data, jpeg.size, "JPEG");
  set_jpeg_size(&passes, 8000, 8000);
  refuse(passes.data, passes.size, "more than");
  set_png_size(&png, 0x7fffffff, 0x7fffffff);
  refuse(png.data, png.size, "at most 2^26 pixels");
  set_png_size(&png, 8192, 8192);
  refuse(png.data, png.size, "can hold");
  set_png_size(&interlaced, 400, 400);
  refuse(interlaced.data, interlaced.size, "PNG");
  const char *texts[] = {"P6 16777216 16777216 255\n", "P5 8192 8192 255\n1234", "P2 4096 4096 9 1 2 3", "P6 99999999999999999999 1 255 ",
                         "P6 0 5 255\n", "P5 1 1 70000\n1", "P5 1 1 0\n1", "P5 1 1 255", "P5 2 1 100\nzz", "P3 1 1 9 1 2 10", "P3 1 1 9 1 2 x"};
  for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) refuse((const uint8_t *)texts[i], strlen(texts[i]), "");
  ig__free(jpeg.data);
  ig__free(passes.data);
  ig__free(png.data);
  ig__free(interlaced.data);
}

/* 32 million pixels that are really there cost rows, not pictures. */
TEST(a_large_picture_in_little_memory) {
  size_t side = 4096, raw_size = side * 2 * (side + 1);
  uLongf packed = compressBound(raw_size);
  uint8_t *raw = calloc(raw_size, 1), *data = malloc(packed), *file = malloc(packed + 100);
  CHECK(raw && data && file && compress2(data, &packed, raw, raw_size, 6) == Z_OK);
  size_t size = put_png_head(file, (uint32_t)side * 2, (uint32_t)side, 8, 0, 0);
  size += put_chunk(file + size, "IDAT", data, packed);
  size += put_chunk(file + size, "IEND", NULL, 0);
  ig__picture p;
  CHECK_OK(ig__picture_decode(file, size, &(ig__picture_want){3, 64, 64, IG__FIT_LETTERBOX}, &p));
  ig__picture_free(&p);
  /* As it is, it would need 32 MiB, which is allowed; in colour, 96, which is not. */
  CHECK_STATUS(ig__picture_decode(file, size, &(ig__picture_want){.channels = 3}, &p), IG_BAD_DATA);
  CHECK_HAS(ig_last_error(), "96.1 MiB");
  free(raw);
  free(data);
  free(file);
}

TEST(allocation_faults) {
  for (size_t i = 0; i < SMALL; i++) {
    bytes file = load(small[i]);
    int64_t before = ig__alloc_outstanding();
    int failed = 0;
    for (int n = 1;; n++) {
      char spec[32];
      ig__picture p;
      snprintf(spec, sizeof spec, "malloc@%d", n);
      ig__fault_set(spec);
      ig_status status = ig__picture_decode(file.data, file.size, &(ig__picture_want){3, 9, 9, IG__FIT_LETTERBOX}, &p);
      ig__fault_set(NULL);
      CHECK(status == IG_OK || status == IG_NO_MEMORY);
      ig__picture_free(&p);
      CHECK_INT(ig__alloc_outstanding(), before);
      if (status == IG_OK) break;
      failed++;
    }
    CHECK(failed >= 5);
    ig__free(file.data);
  }
}

TEST(what_is_no_picture_is_named) {
  static const struct { const char *content, *words; } rows[] = {
    {"", "empty"}, {"<!DOCTYPE html>", "HTML"}, {"GIF89a....", "GIF"}, {"RIFF....WEBPVP8 ", "WebP"}, {"BM123456", "BMP"},
    {"hello", "68 65 6c 6c"}, {"P4 1 1 ", "PBM"}, {"P7\n", "no picture"}, {"\xff\xd8\xff", "JPEG"}, {"\x89PNG\r\n\x1a\n", "PNG"}};
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) refuse((const uint8_t *)rows[i].content, strlen(rows[i].content), rows[i].words);
}

TEST(pixels_in_memory) {
  static const uint8_t rgba[] = {1, 2, 3, 99, 4, 5, 6, 98, 0, 7, 8, 9, 97, 10, 11, 12, 96, 0};
  static const uint8_t planes[] = {1, 4, 7, 10, 2, 5, 8, 11, 3, 6, 9, 12};
  uint8_t out[12];
  ig__picture p, in = {4, 2, 2, (uint8_t *)(uintptr_t)rgba};
  CHECK_OK(ig__picture_resize(&in, 9, &(ig__picture_want){0}, &p));
  CHECK(p.channels == 3 && p.height == 2 && p.width == 2);
  ig__picture_planes(&p, out);
  CHECK(memcmp(out, planes, sizeof planes) == 0);
  ig__picture_free(&p);
  CHECK_OK(ig__picture_resize(&in, 9, &(ig__picture_want){1, 1, 4, IG__FIT_LETTERBOX}, &p));
  CHECK(p.channels == 1 && p.height == 1 && p.width == 4 && p.pixel[0] == 0 && p.pixel[1] == 7 && p.pixel[3] == 0);
  ig__picture_free(&p);
  CHECK_STATUS(ig__picture_resize(&in, 7, &(ig__picture_want){0}, &p), IG_USAGE);
  in.channels = 2;
  CHECK_STATUS(ig__picture_resize(&in, 9, &(ig__picture_want){0}, &p), IG_USAGE);
}
