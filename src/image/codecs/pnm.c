/* PGM and PPM (netpbm), binary and as text, up to 16 bits; of a file of several pictures the first. */
#include "base/alloc.h"
#include "image/canvas.h"

#include <string.h>

typedef struct reader {
  const uint8_t *at, *end;
  int channels, height, width;
  unsigned most;         /* the sample that is white */
  bool text;
} reader;

static bool is_blank(uint8_t c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

static bool recognises(const uint8_t *bytes, size_t size) {
  return size >= 3 && bytes[0] == 'P' && strchr("2356", bytes[1]) && bytes[1] && (is_blank(bytes[2]) || bytes[2] == '#');
}

/* A number after blanks and comments; false at the end, at anything else, and above 2^24. */
static bool number(reader *r, unsigned *out) {
  while (r->at < r->end && (is_blank(*r->at) || *r->at == '#')) {
    if (*r->at++ != '#') continue;
    while (r->at < r->end && *r->at != '\n' && *r->at != '\r') r->at++;
  }
  unsigned v = 0;
  const uint8_t *from = r->at;
  for (; r->at < r->end && *r->at >= '0' && *r->at <= '9'; r->at++) {
    v = v * 10 + (unsigned)(*r->at - '0');
    if (v > 1u << 24) return false;
  }
  *out = v;
  return r->at > from;
}

static ig_status read_header(reader *r, ig__canvas *canvas) {
  unsigned width, height;
  char kind = (char)r->at[1];
  r->text = kind == '2' || kind == '3';
  r->channels = kind == '2' || kind == '5' ? 1 : 3;
  r->at += 2;
  if (!number(r, &width) || !number(r, &height) || !number(r, &r->most))
    return ig__fail(IG_BAD_DATA, "damaged P%c picture: the header wants width, height and largest value", kind);
  if (r->most < 1 || r->most > 65535)
    return ig__fail(IG_BAD_DATA, "damaged P%c picture: the largest value is %u, 1 … 65535 is wanted", kind, r->most);
  if (r->at == r->end || !is_blank(*r->at))
    return ig__fail(IG_BAD_DATA, "damaged P%c picture: one blank is wanted after the header", kind);
  r->at++;
  r->width = (int)width;
  r->height = (int)height;
  return ig__canvas_begin(canvas, r->channels, r->height, r->width, 1);
}

static bool sample(reader *r, unsigned *v) {
  if (r->text) return number(r, v);
  if (r->most < 256) *v = *r->at++;
  else {
    *v = (unsigned)r->at[0] << 8 | r->at[1];
    r->at += 2;
  }
  return true;
}

static ig_status read_row(reader *r, int y, uint8_t *out) {
  for (int x = 0; x < r->width * r->channels; x++) {
    unsigned v = 0;
    if (!sample(r, &v)) return ig__fail(IG_BAD_DATA, "damaged picture: row %d of %d has no number where one is wanted", y + 1, r->height);
    if (v > r->most) return ig__fail(IG_BAD_DATA, "damaged picture: a value is %u in row %d, the header says %u at most", v, y + 1, r->most);
    out[x] = (uint8_t)(r->most == 255 ? v : (v * 255 + r->most / 2) / r->most);
  }
  return IG_OK;
}

static ig_status decode_pnm(const uint8_t *bytes, size_t size, ig__canvas *canvas) {
  reader r = {.at = bytes, .end = bytes + size};
  IG__TRY(read_header(&r, canvas));
  if (canvas->look) return IG_OK;
  /* Text: a digit for each sample and a blank between them. */
  size_t samples = (size_t)r.height * (size_t)r.width * (size_t)r.channels, left = (size_t)(r.end - r.at);
  size_t least = r.text ? 2 * samples - 1 : r.most < 256 ? samples : 2 * samples;
  if (left < least)
    return ig__fail(IG_BAD_DATA, "the header asks for %d × %d pixels, at least %zu bytes, %zu are there: cut short?", r.width, r.height,
                    least, left);
  IG__TRY(ig__canvas_start(canvas, r.height, r.width));
  uint8_t *row = ig__alloc((size_t)r.width, (size_t)r.channels);
  ig_status status = row ? IG_OK : IG_NO_MEMORY;
  for (int y = 0; y < r.height && status == IG_OK; y++) {
    status = read_row(&r, y, row);
    if (status == IG_OK) ig__canvas_row(canvas, row);
  }
  ig__free(row);
  return status;
}

const ig__codec ig__codec_pnm = {
  .name = "pnm", .help = "PGM and PPM, binary or text, up to 16 bits (.pgm .ppm .pnm)", .recognises = recognises, .decode = decode_pnm};
