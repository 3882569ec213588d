/* exp, log, sigmoid, tanh and softmax against libm in long double: the distance in units of the last place over dense grids,
 * and what happens at the edges. */
#include "kernel_data.h"

typedef long double exact(long double);
static long double sigmoid_exact(long double x) { return x < 0 ? expl(x) / (1 + expl(x)) : 1 / (1 + expl(-x)); }

typedef void span(void *y, const void *x, int64_t count);
static span *function(const ig__kernels *k, int which) {
  return which == 0 ? k->exp : which == 1 ? k->log : which == 2 ? k->sigmoid : k->tanh;
}
static exact *const truth[] = {expl, logl, sigmoid_exact, tanhl};
static const char *const names[] = {"exp", "log", "sigmoid", "tanh"};
static const double most_ulps[] = {1.1, 0.95, 2.5, 2.7}; /* measured 1.06, 0.84, 2.34, 2.53 */

/* The distance of y from `want` in units of the last place of `want`'s neighbourhood, denormals included. */
static double ulps(int size, double y, long double want) {
  if (y == (double)want || (isnan(y) && isnan(want))) return 0;
  double next = size == 4 ? (double)nextafterf(fabsf((float)want), INFINITY) : nextafter(fabs((double)want), INFINITY);
  double unit = next - (size == 4 ? (double)fabsf((float)want) : fabs((double)want));
  return (double)(fabsl((long double)y - want) / unit);
}

/* A grid of `count` points, even from low to high, or in the logarithm. */
static void check_grid(const ig__kernels *k, int which, double low, double high, bool logarithmic, int count) {
  void *x = poisoned((size_t)count * 8), *y = poisoned((size_t)count * 8);
  for (int i = 0; i < count; i++) {
    double t = (double)i / (count - 1);
    put(x, k->real_size, i, logarithmic ? low * pow(high / low, t) : low + t * (high - low));
  }
  function(k, which)(y, x, count);
  for (int i = 0; i < count; i++) {
    double a = get(x, k->real_size, i), b = get(y, k->real_size, i);
    long double want = truth[which]((long double)a);
    double off = ulps(k->real_size, b, want);
    if (off > most_ulps[which])
      FAIL_AT(k, names[which], "of %a is %a, want %a: %.2f units of the last place", a, b, (double)want, off);
  }
  free(x), free(y);
}

TEST(functions_are_accurate) {
  EACH_TABLE(k) {
    const bool f = k->real_size == 4;
    const int n = 60001;
    check_grid(k, 0, f ? -87.3 : -708, f ? 88.7 : 709.7, false, n);
    check_grid(k, 0, -1, 1, false, n);
    check_grid(k, 0, 1e-12, 1, true, n);
    check_grid(k, 1, f ? 1.2e-38 : 2.3e-308, f ? 3.4e38 : 1.7e308, true, n);
    check_grid(k, 1, 0.5, 2, false, n);
    check_grid(k, 1, 0.9999, 1.0001, false, n);
    check_grid(k, 2, f ? -87 : -700, f ? 87 : 700, false, n);
    check_grid(k, 2, -4, 4, false, n);
    check_grid(k, 3, -22, 22, false, n);
    check_grid(k, 3, -1, 1, false, n);
    check_grid(k, 3, f ? 1e-37 : 1e-300, 1, true, n);
  }
}

/* Denormals lose digits, not magnitude: within one unit of the last place there. */
TEST(functions_reach_into_the_denormals) {
  EACH_TABLE(k) {
    const bool f = k->real_size == 4;
    const double small = f ? 0x1p-149 : 0x1p-1074;
    check_grid(k, 0, f ? -103.9 : -745.1, f ? -87 : -708, false, 4001);
    check_grid(k, 1, small, f ? 1.2e-38 : 2.3e-308, true, 4001);
    check_grid(k, 2, f ? -103.9 : -745.1, f ? -87 : -708, false, 4001);
    check_grid(k, 3, small, f ? 1.2e-38 : 2.3e-308, true, 4001);
  }
}

/* ---- silu, gelu ------------------------------------------------------------------------------------------------------ */

static long double normal_exact(long double x) { return erfcl(-x / sqrtl(2)) / 2; }
static long double density_exact(long double x) { return expl(-x * x / 2) / sqrtl(2 * acosl(-1)); }
static long double silu_slope_exact(long double x) { return sigmoid_exact(x) * (1 + x * sigmoid_exact(-x)); }
static long double gelu_slope_exact(long double x) { return normal_exact(x) + x * density_exact(x); }

