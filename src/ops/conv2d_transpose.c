/* Transposed convolution, the layer that makes pictures larger: conv2d_dx of the convolution that would lead from the output
 * back to the input, and a bias. So it needs no kernel and no derivative of its own.
 *
 * Its weights are those of that convolution: in × filters/groups × kh × kw, the order of PyTorch and ONNX (conv2d has
 * out × in/groups × kh × kw). The output has (size − 1)·stride + (k − 1)·dilation + 1 − 2·pad + extra pixels, as in PyTorch;
 * pad=same gives size·stride, as in Keras, cut at the end where the padding is odd. */
#include "ops/conv_geometry.h"
#include "ops/dims.h"
#include "ops/ops.h"

typedef struct transpose_options {
  int filters;
  ig__pair k, stride, pad, extra, dilation;
  int groups;
  bool bias;
  char init[64];
} transpose_options;

static const ig__word pad_words[] = {{"same", IG__PAD_SAME}, {"valid", 0}, {NULL, 0}};

static const ig__option table[] = {
  IG__POSITIONAL(transpose_options, filters, NULL, 1, 65536, "channels", "channels that come out (filters)"),
  IG__OPTION(transpose_options, k, "3", 1, 255, "pixels", "size of the kernel, height x width"),
  IG__OPTION(transpose_options, stride, "1", 1, 255, "pixels", "pixels of the output for each step in the input"),
  IG__OPTION_WORDS(transpose_options, pad, "valid", 0, 255, "pixels",
                   "cut off the output on each side; same: the output is stride times the input", pad_words),
  IG__OPTION(transpose_options, extra, "0", 0, 254, "pixels", "rows and columns more at the end of the output, below stride"),
  IG__OPTION(transpose_options, dilation, "1", 1, 255, "pixels", "distance of neighbouring kernel elements"),
  IG__OPTION(transpose_options, groups, "1", 1, 65536, "", "channels in and out are cut into so many separate layers"),
  IG__OPTION(transpose_options, bias, "yes", 0, 1, "", "add a bias to each channel"),
  IG__OPTION(transpose_options, init, "glorot_uniform", 0, 0, "", "initialiser of the weights"),
  IG__OPTIONS_END,
};

/* Pixels of the output along one dimension; below 1: nothing is left. */
static int64_t output_size(int size, int k, int stride, int dilation, int pad, int extra) {
  if (pad == IG__PAD_SAME) return (int64_t)size * stride;
  return (int64_t)(size - 1) * stride + (int64_t)(k - 1) * dilation + 1 - 2 * (int64_t)pad + extra;
}

static ig_status check(const transpose_options *o, const ig__shape *x) {
  char text[96];
  if (!ig__shape_is_image(x))
    return ig__fail(IG_BAD_MODEL, "conv2d_transpose takes pictures, n×c×h×w, and its input is %s", ig__shape_text(text, x));
  if (x->dim[1] % o->groups || o->filters % o->groups)
    return ig__fail(IG_BAD_MODEL, "conv2d_transpose: groups=%d must divide the %d channels that come in and the %d that go out",
                    o->groups, x->dim[1], o->filters);
  if (o->extra.a >= o->stride.a || o->extra.b >= o->stride.b)
    return ig__fail(IG_BAD_MODEL, "conv2d_transpose: extra=%dx%d must be smaller than stride=%dx%d", o->extra.a, o->extra.b,
                    o->stride.a, o->stride.b);
  if ((o->extra.a && o->pad.a == IG__PAD_SAME) || (o->extra.b && o->pad.b == IG__PAD_SAME))
    return ig__fail(IG_BAD_MODEL, "conv2d_transpose: pad=same fixes the size of the output, and extra=%dx%d would change it: "
                    "leave one of them out", o->extra.a, o->extra.b);
  return IG_OK;
}

/* The geometry of the convolution from output to input. */
static ig_status resolve(const transpose_options *o, const ig__shape *x, ig__conv *g) {
  IG__TRY(check(o, x));
  int64_t h = output_size(x->dim[2], o->k.a, o->stride.a, o->dilation.a, o->pad.a, o->extra.a);
  int64_t w = output_size(x->dim[3], o->k.b, o->stride.b, o->dilation.b, o->pad.b, o->extra.b);
  if (h < 1 || w < 1)
    return ig__fail(IG_BAD_MODEL, "conv2d_transpose: pad=%dx%d leaves nothing of the output for an input of %d×%d pixels",
                    o->pad.a, o->pad.b, x->dim[2], x->dim[3]);
  if (h > INT32_MAX || w > INT32_MAX)
    return ig__fail(IG_BAD_MODEL, "conv2d_transpose: an output of %lld×%lld pixels is too large", (long long)h, (long long)w);
  ig__shape y = ig__shape_make(4, (int[]){x->dim[0], o->filters, (int)h, (int)w}, true);
  ig__conv_options back = {.filters = x->dim[1], .k = o->k, .stride = o->stride, .pad = o->pad, .dilation = o->dilation,
                           .groups = o->groups};
  return ig__conv_resolve("conv2d_transpose", &back, &y, g);
}

static ig__value build(ig__layer *l, const void *options, int in_count, const ig__value *in) {
  const transpose_options *o = options;
  ig__graph *graph = l->graph;
  ig__conv g;
  if (ig__graph_status(graph) != IG_OK) return IG__NONE;
  if (in_count != 1)
    return ig__graph_fail(graph, ig__fail(IG_BAD_MODEL, "conv2d_transpose takes one picture as input, got %d inputs", in_count));
  ig_status status = resolve(o, ig__shape_of(graph, in[0]), &g);
  if (status != IG_OK) return ig__graph_fail(graph, status);

  double window = (double)g.kh * g.kw;
  ig__value w = l->parameter(l, "weight", ig__conv_weight_shape(&g), IG__PARAM_WEIGHT, o->init,
                             g.c_out / g.groups * window, g.c_in * window);
  ig__value y = ig__node2(graph, &ig__op_conv2d_dx, &g, in[0], w);
  if (!o->bias) return y;
  ig__value b = l->parameter(l, "bias", ig__shape_make(1, &g.c_in, false), IG__PARAM_BIAS, "zeros", 1, 1);
  return ig__node2(graph, &ig__op_bias, NULL, y, b);
}

const ig__op ig__op_conv2d_transpose = {
  .name = "conv2d_transpose",
  .help = "transposed convolution: from each pixel a kernel's worth of a larger picture",
  .options = table,
  .options_size = sizeof(transpose_options),
  .min_in = 1,
  .max_in = 1,
  .outputs = 1,
  .role = IG__EACH,
  .layout = IG__LAYOUT_ANY,
  .flags = IG__LAYER,
  .no_derivative = "a layer is made of other ops",
  .build = build,
};
