/* The registry of formats, and pictures from bytes. */
#include "image/canvas.h"

#include "base/alloc.h"

#include <string.h>

#define X(name) extern const ig__codec ig__codec_##name;
#include "image/codecs/all.def"
#undef X

const ig__codec *const ig__codecs[] = {
#define X(name) &ig__codec_##name,
#include "image/codecs/all.def"
#undef X
  NULL,
};

static const ig__codec *find_codec(const uint8_t *bytes, size_t size) {
  for (size_t i = 0; ig__codecs[i]; i++)
    if (ig__codecs[i]->recognises(bytes, size)) return ig__codecs[i];
  return NULL;
}

bool ig__picture_known(const uint8_t *bytes, size_t size) { return find_codec(bytes, size) != NULL; }

/* What the bytes are instead, for those who named a page of a web server photo.jpg. */
static const char *other_content(const uint8_t *bytes, size_t size) {
  static const struct { size_t at; const char *magic, *what; } known[] = {
    {0, "GIF8", "a GIF"}, {0, "BM", "a BMP"}, {8, "WEBP", "a WebP picture"}, {0, "II*", "a TIFF"}, {0, "MM", "a TIFF"},
    {4, "ftypheic", "a HEIC picture"}, {4, "ftypavif", "an AVIF picture"}, {0, "%PDF", "a PDF"}, {0, "P1", "a PBM"}, {0, "P4", "a PBM"},
    {0, "<", "HTML or another page of text"}, {0, "{", "JSON"}, {0, "\x1f\x8b", "a gzip file"}, {0, "PK", "a ZIP archive"}};
  for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
    size_t n = strlen(known[i].magic);
    if (size >= known[i].at + n && memcmp(bytes + known[i].at, known[i].magic, n) == 0) return known[i].what;
  }
  return NULL;
}

static ig_status unknown(const uint8_t *bytes, size_t size) {
  if (size == 0) return ig__fail(IG_BAD_DATA, "an empty file, no picture");
  const char *what = other_content(bytes, size);
  if (what) return ig__fail(IG_BAD_DATA, "is %s; JPEG, PNG, PGM and PPM pictures are read", what);
  return ig__fail(IG_BAD_DATA, "no picture that is known (JPEG, PNG, PGM, PPM): it begins with %02x %02x %02x %02x", bytes[0],
                  size > 1 ? bytes[1] : 0, size > 2 ? bytes[2] : 0, size > 3 ? bytes[3] : 0);
}

static ig_status decode(const uint8_t *bytes, size_t size, ig__canvas *canvas) {
  const ig__codec *codec = find_codec(bytes, size);
  return codec ? codec->decode(bytes, size, canvas) : unknown(bytes, size);
}

ig_status ig__picture_look(const uint8_t *bytes, size_t size, ig__picture *out) {
  ig__canvas canvas = {.bytes = size, .look = true};
  *out = (ig__picture){0};
  ig_status status = decode(bytes, size, &canvas);
  ig__canvas_free(&canvas);
  IG__TRY(status);
  bool swapped = canvas.turn >= 5;
  *out = (ig__picture){canvas.channels, swapped ? canvas.width : canvas.height, swapped ? canvas.height : canvas.width, NULL};
  return IG_OK;
}

ig_status ig__picture_decode(const uint8_t *bytes, size_t size, const ig__picture_want *want, ig__picture *out) {
  ig__canvas canvas = {.bytes = size};
  *out = (ig__picture){0};
  if (want) canvas.want = *want;
  ig_status status = decode(bytes, size, &canvas);
  if (status == IG_OK) status = ig__canvas_finish(&canvas, out);
  ig__canvas_free(&canvas);
  return status;
}

static ig_status paint(ig__canvas *canvas, const ig__picture *in, size_t pitch) {
  size_t width = (size_t)in->width;
  uint8_t *line = NULL;
  IG__TRY(ig__canvas_begin(canvas, in->channels == 1 ? 1 : 3, in->height, in->width, 1));
  IG__TRY(ig__canvas_start(canvas, in->height, in->width));
  if (in->channels == 4 && !(line = ig__alloc(width, 3))) return IG_NO_MEMORY;
  for (int y = 0; y < in->height; y++) {
    const uint8_t *row = in->pixel + (size_t)y * pitch;
    for (size_t x = 0; line && x < width; x++) memcpy(line + 3 * x, row + 4 * x, 3);
    ig__canvas_row(canvas, line ? line : row);
  }
  ig__free(line);
  return IG_OK;
}

ig_status ig__picture_resize(const ig__picture *in, size_t pitch, const ig__picture_want *want, ig__picture *out) {
  ig__canvas canvas = {.want = *want};
  *out = (ig__picture){0};
  if ((in->channels != 1 && in->channels != 3 && in->channels != 4) || in->height < 1 || in->width < 1)
    return ig__fail(IG_USAGE, "a picture of %d channels, %d × %d pixels: 1, 3 or 4 channels and at least one pixel are wanted",
                    in->channels, in->width, in->height);
  if (pitch < (size_t)in->width * (size_t)in->channels)
    return ig__fail(IG_USAGE, "rows of %d pixels and %d channels that are only %zu bytes apart", in->width, in->channels, pitch);
  canvas.bytes = pitch * (size_t)in->height;
  ig_status status = paint(&canvas, in, pitch);
  if (status == IG_OK) status = ig__canvas_finish(&canvas, out);
  ig__canvas_free(&canvas);
  return status;
}

void ig__picture_free(ig__picture *picture) {
  ig__free(picture->pixel);
  *picture = (ig__picture){0};
}

void ig__picture_planes(const ig__picture *p, uint8_t *out) {
  size_t n = (size_t)p->height * (size_t)p->width, channels = (size_t)p->channels;
  if (channels == 1) {
    memcpy(out, p->pixel, n);
    return;
  }
  for (size_t c = 0; c < channels; c++)
    for (size_t i = 0; i < n; i++) out[c * n + i] = p->pixel[i * channels + c];
}
