/* shift: y = x + by with a constant. */
#include "ops/dims.h"
#include "ops/ops.h"
#include "ops/scale.h"
#include "ops/spans.h"

typedef struct shift_options { double by; } shift_options;

static const ig__option table[] = {
  IG__POSITIONAL(shift_options, by, NULL, -1e30, 1e30, "", "constant that is added"),
  IG__OPTIONS_END };

ig__value ig__shift_node(ig__graph *graph, ig__value x, double by) {
  return ig__node1(graph, &ig__op_shift, &(shift_options){by}, x);
}

static ig_status infer(ig__infer *i) {
  IG__TRY(ig__check_real("shift", i, 0));
  i->out[0].shape = i->in[0]->shape;
  return IG_OK;
}

static ig_status derive(ig__derive *d) {
  d->gin[0] = d->gout[0];
  return IG_OK;
}

/* The constant as a piece of span, so that the kernel for sums does it. */
static void run(const ig__run *r) {
  enum { PIECE = 256 };
  double piece[PIECE];
  const shift_options *o = r->options;
  const ig__view *views[2] = {&r->out[0], &r->in[0]};
  r->k->fill(piece, o->by, PIECE);
  for (ig__spans s = ig__spans_of(2, views, r->n0, r->n1); ig__spans_next(&s);)
    for (int64_t i = 0; i < s.length; i += PIECE)
      r->k->add(ig__at(r, views[0], s.at[0] + i), ig__at(r, views[1], s.at[1] + i), piece,
                s.length - i < PIECE ? s.length - i : PIECE);
}

static bool probe(int index, ig__probe *p) {
  static const shift_options by[2] = {{0.5}, {-3}};
  if (index >= IG__ANY_SHAPES) return false;
  *p = (ig__probe){.options = &by[index % 2], .in_count = 1};
  p->in[0].shape = ig__any_shape(index, &p->n);
  return true;
}

const ig__op ig__op_shift = {
  .name = "shift", .help = "adds a constant", .options = table, .options_size = sizeof(shift_options),
  .min_in = 1, .max_in = 1, .outputs = 1, .role = IG__EACH, .layout = IG__LAYOUT_SAME,
  .flags = IG__CHANNELWISE | IG__LAYER | IG__IN_PLACE | IG__LINEAR | IG__DIRTY_LANES,
  .infer = infer, .derive = derive, .run = IG__RUN_BOTH(run), .probe = probe };
