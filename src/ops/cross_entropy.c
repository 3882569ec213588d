/* cross_entropy: the loss of classifiers, the mean over pictures of −log(probability of the right class). A softmax that ends
 * the prediction is computed together with it, from its logits: p close to 1 or 0 keeps its digits, and the gradient is
 * softmax − target. */
#include "ops/labels.h"

#include <string.h>

enum { AUTO, YES, NO };
typedef struct cross_entropy_options { int from_logits; double smooth; } cross_entropy_options;

static const ig__word words[] = {{"auto", AUTO}, {"yes", YES}, {"no", NO}, {NULL, 0}};

static const ig__option table[] = {
  IG__OPTION(cross_entropy_options, smooth, "0", 0, 1, "", "label smoothing: share of the target spread over all classes"),
  IG__OPTION_WORDS(cross_entropy_options, from_logits, "auto", 1, 0, "",
                   "the prediction has no softmax (yes), ends in one (no), or see for itself (auto)", words),
  IG__OPTIONS_END };

/* The values that softmax is applied to, or a refusal. */
static ig_status find_logits(const ig__graph *graph, const cross_entropy_options *o, ig__value prediction, ig__value *logits) {
  const ig__node *maker = ig__tensor_of(graph, prediction)->node;
  const char *end = maker ? maker->op->name : "input";
  const bool softmax = maker && (maker->op == &ig__op_softmax || maker->op == &ig__op_log_softmax);
  *logits = softmax ? maker->in[0] : prediction;
  if (softmax && o->from_logits == YES)
    return ig__fail(IG_BAD_MODEL, "cross_entropy from_logits=yes, but the prediction ends in %s: softmax would be applied twice "
                    "and the gradients would be wrong; take the %s away or leave from_logits out", end, end);
  if (!softmax && o->from_logits == NO)
    return ig__fail(IG_BAD_MODEL, "cross_entropy from_logits=no, but the prediction ends in %s, not in softmax", end);
  if (!softmax && maker && (maker->op->flags & IG__ACTIVATION))
    return ig__fail(IG_BAD_MODEL, "cross_entropy applies softmax to the prediction, which ends in %s: logits cut off by %s "
                    "cannot be learned well; end the model in softmax or without activation", end, end);
  return IG_OK;
}

static ig_status check_target(const ig__graph *graph, ig__value logits, ig__value target) {
  const ig__tensor *x = ig__tensor_of(graph, logits), *t = ig__tensor_of(graph, target);
  char ta[96], tb[96];
  if (x->shape.rank != 2 || !x->shape.batched)
    return ig__fail(IG_BAD_MODEL, "cross_entropy takes n×classes values, the prediction is %s", ig__shape_text(ta, &x->shape));
  if (ig__is_label(t)) return ig__check_label("cross_entropy", t);
  if (ig__shape_equal(&x->shape, &t->shape)) return IG_OK;
  return ig__fail(IG_BAD_MODEL, "cross_entropy: the prediction is %s, the target %s", ig__shape_text(ta, &x->shape),
                  ig__shape_text(tb, &t->shape));
}

static ig__value build(ig__layer *l, const void *options, int in_count, const ig__value *in) {
  const cross_entropy_options *o = options;
  ig__value logits = IG__NONE;
  if (ig__graph_status(l->graph) != IG_OK) return IG__NONE;
  if (in_count != 2)
    return ig__graph_fail(l->graph, ig__fail(IG_BAD_MODEL, "cross_entropy takes a prediction and a target, got %d inputs",
                                             in_count));
  ig_status status = find_logits(l->graph, o, in[0], &logits);
  if (status == IG_OK) status = check_target(l->graph, logits, in[1]);
  if (status != IG_OK) return ig__graph_fail(l->graph, status);
  const ig__value losses = ig__softmax_cross_entropy_node(l->graph, logits, ig__as_real(l->graph, in[1]), o->smooth);
  return ig__node1(l->graph, &ig__op_mean, NULL, losses);
}

const ig__op ig__op_cross_entropy = {
  .name = "cross_entropy", .help = "cross entropy of class probabilities and labels, the loss of classifiers",
  .options = table, .options_size = sizeof(cross_entropy_options), .min_in = 2, .max_in = 2, .outputs = 1,
  .role = IG__SUM, .layout = IG__LAYOUT_ANY, .flags = IG__LOSS,
  .no_derivative = "a loss is made of other ops", .build = build };
