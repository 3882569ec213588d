/* Rows in, the wanted picture out. */
#include "image/canvas.h"

#include "base/alloc.h"
#include "base/text.h"

#include <math.h>
#include <string.h>

/* What decoding may take for a small file; every byte that is really there is worth so many more. A true photograph packs its
 * pixels at most some twenty times, so it is never refused; a few bytes that ask for gigabytes are. */
#define BASE_MEMORY ((uint64_t)40 << 20)
#define MEMORY_A_BYTE 16

static bool swaps(int turn) { return turn >= 5; }

static uint64_t memory(const ig__canvas *c) {
  const ig__picture_want *w = &c->want;
  return BASE_MEMORY + MEMORY_A_BYTE * (uint64_t)c->bytes + 12 * (uint64_t)w->height * (uint64_t)w->width;
}

uint64_t ig__canvas_left(const ig__canvas *c) { return memory(c) > c->used ? memory(c) - c->used : 0; }

ig_status ig__canvas_allow(ig__canvas *c, uint64_t bytes) {
  char asked[32], most[32];
  c->used += bytes;
  if (c->used <= memory(c)) return IG_OK;
  return ig__fail(IG_BAD_DATA, "a picture of %d × %d pixels would take %s of memory, at most %s is given for it", c->width, c->height,
                  ig__print_bytes(asked, c->used), ig__print_bytes(most, memory(c)));
}

/* What is shown of a picture of h × w in th × tw pixels: the box in the picture, and the size inside the bars. */
static void find_box(ig__canvas *c, int h, int w, int th, int tw) {
  double by_height = (double)h / th, by_width = (double)w / tw;
  c->tall = th;
  c->wide = tw;
  c->box[0] = c->box[1] = 0;
  c->box[2] = h;
  c->box[3] = w;
  if (c->want.fit == IG__FIT_CROP) {
    double scale = by_height < by_width ? by_height : by_width;
    c->box[2] = by_height < by_width ? h : th * scale;
    c->box[3] = by_height < by_width ? tw * scale : w;
    c->box[0] = (h - c->box[2]) / 2;
    c->box[1] = (w - c->box[3]) / 2;
  } else if (c->want.fit == IG__FIT_LETTERBOX) {
    double scale = by_height > by_width ? by_height : by_width;
    c->tall = by_height >= by_width ? th : (int)floor(h / scale + 0.5);
    c->wide = by_height >= by_width ? (int)floor(w / scale + 0.5) : tw;
    if (c->tall < 1) c->tall = 1;
    if (c->wide < 1) c->wide = 1;
  }
}

/* The height and the width of the result as they lie before the turn. */
static void raw_target(const ig__canvas *c, int *h, int *w) {
  int up_h = swaps(c->turn) ? c->width : c->height, up_w = swaps(c->turn) ? c->height : c->width;
  if (c->want.height) up_h = c->want.height;
  if (c->want.width) up_w = c->want.width;
  *h = swaps(c->turn) ? up_w : up_h;
  *w = swaps(c->turn) ? up_h : up_w;
}

ig_status ig__canvas_begin(ig__canvas *c, int channels, int height, int width, int turn) {
  int h, w;
  if (height < 1 || width < 1) return ig__fail(IG_BAD_DATA, "a picture of %d × %d pixels", width, height);
  if ((uint64_t)height * (uint64_t)width > IG__PICTURE_PIXELS)
    return ig__fail(IG_BAD_DATA, "a picture of %d × %d pixels; at most 2^26 pixels are read (8192 × 8192)", width, height);
  c->channels = channels;
  c->height = height;
  c->width = width;
  c->turn = turn;
  c->out_channels = c->want.channels ? c->want.channels : channels;
  raw_target(c, &h, &w);
  find_box(c, height, width, h, w);
  /* At least twice the wanted size is left for the filter: a codec's own shrinking has sharper edges than a triangle. */
  for (c->shrink = 8; c->shrink > 1; c->shrink /= 2)
    if (c->box[2] / c->shrink >= 2 * c->tall && c->box[3] / c->shrink >= 2 * c->wide) break;
  return IG_OK;
}

