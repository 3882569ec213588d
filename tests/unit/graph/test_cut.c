/* How the work is cut into phases, chunks, groups and parts. */
#include "unit/graph/toy.h"

static toy_plan open_plan(const toy *t, int real_size) {
  toy_plan p;
  ig__pool *pool;
  CHECK_OK(ig__pool_new(&pool, 3));
  toy_plan_open(&p, t, real_size, pool);
  toy_check_memory(p.plan);
  return p;
}

static void close_plan(toy_plan *p) {
  ig__pool_free(p->pool);
  toy_plan_close(p);
}

static ig__value images(toy *t, int c, int h, int w) { return toy_field(t, IG__REAL, toy_images(t->n, c, h, w), 5); }

static ig__value chain(toy *t, ig__value x, int length) {
  for (int i = 0; i < length; i++) x = toy_node1(t, &toy_box, (toy_options){.layout = IG__LAYOUT_BLOCKED, .radius = i % 2}, x);
  return x;
}

static ig__phase phase_of(const toy_plan *p, const ig__op *op) {
  int phase = -1;
  CHECK(toy_steps(p->plan, op, &phase) > 0);
  return p->plan->phase[phase];
}

/* Picture by picture: one phase; what stays inside it is as large as a chunk, once a thread. */
TEST(each_is_one_phase) {
  toy *t = toy_new(16);
  toy_output(t, toy_node1(t, &toy_channels, (toy_options){0}, chain(t, images(t, 16, 2, 2), 6)), -1);
  toy_plan p = open_plan(t, 8);
  CHECK_INT(p.plan->phase_count, 2); /* and the finish of the sum */
  CHECK_INT(p.plan->phase[0].chunk, 2);
  CHECK_INT(p.plan->phase[0].tasks, 8);
  CHECK_INT(p.plan->memory.buffers, 0);
  CHECK(p.plan->local_bytes > 0);
  toy_check_run(&p, 16, 0);
  close_plan(&p);
  toy_close(t);
}

TEST(whole_cuts) {
  toy *t = toy_new(8);
  ig__value x = chain(t, images(t, 16, 2, 2), 2);
  toy_output(t, chain(t, toy_node1(t, &toy_rotate, (toy_options){.parts = 4}, x), 2), -1);
  toy_plan p = open_plan(t, 8);
  CHECK_INT(p.plan->phase_count, 3);
  CHECK_INT(p.plan->phase[1].cut, IG__CUT_PARTS);
  CHECK_INT(p.plan->phase[1].tasks, 4);
  toy_check_run(&p, 8, 0);
  toy_check_run(&p, 3, 0);
  close_plan(&p);
  toy_close(t);
}

/* A sum cuts where pictures read it, and nowhere else. */
TEST(reading_a_grouped_sum_cuts) {
  for (int read = 0; read < 2; read++) {
    toy *t = toy_new(8);
    ig__value x = chain(t, images(t, 16, 2, 2), 1), s = toy_node1(t, &toy_channels, (toy_options){0}, x), y = chain(t, x, 1);
    if (read) y = toy_node2(t, &toy_spread, (toy_options){0}, y, s);
    toy_output(t, s, 0);
    toy_output(t, toy_node1(t, &toy_channels, (toy_options){0}, y), TOY_SPAN);
    toy_plan p = open_plan(t, 8);
    CHECK_INT(p.plan->phase_count, read ? 4 : 2);
    toy_check_run(&p, 8, 0);
    toy_check_run(&p, 5, 0);
    close_plan(&p);
    toy_close(t);
  }
}

/* Sums too large for groups are put off and run side by side, all in one phase and all their finishes in the next. */
TEST(deferred_sums_run_side_by_side) {
  toy *t = toy_new(32);
  ig__value x = chain(t, images(t, 16, 2, 2), 1);
  for (int i = 0; i < 4; i++) {
    toy_output(t, toy_node1(t, &toy_channels, (toy_options){.parts = 3, .big = 1 << 20}, x), i * TOY_SPAN);
    x = chain(t, x, 1);
  }
  toy_output(t, toy_node1(t, &toy_total, (toy_options){.parts = 2}, x), -1);
  toy_plan p = open_plan(t, 4);
  CHECK_INT(p.plan->phase_count, 3);
  CHECK_INT(p.plan->phase[1].tasks, 4 * 3 * 2 + 2); /* two halves of the pictures, to feed more cores */
  CHECK_INT(p.plan->phase[2].tasks, 4 * IG__FINISH_PARTS);
  toy_work = 1e6;
  toy_check_run(&p, 32, 0);
  toy_check_run(&p, 1, 0);
  toy_work = 0;
  close_plan(&p);
  toy_close(t);
}

