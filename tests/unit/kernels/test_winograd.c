/* Winograd convolutions of every instruction set and real type against the direct ones of the reference, on generated shapes. */
#include "unit/kernels/conv_case.h"

static const int reals[] = { 4, 8 };

static const char *describe(ig__isa isa, int real_size, int m, bool backward, const ig__conv *g) {
  static char text[200];
  snprintf(text, sizeof text, "%s f%d F(%d,3) %s stride %d: %d x %d x %d -> %d x %d x %d, pad %d %d", ig__isa_name(isa),
           real_size * 8, m, backward ? "dx" : "forward", g->sh, g->c_in, g->h, g->w, g->c_out, g->oh, g->ow, g->ph, g->pw);
  return text;
}

#define CHECK_CASE(cond, isa, real_size, m, backward, g)                                                               \
  do {                                                                                                                 \
    if (!(cond)) test_fail(__FILE__, __LINE__, "%s: %s", #cond, describe(isa, real_size, m, backward, g));              \
  } while (0)

static void axis(dice *d, int longest, int stride, int *in, int *out, int *pad) {
  *pad = roll(d, 0, 2);
  const int extra = roll(d, 0, 3) == 0, shortest = 3 - 2 * *pad - extra;
  *in = roll(d, shortest > 1 ? shortest : 1, longest);
  *out = (*in + 2 * *pad + extra - 3) / stride + 1;
}

/* Stride 2 has m = 4 only. */
static ig__conv winograd_shape(dice *d, int m, int channels, int longest) {
  const int stride = m == 4 && roll(d, 0, 1) ? 2 : 1;
  ig__conv g = { .kh = 3, .kw = 3, .sh = stride, .sw = stride, .dh = 1, .dw = 1, .groups = 1 };
  axis(d, longest, stride, &g.h, &g.oh, &g.ph);
  axis(d, longest, stride, &g.w, &g.ow, &g.pw);
  g.c_in = roll(d, 1, channels);
  g.c_out = roll(d, 1, channels);
  return g;
}

/* What one case works on: pictures `from`, a blank result, plain weights and a bias for the result. */
typedef struct problem {
  ig__conv g;
  int n, real_size;
  bool backward;
  canvas from, blank, add;
  void *w, *bias, *scale;
  bool use_bias, use_scale, use_add, relu;
} problem;

/* With whole numbers, weights are `unit` times −1, 0 or 1. */
static problem problem_new(dice *d, int real_size, ig__conv g, bool backward, double unit) {
  problem p = { .g = g, .n = roll(d, 1, 3), .real_size = real_size, .backward = backward };
  const int halo = roll(d, 0, 3), c = backward ? g.c_in : g.c_out;
  p.from = backward ? canvas_new(d, real_size, p.n, g.c_out, g.oh, g.ow, 16, halo)
                    : canvas_new(d, real_size, p.n, g.c_in, g.h, g.w, 16, halo);
  canvas_fill(&p.from, d, unit != 0, halo);
  p.blank = backward ? canvas_new(d, real_size, p.n, g.c_in, g.h, g.w, 16, roll(d, 0, 2))
                     : canvas_new(d, real_size, p.n, g.c_out, g.oh, g.ow, 16, roll(d, 0, 2));
  const int64_t count = (int64_t)g.c_in * g.c_out * 9;
  p.w = malloc((size_t)(count * real_size));
  for (int64_t i = 0; i < count; i++) put(p.w, real_size, i, unit != 0 ? unit * roll(d, -1, 1) : value(d, false));
  p.bias = malloc((size_t)(c + 15) / 16 * 16 * (size_t)real_size);
  for (int i = 0; i < (c + 15) / 16 * 16; i++) put(p.bias, real_size, i, i < c ? value(d, unit != 0) : 0);
  p.scale = malloc((size_t)(c + 15) / 16 * 16 * (size_t)real_size);
  for (int i = 0; i < (c + 15) / 16 * 16; i++) put(p.scale, real_size, i, unit != 0 ? roll(d, -1, 1) : value(d, false));
  p.add = canvas_new(d, real_size, p.n, c, p.blank.m.h, p.blank.m.w, 16, roll(d, 0, 2));
  canvas_fill(&p.add, d, unit != 0, 0);
  if (backward) return p;
  p.use_bias = roll(d, 0, 1), p.use_scale = roll(d, 0, 1), p.use_add = roll(d, 0, 1), p.relu = roll(d, 0, 1);
  return p;
}

static ig__epilogue epilogue_of(const problem *p) {
  return (ig__epilogue){ .bias = p->use_bias ? p->bias : NULL, .relu = p->relu, .scale = p->use_scale ? p->scale : NULL,
                         .add = p->use_add ? &p->add.m : NULL };
}

static void problem_free(problem *p) {
  free(p->from.memory), free(p->blank.memory), free(p->add.memory), free(p->w), free(p->bias), free(p->scale);
}

/* The direct convolution by the reference. */
static canvas direct(const problem *p) {
  const ig__kernels *t = ig__kernels_for(IG__ISA_REFERENCE, p->real_size);
  const ig__pack form = p->backward ? IG__PACK_BACKWARD : IG__PACK_FORWARD;
  canvas y = canvas_copy(&p->blank);
  const ig__epilogue e = epilogue_of(p);
  void *w = malloc(t->conv2d_pack_count(&p->g, form) * (size_t)p->real_size);
  t->conv2d_pack(&p->g, form, p->w, w, 0, 1);
  if (p->backward) t->conv2d_dx(&p->g, &p->from.m, w, &y.m, 0, p->n, 0, 1);
  else t->conv2d(&p->g, &p->from.m, w, &y.m, &e, 0, p->n, 0, 1);
  free(w);
  return y;
}

/* The same by Winograd on `t`, cut by the dice; scratch and transformed weights begin as NaN. */
static canvas winograd(const problem *p, const ig__kernels *t, int m, dice *d) {
  const ig__pack form = p->backward ? IG__PACK_BACKWARD : IG__PACK_FORWARD;
  canvas y = canvas_copy(&p->blank);
  const size_t count = t->winograd_count(&p->g, m, form), bytes = (t->winograd_scratch(&p->g, m, form) + 127) / 64 * 64;
  void *u = malloc(count * (size_t)p->real_size), *scratch = aligned_alloc(64, bytes);
  memset(u, 0xff, count * (size_t)p->real_size);
  memset(scratch, 0xff, bytes);
  int parts = roll(d, 1, 3);
  for (int i = 0; i < parts; i++) t->winograd_pack(&p->g, m, form, p->w, u, i, parts);
  for (size_t i = 0; i < count; i++) CHECK(get(u, p->real_size, (int64_t)i) == get(u, p->real_size, (int64_t)i));
  parts = roll(d, 1, 5);
  const int cuts[] = { 0, roll(d, 0, p->n), p->n };
  const ig__epilogue e = epilogue_of(p);
  for (int i = parts - 1; i >= 0; i--)
    for (int k = 0; k < 2; k++) {
      if (p->backward) t->winograd_dx(&p->g, m, &p->from.m, u, &y.m, cuts[k], cuts[k + 1], i, parts, scratch);
      else t->winograd(&p->g, m, &p->from.m, u, &y.m, &e, cuts[k], cuts[k + 1], i, parts, scratch);
    }
  free(u), free(scratch);
  return y;
}

/* Weights that G divides without rest make everything whole numbers: the same bits as the direct sum, in float as long as
 * the numbers stay below 2²⁴. */
static void integer_cases(uint64_t seed, int cases, bool backward) {
  dice d = { seed };
  for (int i = 0; i < cases; i += every()) {
    const int size = reals[i % 2], m = i % 4 < 2 ? 4 : 2;
    const ig__conv g = winograd_shape(&d, m, size == 4 && m == 4 ? 20 : 70, 19);
    CHECK(ig__kernels_for(IG__ISA_BASELINE, size)->winograd_takes(&g, m));
    problem p = problem_new(&d, size, g, backward, m == 4 ? 576 : 4);
    canvas want = direct(&p);
    canvas_keep_interior(&want, &p.blank);
    for (ig__isa isa = IG__ISA_BASELINE; isa < IG__ISA_COUNT; isa++) {
      if (!ig__isa_usable(isa)) continue;
      canvas y = winograd(&p, ig__kernels_for(isa, size), m, &d);
      CHECK_CASE(same(y.memory, want.memory, y.count, size), isa, size, m, backward, &g);
      free(y.memory);
    }
    free(want.memory);
    problem_free(&p);
  }
}

TEST(winograd_equals_direct) { integer_cases(21, 160, false); }
TEST(winograd_dx_equals_direct) { integer_cases(22, 160, true); }

/* Reals round, so equal bits mean equal arithmetic for every tile: whatever the cuts, AVX2 like AVX-512. */
TEST(winograd_bits_do_not_depend_on_cuts_or_vector_width) {
  if (!ig__isa_usable(FUSED)) test_skip("no FMA here");
  dice d = { 23 };
  for (int i = 0; i < 120; i += every()) {
    const int size = reals[i % 2], m = i % 4 < 2 ? 4 : 2;
    const bool backward = i % 8 < 4;
    const ig__conv g = winograd_shape(&d, m, 70, 25);
    problem p = problem_new(&d, size, g, backward, 0);
    canvas want = winograd(&p, ig__kernels_for(FUSED, size), m, &d);
    for (ig__isa isa = FUSED; isa < IG__ISA_COUNT; isa++) {
      if (!ig__isa_usable(isa)) continue;
      canvas y = winograd(&p, ig__kernels_for(isa, size), m, &d);
      CHECK_CASE(same(y.memory, want.memory, y.count, size), isa, size, m, backward, &g);
      free(y.memory);
    }
    free(want.memory);
    problem_free(&p);
  }
}

/* Largest difference, as a share of the largest value. */
static double error_of(const canvas *got, const canvas *want) {
  const ig__image *m = &want->m;
  double error = 0, largest = 0;
  for (int n = 0; n < want->n; n++)
    for (int p = 0; p < canvas_planes(want); p++)
      for (int y = 0; y < m->h; y++)
        for (int64_t x = 0; x < (int64_t)m->w * 16; x++) {
          const int64_t at = n * m->n_pitch + p * m->c_pitch + y * m->h_pitch + x;
          const double a = get(got->m.data, got->real_size, at), b = get(m->data, want->real_size, at);
          CHECK(a == a);
          if (fabs(a - b) > error) error = fabs(a - b);
          if (fabs(b) > largest) largest = fabs(b);
        }
  return largest > 0 ? error / largest : error;
}

/* Random reals: within what was measured for each algorithm on the layers of real networks, on every table, the textbook's
 * matrices in the reference included. */
TEST(winograd_error_is_small) {
  dice d = { 24 };
  for (int i = 0; i < 100; i += every()) {
    const int size = reals[i % 2], m = i % 4 < 2 ? 4 : 2;
    const bool backward = i % 8 < 4;
    const ig__conv g = winograd_shape(&d, m, i < 8 ? 300 : 40, i < 8 ? 7 : 15);
    problem p = problem_new(&d, size, g, backward, 0);
    canvas want = direct(&p);
    const double bound = size == 8 ? 1e-13 : m == 4 ? 2e-5 : 2e-6;
    /* The textbook's loops would take seconds over hundreds of channels. */
    for (ig__isa isa = i < 8 ? IG__ISA_BASELINE : IG__ISA_REFERENCE; isa < IG__ISA_COUNT; isa++) {
      if (!ig__isa_usable(isa)) continue;
      canvas y = winograd(&p, ig__kernels_for(isa, size), m, &d);
      CHECK_CASE(error_of(&y, &want) < bound, isa, size, m, backward, &g);
      free(y.memory);
    }
    free(want.memory);
    problem_free(&p);
  }
}

TEST(winograd_takes_what_it_can) {
  const ig__kernels *t = ig__kernels_for(IG__ISA_BASELINE, 4);
  const ig__conv g = { 8, 9, 9, 8, 9, 9, 3, 3, 1, 1, 1, 1, 1, 1, 1 };
  CHECK(t->winograd_takes(&g, 4) && t->winograd_takes(&g, 2) && !t->winograd_takes(&g, 3));
  ig__conv bad[] = { g, g, g, g, g, g, g };
  ig__conv strided = g;
  strided.sh = strided.sw = 2, strided.oh = strided.ow = 5;
  CHECK(t->winograd_takes(&strided, 4) && !t->winograd_takes(&strided, 2));
  bad[0].kh = 1, bad[1].kw = 5, bad[2].sh = 2, bad[3].sw = 2, bad[4].dh = 2, bad[5].groups = 2, bad[6].pw = 3;
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) CHECK(!t->winograd_takes(&bad[i], 4));
}
