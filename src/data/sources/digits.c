/* Source "digits": handwritten-like digits drawn by a procedure, so that a first run needs no file and no network.
 *
 * A picture is MNIST's: 28 × 28, white on black, fitted into 20 × 20, centre of mass in the middle. The shapes in digits_shapes.h
 * are how people write; each picture bends, slants, turns and stretches one of them, and moves every point of it. Sample i is a
 * pure function of (seed, part, i). Only operations that IEEE 754 rounds in one way are used — no libm but the square root,
 * no contraction — so every machine draws the same bytes.
 * Measured: a convnet of two 3 × 3 layers (16 and 32 channels, dense 64), three epochs of these 20,000, reads 95 % of the
 * real MNIST test set; 10 to 17 µs a picture. */
#include "data/sources/common.h"
#include "data/sources/digits_shapes.h"

#include "base/file.h"

#include <math.h>
#include <string.h>

#define SIDE 28
#define CENTRE 14 /* MNIST's mass is at (14, 14) ± 0.3, counting from 0 */
#define STEPS 5 /* straight pieces of a curve from one point to the next: about a pixel each */
#define MAX_SEGMENTS (DIGIT_POINTS * STEPS)
#define VERSION 1 /* part of the fingerprint: change it with anything that changes a byte */

typedef struct { int64_t train, test, seed; } digits_options;

static const ig__option table[] = {
  IG__OPTION(digits_options, train, "20000", 1, 1e8, "pictures", "training pictures"),
  IG__OPTION(digits_options, test, "5000", 0, 1e8, "pictures", "test pictures"),
  IG__OPTION(digits_options, seed, "1", 0, 9e15, "", "another seed, other pictures"),
  IG__OPTIONS_END};

#define SHAPE_COUNT (sizeof shapes / sizeof shapes[0])

typedef struct { float x, y; } point;
typedef struct { point a, b; float radius; } segment;
typedef struct { segment at[MAX_SEGMENTS]; int count; } drawing;

/* Mean 0, deviation 1, within ± 3.5: the sum of four uniforms needs no logarithm. */
static float normal(ig__rng *r) {
  uint32_t a = ig__rng_u32(r), b = ig__rng_u32(r);
  float sum = (float)((a & 0xffff) + (a >> 16) + (b & 0xffff) + (b >> 16)) * 0x1p-16f;
  return (sum - 2.0f) * 1.7320508f;
}

static float between(ig__rng *r, float lo, float hi) { return lo + (hi - lo) * ((float)(ig__rng_u32(r) >> 8) * 0x1p-24f); }

/* Each ten neighbours are the ten digits, shuffled: every prefix is balanced to within one block. */
static int label_of(uint64_t seed, ig__part part, int64_t index) {
  int digit[10];
  ig__rng r = ig__rng_make(seed, IG__FOR_SOURCE, (uint64_t)(index / 10), IG__PARTS + (uint32_t)part);
  for (int i = 0; i < 10; i++) {
    int j = (int)ig__rng_below(&r, (uint32_t)i + 1);
    digit[i] = digit[j];
    digit[j] = i;
  }
  return digit[index % 10];
}

static const shape *pick(ig__rng *r, int digit) {
  int total = 0;
  for (size_t i = 0; i < SHAPE_COUNT; i++)
    if (shapes[i].digit == digit) total += shapes[i].weight;
  int at = (int)ig__rng_below(r, (uint32_t)total);
  const shape *s = shapes;
  for (size_t i = 0; i < SHAPE_COUNT && at >= 0; i++) {
    if (shapes[i].digit != digit) continue;
    s = &shapes[i];
    at -= s->weight;
  }
  return s;
}

/* The hand of one picture: a map of the plane, from [-1, 1]² to about the same. */
typedef struct { float xx, xy, yx, yy, bend_x, bend_y, twist_x, twist_y, taper, waist, jitter; } hand;

static hand make_hand(ig__rng *r) {
  float slant = 0.18f + 0.24f * normal(r), half_turn = 0.055f * normal(r);
  float n = 0.30f * normal(r), wide = 0.94f * (1 + n + 0.5f * n * n), c, s; /* about exp(n) */
  c = (1 - half_turn * half_turn) / (1 + half_turn * half_turn); /* cosine and sine from the tangent of half the angle */
  s = 2 * half_turn / (1 + half_turn * half_turn);
  return (hand){.xx = c * wide, .xy = -c * slant - s, .yx = s * wide, .yy = c - s * slant, .bend_x = 0.10f * normal(r),
                .bend_y = 0.08f * normal(r), .twist_x = 0.08f * normal(r), .twist_y = 0.10f * normal(r),
                .taper = 0.18f * normal(r), .waist = 0.14f * normal(r), .jitter = between(r, 0.02f, 0.09f)};
}

static point apply(const hand *h, float u, float v) {
  v += h->waist * (1 - v * v);
  u *= 1 + h->taper * v;
  float x = u + h->bend_x * (v * v - 0.33f) + h->twist_x * u * v, y = v + h->bend_y * u * u + h->twist_y * u * v;
  return (point){h->xx * x + h->xy * y, h->yx * x + h->yy * y};
}

