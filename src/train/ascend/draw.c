/* Pixels to look at, as PNG files and in a page. */
#include "train/ascend/ascend.h"

#include "base/text.h"
#include "image/png_write.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define SIDE 112           /* of a picture on a page, about */
#define TILE 96            /* of a picture on the sheet, about */
#define GAP 4
#define MOST_SHEET 8000
#define MOST_PAGE ((size_t)4 << 20)

static uint8_t byte_of(double v) { return (uint8_t)(fmin(1, fmax(0, v)) * 255 + 0.5); }

static size_t plane_of(ig_size s) { return (size_t)s.height * (size_t)s.width; }

static ig_status make(ig__raster *out, ig_size s, int channels) {
  *out = (ig__raster){.width = s.width, .height = s.height, .channels = channels, .pixel = ig__alloc(plane_of(s), (size_t)channels)};
  return out->pixel ? IG_OK : IG_NO_MEMORY;
}

ig_status ig__draw_picture(const double *x, ig_size s, ig__raster *out) {
  IG__TRY(make(out, s, s.channels >= 3 ? 3 : 1));
  uint8_t *to = out->pixel;
  for (size_t i = 0; i < plane_of(s); i++)
    for (int c = 0; c < out->channels; c++) *to++ = byte_of(x[(size_t)c * plane_of(s) + i]);
  return IG_OK;
}

const char *ig__draw_name(const char *place) {
  const char *slash = strrchr(place, '/');
  return slash ? slash + 1 : place;
}

void ig__draw_stem(const char *place, int number, char out[IG_ASCEND_NAME]) {
  const char *name = ig__draw_name(place), *dot = strrchr(name, '.');
  int at = ig__snprintf(out, IG_ASCEND_NAME, "%03d-", number);
  for (; *name && name != dot && at < 64; name++) {
    const bool plain = (*name >= '0' && *name <= '9') || (*name >= 'a' && *name <= 'z') || (*name >= 'A' && *name <= 'Z');
    if (plain || out[at - 1] != '-') out[at++] = plain ? *name : '-';
  }
  while (at > 3 && out[at - 1] == '-') at--;
  out[at] = 0;
}

