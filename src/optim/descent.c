/* What all full-batch methods share: memory, costs, stopping rules. */
#include "optim/descent.h"

#include "base/alloc.h"

#include <math.h>
#include <string.h>

#define BLOCK 256

double ig__dot(const double *a, const double *b, int64_t count) {
  double sum = 0;
  for (int64_t i = 0; i < count; i += BLOCK) {
    int64_t n = count - i < BLOCK ? count - i : BLOCK;
    double part = 0;
    for (int64_t k = i; k < i + n; k++) part += a[k] * b[k];
    sum += part;
  }
  return sum;
}

double ig__largest(const double *a, int64_t count) {
  double largest = 0;
  for (int64_t i = 0; i < count; i++) {
    if (isnan(a[i])) return a[i];
    if (fabs(a[i]) > largest) largest = fabs(a[i]);
  }
  return largest;
}

void ig__axpy(double a, const double *x, double *y, int64_t count) {
  for (int64_t i = 0; i < count; i++) y[i] += a * x[i];
}

ig_status ig__descent_evaluate(ig__descent *d, const double *x, double *value, double *g) {
  d->state.cost += g ? 1 : 1.0 / 3;
  return d->f.evaluate(d->f.user, x, value, g);
}

ig_status ig__descent_curvature(ig__descent *d, const double *v, bool gauss_newton, double *hv) {
  d->state.cost += 2;
  d->state.products++;
  return d->f.curvature(d->f.user, d->x, v, gauss_newton, hv);
}

ig_status ig__descent_new(const char *text, const ig__objective *f, ig__descent **out) {
  ig__descent *d = ig__alloc(1, sizeof *d);
  *out = NULL;
  if (!d) return IG_NO_MEMORY;
  d->f = *f;
  ig_status status = ig__descent_method_parse(text, &d->method, &d->options);
  size_t vectors = status == IG_OK ? 2 + (size_t)d->method->vectors(d->options) : 0;
  if (status == IG_OK && (uint64_t)f->count > SIZE_MAX / sizeof *d->memory / vectors) status = IG_NO_MEMORY;
  if (status == IG_OK) {
    d->memory_count = vectors * (size_t)f->count;
    d->memory = ig__alloc(d->memory_count, sizeof *d->memory);
    status = d->memory ? IG_OK : IG_NO_MEMORY;
  }
  if (status != IG_OK) {
    ig__descent_free(d);
    return status;
  }
  d->x = d->memory;
  d->g = d->memory + f->count;
  *out = d;
  return IG_OK;
}

void ig__descent_free(ig__descent *d) {
  if (!d) return;
  ig__free(d->options);
  ig__free(d->memory);
  ig__free(d);
}

/* Named in the order in which they are asked. */
static void apply_rules(ig__descent *d) {
  ig__descent_rules rules;
  memcpy(&rules, d->options, sizeof rules);
  if (d->state.norm <= rules.gtol) d->stopped = "gradient";
  else if (d->stuck) d->stopped = "no lower point";
  else if (rules.ftol > 0 && d->state.iteration > 0 && fabs(d->state.change) <= rules.ftol) d->stopped = "loss"; /* a fixed step may go uphill */
  else if (rules.budget > 0 && d->state.cost >= rules.budget) d->stopped = "budget";
}

ig_status ig__descent_begin(ig__descent *d) {
  d->state = (ig__descent_state){.change = 1, .length = 1};
  d->stuck = false;
  d->stopped = NULL;
  IG__TRY(ig__descent_evaluate(d, d->x, &d->state.value, d->g));
  d->state.norm = ig__largest(d->g, d->f.count);
  d->state.first = sqrt(ig__dot(d->g, d->g, d->f.count));
  if (!isfinite(d->state.value) || !isfinite(d->state.norm))
    return ig__fail(IG_DIVERGED, "%s: the loss or its gradient is not finite at the start", d->method->name);
  apply_rules(d);
  return IG_OK;
}

ig_status ig__descent_step(ig__descent *d) {
  double before = d->state.value;
  IG__TRY(d->method->step(d));
  double scale = fmax(fabs(before), fabs(d->state.value));
  d->state.norm = ig__largest(d->g, d->f.count);
  d->state.change = scale > 0 ? (before - d->state.value) / scale : 0;
  d->state.iteration++;
  apply_rules(d);
  return IG_OK;
}
