/* Building graphs: what is refused, that the first failure stays, shapes. */
#include "unit/graph/toy.h"

TEST(first_failure_stays) {
  toy *t = toy_new(3);
  ig__value x = toy_param(t, 1), y = toy_field(t, IG__REAL, toy_images(3, 2, 2, 2), 1), out[2] = {7, 7};
  CHECK_INT(toy_node2(t, &toy_mul, (toy_options){0}, x, y), IG__NONE);
  CHECK_STATUS(ig__graph_status(t->graph), IG_BAD_MODEL);
  CHECK_HAS(ig_last_error(), "toys of two shapes");
  size_t tensors = t->graph->tensor_count, nodes = t->graph->node_count;
  CHECK_INT(toy_node(t, &toy_pair, (toy_options){0}, 1, &x, out), IG__NONE);
  CHECK(out[0] == IG__NONE && out[1] == IG__NONE);
  CHECK_INT(ig__leaf_add(t->graph, IG__LEAF_SCALAR, 0, IG__REAL, (ig__shape){0}), IG__NONE);
  CHECK_INT(ig__graph_fail(t->graph, IG_NO_MEMORY), IG__NONE);
  CHECK_STATUS(ig__graph_status(t->graph), IG_BAD_MODEL);
  CHECK(t->graph->tensor_count == tensors && t->graph->node_count == nodes);
  CHECK_STATUS(ig__gradients(t->graph, x, IG__NONE, &x, 1, out), IG_BAD_MODEL);
  ig__plan *plan;
  CHECK_STATUS(toy_plan_make(&plan, t, 8), IG_BAD_MODEL);
  CHECK(!plan);
  toy_close(t);
}

TEST(inputs_are_checked) {
  for (int bad = 0; bad < 4; bad++) {
    toy *t = toy_new(1);
    ig__value x = toy_param(t, 1), in[17];
    for (int i = 0; i < 17; i++) in[i] = x;
    if (bad < 2) CHECK_INT(toy_node1(t, &toy_scale, (toy_options){0}, bad ? x + 1 : IG__NONE), IG__NONE);
    else CHECK_INT(toy_node(t, &toy_channels, (toy_options){0}, bad == 2 ? 0 : 17, in, NULL), IG__NONE);
    CHECK_STATUS(ig__graph_status(t->graph), IG_BAD_MODEL);
    CHECK_HAS(ig_last_error(), bad < 2 ? "no value of this graph" : "channels takes 1 input or more, got ");
    toy_close(t);
  }
  CHECK(ig__tensor_of(NULL, IG__NONE)->shape.rank == 0);
}

TEST(a_graph_has_pictures) {
  ig__graph *graph;
  for (int n = -1; n < 1; n++) {
    CHECK_STATUS(ig__graph_new(&graph, (ig__core_ops){&toy_add, &toy_convert}, n, false), IG_USAGE);
    CHECK(!graph);
  }
}

static void refuse_shape(ig__shape s, const char *why) {
  toy *t = toy_new(4);
  CHECK_INT(ig__leaf_add(t->graph, IG__LEAF_FIELD, 0, IG__REAL, s), IG__NONE);
  CHECK_STATUS(ig__graph_status(t->graph), IG_BAD_MODEL);
  CHECK_HAS(ig_last_error(), why);
  toy_close(t);
}

TEST(shapes_are_checked) {
  const int most = 0x7fffffff;
  refuse_shape((ig__shape){.rank = 7}, "rank 7");
  refuse_shape((ig__shape){.rank = -1}, "rank -1");
  refuse_shape((ig__shape){2, {3, 0}, false}, "nothing is left");
  refuse_shape((ig__shape){2, {3, -5}, false}, "nothing is left");
  refuse_shape((ig__shape){2, {3, 4}, true}, "not the pictures first");
  refuse_shape((ig__shape){.batched = true}, "not the pictures first");
  refuse_shape((ig__shape){2, {most, most}, false}, "2^40");
  refuse_shape((ig__shape){6, {most, most, most, most, most, most}, false}, "2^40");
  refuse_shape((ig__shape){3, {1 << 20, 1 << 20, most}, false}, "2^40"); /* 2^40, and then one more dimension */
  refuse_shape((ig__shape){6, {65536, 65536, 65536, 65536, 2, 1}, false}, "2^40"); /* 2^65: a product that wraps to zero */
  toy *t = toy_new(4);
  CHECK(ig__leaf_add(t->graph, IG__LEAF_FIELD, 0, IG__REAL, (ig__shape){2, {1 << 20, 1 << 20}, false}) != IG__NONE);
  toy_close(t);
}

