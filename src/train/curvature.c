/* Products of the loss's second derivative with a vector, as graph.
 *
 * H·v is the gradient of ⟨∇L, v⟩ (Pearlmutter). Gauss and Newton's G·v = Jᵀ·H_L·J·v, with J the derivative of the network's
 * output z by its weights and H_L that of the loss by z, takes three walks. A walk back gives Jᵀ·u; it is linear in u, so its own
 * derivative by u gives J·v (u itself may be anything, here 0·z). The same for the gradient of the loss by z gives H_L·J·v, and a
 * last walk back from z, seeded with that, gives the product. */
#include "ops/scale.h"
#include "train/network_impl.h"

ig_status ig__outputs_add(ig__outputs *o, ig__value value, int64_t into) {
  IG__TRY(ig__grow((void **)&o->list, o->count, &o->capacity, sizeof *o->list));
  o->list[o->count++] = (ig__plan_output){value, into};
  return IG_OK;
}

int ig__trained_leaves(const ig__model *model, const ig__graph *graph, ig__value **of, int **number) {
  int count = 0;
  *of = ig__alloc(model->param_count + 1, sizeof **of);
  *number = ig__alloc(model->param_count + 1, sizeof **number);
  if (!*of || !*number) return -1;
  for (size_t t = 0; t < graph->tensor_count; t++) {
    const ig__tensor *tensor = graph->tensor[t];
    if (tensor->leaf != IG__LEAF_PARAM || model->param[tensor->leaf_index].frozen) continue;
    (*of)[count] = (ig__value)t;
    (*number)[count++] = tensor->leaf_index;
  }
  return count;
}

/* The parameters and what is multiplied with: leaves whose numbers begin after the parameters'. */
typedef struct vectors { ig__graph *graph; ig__value *of, *v, *grad; int *number, count; } vectors;

/* Σ ⟨gradᵢ, vᵢ⟩. */
static ig__value dot(const vectors *w) {
  ig__value sum = IG__NONE;
  for (int i = 0; i < w->count; i++) {
    if (w->grad[i] == IG__NONE) continue;
    ig__value part = ig__node1(w->graph, &ig__op_sum, NULL, ig__node2(w->graph, &ig__op_mul, NULL, w->grad[i], w->v[i]));
    sum = sum == IG__NONE ? part : ig__node2(w->graph, &ig__op_add, NULL, sum, part);
  }
  return sum;
}

static ig_status hessian(const vectors *w, ig__value loss, ig__value seed) {
  IG__TRY(ig__gradients(w->graph, loss, seed, w->of, w->count, w->grad));
  ig__value sum = dot(w);
  return sum == IG__NONE ? IG_OK : ig__gradients(w->graph, sum, IG__NONE, w->of, w->count, w->grad);
}

/* What the loss is convex in: the prediction, or, where softmax and loss are one op, what went into the softmax. */
static ig_status find_z(ig__graph *graph, ig__value prediction, ig__value loss, ig__value seed, ig__value *z, ig__value *slope) {
  const ig__node *maker = ig__tensor_of(graph, prediction)->node;
  *z = prediction;
  IG__TRY(ig__gradients(graph, loss, seed, z, 1, slope));
  if (*slope != IG__NONE || !maker) return IG_OK;
  *z = maker->in[0];
  return ig__gradients(graph, loss, seed, z, 1, slope);
}

static ig_status gauss_newton(const vectors *w, ig__value prediction, ig__value loss, ig__value seed) {
  ig__graph *graph = w->graph;
  ig__value z, slope, jv, curved;
  IG__TRY(find_z(graph, prediction, loss, seed, &z, &slope));
  if (slope == IG__NONE) return ig__fail(IG_BAD_MODEL, "curvature=gauss_newton: the loss does not depend on the model's output");
  ig__value u = ig__scale_node(graph, z, 0), r = ig__scale_node(graph, slope, 0);
  IG__TRY(ig__gradients(graph, z, u, w->of, w->count, w->grad));
  IG__TRY(ig__gradients(graph, dot(w), IG__NONE, &u, 1, &jv));
  IG__TRY(ig__gradients(graph, slope, r, &z, 1, &curved));
  IG__TRY(ig__gradients(graph, curved, jv, &r, 1, &curved));
  return ig__gradients(graph, z, curved, w->of, w->count, w->grad);
}

static ig_status add(const ig__model *model, vectors *w, bool gauss, ig__value prediction, ig__value loss, ig__outputs *outputs) {
  ig__graph *graph = w->graph;
  for (int i = 0; i < w->count; i++)
    w->v[i] = ig__leaf_add(graph, IG__LEAF_PARAM, (int)model->param_count + w->number[i], IG__REAL, *ig__shape_of(graph, w->of[i]));
  ig__value seed = ig__leaf_add(graph, IG__LEAF_SCALAR, IG__SCALAR_LOSS_SCALE, IG__REAL, (ig__shape){0});
  IG__TRY(gauss ? gauss_newton(w, prediction, loss, seed) : hessian(w, loss, seed));
  for (int i = 0; i < w->count; i++) {
    if (w->grad[i] == IG__NONE) w->grad[i] = ig__scale_node(graph, w->of[i], 0);
    IG__TRY(graph->status);
    IG__TRY(ig__outputs_add(outputs, w->grad[i], model->param[w->number[i]].offset));
  }
  return graph->status;
}

ig_status ig__curvature_add(const ig__model *model, ig__graph *graph, bool gauss, ig__value prediction, ig__value loss,
                            ig__outputs *outputs) {
  vectors w = {.graph = graph};
  w.count = ig__trained_leaves(model, graph, &w.of, &w.number);
  w.v = ig__alloc(model->param_count + 1, sizeof *w.v);
  w.grad = ig__alloc(model->param_count + 1, sizeof *w.grad);
  ig_status status = w.count >= 0 && w.v && w.grad ? add(model, &w, gauss, prediction, loss, outputs) : IG_NO_MEMORY;
  ig__free(w.of);
  ig__free(w.number);
  ig__free(w.v);
  ig__free(w.grad);
  return status;
}
