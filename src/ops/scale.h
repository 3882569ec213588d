#ifndef IG__OPS_SCALE_H
#define IG__OPS_SCALE_H
#include "graph/op.h"

/* Appends x·factor and x + by. */
ig__value ig__scale_node(ig__graph *graph, ig__value x, double factor);
ig__value ig__shift_node(ig__graph *graph, ig__value x, double by);

#endif
