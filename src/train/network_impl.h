#ifndef IG__NETWORK_IMPL_H
#define IG__NETWORK_IMPL_H
/* Inside a network: what is asked of its plan, shared by network.c and curvature.c. */

#include "train/train.h"

typedef struct ig__outputs { ig__plan_output *list; size_t count, capacity; } ig__outputs;
ig_status ig__outputs_add(ig__outputs *outputs, ig__value value, int64_t into);

/* The leaves of the parameters that are trained, in order of appearance, and their numbers; −1: no memory. Owner of both
 * arrays: caller. */
int ig__trained_leaves(const ig__model *model, const ig__graph *graph, ig__value **of, int **number);

/* Appends H·v, or with Gauss and Newton's G for H, as outputs that go to the gradient array. v is read behind the parameters:
 * its tensor of parameter i is leaf param_count + i. `prediction` is the model's output. */
ig_status ig__curvature_add(const ig__model *model, ig__graph *graph, bool gauss, ig__value prediction, ig__value loss,
                            ig__outputs *outputs);

#endif
