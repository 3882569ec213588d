/* mse: the mean of the squared differences of all elements of all pictures. Labels become rows with a single 1, so that it
 * can be laid on a softmax as the older texts do. Nothing is broadcast: [n,1] against [n] is refused, not squared. */
#include "ops/losses.h"

static ig__value build(ig__layer *l, const void *options, int in_count, const ig__value *in) {
  ig__value target = IG__NONE;
  (void)options;
  ig_status status = ig__loss_inputs(l, "mse", in_count);
  if (status == IG_OK) status = ig__loss_target(l->graph, "mse", in[0], in[1], &target);
  if (status != IG_OK) return ig__graph_fail(l->graph, status);
  const ig__value difference = ig__node2(l->graph, &ig__op_sub, NULL, in[0], target);
  return ig__loss_mean(l, ig__node2(l->graph, &ig__op_mul, NULL, difference, difference));
}

const ig__op ig__op_mse = {
  .name = "mse", .help = "mean squared error over all elements",
  .min_in = 2, .max_in = 2, .outputs = 1, .role = IG__SUM, .layout = IG__LAYOUT_ANY, .flags = IG__LOSS,
  .no_derivative = "a loss is made of other ops", .build = build };
