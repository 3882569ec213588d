/* A model and its plan for one mode: what turns a batch into a loss, answers and gradients. */
#include "base/unknown.h"
#include "ops/ops.h"
#include "ops/scale.h"
#include "train/network_impl.h"

#include <math.h>
#include <string.h>

#define LOSSES_SHOWN 64

enum { OUT_LOSS, OUT_ANSWER };
enum { NUMBERS, PROBABILITIES, LOGARITHMS, SOFTMAX_LOGITS, SIGMOID_LOGITS };

/* The first field behind `after` with this role; −1: none. */
static int field_with(const ig__source_info *data, ig__role role, int after) {
  for (int i = after + 1; i < data->field_count; i++)
    if (data->field[i].role == role) return i;
  return -1;
}

static ig_status check_picture(const ig__model *model, const ig__source_info *data, ig__network *net) {
  net->image_field = field_with(data, IG__ROLE_IMAGE, -1);
  if (net->image_field < 0) return ig__fail(IG_BAD_DATA, "%s: no pictures in these data", data->name);
  const ig__field *f = &data->field[net->image_field];
  const ig__input_options *in = &model->input;
  if (f->rank != 3 || f->dim[0] != in->channels || f->dim[1] != in->height || f->dim[2] != in->width)
    return ig__fail(IG_BAD_MODEL, "model %s takes pictures of %d×%d×%d (channels × height × width), %s has %d×%d×%d: choose a model "
                    "for this size", model->name, in->channels, in->height, in->width, data->name, f->dim[0], f->dim[1], f->dim[2]);
  net->target_field = field_with(data, IG__ROLE_LABEL, -1);
  if (net->target_field < 0) net->target_field = field_with(data, IG__ROLE_IMAGE, net->image_field);
  return IG_OK;
}

static ig__dtype dtype_of(const ig__field *f) {
  return f->type == IG__FIELD_U8 ? IG__U8 : f->type == IG__FIELD_I32 ? IG__I32 : IG__F32;
}

static bool has_labels(const ig__network_request *q, const ig__network *net) {
  return net->target_field < 0 || q->data->field[net->target_field].role == IG__ROLE_LABEL;
}

/* What field 1 of a batch is. */
static ig__value target_leaf(ig__graph *graph, const ig__field *f) {
  ig__shape shape = {.rank = f->rank + 1, .dim = {graph->n}, .batched = true};
  for (int k = 0; k < f->rank; k++) shape.dim[k + 1] = f->dim[k];
  return ig__leaf_add(graph, IG__LEAF_FIELD, 1, dtype_of(f), shape);
}

/* Field 2: how much each picture counts. */
static ig__value weight_leaf(ig__graph *graph) {
  return ig__leaf_add(graph, IG__LEAF_FIELD, 2, IG__REAL, ig__shape_make(1, &graph->n, true));
}

static ig_status unknown_loss(const ig__own_ops *own, const char *word) {
  const char *names[LOSSES_SHOWN];
  size_t count = 0;
  for (size_t i = 0; ig__ops[i] && count < LOSSES_SHOWN; i++)
    if (ig__ops[i]->flags & IG__LOSS) names[count++] = ig__ops[i]->name;
  for (size_t i = 0; own && i < own->count && count < LOSSES_SHOWN; i++)
    if (own->op[i]->flags & IG__LOSS) names[count++] = own->op[i]->name;
  return ig__unknown(IG_USAGE, word, names, count, "loss:");
}

/* The loss named by --loss on (prediction, target). */
static ig__value build_loss(const ig__own_ops *own, ig__graph *graph, const char *text, ig__value prediction, ig__value target,
                            bool weighted) {
  char copy[IG_SPEC_SIZE], *words[32];
  if (strlen(text) >= sizeof copy) return ig__graph_fail(graph, ig__fail(IG_USAGE, "loss: the text is too long"));
  strcpy(copy, text);
  int count = ig__split_words(copy, words, 32);
  const ig__op *op = count > 0 ? ig__op_find_with(own, words[0]) : NULL;
  if (!op || !(op->flags & IG__LOSS)) return ig__graph_fail(graph, unknown_loss(own, count > 0 ? words[0] : text));
  void *options = op->options_size ? ig__arena_take(graph->arena, 1, op->options_size) : NULL;
  if (op->options_size && !options) return ig__graph_fail(graph, IG_NO_MEMORY);
  ig_status status = ig__options_parse(op->name, op->options, options, words + 1, count - 1);
  if (status != IG_OK) return ig__graph_fail(graph, status);
  graph->line = "loss";
  const ig__value weight = weighted ? weight_leaf(graph) : IG__NONE;
  ig__layer layer = {.graph = graph, .op = op, .name = "loss", .weight = weighted ? &weight : NULL};
  return op->build(&layer, options, 2, (ig__value[]){prediction, target});
}

