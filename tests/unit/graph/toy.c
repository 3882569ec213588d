/* The case, the naive interpreter and the comparison of toy.h. */
#include "unit/graph/toy.h"

#include <stdlib.h>

uint64_t toy_seed;

#define PAD 3 /* zeros around the interpreter's images: the widest window */

static double drawn(uint64_t seed, int64_t i) {
  uint64_t x = (seed + 1) * 0x9E3779B97F4A7C15u + (uint64_t)i * 0xBF58476D1CE4E5B9u;
  x = (x ^ x >> 29) * 0x94D049BB133111EBu;
  return (double)((x ^ x >> 32) % TOY_PRIME);
}

/* ---- the case ------------------------------------------------------------------------------------------------------- */

toy *toy_new(int n) {
  toy *t = calloc(1, sizeof *t);
  CHECK_OK(ig__graph_new(&t->graph, (ig__core_ops){&toy_add, &toy_convert}, n, true));
  t->n = n;
  return t;
}

void toy_close(toy *t) {
  for (int i = 0; i < t->fields; i++) free(t->field[i]);
  ig__graph_free(t->graph);
  free(t);
}

ig__value toy_field(toy *t, ig__dtype dtype, ig__shape shape, uint64_t seed) {
  int64_t count = ig__shape_count(&shape);
  double *v = calloc((size_t)count, sizeof *v);
  for (int64_t i = 0; i < count; i++) v[i] = drawn(seed, i);
  t->field[t->fields] = v;
  t->field_value[t->fields] = ig__leaf_add(t->graph, IG__LEAF_FIELD, t->fields, dtype, shape);
  return t->field_value[t->fields++];
}

ig__value toy_param(toy *t, uint64_t seed) {
  for (int i = 0; i < TOY_VECTOR; i++) t->param[t->params * TOY_SPAN + i] = drawn(seed, i);
  return ig__leaf_add(t->graph, IG__LEAF_PARAM, t->params++, IG__REAL, toy_vector());
}

ig__value toy_state(toy *t, uint64_t seed) {
  for (int i = 0; i < TOY_VECTOR; i++) t->state[t->states * TOY_SPAN + i] = drawn(seed, i);
  return ig__leaf_add(t->graph, IG__LEAF_STATE, t->states++, IG__REAL, toy_vector());
}

ig__value toy_node(toy *t, const ig__op *op, toy_options o, int in_count, const ig__value *in, ig__value *out) {
  return ig__node_add(t->graph, op, &o, in_count, in, out);
}

void toy_output(toy *t, ig__value value, int64_t into) {
  t->output[t->output_count++] = (ig__plan_output){value, into};
}

/* ---- the interpreter ------------------------------------------------------------------------------------------------ */

static ig__view plain_view(const ig__tensor *tensor, void **memory) {
  ig__view v = {.dtype = tensor->dtype, .shape = tensor->shape, .n_pitch = ig__shape_per_picture(&tensor->shape)};
  int64_t origin = 0, count = ig__shape_count(&v.shape);
  size_t size = v.dtype == IG__U8 ? 1 : sizeof(double);
  if (ig__shape_is_image(&v.shape)) {
    v.image = (ig__image){.c = v.shape.dim[1], .h = v.shape.dim[2], .w = v.shape.dim[3], .block = 1, .halo = PAD};
    count = ig__image_layout(&v.image, v.shape.dim[0], &origin);
    v.n_pitch = v.image.n_pitch;
  }
  *memory = calloc((size_t)count, size);
  v.data = v.image.data = (char *)*memory + (size_t)origin * size;
  return v;
}

static int64_t at(const ig__view *v, int n, int64_t i) {
  const ig__image *m = &v->image;
  if (!m->block) return (v->shape.batched ? n * v->n_pitch : 0) + i;
  return n * m->n_pitch + i / m->w / m->h * m->c_pitch + i / m->w % m->h * m->h_pitch + i % m->w;
}

double toy_value_at(const toy_values *v, ig__value value, int n, int64_t i) {
  const ig__view *view = &v->view[value];
  return view->dtype == IG__U8 ? ((const uint8_t *)view->data)[at(view, n, i)] : ((const double *)view->data)[at(view, n, i)];
}

