/* From the graph asked for to the plan's own: nodes that no output needs stay behind, the others pass through their ops'
 * lowering rules (packed weights, fused neighbours). */
#include "graph/plan_impl.h"

#include <string.h>

typedef struct copying {
  const ig__graph *from;
  bool *needed;        /* by node */
  int *uses;           /* by value */
  const char *line, *kept; /* the last node's line, and its copy in the plan's arena */
  ig__value *to;       /* by value: its counterpart in the plan's graph */
  ig__value *again;    /* by value: the one that is made for the backward pass once more, IG__NONE */
} copying;

static void count_uses(copying *c, const ig__plan_request *request) {
  for (int i = 0; i < request->output_count; i++) c->uses[request->output[i].value]++;
  for (size_t i = c->from->node_count; i-- > 0;) {
    const ig__node *node = c->from->node[i];
    bool needed = (node->op->flags & IG__SIDE_EFFECT) != 0;
    for (int k = 0; k < node->out_count; k++) needed |= c->uses[node->out[k]] > 0;
    c->needed[i] = needed;
    for (int k = 0; needed && k < node->in_count; k++) c->uses[node->in[k]]++;
  }
}

ig__node *ig__lower_producer(const ig__lower *l, int i, const ig__op *op) {
  ig__node *producer = ig__tensor_of(l->graph, l->in[i])->node;
  return producer && producer->op == op && l->uses[l->node->in[i]] == 1 ? producer : NULL;
}

static ig__value map_input(ig__plan *plan, copying *c, ig__value value) {
  const ig__tensor *t = ig__tensor_of(c->from, value);
  if (c->to[value] == IG__NONE && t->leaf != IG__LEAF_NOT)
    c->to[value] = ig__leaf_add(plan->graph, t->leaf, t->leaf_index, t->dtype, t->shape);
  return c->to[value];
}

/* Lines live in the caller's graph; the plan outlives it. */
static ig_status keep_line(ig__plan *plan, copying *c, const char *line) {
  if (line != c->line) c->kept = *line ? ig__arena_strdup(plan->graph->arena, line) : "";
  c->line = line;
  plan->graph->line = c->kept ? c->kept : "";
  return c->kept ? IG_OK : IG_NO_MEMORY;
}

/* A node that hands its input on, rewritten or as it is, has its input's other readers too. */
static void add_uses(copying *c, const ig__node *node, const ig__value *in, const ig__value *out) {
  for (int k = 0; k < node->out_count; k++)
    for (int i = 0; i < node->in_count; i++)
      if (in[i] == out[k]) {
        c->uses[node->out[k]] += c->uses[node->in[i]] - 1;
        break;
      }
}

/* What the backward pass reads in place of a value of the forward pass: where that is made by one cheap pass over something
 * that is kept for the backward pass anyway (IG__CHEAP), it is made once more, just before its first reader there, and need
 * not be kept meanwhile. The same node on the same inputs gives the same bits. */
static ig__value remake(ig__plan *plan, copying *c, ig__value from, ig__value value) {
  ig__graph *graph = plan->graph;
  const ig__node *maker = ig__tensor_of(graph, value)->node;
  if (!graph->training || !maker || maker->order || !(maker->op->flags & IG__CHEAP)) return value;
  if (c->again[from] == IG__NONE) {
    const char *line = graph->line;
    graph->line = maker->line;
    c->again[from] = ig__node_add(graph, maker->op, maker->options, maker->in_count, maker->in, NULL);
    graph->line = line;
  }
  return c->again[from];
}

static ig_status copy_node(ig__plan *plan, copying *c, const ig__node *node) {
  ig__value in[IG__MAX_IN], out[IG__MAX_OUT];
  for (int k = 0; k < node->in_count; k++) in[k] = map_input(plan, c, node->in[k]);
  for (int k = 0; k < node->out_count; k++) out[k] = IG__NONE;
  IG__TRY(keep_line(plan, c, node->line));
  plan->graph->order = node->order;
  for (int k = 0; node->order && k < node->in_count; k++) in[k] = remake(plan, c, node->in[k], in[k]);
  IG__TRY(plan->graph->status);
  if (node->op->lower)
    IG__TRY(node->op->lower(&(ig__lower){plan->graph, c->from, node, in, out, plan->k, c->uses}));
  else
    ig__node_add(plan->graph, node->op, node->options, node->in_count, in, out);
  IG__TRY(plan->graph->status);
  add_uses(c, node, in, out);
  for (int k = 0; k < node->out_count; k++) c->to[node->out[k]] = out[k];
  return IG_OK;
}

static ig_status copy_outputs(ig__plan *plan, copying *c, const ig__plan_request *request) {
  for (int i = 0; i < request->output_count; i++) {
    plan->output[i] = request->output[i];
    plan->output[i].value = map_input(plan, c, request->output[i].value);
    IG__TRY(plan->graph->status);
    if (plan->output[i].value == IG__NONE) return ig__fail(IG_FAILED, "output %d of a plan is lost in lowering", i);
  }
  return IG_OK;
}

ig_status ig__plan_lower(ig__plan *plan, const ig__plan_request *request) {
  const ig__graph *from = request->graph;
  copying c = {.from = from,
               .needed = ig__alloc(from->node_count, sizeof *c.needed),
               .uses = ig__alloc(from->tensor_count, sizeof *c.uses),
               .to = ig__alloc(from->tensor_count, sizeof *c.to),
               .again = ig__alloc(from->tensor_count, sizeof *c.again)};
  ig_status status = c.needed && c.uses && c.to && c.again ? IG_OK : IG_NO_MEMORY;
  if (status == IG_OK) {
    for (size_t i = 0; i < from->tensor_count; i++) c.to[i] = c.again[i] = IG__NONE;
    count_uses(&c, request);
    for (size_t i = 0; status == IG_OK && i < from->node_count; i++)
      if (c.needed[i]) status = copy_node(plan, &c, from->node[i]);
    if (status == IG_OK) status = copy_outputs(plan, &c, request);
  }
  ig__free(c.needed);
  ig__free(c.uses);
  ig__free(c.to);
  ig__free(c.again);
  return status;
}
