/* conv2d in the form that runs: packed weights, blocked pictures (plain ones for a first layer), and the bias and the relu
 * behind it applied while an output is still in a register. Inputs: x, packed weights, and the bias if there is one. */
#include "ops/batchnorm.h"
#include "ops/conv_lowered.h"
#include "ops/ops.h"

static ig_status infer(ig__infer *i) { return ig__conv_lowered_infer(i, "conv2d_direct", IG__CONV_FORWARD); }

static void run(const ig__run *r) {
  const ig__conv_lowered *o = r->options;
  ig__epilogue e = {.bias = r->node->in_count > 2 ? r->in[2].data : NULL, .relu = o->relu};
  r->k->conv2d(&o->g, &r->in[0].image, r->in[1].data, &r->out[0].image, &e, r->n0, r->n1, r->part, r->parts);
}

const ig__op ig__op_conv2d_direct = {
  .name = "conv2d_direct",
  .help = "conv2d on packed weights, with bias and relu",
  .options_size = sizeof(ig__conv_lowered),
  .min_in = 2,
  .max_in = 3,
  .outputs = 1,
  .role = IG__EACH,
  .layout = IG__LAYOUT_BLOCKED,
  .infer = infer,
  .no_derivative = "it is made by lowering, after differentiation",
  .run = IG__RUN_BOTH(run),
  .parts = ig__conv_lowered_parts,
  .layout_of = ig__conv_lowered_layout,
  .halo = ig__conv_lowered_halo,
  .work = ig__conv_lowered_work,
};

/* ---- fusion --------------------------------------------------------------------------------------------------------- */

static ig__node *convolution(const ig__lower *l) {
  ig__node *direct = ig__lower_producer(l, 0, &ig__op_conv2d_direct);
  return direct ? direct : ig__lower_producer(l, 0, &ig__op_conv2d_winograd);
}

/* A bias that is a parameter lies in the flat array, where spans are padded by zeros to 16 elements, as the kernel needs; one
 * that a node computes (in a second derivative) is added by an op of its own. */
bool ig__conv_fuse_bias(ig__lower *l) {
  ig__node *producer = convolution(l);
  if (!producer || producer->in_count != 2 || ig__tensor_of(l->graph, l->in[1])->leaf != IG__LEAF_PARAM) return false;
  const ig__conv_lowered *o = producer->options;
  if (o->relu) return false;
  producer->in[producer->in_count++] = l->in[1];
  l->out[0] = producer->out[0];
  return true;
}

bool ig__conv_fuse_relu(ig__lower *l) {
  ig__node *producer = convolution(l);
  if (producer) {
    ig__conv_lowered *o = producer->options;
    o->relu = true;
  } else {
    producer = ig__lower_producer(l, 0, &ig__op_batchnorm_apply);
    if (!producer) return false;
    ig__batchnorm_options *o = producer->options;
    o->relu = true;
  }
  l->out[0] = producer->out[0];
  return true;
}
