#ifndef IG__OPS_SOFTMAX_H
#define IG__OPS_SOFTMAX_H
/* softmax and log_softmax over axis 1: rows of [n,k] through the kernels, images pixel by pixel. */

#include "ops/dims.h"
#include "ops/lanes.h"
#include "ops/ops.h"
#include "ops/reduce.h"
#include "ops/scalar_math.h"
#include "ops/spans.h"

typedef void (*ig__row_kernel)(void *y, const void *x, int64_t rows, int64_t cols);

static inline ig_status ig__softmax_infer(const char *op, ig__infer *i) {
  IG__TRY(ig__check_real(op, i, 0));
  IG__TRY(ig__check_rows_or_image(op, i, 0));
  i->out[0].shape = i->in[0]->shape;
  return IG_OK;
}

void ig__softmax_run(const ig__run *r, ig__row_kernel kernel, bool logarithm);

static inline bool ig__softmax_probe(int index, ig__probe *p) {
  if (index >= IG__ROW_OR_IMAGE_SHAPES) return false;
  *p = (ig__probe){.in_count = 1};
  p->in[0].shape = ig__row_or_image_shape(index, &p->n);
  p->in[0].zero_gradient = p->in[0].shape.dim[1] == 1; /* one class: the result is constant */
  return true;
}

#endif
