/* The profile of a plan: it changes no result and allocates nothing in a run; its rows are the plan's steps, its figures hang
 * together, and it starts at zero whenever it is asked for. */
#include "unit/graph/toy.h"

#include <stdlib.h>

/* Phases of every kind: a cached one, chunks with partials and their finish, parts. */
static toy *every_kind(int n) {
  toy *t = toy_new(n);
  toy_work = 1e6; /* so that threads are woken */
  ig__value image = toy_field(t, IG__REAL, toy_images(n, 3, 5, 4), 1);
  ig__value packed = toy_node1(t, &toy_pack, (toy_options){.a = 2}, toy_param(t, 2));
  ig__value a = toy_node1(t, &toy_scale, (toy_options){.a = 3}, image);
  ig__value sum = toy_node2(t, &toy_channels, (toy_options){.big = 1}, a, packed);
  ig__value turned = toy_node1(t, &toy_rotate, (toy_options){.parts = 3}, a);
  toy_output(t, sum, 0);
  toy_output(t, toy_node1(t, &toy_affine, (toy_options){.a = 2, .b = 1}, turned), -1);
  return t;
}

typedef struct profile { ig__profile_row *row; ig__profile_phase *phase; int rows, phases; } profile;

static profile read_profile(const ig__plan *plan) {
  profile p = {.rows = (int)ig__plan_profile_rows(plan), .phases = (int)ig__plan_profile_phases(plan)};
  p.row = calloc((size_t)p.rows, sizeof *p.row);
  p.phase = calloc((size_t)p.phases, sizeof *p.phase);
  ig__plan_profile_read(plan, p.row, p.phase);
  return p;
}

static void free_profile(profile *p) {
  free(p->row);
  free(p->phase);
}

/* Every row belongs to one phase and has time; `runs` runs, of which the cached phases took part in one. */
static void check_profile(const toy_plan *open, const profile *p, int runs) {
  const ig__plan *plan = open->plan;
  int row = 0, kinds[4] = {0};
  for (int i = 0; i < p->phases; i++) {
    const ig__profile_phase *phase = &p->phase[i];
    int times = phase->cached ? 1 : runs;
    double busy = 0;
    CHECK_INT(phase->first, row);
    CHECK_INT(phase->tasks, plan->phase[i].tasks);
    for (; row < phase->first + phase->count; row++) {
      const ig__profile_row *r = &p->row[row];
      const ig__phase_step *step = &plan->step[row];
      int chunks = (plan->graph->n + plan->phase[i].chunk - 1) / (phase->chunks ? plan->phase[i].chunk : 1);
      CHECK_INT(r->phase, i);
      CHECK_STR(r->op, plan->item[step->item].node->op->name);
      CHECK_INT(r->calls, (int64_t)times * (phase->chunks ? chunks : step->tasks));
      CHECK(r->seconds > 0);
      CHECK_NEAR(r->work, r->kind == IG__PROFILE_FINISH ? 0 : 1e6, 0);
      busy += r->seconds;
      kinds[r->kind]++;
    }
    CHECK_NEAR(phase->busy, busy, 1e-12);
    CHECK(phase->busy <= phase->seconds * ig__pool_threads(open->pool) * 1.01 + 1e-6);
  }
  CHECK_INT(row, p->rows);
  for (int k = 0; k < 4; k++) CHECK(kinds[k] > 0);
}

TEST(profile_of_every_kind) {
  for (int threads = 1; threads <= 3; threads++)
    for (int real = 4; real <= 8; real += 4) {
      toy *t = every_kind(11);
      ig__pool *pool;
      toy_plan p;
      CHECK_OK(ig__pool_new(&pool, threads));
      toy_plan_open(&p, t, real, pool);
      toy_check_run(&p, 11, 0);
      for (int repeat = 0; repeat < 2; repeat++) { /* the second time from zero again */
        CHECK_OK(ig__plan_profile(p.plan, true));
        for (int run = 0; run < 3; run++) toy_check_run(&p, 11, 7 + (uint64_t)repeat);
        profile got = read_profile(p.plan);
        check_profile(&p, &got, 3);
        free_profile(&got);
      }
      CHECK_OK(ig__plan_profile(p.plan, false));
      profile none = read_profile(p.plan);
      for (int i = 0; i < none.rows; i++) CHECK(none.row[i].calls == 0 && none.row[i].seconds == 0);
      free_profile(&none);
      toy_check_run(&p, 11, 9);
      toy_plan_close(&p);
      ig__pool_free(pool);
      toy_close(t);
      toy_work = 0;
    }
}

TEST(profiled_runs_allocate_nothing) {
  toy *t = every_kind(6);
  ig__pool *pool;
  toy_plan p;
  CHECK_OK(ig__pool_new(&pool, 2));
  toy_plan_open(&p, t, 4, pool);
  int64_t before = ig__alloc_outstanding();
  CHECK_OK(ig__plan_profile(p.plan, true));
  uint64_t calls = ig__alloc_calls();
  ig__feed feed = {.n = 6, .params = p.params, .state = p.state, .grads = p.grads, .accumulate = t->accumulates,
                   .field = {p.field[0]}};
  CHECK_OK(ig__plan_run(p.plan, pool, &feed));
  CHECK_INT(ig__alloc_calls(), calls);
  CHECK_OK(ig__plan_profile(p.plan, false));
  CHECK_INT(ig__alloc_outstanding(), before);
#ifdef IG__FAULTS
  ig_status status = IG_NO_MEMORY;
  for (int n = 1; status != IG_OK; n++) {
    char spec[32];
    snprintf(spec, sizeof spec, "malloc@%d", n);
    ig__fault_set(spec);
    status = ig__plan_profile(p.plan, true);
    ig__fault_set(NULL);
    CHECK(status == IG_OK ? n == 6 : status == IG_NO_MEMORY); /* itself, two arrays, one a thread */
    if (status != IG_OK) CHECK_INT(ig__alloc_outstanding(), before);
  }
#endif
  toy_check_run(&p, 6, 0);
  toy_plan_close(&p); /* takes the profile along */
  ig__pool_free(pool);
  toy_close(t);
  toy_work = 0;
}
