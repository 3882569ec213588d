/* Making plans: lowering, layouts, how the work is cut, memory; what a run refuses and what it keeps. */
#include "unit/graph/toy.h"

static toy_plan open_plan(const toy *t) {
  toy_plan p;
  ig__pool *pool;
  CHECK_OK(ig__pool_new(&pool, 2));
  toy_plan_open(&p, t, 8, pool);
  toy_check_memory(p.plan);
  return p;
}

static void close_plan(toy_plan *p) {
  ig__pool_free(p->pool);
  toy_plan_close(p);
}

static void check_runs(const toy *t) {
  toy_plan p = open_plan(t);
  toy_check_run(&p, t->n, 0);
  toy_check_run(&p, 1, 0);
  close_plan(&p);
}

static ig__value images(toy *t, int c, int size) { return toy_field(t, IG__REAL, toy_images(t->n, c, size, size), 5); }

static const ig__place *place_of(const toy_plan *p, const ig__op *op) {
  for (size_t i = 0; i < p->plan->item_count; i++)
    if (p->plan->item[i].node->op == op) return &p->plan->place[p->plan->item[i].node->out[0]];
  test_fail(__FILE__, __LINE__, "%s is not in the plan", op->name);
}

/* ---- lowering ------------------------------------------------------------------------------------------------------- */

TEST(dead_nodes_are_dropped) {
  toy *t = toy_new(2);
  ig__value x = images(t, 3, 2), y = toy_node1(t, &toy_scale, (toy_options){.a = 2}, x), out[2];
  toy_node1(t, &toy_box, (toy_options){.radius = 1}, toy_node1(t, &toy_reverse, (toy_options){0}, y));
  toy_node2(t, &toy_update, (toy_options){0}, toy_param(t, 1), toy_state(t, 2));
  toy_node(t, &toy_pair, (toy_options){.a = 1, .b = 2}, 1, &y, out);
  toy_output(t, out[1], -1);
  toy_plan p = open_plan(t);
  CHECK_INT(toy_steps(p.plan, &toy_box, NULL) + toy_steps(p.plan, &toy_reverse, NULL), 0);
  CHECK_INT(toy_steps(p.plan, &toy_update, NULL), 1);
  CHECK_INT(toy_steps(p.plan, &toy_pair, NULL), 1);
  toy_check_run(&p, 2, 0);
  close_plan(&p);
  toy_close(t);
}

/* twice rewrites the affine before it, unless somebody else reads that: a node, an output, or a node behind one that hands
 * its input on. */
TEST(producers_are_rewritten_when_read_once) {
  for (int other = 0; other < 6; other++) {
    toy *t = toy_new(2);
    ig__value a = toy_node1(t, &toy_affine, (toy_options){.a = 3, .b = 4}, images(t, 3, 2)), in = a;
    if (other >= 3) in = toy_node1(t, &toy_same, (toy_options){0}, a);
    ig__value b = toy_node1(t, &toy_twice, (toy_options){0}, in);
    if (other == 1 || other == 4) toy_output(t, a, -1);
    if (other == 2 || other == 5) b = toy_node2(t, &toy_mul, (toy_options){0}, b, a);
    toy_output(t, b, -1);
    toy_plan p = open_plan(t);
    CHECK_INT(toy_steps(p.plan, &toy_scale, NULL), other % 3 != 0);
    toy_check_run(&p, 2, 0);
    close_plan(&p);
    toy_close(t);
  }
}

/* Nothing of the graph is read once the plan is made. */
TEST(plan_outlives_graph) {
  char line[] = "conv3";
  toy *t = toy_new(2);
  t->graph->line = line;
  ig__value x = images(t, 3, 2), y = toy_node1(t, &toy_box, (toy_options){.layout = IG__LAYOUT_BLOCKED, .radius = 1}, x);
  t->graph->line = "";
  toy_output(t, toy_node1(t, &toy_scale, (toy_options){.a = 2}, y), -1);
  toy_work = 5;
  ig__plan *plan;
  ig__buffer text = {0};
  CHECK_OK(toy_plan_make(&plan, t, 4));
  toy_close(t);
  line[0] = 'X';
  CHECK_OK(ig__plan_describe(plan, &text));
  ig__buffer_text(&text, "%c", 0);
  CHECK_HAS((const char *)text.data, "conv3      convert leaf:n×3×2×2 →");
  CHECK_HAS((const char *)text.data, "conv3      box");
  CHECK_INT(ig__plan_work(plan, "conv3"), 10);
  CHECK_INT(ig__plan_work(plan, NULL), 20);
  CHECK_INT(ig__plan_work(plan, "conv4"), 0);
  toy_work = 0;
  ig__buffer_free(&text);
  ig__plan_free(plan);
}

