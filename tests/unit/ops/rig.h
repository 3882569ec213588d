#ifndef IG__TESTS_RIG_H
#define IG__TESTS_RIG_H
/* A graph with its leaves and what they hold, run as a plan: values go in and come out as doubles, whatever the plan's real
 * type. Everything a rig makes is freed by rig_free. */

#include "test.h"

#include "base/rng.h"
#include "graph/plan.h"
#include "ops/ops.h"

#include <stdlib.h>

#define RIG_MAX 16
#define RIG_FLAT 65536

typedef struct rig_leaf { ig__dtype dtype; int64_t count; double *value; } rig_leaf;

typedef struct rig {
  ig__graph *graph;
  int fields, params, states;
  rig_leaf field[RIG_MAX];
  int64_t param_offset[RIG_MAX], state_offset[RIG_MAX], param_count, state_count;
  char name[RIG_MAX][32]; /* of params that a layer asked for */
  ig__param_kind kind[RIG_MAX];
  double param[RIG_FLAT], state[RIG_FLAT], grad[RIG_FLAT];
  ig__layer layer;
  /* How the next run goes; all may be changed between runs. */
  ig__isa isa;
  int real_size, threads, n;
  ig__step step;
  /* Of the last run: contiguous, as doubles; and the plan's description. */
  double *result[RIG_MAX];
  int64_t result_count[RIG_MAX];
  char described[8192];
} rig;

static inline double *rig_normal(uint64_t seed, int64_t count) {
  double *v = ig__alloc((size_t)count, sizeof *v);
  ig__rng rng = ig__rng_make(seed, IG__FOR_TEST, (uint64_t)count, 0);
  for (int64_t i = 0; i < count; i++) v[i] = (double)(float)ig__rng_normal(&rng);
  return v;
}

static inline ig__value rig_leaf_parameter(ig__layer *l, const char *suffix, ig__shape shape, ig__param_kind kind,
                                           const char *initialiser, double fan_in, double fan_out);
static inline ig__value rig_leaf_state(ig__layer *l, const char *suffix, ig__shape shape, double initial);

static inline rig *rig_new(int n, bool training) {
  rig *r = ig__alloc(1, sizeof *r);
  CHECK(r);
  CHECK_OK(ig__graph_new(&r->graph, ig__core_ops_get(), n, training));
  r->n = n;
  r->isa = IG__ISA_REFERENCE;
  r->real_size = 8;
  r->threads = 1;
  r->layer = (ig__layer){r->graph, "line", rig_leaf_parameter, rig_leaf_state, NULL};
  return r;
}

static inline void rig_free(rig *r) {
  for (int i = 0; i < r->fields; i++) ig__free(r->field[i].value);
  for (int i = 0; i < RIG_MAX; i++) ig__free(r->result[i]);
  ig__graph_free(r->graph);
  ig__free(r);
}

/* A field of the batch that holds `values` (copied), or standard normal numbers when NULL. */
static inline ig__value rig_field(rig *r, ig__dtype dtype, ig__shape shape, const double *values) {
  int64_t count = ig__shape_count(&shape);
  double *copy = values ? ig__alloc((size_t)count, sizeof *copy) : rig_normal((uint64_t)r->fields + 7, count);
  if (values) memcpy(copy, values, (size_t)count * sizeof *copy);
  r->field[r->fields] = (rig_leaf){dtype, count, copy};
  ig__value v = ig__leaf_add(r->graph, IG__LEAF_FIELD, r->fields++, dtype, shape);
  CHECK_OK(ig__graph_status(r->graph));
  return v;
}

static inline int64_t rig_span(const ig__shape *s) { return (ig__shape_count(s) + 15) / 16 * 16; }

static inline ig__value rig_param(rig *r, ig__shape shape, const double *values) {
  int64_t count = ig__shape_count(&shape), at = r->param_count;
  double *drawn = rig_normal((uint64_t)r->params + 77, count);
  CHECK(at + rig_span(&shape) <= RIG_FLAT && r->params < RIG_MAX);
  for (int64_t i = 0; i < count; i++) r->param[at + i] = values ? values[i] : drawn[i];
  ig__free(drawn);
  r->param_offset[r->params] = at;
  r->param_count += rig_span(&shape);
  return ig__leaf_add(r->graph, IG__LEAF_PARAM, r->params++, IG__REAL, shape);
}

static inline ig__value rig_leaf_parameter(ig__layer *l, const char *suffix, ig__shape shape, ig__param_kind kind,
                                           const char *initialiser, double fan_in, double fan_out) {
  rig *r = (rig *)(void *)((char *)l - offsetof(rig, layer));
  (void)initialiser, (void)fan_in, (void)fan_out;
  snprintf(r->name[r->params], sizeof r->name[0], "%s.%s", l->name, suffix);
  r->kind[r->params] = kind;
  return rig_param(r, shape, NULL);
}

static inline ig__value rig_leaf_state(ig__layer *l, const char *suffix, ig__shape shape, double initial) {
  rig *r = (rig *)(void *)((char *)l - offsetof(rig, layer));
  int64_t count = ig__shape_count(&shape);
  (void)suffix;
  for (int64_t i = 0; i < count; i++) r->state[r->state_count + i] = initial;
  r->state_offset[r->states] = r->state_count;
  r->state_count += rig_span(&shape);
  return ig__leaf_add(r->graph, IG__LEAF_STATE, r->states++, IG__REAL, shape);
}

