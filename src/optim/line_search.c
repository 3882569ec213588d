/* Line searches. A value that is not finite counts as too far. */
#include "optim/descent.h"

#include <float.h>
#include <math.h>

#define SUFFICIENT 1e-4
#define TRIES 40
#define IDLE_STEPS 10

/* The line φ(t) = f(x + t·direction), and one point of it. */
typedef struct line { ig__descent *d; const double *direction; double *x, *g; double value, slope, slack; } line;
typedef struct point { double t, value, slope; } point;

/* The sum of a few thousand losses is exact to some 10⁻¹⁵ of itself; near a minimum the fall that is looked for is no larger,
 * and without slack the search would refuse the last steps of Newton's method. */
static line line_of(ig__descent *d, const double *direction, double *x, double *g) {
  double value = d->state.value;
  return (line){d, direction, x, g, value, ig__dot(d->g, direction, d->f.count), 8 * DBL_EPSILON * fabs(value)};
}

static ig_status look(const line *l, double t, bool with_slope, point *out) {
  int64_t count = l->d->f.count;
  for (int64_t i = 0; i < count; i++) l->x[i] = l->d->x[i] + t * l->direction[i];
  *out = (point){.t = t};
  IG__TRY(ig__descent_evaluate(l->d, l->x, &out->value, with_slope ? l->g : NULL));
  if (with_slope) out->slope = ig__dot(l->g, l->direction, count);
  if (!isfinite(out->value) || !isfinite(out->slope)) out->value = INFINITY;
  return IG_OK;
}

static bool falls_enough(const line *l, const point *p) { return p->value <= l->value + SUFFICIENT * p->t * l->slope + l->slack; }

/* Into the point found; the point left stands where it was tried. Within the slack a step may be no gain at all; after some
 * that lowered neither the value nor the gradient it is over. */
static void move(const line *l, const point *p) {
  double *x = l->d->x, *g = l->d->g;
  bool gain = p->value < l->value || ig__largest(l->g, l->d->f.count) < ig__largest(g, l->d->f.count);
  l->d->state.idle = gain ? 0 : l->d->state.idle + 1;
  l->d->stuck = l->d->state.idle >= IDLE_STEPS;
  if (l->d->stuck) return;
  for (int64_t i = 0; i < l->d->f.count; i++) {
    double left_x = x[i], left_g = g[i];
    x[i] = l->x[i], g[i] = l->g[i];
    l->x[i] = left_x, l->g[i] = left_g;
  }
  l->d->state.value = p->value;
  l->d->state.length = p->t;
}

ig_status ig__search_armijo(ig__descent *d, const double *direction, double length, double *to_x, double *to_g) {
  line l = line_of(d, direction, to_x, to_g);
  point p;
  double t = length;
  d->stuck = !(l.slope < 0);
  for (int i = 0; i < TRIES && !d->stuck; i++) {
    /* The first point is mostly the last, and its gradient is wanted then. */
    IG__TRY(look(&l, t, i == 0, &p));
    if (falls_enough(&l, &p)) {
      if (i > 0) IG__TRY(look(&l, t, true, &p));
      move(&l, &p);
      return IG_OK;
    }
    /* The minimum of the parabola through f, its slope and this value, kept between a tenth and a half. */
    double curve = p.value - l.value - t * l.slope, next = curve > 0 && isfinite(curve) ? -l.slope * t * t / (2 * curve) : t / 10;
    t = fmin(fmax(next, t / 10), t / 2);
  }
  d->stuck = true;
  return IG_OK;
}

/* The minimum of the cubic through two points and their slopes, at least a tenth away from both; their middle when
 * there is none. */
static double between(const point *a, const point *b) {
  double low = fmin(a->t, b->t), width = fabs(b->t - a->t), t = NAN;
  if (isfinite(a->value) && isfinite(b->value)) {
    double s = a->slope + b->slope - 3 * (a->value - b->value) / (a->t - b->t), under = s * s - a->slope * b->slope;
    if (under >= 0) {
      double root = copysign(sqrt(under), b->t - a->t);
      t = b->t - (b->t - a->t) * (b->slope + root - s) / (b->slope - a->slope + 2 * root);
    }
  }
  return isfinite(t) ? fmin(fmax(t, low + width / 10), low + width * 9 / 10) : low + width / 2;
}

/* low has the smallest value found that falls enough, and its slope points towards high. */
static ig_status zoom(const line *l, point low, point high, double flatness, int tries, bool *found, point *out) {
  *found = false;
  for (int i = 0; i < tries; i++) {
    point p;
    IG__TRY(look(l, between(&low, &high), true, &p));
    if (!falls_enough(l, &p) || p.value > low.value + l->slack) {
      high = p;
    } else {
      *found = fabs(p.slope) <= -flatness * l->slope;
      *out = p;
      if (*found) return IG_OK;
      if (p.slope * (high.t - low.t) >= 0) high = low;
      low = p;
    }
    if (fabs(high.t - low.t) <= 1e-12 * fmax(1, low.t)) break;
  }
  /* No point is flat enough: a lower one serves as well, when there is one. */
  if (low.t <= 0) return IG_OK;
  *found = true;
  return look(l, low.t, true, out);
}

ig_status ig__search_wolfe(ig__descent *d, const double *direction, double length, double flatness, double *to_x, double *to_g) {
  line l = line_of(d, direction, to_x, to_g);
  point before = {0, l.value, l.slope}, p = before;
  bool found = false;
  double t = length;
  d->stuck = !(l.slope < 0);
  for (int i = 0; i < TRIES && !d->stuck && !found; i++) {
    IG__TRY(look(&l, t, true, &p));
    if (!falls_enough(&l, &p) || (i > 0 && p.value >= before.value)) {
      IG__TRY(zoom(&l, before, p, flatness, TRIES - i, &found, &p));
      break;
    }
    found = fabs(p.slope) <= -flatness * l.slope;
    if (!found && p.slope >= 0) {
      IG__TRY(zoom(&l, p, before, flatness, TRIES - i, &found, &p));
      break;
    }
    before = p;
    t *= 4;
  }
  d->stuck = true;
  if (found) move(&l, &p);
  return IG_OK;
}
