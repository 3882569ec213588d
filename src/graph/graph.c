/* Building a graph: leaves, nodes, and the sticky failure. */
#include "graph/op.h"

#include <string.h>

/* Elements of one tensor: beyond this an offset in bytes could leave int64 arithmetic, and no machine has the memory. */
#define MAX_ELEMENTS ((int64_t)1 << 40)

ig_status ig__graph_new(ig__graph **out, ig__core_ops core, int n, bool training) {
  ig__graph *graph = ig__alloc(1, sizeof *graph);
  *out = NULL;
  if (!graph) return IG_NO_MEMORY;
  if (n < 1) {
    ig__free(graph);
    return ig__fail(IG_USAGE, "a graph for %d pictures: at least one is wanted", n);
  }
  graph->arena = ig__arena_new();
  if (!graph->arena) {
    ig__free(graph);
    return IG_NO_MEMORY;
  }
  graph->core = core;
  graph->n = n;
  graph->training = training;
  graph->line = "";
  *out = graph;
  return IG_OK;
}

void ig__graph_free(ig__graph *graph) {
  if (!graph) return;
  ig__free(graph->tensor);
  ig__free(graph->node);
  ig__arena_free(graph->arena);
  ig__free(graph);
}

ig_status ig__graph_status(const ig__graph *graph) { return graph->status; }

ig__value ig__graph_fail(ig__graph *graph, ig_status status) {
  if (graph->status == IG_OK) graph->status = status;
  return IG__NONE;
}

const ig__tensor *ig__tensor_of(const ig__graph *graph, ig__value value) {
  static const ig__tensor nothing;
  return value < 0 || (size_t)value >= graph->tensor_count ? &nothing : graph->tensor[value];
}

const ig__shape *ig__shape_of(const ig__graph *graph, ig__value value) { return &ig__tensor_of(graph, value)->shape; }

/* Every dimension at least 1, the product small enough: afterwards no size of this tensor can overflow. */
static ig_status check_shape(const ig__graph *graph, const ig__shape *s, const char *what) {
  int64_t count = 1;
  char text[96];
  if (s->rank < 0 || s->rank > IG__MAX_RANK)
    return ig__fail(IG_BAD_MODEL, "%s: rank %d, at most %d is possible", what, s->rank, IG__MAX_RANK);
  for (int i = 0; i < s->rank; i++) {
    if (s->dim[i] < 1)
      return ig__fail(IG_BAD_MODEL, "%s: the output would have the shape %s, and nothing is left of it", what,
                      ig__shape_text(text, s));
    if (s->dim[i] > MAX_ELEMENTS / count)
      return ig__fail(IG_BAD_MODEL, "%s: the output %s would have more than 2^40 elements", what, ig__shape_text(text, s));
    count *= s->dim[i];
  }
  if (s->batched && (s->rank == 0 || s->dim[0] != graph->n))
    return ig__fail(IG_BAD_MODEL, "%s: a batched output that has not the pictures first", what);
  return IG_OK;
}

static ig__value add_tensor(ig__graph *graph, const ig__tensor *t) {
  ig__tensor *copy = ig__arena_take(graph->arena, 1, sizeof *copy);
  if (!copy || ig__grow((void **)&graph->tensor, graph->tensor_count, &graph->tensor_capacity, sizeof *graph->tensor))
    return ig__graph_fail(graph, IG_NO_MEMORY);
  *copy = *t;
  graph->tensor[graph->tensor_count] = copy;
  return (ig__value)graph->tensor_count++;
}

bool ig__choices_give(const ig__choices *choices, const char *question, const char *way) {
  const size_t asked = strlen(question), said = strlen(way);
  for (const char *line = choices ? choices->given : NULL; line && *line;) {
    const size_t length = strcspn(line, "\n");
    if (length == asked + 2 + said && !memcmp(line, question, asked) && !memcmp(line + asked, ": ", 2) &&
        !memcmp(line + asked + 2, way, said))
      return true;
    line += length + (line[length] == '\n');
  }
  return false;
}

void ig__choices_note(ig__choices *choices, const char *question, const char *way) {
  if (!choices || ig__choices_give(&(ig__choices){.given = (const char *)choices->made.data}, question, way)) return;
  ig__buffer_text(&choices->made, "%s: %s\n", question, way);
}