ig_status ig__canvas_start(ig__canvas *c, int height, int width) {
  int shrink = 1;
  while (shrink < 8 && (height != (c->height + shrink - 1) / shrink || width != (c->width + shrink - 1) / shrink)) shrink *= 2;
  c->rows = height;
  c->row_width = width;
  for (int i = 0; i < 4; i++) c->box[i] /= shrink;
  size_t channels = (size_t)c->out_channels;
  /* A picture that is one row, or one column, has filters that are larger than it. */
  IG__TRY(ig__canvas_allow(c, (uint64_t)height * (uint64_t)c->wide * channels + (uint64_t)width * channels +
                              ig__filter_memory(c->wide, width, c->box[1], c->box[3]) + ig__filter_memory(c->tall, height, c->box[0], c->box[2])));
  IG__TRY(ig__filter_make(&c->across, c->wide, width, c->box[1], c->box[3]));
  IG__TRY(ig__filter_make(&c->down, c->tall, height, c->box[0], c->box[2]));
  if (!(c->line = ig__alloc((size_t)width, channels))) return IG_NO_MEMORY;
  if (!(c->kept = ig__alloc((size_t)height * (size_t)c->wide, channels))) return IG_NO_MEMORY;
  return IG_OK;
}

/* Luma of ITU-R 601 in 16 bits, as everybody's grey is made. */
static uint8_t grey(const uint8_t *p) { return (uint8_t)((p[0] * 19595u + p[1] * 38470u + p[2] * 7471u + 0x8000u) >> 16); }

static const uint8_t *convert(ig__canvas *c, const uint8_t *row) {
  size_t n = (size_t)c->row_width;
  if (c->channels == c->out_channels) return row;
  if (c->out_channels == 1)
    for (size_t x = 0; x < n; x++) c->line[x] = grey(row + 3 * x);
  else
    for (size_t x = 0; x < n; x++) c->line[3 * x] = c->line[3 * x + 1] = c->line[3 * x + 2] = row[x];
  return c->line;
}

void ig__canvas_row(ig__canvas *c, const uint8_t *row) {
  if (c->y >= c->rows) return;
  ig__filter_row(&c->across, c->out_channels, convert(c, row), c->kept + (size_t)c->y * (size_t)c->wide * (size_t)c->out_channels);
  c->y++;
}

/* Row y and column x of the raw picture, h × w, that stand at (i, j) when it is upright. */
static void turned(int turn, int h, int w, int i, int j, int *y, int *x) {
  *y = turn >= 5 ? j : i;
  *x = turn >= 5 ? i : j;
  if (turn == 3 || turn == 4 || turn == 6 || turn == 7) *y = h - 1 - *y;
  if (turn == 2 || turn == 3 || turn == 7 || turn == 8) *x = w - 1 - *x;
}

/* The finished raw picture, tall × wide, upright in the middle of the result. */
static void place(const ig__canvas *c, const uint8_t *raw, ig__picture *out) {
  size_t channels = (size_t)c->out_channels;
  int tall = swaps(c->turn) ? c->wide : c->tall, wide = swaps(c->turn) ? c->tall : c->wide;
  int top = (out->height - tall) / 2, left = (out->width - wide) / 2;
  for (int i = 0; i < tall; i++) {
    uint8_t *to = out->pixel + ((size_t)(top + i) * (size_t)out->width + (size_t)left) * channels;
    if (c->turn == 1) {
      memcpy(to, raw + (size_t)i * (size_t)wide * channels, (size_t)wide * channels);
      continue;
    }
    for (int j = 0; j < wide; j++, to += channels) {
      int y, x;
      turned(c->turn, c->tall, c->wide, i, j, &y, &x);
      memcpy(to, raw + ((size_t)y * (size_t)c->wide + (size_t)x) * channels, channels);
    }
  }
}

ig_status ig__canvas_finish(ig__canvas *c, ig__picture *out) {
  int h, w;
  size_t row_bytes = (size_t)c->wide * (size_t)c->out_channels;
  raw_target(c, &h, &w);
  if (c->y != c->rows) return ig__fail(IG_BAD_DATA, "the picture ends in row %d of %d", c->y, c->rows);
  *out = (ig__picture){c->out_channels, swaps(c->turn) ? w : h, swaps(c->turn) ? h : w, NULL};
  /* Nothing to scale, to turn or to frame: the rows are the picture. */
  if (c->down.same && c->turn == 1 && c->tall == out->height && c->wide == out->width) {
    out->pixel = c->kept;
    c->kept = NULL;
    return IG_OK;
  }
  uint8_t *raw = ig__alloc((size_t)c->tall, row_bytes);
  out->pixel = raw ? ig__alloc((size_t)out->height * (size_t)out->width, (size_t)c->out_channels) : NULL;
  for (int i = 0; out->pixel && i < c->tall; i++) ig__filter_column(&c->down, i, row_bytes, c->kept, raw + (size_t)i * row_bytes);
  if (out->pixel) place(c, raw, out);
  ig__free(raw);
  return out->pixel ? IG_OK : IG_NO_MEMORY;
}

void ig__canvas_free(ig__canvas *c) {
  ig__filter_free(&c->across);
  ig__filter_free(&c->down);
  ig__free(c->line);
  ig__free(c->kept);
  c->line = c->kept = NULL;
}