/* The copies of all grouped sums stay within 16 MiB. */
TEST(groups_within_budget) {
  toy *t = toy_new(32);
  ig__value x = chain(t, images(t, 16, 2, 2), 1);
  for (int i = 0; i < 4; i++)
    toy_output(t, toy_node1(t, &toy_channels, (toy_options){.parts = 3, .big = 50000}, x), i * TOY_SPAN);
  toy_plan p = open_plan(t, 4);
  int grouped = 0;
  for (size_t i = 0; i < p.plan->item_count; i++)
    grouped += p.plan->item[i].node->op == &toy_channels && p.plan->item[i].cut == IG__CUT_CHUNKS;
  CHECK_INT(grouped, 2); /* 50005·4·32 = 6.1 MiB each */
  CHECK(p.plan->memory.partials <= (size_t)IG__GROUP_BYTES + 4 * 50016 * 4);
  toy_check_run(&p, 32, 0);
  close_plan(&p);
  toy_close(t);
}

/* Large pictures: a chunk each, more chunks than groups; every short batch leaves other groups empty. */
TEST(more_chunks_than_groups) {
  toy *t = toy_new(40);
  ig__value x = chain(t, images(t, 1, 64, 96), 1);
  toy_output(t, toy_node1(t, &toy_channels, (toy_options){0}, x), 0);
  toy_plan p = open_plan(t, 8);
  ig__phase phase = phase_of(&p, &toy_box);
  CHECK_INT(phase.chunk, 1);
  CHECK_INT(phase.groups, IG__MAX_GROUPS);
  for (int n = 40; n > 0; n -= 13) toy_check_run(&p, n, 0);
  close_plan(&p);
  toy_close(t);
}

TEST(short_batches) {
  toy *t = toy_new(33);
  ig__value x = chain(t, images(t, 3, 2, 2), 2), s = toy_node1(t, &toy_channels, (toy_options){0}, x);
  ig__value y = toy_node2(t, &toy_spread, (toy_options){0}, toy_node1(t, &toy_rotate, (toy_options){0}, x), s);
  toy_output(t, y, -1);
  toy_output(t, s, 0);
  toy_plan p = open_plan(t, 4);
  for (int n = 1; n <= 33; n++) toy_check_run(&p, n, 1);
  close_plan(&p);
  toy_close(t);
}

/* Chunks and groups: the same for any number of threads and whatever is run, other for other shapes. */
TEST(cuts_follow_shapes_alone) {
  int chunk[3];
  for (int i = 0; i < 3; i++) {
    toy *t = toy_new(64);
    toy_output(t, toy_node1(t, &toy_channels, (toy_options){0}, chain(t, images(t, 16, i == 2 ? 64 : 8, 16), 2)), -1);
    ig__plan *plan;
    CHECK_OK(toy_plan_make(&plan, t, 8));
    CHECK_OK(ig__plan_prepare(plan, i + 1));
    chunk[i] = plan->phase[0].chunk;
    CHECK_INT(plan->phase[0].groups, (64 + chunk[i] - 1) / chunk[i]);
    ig__plan_free(plan);
    toy_close(t);
  }
  CHECK_INT(chunk[0], 8);
  CHECK_INT(chunk[1], chunk[0]);
  CHECK(chunk[2] < chunk[0]);
}

/* Work on parameters runs when their version changes, and with version 0 always. Work on a state, or behind one, always. */
static int packs;
static void count_pack(const ig__run *r) {
  packs++;
  toy_pack.run[1](r);
}

TEST(caches_follow_the_version) {
  ig__op counted = toy_pack;
  counted.run[1] = count_pack;
  toy *t = toy_new(2);
  ig__value w = toy_param(t, 1), s = toy_state(t, 2), one = ig__leaf_add(t->graph, IG__LEAF_SCALAR, 0, IG__REAL, (ig__shape){0});
  toy_options o = {.a = 3, .b = 1};
  ig__value a = toy_node1(t, &counted, o, toy_node1(t, &counted, o, w)), b = toy_node1(t, &counted, o, s);
  ig__value c = toy_node1(t, &counted, o, toy_node2(t, &toy_add, o, a, b)); /* half of its inputs is cached */
  ig__value y = toy_node2(t, &toy_spread, o, images(t, 3, 2, 2), a);
  toy_output(t, toy_node2(t, &toy_spread, o, y, c), -1);
  toy_output(t, toy_node1(t, &counted, o, a), 0); /* a gradient: the caller may have changed the array */
  toy_output(t, one, -1);
  toy_plan p = open_plan(t, 8);
  static const struct { int version, runs, changes; } step[] = {{1, 5, 0}, {1, 3, 0}, {2, 5, 1}, {2, 3, 0}, {0, 5, 1}, {0, 5, 1},
                                                               {2, 5, 0}, {2, 3, 0}};
  for (int i = 0; i < 8; i++) {
    t->param[0] = step[i].changes ? t->param[0] + 1 : t->param[0];
    packs = 0;
    toy_check_run(&p, 2, (uint64_t)step[i].version);
    CHECK_INT(packs, step[i].runs + 5); /* the interpreter's five too */
  }
  CHECK_OK(ig__plan_prepare(p.plan, 4)); /* new memory: nothing is kept */
  packs = 0;
  toy_check_run(&p, 2, 2);
  CHECK_INT(packs, 10);
  close_plan(&p);
  toy_close(t);
}

/* What is made of weights and is too large to keep is made again in every step, beside what runs before its reader, and its
 * room is used again. */
