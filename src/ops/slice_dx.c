/* slice_dx: channels put at their place among zeros; the transpose of slice. */
#include "ops/channels.h"

typedef struct slice_dx_options { int first, channels; } slice_dx_options;

ig__value ig__slice_dx_node(ig__graph *graph, ig__value x, int first, int channels) {
  return ig__node1(graph, &ig__op_slice_dx, &(slice_dx_options){first, channels}, x);
}

static ig_status infer(ig__infer *i) {
  const slice_dx_options *o = i->options;
  const ig__shape *s = &i->in[0]->shape;
  char text[96];
  IG__TRY(ig__check_real("slice_dx", i, 0));
  IG__TRY(ig__check_rows_or_image("slice_dx", i, 0));
  if (o->first < 0 || o->first > o->channels - s->dim[1])
    return ig__fail(IG_BAD_MODEL, "slice_dx: %s has no room from %d on among %d channels", ig__shape_text(text, s), o->first,
                    o->channels);
  i->out[0].shape = *s;
  i->out[0].shape.dim[1] = o->channels;
  return IG_OK;
}

static ig_status derive(ig__derive *d) {
  const slice_dx_options *o = d->node->options;
  d->gin[0] = ig__slice_node(d->graph, d->gout[0], o->first, ig__shape_of(d->graph, d->node->in[0])->dim[1]);
  return IG_OK;
}

static void run(const ig__run *r) {
  const slice_dx_options *o = r->options;
  const ig__view *y = &r->out[0];
  for (ig__spans s = ig__spans_of(1, &y, r->n0, r->n1); ig__spans_next(&s);) r->k->fill(ig__at(r, y, s.at[0]), 0, s.length);
  ig__copy_channels(r, &r->in[0], 0, y, o->first, r->in[0].shape.dim[1]);
}

static bool probe(int index, ig__probe *p) {
  static const int cases[][3] = {{1, 0, 1}, {3, 1, 2}, {16, 0, 16}, {17, 16, 1}, {33, 16, 16}, {33, 15, 17}, {33, 32, 1},
                                 {20, 16, 3}, {40, 0, 5}, {15, 14, 1}, {18, 3, 7}};
  static slice_dx_options options[sizeof cases / sizeof cases[0]]; /* the same values whoever writes them */
  const int kinds = (int)(sizeof cases / sizeof cases[0]);
  if (index >= 2 * kinds) return false;
  const int *c = cases[index / 2];
  options[index / 2] = (slice_dx_options){c[1], c[0]};
  *p = (ig__probe){.options = &options[index / 2], .n = 1 + index % 3, .in_count = 1};
  p->in[0].shape = index % 2 ? ig__rows(p->n, c[2]) : ig__image_shape(p->n, c[2], 1 + index / 3 % 2, 1 + index % 3);
  return true;
}

const ig__op ig__op_slice_dx = {
  .name = "slice_dx", .help = "channels at their place among zeros, the gradient of slice",
  .options_size = sizeof(slice_dx_options),
  .min_in = 1, .max_in = 1, .outputs = 1, .role = IG__EACH, .layout = IG__LAYOUT_ANY, .flags = IG__LINEAR | IG__DIRTY_LANES,
  .infer = infer, .derive = derive, .run = IG__RUN_BOTH(run), .probe = probe };
