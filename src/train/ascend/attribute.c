/* Saliency: which pixels a class's number hangs on. */
#include "train/ascend/ascend.h"

#include <string.h>

typedef struct work { double *x, *weight, *number, *gradient; } work;

static ig_status take(work *w, const ig__slopes *s, int n) {
  const size_t pixels = (size_t)n * (size_t)s->pixels, numbers = (size_t)n * (size_t)s->numbers;
  *w = (work){.x = ig__alloc(pixels, sizeof *w->x)};
  w->weight = ig__alloc(numbers, sizeof *w->weight);
  w->number = ig__alloc(numbers, sizeof *w->number);
  w->gradient = ig__alloc(pixels, sizeof *w->gradient);
  return w->x && w->weight && w->number && w->gradient ? IG_OK : IG_NO_MEMORY;
}

static void give(work *w) {
  ig__free(w->x);
  ig__free(w->weight);
  ig__free(w->number);
  ig__free(w->gradient);
}

static void ask(const work *w, const ig__slopes *s, const int *target, int n) {
  for (int i = 0; i < n; i++) w->weight[i * s->numbers + target[i]] = 1;
}

ig_status ig__attribute_gradient(ig__slopes *s, const double *x, const int *target, int n, double *out) {
  work w;
  ig_status status = take(&w, s, n);
  if (status == IG_OK) {
    ask(&w, s, target, n);
    status = ig__slopes_run(s, x, w.weight, n, NULL, out);
  }
  give(&w);
  return status;
}

static ig_status along(const work *w, ig__slopes *s, const double *x, int n, double baseline, int points, double *out) {
  const int64_t all = n * s->pixels;
  for (int k = 0; k < points; k++) {
    const double share = (k + 0.5) / points;
    for (int64_t i = 0; i < all; i++) w->x[i] = baseline + share * (x[i] - baseline);
    IG__TRY(ig__slopes_run(s, w->x, w->weight, n, NULL, w->gradient));
    for (int64_t i = 0; i < all; i++) out[i] += w->gradient[i];
  }
  for (int64_t i = 0; i < all; i++) out[i] *= (x[i] - baseline) / points;
  return IG_OK;
}

/* The target's number at x, and less that at the baseline. */
static ig_status between(const work *w, ig__slopes *s, const double *x, const int *target, int n, double baseline, double *difference) {
  IG__TRY(ig__slopes_numbers(s, x, n, w->number));
  for (int i = 0; i < n; i++) difference[i] = w->number[i * s->numbers + target[i]];
  for (int64_t i = 0; i < s->pixels; i++) w->x[i] = baseline;
  IG__TRY(ig__slopes_numbers(s, w->x, 1, w->number));
  for (int i = 0; i < n; i++) difference[i] -= w->number[target[i]];
  return IG_OK;
}

ig_status ig__attribute_integrated(ig__slopes *s, const double *x, const int *target, int n, double baseline, int points, double *out,
                                   double *difference) {
  work w;
  ig_status status = take(&w, s, n);
  memset(out, 0, (size_t)n * (size_t)s->pixels * sizeof *out);
  if (status == IG_OK) {
    ask(&w, s, target, n);
    status = along(&w, s, x, n, baseline, points, out);
  }
  if (status == IG_OK) status = between(&w, s, x, target, n, baseline, difference);
  give(&w);
  return status;
}

static double range(const double *x, int64_t count) {
  double low = x[0], high = x[0];
  for (int64_t i = 1; i < count; i++) {
    if (x[i] < low) low = x[i];
    if (x[i] > high) high = x[i];
  }
  return high - low;
}

ig_status ig__attribute_smooth(ig__slopes *s, const double *x, const int *target, int n, int samples, double noise, uint64_t seed,
                               const uint64_t *key, double *out) {
  const int64_t pixels = s->pixels;
  work w;
  ig_status status = take(&w, s, n);
  memset(out, 0, (size_t)n * (size_t)pixels * sizeof *out);
  if (status == IG_OK) ask(&w, s, target, n);
  for (int k = 0; status == IG_OK && k < samples; k++) {
    for (int i = 0; i < n; i++) {
      ig__rng rng = ig__rng_make(seed, IG__FOR_NOISE, key[i], (uint32_t)k);
      const double deviation = noise * range(x + i * pixels, pixels);
      for (int64_t p = i * pixels; p < (i + 1) * pixels; p++) w.x[p] = x[p] + deviation * ig__rng_normal(&rng);
    }
    status = ig__slopes_run(s, w.x, w.weight, n, NULL, w.gradient);
    for (int64_t p = 0; status == IG_OK && p < n * pixels; p++) out[p] += w.gradient[p] / samples;
  }
  give(&w);
  return status;
}
