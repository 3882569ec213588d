/* Spans, lane groups and optimiser updates: every table against the reference over odd lengths and unaligned places; nothing
 * written outside; the same bits however a span is cut; the same bits on AVX2 and AVX-512. */
#include "kernel_data.h"

/* A kernel on five arrays of which it may write any. */
enum { ARRAYS = 5 };
typedef struct arrays { char *p[ARRAYS]; } arrays;
typedef void run(const ig__kernels *k, arrays a, int64_t count);

static void run_fill(const ig__kernels *k, arrays a, int64_t n) { k->fill(a.p[0], 0.3, n); }
static void run_relu(const ig__kernels *k, arrays a, int64_t n) { k->relu(a.p[0], a.p[1], n); }
static void run_relu_same(const ig__kernels *k, arrays a, int64_t n) { k->relu(a.p[0], a.p[0], n); }
static void run_relu_dx(const ig__kernels *k, arrays a, int64_t n) { k->relu_dx(a.p[0], a.p[1], a.p[2], n); }
static void run_add(const ig__kernels *k, arrays a, int64_t n) { k->add(a.p[0], a.p[1], a.p[2], n); }
static void run_add_same(const ig__kernels *k, arrays a, int64_t n) { k->add(a.p[0], a.p[0], a.p[0], n); }
static void run_sub(const ig__kernels *k, arrays a, int64_t n) { k->sub(a.p[0], a.p[1], a.p[2], n); }
static void run_mul(const ig__kernels *k, arrays a, int64_t n) { k->mul(a.p[0], a.p[1], a.p[2], n); }
static void run_scale(const ig__kernels *k, arrays a, int64_t n) { k->scale(a.p[0], a.p[1], 1.7, n); }
static void run_axpy(const ig__kernels *k, arrays a, int64_t n) { k->axpy(a.p[0], a.p[1], -1.75, n); }
static void run_clip(const ig__kernels *k, arrays a, int64_t n) { k->clip_weights_zero(a.p[0], 1, n); }
static void run_exp(const ig__kernels *k, arrays a, int64_t n) { k->exp(a.p[0], a.p[1], n); }
static void run_log(const ig__kernels *k, arrays a, int64_t n) { k->log(a.p[0], a.p[3], n); }
static void run_sigmoid(const ig__kernels *k, arrays a, int64_t n) { k->sigmoid(a.p[0], a.p[1], n); }
static void run_tanh(const ig__kernels *k, arrays a, int64_t n) { k->tanh(a.p[0], a.p[0], n); }
static void run_silu(const ig__kernels *k, arrays a, int64_t n) { k->silu(a.p[0], a.p[0], n); }
static void run_gelu(const ig__kernels *k, arrays a, int64_t n) { k->gelu(a.p[0], a.p[1], n); }
static void run_silu_dx(const ig__kernels *k, arrays a, int64_t n) { k->silu_dx(a.p[0], a.p[0], a.p[1], n); }
static void run_gelu_dx(const ig__kernels *k, arrays a, int64_t n) { k->gelu_dx(a.p[0], a.p[1], a.p[0], n); }
static void run_sgd(const ig__kernels *k, arrays a, int64_t n) { k->sgd_step(a.p[0], a.p[1], NULL, 0.1, 0, false, n); }
static void run_momentum(const ig__kernels *k, arrays a, int64_t n) {
  k->sgd_step(a.p[0], a.p[1], a.p[2], 0.1, 0.9, false, n);
}
static void run_nesterov(const ig__kernels *k, arrays a, int64_t n) {
  k->sgd_step(a.p[0], a.p[1], a.p[2], 0.1, 0.9, true, n);
}
static void run_adam(const ig__kernels *k, arrays a, int64_t n) {
  const ig__adam p = {.lr = 0.01, .beta1 = 0.9, .beta2 = 0.999, .epsilon = 1e-7, .correction1 = 1 - 0.9 * 0.9,
                      .correction2 = 1 - 0.999 * 0.999};
  k->adam_step(a.p[0], a.p[1], a.p[2], a.p[3], NULL, &p, n);
}

