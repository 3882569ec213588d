/* crop: takes rows and columns away from the sides of pictures; the transpose of pad with zeros. */
#include "ops/dims.h"
#include "ops/ops.h"
#include "ops/sides.h"

static const ig__option table[] = { IG__SIDE_OPTIONS("taken away"), IG__OPTIONS_END };

static ig_status infer(ig__infer *i) {
  const ig__sides s = ig__sides_resolve(i->options);
  return ig__sides_infer("crop", i, &s, -1);
}

static ig_status derive(ig__derive *d) {
  ig__sides s = ig__sides_resolve(d->node->options);
  s.mode = IG__PAD_ZERO;
  d->gin[0] = ig__node1(d->graph, &ig__op_pad, &s, d->gout[0]);
  return ig__graph_status(d->graph);
}

static void run(const ig__run *r) {
  const ig__sides s = ig__sides_resolve(r->options);
  const ig__image *y = &r->out[0].image, x = ig__image_part(r, &r->in[0], s.top, s.left, y->h, y->w);
  r->k->copy_image(&x, y, r->n0, r->n1);
}

static bool probe(int index, ig__probe *p) { return index < IG__ZERO_SIDES && ig__sides_probe(index, p, true); }

const ig__op ig__op_crop = {
  .name = "crop", .help = "takes rows and columns away from the sides of pictures", .options = table,
  .options_size = sizeof(ig__sides), .min_in = 1, .max_in = 1, .outputs = 1, .role = IG__EACH, .layout = IG__LAYOUT_ANY,
  .flags = IG__CHANNELWISE | IG__LAYER | IG__LINEAR, .infer = infer, .derive = derive, .run = IG__RUN_BOTH(run), .probe = probe };
