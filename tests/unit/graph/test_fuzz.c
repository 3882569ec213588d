/* Random graphs of toy ops: whatever is built, a plan of it gives what a naive interpreter gives, for any number of threads,
 * for short batches, with fresh and with kept caches, in both real types. */
#include "unit/graph/toy.h"

#include "base/rng.h"

#include <stdlib.h>

typedef enum kind { IMAGE, BYTES, ROWS, VECTOR, KINDS } kind;

typedef struct maker {
  toy *t;
  ig__rng rng;
  int c, h, w;
  ig__value value[KINDS][128];
  int count[KINDS];
} maker;

static int below(maker *m, int limit) { return (int)(ig__rng_u64(&m->rng) % (uint64_t)limit); }

static ig__value any(maker *m, kind k) {
  int count = m->count[k], late = below(m, count); /* rather a late one: chains are longer so */
  return m->value[k][below(m, 2) ? late : count - 1 - below(m, count < 3 ? count : 3)];
}

static void keep(maker *m, kind k, ig__value v) {
  CHECK_OK(ig__graph_status(m->t->graph));
  m->value[k][m->count[k]++] = v;
}

static toy_options draw_options(maker *m) {
  toy_options o = {.a = 1 + below(m, 9), .b = below(m, 9), .radius = below(m, 4), .layout = 1 + below(m, 3), .c = m->c, .h = m->h,
                   .w = m->w};
  o.parts = below(m, 3) ? 0 : 1 + below(m, 4);
  if (m->t->n >= 32 && below(m, 12) == 0) o.big = 70000; /* too much for groups */
  return o;
}

static void add_pictures(maker *m, kind k) {
  static const ig__op *const one[] = {&toy_scale, &toy_affine, &toy_parted, &toy_reverse, &toy_twice, &toy_same, &toy_rotate};
  static const ig__op *const two[] = {&toy_add, &toy_mul};
  toy_options o = draw_options(m);
  ig__value out[2];
  switch (below(m, 8)) {
  case 0: case 1: keep(m, k, toy_node2(m->t, two[below(m, 2)], o, any(m, k), any(m, k))); break;
  case 2: keep(m, k, toy_node2(m->t, &toy_spread, o, any(m, k), any(m, VECTOR))); break;
  case 3:
    toy_node(m->t, &toy_pair, o, 1, (ig__value[]){any(m, k)}, out);
    keep(m, k, out[0]);
    if (below(m, 2)) keep(m, k, out[1]);
    break;
  default: keep(m, k, toy_node1(m->t, one[below(m, 7)], o, any(m, k)));
  }
}

static void add_image(maker *m) {
  toy_options o = draw_options(m);
  ig__value out[2];
  switch (below(m, 7)) {
  case 0: case 1: keep(m, IMAGE, toy_node1(m->t, &toy_box, o, any(m, IMAGE))); break;
  case 2: keep(m, IMAGE, toy_node1(m->t, &toy_plain, o, any(m, IMAGE))); break;
  case 3:
    toy_node(m->t, &toy_split, o, 1, (ig__value[]){any(m, IMAGE)}, out);
    keep(m, IMAGE, out[0]);
    keep(m, BYTES, out[1]);
    break;
  case 4: keep(m, IMAGE, toy_node2(m->t, &toy_choose, o, any(m, IMAGE), any(m, BYTES))); break;
  case 5: keep(m, IMAGE, toy_node1(m->t, &toy_image, o, any(m, ROWS))); break;
  default: keep(m, ROWS, toy_node1(m->t, &toy_rows, o, any(m, IMAGE)));
  }
}

static void add_vector(maker *m) {
  static const ig__op *const one[] = {&toy_pack, &toy_pack, &toy_scale, &toy_affine, &toy_twice};
  toy_options o = draw_options(m);
  ig__value pictures = any(m, below(m, 2) ? IMAGE : ROWS);
  switch (below(m, 7)) {
  case 0: keep(m, VECTOR, toy_node1(m->t, &toy_channels, o, pictures)); break;
  case 1: keep(m, VECTOR, toy_node2(m->t, &toy_channels, o, pictures, any(m, VECTOR))); break;
  case 2: keep(m, VECTOR, toy_node1(m->t, &toy_total, o, pictures)); break;
  case 3: keep(m, VECTOR, toy_node2(m->t, below(m, 2) ? &toy_add : &toy_mul, o, any(m, VECTOR), any(m, VECTOR))); break;
  case 4: toy_node2(m->t, &toy_update, o, any(m, VECTOR), m->value[VECTOR][below(m, TOY_STATES)]); break;
  default: keep(m, VECTOR, toy_node1(m->t, one[below(m, 5)], o, any(m, VECTOR)));
  }
}

