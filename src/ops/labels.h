#ifndef IG__OPS_LABELS_H
#define IG__OPS_LABELS_H
/* Class numbers, one a picture. */

#include "ops/dims.h"
#include "ops/ops.h"
#include "ops/spans.h"

static inline bool ig__is_label(const ig__tensor *t) { return t->dtype == IG__I32 || t->dtype == IG__U8; }

/* The label of picture n. */
static inline int64_t ig__label(const ig__view *v, int n) {
  return v->dtype == IG__U8 ? ((const uint8_t *)v->data)[n * v->n_pitch] : ((const int32_t *)v->data)[n * v->n_pitch];
}

/* Appends target rows [n, classes] from labels: 1 − smooth at the label, smooth/classes everywhere. */
ig__value ig__one_hot_node(ig__graph *graph, ig__value labels, int classes, double smooth);
/* Appends the cross entropy of each picture. */
ig__value ig__softmax_cross_entropy_node(ig__graph *graph, ig__value logits, ig__value target, double smooth);
/* A field of 32-bit floats as real numbers; others as they are. */
ig__value ig__as_real(ig__graph *graph, ig__value value);
/* Shape of labels that fit a prediction of n×k: [n]. */
ig_status ig__check_label(const char *op, const ig__tensor *labels);

#endif
