/* Differentiation, on scalars: polynomials whose values and derivatives are small whole numbers. */
#include "unit/graph/toy.h"

typedef struct scalars { toy *t; ig__value x[2]; } scalars;

/* x = 2, y = 3, as fields of one number. */
static scalars open_scalars(void) {
  scalars s = {.t = toy_new(1)};
  for (int i = 0; i < 2; i++) {
    s.x[i] = toy_field(s.t, IG__REAL, (ig__shape){0}, 0);
    s.t->field[i][0] = 2 + i;
  }
  return s;
}

static ig__value mul(scalars *s, ig__value a, ig__value b) { return ig__node2(s->t->graph, &toy_mul, NULL, a, b); }

static double value_of(const scalars *s, ig__value v) {
  double state[TOY_STATES * TOY_SPAN] = {0};
  toy_values values = toy_interpret(s->t, 1, state);
  double x = toy_value_at(&values, v, 0, 0);
  toy_values_free(&values);
  return x;
}

static ig__value gradient(scalars *s, ig__value of, ig__value by) {
  ig__value g;
  CHECK_OK(ig__gradients(s->t->graph, of, IG__NONE, &by, 1, &g));
  return g;
}

/* f = x·x·y + x·y + y: df/dx = 2xy + y, d²f/dx² = 2y, d³f/dx²dy = 2. */
TEST(sums_of_flows_and_higher_derivatives) {
  scalars s = open_scalars();
  ig__value x = s.x[0], y = s.x[1], g[4];
  ig__value xy = mul(&s, x, y), f = ig__node2(s.t->graph, &toy_add, NULL, mul(&s, x, xy), xy);
  f = ig__node2(s.t->graph, &toy_add, NULL, f, y);
  CHECK_OK(ig__gradients(s.t->graph, f, IG__NONE, (ig__value[]){x, y, xy, f}, 4, g));
  CHECK_INT(value_of(&s, f), 21);
  CHECK_INT(value_of(&s, g[0]), 15);
  CHECK_INT(value_of(&s, g[1]), 7);
  CHECK_INT(value_of(&s, g[2]), 3); /* by a value in the middle: x + 1 */
  CHECK_INT(value_of(&s, g[3]), 1); /* by itself */
  ig__value xx = gradient(&s, g[0], x);
  CHECK_INT(value_of(&s, xx), 6);
  CHECK_INT(value_of(&s, gradient(&s, g[0], y)), 5);
  CHECK_INT(value_of(&s, gradient(&s, xx, y)), 2);
  CHECK_INT(gradient(&s, xx, x), IG__NONE);
  toy_close(s.t);
}

/* What a differentiation appends is of the next order; what is built after it is forward again. */
TEST(nodes_know_their_order) {
  scalars s = open_scalars();
  const ig__graph *graph = s.t->graph;
  size_t count[4];
  ig__value f = mul(&s, s.x[0], mul(&s, s.x[0], s.x[0]));
  count[0] = graph->node_count;
  ig__value g = gradient(&s, f, s.x[0]);
  count[1] = graph->node_count;
  mul(&s, f, f);
  count[2] = graph->node_count;
  gradient(&s, g, s.x[0]);
  count[3] = graph->node_count;
  CHECK(count[1] > count[0] && count[3] > count[2]);
  for (size_t i = 0; i < count[3]; i++)
    CHECK_INT(graph->node[i]->order, i < count[0] ? 0 : i < count[1] ? 1 : i < count[2] ? 0 : 1);
  toy_close(s.t);
}

TEST(seed_multiplies) {
  scalars s = open_scalars();
  ig__value g, f = mul(&s, s.x[0], s.x[0]);
  CHECK_OK(ig__gradients(s.t->graph, f, s.x[1], &s.x[0], 1, &g));
  CHECK_INT(value_of(&s, g), 12);
  toy_close(s.t);
}