TEST(shape_counts_and_text) {
  char text[96];
  ig__shape image = toy_images(4, 3, 5, 7), matrix = ig__shape_make(2, (int[]){4, 3}, false), scalar = {0};
  CHECK_INT(ig__shape_count(&image), 420);
  CHECK_INT(ig__shape_per_picture(&image), 105);
  CHECK_INT(ig__shape_per_picture(&matrix), 12);
  CHECK_INT(ig__shape_count(&scalar), 1);
  CHECK(ig__shape_is_image(&image) && !ig__shape_is_image(&matrix));
  CHECK_STR(ig__shape_text(text, &image), "n×3×5×7");
  CHECK_STR(ig__shape_text(text, &matrix), "4×3");
  CHECK_STR(ig__shape_text(text, &scalar), "scalar");
  int most = 0x7fffffff;
  ig__shape long_text = {6, {most, most, most, most, most, most}, false};
  CHECK_INT(strlen(ig__shape_text(text, &long_text)), 6 * 10 + 5 * 2);
  ig__shape rows = matrix;
  rows.batched = true;
  CHECK(!ig__shape_equal(&rows, &matrix) && ig__shape_equal(&matrix, &matrix) && !ig__shape_equal(&scalar, &matrix));
}

/* Tensors and nodes stay where they are while the tables grow. */
TEST(tables_grow) {
  toy *t = toy_new(1);
  ig__value x = toy_param(t, 1), y = x;
  const ig__tensor *first = ig__tensor_of(t->graph, x);
  t->graph->line = "a line";
  for (int i = 0; i < 3000; i++) y = toy_node1(t, &toy_scale, (toy_options){.a = i}, y);
  CHECK_OK(ig__graph_status(t->graph));
  CHECK(ig__tensor_of(t->graph, x) == first);
  CHECK_INT(t->graph->node_count, 3000);
  for (int i = 0; i < 3000; i++) {
    const ig__node *node = t->graph->node[i];
    CHECK(node->id == i && ((const toy_options *)node->options)->a == i && !strcmp(node->line, "a line"));
    CHECK(ig__tensor_of(t->graph, node->out[0])->node == node);
  }
  toy_close(t);
}

static ig_status build_some(void) {
  ig__graph *graph;
  ig_status status = ig__graph_new(&graph, (ig__core_ops){&toy_add, &toy_convert}, 2, true);
  if (status != IG_OK) return status;
  ig__value x = ig__leaf_add(graph, IG__LEAF_SCALAR, 0, IG__REAL, (ig__shape){0}), y = x, grad[2];
  for (int i = 0; i < 20; i++) y = ig__node2(graph, &toy_mul, NULL, y, x);
  ig__gradients(graph, y, IG__NONE, (ig__value[]){x, y}, 2, grad);
  status = ig__graph_status(graph);
  CHECK((status == IG_OK) == (grad[0] != IG__NONE));
  ig__graph_free(graph);
  return status;
}

TEST(every_allocation_may_fail) {
  int64_t before = ig__alloc_outstanding();
  int failed = 0;
  for (bool done = false; !done; failed++) {
    char spec[32];
    snprintf(spec, sizeof spec, "malloc@%d", failed + 1);
    ig__fault_set(spec);
    ig_status status = build_some();
    done = ig__fault_calls("malloc") < (uint64_t)failed + 1;
    ig__fault_set(NULL);
    CHECK_STATUS(status, done ? IG_OK : IG_NO_MEMORY);
    CHECK_INT(ig__alloc_outstanding(), before);
  }
  CHECK(failed > 8);
}
