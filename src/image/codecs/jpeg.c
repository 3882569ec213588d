/* JPEG through libjpeg-turbo: baseline, progressive and arithmetic, 8 bits; grey, YCbCr, RGB, CMYK and YCCK.
 *
 * The library's own warnings are sorted here: what means that pixels are wrong or missing is an error, where viewers show
 * half a picture over grey; what cameras do and every viewer forgives is let pass. */
#include "base/alloc.h"
#include "image/canvas.h"

#include <setjmp.h>
#include <stdio.h>
#include <string.h>

#include <jpeglib.h>

#include <jerror.h>

/* A Huffman-coded picture spends at least a bit on a block of 64 pixels, whatever its subsampling: with a factor of 4 in hand,
 * a file cannot hold more pixels than this for each of its bytes. */
#define PIXELS_A_BYTE 2048
#define MOST_SCANS 128        /* true progressive files have about ten */
#define MOST_FILLING 16       /* bytes between the data and the next marker that some cameras leave */
#define ROWS 4

typedef struct reader {
  struct jpeg_decompress_struct d;
  struct jpeg_error_mgr error;
  struct jpeg_progress_mgr progress;
  jmp_buf leave;
  ig_status status;
  ig__canvas *canvas;
  uint8_t *rows, *colour;      /* ROWS rows as they come; one row of CMYK made RGB */
} reader;

static bool recognises(const uint8_t *bytes, size_t size) { return size >= 3 && bytes[0] == 0xff && bytes[1] == 0xd8 && bytes[2] == 0xff; }

_Noreturn static void leave(reader *r, ig_status status) {
  r->status = status;
  longjmp(r->leave, 1);
}

static void on_error(j_common_ptr common) {
  reader *r = common->client_data;
  char text[JMSG_LENGTH_MAX];
  if (common->err->msg_code == JERR_OUT_OF_MEMORY) leave(r, ig__fail(IG_NO_MEMORY, "out of memory in a JPEG picture"));
  if (common->err->msg_code == JERR_NO_BACKING_STORE)
    leave(r, ig__fail(IG_BAD_DATA, "a JPEG picture of %d × %d pixels in several passes, too large to be kept for so small a file",
                      r->canvas->width, r->canvas->height));
  common->err->format_message(common, text);
  leave(r, ig__fail(IG_BAD_DATA, "damaged JPEG: %s", text));
}

static bool is_harmless(const struct jpeg_error_mgr *error) {
  switch (error->msg_code) {
  case JWRN_EXTRANEOUS_DATA: return error->msg_parm.i[0] <= MOST_FILLING;
  case JWRN_ADOBE_XFORM:
  case JWRN_JFIF_MAJOR:
  case JWRN_BOGUS_PROGRESSION:
  case JWRN_BOGUS_ICC: return true;
  default: return false;
  }
}

static void on_message(j_common_ptr common, int level) {
  reader *r = common->client_data;
  if (level >= 0 || is_harmless(common->err)) return;
  switch (common->err->msg_code) {
  case JWRN_JPEG_EOF:
  case JWRN_HIT_MARKER: leave(r, ig__fail(IG_BAD_DATA, "damaged JPEG: the data end too early"));
  default: on_error(common);
  }
}

static void say_nothing(j_common_ptr common) { (void)common; }

static void on_progress(j_common_ptr common) {
  reader *r = common->client_data;
  if (r->d.input_scan_number > MOST_SCANS)
    leave(r, ig__fail(IG_BAD_DATA, "a JPEG picture of more than %d passes", MOST_SCANS));
}

static int find_turn(const reader *r) {
  for (jpeg_saved_marker_ptr m = r->d.marker_list; m; m = m->next)
    if (m->marker == JPEG_APP0 + 1 && m->data_length > 6 && memcmp(m->data, "Exif\0\0", 6) == 0)
      return ig__exif_turn(m->data + 6, m->data_length - 6);
  return 1;
}

static uint8_t scaled(unsigned a, unsigned b) {
  unsigned product = a * b + 128;
  return (uint8_t)((product + (product >> 8)) >> 8);
}

