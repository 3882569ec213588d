/* dense: y = W·x + b for every picture, W out × in. An image is flattened first, in the order c, h, w. */
#include "ops/dims.h"
#include "ops/ops.h"

typedef struct dense_options { int units; bool bias; char init[96]; } dense_options;

static const ig__option table[] = {
  IG__POSITIONAL(dense_options, units, NULL, 1, 1 << 24, "", "outputs of the layer"),
  IG__OPTION(dense_options, bias, "yes", 0, 1, "", "add a bias to each output"),
  IG__OPTION(dense_options, init, "glorot_uniform", 0, 0, "", "initialiser of the weights"),
  IG__OPTIONS_END };

static ig__value build(ig__layer *l, const void *options, int in_count, const ig__value *in) {
  const dense_options *o = options;
  ig__value x = in[0];
  char text[96];
  if (in_count != 1) return ig__graph_fail(l->graph, ig__fail(IG_BAD_MODEL, "dense takes 1 input, got %d", in_count));
  if (ig__shape_is_image(ig__shape_of(l->graph, x))) x = ig__node1(l->graph, &ig__op_flatten, NULL, x);
  const ig__shape *s = ig__shape_of(l->graph, x);
  if (ig__graph_status(l->graph) != IG_OK) return IG__NONE;
  if (s->rank != 2 || !s->batched)
    return ig__graph_fail(l->graph, ig__fail(IG_BAD_MODEL, "dense takes n×k values or n×c×h×w images, got %s",
                                             ig__shape_text(text, s)));
  const ig__shape weight = ig__shape_make(2, (int[]){o->units, s->dim[1]}, false);
  const ig__shape bias = ig__shape_make(1, &o->units, false);
  const double fan_in = s->dim[1], fan_out = o->units;
  const ig__value w = l->parameter(l, "weight", weight, IG__PARAM_WEIGHT, o->init, fan_in, fan_out);
  const ig__value y = ig__node2(l->graph, &ig__op_matmul_nt, NULL, x, w);
  if (!o->bias) return y;
  return ig__node2(l->graph, &ig__op_bias, NULL, y,
                   l->parameter(l, "bias", bias, IG__PARAM_BIAS, "zeros", fan_in, fan_out));
}

const ig__op ig__op_dense = {
  .name = "dense", .help = "dense (fully connected) layer; an image is flattened first",
  .options = table, .options_size = sizeof(dense_options), .min_in = 1, .max_in = 1, .outputs = 1,
  .role = IG__EACH, .layout = IG__LAYOUT_ANY, .flags = IG__LAYER,
  .no_derivative = "a layer is made of other ops", .build = build };
