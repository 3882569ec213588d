/* spread: a scalar to every element, or one number a picture to all elements of it; the transpose of sum, mean and
 * sum_picture. */
#include "ops/reduce.h"

typedef struct spread_options { char to[IG__DIMS_TEXT]; bool mean; } spread_options;

static const ig__option table[] = {
  IG__POSITIONAL(spread_options, to, NULL, 0, 0, "", "shape of the result, n first if it has pictures: nx4x7x7"),
  IG__OPTION(spread_options, mean, "no", 0, 1, "", "divide by the number of elements"),
  IG__OPTIONS_END };

ig__value ig__spread_node(ig__graph *graph, ig__value x, const ig__shape *to, bool mean) {
  spread_options o = {{0}, mean};
  ig__dims_print(o.to, to);
  return ig__node1(graph, &ig__op_spread, &o, x);
}

static ig_status infer(ig__infer *i) {
  const spread_options *o = i->options;
  const ig__shape *from = &i->in[0]->shape;
  ig__shape *to = &i->out[0].shape;
  char text[96];
  IG__TRY(ig__check_real("spread", i, 0));
  if (!ig__dims_parse(o->to, i->graph->n, to)) return ig__fail(IG_BAD_MODEL, "spread: '%s' is no shape", o->to);
  if (from->rank == 0) return IG_OK;
  if (from->rank != 1 || !from->batched || !to->batched || o->mean)
    return ig__fail(IG_BAD_MODEL, "spread takes a scalar, or (without mean) n values for a shape with pictures, got %s for '%s'",
                    ig__shape_text(text, from), o->to);
  return IG_OK;
}

static ig_status derive(ig__derive *d) {
  const spread_options *o = d->node->options;
  const bool scalar = ig__shape_of(d->graph, d->node->in[0])->rank == 0;
  d->gin[0] = ig__node1(d->graph, !scalar ? &ig__op_sum_picture : o->mean ? &ig__op_mean : &ig__op_sum, NULL, d->gout[0]);
  return IG_OK;
}

static void fill(const ig__run *r, double value, int n0, int n1) {
  const ig__view *y = &r->out[0];
  for (ig__spans s = ig__spans_of(1, &y, n0, n1); ig__spans_next(&s);) r->k->fill(ig__at(r, y, s.at[0]), value, s.length);
}

static void run(const ig__run *r) {
  const spread_options *o = r->options;
  const ig__view *x = &r->in[0];
  if (x->shape.rank == 0)
    fill(r, ig__get(r, x->data, 0) / (o->mean ? ig__run_count(r, &r->out[0].shape) : 1), r->n0, r->n1);
  for (int n = r->n0; n < r->n1 && x->shape.rank; n++) fill(r, ig__get(r, x->data, n * x->n_pitch), n, n + 1);
}

/* Every shape from a scalar, without and with mean, then shapes with pictures from one number a picture. */
static bool probe(int index, ig__probe *p) {
  static spread_options options[3 * IG__ANY_SHAPES]; /* the same values whoever writes them */
  const int kind = index / IG__ANY_SHAPES;
  if (index >= 2 * IG__ANY_SHAPES + IG__ROW_OR_IMAGE_SHAPES) return false;
  *p = (ig__probe){.options = &options[index], .in_count = 1};
  const int which = index % IG__ANY_SHAPES;
  const ig__shape to = kind < 2 ? ig__any_shape(which, &p->n) : ig__row_or_image_shape(which, &p->n);
  ig__dims_print(options[index].to, &to);
  options[index].mean = kind == 1;
  if (kind == 2) p->in[0].shape = ig__shape_make(1, to.dim, true);
  return true;
}

const ig__op ig__op_spread = {
  .name = "spread", .help = "a number to every element, or one a picture to every element of it",
  .options = table, .options_size = sizeof(spread_options),
  .min_in = 1, .max_in = 1, .outputs = 1, .role = IG__EACH, .layout = IG__LAYOUT_SAME, .flags = IG__LINEAR | IG__DIRTY_LANES,
  .infer = infer, .derive = derive, .run = IG__RUN_BOTH(run), .probe = probe };
