/* Differentiation: walks the graph backwards once and lets each op's rule append what flows into its inputs. What it appends
 * is ordinary graph, so a second call differentiates the gradient. */
#include "graph/op.h"

#include <string.h>

typedef struct walk {
  ig__graph *graph;
  size_t tensors, nodes;   /* of the graph before anything is appended */
  bool *leads;             /* value → does it depend on one of the values asked for? */
  ig__value *flow;         /* value → what has flowed into it so far */
} walk;

/* Marks everything that depends on the values asked for. Nodes are in topological order, so one pass does. */
static void mark(walk *w, const ig__value *of, int count) {
  for (int i = 0; i < count; i++)
    if (of[i] >= 0 && (size_t)of[i] < w->tensors) w->leads[of[i]] = true;
  for (size_t i = 0; i < w->nodes; i++) {
    const ig__node *node = w->graph->node[i];
    bool any = false;
    for (int k = 0; k < node->in_count; k++) any |= w->leads[node->in[k]];
    for (int k = 0; any && k < node->out_count; k++)
      w->leads[node->out[k]] |= ig__tensor_of(w->graph, node->out[k])->dtype == IG__REAL;
  }
}

/* Two flows into one value are added. */
static void flow_into(walk *w, ig__value to, ig__value more) {
  if (more == IG__NONE) return;
  w->flow[to] = w->flow[to] == IG__NONE ? more : ig__node2(w->graph, w->graph->core.add, NULL, w->flow[to], more);
}

static ig_status check_flow(const walk *w, const ig__node *node, int input, ig__value flow) {
  const ig__shape *want = ig__shape_of(w->graph, node->in[input]), *got = ig__shape_of(w->graph, flow);
  char a[96], b[96];
  if (flow == IG__NONE || ig__shape_equal(want, got)) return IG_OK;
  return ig__fail(IG_FAILED, "%s: its rule gives input %d a gradient of shape %s, the input has %s", node->op->name, input,
                  ig__shape_text(b, got), ig__shape_text(a, want));
}

static ig_status back_through(walk *w, const ig__node *node) {
  ig__value gout[IG__MAX_OUT], gin[IG__MAX_IN];
  bool wanted[IG__MAX_IN], flows = false, leads = false;
  for (int k = 0; k < node->out_count; k++) {
    gout[k] = w->flow[node->out[k]];
    flows |= gout[k] != IG__NONE;
  }
  for (int k = 0; k < node->in_count; k++) {
    gin[k] = IG__NONE;
    wanted[k] = w->leads[node->in[k]];
    leads |= wanted[k];
  }
  if (!flows || !leads) return IG_OK;
  if (!node->op->derive)
    return ig__fail(IG_BAD_MODEL, "%s%s%s cannot be differentiated here: %s", node->op->name, *node->line ? " in line " : "",
                    node->line, node->op->no_derivative ? node->op->no_derivative : "it has no derivative");
  w->graph->line = node->line;
  ig_status status = node->op->derive(&(ig__derive){w->graph, node, gout, gin, wanted});
  if (status == IG_OK) status = w->graph->status;
  if (status == IG_BAD_MODEL && *node->line) return ig__fail_at(status, "line %s", node->line);
  IG__TRY(status);
  for (int k = 0; k < node->in_count; k++) {
    if (!wanted[k]) continue;
    IG__TRY(check_flow(w, node, k, gin[k]));
    flow_into(w, node->in[k], gin[k]);
  }
  return w->graph->status;
}

static bool is_real(const ig__graph *graph, ig__value v) {
  return v >= 0 && (size_t)v < graph->tensor_count && ig__tensor_of(graph, v)->dtype == IG__REAL;
}

static ig_status check_seed(const ig__graph *graph, ig__value value, ig__value seed) {
  char a[96], b[96];
  const ig__shape *shape = ig__shape_of(graph, value);
  if (!is_real(graph, value) || (seed == IG__NONE && shape->rank != 0))
    return ig__fail(IG_BAD_MODEL, "only a scalar can be differentiated without a seed");
  if (seed == IG__NONE || (is_real(graph, seed) && ig__shape_equal(shape, ig__shape_of(graph, seed)))) return IG_OK;
  return ig__fail(IG_BAD_MODEL, "the seed of a gradient has the shape of what is differentiated, %s, not %s", ig__shape_text(a, shape),
                  ig__shape_text(b, ig__shape_of(graph, seed)));
}

ig_status ig__gradients(ig__graph *graph, ig__value value, ig__value seed, const ig__value *of, int count, ig__value *out) {
  for (int i = 0; i < count; i++) out[i] = IG__NONE;
  IG__TRY(graph->status);
  IG__TRY(check_seed(graph, value, seed));
  if (seed == IG__NONE) seed = ig__leaf_add(graph, IG__LEAF_SCALAR, IG__SCALAR_ONE, IG__REAL, (ig__shape){0});

  walk w = {.graph = graph, .tensors = graph->tensor_count, .nodes = graph->node_count};
  w.leads = ig__alloc(w.tensors, sizeof *w.leads);
  w.flow = ig__alloc(w.tensors, sizeof *w.flow);
  ig_status status = w.leads && w.flow ? graph->status : IG_NO_MEMORY;
  if (status == IG_OK) {
    const char *line = graph->line;
    graph->order++;
    for (size_t i = 0; i < w.tensors; i++) w.flow[i] = IG__NONE;
    mark(&w, of, count);
    w.flow[value] = seed;
    for (size_t i = w.nodes; status == IG_OK && i-- > 0;) status = back_through(&w, graph->node[i]);
    for (int i = 0; status == IG_OK && i < count; i++)
      if (of[i] >= 0 && (size_t)of[i] < w.tensors) out[i] = w.flow[of[i]];
    graph->line = line;
    graph->order--;
  }
  if (status != IG_OK) ig__graph_fail(graph, status);
  ig__free(w.leads);
  ig__free(w.flow);
  return status;
}
