/* Fusion: what follows a convolution is done by its lowered form while an output is still in a register, in the order sum,
 * factor, bias, added image, relu. */
#include "ops/batchnorm.h"
#include "ops/conv_geometry.h"
#include "ops/ops.h"

/* The convolution that makes input i and that nobody else reads, or NULL. */
static ig__node *convolution(const ig__lower *l, int i) {
  ig__node *direct = ig__lower_producer(l, i, &ig__op_conv2d_direct);
  return direct ? direct : ig__lower_producer(l, i, &ig__op_conv2d_winograd);
}

static bool is_leaf(const ig__lower *l, int i, ig__leaf kind) { return ig__tensor_of(l->graph, l->in[i])->leaf == kind; }

/* A bias that is a parameter lies in the flat array, where spans are padded by zeros to 16 elements, as the kernel needs; one
 * that a node computes (in a second derivative) is added by an op of its own. */
bool ig__conv_fuse_bias(ig__lower *l) {
  ig__node *producer = convolution(l, 0);
  if (!producer || producer->in_count != 2 || !is_leaf(l, 1, IG__LEAF_PARAM)) return false;
  ig__conv_lowered *o = producer->options;
  if (o->relu) return false;
  o->bias = true;
  producer->in[producer->in_count++] = l->in[1];
  l->out[0] = producer->out[0];
  return true;
}

/* Statistics and factors that are the model's own: their factor and shift are made once, and a bias goes into the shift. What
 * makes them comes later than the convolution, so the convolution is appended anew; the old one is read by nobody any more. */
bool ig__conv_fuse_batchnorm(ig__lower *l) {
  ig__node *producer = convolution(l, 0);
  const ig__batchnorm_options *o = l->node->options;
  if (!producer || l->graph->training || !is_leaf(l, 1, IG__LEAF_STATE) || !is_leaf(l, 2, IG__LEAF_STATE)) return false;
  if (o->affine && (!is_leaf(l, 3, IG__LEAF_PARAM) || !is_leaf(l, 4, IG__LEAF_PARAM))) return false;
  ig__conv_lowered conv = *(const ig__conv_lowered *)producer->options;
  if (conv.relu || conv.scale || conv.add) return false;

  ig__value in[5], folded[2];
  int count = 0;
  for (int k = 1; k < l->node->in_count; k++) in[count++] = l->in[k];
  if (conv.bias) in[count++] = producer->in[2];
  ig__node_add(l->graph, &ig__op_batchnorm_fold, o, count, in, folded);
  conv.scale = conv.bias = true;
  const char *line = l->graph->line;
  l->graph->line = producer->line;
  l->out[0] = ig__node_add(l->graph, producer->op, &conv, 4,
                           (ig__value[]){producer->in[0], producer->in[1], folded[0], folded[1]}, NULL);
  l->graph->line = line;
  return true;
}

/* The tensor that was made for the whole picture gets smaller; nobody has asked for its place yet. With a stride that is larger than
 * the padding before the first window, a picture that ends where the last window does has the same windows. */
void ig__conv_cut(ig__lower *l, const ig__conv *g) {
  ig__node *producer = convolution(l, 0);
  const ig__pair read = ig__conv_reach(g);
  if (!producer || g->ph >= g->sh || g->pw >= g->sw || (read.a >= g->h && read.b >= g->w)) return;
  ig__conv_lowered *o = producer->options;
  ig__shape *shape = &l->graph->tensor[producer->out[0]]->shape;
  if (o->add) return;
  if (read.a < g->h) o->g.oh = shape->dim[2] = read.a;
  if (read.b < g->w) o->g.ow = shape->dim[3] = read.b;
}

/* Of two convolutions the later one adds: what it adds must be made before it. */
bool ig__conv_fuse_add(ig__lower *l) {
  for (int i = 0; i < 2; i++) {
    ig__node *producer = convolution(l, i);
    const ig__node *other = ig__tensor_of(l->graph, l->in[1 - i])->node;
    if (!producer || (other && other->id > producer->id)) continue;
    ig__conv_lowered *o = producer->options;
    if (o->relu || o->add) continue;
    o->add = true;
    producer->in[producer->in_count++] = l->in[1 - i];
    l->out[0] = producer->out[0];
    return true;
  }
  return false;
}

bool ig__conv_fuse_relu(ig__lower *l) {
  ig__node *producer = convolution(l, 0);
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
