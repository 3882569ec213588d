/* Mean over the whole plane of each channel, n c h w to n c. Its transpose, plane_broadcast, spreads a value over the plane
 * in equal shares. */
#include "ops/conv_geometry.h"
#include "ops/dims.h"
#include "ops/lanes.h"
#include "ops/ops.h"

static const int probe_shapes[][4] = {{1, 1, 1, 1}, {2, 1, 3, 5}, {1, 3, 5, 7}, {2, 3, 4, 3}, {1, 15, 3, 3}, {1, 16, 2, 5},
                                      {2, 16, 3, 1}, {1, 17, 1, 7}, {1, 33, 3, 2}, {3, 2, 2, 2}, {2, 17, 2, 3}, {1, 32, 3, 3},
                                      {1, 1, 17, 16}, {4, 5, 1, 1}, {1, 48, 1, 3}, {2, 31, 2, 2}, {1, 2, 1, 33}, {1, 2, 33, 1},
                                      {5, 1, 2, 7}, {1, 10, 5, 5}, {1, 64, 2, 2}, {3, 7, 3, 4}};
enum { PROBES = sizeof probe_shapes / sizeof probe_shapes[0] };

static ig_status infer(ig__infer *i) {
  IG__TRY(ig__check_rank("global_avgpool2d", i, 0, 4, true));
  IG__TRY(ig__check_real("global_avgpool2d", i, 0));
  i->out[0].shape = ig__shape_make(2, i->in[0]->shape.dim, true);
  return IG_OK;
}

static ig_status derive(ig__derive *d) {
  const ig__shape *x = ig__shape_of(d->graph, d->node->in[0]);
  if (d->wanted[0])
    d->gin[0] = ig__node1(d->graph, &ig__op_plane_broadcast, &(ig__pair){x->dim[2], x->dim[3]}, d->gout[0]);
  return ig__graph_status(d->graph);
}

static void run(const ig__run *r) {
  const ig__image *x = &r->in[0].image;
  ig__plane plane = ig__plane_of(1, &x);
  double share = 1 / ((double)x->h * x->w);
  for (int n = r->n0; n < r->n1; n++)
    for (int c = 0; c < x->c; c += IG__BLOCK) {
      double total[IG__BLOCK] = {0};
      for (int row = 0; row < plane.rows; row++) {
        ig__lane_values sum = {{0}};
        r->k->sum_lanes(&sum, ig__plane_row(r, x, n, c / IG__BLOCK, row), plane.pixels);
        for (int l = 0; l < IG__BLOCK; l++) total[l] += ig__get(r, &sum, l);
      }
      for (int l = 0; l < IG__BLOCK && c + l < x->c; l++)
        ig__put(r, r->out[0].data, n * r->out[0].n_pitch + c + l, total[l] * share);
    }
}

static bool probe(int index, ig__probe *p) {
  if (index >= PROBES) return false;
  *p = (ig__probe){.training = true, .n = probe_shapes[index][0], .in_count = 1};
  p->in[0].shape = ig__shape_make(4, probe_shapes[index], true);
  return true;
}

const ig__op ig__op_global_avgpool2d = {
  .name = "global_avgpool2d",
  .help = "mean over all pixels of each channel (global average pooling)",
  .min_in = 1,
  .max_in = 1,
  .outputs = 1,
  .role = IG__EACH,
  .layout = IG__LAYOUT_BLOCKED,
  .flags = IG__CHANNELWISE | IG__LAYER | IG__LINEAR,
  .infer = infer,
  .derive = derive,
  .run = IG__RUN_BOTH(run),
  .probe = probe,
};

/* ---- the transpose: options are the plane's height and width ----------------------------------------------------------- */

static ig_status spread_infer(ig__infer *i) {
  const ig__pair *plane = i->options;
  IG__TRY(ig__check_rank("plane_broadcast", i, 0, 2, true));
  IG__TRY(ig__check_real("plane_broadcast", i, 0));
  const int *dim = i->in[0]->shape.dim;
  i->out[0].shape = ig__shape_make(4, (int[]){dim[0], dim[1], plane->a, plane->b}, true);
  return IG_OK;
}

static ig_status spread_derive(ig__derive *d) {
  if (d->wanted[0]) d->gin[0] = ig__node1(d->graph, &ig__op_global_avgpool2d, NULL, d->gout[0]);
  return ig__graph_status(d->graph);
}

static void spread_run(const ig__run *r) {
  const ig__image *y = &r->out[0].image;
  ig__plane plane = ig__plane_of(1, &y);
  double share = 1 / ((double)y->h * y->w);
  for (int n = r->n0; n < r->n1; n++)
    for (int c = 0; c < y->c; c += IG__BLOCK) {
      ig__lane_values value = {{0}};
      for (int l = 0; l < IG__BLOCK && c + l < y->c; l++)
        ig__put(r, &value, l, ig__get(r, r->in[0].data, n * r->in[0].n_pitch + c + l) * share);
      for (int row = 0; row < plane.rows; row++) {
        void *to = ig__plane_row(r, y, n, c / IG__BLOCK, row);
        r->k->fill(to, 0, plane.pixels * IG__BLOCK);
        r->k->add_lanes(to, to, &value, plane.pixels);
      }
    }
}

static bool spread_probe(int index, ig__probe *p) {
  static const ig__pair planes[PROBES] = {{1, 1}, {3, 5}, {5, 7}, {4, 3}, {3, 3}, {2, 5}, {3, 1}, {1, 7},
                                          {3, 2}, {2, 2}, {2, 3}, {3, 3}, {17, 16}, {1, 1}, {1, 3}, {2, 2},
                                          {1, 33}, {33, 1}, {2, 7}, {5, 5}, {2, 2}, {3, 4}};
  if (index >= PROBES) return false;
  *p = (ig__probe){.options = &planes[index], .training = true, .n = probe_shapes[index][0], .in_count = 1};
  p->in[0].shape = ig__shape_make(2, probe_shapes[index], true);
  return true;
}

const ig__op ig__op_plane_broadcast = {
  .name = "plane_broadcast",
  .help = "one value a channel, spread over the plane in equal shares",
  .options_size = sizeof(ig__pair),
  .min_in = 1,
  .max_in = 1,
  .outputs = 1,
  .role = IG__EACH,
  .layout = IG__LAYOUT_BLOCKED,
  .flags = IG__LINEAR,
  .infer = spread_infer,
  .derive = spread_derive,
  .run = IG__RUN_BOTH(spread_run),
  .probe = spread_probe,
};
