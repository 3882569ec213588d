/* PNG into memory (ISO/IEC 15948), by libpng. */
#include "image/png_write.h"

#include "base/alloc.h"

#include <png.h>

/* libpng takes its memory from our allocator, so that tests can refuse it. */
static png_voidp take(png_structp png, png_alloc_size_t size) {
  (void)png;
  return ig__alloc(1, size);
}

static void give(png_structp png, png_voidp p) {
  (void)png;
  ig__free(p);
}

static void write(png_structp png, png_bytep data, size_t size) {
  ig__buffer *out = png_get_io_ptr(png);
  ig__buffer_add(out, data, size);
  if (out->failed) png_error(png, "out of memory");
}

static void flush(png_structp png) { (void)png; }

/* What can go wrong here is memory alone, and its words are set where it happened. libpng's own handlers would print. */
static void failed(png_structp png, png_const_charp text) {
  (void)text;
  png_longjmp(png, 1);
}

static void warned(png_structp png, png_const_charp text) { (void)png, (void)text; }

static bool write_all(png_structp png, png_infop info, const uint8_t *pixels, int width, int height, int channels) {
  if (setjmp(png_jmpbuf(png))) return false;
  png_set_IHDR(png, info, (png_uint_32)width, (png_uint_32)height, 8, channels == 3 ? PNG_COLOR_TYPE_RGB : PNG_COLOR_TYPE_GRAY,
               PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  png_write_info(png, info);
  for (int y = 0; y < height; y++) png_write_row(png, pixels + (size_t)y * (size_t)width * (size_t)channels);
  png_write_end(png, NULL);
  return true;
}

ig_status ig__png_write(const uint8_t *pixels, int width, int height, int channels, ig__buffer *out) {
  png_structp png = png_create_write_struct_2(PNG_LIBPNG_VER_STRING, NULL, failed, warned, NULL, take, give);
  if (!png) return ig__fail(IG_NO_MEMORY, "no memory for a PNG of %d×%d", width, height);
  png_infop info = png_create_info_struct(png);
  png_set_write_fn(png, out, write, flush);
  bool done = info && write_all(png, info, pixels, width, height, channels);
  png_destroy_write_struct(&png, &info);
  return done ? IG_OK : ig__fail(IG_NO_MEMORY, "no memory for a PNG of %d×%d", width, height);
}
