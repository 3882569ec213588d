/* flatten: an image to one row of values, in the order c, h, w (Keras flattens h, w, c). It reads any layout, so a blocked
 * image is put in order here, without a conversion before it. */
#include "ops/reshape.h"

static ig_status infer(ig__infer *i) {
  const ig__shape *s = &i->in[0]->shape;
  char text[96];
  IG__TRY(ig__check_real("flatten", i, 0));
  if (!s->batched || s->rank < 2) return ig__fail(IG_BAD_MODEL, "flatten takes images, got %s", ig__shape_text(text, s));
  if (ig__shape_per_picture(s) > INT32_MAX)
    return ig__fail(IG_BAD_MODEL, "flatten: %s has more than 2^31 elements a picture", ig__shape_text(text, s));
  i->out[0].shape = ig__rows(s->dim[0], (int)ig__shape_per_picture(s));
  return IG_OK;
}

static ig_status derive(ig__derive *d) {
  d->gin[0] = ig__reshape_node(d->graph, d->gout[0], ig__shape_of(d->graph, d->node->in[0]));
  return IG_OK;
}

static bool probe(int index, ig__probe *p) {
  if (index >= IG__ROW_OR_IMAGE_SHAPES) return false;
  *p = (ig__probe){.in_count = 1};
  p->in[0].shape = ig__row_or_image_shape(index, &p->n);
  return true;
}

const ig__op ig__op_flatten = {
  .name = "flatten", .help = "an image as one row of values, in the order channel, row, column",
  .min_in = 1, .max_in = 1, .outputs = 1, .role = IG__EACH, .layout = IG__LAYOUT_ANY, .flags = IG__LAYER | IG__LINEAR,
  .infer = infer, .derive = derive, .run = IG__RUN_BOTH(ig__reshape_run), .probe = probe };