/* ---- layout --------------------------------------------------------------------------------------------------------- */

TEST(conversions_are_shared) {
  toy *t = toy_new(3);
  toy_options blocked = {.layout = IG__LAYOUT_BLOCKED}, plain = {.layout = IG__LAYOUT_PLAIN};
  ig__value x = images(t, 17, 2), y = toy_node1(t, &toy_box, blocked, x);
  y = toy_node2(t, &toy_add, (toy_options){0}, y, toy_node1(t, &toy_box, blocked, x));
  y = toy_node2(t, &toy_add, (toy_options){0}, y, x);
  ig__value z = toy_node2(t, &toy_add, (toy_options){0}, toy_node1(t, &toy_box, plain, y), toy_node1(t, &toy_box, plain, y));
  toy_output(t, z, -1);
  toy_plan p = open_plan(t);
  CHECK_INT(ig__plan_conversions(p.plan), 2);           /* x to blocked, y to plain */
  CHECK_INT(toy_steps(p.plan, &toy_convert, NULL), 3);  /* and the output, which is read plain */
  toy_check_run(&p, 3, 0);
  close_plan(&p);
  toy_close(t);
}

TEST(halo_is_the_largest_asked_for) {
  toy *t = toy_new(3);
  ig__value x = images(t, 3, 4), y = toy_node1(t, &toy_reverse, (toy_options){0}, x);
  ig__value a = toy_node1(t, &toy_box, (toy_options){.layout = IG__LAYOUT_ANY, .radius = 1}, y);
  ig__value b = toy_node1(t, &toy_box, (toy_options){.layout = IG__LAYOUT_BLOCKED, .radius = 3}, y);
  ig__value c = toy_node1(t, &toy_box, (toy_options){.layout = IG__LAYOUT_ANY, .radius = 2}, x); /* the caller's has none */
  toy_output(t, toy_node2(t, &toy_add, (toy_options){0}, toy_node2(t, &toy_add, (toy_options){0}, a, b), c), -1);
  toy_output(t, y, -1);
  toy_plan p = open_plan(t);
  CHECK_INT(place_of(&p, &toy_reverse)->view.image.halo, 3);
  CHECK_INT(place_of(&p, &toy_convert)->view.image.halo, 2);
  CHECK_INT(place_of(&p, &toy_convert)->view.image.block, 1);
  CHECK_INT(place_of(&p, &toy_box)->view.image.halo, 0);
  CHECK_INT(ig__plan_conversions(p.plan), 0);
  toy_check_run(&p, 3, 0);
  toy_check_run(&p, 1, 0);
  close_plan(&p);
  toy_close(t);
}

/* An output that is a leaf, two outputs of one value, gradients that serve two parameters or are parameters. */
TEST(outputs_of_all_kinds) {
  for (int accumulates = 0; accumulates < 2; accumulates++) {
    toy *t = toy_new(3);
    t->accumulates = accumulates != 0;
    ig__value x = images(t, 3, 2), w = toy_param(t, 1), v = toy_param(t, 2);
    ig__value y = toy_node1(t, &toy_affine, (toy_options){.a = 3, .b = 1}, x), sum = toy_node1(t, &toy_channels, (toy_options){0}, y);
    ig__value packed = toy_node1(t, &toy_pack, (toy_options){.a = 2}, v);
    toy_output(t, x, -1);
    toy_output(t, y, -1);
    toy_output(t, y, -1);
    toy_output(t, sum, 0);
    toy_output(t, sum, TOY_SPAN);
    toy_output(t, w, 2 * TOY_SPAN);
    toy_output(t, packed, 3 * TOY_SPAN);
    toy_output(t, sum, -1);
    toy_output(t, packed, -1);
    toy_output(t, v, -1);
    toy_plan p = open_plan(t);
    CHECK(!ig__plan_result(p.plan, 3) && ig__plan_result(p.plan, 1) != ig__plan_result(p.plan, 0));
    for (int i = 0; i < 3; i++) toy_check_run(&p, 3 - i, 1); /* kept caches: gradients are written every time */
    close_plan(&p);
    toy_close(t);
  }
}

