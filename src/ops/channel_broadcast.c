/* channel_broadcast: one number a channel, spread over all pictures and pixels; the transpose of channel_sum. */
#include "ops/channels.h"

typedef struct broadcast_options { char to[IG__DIMS_TEXT]; } broadcast_options;

static const ig__option table[] = {
  IG__POSITIONAL(broadcast_options, to, NULL, 0, 0, "", "shape of the result, n first: nx32x26x26"),
  IG__OPTIONS_END };

ig__value ig__channel_broadcast_node(ig__graph *graph, ig__value x, const ig__shape *to) {
  broadcast_options o = {{0}};
  ig__dims_print(o.to, to);
  return ig__node1(graph, &ig__op_channel_broadcast, &o, x);
}

static ig_status infer(ig__infer *i) {
  const broadcast_options *o = i->options;
  ig__shape *s = &i->out[0].shape;
  IG__TRY(ig__check_real("channel_broadcast", i, 0));
  IG__TRY(ig__check_rank("channel_broadcast", i, 0, 1, false));
  if (!ig__dims_parse(o->to, i->graph->n, s) || !s->batched || (s->rank != 2 && s->rank != 4) ||
      s->dim[1] != i->in[0]->shape.dim[0])
    return ig__fail(IG_BAD_MODEL, "channel_broadcast cannot spread %d channels to '%s'", i->in[0]->shape.dim[0], o->to);
  return IG_OK;
}

static ig_status derive(ig__derive *d) {
  d->gin[0] = ig__node1(d->graph, &ig__op_channel_sum, NULL, d->gout[0]);
  return IG_OK;
}

static void run(const ig__run *r) {
  const ig__view *b = &r->in[0], *y = &r->out[0];
  const int c = b->shape.dim[0];
  const bool image = ig__is_blocked(y);
  for (int n = r->n0; n < r->n1 && !image; n++)
    memcpy(ig__at(r, y, n * y->n_pitch), b->data, (size_t)c * (size_t)r->k->real_size);
  for (int block = 0; block < ig__blocks(c) && image; block++) {
    const ig__plane plane = ig__plane_of(1, (const ig__image *[]){&y->image});
    ig__lane_values lanes;
    ig__lanes_load(r, &lanes, b, c, block);
    for (int n = r->n0; n < r->n1; n++)
      for (int row = 0; row < plane.rows; row++) {
        void *to = ig__plane_row(r, &y->image, n, block, row);
        r->k->fill(to, 0, plane.pixels * IG__BLOCK);
        r->k->add_lanes(to, to, &lanes, plane.pixels);
      }
  }
}

static bool probe(int index, ig__probe *p) {
  static broadcast_options options[IG__ROW_OR_IMAGE_SHAPES]; /* the same values whoever writes them */
  if (index >= IG__ROW_OR_IMAGE_SHAPES) return false;
  *p = (ig__probe){.options = &options[index], .in_count = 1};
  const ig__shape to = ig__row_or_image_shape(index, &p->n);
  ig__dims_print(options[index].to, &to);
  p->in[0].shape = ig__shape_make(1, &to.dim[1], false);
  return true;
}

const ig__op ig__op_channel_broadcast = {
  .name = "channel_broadcast", .help = "one number a channel, spread over pictures and pixels",
  .options = table, .options_size = sizeof(broadcast_options),
  .min_in = 1, .max_in = 1, .outputs = 1, .role = IG__EACH, .layout = IG__LAYOUT_BLOCKED, .flags = IG__LINEAR,
  .infer = infer, .derive = derive, .run = IG__RUN_BOTH(run), .probe = probe };
