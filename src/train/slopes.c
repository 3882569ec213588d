/* Gradients of a network's numbers by the pixels of its pictures. */
#include "train/slopes.h"

#include "ops/ops.h"
#include "train/network_impl.h"

#include <string.h>

enum { OUT_NUMBERS, OUT_GRADIENT };
enum { FIELD_PICTURES, FIELD_WEIGHTS };

static const ig__node *maker(const ig__graph *graph, ig__value v) { return ig__tensor_of(graph, v)->node; }

static bool ends_an_output(const ig__op *op) {
  return op == &ig__op_softmax || op == &ig__op_log_softmax || op == &ig__op_sigmoid;
}

/* Behind a relu that is shut, or a softmax that is sure, nothing moves any more. */
static ig__value before_activation(const ig__graph *graph, ig__value v, bool of_output) {
  for (const ig__node *node = maker(graph, v); node && node->in_count == 1; node = maker(graph, v)) {
    if (of_output ? !ends_an_output(node->op) : !(node->op->flags & IG__ACTIVATION)) break;
    v = node->in[0];
    if (of_output) break;
  }
  return v;
}

/* A file that does not say is taken for one that was trained as `train` does it by itself. */
static bool trained_with(const ig__model *m, const char *loss) {
  if (!m->loss || !*m->loss) return !*loss;
  const size_t length = strlen(loss);
  return length && !strncmp(m->loss, loss, length) && (m->loss[length] == 0 || m->loss[length] == ' ');
}

static void find_numbers(ig__slopes *s, const ig__slopes_request *q, const ig__graph *graph, ig__value end, ig__value numbers) {
  s->shape = *ig__shape_of(graph, numbers);
  s->numbers = ig__shape_per_picture(&s->shape);
  if (q->line >= 0) return;
  const ig__op *op = maker(graph, end) ? maker(graph, end)->op : NULL;
  const bool softmax = trained_with(q->model, "") || trained_with(q->model, "cross_entropy") || trained_with(q->model, "focal");
  s->softmax = op == &ig__op_softmax || op == &ig__op_log_softmax || (op != &ig__op_sigmoid && softmax);
  if (s->numbers != 1 || !q->model->class_name || q->model->class_count != 2) return;
  const bool logit = op == &ig__op_sigmoid || trained_with(q->model, "binary_cross_entropy");
  s->binary = true;
  s->softmax = logit;
  s->numbers = 2;
  s->middle = logit ? 0 : 0.5;
}

static ig_status make_plan(ig__slopes *s, const ig__graph *graph, const ig__plan_output *output, int count, ig__plan **out) {
  const ig__model *m = s->model;
  IG__TRY(ig__plan_new(out, &(ig__plan_request){.graph = graph, .output = output, .output_count = count,
                       .k = ig__kernels_for(s->context->isa, m->real_size), .param_offset = m->param_offset,
                       .state_offset = m->state_offset, .param_count = m->params_size}));
  return ig__plan_prepare(*out, ig__pool_threads(s->context->pool));
}

static ig_status build(ig__slopes *s, const ig__slopes_request *q, ig__graph *graph) {
  ig__built built;
  IG__TRY(ig__model_build(q->model, graph, IG__REAL, &built));
  const ig__value end = q->line < 0 ? built.output[0] : built.line[q->line];
  const ig__value numbers = before_activation(graph, end, q->line < 0);
  find_numbers(s, q, graph, end, numbers);
  ig__plan_output out[] = {{numbers, -1}, {IG__NONE, -1}};
  IG__TRY(make_plan(s, graph, out, 1, &s->forward));
  ig__value seed = ig__leaf_add(graph, IG__LEAF_FIELD, FIELD_WEIGHTS, IG__REAL, s->shape);
  IG__TRY(ig__gradients(graph, numbers, seed, &built.image, 1, &out[OUT_GRADIENT].value));
  if (out[OUT_GRADIENT].value == IG__NONE)
    return ig__fail(IG_BAD_MODEL, "model %s: %s does not depend on the picture", q->model->name,
                    q->line < 0 ? "the output" : q->model->line[q->line].name);
  return make_plan(s, graph, out, 2, &s->both);
}