static void fill_leaf(const toy *t, const ig__tensor *tensor, ig__view *v, double *state) {
  int64_t count = ig__shape_per_picture(&v->shape);
  if (tensor->leaf == IG__LEAF_SCALAR) *(double *)v->data = 1;
  if (tensor->leaf == IG__LEAF_PARAM) memcpy(v->data, t->param + tensor->leaf_index * TOY_SPAN, sizeof(double) * TOY_VECTOR);
  if (tensor->leaf == IG__LEAF_STATE) v->data = state + tensor->leaf_index * TOY_SPAN;
  if (tensor->leaf != IG__LEAF_FIELD) return;
  for (int n = 0; n < t->n; n++)
    for (int64_t i = 0; i < count; i++) {
      double x = t->field[tensor->leaf_index][n * count + i];
      if (v->dtype == IG__U8) ((uint8_t *)v->data)[at(v, n, i)] = (uint8_t)x;
      else ((double *)v->data)[at(v, n, i)] = x;
    }
}

static void interpret_node(const toy *t, const ig__node *node, const ig__view *view, int n) {
  ig__view in[IG__MAX_IN], out[IG__MAX_OUT];
  for (int k = 0; k < node->in_count; k++) in[k] = view[node->in[k]];
  for (int k = 0; k < node->out_count; k++) out[k] = view[node->out[k]];
  ig__run r = {.node = node, .options = node->options, .k = ig__kernels_for(IG__ISA_REFERENCE, 8), .in = in, .out = out,
               .n = t->n, .n1 = n, .parts = 1};
  r.scratch = calloc(1, node->op->scratch ? node->op->scratch(&r) : 1);
  if (node->op->partial) r.partial = calloc(node->op->partial(&r), sizeof(double));
  r.n = n;
  node->op->run[1](&r);
  if (node->op->partial) node->op->finish(&r, &r.partial, 1);
  free(r.scratch);
  free(r.partial);
}

toy_values toy_interpret(const toy *t, int n, double state[TOY_STATES * TOY_SPAN]) {
  toy_values v = {.count = t->graph->tensor_count};
  v.view = calloc(v.count + 1, sizeof *v.view);
  v.memory = calloc(v.count + 1, sizeof *v.memory);
  for (size_t i = 0; i < v.count; i++) {
    v.view[i] = plain_view(t->graph->tensor[i], &v.memory[i]);
    fill_leaf(t, t->graph->tensor[i], &v.view[i], state);
  }
  for (size_t i = 0; i < t->graph->node_count; i++) interpret_node(t, t->graph->node[i], v.view, n);
  return v;
}

void toy_values_free(toy_values *v) {
  for (size_t i = 0; i < v->count; i++) free(v->memory[i]);
  free(v->memory);
  free(v->view);
}

/* ---- plans ---------------------------------------------------------------------------------------------------------- */

ig_status toy_plan_make(ig__plan **plan, const toy *t, int real_size) {
  static const int64_t offset[TOY_PARAMS] = {0, TOY_SPAN, 2 * TOY_SPAN, 3 * TOY_SPAN};
  return ig__plan_new(plan, &(ig__plan_request){.graph = t->graph, .output = t->output, .output_count = t->output_count,
                                                .k = ig__kernels_for(IG__ISA_REFERENCE, real_size), .param_offset = offset,
                                                .state_offset = offset, .accumulates = t->accumulates,
                                                .param_count = TOY_PARAMS * TOY_SPAN,
                                                .keep_bytes = t->keep_bytes});
}

static void *real_array(int real_size, const double *from, int64_t count) {
  void *to = calloc((size_t)count, (size_t)real_size);
  for (int64_t i = 0; i < count; i++)
    if (real_size == 4) ((float *)to)[i] = (float)from[i];
    else ((double *)to)[i] = from[i];
  return to;
}

double toy_real(const toy_plan *p, const void *array, int64_t i) {
  return p->real_size == 4 ? (double)((const float *)array)[i] : ((const double *)array)[i];
}