/* The line `op text` over one input, as model text would build it. */
static inline ig__value rig_line(rig *r, const ig__op *op, const char *text, ig__value in) {
  _Alignas(16) unsigned char options[1024] = {0};
  CHECK(op->options_size <= sizeof options);
  CHECK_OK(ig__options_parse_text(op->name, op->options, options, text));
  return op->build ? op->build(&r->layer, options, 1, &in) : ig__node1(r->graph, op, options, in);
}

static inline void *rig_real(const rig *r, ig__dtype dtype, const double *from, int64_t count) {
  uint8_t *to = ig__alloc((size_t)count + 1, 8);
  for (int64_t i = 0; i < count; i++)
    if (dtype == IG__U8) to[i] = (uint8_t)from[i];
    else if (dtype == IG__I32) ((int32_t *)(void *)to)[i] = (int32_t)from[i];
    else if (dtype == IG__F32 || r->real_size == 4) ((float *)(void *)to)[i] = (float)from[i];
    else ((double *)(void *)to)[i] = from[i];
  return to;
}

static inline void rig_doubles(const rig *r, ig__dtype dtype, double *to, const void *from, int64_t count) {
  for (int64_t i = 0; i < count; i++)
    to[i] = dtype == IG__U8 ? ((const uint8_t *)from)[i]
            : dtype == IG__I32 ? ((const int32_t *)from)[i]
            : r->real_size == 4 ? (double)((const float *)from)[i] : ((const double *)from)[i];
}

/* Plans for these outputs and runs once. State is kept from run to run. */
static inline void rig_run(rig *r, int count, const ig__value *out) {
  ig__plan *plan;
  ig__pool *pool;
  ig__plan_output outputs[RIG_MAX];
  ig__buffer text = {0};
  void *params = rig_real(r, IG__REAL, r->param, r->param_count), *state = rig_real(r, IG__REAL, r->state, r->state_count);
  ig__feed feed = {.n = r->n, .params = params, .state = state, .loss_scale = 1, .step = r->step};
  CHECK_OK(ig__graph_status(r->graph));
  for (int i = 0; i < count; i++) outputs[i] = (ig__plan_output){out[i], -1};
  CHECK_OK(ig__plan_new(&plan, &(ig__plan_request){.graph = r->graph, .output = outputs, .output_count = count,
                                                   .k = ig__kernels_for(r->isa, r->real_size), .param_offset = r->param_offset,
                                                   .state_offset = r->state_offset, .param_count = r->param_count}));
  CHECK_OK(ig__plan_describe(plan, &text));
  snprintf(r->described, sizeof r->described, "%.*s", (int)text.size, (const char *)text.data);
  ig__buffer_free(&text);
  CHECK_OK(ig__pool_new(&pool, r->threads));
  CHECK_OK(ig__plan_prepare(plan, r->threads));
  for (int i = 0; i < r->fields; i++) feed.field[i] = rig_real(r, r->field[i].dtype, r->field[i].value, r->field[i].count);
  CHECK_OK(ig__plan_run(plan, pool, &feed));
  for (int i = 0; i < count; i++) {
    const ig__tensor *t = ig__tensor_of(r->graph, out[i]);
    ig__free(r->result[i]);
    r->result_count[i] = ig__shape_count(ig__plan_result_shape(plan, i));
    r->result[i] = ig__alloc((size_t)r->result_count[i], sizeof(double));
    rig_doubles(r, t->dtype, r->result[i], ig__plan_result(plan, i), r->result_count[i]);
  }
  rig_doubles(r, IG__REAL, r->state, state, r->state_count);
  for (int i = 0; i < r->fields; i++) ig__free((void *)(uintptr_t)feed.field[i]);
  ig__free(params);
  ig__free(state);
  ig__pool_free(pool);
  ig__plan_free(plan);
}

/* Every table that this machine can run, both real types; the tolerance grows with the size of the numbers. */
#define RIG_EACH_TABLE(r)                                                  \
  for (int isa_ = IG__ISA_REFERENCE; isa_ < IG__ISA_COUNT; isa_++)         \
    for (int size_ = 4; size_ <= 8; size_ += 4)                            \
      if (ig__isa_usable((ig__isa)isa_) && rig_use(r, (ig__isa)isa_, size_))
static inline bool rig_use(rig *r, ig__isa isa, int real_size) {
  r->isa = isa;
  r->real_size = real_size;
  return true;
}

static inline void rig_compare(const char *what, const rig *r, int output, const double *want, int64_t count,
                               double float_error) {
  double tolerance = r->real_size == 4 ? float_error : float_error * 1e-8;
  CHECK(r->result_count[output] >= count);
  for (int64_t i = 0; i < count; i++) {
    double got = r->result[output][i], far = fabs(got - want[i]);
    if (!(far <= tolerance * (1 + fabs(want[i]))))
      test_fail(what, (int)i, "%s, real%d: element %lld is %.17g, want %.17g", ig__isa_name(r->isa), r->real_size * 8,
                (long long)i, got, want[i]);
  }
}

#endif