static void run_amsgrad(const ig__kernels *k, arrays a, int64_t n) {
  const ig__adam p = {.lr = 0.01, .beta1 = 0.9, .beta2 = 0.999, .epsilon = 1e-7, .correction1 = 1, .correction2 = 0.5};
  k->adam_step(a.p[0], a.p[1], a.p[2], a.p[3], a.p[4], &p, n);
}
static void run_rmsprop(const ig__kernels *k, arrays a, int64_t n) {
  k->rms_step(a.p[0], a.p[1], a.p[3], NULL, &(ig__rms){.lr = 0.01, .keep = 0.9, .add = 0.1, .epsilon = 1e-7}, n);
}
static void run_rms_momentum(const ig__kernels *k, arrays a, int64_t n) {
  k->rms_step(a.p[0], a.p[1], a.p[3], a.p[2], &(ig__rms){.lr = 0.01, .keep = 0.9, .add = 0.1, .epsilon = 1e-7, .momentum = 0.5}, n);
}
static void run_adagrad(const ig__kernels *k, arrays a, int64_t n) {
  k->rms_step(a.p[0], a.p[1], a.p[4], NULL, &(ig__rms){.lr = 0.01, .keep = 1, .add = 1, .epsilon = 1e-7}, n);
}

/* `ulps`: distance allowed from the reference, in units of the greater of the result and 1; `exact` on whole numbers. */
static const struct { const char *name; run *run; double ulps; bool exact; } spans[] = {
  {"fill", run_fill, 0, true},
  {"relu", run_relu, 0, true},
  {"relu in place", run_relu_same, 0, true},
  {"relu_dx", run_relu_dx, 0, true},
  {"add", run_add, 0, true},
  {"add in place", run_add_same, 0, true},
  {"sub", run_sub, 0, true},
  {"mul", run_mul, 0, true},
  {"scale", run_scale, 0, true},
  {"axpy", run_axpy, 2, true},
  {"clip_weights_zero", run_clip, 0, true},
  {"exp", run_exp, 2, false},
  {"log", run_log, 2, false},
  {"sigmoid", run_sigmoid, 3, false},
  {"tanh", run_tanh, 3, false},
  {"silu", run_silu, 3, false},
  {"gelu", run_gelu, 3, false},
  {"silu_dx", run_silu_dx, 4, false},
  {"gelu_dx", run_gelu_dx, 10, false},
  {"sgd_step", run_sgd, 2, false},
  {"sgd_step, momentum", run_momentum, 3, false},
  {"sgd_step, nesterov", run_nesterov, 3, false},
  {"adam_step", run_adam, 4, false},
  {"adam_step, amsgrad", run_amsgrad, 4, false},
  {"rms_step, rmsprop", run_rmsprop, 4, false},
  {"rms_step, momentum", run_rms_momentum, 4, false},
  {"rms_step, adagrad", run_adagrad, 4, false},
};
enum { SPANS = sizeof spans / sizeof spans[0], MOST = 1100 };

/* The arrays begin `shift` elements into their buffers and end in poison: three of small whole or of real numbers, the
 * others positive (log's input, Adam's squares). */
typedef struct workspace { void *buffer[ARRAYS]; arrays a; int size; } workspace;

static workspace make_workspace(int size, int shift, int64_t count, bool whole) {
  workspace w = {.size = size};
  for (int i = 0; i < ARRAYS; i++) {
    w.buffer[i] = poisoned((size_t)(MOST + 32) * (size_t)size);
    w.a.p[i] = (char *)w.buffer[i] + shift * size;
    for (int64_t j = 0; j < count; j++) {
      double v = whole ? random_int(-4, 4) : random_real(-4, 4);
      put(w.a.p[i], size, j, i >= 3 ? v * v + 0.25 : v);
    }
  }
  return w;
}

static workspace same_workspace(const workspace *from) {
  workspace w = *from;
  for (int i = 0; i < ARRAYS; i++) {
    w.buffer[i] = poisoned((size_t)(MOST + 32) * (size_t)w.size);
    memcpy(w.buffer[i], from->buffer[i], (size_t)(MOST + 32) * (size_t)w.size);
    w.a.p[i] = (char *)w.buffer[i] + (from->a.p[i] - (char *)from->buffer[i]);
  }
  return w;
}

static void free_workspace(workspace *w) {
  for (int i = 0; i < ARRAYS; i++) free(w->buffer[i]);
}

static bool same_bits(const workspace *a, const workspace *b) {
  for (int i = 0; i < ARRAYS; i++)
    if (memcmp(a->buffer[i], b->buffer[i], (size_t)(MOST + 32) * (size_t)a->size) != 0) return false;
  return true;
}

