/* PNG through libpng: every depth, palettes and interlacing. Alpha is dropped, not painted over a background. */
#include "base/alloc.h"
#include "base/text.h"
#include "image/canvas.h"

#include <string.h>

#include <png.h>

/* Deflate makes at most 1032 bytes of one. */
#define MOST_INFLATION 1032
#define MOST_CHUNK ((png_alloc_size_t)8 << 20)  /* of what is looked at: palette, transparency, EXIF */
#define MOST_TAKEN ((png_alloc_size_t)32 << 20) /* at once: a row is smaller */
#define ROW_BYTES 24  /* a pixel: two rows inside the library, of up to four channels of 16 bits with room to expand, and ours */

typedef struct reader {
  png_structp png;
  png_infop info;
  const uint8_t *at;
  size_t left;
  ig_status status;
  ig__canvas *canvas;
  uint8_t *pixels;         /* a row, or all of an interlaced picture */
} reader;

static bool recognises(const uint8_t *bytes, size_t size) { return size >= 8 && memcmp(bytes, "\x89PNG\r\n\x1a\n", 8) == 0; }

static void on_error(png_structp png, png_const_charp message) {
  reader *r = png_get_error_ptr(png);
  if (r->status == IG_OK) r->status = ig__fail(IG_BAD_DATA, "damaged PNG: %s", message);
  png_longjmp(png, 1);
}

static void on_warning(png_structp png, png_const_charp message) {
  (void)png;
  (void)message;
}

/* libpng makes room for an EXIF chunk as large as it says it is, before it looks whether so many bytes follow. */
static png_voidp take(png_structp png, png_alloc_size_t size) {
  reader *r = png_get_mem_ptr(png);
  char text[32];
  if (size > MOST_TAKEN) {
    if (r->status == IG_OK) r->status = ig__fail(IG_BAD_DATA, "damaged PNG: a piece of it asks for %s", ig__print_bytes(text, size));
    return NULL;
  }
  void *p = ig__alloc(size, 1);
  if (!p && r->status == IG_OK) r->status = IG_NO_MEMORY;
  return p;
}

static void give(png_structp png, png_voidp p) {
  (void)png;
  ig__free(p);
}

static void read_bytes(png_structp png, png_bytep out, size_t size) {
  reader *r = png_get_io_ptr(png);
  if (size > r->left) {
    if (r->status == IG_OK) r->status = ig__fail(IG_BAD_DATA, "damaged PNG: the data end too early");
    png_error(png, "");
  }
  memcpy(out, r->at, size);
  r->at += size;
  r->left -= size;
}

/* Leaves through libpng's way out, unless all is well. */
static void check(reader *r, ig_status status) {
  if (status == IG_OK) return;
  r->status = status;
  png_error(r->png, "");
}

static int find_turn(reader *r) {
  png_uint_32 size = 0;
  png_bytep exif = NULL;
  return png_get_eXIf_1(r->png, r->info, &size, &exif) && exif ? ig__exif_turn(exif, size) : 1;
}

/* 8 bits, grey or colour, nothing else. */
static void set_transforms(reader *r, int type, int depth) {
  if (type == PNG_COLOR_TYPE_PALETTE) png_set_palette_to_rgb(r->png);
  else if (depth < 8) png_set_expand_gray_1_2_4_to_8(r->png);
  if (depth == 16) png_set_scale_16(r->png);
  png_set_strip_alpha(r->png);
}

static void read_rows(reader *r, int passes, size_t row_bytes) {
  int height = r->canvas->height;
  size_t rows = passes > 1 ? (size_t)height : 1;
  if (passes > 1) check(r, ig__canvas_allow(r->canvas, (uint64_t)rows * row_bytes));
  check(r, ig__canvas_start(r->canvas, height, r->canvas->width));
  r->pixels = ig__alloc(rows, row_bytes);
  check(r, r->pixels ? IG_OK : IG_NO_MEMORY);
  for (int pass = 1; pass < passes; pass++)
    for (int y = 0; y < height; y++) png_read_row(r->png, r->pixels + (size_t)y * row_bytes, NULL);
  for (int y = 0; y < height; y++) {
    uint8_t *row = passes > 1 ? r->pixels + (size_t)y * row_bytes : r->pixels;
    png_read_row(r->png, row, NULL);
    ig__canvas_row(r->canvas, row);
  }
  png_read_end(r->png, NULL);
}

static void read_picture(reader *r, size_t size) {
  png_uint_32 width, height;
  int depth, type, interlace;
  png_set_read_fn(r->png, r, read_bytes);
  png_set_user_limits(r->png, 0x7fffffff, 0x7fffffff); /* the canvas has the limit, and the words */
  png_set_chunk_malloc_max(r->png, MOST_CHUNK);
  /* All chunks that pixels do without are passed over, the turn apart: texts of a few KB unpack to 8 MB, and libpng would keep each. */
  png_set_keep_unknown_chunks(r->png, PNG_HANDLE_CHUNK_NEVER, NULL, -1);
  png_set_keep_unknown_chunks(r->png, PNG_HANDLE_CHUNK_AS_DEFAULT, (png_const_bytep)"eXIf", 1);
  png_read_info(r->png, r->info);
  png_get_IHDR(r->png, r->info, &width, &height, &depth, &type, &interlace, NULL, NULL);
  check(r, ig__canvas_begin(r->canvas, type & PNG_COLOR_MASK_COLOR ? 3 : 1, (int)height, (int)width, find_turn(r)));
  if (r->canvas->look) return;
  if ((uint64_t)png_get_rowbytes(r->png, r->info) * height / MOST_INFLATION > size)
    check(r, ig__fail(IG_BAD_DATA, "a PNG header asks for %d × %d pixels, more than %zu bytes can hold", (int)width, (int)height, size));
  check(r, ig__canvas_allow(r->canvas, ROW_BYTES * (uint64_t)width));
  set_transforms(r, type, depth);
  int passes = png_set_interlace_handling(r->png);
  png_read_update_info(r->png, r->info);
  size_t row_bytes = png_get_rowbytes(r->png, r->info);
  if (row_bytes != (size_t)width * (size_t)r->canvas->channels)
    check(r, ig__fail(IG_FAILED, "libpng gives rows of %zu bytes for %d pixels of %d channels", row_bytes, (int)width, r->canvas->channels));
  read_rows(r, passes, row_bytes);
}

static ig_status decode_png(const uint8_t *bytes, size_t size, ig__canvas *canvas) {
  reader r = {.at = bytes, .left = size, .canvas = canvas, .status = IG_OK};
  r.png = png_create_read_struct_2(PNG_LIBPNG_VER_STRING, &r, on_error, on_warning, &r, take, give);
  if (!r.png) return r.status != IG_OK ? r.status : ig__fail(IG_NO_MEMORY, "out of memory in a PNG picture");
  r.info = png_create_info_struct(r.png);
  if (r.info && setjmp(png_jmpbuf(r.png)) == 0) read_picture(&r, size);
  if (!r.info && r.status == IG_OK) r.status = ig__fail(IG_NO_MEMORY, "out of memory in a PNG picture");
  png_destroy_read_struct(&r.png, &r.info, NULL);
  ig__free(r.pixels);
  return r.status;
}

const ig__codec ig__codec_png = {
  .name = "png", .help = "PNG, 1 to 16 bits, grey, colour or palette; alpha is dropped (.png)", .recognises = recognises,
  .decode = decode_png};
