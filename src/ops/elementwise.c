/* What the element-wise ops share: shapes, derivative rule, walking, probes (ops/elementwise.h). */
#include "ops/elementwise.h"

#include "ops/ops.h"

static int order_of(const void *options) { return ((const ig__elementwise *)options)->order; }

ig_status ig__elementwise_infer(const char *op, ig__infer *i) {
  const int order = order_of(i->options), takes = order ? 2 : 1;
  if (i->in_count != takes)
    return ig__fail(IG_BAD_MODEL, "%s takes %d input%s, got %d", op, takes, order ? "s" : "", i->in_count);
  IG__TRY(ig__check_all_real(op, i));
  if (order) IG__TRY(ig__check_same(op, i, 0, 1));
  i->out[0].shape = i->in[0]->shape;
  return IG_OK;
}

/* A node g·slope(u) (order 1) or g·slope2(u) (order 2) with the options of the node that is differentiated. */
static ig__value of_order(const ig__derive *d, int order, ig__value u, ig__value g) {
  union { ig__elementwise head; char bytes[IG__ELEMENTWISE_OPTIONS]; double align; } copy;
  memcpy(copy.bytes, d->node->options, d->node->op->options_size);
  copy.head.order = order;
  return ig__node2(d->graph, d->node->op, &copy, u, g);
}

ig_status ig__elementwise_derive(ig__derive *d, bool from_y, bool flat) {
  const int order = order_of(d->node->options);
  const ig__value g = d->gout[0], u = order == 0 && from_y ? d->node->out[0] : d->node->in[0];
  if (order == 0) {
    d->gin[0] = of_order(d, 1, u, g);
    return IG_OK;
  }
  if (d->wanted[1]) d->gin[1] = of_order(d, order, u, g);
  if (flat || !d->wanted[0]) return IG_OK;
  if (order == 2) return ig__fail(IG_BAD_MODEL, "%s has no third derivative", d->node->op->name);
  d->gin[0] = of_order(d, 2, u, ig__node2(d->graph, &ig__op_mul, NULL, g, d->node->in[1]));
  return IG_OK;
}

void ig__elementwise_run(const ig__run *r, ig__elementwise_fast fast, ig__elementwise_span span) {
  const int order = order_of(r->options);
  const ig__view *views[3] = {&r->out[0], &r->in[0], order ? &r->in[1] : NULL};
  for (ig__spans s = ig__spans_of(order ? 3 : 2, views, r->n0, r->n1); ig__spans_next(&s);) {
    void *out = ig__at(r, views[0], s.at[0]);
    const void *u = ig__at(r, views[1], s.at[1]), *g = order ? ig__at(r, views[2], s.at[2]) : NULL;
    if (!fast || !fast(r->k, order, r->options, out, u, g, s.length)) span(order, r->options, out, u, g, s.length);
  }
}

bool ig__elementwise_probe(int index, ig__probe *p, const void *options, size_t size, ig__draw draw, bool flat) {
  const int order = index / IG__ANY_SHAPES;
  if (order > (flat ? 1 : 2)) return false;
  *p = (ig__probe){.options = (const char *)options + (size_t)order * size, .in_count = order ? 2 : 1};
  const ig__shape shape = ig__any_shape(index % IG__ANY_SHAPES, &p->n);
  p->in[0] = (ig__probe_in){.shape = shape, .draw = draw, .no_gradient = order == 2, .zero_gradient = order == 1 && flat};
  if (order) p->in[1] = (ig__probe_in){.shape = shape};
  return true;
}
