#ifndef IG__OPS_REDUCE_H
#define IG__OPS_REDUCE_H
/* Sums over axis 1, over pictures, over everything, and their transposes. */

#include "ops/dims.h"
#include "ops/ops.h"
#include "ops/spans.h"

#include "kernels/pack.h"

/* Appends the spreading of a scalar or of x[n] to shape `to`; `mean`: divided by the number of its elements, pictures of the
 * run and not of the plan. */
ig__value ig__spread_node(ig__graph *graph, ig__value x, const ig__shape *to, bool mean);
/* Appends the spreading over `channels` of axis 1: [n] → [n, channels], n×1×h×w → n×channels×h×w. */
ig__value ig__row_spread_node(ig__graph *graph, ig__value x, int channels);

/* sum and mean keep a sum as two numbers, the second what the first rounds off: a mean over 10⁸ elements keeps its digits. */
void ig__sum_run(const ig__run *r);
size_t ig__sum_partial(const ig__run *r);
double ig__sum_of_partials(const ig__run *r, void *const *partials, int count);
/* Elements of a tensor in this run. */
static inline double ig__run_count(const ig__run *r, const ig__shape *s) {
  return (double)ig__shape_per_picture(s) * (s->batched ? r->n : 1);
}
/* The sum of picture n of x. */
double ig__picture_sum(const ig__run *r, const ig__view *x, int n0, int n1);

#endif