ig_status ig__slopes_new(const ig_context *context, const ig__slopes_request *q, ig__slopes *s) {
  const ig__input_options *in = &q->model->input;
  ig__graph *graph = NULL;
  *s = (ig__slopes){.context = context, .model = q->model, .n = q->n, .cancellable = q->cancellable, .unit = 255 * in->scale,
                    .pixels = (int64_t)in->channels * in->height * in->width};
  ig_status status = ig__graph_new(&graph, ig__core_ops_get(), q->n, false);
  if (status == IG_OK) {
    graph->direct = q->direct;
    status = build(s, q, graph);
  }
  ig__graph_free(graph);
  if (status == IG_OK) {
    s->x = ig__alloc((size_t)q->n * (size_t)s->pixels, (size_t)q->model->real_size);
    s->weight = ig__alloc((size_t)q->n * (size_t)s->numbers, (size_t)q->model->real_size);
    if (!s->x || !s->weight) status = IG_NO_MEMORY;
  }
  if (status != IG_OK) ig__slopes_free(s);
  return status;
}

void ig__slopes_free(ig__slopes *s) {
  ig__plan_free(s->forward);
  ig__plan_free(s->both);
  ig__free(s->x);
  ig__free(s->weight);
  *s = (ig__slopes){.n = 0};
}

static void take_numbers(const ig__slopes *s, const ig__plan *plan, int n, double *number) {
  const int real = s->model->real_size;
  const void *p = ig__plan_result(plan, OUT_NUMBERS);
  for (int64_t i = 0; !s->binary && i < n * s->numbers; i++) number[i] = ig__real_at(real, p, i);
  for (int i = 0; s->binary && i < n; i++) {
    number[2 * i + 1] = (ig__real_at(real, p, i) - s->middle) / 2;
    number[2 * i] = -number[2 * i + 1];
  }
}

static void give_weights(const ig__slopes *s, const double *weight, int n) {
  for (int64_t i = 0; !s->binary && i < n * s->numbers; i++) ig__real_put(s->model->real_size, s->weight, i, weight[i]);
  for (int i = 0; s->binary && i < n; i++) ig__real_put(s->model->real_size, s->weight, i, (weight[2 * i + 1] - weight[2 * i]) / 2);
}

static ig_status run_batch(ig__slopes *s, ig__plan *plan, const double *x, int n) {
  for (int64_t i = 0; i < n * s->pixels; i++) ig__real_put(s->model->real_size, s->x, i, s->unit * x[i]);
  return ig__plan_run(plan, s->context->pool, &(ig__feed){.n = n, .params = s->model->params, .state = s->model->states,
                      .field = {[FIELD_PICTURES] = s->x, [FIELD_WEIGHTS] = s->weight}, .loss_scale = 1, .version = s->model->version});
}

ig_status ig__slopes_numbers(ig__slopes *s, const double *x, int count, double *number) {
  for (int from = 0; from < count; from += s->n) {
    const int n = count - from < s->n ? count - from : s->n;
    if (s->cancellable) IG__TRY(ig__cancel_check(s->context));
    IG__TRY(run_batch(s, s->forward, x + from * s->pixels, n));
    take_numbers(s, s->forward, n, number + from * s->numbers);
  }
  return IG_OK;
}

ig_status ig__slopes_run(ig__slopes *s, const double *x, const double *weight, int count, double *number, double *gradient) {
  for (int from = 0; from < count; from += s->n) {
    const int n = count - from < s->n ? count - from : s->n;
    if (s->cancellable) IG__TRY(ig__cancel_check(s->context));
    give_weights(s, weight + from * s->numbers, n);
    IG__TRY(run_batch(s, s->both, x + from * s->pixels, n));
    if (number) take_numbers(s, s->both, n, number + from * s->numbers);
    const void *g = ig__plan_result(s->both, OUT_GRADIENT);
    for (int64_t i = 0; i < n * s->pixels; i++) gradient[from * s->pixels + i] = s->unit * ig__real_at(s->model->real_size, g, i);
  }
  return IG_OK;
}
