/* softmax_dx: y·(g − Σ g·y) over axis 1, the gradient of softmax from its result y. The matrix diag(y) − y·yᵀ is symmetric,
 * so by g the rule is the op itself; by y it is u·(g − Σ g·y) − g·Σ u·y, made of ordinary nodes. */
#include "ops/softmax.h"

static ig_status infer(ig__infer *i) {
  IG__TRY(ig__check_all_real("softmax_dx", i));
  IG__TRY(ig__check_rows_or_image("softmax_dx", i, 0));
  IG__TRY(ig__check_same("softmax_dx", i, 0, 1));
  i->out[0].shape = i->in[0]->shape;
  return IG_OK;
}

/* Σ a·b over axis 1, at every channel. */
static ig__value dot(ig__graph *graph, ig__value a, ig__value b) {
  const ig__value sum = ig__node1(graph, &ig__op_row_sum, NULL, ig__node2(graph, &ig__op_mul, NULL, a, b));
  return ig__row_spread_node(graph, sum, ig__shape_of(graph, a)->dim[1]);
}

static ig_status derive(ig__derive *d) {
  ig__graph *graph = d->graph;
  const ig__value y = d->node->in[0], g = d->node->in[1], u = d->gout[0];
  if (d->wanted[1]) d->gin[1] = ig__node2(graph, &ig__op_softmax_dx, NULL, y, u);
  if (!d->wanted[0]) return IG_OK;
  const ig__value rest = ig__node2(graph, &ig__op_sub, NULL, g, dot(graph, g, y));
  d->gin[0] = ig__node2(graph, &ig__op_sub, NULL, ig__node2(graph, &ig__op_mul, NULL, u, rest),
                        ig__node2(graph, &ig__op_mul, NULL, g, dot(graph, u, y)));
  return IG_OK;
}

static void run(const ig__run *r) {
  const ig__view *y = &r->in[0], *g = &r->in[1], *out = &r->out[0];
  IG__EACH_VALUE(out, n, row, col) {
    double sum = 0;
    for (int c = 0; c < ig__channels(y); c++)
      sum += ig__get(r, y->data, ig__value_at(y, n, c, row, col)) * ig__get(r, g->data, ig__value_at(g, n, c, row, col));
    for (int c = 0; c < ig__channels(y); c++) {
      const double rest = ig__get(r, g->data, ig__value_at(g, n, c, row, col)) - sum;
      ig__put(r, out->data, ig__value_at(out, n, c, row, col), ig__get(r, y->data, ig__value_at(y, n, c, row, col)) * rest);
    }
  }
}

static bool probe(int index, ig__probe *p) {
  if (index >= IG__ROW_OR_IMAGE_SHAPES) return false;
  *p = (ig__probe){.in_count = 2};
  p->in[0].shape = p->in[1].shape = ig__row_or_image_shape(index, &p->n);
  return true;
}

const ig__op ig__op_softmax_dx = {
  .name = "softmax_dx", .help = "gradient of softmax from its result",
  .min_in = 2, .max_in = 2, .outputs = 1, .role = IG__EACH, .layout = IG__LAYOUT_ANY, .flags = IG__DIRTY_LANES,
  .infer = infer, .derive = derive, .run = IG__RUN_BOTH(run), .probe = probe };