/* The values keep relative accuracy on the negative side too, where they vanish: gelu's as e^(−x²/2), whose exponent is
 * rounded. The slopes have a zero there, so their distance is taken from the larger of their two terms. */
static void check_gates(const ig__kernels *k, double low, double high, int count) {
  const double epsilon = k->real_size == 4 ? 0x1p-23 : 0x1p-52, least = k->real_size == 4 ? 0x1p-126 : 0x1p-1022;
  for (int i = 0; i < count; i++) {
    double x[1], one[1], y[1];
    put(x, k->real_size, 0, low + (high - low) * i / (count - 1));
    put(one, k->real_size, 0, 1);
    const double at = get(x, k->real_size, 0), square = at * at / 2, steep = fabs(at);
    const struct { const char *name; double got, want, bound; } row[] = {
      {"silu", (k->silu(y, x, 1), get(y, k->real_size, 0)), (double)(at * sigmoid_exact(at)), 4},
      {"gelu", (k->gelu(y, x, 1), get(y, k->real_size, 0)), (double)(at * normal_exact(at)), 8 + (at < 0 ? square : 0)},
      {"silu_dx", (k->silu_dx(y, x, one, 1), get(y, k->real_size, 0)), (double)silu_slope_exact(at), 5},
      {"gelu_dx", (k->gelu_dx(y, x, one, 1), get(y, k->real_size, 0)), (double)gelu_slope_exact(at), 6 + 2 * square}};
    const double size[] = {fabs(row[0].want), fabs(row[1].want), (double)sigmoid_exact(at) * (1 + steep),
                           (double)(normal_exact(at) + steep * density_exact(at))};
    for (int r = 0; r < 4; r++)
      if (!(fabs(row[r].got - row[r].want) <= row[r].bound * epsilon * size[r] + (1 + steep) * least))
        FAIL_AT(k, row[r].name, "of %a is %a, want %a: off by %.2f of the last place", at, row[r].got, row[r].want,
                fabs(row[r].got - row[r].want) / (epsilon * size[r]));
  }
}

TEST(silu_and_gelu_are_accurate) {
  EACH_TABLE(k) {
    check_gates(k, -6, 6, 12001);
    check_gates(k, k->real_size == 4 ? -13 : -37, 40, 6001);
    check_gates(k, -1e-3, 1e-3, 2001);
    check_gates(k, -700, 700, 2001);
  }
  check_gates(oracle(8), -8, 8, 2001);
}

TEST(silu_and_gelu_at_the_edges) {
  EACH_TABLE(k) {
    const double inputs[] = {0, 1e30, -1e30, NAN};
    for (int i = 0; i < 4; i++) {
      double x[1], g[1], y[1];
      put(x, k->real_size, 0, inputs[i]), put(g, k->real_size, 0, 1);
      k->silu(y, x, 1);
      const double silu = get(y, k->real_size, 0);
      k->gelu(y, x, 1);
      const double gelu = get(y, k->real_size, 0);
      k->gelu_dx(y, x, g, 1);
      const double slope = get(y, k->real_size, 0);
      if (i == 3) CHECK(isnan(silu) && isnan(gelu) && isnan(slope));
      else CHECK(silu == (i == 1 ? get(x, k->real_size, 0) : 0) && gelu == silu && slope == (i == 0 ? 0.5 : i == 1));
    }
  }
}

static double one(const ig__kernels *k, int which, double x) {
  double in = 0, out = 0;
  put(&in, k->real_size, 0, x);
  function(k, which)(&out, &in, 1);
  return get(&out, k->real_size, 0);
}

