/* Pictures inside a report: made small, or scaled up by the browser without blurring. */
#include "report/html.h"

#include "base/alloc.h"
#include "image/png_write.h"

#include <math.h>

typedef struct plane { const uint8_t *bytes; const float *floats; float low, high; int height, width; } plane;

static double value_at(const plane *p, int channel, int y, int x) {
  size_t at = ((size_t)channel * (size_t)p->height + (size_t)y) * (size_t)p->width + (size_t)x;
  if (p->bytes) return p->bytes[at];
  double range = (double)p->high - p->low, v = range > 0 ? ((double)p->floats[at] - p->low) / range * 255 : 127.5;
  return !(v > 0) ? 0 : v < 255 ? v : 255;
}

/* The mean of the source pixels that fall into pixel (y, x). */
static uint8_t mean_at(const plane *p, const ig__raster *r, int channel, int y, int x) {
  int y0 = (int)((int64_t)y * p->height / r->height), y1 = (int)((int64_t)(y + 1) * p->height / r->height);
  int x0 = (int)((int64_t)x * p->width / r->width), x1 = (int)((int64_t)(x + 1) * p->width / r->width);
  double sum = 0;
  for (int i = y0; i < y1; i++)
    for (int k = x0; k < x1; k++) sum += value_at(p, channel, i, k);
  return (uint8_t)(sum / ((double)(y1 - y0) * (x1 - x0)) + 0.5);
}

static ig_status make(ig__raster *out, const plane *p, int channels, int most) {
  int longest = p->height > p->width ? p->height : p->width;
  *out = (ig__raster){.width = p->width, .height = p->height, .channels = channels >= 3 ? 3 : 1};
  if (longest > most) {
    out->width = (int)((int64_t)p->width * most / longest);
    out->height = (int)((int64_t)p->height * most / longest);
    if (out->width < 1) out->width = 1;
    if (out->height < 1) out->height = 1;
  }
  out->pixel = ig__alloc((size_t)out->width * (size_t)out->height, (size_t)out->channels);
  if (!out->pixel) return IG_NO_MEMORY;
  uint8_t *to = out->pixel;
  for (int y = 0; y < out->height; y++)
    for (int x = 0; x < out->width; x++)
      for (int c = 0; c < out->channels; c++) *to++ = mean_at(p, out, c, y, x);
  return IG_OK;
}

ig_status ig__raster_from_bytes(ig__raster *out, const uint8_t *planar, int channels, int height, int width, int most) {
  return make(out, &(plane){.bytes = planar, .height = height, .width = width}, channels, most);
}

ig_status ig__raster_from_floats(ig__raster *out, const float *planar, int channels, int height, int width, int most, float low,
                                 float high) {
  return make(out, &(plane){.floats = planar, .low = low, .high = high, .height = height, .width = width}, channels, most);
}

void ig__raster_free(ig__raster *raster) {
  ig__free(raster->pixel);
  *raster = (ig__raster){0};
}

ig_status ig__html_picture(ig__buffer *out, const ig__raster *r, int side, const char *alt) {
  ig__buffer png = {0};
  int longest = r->width > r->height ? r->width : r->height, scale = side / longest;
  if (scale < 1) scale = 1;
  ig_status status = ig__png_write(r->pixel, r->width, r->height, r->channels, &png);
  if (status == IG_OK) {
    ig__buffer_text(out, "<img%s width=\"%d\" height=\"%d\" alt=\"", scale > 1 ? " class=\"px\"" : "", r->width * scale, r->height * scale);
    ig__html_cut(out, alt, 80);
    ig__buffer_text(out, "\" src=\"");
    ig__html_data(out, "image/png", png.data, png.size);
    ig__buffer_text(out, "\">");
  }
  ig__buffer_free(&png);
  return status;
}
