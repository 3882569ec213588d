/* sum_picture: one sum a picture. */
#include "ops/reduce.h"

static ig_status infer(ig__infer *i) {
  char text[96];
  IG__TRY(ig__check_real("sum_picture", i, 0));
  if (!i->in[0]->shape.batched)
    return ig__fail(IG_BAD_MODEL, "sum_picture takes pictures, got %s", ig__shape_text(text, &i->in[0]->shape));
  i->out[0].shape = ig__shape_make(1, i->in[0]->shape.dim, true);
  return IG_OK;
}

static ig_status derive(ig__derive *d) {
  d->gin[0] = ig__spread_node(d->graph, d->gout[0], ig__shape_of(d->graph, d->node->in[0]), false);
  return IG_OK;
}

static void run(const ig__run *r) {
  for (int n = r->n0; n < r->n1; n++)
    ig__put(r, r->out[0].data, n * r->out[0].n_pitch, ig__picture_sum(r, &r->in[0], n, n + 1));
}

static bool probe(int index, ig__probe *p) {
  if (index >= IG__ROW_OR_IMAGE_SHAPES) return false;
  *p = (ig__probe){.in_count = 1};
  p->in[0].shape = ig__row_or_image_shape(index, &p->n);
  return true;
}

const ig__op ig__op_sum_picture = {
  .name = "sum_picture", .help = "sum of the elements of each picture",
  .min_in = 1, .max_in = 1, .outputs = 1, .role = IG__EACH, .layout = IG__LAYOUT_SAME, .flags = IG__LINEAR,
  .infer = infer, .derive = derive, .run = IG__RUN_BOTH(run), .probe = probe };
