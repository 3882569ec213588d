/* scale: y = factor·x with a constant factor. */
#include "ops/scale.h"

#include "ops/dims.h"
#include "ops/ops.h"
#include "ops/spans.h"

typedef struct scale_options { double factor; } scale_options;

static const ig__option table[] = {
  IG__POSITIONAL(scale_options, factor, NULL, -1e30, 1e30, "", "constant factor"),
  IG__OPTIONS_END };

ig__value ig__scale_node(ig__graph *graph, ig__value x, double factor) {
  return ig__node1(graph, &ig__op_scale, &(scale_options){factor}, x);
}

static ig_status infer(ig__infer *i) {
  IG__TRY(ig__check_real("scale", i, 0));
  i->out[0].shape = i->in[0]->shape;
  return IG_OK;
}

static ig_status derive(ig__derive *d) {
  d->gin[0] = ig__node1(d->graph, &ig__op_scale, d->node->options, d->gout[0]);
  return IG_OK;
}

static void run(const ig__run *r) {
  const scale_options *o = r->options;
  const ig__view *views[2] = {&r->out[0], &r->in[0]};
  for (ig__spans s = ig__spans_of(2, views, r->n0, r->n1); ig__spans_next(&s);)
    r->k->scale(ig__at(r, views[0], s.at[0]), ig__at(r, views[1], s.at[1]), o->factor, s.length);
}

static bool probe(int index, ig__probe *p) {
  static const scale_options factors[3] = {{0.5}, {-3}, {1}};
  if (index >= IG__ANY_SHAPES) return false;
  *p = (ig__probe){.options = &factors[index % 3], .in_count = 1};
  p->in[0].shape = ig__any_shape(index, &p->n);
  return true;
}

const ig__op ig__op_scale = {
  .name = "scale", .help = "multiplies by a constant", .options = table, .options_size = sizeof(scale_options),
  .min_in = 1, .max_in = 1, .outputs = 1, .role = IG__EACH, .layout = IG__LAYOUT_SAME,
  .flags = IG__CHANNELWISE | IG__LAYER | IG__IN_PLACE | IG__LINEAR,
  .infer = infer, .derive = derive, .run = IG__RUN_BOTH(run), .probe = probe };