TEST(in_place_shares_memory) {
  toy *t = toy_new(4);
  ig__value x = toy_node1(t, &toy_reverse, (toy_options){0}, images(t, 3, 2));
  ig__value a = toy_node1(t, &toy_scale, (toy_options){.a = 2}, x);   /* x is read again: a has memory of its own */
  ig__value b = toy_node2(t, &toy_mul, (toy_options){0}, x, a);       /* in x's */
  ig__value c = toy_node2(t, &toy_add, (toy_options){0}, b, b);       /* in x's too */
  toy_output(t, toy_node1(t, &toy_reverse, (toy_options){0}, c), -1);
  toy_plan p = open_plan(t);
  CHECK_INT(place_of(&p, &toy_scale)->same_as, IG__NONE);
  CHECK(place_of(&p, &toy_mul)->same_as != IG__NONE);
  CHECK_INT(place_of(&p, &toy_add)->same_as, place_of(&p, &toy_mul)->same_as);
  toy_check_run(&p, 4, 0);
  close_plan(&p);
  toy_close(t);
}

/* Vectors of as many elements as the pictures have: what is read by all chunks is no chunk's to write on. */
TEST(in_place_not_over_unbatched_inputs) {
  toy *t = toy_new(5);
  ig__value v = toy_node1(t, &toy_total, (toy_options){0}, images(t, 3, 2));
  ig__value y = toy_node1(t, &toy_numbers, (toy_options){0}, v); /* n numbers of a vector of n */
  toy_output(t, toy_node1(t, &toy_rotate, (toy_options){0}, y), -1);
  toy_plan p = open_plan(t);
  CHECK_INT(place_of(&p, &toy_total)->bytes, 5 * 8);
  toy_check_run(&p, 5, 0);
  toy_check_run(&p, 2, 0);
  close_plan(&p);
  toy_close(t);
}

/* ---- refusals and bookkeeping --------------------------------------------------------------------------------------- */

TEST(runs_are_refused) {
  toy *t = toy_new(3);
  ig__value x = images(t, 3, 2), sum = toy_node2(t, &toy_channels, (toy_options){0}, x, toy_param(t, 1));
  toy_node2(t, &toy_update, (toy_options){0}, sum, toy_state(t, 1));
  toy_output(t, sum, 0);
  toy_plan p = open_plan(t);
  ig__feed good = {.n = 3, .params = p.params, .state = p.state, .grads = p.grads, .field = {p.field[0]}}, bad;
  CHECK_OK(ig__plan_run(p.plan, p.pool, &good));
  for (int i = 0; i < 7; i++) {
    bad = good;
    if (i == 0) bad.n = 0;
    if (i == 1) bad.n = 4;
    if (i == 2) bad.params = NULL;
    if (i == 3) bad.state = NULL;
    if (i == 4) bad.grads = NULL;
    if (i == 5) bad.field[0] = NULL;
    if (i == 6) bad.accumulate = true;
    CHECK_STATUS(ig__plan_run(p.plan, p.pool, &bad), IG_USAGE);
  }
  ig__pool *large;
  CHECK_OK(ig__pool_new(&large, 3));
  CHECK_STATUS(ig__plan_run(p.plan, large, &good), IG_USAGE);
  CHECK_HAS(ig_last_error(), "prepared for 2 threads was run on 3");
  CHECK_OK(ig__plan_prepare(p.plan, 3));
  CHECK_OK(ig__plan_run(p.plan, large, &good));
  ig__pool_free(large);
  ig__plan *unprepared;
  CHECK_OK(toy_plan_make(&unprepared, t, 8));
  CHECK_STATUS(ig__plan_run(unprepared, p.pool, &good), IG_USAGE);
  ig__plan_free(unprepared);
  close_plan(&p);
  toy_close(t);
}

