#ifndef IG__OPS_BINARY_H
#define IG__OPS_BINARY_H
/* add, sub, mul: two tensors of one shape, one kernel over spans. */

#include "ops/dims.h"
#include "ops/ops.h"
#include "ops/spans.h"

static inline void ig__binary_run(const ig__run *r, void (*kernel)(void *z, const void *a, const void *b, int64_t count)) {
  const ig__view *views[3] = {&r->out[0], &r->in[0], &r->in[1]};
  for (ig__spans s = ig__spans_of(3, views, r->n0, r->n1); ig__spans_next(&s);)
    kernel(ig__at(r, views[0], s.at[0]), ig__at(r, views[1], s.at[1]), ig__at(r, views[2], s.at[2]), s.length);
}

static inline ig_status ig__binary_infer(const char *op, ig__infer *i) {
  IG__TRY(ig__check_all_real(op, i));
  IG__TRY(ig__check_same(op, i, 0, 1));
  i->out[0].shape = i->in[0]->shape;
  return IG_OK;
}

static inline bool ig__binary_probe(int index, ig__probe *p) {
  if (index >= IG__ANY_SHAPES) return false;
  *p = (ig__probe){.in_count = 2};
  p->in[0].shape = p->in[1].shape = ig__any_shape(index, &p->n);
  return true;
}

#endif
