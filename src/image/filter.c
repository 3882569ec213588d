/* Resizing along one side: a triangle filter in integers. */
#include "image/canvas.h"

#include "base/alloc.h"

#include <math.h>
#include <string.h>

/* 8 bits of pixel and 2 for the sum leave 22 of 32 for a weight. */
#define WEIGHT_BITS 22

static uint8_t clip(int32_t sum) {
  int32_t v = sum >> WEIGHT_BITS;
  return (uint8_t)(v < 0 ? 0 : v > 255 ? 255 : v);
}

/* The weights of one output pixel: the triangle around `centre`, at most to the borders, made to add up to one. */
static void fill(ig__filter *f, int i, int size, double centre, double reach, double *w) {
  int from = (int)(centre - reach + 0.5), to = (int)(centre + reach + 0.5);
  double sum = 0;
  if (from < 0) from = 0;
  if (to > size) to = size;
  f->first[i] = from;
  f->length[i] = to - from;
  for (int k = 0; k < to - from; k++) {
    double distance = fabs((k + from - centre + 0.5) * (1 / reach));
    w[k] = distance < 1 ? 1 - distance : 0;
    sum += w[k];
  }
  for (int k = 0; k < to - from; k++)
    f->weight[(size_t)i * (size_t)f->taps + (size_t)k] = (int32_t)(0.5 + (sum != 0 ? w[k] / sum : w[k]) * (1 << WEIGHT_BITS));
}

static bool is_same(int count, int size, double from, double length) { return from == 0 && length == size && count == size; }
static double reach_of(int count, double length) { return length < count ? 1 : length / count; }
static int taps_of(double reach) { return (int)ceil(reach) * 2 + 1; }

uint64_t ig__filter_memory(int count, int size, double from, double length) {
  const uint64_t taps = (uint64_t)taps_of(reach_of(count, length)), n = (uint64_t)count;
  return is_same(count, size, from, length) ? 0 : n * (taps * sizeof(int32_t) + 2 * sizeof(int)) + taps * sizeof(double);
}

ig_status ig__filter_make(ig__filter *f, int count, int size, double from, double length) {
  double scale = length / count, reach = reach_of(count, length);
  size_t cells;
  *f = (ig__filter){.count = count, .taps = taps_of(reach), .same = is_same(count, size, from, length)};
  if (f->same) return IG_OK;
  if (!ig__mul_size((size_t)count, (size_t)f->taps, &cells)) return ig__fail(IG_NO_MEMORY, "resize: %d of %d pixels", count, size);
  f->first = ig__alloc(2 * (size_t)count, sizeof *f->first);
  f->weight = ig__alloc(cells, sizeof *f->weight);
  double *w = ig__alloc((size_t)f->taps, sizeof *w);
  if (f->first && f->weight && w) {
    f->length = f->first + count;
    for (int i = 0; i < count; i++) fill(f, i, size, from + (i + 0.5) * scale, reach, w);
    ig__free(w);
    return IG_OK;
  }
  ig__free(w);
  ig__filter_free(f);
  return IG_NO_MEMORY;
}

void ig__filter_free(ig__filter *f) {
  ig__free(f->first);
  ig__free(f->weight);
  f->first = f->length = NULL;
  f->weight = NULL;
}

static void row_grey(const ig__filter *f, const uint8_t *in, uint8_t *out) {
  for (int i = 0; i < f->count; i++) {
    const int32_t *w = f->weight + (size_t)i * (size_t)f->taps;
    const uint8_t *p = in + f->first[i];
    int32_t sum = 1 << (WEIGHT_BITS - 1);
    for (int k = 0; k < f->length[i]; k++) sum += p[k] * w[k];
    out[i] = clip(sum);
  }
}

static void row_colour(const ig__filter *f, const uint8_t *in, uint8_t *out) {
  for (int i = 0; i < f->count; i++) {
    const int32_t *w = f->weight + (size_t)i * (size_t)f->taps;
    const uint8_t *p = in + 3 * (size_t)f->first[i];
    int32_t r = 1 << (WEIGHT_BITS - 1), g = r, b = r;
    for (int k = 0; k < f->length[i]; k++, p += 3) {
      r += p[0] * w[k];
      g += p[1] * w[k];
      b += p[2] * w[k];
    }
    out[3 * i] = clip(r);
    out[3 * i + 1] = clip(g);
    out[3 * i + 2] = clip(b);
  }
}

void ig__filter_row(const ig__filter *f, int channels, const uint8_t *in, uint8_t *out) {
  if (f->same) memcpy(out, in, (size_t)f->count * (size_t)channels);
  else if (channels == 1) row_grey(f, in, out);
  else row_colour(f, in, out);
}

void ig__filter_column(const ig__filter *f, int i, size_t row_bytes, const uint8_t *in, uint8_t *out) {
  if (f->same) {
    memcpy(out, in + (size_t)i * row_bytes, row_bytes);
    return;
  }
  const int32_t *w = f->weight + (size_t)i * (size_t)f->taps;
  const uint8_t *top = in + (size_t)f->first[i] * row_bytes;
  for (size_t x = 0; x < row_bytes; x++) {
    int32_t sum = 1 << (WEIGHT_BITS - 1);
    const uint8_t *p = top + x;
    for (int k = 0; k < f->length[i]; k++, p += row_bytes) sum += *p * w[k];
    out[x] = clip(sum);
  }
}
