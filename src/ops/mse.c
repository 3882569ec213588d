/* mse: the mean of the squared differences of all elements of all pictures. Labels become rows with a single 1, so that it
 * can be laid on a softmax as the older texts do. Nothing is broadcast: [n,1] against [n] is refused, not squared. */
#include "ops/labels.h"

static ig_status target_of(ig__graph *graph, ig__value prediction, ig__value target, ig__value *out) {
  const ig__shape *x = ig__shape_of(graph, prediction);
  const ig__tensor *t = ig__tensor_of(graph, target);
  char ta[96], tb[96];
  if (ig__is_label(t) && x->rank == 2 && x->batched && t->shape.rank == 1 && t->shape.batched)
    *out = ig__one_hot_node(graph, target, x->dim[1], 0);
  else if (ig__is_label(t) || !ig__shape_equal(x, &t->shape))
    return ig__fail(IG_BAD_MODEL, "mse: the prediction is %s, the target %s%s; the shapes must be equal (nothing is broadcast)",
                    ig__shape_text(ta, x), ig__is_label(t) ? "class numbers " : "", ig__shape_text(tb, &t->shape));
  else
    *out = ig__as_real(graph, target);
  return ig__graph_status(graph);
}

static ig__value build(ig__layer *l, const void *options, int in_count, const ig__value *in) {
  ig__value target = IG__NONE;
  (void)options;
  if (ig__graph_status(l->graph) != IG_OK) return IG__NONE;
  if (in_count != 2)
    return ig__graph_fail(l->graph, ig__fail(IG_BAD_MODEL, "mse takes a prediction and a target, got %d inputs", in_count));
  const ig_status status = target_of(l->graph, in[0], in[1], &target);
  if (status != IG_OK) return ig__graph_fail(l->graph, status);
  const ig__value difference = ig__node2(l->graph, &ig__op_sub, NULL, in[0], target);
  return ig__node1(l->graph, &ig__op_mean, NULL, ig__node2(l->graph, &ig__op_mul, NULL, difference, difference));
}

const ig__op ig__op_mse = {
  .name = "mse", .help = "mean squared error over all elements",
  .min_in = 2, .max_in = 2, .outputs = 1, .role = IG__SUM, .layout = IG__LAYOUT_ANY, .flags = IG__LOSS,
  .no_derivative = "a loss is made of other ops", .build = build };
