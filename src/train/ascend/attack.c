/* Small changes that fool a network. */
#include "train/ascend/ascend.h"

#include <math.h>
#include <string.h>

#define RUNGS 10           /* of the ladder: each ε is twice the one before */
#define HALVINGS 8         /* afterwards: to 1/512 of the first ε that worked, or better */
#define STRIDE 2.5         /* PGD: length of all steps together, in ε (Madry and others) */

const char *ig_attack_name(ig_attack attack) {
  static const char *const name[] = {"noise", "fgsm", "pgd", "pgd_l2"};
  return attack >= 0 && attack < IG_ATTACKS ? name[attack] : NULL;
}

static double clamp(double v, double low, double high) { return fmin(high, fmax(low, v)); }

/* One step of picture x, which began as `from`. */
static void step(ig_attack kind, const double *slope, const double *from, double epsilon, int steps, int64_t pixels, double *x) {
  const double length = steps == 1 ? epsilon : STRIDE * epsilon / steps;
  double squares = 0, far = 0;
  for (int64_t i = 0; i < pixels; i++) squares += slope[i] * slope[i];
  const double scale = squares > 0 ? length / sqrt(squares) : 0;
  for (int64_t i = 0; i < pixels; i++) {
    if (kind == IG_ATTACK_PGD_L2) x[i] += scale * slope[i];
    else x[i] = clamp(x[i] + length * ((slope[i] > 0) - (slope[i] < 0)), from[i] - epsilon, from[i] + epsilon);
    far += (x[i] - from[i]) * (x[i] - from[i]);
  }
  const double shrink = kind == IG_ATTACK_PGD_L2 && far > epsilon * epsilon ? epsilon / sqrt(far) : 1;
  for (int64_t i = 0; i < pixels; i++) x[i] = clamp(shrink < 1 ? from[i] + shrink * (x[i] - from[i]) : x[i], 0, 1);
}

static bool is_fooled(const ig__attacked *a, const double *number, int picture) {
  const int answer = ig__number_largest(number, (int)a->slopes->numbers);
  return a->target >= 0 ? answer == a->target : answer != a->truth[picture];
}

/* Signs by lot in the place of a gradient. */
static void draw_signs(const ig__attacked *a, const int *list, int count, double *slope) {
  for (int k = 0; k < count; k++) {
    ig__rng rng = ig__rng_make(a->seed, IG__FOR_NOISE, a->key[list[k]], 0);
    for (int64_t i = 0; i < a->slopes->pixels; i++) *slope++ = ig__rng_uniform(&rng) < 0.5 ? -1 : 1;
  }
}

typedef struct tried { double *number, *weight, *slope; } tried;

static ig_status try_all(const ig__attacked *a, ig_attack kind, const int *list, const double *epsilon, int count, double *out, bool *fooled,
                         const tried *t) {
  const int64_t pixels = a->slopes->pixels, classes = a->slopes->numbers;
  const int steps = kind == IG_ATTACK_PGD || kind == IG_ATTACK_PGD_L2 ? a->steps : 1;
  for (int taken = 0, left = count;; taken++) {
    IG__TRY(ig__slopes_numbers(a->slopes, out, count, t->number));
    for (int k = 0; k < count; k++) {
      if (fooled[k] || !is_fooled(a, t->number + k * classes, list[k])) continue;
      fooled[k] = true;
      left--;
    }
    if (taken == steps || !left) return IG_OK;
    for (int k = 0; k < count; k++)
      ig__attack_weights(t->number + k * classes, (int)classes, a->truth[list[k]], a->target, t->weight + k * classes);
    if (kind == IG_ATTACK_NOISE) draw_signs(a, list, count, t->slope);
    else IG__TRY(ig__slopes_run(a->slopes, out, t->weight, count, NULL, t->slope));
    for (int k = 0; k < count; k++)
      if (!fooled[k]) step(kind, t->slope + k * pixels, a->x + list[k] * pixels, epsilon[k], steps, pixels, out + k * pixels);
  }
}