/* Appends the gradients of all trained parameters as outputs that go to their spans. */
static ig_status add_gradients(const ig__model *model, ig__graph *graph, ig__value loss, ig__outputs *out) {
  ig__value *of, *grad = ig__alloc(model->param_count + 1, sizeof *grad);
  int *number, wanted = ig__trained_leaves(model, graph, &of, &number);
  ig_status status = grad && wanted >= 0 ? IG_OK : IG_NO_MEMORY;
  if (status == IG_OK) {
    ig__value seed = ig__leaf_add(graph, IG__LEAF_SCALAR, IG__SCALAR_LOSS_SCALE, IG__REAL, (ig__shape){0});
    status = ig__gradients(graph, loss, seed, of, wanted, grad);
  }
  /* A parameter that the loss does not depend on has the gradient zero, and it must be written: penalties are added to it. */
  for (int i = 0; status == IG_OK && i < wanted; i++) {
    if (grad[i] == IG__NONE) grad[i] = ig__scale_node(graph, of[i], 0);
    status = grad[i] == IG__NONE ? graph->status : ig__outputs_add(out, grad[i], model->param[number[i]].offset);
  }
  ig__free(of);
  ig__free(grad);
  ig__free(number);
  return status;
}

static ig__value kink_of(const ig__graph *graph, const ig__node *node) {
  for (int k = 0; k < node->out_count; k++)
    if (ig__tensor_of(graph, node->out[k])->dtype == IG__U8) return node->out[k];
  return node->out[0];
}

static ig_status add_kinks(ig__network *net, const ig__graph *graph, ig__outputs *out) {
  net->first_kink = (int)out->count;
  for (size_t i = 0; i < graph->node_count; i++)
    if (graph->node[i]->op->flags & IG__KINK) IG__TRY(ig__outputs_add(out, kink_of(graph, graph->node[i]), -1));
  net->kinks = (int)out->count - net->first_kink;
  return IG_OK;
}

/* Labels want one number a class; another target, a prediction of its own shape, which is the loss's to refuse. */
static ig_status check_prediction(const ig__network_request *q, ig__network *net, const ig__shape *shape) {
  char text[96];
  if (!has_labels(q, net) || (q->every_output && shape->rank != 2)) return IG_OK;
  if (shape->rank != 2)
    return ig__fail(IG_BAD_MODEL, "model %s ends in %s; one number a class (n×classes) is wanted", q->model->name,
                    ig__shape_text(text, shape));
  net->classes = shape->dim[1];
  net->binary = net->classes == 1 && q->data->class_count == 2;
  if (q->loss && net->target_field < 0) return ig__fail(IG_BAD_DATA, "%s: no labels in these data", q->data->name);
  if (net->binary) net->classes = 2;
  if (q->loss && q->data->class_count > net->classes)
    return ig__fail(IG_BAD_MODEL, "model %s answers %d classes, %s has %d; 'dense classes' in a model's text makes as many as the data have",
                    q->model->name, net->classes, q->data->name, q->data->class_count);
  return IG_OK;
}

static bool loss_is(const char *loss, const char *name) {
  const size_t length = strcspn(loss, " ");
  return strlen(name) == length && !strncmp(loss, name, length);
}

/* What the prediction's numbers are. A model without softmax or sigmoid at its end is what its loss takes it for. */
static void find_end(const ig__network_request *q, ig__network *net, const ig__node *end) {
  const char *loss = q->loss ? q->loss : q->trained_with;
  net->ends_in = NUMBERS;
  if (end && (end->op == &ig__op_softmax || end->op == &ig__op_sigmoid)) net->ends_in = PROBABILITIES;
  else if (end && end->op == &ig__op_log_softmax) net->ends_in = LOGARITHMS;
  else if (loss && loss_is(loss, "binary_cross_entropy")) net->ends_in = SIGMOID_LOGITS;
  else if (loss && (!*loss || loss_is(loss, "cross_entropy") || loss_is(loss, "focal"))) net->ends_in = SOFTMAX_LOGITS;
  /* Probabilities, and what is trained towards 0 and 1, change sides at a half, logits at 0. */
  net->threshold = net->ends_in == SIGMOID_LOGITS ? 0 : 0.5;
}