static void compare(const ig__kernels *k, int s, const workspace *got, const workspace *want, double ulps, int64_t count) {
  const double epsilon = k->real_size == 4 ? 0x1p-23 : 0x1p-52;
  for (int i = 0; i < ARRAYS; i++)
    for (int64_t j = 0; j < MOST + 32; j++) {
      double u = get(got->buffer[i], k->real_size, j), v = get(want->buffer[i], k->real_size, j);
      if ((u != u) != (v != v) || fabs(u - v) > ulps * epsilon * fmax(1, fabs(v)))
        FAIL_AT(k, spans[s].name, "count %lld, array %d, element %lld: %.17g, want %.17g", (long long)count, i, (long long)j,
                u, v);
    }
}

static const int64_t lengths[] = {0,  1,  2,  3,  4,  5,  7,  8,  9,  15,  16,  17,  31,  32,  33,  47,  63,   64,   65,
                                  66, 79, 80, 81, 95, 96, 97, 127, 128, 129, 255, 256, 257, 258, 300, 511, 512, 513, 1000, 1100};
enum { LENGTHS = sizeof lengths / sizeof lengths[0] };

TEST(spans_equal_the_reference) {
  test_seed = 4;
  EACH_TABLE(k)
    for (int s = 0; s < SPANS; s++)
      for (int l = 0; l < LENGTHS; l++)
        for (int whole = 0; whole < 2; whole++) {
          workspace got = make_workspace(k->real_size, random_int(0, 3), lengths[l], whole);
          workspace want = same_workspace(&got);
          spans[s].run(k, got.a, lengths[l]);
          spans[s].run(oracle(k->real_size), want.a, lengths[l]);
          compare(k, s, &got, &want, whole && spans[s].exact ? 0 : spans[s].ulps, lengths[l]);
          free_workspace(&got), free_workspace(&want);
        }
}

TEST(a_cut_span_gives_the_same_bits) {
  test_seed = 5;
  EACH_TABLE(k)
    for (int s = 0; s < SPANS; s++)
      for (int repeat = 0; repeat < 20; repeat++) {
        const int64_t count = random_int(1, 300);
        workspace once = make_workspace(k->real_size, random_int(0, 3), count, false), cut = same_workspace(&once);
        spans[s].run(k, once.a, count);
        for (int64_t at = 0; at < count;) {
          int64_t end = at + random_int(1, 40);
          if (end > count) end = count;
          arrays piece = cut.a;
          for (int i = 0; i < ARRAYS; i++) piece.p[i] += at * k->real_size;
          spans[s].run(k, piece, end - at);
          at = end;
        }
        if (!same_bits(&once, &cut)) FAIL_AT(k, spans[s].name, "%lld elements: other bits when cut", (long long)count);
        free_workspace(&once), free_workspace(&cut);
      }
}

TEST(avx2_and_avx512_give_the_same_bits) {
  test_seed = 6;
  if (!ig__isa_usable(IG__ISA_AVX2) || !ig__isa_usable(IG__ISA_AVX512)) test_skip("needs AVX2 and AVX-512");
  for (int size = 4; size <= 8; size += 4) {
    const ig__kernels *k = ig__kernels_for(IG__ISA_AVX2, size), *l = ig__kernels_for(IG__ISA_AVX512, size);
    for (int s = 0; s < SPANS; s++)
      for (int i = 0; i < LENGTHS; i++) {
        workspace a = make_workspace(size, 1, lengths[i], false), b = same_workspace(&a);
        spans[s].run(k, a.a, lengths[i]);
        spans[s].run(l, b.a, lengths[i]);
        if (!same_bits(&a, &b)) FAIL_AT(l, spans[s].name, "%lld elements: other bits than AVX2", (long long)lengths[i]);
        CHECK(k->sum(a.a.p[1], lengths[i]) == l->sum(a.a.p[1], lengths[i]));
        CHECK(k->sum_abs(a.a.p[1], lengths[i]) == l->sum_abs(a.a.p[1], lengths[i]));
        CHECK(k->sum_squares(a.a.p[1], lengths[i]) == l->sum_squares(a.a.p[1], lengths[i]));
        CHECK(k->dot(a.a.p[1], a.a.p[3], lengths[i]) == l->dot(a.a.p[1], a.a.p[3], lengths[i]));
        free_workspace(&a), free_workspace(&b);
      }
  }
}

