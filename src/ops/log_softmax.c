/* log_softmax: xᵢ − log Σ e^xⱼ over axis 1. Its gradient is g − softmax(x)·Σg. */
#include "ops/softmax.h"

static ig_status infer(ig__infer *i) { return ig__softmax_infer("log_softmax", i); }

static ig_status derive(ig__derive *d) {
  const ig__value g = d->gout[0], sum = ig__node1(d->graph, &ig__op_row_sum, NULL, g);
  const ig__value all = ig__row_spread_node(d->graph, sum, ig__shape_of(d->graph, g)->dim[1]);
  const ig__value p = ig__node1(d->graph, &ig__op_softmax, NULL, d->node->in[0]);
  d->gin[0] = ig__node2(d->graph, &ig__op_sub, NULL, g, ig__node2(d->graph, &ig__op_mul, NULL, p, all));
  return IG_OK;
}

static void run(const ig__run *r) { ig__softmax_run(r, r->k->log_softmax, true); }

const ig__op ig__op_log_softmax = {
  .name = "log_softmax", .help = "logarithm of softmax, without its rounding",
  .min_in = 1, .max_in = 1, .outputs = 1, .role = IG__EACH, .layout = IG__LAYOUT_ANY,
  .flags = IG__ACTIVATION | IG__LAYER | IG__DIRTY_LANES,
  .infer = infer, .derive = derive, .run = IG__RUN_BOTH(run), .probe = ig__softmax_probe };