/* Adobe writes CMYK inverted, and nobody else writes it: c, m, y here are already what is left of red, green and blue. */
static const uint8_t *to_colour(reader *r, const uint8_t *row) {
  if (r->d.out_color_space != JCS_CMYK) return row;
  for (size_t x = 0; x < r->d.output_width; x++) {
    const uint8_t *p = row + 4 * x;
    for (size_t c = 0; c < 3; c++) r->colour[3 * x + c] = (uint8_t)(p[3] - scaled(255u - p[c], p[3]));
  }
  return r->colour;
}

static void start(reader *r, size_t size) {
  struct jpeg_decompress_struct *d = &r->d;
  ig__canvas *c = r->canvas;
  if (!d->arith_code && (uint64_t)d->image_height * d->image_width / PIXELS_A_BYTE > size)
    leave(r, ig__fail(IG_BAD_DATA, "a JPEG header asks for %d × %d pixels, more than %zu bytes can hold", c->width, c->height, size));
  bool four = d->jpeg_color_space == JCS_CMYK || d->jpeg_color_space == JCS_YCCK;
  d->out_color_space = four ? JCS_CMYK : c->channels == 1 ? JCS_GRAYSCALE : JCS_RGB;
  d->dct_method = JDCT_ISLOW;
  d->scale_num = 1;
  d->scale_denom = (unsigned)c->shrink;
  jpeg_calc_output_dimensions(d);
  ig_status status = ig__canvas_start(c, (int)d->output_height, (int)d->output_width);
  if (status != IG_OK) leave(r, status);
  d->mem->max_memory_to_use = (long)ig__canvas_left(c) + 1; /* 0 would be no limit */
  jpeg_start_decompress(d);
  r->rows = ig__alloc((size_t)ROWS * d->output_width, (size_t)d->output_components);
  r->colour = four ? ig__alloc(d->output_width, 3) : NULL;
  if (!r->rows || (four && !r->colour)) leave(r, IG_NO_MEMORY);
}

static void read_rows(reader *r) {
  struct jpeg_decompress_struct *d = &r->d;
  JSAMPROW row[ROWS];
  size_t row_bytes = (size_t)d->output_width * (size_t)d->output_components;
  for (size_t i = 0; i < ROWS; i++) row[i] = r->rows + i * row_bytes;
  while (d->output_scanline < d->output_height) {
    unsigned n = jpeg_read_scanlines(d, row, ROWS);
    for (unsigned i = 0; i < n; i++) ig__canvas_row(r->canvas, to_colour(r, row[i]));
  }
  jpeg_finish_decompress(d);
}

static void read_picture(reader *r, const uint8_t *bytes, size_t size) {
  struct jpeg_decompress_struct *d = &r->d;
  jpeg_create_decompress(d);
  jpeg_mem_src(d, bytes, (unsigned long)size);
  jpeg_save_markers(d, JPEG_APP0 + 1, 0xffff);
  d->progress = &r->progress;
  jpeg_read_header(d, TRUE);
  int channels = d->jpeg_color_space == JCS_GRAYSCALE ? 1 : 3;
  ig_status status = ig__canvas_begin(r->canvas, channels, (int)d->image_height, (int)d->image_width, find_turn(r));
  if (status != IG_OK) leave(r, status);
  if (r->canvas->look) return;
  start(r, size);
  read_rows(r);
}

static ig_status decode_jpeg(const uint8_t *bytes, size_t size, ig__canvas *canvas) {
  reader r = {.canvas = canvas, .status = IG_OK};
  r.d.err = jpeg_std_error(&r.error);
  r.d.client_data = &r;
  r.error.error_exit = on_error;
  r.error.emit_message = on_message;
  r.error.output_message = say_nothing;
  r.progress.progress_monitor = on_progress;
  if (setjmp(r.leave) == 0) read_picture(&r, bytes, size);
  jpeg_destroy_decompress(&r.d);
  ig__free(r.rows);
  ig__free(r.colour);
  return r.status;
}

const ig__codec ig__codec_jpeg = {
  .name = "jpeg", .help = "JPEG, 8 bits, grey, colour or CMYK (.jpg .jpeg)", .recognises = recognises, .decode = decode_jpeg};