/* Nothing flows into what the scalar does not depend on, and rules are asked for wanted inputs only. */
TEST(unwanted_inputs) {
  scalars s = open_scalars();
  ig__value unrelated = toy_param(s.t, 1), g[3];
  ig__value f = mul(&s, s.x[0], s.x[1]);
  size_t nodes = s.t->graph->node_count;
  CHECK_OK(ig__gradients(s.t->graph, f, IG__NONE, (ig__value[]){s.x[0], unrelated, IG__NONE}, 3, g));
  CHECK_INT(s.t->graph->node_count, nodes + 1); /* y·seed; not x·seed */
  CHECK(g[0] != IG__NONE && g[1] == IG__NONE && g[2] == IG__NONE);
  CHECK_INT(value_of(&s, g[0]), 3);
  /* One output of two is used. */
  ig__value out[2];
  toy_node(s.t, &toy_pair, (toy_options){.a = 5, .b = 7}, 1, &s.x[0], out);
  CHECK_INT(value_of(&s, gradient(&s, out[1], s.x[0])), 7);
  CHECK_INT(value_of(&s, gradient(&s, mul(&s, out[0], out[1]), s.x[0])), 2 * 35 * 2);
  toy_close(s.t);
}

/* An op that refuses is no matter where no derivative has to pass. */
TEST(refusals_name_op_and_line) {
  static const ig__op *const op[] = {&toy_affine, &toy_no_rule, &toy_rotate};
  static const char *const says[] = {"affine in line conv7 cannot be differentiated here: toys do not shift",
                                     "line conv7: no_rule has no third derivative", "rotate in line conv7"};
  for (int i = 0; i < 3; i++) {
    scalars s = open_scalars();
    ig__value g;
    s.t->graph->line = "conv7";
    ig__value f = mul(&s, s.x[1], toy_node1(s.t, op[i], (toy_options){.a = 1}, s.x[0]));
    s.t->graph->line = "later";
    f = mul(&s, f, f);
    CHECK_OK(ig__gradients(s.t->graph, f, IG__NONE, &s.x[1], 1, &g));
    CHECK_STR(s.t->graph->line, "later");
    CHECK_STATUS(ig__gradients(s.t->graph, f, IG__NONE, &s.x[0], 1, &g), IG_BAD_MODEL);
    CHECK_HAS(ig_last_error(), says[i]);
    CHECK_INT(g, IG__NONE);
    CHECK_STATUS(ig__graph_status(s.t->graph), IG_BAD_MODEL);
    toy_close(s.t);
  }
}

TEST(lines_of_gradients) {
  scalars s = open_scalars();
  s.t->graph->line = "first";
  ig__value a = mul(&s, s.x[0], s.x[1]);
  s.t->graph->line = "second";
  ig__value f = mul(&s, a, a);
  size_t nodes = s.t->graph->node_count;
  gradient(&s, f, s.x[0]);
  CHECK_STR(s.t->graph->node[nodes]->line, "second");
  CHECK_STR(s.t->graph->node[s.t->graph->node_count - 1]->line, "first");
  toy_close(s.t);
}

TEST(wrong_shapes_are_caught) {
  toy *t = toy_new(2);
  ig__value v = toy_param(t, 1), g;
  CHECK_STATUS(ig__gradients(t->graph, v, IG__NONE, &v, 1, &g), IG_BAD_MODEL);
  CHECK_HAS(ig_last_error(), "only a scalar");
  CHECK_STATUS(ig__gradients(t->graph, IG__NONE, IG__NONE, &v, 1, &g), IG_BAD_MODEL);
  CHECK_STATUS(ig__gradients(t->graph, v + 100, IG__NONE, &v, 1, &g), IG_BAD_MODEL);
  ig__value x = ig__leaf_add(t->graph, IG__LEAF_SCALAR, IG__SCALAR_ONE, IG__REAL, (ig__shape){0});
  CHECK_STATUS(ig__gradients(t->graph, x, v, &x, 1, &g), IG_BAD_MODEL);
  CHECK_HAS(ig_last_error(), "seed");
  CHECK_OK(ig__graph_status(t->graph));
  toy_close(t);
}

/* A rule that is wrong about a shape is a bug of the op, and named. */
TEST(a_wrong_rule_is_named) {
  toy *t = toy_new(2);
  ig__value v = toy_param(t, 1), g;
  CHECK_STATUS(ig__gradients(t->graph, toy_node1(t, &toy_wrong_rule, (toy_options){0}, v), IG__NONE, &v, 1, &g), IG_FAILED);
  CHECK_HAS(ig_last_error(), "wrong_rule: its rule gives input 0 a gradient of shape scalar, the input has 5");
  CHECK_STATUS(ig__graph_status(t->graph), IG_FAILED);
  toy_close(t);
}
