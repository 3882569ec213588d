/* bias: adds one number to each channel. In a plan it is fused into the convolution or matrix product before it. */
#include "ops/channels.h"
#include "ops/conv_geometry.h"
#include "ops/matmul.h"

static ig_status infer(ig__infer *i) {
  char text[96];
  IG__TRY(ig__check_all_real("bias", i));
  IG__TRY(ig__check_rows_or_image("bias", i, 0));
  IG__TRY(ig__check_rank("bias", i, 1, 1, false));
  if (i->in[1]->shape.dim[0] != i->in[0]->shape.dim[1])
    return ig__fail(IG_BAD_MODEL, "bias of %d channels for %s", i->in[1]->shape.dim[0], ig__shape_text(text, &i->in[0]->shape));
  i->out[0].shape = i->in[0]->shape;
  return IG_OK;
}

static ig_status derive(ig__derive *d) {
  if (d->wanted[0]) d->gin[0] = d->gout[0];
  if (d->wanted[1]) d->gin[1] = ig__node1(d->graph, &ig__op_channel_sum, NULL, d->gout[0]);
  return IG_OK;
}

static ig_status lower(ig__lower *l) {
  if (ig__matmul_fuse_bias(l) || ig__conv_fuse_bias(l)) return IG_OK;
  l->out[0] = ig__node2(l->graph, &ig__op_bias, NULL, l->in[0], l->in[1]);
  return IG_OK;
}

static void run(const ig__run *r) {
  const ig__view *x = &r->in[0], *b = &r->in[1], *y = &r->out[0];
  const int c = b->shape.dim[0];
  const bool image = ig__is_blocked(y);
  for (int n = r->n0; n < r->n1 && !image; n++)
    r->k->add(ig__at(r, y, n * y->n_pitch), ig__at(r, x, n * x->n_pitch), b->data, c);
  for (int block = 0; block < ig__blocks(c) && image; block++) {
    const ig__plane plane = ig__plane_of(2, (const ig__image *[]){&y->image, &x->image});
    ig__lane_values lanes;
    ig__lanes_load(r, &lanes, b, c, block);
    for (int n = r->n0; n < r->n1; n++)
      for (int row = 0; row < plane.rows; row++)
        r->k->add_lanes(ig__plane_row(r, &y->image, n, block, row), ig__plane_row(r, &x->image, n, block, row), &lanes,
                        plane.pixels);
  }
}

static bool probe(int index, ig__probe *p) {
  if (index >= IG__ROW_OR_IMAGE_SHAPES) return false;
  *p = (ig__probe){.in_count = 2};
  p->in[0].shape = ig__row_or_image_shape(index, &p->n);
  p->in[1].shape = ig__shape_make(1, &p->in[0].shape.dim[1], false);
  return true;
}

const ig__op ig__op_bias = {
  .name = "bias", .help = "adds one number to each channel",
  .min_in = 2, .max_in = 2, .outputs = 1, .role = IG__EACH, .layout = IG__LAYOUT_BLOCKED,
  .flags = IG__IN_PLACE | IG__LINEAR,
  .infer = infer, .derive = derive, .lower = lower, .run = IG__RUN_BOTH(run), .probe = probe };
