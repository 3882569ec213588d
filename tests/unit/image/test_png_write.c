/* PNGs read back as they were, by libpng's own reader. */
#include "base/alloc.h"
#include "image/png_write.h"
#include "test.h"

#include <png.h>

static void fill(uint8_t *pixels, size_t count) {
  for (size_t i = 0; i < count; i++) pixels[i] = (uint8_t)(i * i * 31 + i);
}

TEST(reads_back) {
  static uint8_t pixels[97 * 61 * 3], back[97 * 61 * 3];
  static const int sizes[][2] = {{1, 1}, {3, 3}, {97, 1}, {1, 61}, {97, 61}};
  fill(pixels, sizeof pixels);
  for (int s = 0; s < 5; s++)
    for (int channels = 1; channels <= 3; channels += 2) {
      int w = sizes[s][0], h = sizes[s][1];
      ig__buffer out = {0}, again = {0};
      CHECK_OK(ig__png_write(pixels, w, h, channels, &out));
      CHECK_OK(ig__png_write(pixels, w, h, channels, &again));
      CHECK(out.size == again.size && !memcmp(out.data, again.data, out.size));
      png_image image = {.version = PNG_IMAGE_VERSION};
      CHECK(png_image_begin_read_from_memory(&image, out.data, out.size));
      CHECK_INT(image.width, w);
      CHECK_INT(image.height, h);
      CHECK_INT(image.format, channels == 3 ? PNG_FORMAT_RGB : PNG_FORMAT_GRAY);
      CHECK(png_image_finish_read(&image, NULL, back, 0, NULL));
      CHECK(!memcmp(back, pixels, (size_t)w * (size_t)h * (size_t)channels));
      ig__buffer_free(&out);
      ig__buffer_free(&again);
    }
}

#ifdef IG__FAULTS
TEST(every_allocation_fails) {
  static uint8_t pixels[40 * 30 * 3];
  char spec[32];
  int64_t before = ig__alloc_outstanding();
  fill(pixels, sizeof pixels);
  for (int n = 1;; n++) {
    ig__buffer out = {0};
    snprintf(spec, sizeof spec, "malloc@%d", n);
    ig__fault_set(spec);
    ig_status status = ig__png_write(pixels, 40, 30, 3, &out);
    ig__fault_set(NULL);
    ig__buffer_free(&out);
    CHECK_INT(ig__alloc_outstanding(), before);
    if (status == IG_OK) break;
    CHECK_STATUS(status, IG_NO_MEMORY);
    CHECK(n < 100);
  }
}
#endif
