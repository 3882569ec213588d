#ifndef IG__TESTS_OP_CASE_H
#define IG__TESTS_OP_CASE_H
/* One probe of one op, made runnable: a graph whose leaves are fields of the batch, the op's node on them, and plans of it. */

#include "test.h"

#include "base/cpu.h"
#include "graph/plan.h"
#include "ops/ops.h"

#include <stdlib.h>

#define CASE_FIELDS 8

typedef struct op_case {
  const ig__op *op;
  int index;                 /* of the probe */
  ig__probe probe;
  const void *options;
  _Alignas(16) char room[2048]; /* options parsed from text */
  const ig__kernels *k;
  ig__graph *graph;
  int field_count;
  ig__value leaf[CASE_FIELDS], out[IG__MAX_OUT];
  ig__shape shape[CASE_FIELDS];
  ig__dtype dtype[CASE_FIELDS];
  uint64_t seed;             /* of the last draw; the step's too */
  void *field[CASE_FIELDS];  /* real fields in the table's real type */
} op_case;

/* Fills probe `index`; false when there is none. Builds the graph (fields for the inputs, the op's node) and draws values. */
bool op_case_open(op_case *c, const ig__op *op, int index, const ig__kernels *k);
/* The same for inputs of one's own. */
void op_case_make(op_case *c, const ig__op *op, const ig__probe *probe, const ig__kernels *k);
void op_case_close(op_case *c);
/* One more real field, for a cotangent. */
int op_case_field(op_case *c, const ig__shape *shape);
void op_case_draw(op_case *c, uint64_t seed);

double op_case_get(const op_case *c, int field, int64_t i);
void op_case_set(op_case *c, int field, int64_t i, double value);
int64_t op_case_count(const op_case *c, int field);

/* A plan for some values of the graph, all kept by it. */
typedef struct case_plan { ig__plan *plan; ig__pool *pool; } case_plan;
void case_plan_new(case_plan *p, const op_case *c, const ig__value *value, int count, int threads);
void case_plan_run(case_plan *p, const op_case *c, int n);
double case_plan_get(const case_plan *p, const op_case *c, int output, int64_t i);
void case_plan_free(case_plan *p);

/* The reference and the best usable table of a real size, and all usable ones. */
const ig__kernels *reference_table(int real_size);
const ig__kernels *best_table(int real_size);

#endif
