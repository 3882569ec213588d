/* cross_entropy: the loss of classifiers, the mean over pictures of −log(probability of the right class). A softmax that ends
 * the prediction is computed together with it, from its logits: p close to 1 or 0 keeps its digits, and the gradient is
 * softmax − target. */
#include "ops/losses.h"

typedef struct cross_entropy_options { int from_logits; double smooth; } cross_entropy_options;

static const ig__option table[] = {
  IG__OPTION(cross_entropy_options, smooth, "0", 0, 1, "", "label smoothing: share of the target spread over all classes"),
  IG__OPTION_WORDS(cross_entropy_options, from_logits, "auto", 1, 0, "",
                   "the prediction has no softmax (yes), ends in one (no), or see for itself (auto)", ig__logits_words),
  IG__OPTIONS_END };

static ig__value build(ig__layer *l, const void *options, int in_count, const ig__value *in) {
  static const char name[] = "cross_entropy";
  const cross_entropy_options *o = options;
  ig__value logits = IG__NONE;
  ig_status status = ig__loss_inputs(l, name, in_count);
  if (status == IG_OK)
    status = ig__loss_logits(l->graph, name, o->from_logits, &ig__op_softmax, &ig__op_log_softmax, in[0], &logits);
  if (status == IG_OK) status = ig__loss_classes(l->graph, name, logits, in[1]);
  if (status != IG_OK) return ig__graph_fail(l->graph, status);
  return ig__loss_mean(l, ig__softmax_cross_entropy_node(l->graph, logits, ig__as_real(l->graph, in[1]), o->smooth));
}

const ig__op ig__op_cross_entropy = {
  .name = "cross_entropy", .help = "cross entropy of class probabilities and labels, the loss of classifiers",
  .options = table, .options_size = sizeof(cross_entropy_options), .min_in = 2, .max_in = 2, .outputs = 1,
  .role = IG__SUM, .layout = IG__LAYOUT_ANY, .flags = IG__LOSS,
  .no_derivative = "a loss is made of other ops", .build = build };
