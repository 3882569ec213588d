/* Winograd's weight gradient: its sums in the transformed domain against the reference bit for bit on integers, the weights
 * against the direct gradient, on generated shapes, cuts and halos. */
#include "unit/kernels/conv_case.h"

static int64_t padded(int channels) { return (channels + 15) / 16 * 16; }
static int64_t sum_count(const ig__conv *g, int m) { return (m + 2) * (m + 2) * padded(g->c_in) * padded(g->c_out); }

#define CHECK_CASE(cond, t, m, g)                                                                                     \
  do {                                                                                                                \
    char text_[200];                                                                                                  \
    snprintf(text_, sizeof text_, "%s f%d m %d s %d: %d x %d x %d -> %d x %d x %d, p %d %d", ig__isa_name((t)->isa),  \
             (t)->real_size * 8, m, (g)->sh, (g)->c_in, (g)->h, (g)->w, (g)->c_out, (g)->oh, (g)->ow, (g)->ph, (g)->pw);       \
    if (!(cond)) test_fail(__FILE__, __LINE__, "%s: %s", #cond, text_);                                               \
  } while (0)

/* One dimension: pads 0 … 2, now and then a row more at the end than at the start. */
static void axis(dice *d, int stride, int *in, int *out, int *pad) {
  *pad = roll(d, 0, 2);
  *in = roll(d, *pad ? 1 : 3, roll(d, 0, 1) ? 8 : 30);
  *out = *in + 2 * *pad - 2 + (roll(d, 0, 3) == 0);
  if (*out < 1) *out = 1;
  *out = (*out + stride - 1) / stride;
}

/* Stride 2 has m = 4 only. At most `work` tiles × channels × channels. */
static ig__conv shape_3x3(dice *d, int m, int64_t work) {
  const int stride = m == 4 && roll(d, 0, 1) ? 2 : 1;
  ig__conv g = { .kh = 3, .kw = 3, .sh = stride, .sw = stride, .dh = 1, .dw = 1, .groups = 1 };
  axis(d, stride, &g.h, &g.oh, &g.ph);
  axis(d, stride, &g.w, &g.ow, &g.pw);
  g.c_in = roll(d, 1, 70);
  g.c_out = roll(d, 1, roll(d, 0, 2) ? 50 : 200);
  const int64_t tiles = (int64_t)((g.oh + 3) / 4) * ((g.ow + 3) / 4);
  while (tiles * g.c_in * g.c_out > work && g.c_in * g.c_out > 1) {
    if (g.c_in > g.c_out) g.c_in = (g.c_in + 1) / 2;
    else g.c_out = (g.c_out + 1) / 2;
  }
  return g;
}

/* Any halo will do, also none. */
typedef struct data { canvas x, dy; } data;

static data data_new(dice *d, int size, int n, const ig__conv *g, bool integers) {
  const int hx = roll(d, 0, 3), hy = roll(d, 0, 3);
  data a = { canvas_new(d, size, n, g->c_in, g->h, g->w, 16, hx), canvas_new(d, size, n, g->c_out, g->oh, g->ow, 16, hy) };
  canvas_fill(&a.x, d, integers, hx);
  canvas_fill(&a.dy, d, integers, hy);
  return a;
}

static void data_free(data *a) { free(a->x.memory), free(a->dy.memory); }

/* Scratch is NaN before every call, and NaN behind its end after it. */
static void add_up(const ig__kernels *t, const ig__conv *g, int m, const data *a, void *sum, int n0, int n1, int parts) {
  const size_t bytes = t->winograd_dw_scratch(g, m);
  unsigned char *scratch = aligned_alloc(64, (bytes + 64) / 64 * 64 + 64);
  for (int p = parts - 1; p >= 0; p--) {
    memset(scratch, 0xff, bytes + 64);
    t->winograd_dw(g, m, &a->x.m, &a->dy.m, sum, n0, n1, p, parts, scratch);
    for (int i = 0; i < 64; i++) CHECK_CASE(scratch[bytes + (size_t)i] == 0xff, t, m, g);
  }
  free(scratch);
}

/* Sums start as whole numbers, missing channels too: those must stay. */
TEST(winograd_sums_equal_reference) {
  dice d = { 21 };
  for (int i = 0; i < 300; i += every()) {
    const int size = i % 2 ? 8 : 4, m = i / 2 % 2 ? 4 : 2, n = roll(&d, 1, 3), middle = roll(&d, 0, n);
    const ig__conv g = shape_3x3(&d, m, i % 10 ? 900 : 4000);
    const int64_t count = sum_count(&g, m);
    data a = data_new(&d, size, n, &g, true);
    void *start = malloc((size_t)(count * size)), *want = malloc((size_t)(count * size)), *got = malloc((size_t)(count * size));
    for (int64_t k = 0; k < count; k++) put(start, size, k, roll(&d, -9, 9));
    memcpy(want, start, (size_t)(count * size));
    add_up(ig__kernels_for(IG__ISA_REFERENCE, size), &g, m, &a, want, 0, n, roll(&d, 1, 2));
    for (ig__isa isa = IG__ISA_BASELINE; isa < IG__ISA_COUNT; isa++) {
      if (!ig__isa_usable(isa)) continue;
      const ig__kernels *t = ig__kernels_for(isa, size);
      memcpy(got, start, (size_t)(count * size));
      add_up(t, &g, m, &a, got, 0, middle, roll(&d, 1, 5));
      add_up(t, &g, m, &a, got, middle, n, roll(&d, 1, 5));
      CHECK_CASE(same(got, want, count, size), t, m, &g);
    }
    data_free(&a);
    free(start), free(want), free(got);
  }
}

/* The weights that the partials of `cuts` groups of pictures make. */
static void *weights_of(const ig__kernels *t, const ig__conv *g, int m, const data *a, int cuts, int parts) {
  const int size = t->real_size, n = a->x.n;
  void *sums[3] = { NULL }, *dw = malloc((size_t)(g->c_in * g->c_out * 9 * size));
  memset(dw, 0xff, (size_t)(g->c_in * g->c_out * 9 * size));
  for (int c = 0; c < cuts; c++) {
    sums[c] = calloc((size_t)sum_count(g, m), (size_t)size);
    add_up(t, g, m, a, sums[c], n * c / cuts, n * (c + 1) / cuts, parts);
  }
  const void *const all[] = { sums[0], cuts > 1 ? sums[1] : NULL, cuts > 2 ? sums[2] : NULL };
  for (int p = parts - 1; p >= 0; p--) t->winograd_unpack(g, m, all, cuts, dw, p, parts);
  for (int c = 0; c < cuts; c++) free(sums[c]);
  return dw;
}

static double largest(const void *w, int size, int64_t count) {
  double most = 0;
  for (int64_t k = 0; k < count; k++) most = fmax(most, fabs(get(w, size, k)));
  return most;
}

/* Largest difference beside the largest value; NaN if there is one. */
static double error(const void *got, const void *want, int size, int64_t count) {
  const double scale = largest(want, size, count);
  double most = 0;
  for (int64_t k = 0; k < count; k++) {
    const double e = fabs(get(got, size, k) - get(want, size, k));
    if (!(e <= most)) most = e;
  }
  return scale > 0 ? most / scale : most;
}

/* Bounds are about three times the largest error among these shapes. */
static void direct_cases(uint64_t seed, int cases, bool integers) {
  static const double bound[2][2] = { { 3e-6, 1e-4 }, { 1e-14, 2e-13 } };
  dice d = { seed };
  double worst[2][2] = { { 0 } };
  for (int i = 0; i < cases; i += every()) {
    const int size = i % 2 ? 8 : 4, m = i / 2 % 2 ? 4 : 2, n = roll(&d, 1, 3);
    const ig__conv g = shape_3x3(&d, m, 30000);
    const int64_t count = (int64_t)g.c_in * g.c_out * 9;
    data a = data_new(&d, size, n, &g, integers);
    void *want = calloc((size_t)count, (size_t)size);
    ig__kernels_for(IG__ISA_REFERENCE, size)->conv2d_dw_plain(&g, &a.x.m, &a.dy.m, want, 0, n, 0, 1);
    for (ig__isa isa = i % 8 < 4 ? IG__ISA_REFERENCE : IG__ISA_BASELINE; isa < IG__ISA_COUNT; isa++) {
      if (!ig__isa_usable(isa) || (isa == IG__ISA_REFERENCE && (int64_t)g.oh * g.ow * g.c_in * g.c_out > 40000)) continue;
      const ig__kernels *t = ig__kernels_for(isa, size);
      void *got = weights_of(t, &g, m, &a, roll(&d, 1, n), roll(&d, 1, 4));
      /* On integers a double is right once it is rounded; the twelfths and 576ths of m = 4 are no binary fractions. */
      for (int64_t k = 0; integers && size == 8 && k < count; k++)
        CHECK_CASE(m == 2 ? get(got, 8, k) == get(want, 8, k) : rint(get(got, 8, k)) == get(want, 8, k), t, m, &g);
      const double e = error(got, want, size, count);
      CHECK_CASE(e <= bound[size == 8][m == 4], t, m, &g);
      worst[size == 8][m == 4] = fmax(worst[size == 8][m == 4], e);
      free(got);
    }
    data_free(&a);
    free(want);
  }
  if (getenv("IMGRAD_TEST_ERRORS"))
    printf("  worst error: f32 m2 %.1e m4 %.1e, f64 m2 %.1e m4 %.1e\n", worst[0][0], worst[0][1], worst[1][0], worst[1][1]);
}

TEST(winograd_dw_of_integers_is_the_direct_gradient) { direct_cases(22, 240, true); }
TEST(winograd_dw_is_near_the_direct_gradient) { direct_cases(23, 240, false); }

/* Partials of which every weight is a whole number: only the last factor rounds, the 576th being no binary fraction. */
TEST(winograd_unpack_adds_partials_in_order) {
  dice d = { 24 };
  for (int i = 0; i < 120; i++) {
    const int size = i % 2 ? 8 : 4, m = i / 2 % 2 ? 4 : 2, number = roll(&d, 1, 3);
    const ig__conv g = shape_3x3(&d, m, 5000);
    const int64_t count = sum_count(&g, m), weights = (int64_t)g.c_in * g.c_out * 9;
    void *sums[3], *want = malloc((size_t)(weights * size)), *got = malloc((size_t)(weights * size));
    for (int p = 0; p < 3; p++) {
      sums[p] = malloc((size_t)(count * size));
      for (int64_t k = 0; k < count; k++) put(sums[p], size, k, roll(&d, -30, 30) * (m == 4 ? 576 : 4));
    }
    const void *const all[] = { sums[0], sums[1], sums[2] };
    ig__kernels_for(IG__ISA_REFERENCE, size)->winograd_unpack(&g, m, all, number, want, 0, 1);
    for (int64_t k = 0; k < weights; k++) put(want, size, k, rint(get(want, size, k)));
    for (ig__isa isa = IG__ISA_BASELINE; isa < IG__ISA_COUNT; isa++) {
      if (!ig__isa_usable(isa)) continue;
      const ig__kernels *t = ig__kernels_for(isa, size);
      const int parts = roll(&d, 1, 5);
      memset(got, 0xff, (size_t)(weights * size));
      for (int p = 0; p < parts; p++) t->winograd_unpack(&g, m, all, number, got, p, parts);
      for (int64_t k = 0; k < weights; k++)
        CHECK_CASE(fabs(get(got, size, k) - get(want, size, k)) <= (size == 8 ? 4e-16 : 2e-7) * fabs(get(want, size, k)), t, m, &g);
    }
    for (int p = 0; p < 3; p++) free(sums[p]);
    free(want), free(got);
  }
}

/* Reals round, so equal bits mean an equal order of the sums. */
TEST(winograd_dw_bits_do_not_depend_on_parts_or_vector_width) {
  if (!ig__isa_usable(FUSED)) test_skip("no FMA here");
  dice d = { 25 };
  for (int i = 0; i < 120; i += every()) {
    const int size = i % 2 ? 8 : 4, m = i / 2 % 2 ? 4 : 2, n = roll(&d, 1, 3), cuts = roll(&d, 1, n);
    const ig__conv g = shape_3x3(&d, m, 60000);
    const int64_t count = (int64_t)g.c_in * g.c_out * 9;
    data a = data_new(&d, size, n, &g, false);
    void *want = weights_of(ig__kernels_for(FUSED, size), &g, m, &a, cuts, 1);
    for (ig__isa isa = FUSED; isa < IG__ISA_COUNT; isa++) {
      if (!ig__isa_usable(isa)) continue;
      const ig__kernels *t = ig__kernels_for(isa, size);
      void *got = weights_of(t, &g, m, &a, cuts, roll(&d, 1, 6));
      CHECK_CASE(same(got, want, count, size), t, m, &g);
      free(got);
    }
    data_free(&a);
    free(want);
  }
}

TEST(winograd_dw_parts_keep_64_channels) {
  const ig__kernels *t = ig__kernels_for(IG__ISA_BASELINE, 4);
  for (int c = 1; c < 1100; c++) {
    const ig__conv g = { .c_in = 3, .c_out = c, .kh = 3, .kw = 3 };
    const int parts = t->winograd_dw_parts(&g, 4);
    CHECK(parts == 1 || padded(c) / parts >= 64);
    CHECK(padded(c) / parts < 192);
  }
}