TEST(functions_at_the_edges) {
  for (int isa = 0; isa < IG__ISA_COUNT; isa++)
    for (int size = 4; size <= 8; size += 4) {
      if (!ig__isa_usable((ig__isa)isa)) continue;
      const ig__kernels *k = ig__kernels_for((ig__isa)isa, size);
      for (int which = 0; which < 4; which++) CHECK(isnan(one(k, which, NAN)) && isnan(one(k, which, -NAN)));
      CHECK(one(k, 0, 0) == 1 && one(k, 0, -0.0) == 1);
      CHECK(one(k, 0, INFINITY) == INFINITY && one(k, 0, 1e30) == INFINITY && one(k, 0, size == 4 ? 88.8 : 709.8) == INFINITY);
      CHECK(one(k, 0, -INFINITY) == 0 && one(k, 0, -1e30) == 0 && one(k, 0, size == 4 ? -104 : -746) == 0);
      CHECK(one(k, 1, 1) == 0 && one(k, 1, 0) == -INFINITY && one(k, 1, -0.0) == -INFINITY);
      CHECK(one(k, 1, INFINITY) == INFINITY && isnan(one(k, 1, -1)) && isnan(one(k, 1, -INFINITY)));
      CHECK(isnan(one(k, 1, size == 4 ? -0x1p-149 : -0x1p-1074)));
      CHECK(one(k, 2, 0) == 0.5 && one(k, 2, INFINITY) == 1 && one(k, 2, -INFINITY) == 0);
      CHECK(one(k, 2, 1e30) == 1 && one(k, 2, -1e30) == 0);
      CHECK(one(k, 3, INFINITY) == 1 && one(k, 3, -INFINITY) == -1 && one(k, 3, 1e30) == 1 && one(k, 3, -1e30) == -1);
      CHECK(one(k, 3, 0) == 0 && !signbit(one(k, 3, 0)));
      CHECK(one(k, 3, -0.0) == 0 && (isa == IG__ISA_REFERENCE || signbit(one(k, 3, -0.0))));
    }
}

/* The reference has its own series; hold it against libm too. */
TEST(the_reference_functions_are_accurate) {
  static const double low[] = {-80, 1e-6, -80, -20}, high[] = {80, 1e6, 30, 20};
  const ig__kernels *k = oracle(8);
  for (int which = 0; which < 4; which++)
    for (int i = 0; i <= 2000; i++) {
      double x = low[which] + (high[which] - low[which]) * i / 2000.3, want = (double)truth[which]((long double)x);
      CHECK_NEAR(one(k, which, x), want, 1e-15 * fabs(want));
    }
}

TEST(functions_have_the_same_bits_on_avx2_and_avx512) {
  if (!ig__isa_usable(IG__ISA_AVX2) || !ig__isa_usable(IG__ISA_AVX512)) test_skip("needs AVX2 and AVX-512");
  enum { N = 200003 };
  char *x = poisoned(N * 8), *y = poisoned(N * 8), *z = poisoned(N * 8);
  test_seed = 20;
  for (int size = 4; size <= 8; size += 4)
    for (int which = 0; which < 4; which++) {
      for (int i = 0; i < N; i++) { /* any bits at all, and common sizes */
        uint64_t bits = random_bits();
        if (i % 2) memcpy(x + (size_t)i * (size_t)size, &bits, (size_t)size);
        else put(x, size, i, random_real(-20, 20));
      }
      function(ig__kernels_for(IG__ISA_AVX2, size), which)(y, x, N);
      function(ig__kernels_for(IG__ISA_AVX512, size), which)(z, x, N);
      for (int i = 0; i < N; i++) {
        double a = get(x, size, i), b = get(y, size, i), c = get(z, size, i);
        if (memcmp(y + i * size, z + i * size, (size_t)size) != 0 && !(isnan(b) && isnan(c)))
          test_fail(__FILE__, __LINE__, "%s of %a, f%d: %a on AVX2, %a on AVX-512", names[which], a, size * 8, b, c);
      }
    }
  free(x), free(y), free(z);
}

/* ---- Rows ----------------------------------------------------------------------------------------------------------- */

