/* slice: a range of channels (axis 1). */
#include "ops/channels.h"

typedef struct slice_options { int first, count; } slice_options;

static const ig__option table[] = {
  IG__POSITIONAL(slice_options, first, NULL, 0, 1 << 24, "", "first channel, from 0"),
  IG__POSITIONAL(slice_options, count, NULL, 1, 1 << 24, "", "number of channels"),
  IG__OPTIONS_END };

ig__value ig__slice_node(ig__graph *graph, ig__value x, int first, int count) {
  return ig__node1(graph, &ig__op_slice, &(slice_options){first, count}, x);
}

static ig_status infer(ig__infer *i) {
  const slice_options *o = i->options;
  const ig__shape *s = &i->in[0]->shape;
  char text[96];
  IG__TRY(ig__check_real("slice", i, 0));
  IG__TRY(ig__check_rows_or_image("slice", i, 0));
  if (o->count > s->dim[1] || o->first > s->dim[1] - o->count)
    return ig__fail(IG_BAD_MODEL, "slice: %d channels from %d on were asked of %s", o->count, o->first, ig__shape_text(text, s));
  i->out[0].shape = *s;
  i->out[0].shape.dim[1] = o->count;
  return IG_OK;
}

static ig_status derive(ig__derive *d) {
  const slice_options *o = d->node->options;
  d->gin[0] = ig__slice_dx_node(d->graph, d->gout[0], o->first, ig__shape_of(d->graph, d->node->in[0])->dim[1]);
  return IG_OK;
}

static void run(const ig__run *r) {
  const slice_options *o = r->options;
  ig__copy_channels(r, &r->in[0], o->first, &r->out[0], 0, o->count);
}

static bool probe(int index, ig__probe *p) {
  static const int cases[][3] = {{1, 0, 1}, {3, 1, 2}, {16, 0, 16}, {17, 16, 1}, {33, 16, 16}, {33, 15, 17}, {33, 32, 1},
                                 {20, 16, 3}, {40, 0, 5}, {15, 14, 1}, {18, 3, 7}};
  static slice_options options[sizeof cases / sizeof cases[0]]; /* the same values whoever writes them */
  const int kinds = (int)(sizeof cases / sizeof cases[0]);
  if (index >= 2 * kinds) return false;
  const int *c = cases[index / 2];
  options[index / 2] = (slice_options){c[1], c[2]};
  *p = (ig__probe){.options = &options[index / 2], .n = 1 + index % 3, .in_count = 1};
  p->in[0].shape = index % 2 ? ig__rows(p->n, c[0]) : ig__image_shape(p->n, c[0], 1 + index / 3 % 2, 1 + index % 3);
  return true;
}

const ig__op ig__op_slice = {
  .name = "slice", .help = "a range of channels", .options = table, .options_size = sizeof(slice_options),
  .min_in = 1, .max_in = 1, .outputs = 1, .role = IG__EACH, .layout = IG__LAYOUT_ANY,
  .flags = IG__LAYER | IG__LINEAR | IG__DIRTY_LANES,
  .infer = infer, .derive = derive, .run = IG__RUN_BOTH(run), .probe = probe };