TEST(large_packs_are_made_early) {
  ig__op counted = toy_pack;
  counted.run[1] = count_pack;
  toy *t = toy_new(8);
  t->keep_bytes = 1;
  toy_options o = {.a = 3, .b = 1};
  ig__value w = toy_param(t, 1), x = images(t, 16, 2, 2);
  for (int i = 0; i < 3; i++) {
    x = toy_node2(t, &toy_spread, o, x, toy_node1(t, &toy_channels, o, x));
    ig__value pack = toy_node1(t, &counted, o, w);
    x = toy_node2(t, &toy_spread, o, x, pack);
  }
  ig__value twice = toy_node1(t, &counted, o, toy_node1(t, &counted, o, w));
  toy_output(t, toy_node2(t, &toy_spread, o, x, twice), -1);
  toy_plan p = open_plan(t, 8);
  CHECK_INT(p.plan->cached_phases, 0);
  CHECK_INT(p.plan->phase_count, 9); /* three sums, their finishes with a pack beside each, and the pack of a pack between */
  for (int version = 1; version < 3; version++) {
    packs = 0;
    toy_check_run(&p, 8, 1);
    CHECK_INT(packs, 5 + 5);
  }
  toy_check_run(&p, 3, 1);
  close_plan(&p);
  toy_close(t);
}

/* Partials are gone once they are finished, and others take their room. */
TEST(partials_share_room) {
  toy *t = toy_new(32);
  ig__value x = chain(t, images(t, 16, 2, 2), 1);
  for (int i = 0; i < 4; i++) {
    ig__value sum = toy_node1(t, &toy_channels, (toy_options){.parts = 3, .big = 1 << 20}, x);
    toy_output(t, sum, i * TOY_SPAN);
    x = toy_node2(t, &toy_spread, (toy_options){0}, x, sum);
  }
  toy_output(t, x, -1);
  toy_plan p = open_plan(t, 4);
  CHECK(p.plan->memory.partials < 2 * 2 * ((size_t)(1 << 20) + 1000) * 4);
  toy_check_run(&p, 32, 0);
  toy_check_run(&p, 17, 0);
  toy_check_run(&p, 16, 0);
  close_plan(&p);
  toy_close(t);
}

/* Readers of a state that were appended before its writer see the old values, later ones the new, wherever they run. */
TEST(states_in_order) {
  for (int variant = 0; variant < 16; variant++) {
    toy *t = toy_new(8);
    toy_options o = {.a = 3, .b = 1, .big = variant & 8 ? 1 << 20 : 0};
    ig__value s = toy_state(t, 2), w = toy_param(t, 1), x = images(t, 3, 2, 2), before = x, after = x;
    ig__value v = variant & 1 ? toy_node1(t, &toy_channels, o, x) : w;
    if (variant & 2) before = toy_node2(t, &toy_spread, o, x, s);
    else toy_output(t, toy_node1(t, &toy_pack, o, s), -1);
    toy_output(t, toy_node2(t, &toy_channels, o, before, s), -1); /* its finish reads the state */
    toy_node2(t, &toy_update, o, v, s);
    if (variant & 4) after = toy_node2(t, &toy_spread, o, x, s);
    else toy_output(t, toy_node1(t, &toy_pack, o, s), -1);
    toy_output(t, toy_node2(t, &toy_channels, o, after, s), -1);
    toy_node2(t, &toy_update, o, s, s);
    toy_output(t, toy_node1(t, &toy_pack, o, s), -1);
    toy_plan p = open_plan(t, 8);
    toy_check_run(&p, 8, 1);
    toy_check_run(&p, 3, 1);
    close_plan(&p);
    toy_close(t);
  }
}

/* A finish runs later than the sum: what it reads beside the partials must still be there. */
TEST(finish_reads_its_vector) {
  toy *t = toy_new(8);
  ig__value x = images(t, 3, 2, 2), v = toy_node1(t, &toy_total, (toy_options){0}, x);
  ig__value y = chain(t, x, 1), s = toy_node2(t, &toy_channels, (toy_options){0}, y, v);
  ig__value z = toy_node1(t, &toy_total, (toy_options){0}, y); /* made beside the finish, as large as v */
  toy_output(t, toy_node2(t, &toy_add, (toy_options){0}, s, z), 0);
  toy_plan p = open_plan(t, 8);
  toy_check_run(&p, 8, 0);
  close_plan(&p);
  toy_close(t);
}

/* Dirty lanes are cleared by who wrote them: such an op is not cut into parts. */
TEST(dirty_lanes_are_not_cut) {
  toy *t = toy_new(8);
  ig__value x = toy_node1(t, &toy_affine, (toy_options){.a = 3, .b = 2, .parts = 3}, chain(t, images(t, 3, 2, 2), 1));
  toy_output(t, chain(t, x, 2), -1);
  toy_plan p = open_plan(t, 8);
  CHECK_INT(p.plan->phase_count, 1);
  toy_check_run(&p, 8, 0);
  close_plan(&p);
  toy_close(t);
}