/* A NaN goes through relu and the soft threshold, and an optimiser does not swallow it. */
TEST(spans_keep_a_nan) {
  EACH_TABLE(k) {
    workspace w = make_workspace(k->real_size, 0, 40, true);
    put(w.a.p[0], k->real_size, 33, NAN);
    k->relu(w.a.p[1], w.a.p[0], 40);
    CHECK(isnan(get(w.a.p[1], k->real_size, 33)) && !isnan(get(w.a.p[1], k->real_size, 32)));
    k->clip_weights_zero(w.a.p[0], 1, 40);
    CHECK(isnan(get(w.a.p[0], k->real_size, 33)) && !isnan(get(w.a.p[0], k->real_size, 32)));
    free_workspace(&w);
  }
}

/* ---- Sums ----------------------------------------------------------------------------------------------------------- */

TEST(sums_of_whole_numbers_are_exact) {
  test_seed = 7;
  EACH_TABLE(k) {
    for (int l = 0; l < LENGTHS; l++) {
      const int64_t n = lengths[l];
      workspace w = make_workspace(k->real_size, random_int(0, 3), n, true);
      double sum = 0, magnitudes = 0, squares = 0, dot = 0;
      for (int64_t i = 0; i < n; i++) {
        double a = get(w.a.p[0], k->real_size, i), b = get(w.a.p[1], k->real_size, i);
        sum += a, magnitudes += fabs(a), squares += a * a, dot += a * b;
      }
      if (k->sum(w.a.p[0], n) != sum) FAIL_AT(k, "sum", "%lld elements", (long long)n);
      if (k->sum_abs(w.a.p[0], n) != magnitudes) FAIL_AT(k, "sum_abs", "%lld elements", (long long)n);
      if (k->sum_squares(w.a.p[0], n) != squares) FAIL_AT(k, "sum_squares", "%lld elements", (long long)n);
      if (k->dot(w.a.p[0], w.a.p[1], n) != dot) FAIL_AT(k, "dot", "%lld elements", (long long)n);
      free_workspace(&w);
    }
  }
}

/* A million and a bit: a running float would be wrong in the fourth digit. */
TEST(long_sums_keep_their_digits) {
  const int64_t n = 1000003;
  float *x = malloc((size_t)n * sizeof *x);
  CHECK(x != NULL);
  double want = 0;
  test_seed = 8;
  for (int64_t i = 0; i < n; i++) x[i] = (float)random_real(0, 1), want += (double)x[i];
  EACH_TABLE(k)
    if (k->real_size == 4) CHECK_NEAR(k->sum(x, n), want, 1e-7 * want);
  free(x);
}

TEST(nonfinite_elements_are_counted) {
  static const double odd[] = {NAN, INFINITY, -INFINITY, -NAN};
  test_seed = 9;
  EACH_TABLE(k)
    for (int l = 0; l < LENGTHS; l++) {
      workspace w = make_workspace(k->real_size, random_int(0, 3), lengths[l], false);
      int64_t want = 0;
      for (int64_t i = 0; i < lengths[l]; i++)
        if (random_int(0, 5) == 0) put(w.a.p[0], k->real_size, i, odd[want++ % 4]);
        else if (random_int(0, 5) == 0) put(w.a.p[0], k->real_size, i, k->real_size == 4 ? 3.4e38 : 1.7e308);
      CHECK_INT(k->count_nonfinite(w.a.p[0], lengths[l]), want);
      CHECK_INT(oracle(k->real_size)->count_nonfinite(w.a.p[0], lengths[l]), want);
      free_workspace(&w);
    }
}

/* ---- Lanes ---------------------------------------------------------------------------------------------------------- */