ig__value ig__leaf_add(ig__graph *graph, ig__leaf leaf, int index, ig__dtype dtype, ig__shape shape) {
  if (graph->status != IG_OK) return IG__NONE;
  ig_status status = check_shape(graph, &shape, "a leaf");
  if (status != IG_OK) return ig__graph_fail(graph, status);
  return add_tensor(graph, &(ig__tensor){.shape = shape, .dtype = dtype, .leaf = leaf, .leaf_index = index});
}

/* Runs the op's own rule and checks what it says. */
static ig_status infer(const ig__graph *graph, const ig__op *op, const void *options, int in_count, const ig__value *in,
                       ig__infer *i) {
  *i = (ig__infer){.graph = graph, .op = op, .options = options, .in_count = in_count, .out_count = op->outputs};
  if (in_count < op->min_in || in_count > op->max_in)
    return ig__fail(IG_BAD_MODEL, "%s takes %d input%s%s, got %d", op->name, op->min_in, op->min_in == 1 ? "" : "s",
                    op->max_in > op->min_in ? " or more" : "", in_count);
  for (int k = 0; k < in_count; k++) i->in[k] = ig__tensor_of(graph, in[k]);
  IG__TRY(op->infer(i));
  for (int k = 0; k < i->out_count; k++) IG__TRY(check_shape(graph, &i->out[k].shape, op->name));
  return IG_OK;
}

ig__value ig__node_add(ig__graph *graph, const ig__op *op, const void *options, int in_count, const ig__value *in,
                       ig__value *out) {
  for (int k = 0; out && k < op->outputs; k++) out[k] = IG__NONE;
  if (graph->status != IG_OK) return IG__NONE;
  for (int k = 0; k < in_count; k++)
    if (in[k] < 0 || (size_t)in[k] >= graph->tensor_count)
      return ig__graph_fail(graph, ig__fail(IG_BAD_MODEL, "%s: input %d is no value of this graph", op->name, k));

  ig__node *node = ig__arena_take(graph->arena, 1, sizeof *node);
  void *copy = op->options_size ? ig__arena_take(graph->arena, 1, op->options_size) : NULL;
  if (!node || (op->options_size && !copy)) return ig__graph_fail(graph, IG_NO_MEMORY);
  if (copy && options) memcpy(copy, options, op->options_size);
  else if (copy) ig__options_default(op->options, copy);

  ig__infer i;
  ig_status status = infer(graph, op, copy, in_count, in, &i);
  if (status != IG_OK) return ig__graph_fail(graph, status);
  if (ig__grow((void **)&graph->node, graph->node_count, &graph->node_capacity, sizeof *graph->node))
    return ig__graph_fail(graph, IG_NO_MEMORY);

  *node = (ig__node){.op = op, .options = copy, .line = graph->line, .order = graph->order, .id = (int)graph->node_count,
                     .in_count = in_count, .out_count = i.out_count};
  memcpy(node->in, in, (size_t)in_count * sizeof *in);
  for (int k = 0; k < i.out_count; k++) {
    i.out[k].node = node;
    i.out[k].output = k;
    i.out[k].leaf = IG__LEAF_NOT;
    node->out[k] = add_tensor(graph, &i.out[k]);
    if (node->out[k] == IG__NONE) return IG__NONE;
    if (out) out[k] = node->out[k];
  }
  graph->node[graph->node_count++] = node;
  return i.out_count ? node->out[0] : IG__NONE;
}

ig__value ig__node1(ig__graph *graph, const ig__op *op, const void *options, ig__value a) {
  return ig__node_add(graph, op, options, 1, &a, NULL);
}

ig__value ig__node2(ig__graph *graph, const ig__op *op, const void *options, ig__value a, ig__value b) {
  return ig__node_add(graph, op, options, 2, (ig__value[]){a, b}, NULL);
}

ig__value ig__node3(ig__graph *graph, const ig__op *op, const void *options, ig__value a, ig__value b, ig__value c) {
  return ig__node_add(graph, op, options, 3, (ig__value[]){a, b, c}, NULL);
}
