#include "unit/ops/op_case.h"

#include "base/rng.h"

static size_t bytes_of(const op_case *c, ig__dtype dtype) {
  return dtype == IG__REAL ? (size_t)c->k->real_size : dtype == IG__U8 ? 1 : 4;
}

int op_case_field(op_case *c, const ig__shape *shape) {
  int f = c->field_count++;
  if (f >= CASE_FIELDS) test_fail(__FILE__, __LINE__, "%s probe %d needs more than %d fields", c->op->name, c->index, CASE_FIELDS);
  c->shape[f] = *shape;
  c->dtype[f] = f < c->probe.in_count ? c->probe.in[f].dtype : IG__REAL;
  c->field[f] = calloc((size_t)ig__shape_count(shape), bytes_of(c, c->dtype[f]));
  c->leaf[f] = ig__leaf_add(c->graph, IG__LEAF_FIELD, f, c->dtype[f], *shape);
  return f;
}

void op_case_make(op_case *c, const ig__op *op, const ig__probe *probe, const ig__kernels *k) {
  int index = c->index;
  memset(c, 0, sizeof *c);
  c->op = op;
  c->index = index;
  c->probe = *probe;
  c->k = k;
  c->options = probe->options;
  CHECK(op->options_size <= sizeof c->room);
  if (!c->options && op->options_size) {
    CHECK_OK(ig__options_parse_text(op->name, op->options, c->room, probe->text ? probe->text : ""));
    c->options = c->room;
  }
  CHECK_OK(ig__graph_new(&c->graph, ig__core_ops_get(), probe->n, probe->training));
  for (int i = 0; i < probe->in_count; i++) op_case_field(c, &probe->in[i].shape);
  ig__node_add(c->graph, op, c->options, probe->in_count, c->leaf, c->out);
  if (ig__graph_status(c->graph) != IG_OK)
    test_fail(__FILE__, __LINE__, "%s probe %d: %s", op->name, c->index, ig_last_error());
}

bool op_case_open(op_case *c, const ig__op *op, int index, const ig__kernels *k) {
  ig__probe p;
  memset(&p, 0, sizeof p);
  if (!op->probe || !op->probe(index, &p)) return false;
  c->index = index;
  op_case_make(c, op, &p, k);
  op_case_draw(c, 1);
  return true;
}

void op_case_close(op_case *c) {
  for (int f = 0; f < c->field_count; f++) free(c->field[f]);
  ig__graph_free(c->graph);
}

int64_t op_case_count(const op_case *c, int field) { return ig__shape_count(&c->shape[field]); }

double op_case_get(const op_case *c, int field, int64_t i) {
  const void *p = c->field[field];
  switch (c->dtype[field]) {
  case IG__REAL: return c->k->real_size == 8 ? ((const double *)p)[i] : (double)((const float *)p)[i];
  case IG__F32: return (double)((const float *)p)[i];
  case IG__U8: return ((const uint8_t *)p)[i];
  default: return ((const int32_t *)p)[i];
  }
}

void op_case_set(op_case *c, int field, int64_t i, double value) {
  void *p = c->field[field];
  switch (c->dtype[field]) {
  case IG__REAL:
    if (c->k->real_size == 8) ((double *)p)[i] = value;
    else ((float *)p)[i] = (float)value;
    break;
  case IG__F32: ((float *)p)[i] = (float)value; break;
  case IG__U8: ((uint8_t *)p)[i] = (uint8_t)value; break;
  default: ((int32_t *)p)[i] = (int32_t)value; break;
  }
}

/* Multiples of 0.013 in a random order: all differ by more than 0.01, also after ±0.002. */
static void draw_apart(op_case *c, int f, ig__rng *r) {
  int64_t count = op_case_count(c, f);
  for (int64_t i = 0; i < count; i++) op_case_set(c, f, i, ((double)i - (double)count / 2) * 0.013);
  for (int64_t i = count - 1; i > 0; i--) {
    int64_t k = ig__rng_below(r, (uint32_t)i + 1);
    double a = op_case_get(c, f, i), b = op_case_get(c, f, k);
    op_case_set(c, f, i, b);
    op_case_set(c, f, k, a);
  }
}