static void check_rows(const ig__kernels *k, int64_t rows, int64_t cols, double spread, double shift) {
  const int64_t n = rows * cols;
  const double epsilon = k->real_size == 4 ? 0x1p-23 : 0x1p-52, least = k->real_size == 4 ? 0x1p-149 : 0x1p-1074;
  void *x = poisoned((size_t)(n + 16) * 8), *y = poisoned((size_t)(n + 16) * 8), *z = poisoned((size_t)(n + 16) * 8);
  for (int64_t i = 0; i < n; i++) put(x, k->real_size, i, random_real(-spread, spread) + shift);
  memcpy(z, x, (size_t)(n + 16) * 8);
  k->softmax(y, x, rows, cols);
  k->log_softmax(z, z, rows, cols); /* in place */
  for (int64_t i = 0; i < rows; i++) {
    double top = -INFINITY;
    long double sum = 0;
    for (int64_t j = 0; j < cols; j++) top = fmax(top, get(x, k->real_size, i * cols + j));
    for (int64_t j = 0; j < cols; j++) sum += expl((long double)get(x, k->real_size, i * cols + j) - (long double)top);
    for (int64_t j = 0; j < cols; j++) {
      double v = get(x, k->real_size, i * cols + j) - top;
      double p = (double)(expl((long double)v) / sum), q = (double)((long double)v - logl(sum));
      double off = fabs(get(y, k->real_size, i * cols + j) - p), off_log = fabs(get(z, k->real_size, i * cols + j) - q);
      /* The difference from the maximum is rounded once, and exp turns that into a relative error. */
      if (off > epsilon * (6 + fabs(v)) * p + least)
        FAIL_AT(k, "softmax", "%lld columns: off by %g of %g", (long long)cols, off, p);
      if (off_log > epsilon * (3 + 2 * fabs(q))) FAIL_AT(k, "log_softmax", "%lld columns: off by %g", (long long)cols, off_log);
    }
  }
  for (int64_t i = n; i < n + 16; i++) CHECK(isnan(get(y, k->real_size, i)) && isnan(get(z, k->real_size, i)));
  free(x), free(y), free(z);
}

TEST(softmax_is_accurate) {
  test_seed = 21;
  EACH_TABLE(k) {
    for (int64_t cols = 1; cols <= 70; cols++) check_rows(k, 3, cols, 5, 0);
    for (int64_t cols = 255; cols <= 258; cols++) check_rows(k, 2, cols, 5, 0);
    check_rows(k, 2, 1000, 12, 0);
    check_rows(k, 2, 10007, 5, 0);
    check_rows(k, 5, 10, 60, 0);
    check_rows(k, 5, 10, 4, 1000); /* would overflow without the maximum */
    check_rows(k, 5, 10, 4, -1000);
    check_rows(oracle(k->real_size), 2, 10, 5, 0);
  }
}

TEST(softmax_at_the_edges) {
  EACH_TABLE(k) {
    double x[20], y[20];
    for (int i = 0; i < 20; i++) put(x, k->real_size, i, i == 7 ? 1e30 : -1e30);
    k->softmax(y, x, 1, 20);
    for (int i = 0; i < 20; i++) CHECK(get(y, k->real_size, i) == (i == 7));
    k->log_softmax(y, x, 1, 20);
    CHECK(get(y, k->real_size, 7) == 0 && get(y, k->real_size, 8) < -1e30);
    put(x, k->real_size, 3, -INFINITY); /* a masked class */
    k->softmax(y, x, 1, 20);
    CHECK(get(y, k->real_size, 3) == 0 && get(y, k->real_size, 7) == 1);
    put(x, k->real_size, 19, NAN);
    k->softmax(y, x, 2, 10); /* the first row has no NaN and is not touched by the second's */
    CHECK(get(y, k->real_size, 7) == 1 && isnan(get(y, k->real_size, 10)) && isnan(get(y, k->real_size, 19)));
    k->log_softmax(y, x, 2, 10);
    CHECK(get(y, k->real_size, 7) == 0 && isnan(get(y, k->real_size, 10)));
  }
}

TEST(softmax_has_the_same_bits_on_avx2_and_avx512) {
  if (!ig__isa_usable(IG__ISA_AVX2) || !ig__isa_usable(IG__ISA_AVX512)) test_skip("needs AVX2 and AVX-512");
  test_seed = 22;
  for (int size = 4; size <= 8; size += 4)
    for (int cols = 1; cols < 600; cols += cols < 40 ? 1 : 37) {
      char *x = poisoned((size_t)cols * 16), *y = poisoned((size_t)cols * 16), *z = poisoned((size_t)cols * 16);
      for (int i = 0; i < 2 * cols; i++) put(x, size, i, random_real(-9, 9));
      for (int log = 0; log < 2; log++) {
        const ig__kernels *k = ig__kernels_for(IG__ISA_AVX2, size), *l = ig__kernels_for(IG__ISA_AVX512, size);
        (log ? k->log_softmax : k->softmax)(y, x, 2, cols);
        (log ? l->log_softmax : l->softmax)(z, x, 2, cols);
        if (memcmp(y, z, (size_t)cols * 2 * (size_t)size) != 0)
          FAIL_AT(l, log ? "log_softmax" : "softmax", "%d columns: other bits than AVX2", cols);
      }
      free(x), free(y), free(z);
    }
}
