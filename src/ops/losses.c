/* What the losses share (ops/losses.h). */
#include "ops/losses.h"

#include "ops/channels.h"
#include "ops/scale.h"

ig_status ig__loss_inputs(const ig__layer *l, const char *loss, int in_count) {
  if (in_count != 2) return ig__fail(IG_BAD_MODEL, "%s takes a prediction and a target, got %d inputs", loss, in_count);
  return ig__graph_status(l->graph);
}

ig_status ig__loss_target(ig__graph *graph, const char *loss, ig__value prediction, ig__value target, ig__value *out) {
  const ig__shape *x = ig__shape_of(graph, prediction);
  const ig__tensor *t = ig__tensor_of(graph, target);
  char ta[96], tb[96];
  if (ig__is_label(t) && x->rank == 2 && x->batched && t->shape.rank == 1 && t->shape.batched) {
    /* One number a picture says how far it belongs to class 1: column 1 of the two. */
    if (x->dim[1] == 1) *out = ig__slice_node(graph, ig__one_hot_node(graph, target, 2, 0), 1, 1);
    else *out = ig__one_hot_node(graph, target, x->dim[1], 0);
  } else if (ig__is_label(t) || !ig__shape_equal(x, &t->shape)) {
    return ig__fail(IG_BAD_MODEL, "%s: the prediction is %s, the target %s%s; the shapes must be equal (nothing is broadcast)",
                    loss, ig__shape_text(ta, x), ig__is_label(t) ? "class numbers " : "", ig__shape_text(tb, &t->shape));
  } else {
    *out = ig__as_real(graph, target);
  }
  return ig__graph_status(graph);
}

const ig__word ig__logits_words[] = {{"auto", IG__LOGITS_AUTO}, {"yes", IG__LOGITS_YES}, {"no", IG__LOGITS_NO}, {NULL, 0}};

ig_status ig__loss_logits(const ig__graph *graph, const char *loss, int from_logits, const ig__op *end, const ig__op *also,
                          ig__value prediction, ig__value *logits) {
  const ig__node *maker = ig__tensor_of(graph, prediction)->node;
  const char *found = maker ? maker->op->name : "input";
  const bool ends = maker && (maker->op == end || (also && maker->op == also));
  *logits = ends ? maker->in[0] : prediction;
  if (ends && from_logits == IG__LOGITS_YES)
    return ig__fail(IG_BAD_MODEL, "%s from_logits=yes, but the prediction ends in %s: %s would be applied twice and the gradients "
                    "would be wrong; take the %s away or leave from_logits out", loss, found, end->name, found);
  if (!ends && from_logits == IG__LOGITS_NO)
    return ig__fail(IG_BAD_MODEL, "%s from_logits=no, but the prediction ends in %s, not in %s", loss, found, end->name);
  if (!ends && maker && (maker->op->flags & IG__ACTIVATION))
    return ig__fail(IG_BAD_MODEL, "%s applies %s to the prediction, which ends in %s: logits cut off by %s cannot be learned "
                    "well; end the model in %s or without activation", loss, end->name, found, found, end->name);
  return IG_OK;
}

ig_status ig__loss_classes(const ig__graph *graph, const char *loss, ig__value logits, ig__value target) {
  const ig__tensor *x = ig__tensor_of(graph, logits), *t = ig__tensor_of(graph, target);
  char ta[96], tb[96];
  if (x->shape.rank != 2 || !x->shape.batched)
    return ig__fail(IG_BAD_MODEL, "%s takes n×classes values, the prediction is %s", loss, ig__shape_text(ta, &x->shape));
  if (x->shape.dim[1] < 2 && ig__is_label(t))
    return ig__fail(IG_BAD_MODEL, "%s compares classes, the prediction is one number: end the model in sigmoid and take "
                    "binary_cross_entropy, or give it two outputs", loss);
  if (ig__is_label(t)) return ig__check_label(loss, t);
  if (ig__shape_equal(&x->shape, &t->shape)) return IG_OK;
  return ig__fail(IG_BAD_MODEL, "%s: the prediction is %s, the target %s", loss, ig__shape_text(ta, &x->shape),
                  ig__shape_text(tb, &t->shape));
}

ig__value ig__loss_mean(const ig__layer *l, ig__value losses) {
  ig__graph *graph = l->graph;
  if (l->weight && ig__graph_status(graph) == IG_OK) {
    const ig__shape *s = ig__shape_of(graph, losses);
    if (s->rank > 1) {
      const double each = 1 / (double)ig__shape_per_picture(s);
      losses = ig__scale_node(graph, ig__node1(graph, &ig__op_sum_picture, NULL, losses), each);
    }
    losses = ig__node2(graph, &ig__op_mul, NULL, losses, *l->weight);
  }
  return ig__node1(graph, &ig__op_mean, NULL, losses);
}