static ig_status build(const ig_context *context, const ig__network_request *q, ig__network *net, ig__graph *graph,
                       ig__outputs *out) {
  ig__built built;
  IG__TRY(ig__model_build(q->model, graph, dtype_of(&q->data->field[net->image_field]), &built));
  IG__TRY(check_prediction(q, net, ig__shape_of(graph, built.output[0])));
  find_end(q, net, ig__tensor_of(graph, built.output[0])->node);
  IG__TRY(ig__outputs_add(out, built.output[0], -1)); /* its place is the loss's, when there is one */
  IG__TRY(ig__outputs_add(out, built.output[0], -1));
  for (int i = 1; q->every_output && i < built.output_count; i++) IG__TRY(ig__outputs_add(out, built.output[i], -1));
  if (!q->loss) return graph->status;
  const char *text = *q->loss ? q->loss : has_labels(q, net) ? "cross_entropy" : "mse";
  const int rows[] = {graph->n, net->classes};
  ig__value target = q->soft_labels ? ig__leaf_add(graph, IG__LEAF_FIELD, 1, IG__F32, ig__shape_make(2, rows, true))
                                    : target_leaf(graph, &q->data->field[net->target_field]);
  ig__value loss = build_loss(&context->ops, graph, text, built.output[0], target, q->class_weight != NULL);
  IG__TRY(graph->status);
  out->list[OUT_LOSS].value = loss;
  if (q->kinks) IG__TRY(add_kinks(net, graph, out));
  if (q->curvature) return ig__curvature_add(q->model, graph, q->curvature == IG__GAUSS_NEWTON, built.output[0], loss, out);
  return q->gradients ? add_gradients(q->model, graph, loss, out) : IG_OK;
}

/* Of the parameters, and of the vector that is multiplied with the curvature, which stands behind them. */
static ig_status find_offsets(const ig__network_request *q, int64_t **out) {
  const ig__model *m = q->model;
  int64_t *offset = *out = ig__alloc(2 * m->param_count + 1, sizeof *offset);
  if (!offset) return IG_NO_MEMORY;
  for (size_t i = 0; i < m->param_count; i++) {
    offset[i] = m->param_offset[i];
    offset[m->param_count + i] = m->params_size + m->param_offset[i];
  }
  return IG_OK;
}

ig_status ig__conv_is_direct(const char *conv, bool *direct) {
  *direct = !strcmp(conv, "direct");
  return *direct || !strcmp(conv, "auto") ? IG_OK : ig__unknown(IG_USAGE, conv, (const char *const[]){"auto", "direct"}, 2, "--conv:");
}

ig_status ig__network_new(const ig_context *context, const ig__network_request *q, ig__network *net) {
  ig__graph *graph = NULL;
  ig__outputs out = {0};
  int64_t *offset = NULL;
  *net = (ig__network){.model = q->model, .n = q->n, .class_weight = q->class_weight,
                       .k = ig__kernels_for(context->isa, q->model->real_size)};
  IG__TRY(check_picture(q->model, q->data, net));
  bool direct = false;
  if (q->conv) IG__TRY(ig__conv_is_direct(q->conv, &direct));
  ig_status status = ig__graph_new(&graph, ig__core_ops_get(), q->n, q->training);
  if (status == IG_OK) graph->direct = direct, graph->choices = q->choices;
  if (status == IG_OK) status = build(context, q, net, graph, &out);
  if (status == IG_OK) status = find_offsets(q, &offset);
  if (status == IG_OK)
    status = ig__plan_new(&net->plan, &(ig__plan_request){
      .graph = graph, .output = out.list, .output_count = (int)out.count, .k = net->k, .accumulates = q->accumulates,
      .param_offset = offset, .state_offset = q->model->state_offset, .param_count = q->model->params_size});
  if (status == IG_OK) status = ig__plan_prepare(net->plan, ig__pool_threads(context->pool));
  if (status == IG_OK && q->class_weight && !(net->weights = ig__alloc((size_t)q->n, (size_t)net->k->real_size)))
    status = IG_NO_MEMORY;
  ig__graph_free(graph);
  ig__free(out.list);
  ig__free(offset);
  if (status != IG_OK) ig__network_free(net);
  return status;
}

