/* row_sum: the sum over axis 1: [n,k] → [n], images n×c×h×w → n×1×h×w. */
#include "ops/lanes.h"
#include "ops/reduce.h"

static ig_status infer(ig__infer *i) {
  const ig__shape *s = &i->in[0]->shape;
  IG__TRY(ig__check_real("row_sum", i, 0));
  IG__TRY(ig__check_rows_or_image("row_sum", i, 0));
  i->out[0].shape = s->rank == 2 ? ig__shape_make(1, s->dim, true) : ig__image_shape(s->dim[0], 1, s->dim[2], s->dim[3]);
  return IG_OK;
}

static ig_status derive(ig__derive *d) {
  d->gin[0] = ig__row_spread_node(d->graph, d->gout[0], ig__shape_of(d->graph, d->node->in[0])->dim[1]);
  return IG_OK;
}

static void run(const ig__run *r) {
  const ig__view *x = &r->in[0], *y = &r->out[0];
  IG__EACH_VALUE(x, n, row, col) {
    double sum = 0;
    for (int c = 0; c < ig__channels(x); c++) sum += ig__get(r, x->data, ig__value_at(x, n, c, row, col));
    ig__put(r, y->data, ig__value_at(y, n, 0, row, col), sum);
  }
}

static bool probe(int index, ig__probe *p) {
  if (index >= IG__ROW_OR_IMAGE_SHAPES) return false;
  *p = (ig__probe){.in_count = 1};
  p->in[0].shape = ig__row_or_image_shape(index, &p->n);
  return true;
}

const ig__op ig__op_row_sum = {
  .name = "row_sum", .help = "sum over channels, of each pixel when the input is an image",
  .min_in = 1, .max_in = 1, .outputs = 1, .role = IG__EACH, .layout = IG__LAYOUT_ANY,
  .flags = IG__LINEAR | IG__DIRTY_LANES,
  .infer = infer, .derive = derive, .run = IG__RUN_BOTH(run), .probe = probe };