ig_status ig__attack_try(const ig__attacked *a, ig_attack kind, const int *list, const double *epsilon, int count, double *out,
                         bool *fooled) {
  const int64_t pixels = a->slopes->pixels;
  const size_t numbers = (size_t)count * (size_t)a->slopes->numbers;
  tried t = {ig__alloc(numbers, sizeof *t.number), ig__alloc(numbers, sizeof *t.weight), ig__alloc((size_t)(count * pixels), sizeof *t.slope)};
  ig_status status = t.number && t.weight && t.slope ? IG_OK : IG_NO_MEMORY;
  for (int k = 0; k < count; k++) {
    memcpy(out + k * pixels, a->x + list[k] * pixels, (size_t)pixels * sizeof *out);
    fooled[k] = false;
  }
  if (status == IG_OK) status = try_all(a, kind, list, epsilon, count, out, fooled, &t);
  ig__free(t.number);
  ig__free(t.weight);
  ig__free(t.slope);
  return status;
}

/* ---- the smallest ε -------------------------------------------------------------------------------------------------------- */

typedef struct search {
  const ig__attacked *a;
  ig_attack kind;
  double *low, *high;        /* [n]: not fooled by, and fooled by; high NaN: by none yet */
  double *epsilon, *made;    /* of the pictures on the list */
  int *list;
  bool *fooled;
  double *out;
} search;

/* Tries the listed pictures and keeps what fooled. */
static ig_status round_of(const search *s, int count) {
  const int64_t pixels = s->a->slopes->pixels;
  IG__TRY(ig__attack_try(s->a, s->kind, s->list, s->epsilon, count, s->made, s->fooled));
  for (int k = 0; k < count; k++) {
    const int i = s->list[k];
    if (!s->fooled[k]) {
      s->low[i] = s->epsilon[k];
      continue;
    }
    s->high[i] = s->epsilon[k];
    memcpy(s->out + i * pixels, s->made + k * pixels, (size_t)pixels * sizeof *s->out);
  }
  return IG_OK;
}

/* Those that nothing has fooled yet go up the ladder together. */
static ig_status climb_ladder(const search *s, double most) {
  double epsilon = most;
  for (int rung = 1; rung < RUNGS; rung++) epsilon /= 2;
  for (int rung = 0; rung < RUNGS; rung++, epsilon *= 2) {
    int count = 0;
    for (int i = 0; i < s->a->n; i++) {
      if (!isnan(s->high[i])) continue;
      s->list[count] = i;
      s->epsilon[count++] = epsilon;
    }
    if (count) IG__TRY(round_of(s, count));
  }
  return IG_OK;
}

static ig_status halve(const search *s) {
  for (int k = 0; k < HALVINGS; k++) {
    int count = 0;
    for (int i = 0; i < s->a->n; i++) {
      if (!(s->high[i] > 0)) continue;
      s->list[count] = i;
      s->epsilon[count++] = (s->low[i] + s->high[i]) / 2;
    }
    if (count) IG__TRY(round_of(s, count));
  }
  return IG_OK;
}

/* A change of nothing fools where the answer is wrong already. */
static ig_status look_first(const search *s) {
  for (int i = 0; i < s->a->n; i++) {
    s->high[i] = NAN;
    s->list[i] = i;
    s->epsilon[i] = 0;
  }
  return round_of(s, s->a->n);
}

ig_status ig__attack_smallest(const ig__attacked *a, ig_attack kind, double most, double *epsilon, double *out) {
  const size_t n = (size_t)a->n;
  search s = {.a = a, .kind = kind, .high = epsilon, .out = out, .low = ig__alloc(n, sizeof *s.low)};
  s.epsilon = ig__alloc(n, sizeof *s.epsilon);
  s.made = ig__alloc(n * (size_t)a->slopes->pixels, sizeof *s.made);
  s.list = ig__alloc(n, sizeof *s.list);
  s.fooled = ig__alloc(n, sizeof *s.fooled);
  ig_status status = s.low && s.epsilon && s.made && s.list && s.fooled ? IG_OK : IG_NO_MEMORY;
  if (status == IG_OK) status = look_first(&s);
  if (status == IG_OK) status = climb_ladder(&s, most);
  if (status == IG_OK) status = halve(&s);
  ig__free(s.low);
  ig__free(s.epsilon);
  ig__free(s.made);
  ig__free(s.list);
  ig__free(s.fooled);
  return status;
}