static int by_size(const void *a, const void *b) {
  const double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

/* The 99th percentile of |v|, so that one pixel does not make all others pale; the largest where that is 0. */
static ig_status scale_of(const double *v, size_t count, double *out) {
  double *sorted = ig__alloc(count, sizeof *sorted);
  if (!sorted) return IG_NO_MEMORY;
  for (size_t i = 0; i < count; i++) sorted[i] = fabs(v[i]);
  qsort(sorted, count, sizeof *sorted, by_size);
  *out = sorted[count * 99 / 100];
  if (!(*out > 0)) *out = sorted[count - 1];
  ig__free(sorted);
  return IG_OK;
}

static void heat_pixel(uint8_t *to, double grey, double v, bool magnitude) {
  static const double against[] = {0.13, 0.35, 0.95}, speaks[] = {0.95, 0.15, 0.1};
  const double depth = fmin(1, fabs(v)), dim = 0.25 + 0.5 * grey;
  for (int c = 0; c < 3; c++) {
    double colour = v < 0 ? against[c] : speaks[c];
    if (magnitude && c == 1) colour += 0.7 * depth * depth; /* red, then yellow */
    to[c] = byte_of((1 - depth) * dim + depth * colour);
  }
}

ig_status ig__draw_heat(const double *x, const double *attribution, bool magnitude, ig_size s, ig__raster *out) {
  const size_t plane = plane_of(s);
  double *v = ig__alloc(plane, sizeof *v), scale = 0;
  if (!v) return IG_NO_MEMORY;
  for (int c = 0; c < s.channels; c++)
    for (size_t i = 0; i < plane; i++) {
      const double a = attribution[(size_t)c * plane + i];
      v[i] += magnitude ? fabs(a) : a;
    }
  ig_status status = scale_of(v, plane, &scale);
  if (status == IG_OK) status = make(out, s, 3);
  for (size_t i = 0; status == IG_OK && i < plane; i++) {
    double grey = 0;
    for (int c = 0; c < s.channels; c++) grey += x[(size_t)c * plane + i] / s.channels;
    heat_pixel(out->pixel + 3 * i, grey, scale > 0 ? v[i] / scale : 0, magnitude);
  }
  ig__free(v);
  return status;
}

ig_status ig__draw_change(const double *before, const double *after, ig_size s, ig__raster *out) {
  const size_t all = plane_of(s) * (size_t)s.channels;
  double *v = ig__alloc(all, sizeof *v), most = 0;
  if (!v) return IG_NO_MEMORY;
  for (size_t i = 0; i < all; i++) most = fmax(most, fabs(after[i] - before[i]));
  for (size_t i = 0; i < all; i++) v[i] = 0.5 + (most > 0 ? 0.5 * (after[i] - before[i]) / most : 0);
  ig_status status = ig__draw_picture(v, s, out);
  ig__free(v);
  return status;
}

static ig_status save(const ig__subject *s, const char *name, const ig__raster *r) {
  ig__buffer png = {0};
  ig_status status = ig__png_write(r->pixel, r->width, r->height, r->channels, &png);
  if (status == IG_OK) return ig__folder_write(s->out, name, &png);
  ig__buffer_free(&png);
  return status;
}

ig_status ig__draw_save(const ig__subject *s, const char *stem, const char *kind, const ig__raster *r, ig__buffer *page) {
  char name[2 * IG_ASCEND_NAME];
  ig__snprintf(name, sizeof name, kind ? "%s-%s.png" : "%s.png", stem, kind);
  IG__TRY(save(s, name, r));
  return ig__html_picture(page, r, SIDE, name);
}

/* Puts a picture, `zoom` times as large, at (top, left) of a sheet in colour. */
static void paste(ig__raster *sheet, const ig__raster *r, int zoom, int top, int left) {
  for (int y = 0; y < r->height * zoom; y++)
    for (int x = 0; x < r->width * zoom; x++) {
      const uint8_t *from = r->pixel + ((size_t)(y / zoom) * (size_t)r->width + (size_t)(x / zoom)) * (size_t)r->channels;
      uint8_t *to = sheet->pixel + ((size_t)(top + y) * (size_t)sheet->width + (size_t)(left + x)) * 3;
      for (int c = 0; c < 3; c++) to[c] = from[r->channels == 3 ? c : 0];
    }
}

ig_status ig__draw_sheet(const ig__subject *s, const ig__raster *rasters, int count, int columns) {
  const int longest = s->size.height > s->size.width ? s->size.height : s->size.width, zoom = longest < TILE ? TILE / longest : 1;
  const int wide = s->size.width * zoom + GAP, high = s->size.height * zoom + GAP;
  ig__raster sheet;
  if (wide + GAP > MOST_SHEET || high + GAP > MOST_SHEET) return IG_OK;
  if (columns > (MOST_SHEET - GAP) / wide) columns = (MOST_SHEET - GAP) / wide;
  int rows = (count + columns - 1) / columns;
  if (rows > (MOST_SHEET - GAP) / high) rows = (MOST_SHEET - GAP) / high;
  IG__TRY(make(&sheet, (ig_size){3, rows * high + GAP, columns * wide + GAP}, 3));
  memset(sheet.pixel, 255, 3 * (size_t)sheet.width * (size_t)sheet.height);
  for (int i = 0; i < count && i < rows * columns; i++) paste(&sheet, &rasters[i], zoom, GAP + i / columns * high, GAP + i % columns * wide);
  ig_status status = save(s, "sheet.png", &sheet);
  ig__raster_free(&sheet);
  return status;
}

ig_status ig__page_begin(const ig__subject *s, const char *title, ig__buffer *page) {
  IG__TRY(ig__fail_at(ig__make_folder(s->out), "--out"));
  ig__html_begin(page, title);
  ig__buffer_text(page, "<h1>%s</h1>\n<p class=\"soft\">", title);
  ig__html_name(page, s->options->run, 80);
  ig__buffer_text(page, "; pixels are 0 (black) … 1 (white) here, ×255 for grey levels, before the mean and deviation of the input line.</p>\n");
  return IG_OK;
}

void ig__page_row(ig__buffer *page, const char *place, const char *answer) {
  ig__buffer_text(page, "<tr><td class=\"w\">");
  ig__html_name(page, ig__draw_name(place), 40);
  ig__buffer_text(page, "<br>taken for <b>");
  ig__html_name(page, answer, 24);
  ig__buffer_text(page, "</b>");
}

const char ig__page_full[] = "<p class=\"soft\">The page is full: the rest has its files in the folder, and its rows in the results.</p>\n";

ig__buffer *ig__page_room(ig__buffer *page, ig__buffer *beyond) {
  if (page->size < MOST_PAGE) return page;
  beyond->size = 0;
  return beyond;
}

ig_status ig__page_end(const ig__subject *s, ig__buffer *page) {
  ig__buffer_text(page, "<footer>imgrad %s. Numbers carry their exact values as data-value.</footer>\n", ig_version());
  ig__html_end(page);
  return ig__folder_write(s->out, "index.html", page);
}
