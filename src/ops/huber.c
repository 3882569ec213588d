/* huber (Huber 1964): d²/2 where |d| ≤ delta, delta·(|d| − delta/2) beyond, the mean over all elements. With the excess
 * a = relu(d − delta), b = relu(−d − delta) and what is left of d, c = d − a + b, that is c²/2 + delta·(a + b): vector kernels only,
 * no digits lost for small or large d, and exactly delta as the slope beyond. */
#include "ops/losses.h"
#include "ops/scale.h"

typedef struct huber_options { double delta; } huber_options;

static const ig__option table[] = {
  IG__OPTION(huber_options, delta, "1", 1e-6, 1e6, "", "differences beyond it count linearly"),
  IG__OPTIONS_END };

static ig__value excess(ig__graph *graph, ig__value d, double delta) {
  return ig__node1(graph, &ig__op_relu, NULL, ig__shift_node(graph, d, -delta));
}

static ig__value build(ig__layer *l, const void *options, int in_count, const ig__value *in) {
  const huber_options *o = options;
  ig__graph *graph = l->graph;
  ig__value target = IG__NONE;
  ig_status status = ig__loss_inputs(l, "huber", in_count);
  if (status == IG_OK) status = ig__loss_target(graph, "huber", in[0], in[1], &target);
  if (status != IG_OK) return ig__graph_fail(graph, status);
  const ig__value d = ig__node2(graph, &ig__op_sub, NULL, in[0], target);
  const ig__value a = excess(graph, d, o->delta), b = excess(graph, ig__scale_node(graph, d, -1), o->delta);
  const ig__value c = ig__node2(graph, &ig__op_add, NULL, ig__node2(graph, &ig__op_sub, NULL, d, a), b);
  const ig__value near = ig__scale_node(graph, ig__node2(graph, &ig__op_mul, NULL, c, c), 0.5);
  const ig__value far = ig__scale_node(graph, ig__node2(graph, &ig__op_add, NULL, a, b), o->delta);
  return ig__loss_mean(l, ig__node2(graph, &ig__op_add, NULL, near, far));
}

const ig__op ig__op_huber = {
  .name = "huber", .help = "squared error up to delta and linear beyond: outliers pull less",
  .options = table, .options_size = sizeof(huber_options),
  .min_in = 2, .max_in = 2, .outputs = 1, .role = IG__SUM, .layout = IG__LAYOUT_ANY, .flags = IG__LOSS,
  .no_derivative = "a loss is made of other ops", .build = build };
