/* sigmoid_cross_entropy: −t·log σ(x) − (1 − t)·log(1 − σ(x)) of each element, from logits x and targets t of one shape. As
 * max(x, 0) − x·t + log(1 + e^−|x|), in which nothing overflows and no probability is rounded to 0 before its logarithm. The
 * gradient is (σ(x) − t)·g. */
#include "ops/labels.h"
#include "ops/scalar_math.h"
#include "ops/scale.h"

static ig_status infer(ig__infer *i) {
  IG__TRY(ig__check_all_real("sigmoid_cross_entropy", i));
  IG__TRY(ig__check_same("sigmoid_cross_entropy", i, 0, 1));
  i->out[0].shape = i->in[0]->shape;
  return IG_OK;
}

static ig_status derive(ig__derive *d) {
  ig__graph *graph = d->graph;
  const ig__value x = d->node->in[0], t = d->node->in[1], g = d->gout[0];
  if (d->wanted[0]) {
    const ig__value p = ig__node1(graph, &ig__op_sigmoid, NULL, x);
    d->gin[0] = ig__node2(graph, &ig__op_mul, NULL, ig__node2(graph, &ig__op_sub, NULL, p, t), g);
  }
  if (d->wanted[1]) d->gin[1] = ig__scale_node(graph, ig__node2(graph, &ig__op_mul, NULL, x, g), -1);
  return ig__graph_status(graph);
}

static void run(const ig__run *r) {
  const ig__view *views[3] = {&r->out[0], &r->in[0], &r->in[1]};
  for (ig__spans s = ig__spans_of(3, views, r->n0, r->n1); ig__spans_next(&s);)
    for (int64_t i = 0; i < s.length; i++) {
      const double x = ig__get(r, views[1]->data, s.at[1] + i), t = ig__get(r, views[2]->data, s.at[2] + i);
      const double near = ig__log1p(ig__exp(x < 0 ? x : -x));
      ig__put(r, views[0]->data, s.at[0] + i, (x > 0 ? x - x * t : -x * t) + near);
    }
}

static bool probe(int index, ig__probe *p) {
  if (index >= IG__ANY_SHAPES) return false;
  *p = (ig__probe){.in_count = 2};
  p->in[0].shape = p->in[1].shape = ig__any_shape(index, &p->n);
  return true;
}

const ig__op ig__op_sigmoid_cross_entropy = {
  .name = "sigmoid_cross_entropy", .help = "cross entropy of sigmoid(logits) and a target, for each element",
  .min_in = 2, .max_in = 2, .outputs = 1, .role = IG__EACH, .layout = IG__LAYOUT_SAME, .flags = IG__DIRTY_LANES,
  .infer = infer, .derive = derive, .run = IG__RUN_BOTH(run), .probe = probe };