TEST(plans_are_refused) {
  toy *t = toy_new(1);
  ig__value x = toy_param(t, 1);
  ig__plan *plan;
  for (int bad = 0; bad < 2; bad++) {
    t->output_count = 0;
    toy_output(t, bad ? x + 1 : IG__NONE, -1);
    CHECK_STATUS(toy_plan_make(&plan, t, 8), IG_BAD_MODEL);
    CHECK(!plan);
  }
  t->output_count = 0;
  toy_output(t, ig__leaf_add(t->graph, IG__LEAF_FIELD, IG__FEED_FIELDS, IG__REAL, (ig__shape){0}), -1);
  CHECK_STATUS(toy_plan_make(&plan, t, 8), IG_BAD_MODEL);
  CHECK_HAS(ig_last_error(), "field 8");
  toy_close(t);
}

static toy *some_case(int n) {
  toy *t = toy_new(n);
  ig__value w = toy_param(t, 3), x = images(t, 17, 3);
  ig__value y = toy_node2(t, &toy_spread, (toy_options){0}, x, toy_node1(t, &toy_pack, (toy_options){.a = 2}, w));
  y = toy_node1(t, &toy_box, (toy_options){.layout = IG__LAYOUT_BLOCKED, .radius = 2}, y);
  y = toy_node1(t, &toy_reverse, (toy_options){0}, toy_node1(t, &toy_rotate, (toy_options){.parts = 2}, y));
  toy_output(t, y, -1);
  toy_output(t, toy_node1(t, &toy_channels, (toy_options){0}, y), 0);
  t->accumulates = true;
  return t;
}

TEST(memory_is_what_is_said) {
  toy *t = some_case(9);
  for (int real = 4; real <= 8; real += 4)
    for (int threads = 1; threads <= 3; threads++) {
      ig__plan *plan;
      CHECK_OK(toy_plan_make(&plan, t, real));
      int64_t before = ig__alloc_bytes();
      CHECK_OK(ig__plan_prepare(plan, threads));
      ig__plan_memory m = ig__plan_memory_of(plan, threads);
      CHECK_INT(ig__alloc_bytes() - before, m.total);
      CHECK(m.buffers && m.caches && m.partials && m.scratch);
      CHECK_INT(m.total, m.buffers + m.caches + m.partials + m.scratch + (size_t)(TOY_PARAMS * TOY_SPAN * real));
      CHECK_OK(ig__plan_prepare(plan, threads + 1));
      CHECK_INT(ig__alloc_bytes() - before, ig__plan_memory_of(plan, threads + 1).total);
      CHECK_OK(ig__plan_prepare(plan, 1)); /* more than enough already */
      CHECK_INT(ig__alloc_bytes() - before, ig__plan_memory_of(plan, threads + 1).total);
      ig__plan_free(plan);
    }
  toy_close(t);
}

TEST(a_run_allocates_nothing) {
  toy *t = some_case(9);
  toy_plan p = open_plan(t);
  ig__feed feed = {.n = 9, .params = p.params, .grads = p.grads, .accumulate = true, .field = {p.field[0]}};
  uint64_t calls = ig__alloc_calls();
  CHECK_OK(ig__plan_run(p.plan, p.pool, &feed));
  CHECK_INT(ig__alloc_calls(), calls);
  close_plan(&p);
  toy_close(t);
}

TEST(every_allocation_may_fail) {
  toy *t = some_case(9);
  int64_t before = ig__alloc_outstanding();
  int failed = 0;
  for (bool done = false; !done; failed++) {
    char spec[32];
    ig__plan *plan;
    snprintf(spec, sizeof spec, "malloc@%d", failed + 1);
    ig__fault_set(spec);
    ig_status status = toy_plan_make(&plan, t, 4);
    if (status == IG_OK) status = ig__plan_prepare(plan, 2);
    done = ig__fault_calls("malloc") < (uint64_t)failed + 1;
    ig__fault_set(NULL);
    CHECK_STATUS(status, done ? IG_OK : IG_NO_MEMORY);
    ig__plan_free(plan);
    CHECK_INT(ig__alloc_outstanding(), before);
  }
  CHECK(failed > 20);
  toy_close(t);
}

