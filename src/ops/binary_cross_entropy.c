/* binary_cross_entropy: each output is a yes or no of its own, −t·log p − (1 − t)·log(1 − p), the mean over all elements. A
 * sigmoid that ends the prediction is computed together with it, from its logits. Targets are numbers in 0 … 1 of the
 * prediction's shape, or class numbers: rows with a single 1, and for one output 0 or 1. */
#include "ops/losses.h"

typedef struct binary_options { int from_logits; } binary_options;

static const ig__option table[] = {
  IG__OPTION_WORDS(binary_options, from_logits, "auto", 1, 0, "",
                   "the prediction has no sigmoid (yes), ends in one (no), or see for itself (auto)", ig__logits_words),
  IG__OPTIONS_END };

static ig__value build(ig__layer *l, const void *options, int in_count, const ig__value *in) {
  static const char name[] = "binary_cross_entropy";
  const binary_options *o = options;
  ig__value logits = IG__NONE, target = IG__NONE;
  ig_status status = ig__loss_inputs(l, name, in_count);
  if (status == IG_OK) status = ig__loss_logits(l->graph, name, o->from_logits, &ig__op_sigmoid, NULL, in[0], &logits);
  if (status == IG_OK) status = ig__loss_target(l->graph, name, logits, in[1], &target);
  if (status != IG_OK) return ig__graph_fail(l->graph, status);
  return ig__loss_mean(l, ig__node2(l->graph, &ig__op_sigmoid_cross_entropy, NULL, logits, target));
}

const ig__op ig__op_binary_cross_entropy = {
  .name = "binary_cross_entropy", .help = "cross entropy of outputs that are each a yes or no (sigmoid)",
  .options = table, .options_size = sizeof(binary_options), .min_in = 2, .max_in = 2, .outputs = 1,
  .role = IG__SUM, .layout = IG__LAYOUT_ANY, .flags = IG__LOSS,
  .no_derivative = "a loss is made of other ops", .build = build };