void toy_plan_open(toy_plan *p, const toy *t, int real_size, ig__pool *pool) {
  static const double zero[TOY_PARAMS * TOY_SPAN];
  *p = (toy_plan){.t = t, .pool = pool, .real_size = real_size};
  CHECK_OK(toy_plan_make(&p->plan, t, real_size));
  CHECK_OK(ig__plan_prepare(p->plan, ig__pool_threads(pool)));
  for (int i = 0; i < t->fields; i++) {
    const ig__tensor *leaf = ig__tensor_of(t->graph, t->field_value[i]);
    int64_t count = ig__shape_count(&leaf->shape);
    p->field[i] = real_array(real_size, t->field[i], count);
    for (int64_t k = 0; leaf->dtype == IG__U8 && k < count; k++) ((uint8_t *)p->field[i])[k] = (uint8_t)t->field[i][k];
  }
  p->params = real_array(real_size, zero, TOY_PARAMS * TOY_SPAN);
  p->state = real_array(real_size, t->state, TOY_STATES * TOY_SPAN);
  p->grads = real_array(real_size, zero, TOY_PARAMS * TOY_SPAN);
}

void toy_plan_close(toy_plan *p) {
  ig__plan_free(p->plan);
  for (int i = 0; i < p->t->fields; i++) free(p->field[i]);
  free(p->params);
  free(p->state);
  free(p->grads);
}

static void check_output(const toy_plan *p, int index, int n, const toy_values *want, const double *before) {
  const ig__plan_output *o = &p->t->output[index];
  const ig__shape *shape = ig__shape_of(p->t->graph, o->value);
  const void *got = o->into >= 0 ? (char *)p->grads + o->into * p->real_size : ig__plan_result(p->plan, index);
  int64_t each = ig__shape_per_picture(shape);
  CHECK(ig__shape_equal(ig__plan_result_shape(p->plan, index), shape));
  bool bytes = ig__plan_result_dtype(p->plan, index) == IG__U8;
  for (int k = 0; k < (shape->batched ? n : 1); k++)
    for (int64_t i = 0; i < each; i++) {
      double g = bytes ? ((const uint8_t *)got)[k * each + i] : toy_real(p, got, k * each + i);
      double w = toy_value_at(want, o->value, k, i) + (o->into >= 0 ? before[o->into + i] : 0);
      if (g != w)
        test_fail(__FILE__, __LINE__, "seed %llu: output %d (value %d), %d of %d pictures: picture %d element %lld is %g, want %g",
                  (unsigned long long)toy_seed, index, o->value, n, p->t->n, k, (long long)i, g, w);
    }
}

void toy_check_run(toy_plan *p, int n, uint64_t version) {
  const toy *t = p->t;
  double state[TOY_STATES * TOY_SPAN], before[TOY_PARAMS * TOY_SPAN];
  for (int i = 0; i < TOY_STATES * TOY_SPAN; i++) state[i] = toy_real(p, p->state, i);
  for (int i = 0; i < TOY_PARAMS * TOY_SPAN; i++) before[i] = t->accumulates ? toy_real(p, p->grads, i) : 0;
  free(p->params);
  p->params = real_array(p->real_size, t->param, TOY_PARAMS * TOY_SPAN);
  toy_values want = toy_interpret(t, n, state);
  ig__feed feed = {.n = n, .params = p->params, .state = p->state, .grads = p->grads, .accumulate = t->accumulates,
                   .loss_scale = 1, .version = version};
  for (int i = 0; i < t->fields; i++) feed.field[i] = p->field[i];
  CHECK_OK(ig__plan_run(p->plan, p->pool, &feed));
  for (int i = 0; i < t->output_count; i++) check_output(p, i, n, &want, before);
  for (int i = 0; i < t->states * TOY_SPAN; i++)
    if (toy_real(p, p->state, i) != state[i])
      test_fail(__FILE__, __LINE__, "seed %llu: state %d element %d is %g, want %g", (unsigned long long)toy_seed, i / TOY_SPAN,
                i % TOY_SPAN, toy_real(p, p->state, i), state[i]);
  toy_values_free(&want);
}

