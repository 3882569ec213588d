/* channel_sum: the sum of each channel over pictures and pixels, the gradient of a bias. Each picture's sum is made alone
 * before it is added: one running float over a batch of large images would lose its last digits. */
#include "ops/channels.h"
#include "ops/ops.h"

static ig_status infer(ig__infer *i) {
  IG__TRY(ig__check_real("channel_sum", i, 0));
  IG__TRY(ig__check_rows_or_image("channel_sum", i, 0));
  i->out[0].shape = ig__shape_make(1, &i->in[0]->shape.dim[1], false);
  return IG_OK;
}

static ig_status derive(ig__derive *d) {
  d->gin[0] = ig__channel_broadcast_node(d->graph, d->gout[0], ig__shape_of(d->graph, d->node->in[0]));
  return IG_OK;
}

static size_t partial(const ig__run *r) { return (size_t)ig__blocks(r->in[0].shape.dim[1]) * IG__BLOCK; }

static void add_picture(const ig__run *r, const ig__view *x, int n, int block) {
  const ig__plane plane = ig__plane_of(1, (const ig__image *[]){&x->image});
  void *total = (char *)r->partial + (size_t)block * IG__BLOCK * (size_t)r->k->real_size;
  ig__lane_values sum;
  memset(&sum, 0, sizeof sum);
  for (int row = 0; row < plane.rows; row++) r->k->sum_lanes(&sum, ig__plane_row(r, &x->image, n, block, row), plane.pixels);
  r->k->add(total, total, &sum, IG__BLOCK);
}

static void run(const ig__run *r) {
  const ig__view *x = &r->in[0];
  const int c = x->shape.dim[1];
  for (int n = r->n0; n < r->n1; n++) {
    if (!ig__is_blocked(x)) r->k->add(r->partial, r->partial, ig__at(r, x, n * x->n_pitch), c);
    for (int block = 0; block < ig__blocks(c) && ig__is_blocked(x); block++) add_picture(r, x, n, block);
  }
}

static void finish(const ig__run *r, void *const *partials, int count) {
  const int c = r->out[0].shape.dim[0], from = ig__cut(c, r->part, r->parts), some = ig__cut(c, r->part + 1, r->parts) - from;
  void *sum = ig__at(r, &r->out[0], from);
  if (some <= 0) return;
  r->k->fill(sum, 0, some);
  for (int i = 0; i < count; i++) r->k->add(sum, sum, (const char *)partials[i] + from * r->k->real_size, some);
}

/* Each value that a max pooling sends back stands once in what it is spread to: they add up to the same, and are fewer. */
static ig_status lower(ig__lower *l) {
  const ig__node *maker = ig__tensor_of(l->graph, l->in[0])->node;
  const bool spread = maker && maker->op == &ig__op_maxpool2d_scatter;
  ig__node_add(l->graph, l->node->op, NULL, 1, spread ? maker->in : l->in, l->out);
  return IG_OK;
}

static bool probe(int index, ig__probe *p) {
  if (index >= IG__ROW_OR_IMAGE_SHAPES) return false;
  *p = (ig__probe){.in_count = 1};
  p->in[0].shape = ig__row_or_image_shape(index, &p->n);
  return true;
}

const ig__op ig__op_channel_sum = {
  .name = "channel_sum", .help = "sum of each channel over pictures and pixels",
  .min_in = 1, .max_in = 1, .outputs = 1, .role = IG__SUM, .layout = IG__LAYOUT_BLOCKED, .flags = IG__LINEAR,
  .infer = infer, .derive = derive, .lower = lower, .run = IG__RUN_BOTH(run), .partial = partial, .finish = finish, .probe = probe };