static point between_points(const point *p, int i, int last, float t) {
  point p1 = p[i], p2 = p[i + 1], p0 = i > 0 ? p[i - 1] : p1, p3 = i + 1 < last ? p[i + 2] : p2;
  float t2 = t * t, t3 = t2 * t; /* Catmull and Rom's spline */
  float a = -0.5f * t3 + t2 - 0.5f * t, b = 1.5f * t3 - 2.5f * t2 + 1, c = -1.5f * t3 + 2 * t2 + 0.5f * t, d = 0.5f * (t3 - t2);
  return (point){a * p0.x + b * p1.x + c * p2.x + d * p3.x, a * p0.y + b * p1.y + c * p2.y + d * p3.y};
}

static void flatten(drawing *d, const point *p, int count) {
  point from = p[0];
  for (int i = 0; i + 1 < count; i++) {
    if (p[i].x == p[i + 1].x && p[i].y == p[i + 1].y) continue; /* a corner */
    for (int k = 1; k <= STEPS && d->count < MAX_SEGMENTS; k++) {
      point to = between_points(p, i, count - 1, (float)k / STEPS);
      d->at[d->count++] = (segment){from, to, 1};
      from = to;
    }
  }
}

/* The pen's way, in the plane of the hand. */
static void write_shape(drawing *d, const shape *s, ig__rng *r) {
  hand h = make_hand(r);
  point p[DIGIT_POINTS];
  int n = 0;
  d->count = 0;
  for (const signed char *at = s->at;; at += 2) {
    if (*at < 0) {
      flatten(d, p, n);
      if (*at == END) return;
      n = 0;
      at++;
    }
    if (n && at[0] == at[-2] && at[1] == at[-1]) {
      p[n] = p[n - 1];
    } else {
      float j = n ? h.jitter : 1.5f * h.jitter, dx = j * normal(r), dy = j * normal(r);
      p[n] = apply(&h, (float)(at[0] - 35) * 0.02f + dx, (float)(at[1] - 50) * 0.02f + dy);
    }
    n++;
  }
}

/* Scales the drawing, with its pen, into a box of `size` pixels, centre of mass in the middle of the picture. */
static void fit(drawing *d, float radius, float size, ig__rng *r) {
  float x0 = 1e9f, x1 = -1e9f, y0 = 1e9f, y1 = -1e9f, sum = 1e-9f, sx = 0, sy = 0;
  for (int i = 0; i < d->count; i++) {
    point a = d->at[i].a, b = d->at[i].b;
    float length = sqrtf((b.x - a.x) * (b.x - a.x) + (b.y - a.y) * (b.y - a.y));
    x0 = fminf(x0, fminf(a.x, b.x)), x1 = fmaxf(x1, fmaxf(a.x, b.x));
    y0 = fminf(y0, fminf(a.y, b.y)), y1 = fmaxf(y1, fmaxf(a.y, b.y));
    sum += length;
    sx += length * 0.5f * (a.x + b.x);
    sy += length * 0.5f * (a.y + b.y);
  }
  float scale = (size - 2 * radius) / fmaxf(fmaxf(x1 - x0, y1 - y0), 1e-3f);
  float cx = CENTRE + between(r, -0.5f, 0.5f) - scale * sx / sum, cy = CENTRE + between(r, -0.5f, 0.5f) - scale * sy / sum;
  /* The pen presses harder or less towards the end, wavers, and is broader in one direction. */
  float growth = 0.12f * normal(r) / (float)d->count, nib = 0.10f * normal(r), waver = 0.12f, from = 0, to = 0;
  for (int i = 0; i < d->count; i++) {
    segment *s = &d->at[i];
    float dx = s->b.x - s->a.x, dy = s->b.y - s->a.y, flat = (dx * dx - dy * dy) / (dx * dx + dy * dy + 1e-9f);
    if (i % STEPS == 0) {
      from = to;
      to = waver * normal(r);
    }
    s->a = (point){cx + scale * s->a.x, cy + scale * s->a.y};
    s->b = (point){cx + scale * s->b.x, cy + scale * s->b.y};
    s->radius = 1 + growth * (float)(i - d->count / 2) + nib * flat + from + (to - from) * (float)(i % STEPS) / STEPS;
    s->radius = radius * fmaxf(s->radius, 0.5f);
  }
}

static int clamp_pixel(float v) { return v < 0 ? 0 : v > SIDE - 1 ? SIDE - 1 : (int)v; }

