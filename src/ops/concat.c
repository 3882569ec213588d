/* concat: tensors one behind the other along the channels (axis 1). */
#include "ops/channels.h"

static ig_status infer(ig__infer *i) {
  const ig__shape *first = &i->in[0]->shape;
  char ta[96], tb[96];
  int64_t channels = 0;
  IG__TRY(ig__check_all_real("concat", i));
  for (int k = 0; k < i->in_count; k++) {
    ig__shape s = i->in[k]->shape;
    IG__TRY(ig__check_rows_or_image("concat", i, k));
    channels += s.dim[1];
    s.dim[1] = first->dim[1];
    if (!ig__shape_equal(&s, first))
      return ig__fail(IG_BAD_MODEL, "concat joins channels; the rest must be equal, but %s meets %s", ig__shape_text(ta, first),
                      ig__shape_text(tb, &i->in[k]->shape));
  }
  if (channels > INT32_MAX) return ig__fail(IG_BAD_MODEL, "concat: more than 2^31 channels");
  i->out[0].shape = *first;
  i->out[0].shape.dim[1] = (int)channels;
  return IG_OK;
}

static ig_status derive(ig__derive *d) {
  int first = 0;
  for (int k = 0; k < d->node->in_count; k++) {
    const int channels = ig__shape_of(d->graph, d->node->in[k])->dim[1];
    if (d->wanted[k]) d->gin[k] = ig__slice_node(d->graph, d->gout[0], first, channels);
    first += channels;
  }
  return IG_OK;
}

/* In order: a copy may write zeros into lanes of the block it ends in, and the next one fills them. */
static void run(const ig__run *r) {
  int first = 0;
  for (int k = 0; k < r->node->in_count; k++) {
    const int channels = r->in[k].shape.dim[1];
    ig__copy_channels(r, &r->in[k], 0, &r->out[0], first, channels);
    first += channels;
  }
}

static bool probe(int index, ig__probe *p) {
  static const int channels[][5] = {{1, 1},   {3, 16},    {16, 3},   {15, 1, 1}, {17, 2}, {16, 16}, {33, 5},
                                    {2, 3, 4, 5}, {5, 33}, {16, 17, 3}, {1, 31},  {8, 8, 1}};
  const int kinds = (int)(sizeof channels / sizeof channels[0]);
  if (index >= 2 * kinds) return false;
  *p = (ig__probe){.n = 1 + index % 2};
  for (const int *c = channels[index / 2]; *c; c++)
    p->in[p->in_count++].shape = index % 2 ? ig__rows(p->n, *c) : ig__image_shape(p->n, *c, 1 + index % 3, 1 + index / 4 % 4);
  return true;
}

const ig__op ig__op_concat = {
  .name = "concat", .help = "joins the channels of several inputs",
  .min_in = 1, .max_in = IG__MAX_IN, .outputs = 1, .role = IG__EACH, .layout = IG__LAYOUT_ANY,
  .flags = IG__LAYER | IG__LINEAR | IG__DIRTY_LANES,
  .infer = infer, .derive = derive, .run = IG__RUN_BOTH(run), .probe = probe };