static void draw_rows(op_case *c, int f, ig__rng *r, bool one_hot) {
  const ig__shape *s = &c->shape[f];
  int64_t cols = s->rank > 1 ? s->dim[s->rank - 1] : op_case_count(c, f), rows = op_case_count(c, f) / cols;
  for (int64_t i = 0; i < rows; i++) {
    double sum = 0;
    int64_t hot = ig__rng_below(r, (uint32_t)cols);
    for (int64_t j = 0; j < cols; j++) {
      double v = one_hot ? j == hot : ig__rng_range(r, 0.1, 1);
      op_case_set(c, f, i * cols + j, v);
      sum += v;
    }
    for (int64_t j = 0; j < cols; j++) op_case_set(c, f, i * cols + j, op_case_get(c, f, i * cols + j) / sum);
  }
}

static double draw_one(ig__rng *r, ig__draw draw, int limit) {
  double v;
  switch (draw) {
  case IG__DRAW_AWAY:
    do v = ig__rng_normal(r);
    while (fabs(v) < 0.05);
    return v;
  case IG__DRAW_POSITIVE: return ig__rng_range(r, 0.15, 2);
  case IG__DRAW_INDEX: return ig__rng_below(r, (uint32_t)limit);
  default: return ig__rng_normal(r);
  }
}

void op_case_draw(op_case *c, uint64_t seed) {
  c->seed = seed;
  ig__rng r = ig__rng_make(seed, IG__FOR_TEST, (uint64_t)c->index, 0);
  for (int f = 0; f < c->field_count; f++) {
    ig__draw draw = f < c->probe.in_count ? c->probe.in[f].draw : IG__DRAW_NORMAL;
    int limit = f < c->probe.in_count && c->probe.in[f].limit > 0 ? c->probe.in[f].limit : 1;
    if (draw == IG__DRAW_APART) draw_apart(c, f, &r);
    else if (draw == IG__DRAW_PROBABILITIES || draw == IG__DRAW_ONE_HOT) draw_rows(c, f, &r, draw == IG__DRAW_ONE_HOT);
    else
      for (int64_t i = 0; i < op_case_count(c, f); i++) op_case_set(c, f, i, draw_one(&r, draw, limit));
  }
}

void case_plan_new(case_plan *p, const op_case *c, const ig__value *value, int count, int threads) {
  ig__plan_output out[32];
  CHECK(count <= 32);
  for (int i = 0; i < count; i++) out[i] = (ig__plan_output){value[i], -1};
  ig_status s = ig__plan_new(&p->plan, &(ig__plan_request){.graph = c->graph, .output = out, .output_count = count, .k = c->k});
  if (s != IG_OK) test_fail(__FILE__, __LINE__, "%s probe %d: %s", c->op->name, c->index, ig_last_error());
  CHECK_OK(ig__pool_new(&p->pool, threads));
  CHECK_OK(ig__plan_prepare(p->plan, threads));
}

void case_plan_run(case_plan *p, const op_case *c, int n) {
  static const uint64_t keys[64];
  ig__feed feed = {.n = n, .step = {.seed = 7, .step = c->seed, .key = keys}};
  for (int f = 0; f < c->field_count; f++) feed.field[f] = c->field[f];
  CHECK_OK(ig__plan_run(p->plan, p->pool, &feed));
}

double case_plan_get(const case_plan *p, const op_case *c, int output, int64_t i) {
  const void *data = ig__plan_result(p->plan, output);
  return c->k->real_size == 8 ? ((const double *)data)[i] : (double)((const float *)data)[i];
}

void case_plan_free(case_plan *p) {
  ig__plan_free(p->plan);
  ig__pool_free(p->pool);
}

const ig__kernels *reference_table(int real_size) { return ig__kernels_for(IG__ISA_REFERENCE, real_size); }

const ig__kernels *best_table(int real_size) {
  ig__isa isa = IG__ISA_BASELINE;
  CHECK_OK(ig__isa_choose(NULL, &isa));
  return ig__kernels_for(isa, real_size);
}