/* A plan that could not be prepared can be, later. */
TEST(prepare_again) {
  toy *t = some_case(4);
  toy_plan p = open_plan(t);
  ig__fault_set("malloc@3");
  CHECK_STATUS(ig__plan_prepare(p.plan, 5), IG_NO_MEMORY);
  ig__fault_set(NULL);
  ig__feed feed = {.n = 4, .params = p.params, .grads = p.grads, .field = {p.field[0]}};
  CHECK_STATUS(ig__plan_run(p.plan, p.pool, &feed), IG_USAGE);
  CHECK_OK(ig__plan_prepare(p.plan, 2));
  toy_check_run(&p, 4, 1);
  close_plan(&p);
  toy_close(t);
}

/* 2^40 elements are allowed in a tensor; sixteen lanes for each channel and a wide halo make more bytes of them than an
 * int64 holds. */
TEST(too_large_is_out_of_memory) {
  static const int shape[][4] = {{1 << 20, 1, 1 << 10, 1 << 10}, {1 << 10, 1, 1, 1 << 30}};
  for (int i = 0; i < 2; i++)
    for (int what = 0; what < 3; what++) {
      toy *t = toy_new(shape[i][0]);
      toy_options o = {.layout = IG__LAYOUT_BLOCKED, .radius = what == 1 ? 1 << 30 : 0};
      ig__value x = ig__leaf_add(t->graph, IG__LEAF_FIELD, 0, IG__REAL, toy_images(t->n, shape[i][1], shape[i][2], shape[i][3])), y;
      if (what < 2) y = toy_node1(t, &toy_box, o, x);
      else y = toy_node1(t, &toy_channels, o, toy_node1(t, &toy_reverse, (toy_options){0}, x));
      toy_output(t, y, -1);
      CHECK_OK(ig__graph_status(t->graph));
      ig__plan *plan;
      CHECK_STATUS(toy_plan_make(&plan, t, 8), IG_NO_MEMORY);
      CHECK_HAS(ig_last_error(), "64 TiB");
      toy_close(t);
    }
}

/* ---- speed ---------------------------------------------------------------------------------------------------------- */

/* A chain with many long-lived values, as a deep net and its backward pass make one. */
TEST(two_thousand_nodes) {
  toy *t = toy_new(32);
  ig__value x = toy_node1(t, &toy_reverse, (toy_options){0}, images(t, 16, 2)), kept[500], w = toy_param(t, 1);
  for (int i = 0; i < 500; i++) {
    t->graph->line = i % 2 ? "odd" : "even";
    if (i % 10 == 9) x = toy_node2(t, &toy_spread, (toy_options){0}, x, toy_node1(t, &toy_channels, (toy_options){0}, x));
    kept[i] = x = toy_node1(t, &toy_box, (toy_options){.radius = 1, .layout = IG__LAYOUT_BLOCKED}, x);
  }
  for (int i = 500; i-- > 0;) {
    x = toy_node2(t, &toy_mul, (toy_options){0}, toy_node1(t, &toy_reverse, (toy_options){0}, x), kept[i]);
    ig__value sum = toy_node1(t, &toy_channels, (toy_options){.parts = 4, .big = i % 2 ? 0 : 1 << 20}, x);
    w = toy_node2(t, &toy_add, (toy_options){0}, w, sum);
  }
  toy_output(t, w, 0);
  double start = ig__now();
  ig__plan *plan;
  CHECK_OK(toy_plan_make(&plan, t, 4));
  double took = ig__now() - start;
  printf("  %zu nodes, %zu phases, buffers %zu KiB: %.1f ms\n", plan->item_count, plan->phase_count, plan->memory.buffers >> 10,
         took * 1e3);
  CHECK(took < 2.0 * (toy_slow() ? 20 : 1)); /* 8 ms, and 29 in an emulator: against passes that hang, not for speed */
  toy_check_memory(plan);
  ig__plan_free(plan);
  toy_close(t);
}

TEST(plans_of_all_kinds_run) {
  toy *t = some_case(17);
  check_runs(t);
  toy_close(t);
}