bool toy_slow(void) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || defined(IG__POISON)
  return true;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
  return true;
#else
  return false;
#endif
#else
  return false;
#endif
}

/* ---- looking into plans --------------------------------------------------------------------------------------------- */

int toy_steps(const ig__plan *plan, const ig__op *op, int *phase) {
  int count = 0;
  for (size_t p = 0; p < plan->phase_count; p++)
    for (int s = plan->phase[p].first; s < plan->phase[p].first + plan->phase[p].count; s++)
      if (plan->item[plan->step[s].item].node->op == op) {
        count++;
        if (phase) *phase = (int)p;
      }
  return count;
}

/* When a value is in use, told from the steps alone: by steps for local values, by phases for others, since a phase's
 * chunks and parts run at the same time. A finish reads what has no pictures. */
typedef struct life { int from, to; } life;

static void touch(const ig__plan *plan, life *l, ig__value v, int step, int phase) {
  int now = plan->place[v].storage == IG__AT_LOCAL ? step : phase;
  if (l[v].from < 0) l[v].from = now;
  l[v].to = now;
}

static life *lives(const ig__plan *plan) {
  life *l = calloc(plan->place_count, sizeof *l);
  for (size_t v = 0; v < plan->place_count; v++) l[v].from = -1;
  for (int p = 0; p < (int)plan->phase_count; p++)
    for (int s = plan->phase[p].first; s < plan->phase[p].first + plan->phase[p].count; s++) {
      const ig__node *node = plan->item[plan->step[s].item].node;
      for (int k = 0; k < node->in_count; k++)
        if (!plan->step[s].finish || !plan->place[node->in[k]].view.shape.batched) touch(plan, l, node->in[k], s, p);
      for (int k = 0; k < node->out_count; k++) touch(plan, l, node->out[k], s, p);
    }
  return l;
}

static const ig__place *root(const ig__plan *plan, const ig__place *p) {
  return p->same_as == IG__NONE ? p : &plan->place[p->same_as];
}

static int64_t room(const ig__plan *plan, const ig__place *p) {
  int chunk = plan->phase[root(plan, p)->made].chunk;
  return p->storage == IG__AT_LOCAL ? p->bytes / plan->graph->n * chunk : p->bytes;
}

/* Two values may share their memory only when the one is made, in place, where the other is read for the last time. */
static bool may_meet(const ig__plan *plan, ig__value a, ig__value b, const life *l) {
  const ig__place *x = root(plan, &plan->place[a]), *y = root(plan, &plan->place[b]);
  bool apart = x->offset + room(plan, x) <= y->offset || y->offset + room(plan, y) <= x->offset;
  if (l[a].to < l[b].from || l[b].to < l[a].from || apart) return true;
  return x == y && (l[a].to == l[b].from || l[b].to == l[a].from || plan->place[a].storage == IG__AT_BATCH);
}

void toy_check_memory(const ig__plan *plan) {
  life *l = lives(plan);
  bool ok = true;
  for (ig__value a = 0; a < (ig__value)plan->place_count && ok; a++) {
    const ig__place *p = &plan->place[a];
    if ((p->storage != IG__AT_LOCAL && p->storage != IG__AT_BATCH) || l[a].from < 0) continue;
    size_t area = p->storage == IG__AT_LOCAL ? plan->local_bytes : plan->memory.buffers;
    int64_t at = root(plan, p)->offset;
    ok = at >= 0 && at % 64 == 0 && (size_t)(at + room(plan, p)) <= area && room(plan, p) <= room(plan, root(plan, p));
    for (ig__value b = 0; b < a && ok; b++)
      if (plan->place[b].storage == p->storage && l[b].from >= 0) ok = may_meet(plan, a, b, l);
    if (!ok) printf("  value %d\n", a);
  }
  free(l);
  if (!ok) test_fail(__FILE__, __LINE__, "seed %llu: two values live at once in the same bytes, or one lies outside",
                     (unsigned long long)toy_seed);
}
