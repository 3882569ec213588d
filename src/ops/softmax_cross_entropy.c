/* softmax_cross_entropy: −Σ tⱼ·log softmax(x)ⱼ for each picture, from logits x[n,k] and a target t: a class number or a row of
 * probabilities, of which `smooth` is spread evenly over the classes. Through log_softmax, so that no probability is rounded
 * to 0 before its logarithm. The gradient, (softmax(x)·Σt − t)·g, is made of ordinary nodes. */
#include "ops/labels.h"
#include "ops/reduce.h"
#include "ops/scale.h"

#include <math.h>

typedef struct entropy_options { double smooth; } entropy_options;

static const ig__option table[] = {
  IG__OPTION(entropy_options, smooth, "0", 0, 1, "", "label smoothing: share of the target spread over all classes"),
  IG__OPTIONS_END };

ig__value ig__softmax_cross_entropy_node(ig__graph *graph, ig__value logits, ig__value target, double smooth) {
  return ig__node2(graph, &ig__op_softmax_cross_entropy, &(entropy_options){smooth}, logits, target);
}

static ig_status infer(ig__infer *i) {
  const ig__tensor *x = i->in[0], *t = i->in[1];
  char ta[96], tb[96];
  IG__TRY(ig__check_real("softmax_cross_entropy", i, 0));
  IG__TRY(ig__check_rank("softmax_cross_entropy", i, 0, 2, true));
  if (ig__is_label(t)) IG__TRY(ig__check_label("softmax_cross_entropy", t));
  else if (t->dtype != IG__REAL || !ig__shape_equal(&x->shape, &t->shape))
    return ig__fail(IG_BAD_MODEL, "softmax_cross_entropy compares logits of shape %s with a target of shape %s",
                    ig__shape_text(ta, &x->shape), ig__shape_text(tb, &t->shape));
  i->out[0].shape = ig__shape_make(1, x->shape.dim, true);
  return IG_OK;
}

/* The target as it is meant, smoothed. */
static ig__value smoothed(ig__graph *graph, ig__value target, int classes, double smooth) {
  if (ig__is_label(ig__tensor_of(graph, target))) return ig__one_hot_node(graph, target, classes, smooth);
  if (smooth == 0) return target;
  return ig__shift_node(graph, ig__scale_node(graph, target, 1 - smooth), smooth / classes);
}

static ig_status derive(ig__derive *d) {
  ig__graph *graph = d->graph;
  const entropy_options *o = d->node->options;
  const ig__value x = d->node->in[0], target = d->node->in[1];
  const int classes = ig__shape_of(graph, x)->dim[1];
  const ig__value g = ig__row_spread_node(graph, d->gout[0], classes);
  if (d->wanted[0]) {
    const ig__value t = smoothed(graph, target, classes, o->smooth);
    ig__value p = ig__node1(graph, &ig__op_softmax, NULL, x);
    if (!ig__is_label(ig__tensor_of(graph, target))) { /* rows that do not sum to 1 are right too */
      const ig__value all = ig__row_spread_node(graph, ig__node1(graph, &ig__op_row_sum, NULL, t), classes);
      p = ig__node2(graph, &ig__op_mul, NULL, p, all);
    }
    d->gin[0] = ig__node2(graph, &ig__op_mul, NULL, ig__node2(graph, &ig__op_sub, NULL, p, t), g);
  }
  if (d->wanted[1]) {
    const ig__value l = ig__node1(graph, &ig__op_log_softmax, NULL, x);
    d->gin[1] = ig__scale_node(graph, ig__node2(graph, &ig__op_mul, NULL, l, g), o->smooth - 1);
  }
  return IG_OK;
}

static size_t scratch(const ig__run *r) { return (size_t)r->in[0].shape.dim[1] * (size_t)r->k->real_size; }

/* A label outside 0 … k-1 gives a loss that is not a number, which is caught and named before weights move; data are checked
 * before they come here. */
static void run(const ig__run *r) {
  const entropy_options *o = r->options;
  const ig__view *x = &r->in[0], *t = &r->in[1];
  const int classes = x->shape.dim[1];
  const bool labels = t->dtype == IG__I32 || t->dtype == IG__U8;
  for (int n = r->n0; n < r->n1; n++) {
    double chosen = 0;
    r->k->log_softmax(r->scratch, ig__at(r, x, n * x->n_pitch), 1, classes);
    if (labels) {
      const int64_t label = ig__label(t, n);
      chosen = label >= 0 && label < classes ? ig__get(r, r->scratch, label) : NAN;
    } else {
      chosen = r->k->dot(r->scratch, ig__at(r, t, n * t->n_pitch), classes);
    }
    const double even = o->smooth > 0 ? r->k->sum(r->scratch, classes) / classes : 0;
    ig__put(r, r->out[0].data, n * r->out[0].n_pitch, -((1 - o->smooth) * chosen + o->smooth * even));
  }
}

static bool probe(int index, ig__probe *p) {
  static const entropy_options options[] = {{0}, {0.1}, {0.3}};
  if (index >= 30) return false;
  const int classes[] = {2, 3, 10, 15, 16, 17, 33, 5, 2, 64};
  *p = (ig__probe){.options = &options[index % 3], .n = 1 + index % 4, .in_count = 2};
  const ig__shape rows = ig__rows(p->n, classes[index / 3]);
  p->in[0] = (ig__probe_in){.shape = rows};
  p->in[1] = index % 2 ? (ig__probe_in){.shape = rows, .draw = index % 4 == 1 ? IG__DRAW_PROBABILITIES : IG__DRAW_NORMAL}
                       : (ig__probe_in){.shape = ig__shape_make(1, &p->n, true), .dtype = index % 4 ? IG__U8 : IG__I32,
                                        .draw = IG__DRAW_INDEX, .limit = rows.dim[1], .no_gradient = true};
  return true;
}

const ig__op ig__op_softmax_cross_entropy = {
  .name = "softmax_cross_entropy", .help = "cross entropy of softmax(logits) and a target, for each picture",
  .options = table, .options_size = sizeof(entropy_options),
  .min_in = 2, .max_in = 2, .outputs = 1, .role = IG__EACH, .layout = IG__LAYOUT_ANY,
  .infer = infer, .derive = derive, .run = IG__RUN_BOTH(run), .scratch = scratch, .probe = probe };
