/* row_spread: the same number to all channels, [n] → [n,k], n×1×h×w → n×k×h×w; the transpose of row_sum. */
#include "ops/lanes.h"
#include "ops/reduce.h"

typedef struct row_spread_options { int channels; } row_spread_options;

static const ig__option table[] = {
  IG__POSITIONAL(row_spread_options, channels, NULL, 1, 1 << 24, "", "channels of the result"),
  IG__OPTIONS_END };

ig__value ig__row_spread_node(ig__graph *graph, ig__value x, int channels) {
  return ig__node1(graph, &ig__op_row_spread, &(row_spread_options){channels}, x);
}

static ig_status infer(ig__infer *i) {
  const int channels = ((const row_spread_options *)i->options)->channels;
  const ig__shape *s = &i->in[0]->shape;
  char text[96];
  IG__TRY(ig__check_real("row_spread", i, 0));
  if (!s->batched || !(s->rank == 1 || (s->rank == 4 && s->dim[1] == 1)))
    return ig__fail(IG_BAD_MODEL, "row_spread takes n values or n×1×h×w images, got %s", ig__shape_text(text, s));
  i->out[0].shape = s->rank == 1 ? ig__rows(s->dim[0], channels) : ig__image_shape(s->dim[0], channels, s->dim[2], s->dim[3]);
  return IG_OK;
}

static ig_status derive(ig__derive *d) {
  d->gin[0] = ig__node1(d->graph, &ig__op_row_sum, NULL, d->gout[0]);
  return IG_OK;
}

static void run(const ig__run *r) {
  const ig__view *x = &r->in[0], *y = &r->out[0];
  IG__EACH_VALUE(y, n, row, col) {
    const double value = ig__get(r, x->data, ig__value_at(x, n, 0, row, col));
    for (int c = 0; c < ig__channels(y); c++) ig__put(r, y->data, ig__value_at(y, n, c, row, col), value);
  }
}

static bool probe(int index, ig__probe *p) {
  static const row_spread_options channels[] = {{1}, {3}, {15}, {16}, {17}, {33}};
  if (index >= 24) return false;
  const row_spread_options *o = &channels[index / 2 % 6];
  p->n = 1 + index % 3;
  *p = (ig__probe){.options = o, .n = p->n, .in_count = 1};
  if (index % 2) p->in[0].shape = ig__image_shape(p->n, 1, 1 + index / 12, 1 + index % 3);
  else p->in[0].shape = ig__shape_make(1, &p->n, true);
  return true;
}

const ig__op ig__op_row_spread = {
  .name = "row_spread", .help = "the same number to all channels of a picture or pixel",
  .options = table, .options_size = sizeof(row_spread_options),
  .min_in = 1, .max_in = 1, .outputs = 1, .role = IG__EACH, .layout = IG__LAYOUT_ANY,
  .flags = IG__LINEAR | IG__DIRTY_LANES,
  .infer = infer, .derive = derive, .run = IG__RUN_BOTH(run), .probe = probe };