/* Lowers the field to the distance from the segment, in radii, squared; looks only where the pen can reach. */
static void stamp(float *field, const segment *s) {
  float dx = s->b.x - s->a.x, dy = s->b.y - s->a.y, reach = s->radius + 1.5f;
  float per_length = 1.0f / (dx * dx + dy * dy + 1e-9f), per_radius = 1.0f / (s->radius * s->radius);
  int left = clamp_pixel(fminf(s->a.x, s->b.x) - reach + 1), right = clamp_pixel(fmaxf(s->a.x, s->b.x) + reach);
  int top = clamp_pixel(fminf(s->a.y, s->b.y) - reach + 1), bottom = clamp_pixel(fmaxf(s->a.y, s->b.y) + reach);
  for (int y = top; y <= bottom; y++)
    for (int x = left; x <= right; x++) {
      float px = (float)x - s->a.x, py = (float)y - s->a.y, t = (px * dx + py * dy) * per_length;
      t = t < 0 ? 0 : t > 1 ? 1 : t;
      float ex = px - t * dx, ey = py - t * dy, q = (ex * ex + ey * ey) * per_radius;
      if (q < field[y * SIDE + x]) field[y * SIDE + x] = q;
    }
}

/* Distance to brightness: full inside, falling over `soft` pixels at the edge, as when a scan is reduced. */
static void shade(uint8_t *image, const float *field, float radius, ig__rng *r) {
  float soft = between(r, 0.9f, 1.5f), light = between(r, 250, 275), grain = between(r, 0, 30), per_soft = 1 / soft;
  uint32_t noise = ig__rng_u32(r);
  for (int i = 0; i < SIDE * SIDE; i++) {
    float q = field[i];
    if (q > 50) continue;
    float ink = (radius - sqrtf(q) * radius) * per_soft + 0.5f;
    if (ink <= 0.02f) continue;
    noise = noise * 1664525u + 1013904223u;
    float v = light * (ink > 1 ? 1 : ink) + grain * ((float)(noise >> 8) * 0x1p-24f - 0.5f);
    image[i] = (uint8_t)(v < 0 ? 0 : v > 255 ? 255 : (int)(v + 0.5f));
  }
}

/* Moves the picture by whole pixels until its mass is in the middle, as MNIST did: strokes that cross or run together
 * weigh less than their lengths say, so `fit` alone is up to 2 pixels off. */
static void centre(uint8_t *image) {
  int sum = 0, sx = 0, sy = 0;
  for (int y = 0; y < SIDE; y++)
    for (int x = 0; x < SIDE; x++) {
      int v = image[y * SIDE + x];
      sum += v;
      sx += v * x;
      sy += v * y;
    }
  if (sum == 0) return;
  int dx = CENTRE - (sx + sum / 2) / sum, dy = CENTRE - (sy + sum / 2) / sum;
  if (dx == 0 && dy == 0) return;
  uint8_t moved[SIDE * SIDE] = {0};
  for (int y = 0; y < SIDE; y++)
    for (int x = 0; x < SIDE; x++)
      if (y - dy >= 0 && y - dy < SIDE && x - dx >= 0 && x - dx < SIDE) moved[y * SIDE + x] = image[(y - dy) * SIDE + x - dx];
  memcpy(image, moved, sizeof moved);
}

static ig_status read_digits(const ig__source *source, ig__part part, int64_t index, void *const *fields) {
  const digits_options *o = source->state;
  int digit = label_of((uint64_t)o->seed, part, index);
  ig__rng r = ig__rng_make((uint64_t)o->seed, IG__FOR_SOURCE, (uint64_t)index, (uint32_t)part);
  drawing d;
  float field[SIDE * SIDE];
  write_shape(&d, pick(&r, digit), &r);
  float pen = between(&r, 0, 1), radius = 0.8f + 0.6f * pen + 0.9f * pen * pen * pen;
  fit(&d, radius, between(&r, 18.8f, 20.2f), &r);
  for (int i = 0; i < SIDE * SIDE; i++) field[i] = 100;
  for (int i = 0; i < d.count; i++) stamp(field, &d.at[i]);
  memset(fields[0], 0, SIDE * SIDE);
  shade(fields[0], field, radius, &r);
  centre(fields[0]);
  *(int32_t *)fields[1] = digit;
  return IG_OK;
}

static int label(const ig__source *source, ig__part part, int64_t index) {
  return label_of((uint64_t)((const digits_options *)source->state)->seed, part, index);
}

static uint64_t key(const ig__source *source, ig__part part, int64_t index) {
  (void)source;
  return ig__record_key(part, index);
}

static ig_status open_digits(ig__source *source, const void *options, const char *path) {
  (void)path;
  digits_options *o = source->state = ig__alloc(1, sizeof *o);
  if (!o) return IG_NO_MEMORY;
  *o = *(const digits_options *)options;
  source->info.count[IG__TRAIN] = o->train;
  source->info.count[IG__TEST] = o->test;
  int64_t what[] = {VERSION, o->train, o->test, o->seed};
  source->info.fingerprint = ig__hash(what, sizeof what, 0);
  ig__source_image_label(source, IG__FIELD_U8, 1, SIDE, SIDE);
  return ig__source_number_classes(source, 10);
}

static void close_digits(ig__source *source) { ig__free(source->state); }

const ig__source_kind ig__source_digits = {
  .name = "digits", .help = "drawn handwritten-like digits, 28 x 28", .options = table, .options_size = sizeof(digits_options),
  .open = open_digits, .read = read_digits, .label = label, .key = key, .place = ig__source_place, .close = close_digits,
};
