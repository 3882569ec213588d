#ifndef IG__OPS_RESHAPE_H
#define IG__OPS_RESHAPE_H
#include "ops/dims.h"
#include "ops/ops.h"
#include "ops/spans.h"

/* Appends the reshaping of x to `to`. */
ig__value ig__reshape_node(ig__graph *graph, ig__value x, const ig__shape *to);
/* Copies input 0 to output 0, elements in plain order; both may be images of any layout. */
void ig__reshape_run(const ig__run *r);

#endif
