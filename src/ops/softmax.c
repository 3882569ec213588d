/* softmax: e^xᵢ / Σ e^xⱼ over axis 1, shifted by the greatest so that nothing overflows. */
#include "ops/softmax.h"

/* One pixel of an image, in two passes over its channels. */
static void pixel(const ig__run *r, bool logarithm, int n, int row, int col) {
  const ig__view *x = &r->in[0], *y = &r->out[0];
  const int channels = ig__channels(x);
  double top = -HUGE_VAL, sum = 0;
  for (int c = 0; c < channels; c++) {
    const double v = ig__get(r, x->data, ig__value_at(x, n, c, row, col));
    top = v > top ? v : top;
  }
  for (int c = 0; c < channels; c++) sum += ig__exp(ig__get(r, x->data, ig__value_at(x, n, c, row, col)) - top);
  const double log_sum = ig__log(sum);
  for (int c = 0; c < channels; c++) {
    const double v = ig__get(r, x->data, ig__value_at(x, n, c, row, col)) - top;
    ig__put(r, y->data, ig__value_at(y, n, c, row, col), logarithm ? v - log_sum : ig__exp(v) / sum);
  }
}

void ig__softmax_run(const ig__run *r, ig__row_kernel kernel, bool logarithm) {
  const ig__view *x = &r->in[0], *y = &r->out[0];
  const int cols = ig__channels(x);
  if (ig__shape_is_image(&x->shape)) {
    IG__EACH_VALUE(x, n, row, col) pixel(r, logarithm, n, row, col);
  } else if (x->n_pitch == cols && y->n_pitch == cols) {
    kernel(ig__at(r, y, (int64_t)r->n0 * cols), ig__at(r, x, (int64_t)r->n0 * cols), r->n1 - r->n0, cols);
  } else {
    for (int n = r->n0; n < r->n1; n++) kernel(ig__at(r, y, n * y->n_pitch), ig__at(r, x, n * x->n_pitch), 1, cols);
  }
}

static ig_status infer(ig__infer *i) { return ig__softmax_infer("softmax", i); }

static ig_status derive(ig__derive *d) {
  d->gin[0] = ig__node2(d->graph, &ig__op_softmax_dx, NULL, d->node->out[0], d->gout[0]);
  return IG_OK;
}

static void run(const ig__run *r) { ig__softmax_run(r, r->k->softmax, false); }

const ig__op ig__op_softmax = {
  .name = "softmax", .help = "probabilities from scores: exp(x) over its sum over the classes (channels)",
  .min_in = 1, .max_in = 1, .outputs = 1, .role = IG__EACH, .layout = IG__LAYOUT_ANY,
  .flags = IG__ACTIVATION | IG__LAYER | IG__DIRTY_LANES,
  .infer = infer, .derive = derive, .run = IG__RUN_BOTH(run), .probe = ig__softmax_probe };
