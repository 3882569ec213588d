/* Convolutions whose operands are rounded to bf16: bit for bit on whole numbers, which bf16 holds exactly, near the reference on
 * reals, the same bits for any cuts; and the rounding itself. */
#include "unit/kernels/conv_case.h"

#include "kernels/pack.h"

enum { FORWARD, DX, DW };
#define DIRECT (IG__BF16 | 1)
#define F2 (IG__BF16 | 2)

#define CHECK_CASE(cond, t, m, pass, g)                                                                                 \
  do {                                                                                                                  \
    char text_[200];                                                                                                    \
    snprintf(text_, sizeof text_, "%s m %d pass %d: %d x %d x %d -> %d x %d x %d, k %d %d s %d p %d %d",                \
             ig__isa_name((t)->isa), m, pass, (g)->c_in, (g)->h, (g)->w, (g)->c_out, (g)->oh, (g)->ow, (g)->kh, (g)->kw, \
             (g)->sh, (g)->ph, (g)->pw);                                                                                \
    if (!(cond)) test_fail(__FILE__, __LINE__, "%s: %s", #cond, text_);                                                 \
  } while (0)

static void axis(dice *d, int k, int stride, int *in, int *out, int *pad) {
  *pad = roll(d, 0, k - 1);
  const int extra = roll(d, 0, 3) == 0, shortest = k - 2 * *pad - extra;
  *in = roll(d, shortest > 1 ? shortest : 1, 15);
  *out = (*in + 2 * *pad + extra - k) / stride + 1;
}

static ig__conv shape_of(dice *d, int m) {
  const int stride = m == F2 ? 1 : roll(d, 1, 3);
  ig__conv g = { .c_in = roll(d, 1, 70), .c_out = roll(d, 1, 70), .kh = m == F2 ? 3 : roll(d, 1, 5), .kw = m == F2 ? 3 : roll(d, 1, 5),
                 .sh = stride, .sw = stride, .dh = 1, .dw = 1, .groups = 1 };
  axis(d, g.kh, stride, &g.h, &g.oh, &g.ph);
  axis(d, g.kw, stride, &g.w, &g.ow, &g.pw);
  while ((int64_t)g.c_in * g.c_out * g.kh * g.kw * g.oh * g.ow > 200000 && g.c_in * g.c_out > 1) {
    if (g.c_in > g.c_out) g.c_in = (g.c_in + 1) / 2;
    else g.c_out = (g.c_out + 1) / 2;
  }
  return g;
}

typedef struct problem {
  ig__conv g;
  int n, pass;
  canvas x, y; /* of the pass: what is read first, and what is written or, for dw, dy */
  float *w, *bias;
} problem;

static int64_t weights(const ig__conv *g) { return (int64_t)g->c_in * g->c_out * g->kh * g->kw; }

/* Weights of whole numbers are 4 times −1, 0 or 1, which Winograd's transform keeps whole. */
static problem problem_new(dice *d, ig__conv g, int pass, bool integers) {
  problem p = { .g = g, .n = roll(d, 1, 3), .pass = pass };
  const int hx = roll(d, 0, 2), hy = roll(d, 0, 2);
  canvas in = canvas_new(d, 4, p.n, g.c_in, g.h, g.w, 16, hx), out = canvas_new(d, 4, p.n, g.c_out, g.oh, g.ow, 16, hy);
  if (pass != DX) canvas_fill(&in, d, integers, hx);
  if (pass != FORWARD) canvas_fill(&out, d, integers, hy);
  p.x = pass == DX ? out : in;
  p.y = pass == DX ? in : out;
  p.w = malloc((size_t)weights(&g) * sizeof(float));
  for (int64_t i = 0; i < weights(&g); i++) p.w[i] = integers ? 4 * (float)roll(d, -1, 1) : (float)value(d, false);
  p.bias = malloc(80 * sizeof(float));
  for (int i = 0; i < 80; i++) p.bias[i] = i < g.c_out ? (float)value(d, integers) : 0;
  return p;
}

static void problem_free(problem *p) { free(p->x.memory), free(p->y.memory), free(p->w), free(p->bias); }

/* The weights' gradient by partials, cut by the dice into pictures (where `cut`) and parts. */
static canvas gradient(const problem *p, const ig__kernels *t, int m, dice *d, bool cut) {
  canvas got = { .count = weights(&p->g), .real_size = 4, .memory = malloc((size_t)weights(&p->g) * sizeof(float)) };
  const size_t count = t->winograd_count(&p->g, m, IG__PACK_FORWARD), bytes = (t->winograd_dw_scratch(&p->g, m) + 127) / 64 * 64;
  void *partial[2] = { calloc(count, 4), calloc(count, 4) }, *scratch = aligned_alloc(64, bytes);
  const int middle = cut ? roll(d, 0, p->n) : p->n, parts = roll(d, 1, 3);
  for (int i = parts - 1; i >= 0; i--)
    for (int k = 0; k < 2; k++) {
      memset(scratch, 0xff, bytes);
      t->winograd_dw(&p->g, m, &p->x.m, &p->y.m, partial[k], k ? middle : 0, k ? p->n : middle, i, parts, scratch);
    }
  for (int i = 0; i < 2; i++) t->winograd_unpack(&p->g, m, (const void *const *)partial, 2, got.memory, i, 2);
  free(partial[0]), free(partial[1]), free(scratch);
  return got;
}

static canvas run(const problem *p, const ig__kernels *t, int m, dice *d, bool cut) {
  if (p->pass == DW) return gradient(p, t, m, d, cut);
  const ig__pack form = p->pass == DX ? IG__PACK_BACKWARD : IG__PACK_FORWARD;
  canvas y = canvas_copy(&p->y);
  const size_t count = t->winograd_count(&p->g, m, form), bytes = (t->winograd_scratch(&p->g, m, form) + 127) / 64 * 64;
  void *u = malloc(count * 4), *scratch = aligned_alloc(64, bytes);
  memset(u, 0xff, count * 4);
  memset(scratch, 0xff, bytes);
  int parts = roll(d, 1, 3);
  for (int i = 0; i < parts; i++) t->winograd_pack(&p->g, m, form, p->w, u, i, parts);
  parts = roll(d, 1, 4);
  const int cuts[] = { 0, roll(d, 0, p->n), p->n };
  const ig__epilogue e = { .bias = p->bias, .relu = true };
  for (int i = parts - 1; i >= 0; i--)
    for (int k = 0; k < 2; k++) {
      if (p->pass == DX) t->winograd_dx(&p->g, m, &p->x.m, u, &y.m, cuts[k], cuts[k + 1], i, parts, scratch);
      else t->winograd(&p->g, m, &p->x.m, u, &y.m, &e, cuts[k], cuts[k + 1], i, parts, scratch);
    }
  free(u), free(scratch);
  canvas_keep_interior(&y, &p->y);
  return y;
}

/* In float, by the reference. */
static canvas plain(const problem *p) {
  const ig__kernels *t = ig__kernels_for(IG__ISA_REFERENCE, 4);
  if (p->pass == DW) {
    canvas want = { .count = weights(&p->g), .real_size = 4, .memory = calloc((size_t)weights(&p->g), sizeof(float)) };
    t->conv2d_dw_plain(&p->g, &p->x.m, &p->y.m, want.memory, 0, p->n, 0, 1);
    return want;
  }
  const ig__pack form = p->pass == DX ? IG__PACK_BACKWARD : IG__PACK_FORWARD;
  canvas y = canvas_copy(&p->y);
  void *w = malloc(t->conv2d_pack_count(&p->g, form) * 4);
  const ig__epilogue e = { .bias = p->bias, .relu = true };
  t->conv2d_pack(&p->g, form, p->w, w, 0, 1);
  if (p->pass == DX) t->conv2d_dx(&p->g, &p->x.m, w, &y.m, 0, p->n, 0, 1);
  else t->conv2d(&p->g, &p->x.m, w, &y.m, &e, 0, p->n, 0, 1);
  free(w);
  canvas_keep_interior(&y, &p->y);
  return y;
}

static double error_of(const canvas *got, const canvas *want) {
  double error = 0, largest = 0;
  for (int64_t i = 0; i < want->count; i++) {
    const double a = get(got->memory, 4, i), b = get(want->memory, 4, i);
    if (b != b) continue; /* around the picture */
    if (!(fabs(a - b) <= error)) error = fabs(a - b);
    if (fabs(b) > largest) largest = fabs(b);
  }
  return largest > 0 ? error / largest : error;
}

static const ig__kernels *fast(void) {
  if (!ig__bf16_usable()) test_skip("this CPU has no bf16");
  return ig__kernels_for(IG__ISA_AVX512, 4);
}

static void whole_numbers(const ig__kernels *t, uint64_t seed, int cases) {
  dice d = { seed };
  for (int i = 0; i < cases; i += every()) {
    const int pass = i % 3, m = i % 2 ? DIRECT : F2;
    problem p = problem_new(&d, shape_of(&d, m), pass, true);
    CHECK(t->winograd_takes(&p.g, m));
    canvas want = plain(&p), got = run(&p, t, m, &d, true);
    CHECK_CASE(same(got.memory, want.memory, want.count, 4), t, m, pass, &p.g);
    free(want.memory), free(got.memory);
    problem_free(&p);
  }
}

TEST(bf16_reference_is_exact_on_whole_numbers) { whole_numbers(ig__kernels_for(IG__ISA_REFERENCE, 4), 31, 12); }
TEST(bf16_is_exact_on_whole_numbers) { whole_numbers(fast(), 32, 120); }

/* Sums of rounded operands: what differs from the reference is the rounding of float sums, and of a transformed element now and
 * then that lies between two bf16. Against float the operands' rounding shows, which is a share of 2⁻⁹ of each. */
TEST(bf16_is_near_the_reference) {
  const ig__kernels *t = fast(), *oracle = ig__kernels_for(IG__ISA_REFERENCE, 4);
  dice d = { 33 };
  double rounding = 0;
  for (int i = 0; i < 60; i += every()) { /* few channels: the reference is slow */
    const int pass = i % 3, m = i % 2 ? DIRECT : F2;
    ig__conv g = shape_of(&d, m);
    g.c_in = g.c_in % 6 + 1, g.c_out = g.c_out % 6 + 1;
    problem p = problem_new(&d, g, pass, false);
    canvas want = run(&p, oracle, m, &d, false), got = run(&p, t, m, &d, false), exact = plain(&p);
    CHECK_CASE(error_of(&got, &want) < (m == DIRECT ? 2e-6 : 1e-3), t, m, pass, &g);
    CHECK_CASE(error_of(&got, &exact) < (m == DIRECT ? 8e-3 : 2e-2), t, m, pass, &g);
    rounding = fmax(rounding, error_of(&got, &exact));
    free(want.memory), free(got.memory), free(exact.memory);
    problem_free(&p);
  }
  CHECK(rounding > 1e-4); /* it is not float in disguise */
}

TEST(bf16_bits_do_not_depend_on_cuts) {
  const ig__kernels *t = fast();
  dice d = { 34 };
  for (int i = 0; i < 90; i += every()) {
    const int pass = i % 3, m = i % 2 ? DIRECT : F2;
    problem p = problem_new(&d, shape_of(&d, m), pass, false);
    canvas a = run(&p, t, m, &d, pass != DW), b = run(&p, t, m, &d, pass != DW); /* a cut of a sum over pictures is the caller's */
    CHECK_CASE(same(a.memory, b.memory, a.count, 4), t, m, pass, &p.g);
    free(a.memory), free(b.memory);
    problem_free(&p);
  }
}

/* A convolution of one pixel and one channel by 1 is the rounding itself. */
static float rounded(const ig__kernels *t, float x) {
  const ig__conv g = { 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 1, 1, 1 };
  float in[16] = { x }, out[16], u[256];
  const float one = 1;
  _Alignas(64) char scratch[1 << 14];
  const ig__image a = { in, 16, 16, 16, 1, 1, 1, 16, 0 }, b = { out, 16, 16, 16, 1, 1, 1, 16, 0 };
  CHECK(t->winograd_scratch(&g, DIRECT, IG__PACK_FORWARD) <= sizeof scratch);
  CHECK(t->winograd_count(&g, DIRECT, IG__PACK_FORWARD) <= 256);
  t->winograd_pack(&g, DIRECT, IG__PACK_FORWARD, &one, u, 0, 1);
  t->winograd(&g, DIRECT, &a, u, &b, NULL, 0, 1, 0, 1, scratch);
  return out[0];
}

TEST(bf16_rounds_to_nearest_even) {
  static const struct { float x, want; } values[] = {
    { 1, 1 }, { -3.5f, -3.5f }, { 1 + 0x1p-8f, 1 }, { 1 + 0x1.8p-7f, 1 + 0x1p-6f }, { 1 + 0x1.02p-8f, 1 + 0x1p-7f }, { -1 - 0x1.02p-8f, -1 - 0x1p-7f },
    { 1 + 0x1.fep-9f, 1 }, { 0x1.ffp127f, INFINITY }, { 0x1.fep127f, 0x1.fep127f }, { 0x1p-126f, 0x1p-126f }, { -INFINITY, -INFINITY },
  };
  const ig__kernels *t[] = { ig__kernels_for(IG__ISA_REFERENCE, 4), ig__bf16_usable() ? ig__kernels_for(IG__ISA_AVX512, 4) : NULL };
  for (int k = 0; k < 2 && t[k]; k++) {
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
      const float got = rounded(t[k], values[i].x);
      /* 0 · ∞ is no number, so that an infinity says so in the 15 other products of the vector kernel's lane. */
      if (isinf(values[i].want)) CHECK(!isfinite(got));
      else CHECK(got == values[i].want);
    }
    CHECK(isnan(rounded(t[k], NAN)));
  }
}

TEST(bf16_takes_what_it_can) {
  const ig__kernels *t = ig__kernels_for(IG__ISA_REFERENCE, 4);
  const ig__conv g = { 8, 9, 9, 8, 9, 9, 3, 3, 1, 1, 1, 1, 1, 1, 1 };
  ig__conv bad[] = { g, g, g, g };
  bad[0].dh = 2, bad[1].groups = 2, bad[2].kh = 9, bad[3].dw = 2;
  CHECK(t->winograd_takes(&g, DIRECT) && t->winograd_takes(&g, F2) && !t->winograd_takes(&g, IG__BF16 | 4));
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) CHECK(!t->winograd_takes(&bad[i], DIRECT));
  CHECK(!ig__kernels_for(IG__ISA_REFERENCE, 8)->winograd_takes(&g, DIRECT));
  for (ig__isa isa = IG__ISA_BASELINE; isa < IG__ISA_COUNT; isa++)
    if (isa != IG__ISA_AVX512 && ig__isa_usable(isa)) CHECK(!ig__kernels_for(isa, 4)->winograd_takes(&g, DIRECT));
}