static void run_add_lanes(const ig__kernels *k, arrays a, int64_t n) { k->add_lanes(a.p[0], a.p[1], a.p[3], n); }
static void run_affine(const ig__kernels *k, arrays a, int64_t n) {
  k->affine_lanes(a.p[0], a.p[0], a.p[3], a.p[3] + 16 * k->real_size, n);
}
static void run_affine2(const ig__kernels *k, arrays a, int64_t n) {
  k->affine2_lanes(a.p[0], a.p[1], a.p[3], a.p[2], a.p[3] + 16 * k->real_size, a.p[3] + 32 * k->real_size, n);
}
static void run_sum(const ig__kernels *k, arrays a, int64_t n) { k->sum_lanes(a.p[3], a.p[1], n); }
static void run_squares(const ig__kernels *k, arrays a, int64_t n) {
  k->sum_squares_lanes(a.p[3], a.p[1], a.p[3] + 16 * k->real_size, n);
}
static void run_dot(const ig__kernels *k, arrays a, int64_t n) {
  k->dot_lanes(a.p[3], a.p[1], a.p[3] + 16 * k->real_size, a.p[2], n);
}
static const struct { const char *name; run *run; } lane_kernels[] = {
  {"add_lanes", run_add_lanes}, {"affine_lanes", run_affine},       {"affine2_lanes", run_affine2},
  {"sum_lanes", run_sum},       {"sum_squares_lanes", run_squares}, {"dot_lanes", run_dot},
};
enum { LANE_KERNELS = sizeof lane_kernels / sizeof lane_kernels[0], MOST_GROUPS = 600 };

static workspace make_lanes(int size, int64_t groups, bool whole) {
  workspace w = {.size = size};
  for (int i = 0; i < ARRAYS; i++) {
    w.a.p[i] = w.buffer[i] = poisoned((size_t)(MOST_GROUPS + 1) * 16 * (size_t)size);
    for (int64_t j = 0; j < (i == 3 ? 3 : groups) * 16; j++)
      put(w.a.p[i], size, j, whole ? random_int(-4, 4) : random_real(-4, 4));
  }
  return w;
}

TEST(lanes_equal_the_reference) {
  static const int64_t groups[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 13, 49, 169, 255, 256, 257, 258, 259, 511, 600};
  test_seed = 10;
  EACH_TABLE(k)
    for (int s = 0; s < LANE_KERNELS; s++)
      for (size_t l = 0; l < sizeof groups / sizeof groups[0]; l++)
        for (int whole = 0; whole < 2; whole++) {
          workspace got = make_lanes(k->real_size, groups[l], whole), want = make_lanes(k->real_size, 0, whole);
          for (int i = 0; i < ARRAYS; i++) memcpy(want.buffer[i], got.buffer[i], (MOST_GROUPS + 1) * 16 * (size_t)k->real_size);
          lane_kernels[s].run(k, got.a, groups[l]);
          lane_kernels[s].run(oracle(k->real_size), want.a, groups[l]);
          const double epsilon = whole ? 0 : k->real_size == 4 ? 0x1p-23 : 0x1p-52;
          for (int i = 0; i < ARRAYS; i++)
            for (int64_t j = 0; j < (MOST_GROUPS + 1) * 16; j++) {
              double u = get(got.buffer[i], k->real_size, j), v = get(want.buffer[i], k->real_size, j);
              double room = i == 3 ? 256 * (double)groups[l] : 64; /* terms of sums are up to 64 */
              if ((u != u) != (v != v) || fabs(u - v) > epsilon * room)
                FAIL_AT(k, lane_kernels[s].name, "%lld groups, array %d, element %lld: %.17g, want %.17g",
                        (long long)groups[l], i, (long long)j, u, v);
            }
          free_workspace(&got), free_workspace(&want);
        }
}

TEST(lanes_have_the_same_bits_on_avx2_and_avx512) {
  test_seed = 11;
  if (!ig__isa_usable(IG__ISA_AVX2) || !ig__isa_usable(IG__ISA_AVX512)) test_skip("needs AVX2 and AVX-512");
  for (int size = 4; size <= 8; size += 4)
    for (int s = 0; s < LANE_KERNELS; s++) {
      workspace a = make_lanes(size, 555, false), b = make_lanes(size, 0, false);
      for (int i = 0; i < ARRAYS; i++) memcpy(b.buffer[i], a.buffer[i], (MOST_GROUPS + 1) * 16 * (size_t)size);
      lane_kernels[s].run(ig__kernels_for(IG__ISA_AVX2, size), a.a, 555);
      lane_kernels[s].run(ig__kernels_for(IG__ISA_AVX512, size), b.a, 555);
      for (int i = 0; i < ARRAYS; i++)
        if (memcmp(a.buffer[i], b.buffer[i], (MOST_GROUPS + 1) * 16 * (size_t)size) != 0)
          test_fail(__FILE__, __LINE__, "%s, f%d: other bits", lane_kernels[s].name, size * 8);
      free_workspace(&a), free_workspace(&b);
    }
}
