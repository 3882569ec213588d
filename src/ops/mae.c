/* mae: the mean of the absolute differences of all elements of all pictures, |d| as relu(d) + relu(−d): two vector kernels, and
 * the slope at 0 is 0. Labels become rows with a single 1, as under mse. */
#include "ops/losses.h"

static ig__value build(ig__layer *l, const void *options, int in_count, const ig__value *in) {
  ig__graph *graph = l->graph;
  ig__value target = IG__NONE;
  (void)options;
  ig_status status = ig__loss_inputs(l, "mae", in_count);
  if (status == IG_OK) status = ig__loss_target(graph, "mae", in[0], in[1], &target);
  if (status != IG_OK) return ig__graph_fail(graph, status);
  const ig__value over = ig__node1(graph, &ig__op_relu, NULL, ig__node2(graph, &ig__op_sub, NULL, in[0], target));
  const ig__value under = ig__node1(graph, &ig__op_relu, NULL, ig__node2(graph, &ig__op_sub, NULL, target, in[0]));
  return ig__loss_mean(l, ig__node2(graph, &ig__op_add, NULL, over, under));
}

const ig__op ig__op_mae = {
  .name = "mae", .help = "mean absolute error over all elements",
  .min_in = 2, .max_in = 2, .outputs = 1, .role = IG__SUM, .layout = IG__LAYOUT_ANY, .flags = IG__LOSS,
  .no_derivative = "a loss is made of other ops", .build = build };