void ig__network_free(ig__network *net) {
  ig__plan_free(net->plan);
  ig__free(net->weights);
  net->plan = NULL;
  net->weights = NULL;
}

double ig__network_weigh(const ig__network *net, const ig__batch *batch) {
  const int32_t *label = net->class_weight ? batch->field[net->target_field] : NULL;
  double sum = 0;
  for (int i = 0; i < batch->n; i++) sum += label ? net->class_weight[label[i]] : 1;
  return sum;
}

/* Weights of mean 1, so that the mean loss is Σ weight·loss / Σ weight, as PyTorch's with weights. */
static void fill_weights(ig__network *net, const ig__batch *batch) {
  net->weight = ig__network_weigh(net, batch);
  if (!net->class_weight) return;
  const int32_t *label = batch->field[net->target_field];
  for (int i = 0; i < batch->n; i++)
    ig__real_put(net->k->real_size, net->weights, i, net->class_weight[label[i]] * batch->n / net->weight);
}

ig_status ig__network_run(ig__network *net, const ig_context *context, const ig__batch *batch, const ig__pass_step *step) {
  const void *target = step->target ? step->target : net->target_field < 0 ? NULL : batch->field[net->target_field];
  fill_weights(net, batch);
  ig__feed feed = {.n = batch->n,
                   .params = step->params ? step->params : net->model->params,
                   .state = net->model->states,
                   .grads = step->grads,
                   .accumulate = step->accumulate,
                   .field = {batch->field[net->image_field], target, net->weights},
                   .loss_scale = step->loss_scale,
                   .step = {step->seed, step->step, batch->key},
                   .version = step->params ? 0 : net->model->version};
  return ig__plan_run(net->plan, context->pool, &feed);
}

const void *ig__network_output(const ig__network *net, int index) { return ig__plan_result(net->plan, OUT_ANSWER + index); }

double ig__network_loss(const ig__network *net) { return ig__real_at(net->k->real_size, ig__plan_result(net->plan, OUT_LOSS), 0); }

uint64_t ig__network_kinks(const ig__network *net) {
  uint64_t hash = 0;
  for (int i = net->first_kink; i < net->first_kink + net->kinks; i++) {
    const void *p = ig__plan_result(net->plan, i);
    const ig__shape *shape = ig__plan_result_shape(net->plan, i);
    bool winner = ig__plan_result_dtype(net->plan, i) == IG__U8;
    for (int64_t k = 0, count = ig__shape_count(shape); k < count; k++) {
      uint64_t side = winner ? ((const uint8_t *)p)[k] : ig__real_at(net->k->real_size, p, k) > 0;
      hash = (hash ^ side) * 1099511628211u + 1;
    }
  }
  return hash;
}

int ig__network_answer(const ig__network *net, int i) {
  const void *p = ig__plan_result(net->plan, OUT_ANSWER);
  if (net->binary) return ig__real_at(net->k->real_size, p, i) > net->threshold;
  int64_t row = (int64_t)i * net->classes;
  int best = 0;
  for (int c = 1; c < net->classes; c++)
    if (ig__real_at(net->k->real_size, p, row + c) > ig__real_at(net->k->real_size, p, row + best)) best = c;
  return best;
}

bool ig__network_scores(const ig__network *net, int i, double *out) {
  const void *p = ig__plan_result(net->plan, OUT_ANSWER);
  const ig__kernels *k = ig__kernels_for(net->k->isa, sizeof *out);
  const int width = net->binary ? 1 : net->classes;
  for (int c = 0; c < width; c++) out[c] = ig__real_at(net->k->real_size, p, (int64_t)i * width + c);
  if (net->ends_in == SOFTMAX_LOGITS) k->softmax(out, out, 1, width);
  if (net->ends_in == SIGMOID_LOGITS) k->sigmoid(out, out, width);
  if (net->ends_in == LOGARITHMS) k->exp(out, out, width);
  if (net->binary) {
    out[1] = out[0];
    out[0] = (net->ends_in == NUMBERS ? 0 : 1) - out[1];
  }
  return net->ends_in != NUMBERS;
}
