#ifndef IG__OPS_LOSSES_H
#define IG__OPS_LOSSES_H
/* What the losses share: the shape of the target, what a prediction ends in, and the mean at their end. */

#include "ops/labels.h"

/* Refuses anything but (prediction, target). */
ig_status ig__loss_inputs(const ig__layer *l, const char *loss, int in_count);

/* The target as numbers of the prediction's shape. Labels become rows with a single 1, or where the prediction is one number
 * a picture, that number: 0 or 1. Nothing is broadcast: [n,1] against [n] is refused. */
ig_status ig__loss_target(ig__graph *graph, const char *loss, ig__value prediction, ig__value target, ig__value *out);

/* The option from_logits of losses that take an activation's input: auto looks at what the prediction ends in. */
enum { IG__LOGITS_AUTO, IG__LOGITS_YES, IG__LOGITS_NO };
extern const ig__word ig__logits_words[];
/* *logits: the input of `end` (or of `also`, may be NULL), when the prediction ends in it, else the prediction. Refuses what
 * would apply `end` twice, and other activations before it. */
ig_status ig__loss_logits(const ig__graph *graph, const char *loss, int from_logits, const ig__op *end, const ig__op *also,
                          ig__value prediction, ig__value *logits);

/* Refuses a prediction that is not n×classes, or a target that is neither class numbers nor rows of that shape. */
ig_status ig__loss_classes(const ig__graph *graph, const char *loss, ig__value logits, ig__value target);

/* Appends l·(1 − e⁻ˡ)^gamma. */
ig__value ig__focus_node(ig__graph *graph, ig__value losses, double gamma);

/* Appends the mean of the losses [n] or of each element, every picture times its weight where the layer has weights. */
ig__value ig__loss_mean(const ig__layer *l, ig__value losses);

#endif
