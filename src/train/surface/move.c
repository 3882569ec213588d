/* Weights moved away from a solution. Everything is double until it is written into the model, so that a step too small for
 * float is one all the same as soon as it adds up. */
#include "base/rng.h"
#include "optim/groups.h"
#include "train/regularise.h"
#include "train/surface/surface.h"

#include <math.h>
#include <string.h>

static double *numbers_of(const ig__model *m) {
  double *out = ig__alloc((size_t)(m->params_size + m->states_size), sizeof *out);
  for (int64_t i = 0; out && i < m->params_size; i++) out[i] = ig__real_at(m->real_size, m->params, i);
  for (int64_t i = 0; out && i < m->states_size; i++) out[m->params_size + i] = ig__real_at(m->real_size, m->states, i);
  return out;
}

/* ---- directions ------------------------------------------------------------------------------------------------------------- */

static double length(const double *v, const ig__weights *w, int64_t group) {
  double sum = 0;
  for (int64_t i = 0; i < ig__group_size(w, true); i++) {
    const double x = v[ig__group_element(w, true, group, i)];
    sum += x * x;
  }
  return sqrt(sum);
}

/* Without the scale, a direction would mean another thing for each layer: relu networks are the same function when one layer's weights
 * are halved and the next one's doubled, and a step of one length would not be. */
static void scale_filters(const double *from, double *d, const ig__weights *w) {
  for (int64_t g = 0; g < ig__group_count(w, true); g++) {
    const double own = length(from, w, g), drawn = length(d, w, g), f = drawn > 0 ? own / drawn : 0;
    for (int64_t i = 0; i < ig__group_size(w, true); i++) d[ig__group_element(w, true, g, i)] *= f;
  }
}

static void draw(const ig__mover *v, uint64_t seed, int which) {
  const ig__model *m = v->model;
  for (size_t i = 0; i < m->param_count; i++) {
    const ig__param *p = &m->param[i];
    if (p->kind != IG__PARAM_WEIGHT || p->frozen) continue;
    ig__rng rng = ig__rng_make(seed, IG__FOR_SURFACE, ig__hash(p->name, strlen(p->name), 0), (uint32_t)which);
    double *d = v->along[which] + p->offset;
    const ig__weights w = ig__weights_of(m, p);
    for (int64_t k = 0; k < p->count; k++) d[k] = ig__rng_normal(&rng);
    scale_filters(v->from + p->offset, d, &w);
  }
}

ig_status ig__mover_around(ig__model *m, uint64_t seed, ig__mover *out) {
  *out = (ig__mover){.model = m, .from = numbers_of(m)};
  for (int k = 0; k < 2; k++) out->along[k] = ig__alloc((size_t)m->params_size, sizeof *out->along[k]);
  if (!out->from || !out->along[0] || !out->along[1]) return IG_NO_MEMORY;
  for (int k = 0; k < 2; k++) draw(out, seed, k);
  return IG_OK;
}

/* ---- the line ----------------------------------------------------------------------------------------------------------------- */

/* The same names in the same places: parameters and states of different lines cannot be mixed. */
static ig_status check_same(const ig__model *a, const ig__model *b) {
  char x[96], y[96];
  if (a->param_count != b->param_count || a->state_count != b->state_count)
    return ig__fail(IG_BAD_MODEL, "the two runs have different models: %zu and %zu tensors of weights; a line goes between two solutions of one model",
                    a->param_count, b->param_count);
  for (size_t i = 0; i < a->param_count; i++) {
    const ig__param *p = &a->param[i], *q = &b->param[i];
    if (strcmp(p->name, q->name) != 0 || strcmp(ig__shape_text(x, &p->shape), ig__shape_text(y, &q->shape)) != 0)
      return ig__fail(IG_BAD_MODEL, "the two runs have different models: %s is %s in one, %s is %s in the other", p->name, ig__shape_text(x, &p->shape),
                      q->name, ig__shape_text(y, &q->shape));
  }
  for (size_t i = 0; i < a->state_count; i++)
    if (strcmp(a->state[i].name, b->state[i].name) != 0 || a->state[i].count != b->state[i].count)
      return ig__fail(IG_BAD_MODEL, "the two runs have different models: %s in one, %s in the other", a->state[i].name, b->state[i].name);
  if (a->class_count != b->class_count) return ig__fail(IG_BAD_MODEL, "the two runs tell %d and %d classes apart", a->class_count, b->class_count);
  for (int c = 0; a->class_name && b->class_name && c < a->class_count; c++)
    if (strcmp(a->class_name[c], b->class_name[c]) != 0)
      return ig__fail(IG_BAD_MODEL, "class %d of the two runs is '%s' and '%s': their outputs mean different things", c, a->class_name[c], b->class_name[c]);
  return IG_OK;
}

ig_status ig__mover_between(ig__model *m, const ig__model *to, ig__mover *out) {
  *out = (ig__mover){.model = m, .line = true};
  IG__TRY(check_same(m, to));
  out->from = numbers_of(m);
  out->along[0] = numbers_of(to);
  return out->from && out->along[0] ? IG_OK : IG_NO_MEMORY;
}

void ig__mover_free(ig__mover *v) {
  ig__free(v->from);
  ig__free(v->along[0]);
  ig__free(v->along[1]);
  *v = (ig__mover){.model = NULL};
}

static double between(double a, double b, double t) { return t == 0 ? a : t == 1 ? b : (1 - t) * a + t * b; }

/* Beyond the ends a variance would soon be negative: states stay what they are there. */
static void put_line(const ig__mover *v, double t) {
  const ig__model *m = v->model;
  const double inside = t < 0 ? 0 : t > 1 ? 1 : t;
  const double *a = v->from, *b = v->along[0];
  for (int64_t i = 0; i < m->params_size; i++) ig__real_put(m->real_size, m->params, i, between(a[i], b[i], t));
  a += m->params_size;
  b += m->params_size;
  for (int64_t i = 0; i < m->states_size; i++) ig__real_put(m->real_size, m->states, i, between(a[i], b[i], inside));
}

void ig__mover_put(const ig__mover *v, double alpha, double beta) {
  ig__model *m = v->model;
  if (v->line) put_line(v, alpha);
  for (int64_t i = 0; !v->line && i < m->params_size; i++)
    ig__real_put(m->real_size, m->params, i, v->from[i] + alpha * v->along[0][i] + beta * v->along[1][i]);
  m->version++;
}