static void add_outputs(maker *m) {
  for (int i = 0, count = 1 + below(m, 5); i < count; i++) toy_output(m->t, any(m, (kind)below(m, KINDS)), -1);
  for (int i = 0; i < TOY_PARAMS; i++)
    if (below(m, 2)) toy_output(m->t, any(m, VECTOR), i * TOY_SPAN);
  if (below(m, 3) == 0) toy_output(m->t, m->t->output[0].value, -1);
}

static toy *random_case(uint64_t seed) {
  static const int sizes[] = {1, 2, 3, 5, 8, 9, 17, 33, 40}, channels[] = {1, 2, 3, 16, 17};
  maker m = {.rng = ig__rng_make(seed, IG__FOR_TEST, 0, 0)};
  int n = sizes[below(&m, 9)];
  m.t = toy_new(n);
  m.c = channels[below(&m, 5)];
  m.h = 1 + below(&m, 3);
  m.w = 1 + below(&m, 3);
  for (int i = 0; i < TOY_STATES; i++) keep(&m, VECTOR, toy_state(m.t, seed + 11u + (unsigned)i));
  for (int i = 0; i < TOY_PARAMS; i++) keep(&m, VECTOR, toy_param(m.t, seed + 21u + (unsigned)i));
  ig__shape images = toy_images(n, m.c, m.h, m.w), rows = ig__shape_make(2, (int[]){n, m.c * m.h * m.w}, true);
  keep(&m, IMAGE, toy_field(m.t, IG__REAL, images, seed + 1));
  keep(&m, IMAGE, toy_field(m.t, IG__REAL, images, seed + 2));
  keep(&m, BYTES, toy_field(m.t, IG__U8, images, seed + 3));
  keep(&m, ROWS, toy_field(m.t, IG__REAL, rows, seed + 4));
  for (int i = 0, count = 1 + below(&m, 30); i < count; i++) {
    int what = below(&m, 10);
    if (what < 3) add_vector(&m);
    else if (what < 6) add_image(&m);
    else add_pictures(&m, what < 8 ? IMAGE : ROWS);
  }
  add_outputs(&m);
  m.t->accumulates = below(&m, 4) == 0;
  m.t->keep_bytes = below(&m, 2); /* everything made of weights alone is too large to keep, or nothing is */
  return m.t;
}

static void describe(const ig__plan *plan) {
  ig__buffer text = {0};
  CHECK_OK(ig__plan_describe(plan, &text));
  printf("%.*s", (int)text.size, (const char *)text.data);
  ig__buffer_free(&text);
}

static void try_case(uint64_t seed, int real_size, ig__pool *pool) {
  toy *t = random_case(seed);
  toy_plan p;
  toy_plan_open(&p, t, real_size, pool);
  if (getenv("IMGRAD_FUZZ_SEED")) describe(p.plan);
  toy_check_memory(p.plan);
  toy_check_run(&p, t->n, 1);
  toy_check_run(&p, t->n > 2 ? t->n / 2 : 1, 1);
  for (int i = 0; i < t->params; i++) t->param[i * TOY_SPAN] = 7 + i;
  toy_check_run(&p, 1 + (int)(seed % (uint64_t)t->n), seed % 3 ? 2 : 0);
  toy_check_run(&p, 1, seed % 3 ? 2 : 0);
  toy_plan_close(&p);
  toy_close(t);
}

/* A failing case is told by its seed: IMGRAD_FUZZ_SEED=… runs and describes that one alone, IMGRAD_FUZZ_COUNT=… more than
 * usual. */
TEST(random_graphs) {
  const char *only = getenv("IMGRAD_FUZZ_SEED"), *more = getenv("IMGRAD_FUZZ_COUNT");
  uint64_t first = only ? strtoull(only, NULL, 10) : 0, count = only ? 1 : more ? strtoull(more, NULL, 10) : toy_slow() ? 600 : 3000;
  ig__pool *pool[3];
  for (int i = 0; i < 3; i++) CHECK_OK(ig__pool_new(&pool[i], i + 1));
  for (uint64_t seed = first; seed < first + count; seed++) {
    toy_seed = seed;
    toy_work = seed % 2 ? 1e6 : 0; /* every other case wakes the other threads */
    try_case(seed, seed % 4 < 2 ? 4 : 8, pool[seed % 3]);
  }
  for (int i = 0; i < 3; i++) ig__pool_free(pool[i]);
  toy_work = 0;
}
