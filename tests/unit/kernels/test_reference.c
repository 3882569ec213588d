/* The oracle itself: results worked out by hand, and identities that no wrong convolution satisfies. Also the *_plain
 * convolutions of the vector tables, which are the same loops. */
#include "kernel_data.h"

/* ---- By hand -------------------------------------------------------------------------------------------------------- */

static void write_plain(const picture *p, const double *values) {
  EACH_PIXEL(p, n, c, y, x) if (c < p->view.c) set_pixel(p, n, c, y, x, *values++);
}

static void expect_plain(const picture *p, const double *values) {
  EACH_PIXEL(p, n, c, y, x) if (c < p->view.c) CHECK_NEAR(pixel(p, n, c, y, x), *values++, 0);
}

static void write_reals(void *to, int size, const double *values, int count) {
  for (int i = 0; i < count; i++) put(to, size, i, values[i]);
}

/* 3×3 picture 1 … 9, kernel (1 2; 3 4) one row and column past the end: correlation, not convolution with a flipped kernel. */
TEST(convolution_by_hand) {
  static const double x[] = {1, 2, 3, 4, 5, 6, 7, 8, 9}, w[] = {1, 2, 3, 4}, dy[] = {1, 0, 0, 0, 0, 0, 0, 10, 0};
  static const double y[] = {37, 47, 21, 67, 77, 33, 23, 26, 9}, dx[] = {1, 2, 0, 3, 4, 0, 0, 10, 20};
  static const double dw[] = {81, 92, 4, 5}; /* 1 + 10·8, 2 + 10·9, 4, 5 */
  const ig__conv g = {.c_in = 1, .h = 3, .w = 3, .c_out = 1, .oh = 3, .ow = 3, .kh = 2, .kw = 2, .sh = 1, .sw = 1, .dh = 1,
                      .dw = 1, .groups = 1};
  for (int size = 4; size <= 8; size += 4)
    for (int block = 1; block <= 16; block += 15) {
      double weights[4], dweights[4];
      picture px = make_picture(size, 1, 1, 3, 3, block, 0), py = make_picture(size, 1, 1, 3, 3, block, 1);
      picture pdy = make_picture(size, 1, 1, 3, 3, block, 0), pdx = make_picture(size, 1, 1, 3, 3, block, 0);
      write_plain(&px, x), write_plain(&pdy, dy), write_reals(weights, size, w, 4);
      write_reals(dweights, size, (const double[]){0, 0, 0, 0}, 4);
      oracle(size)->conv2d_plain(&g, &px.view, weights, &py.view, 0, 1);
      expect_plain(&py, y);
      oracle(size)->conv2d_dx_plain(&g, &pdy.view, weights, &pdx.view, 0, 1);
      expect_plain(&pdx, dx);
      oracle(size)->conv2d_dw_plain(&g, &px.view, &pdy.view, dweights, 0, 1, 0, 1);
      for (int i = 0; i < 4; i++) CHECK_NEAR(get(dweights, size, i), dw[i], 0);
      free_picture(&px), free_picture(&py), free_picture(&pdy), free_picture(&pdx);
    }
}

/* 2×4 picture, window 2×2, stride 2, one column of padding on the left: windows see columns {0}, {1, 2}, {3}. */
TEST(pooling_by_hand) {
  static const double x[] = {5, -1, 7, 2, 5, 7, 3, 4}, y[] = {5, 7, 4}, places[] = {1, 1, 2}, means[] = {5, 4, 3};
  static const double dy[] = {10, 20, 30}, dx[] = {10, 0, 20, 0, 0, 0, 0, 30}, avg_dx[] = {5, 5, 5, 15, 5, 5, 5, 15};
  const ig__conv g = {.c_in = 1, .h = 2, .w = 4, .c_out = 1, .oh = 1, .ow = 3, .kh = 2, .kw = 2, .sh = 2, .sw = 2, .pw = 1,
                      .dh = 1, .dw = 1, .groups = 1};
  const ig__kernels *k = oracle(8);
  picture px = make_picture(8, 1, 1, 2, 4, 1, 0), py = make_picture(8, 1, 1, 1, 3, 1, 0);
  picture pdx = make_picture(8, 1, 1, 2, 4, 1, 0), at = make_picture(1, 1, 1, 1, 3, 1, 0);
  write_plain(&px, x);
  k->maxpool2d(&g, &px.view, &py.view, &at.view, 0, 1);
  expect_plain(&py, y);
  expect_plain(&at, places);
  k->avgpool2d(&g, &px.view, &py.view, 0, 1);
  expect_plain(&py, means);
  write_plain(&py, dy);
  k->maxpool2d_scatter(&g, &py.view, &at.view, &pdx.view, 0, 1);
  expect_plain(&pdx, dx);
  k->avgpool2d_dx(&g, &py.view, &pdx.view, 0, 1);
  expect_plain(&pdx, avg_dx);
  k->maxpool2d_gather(&g, &px.view, &at.view, &py.view, 0, 1);
  expect_plain(&py, y);
  free_picture(&px), free_picture(&py), free_picture(&pdx), free_picture(&at);
}

/* Two steps from w = 1 with g = 0.5, 0.25, lr 0.1, β 0.9 and 0.999, ε 1e-7. First step: m̂ = g, v̂ = g², so w falls by lr·g/(g +
 * ε). Second: m = 0.07, m̂ = 0.07/0.19; v = 0.00031225, v̂ = v/0.001999. */
TEST(optimisers_by_hand) {
  for (int isa = 0; isa < IG__ISA_COUNT; isa++) {
    if (!ig__isa_usable((ig__isa)isa)) continue;
    const ig__kernels *k = ig__kernels_for((ig__isa)isa, 8);
    double w = 1, g = 0.5, m = 0, v = 0, buf = 0;
    ig__adam p = {.lr = 0.1, .beta1 = 0.9, .beta2 = 0.999, .epsilon = 1e-7, .correction1 = 0.1, .correction2 = 0.001};
    k->adam_step(&w, &g, &m, &v, NULL, &p, 1);
    CHECK_NEAR(w, 1 - 0.1 * 0.5 / (0.5 + 1e-7), 1e-14);
    double before = w;
    g = 0.25, p.correction1 = 0.19, p.correction2 = 1 - 0.999 * 0.999;
    k->adam_step(&w, &g, &m, &v, NULL, &p, 1);
    CHECK_NEAR(m, 0.07, 1e-16);
    CHECK_NEAR(v, 0.00031225, 1e-18);
    CHECK_NEAR(w, before - 0.1 * (0.07 / 0.19) / (sqrt(0.00031225 / 0.001999) + 1e-7), 1e-13);

    w = 1, g = 2; /* momentum ½: buffers 2, then 3; steps of Nesterov 3, then 3.5 */
    k->sgd_step(&w, &g, &buf, 0.125, 0.5, false, 1), k->sgd_step(&w, &g, &buf, 0.125, 0.5, false, 1);
    CHECK(w == 1 - 0.125 * (2 + 3) && buf == 3);
    w = 1, buf = 0;
    k->sgd_step(&w, &g, &buf, 0.125, 0.5, true, 1), k->sgd_step(&w, &g, &buf, 0.125, 0.5, true, 1);
    CHECK(w == 1 - 0.125 * (3 + 3.5) && buf == 3);
    k->sgd_step(&w, &g, NULL, 0.125, 0, false, 1);
    CHECK(w == 1 - 0.125 * 6.5 - 0.25);

    double soft[] = {3, -3, 0.5, -0.5, 1, -1, 0, -0.0}, want[] = {2, -2, 0, 0, 0, 0, 0, 0};
    k->clip_weights_zero(soft, 1, 8);
    for (int i = 0; i < 8; i++) CHECK(soft[i] == want[i]);
  }
}

/* (1 2; 3 4; 5 6)·(1 0 -1; 2 1 0), once with A transposed in memory, once added to C with bias and relu. */
TEST(gemm_by_hand) {
  static const double straight[] = {1, 2, 3, 4, 5, 6}, turned[] = {1, 3, 5, 2, 4, 6}, b[] = {1, 0, -1, 9, 2, 1, 0, 9};
  static const double want[] = {5, 2, -1, 11, 4, -3, 17, 6, -5}, bias[16] = {1, -4, 0}, relu[] = {16, 10, 8, 22, 10, 7, 28, 12, 5};
  const ig__kernels *k = oracle(8);
  double c[9];
  ig__gemm p = {.m = 3, .n = 3, .k = 2, .a = straight, .a_row = 2, .a_col = 1, .b = b, .b_row = 4, .b_block = 16, .c = c,
                .c_row = 3};
  k->gemm(&p);
  for (int i = 0; i < 9; i++) CHECK(c[i] == want[i]);
  p.a = turned, p.a_row = 1, p.a_col = 3, p.accumulate = true, p.epilogue = (ig__epilogue){.bias = bias, .relu = true};
  for (int i = 0; i < 9; i++) c[i] = i % 3 == 2 ? 9 : 10;
  c[1] = 12, c[4] = 10, c[7] = 10;
  k->gemm(&p);
  for (int i = 0; i < 9; i++) CHECK_NEAR(c[i], i == 2 ? 8 : i == 5 ? 6 : i == 8 ? 4 : relu[i], 0);
}

/* ---- Identities ----------------------------------------------------------------------------------------------------- */

static ig__conv random_convolution(bool grouped) {
  ig__conv g = {.groups = grouped ? random_int(1, 4) : 1};
  g.c_in = g.groups * random_int(1, grouped ? 6 : 20), g.c_out = g.groups * random_int(1, grouped ? 6 : 20);
  g.kh = random_int(1, 4), g.kw = random_int(1, 4), g.sh = random_int(1, 3), g.sw = random_int(1, 3);
  g.ph = random_int(0, 2), g.pw = random_int(0, 2), g.dh = random_int(1, 2), g.dw = random_int(1, 2);
  g.oh = random_int(1, 5), g.ow = random_int(1, 5);
  int h = (g.oh - 1) * g.sh + g.dh * (g.kh - 1) + 1 - 2 * g.ph + random_int(0, g.sh - 1);
  int w = (g.ow - 1) * g.sw + g.dw * (g.kw - 1) + 1 - 2 * g.pw + random_int(0, g.sw - 1);
  g.h = h < 1 ? 1 : h, g.w = w < 1 ? 1 : w;
  return g;
}

static double dot_pictures(const picture *a, const picture *b) {
  double sum = 0;
  EACH_PIXEL(a, n, c, y, x) if (c < a->view.c) sum += pixel(a, n, c, y, x) * pixel(b, n, c, y, x);
  return sum;
}

/* conv(x, w)·dy = x·dx(dy, w) = w·dw(x, dy), in whole numbers, for any layouts, groups and dilations. Every table. */
TEST(convolutions_are_adjoint) {
  test_seed = 30;
  for (int shape = 0; shape < 150; shape++) {
    const ig__conv g = random_convolution(true);
    const int64_t weights = (int64_t)g.c_out * (g.c_in / g.groups) * g.kh * g.kw;
    for (int isa = 0; isa < IG__ISA_COUNT; isa++) {
      if (!ig__isa_usable((ig__isa)isa)) continue;
      const int size = shape % 2 ? 4 : 8;
      const ig__kernels *k = ig__kernels_for((ig__isa)isa, size);
      picture x = make_picture(size, 2, g.c_in, g.h, g.w, shape % 3 ? 16 : 1, 0);
      picture dx = make_picture(size, 2, g.c_in, g.h, g.w, shape % 5 ? 16 : 1, 0);
      picture y = make_picture(size, 2, g.c_out, g.oh, g.ow, shape % 7 ? 16 : 1, 1);
      picture dy = make_picture(size, 2, g.c_out, g.oh, g.ow, shape % 4 ? 16 : 1, 0);
      void *w = poisoned((size_t)weights * 8), *dw = poisoned((size_t)weights * 8);
      fill_whole(&x, -2, 2), fill_whole(&dy, -2, 2);
      for (int64_t i = 0; i < weights; i++) put(w, size, i, random_int(-2, 2)), put(dw, size, i, 0);
      k->conv2d_plain(&g, &x.view, w, &y.view, 0, 2);
      k->conv2d_dx_plain(&g, &dy.view, w, &dx.view, 0, 2);
      for (int part = 0; part < 3; part++) k->conv2d_dw_plain(&g, &x.view, &dy.view, dw, 0, 2, part, 3);
      double by_w = 0, by_y = dot_pictures(&y, &dy);
      for (int64_t i = 0; i < weights; i++) by_w += get(w, size, i) * get(dw, size, i);
      if (by_y != dot_pictures(&x, &dx) || by_y != by_w)
        FAIL_AT(k, "conv2d_plain", "shape %d: y·dy %g, x·dx %g, w·dw %g", shape, by_y, dot_pictures(&x, &dx), by_w);
      CHECK(first_dirty_lane(&y, 0) < 0 && first_dirty_lane(&dx, 0) < 0);
      free(w), free(dw), free_picture(&x), free_picture(&dx), free_picture(&y), free_picture(&dy);
    }
  }
}

/* The reference on packed weights against itself on plain ones: the packed layouts, the epilogue, the parts. */
static void check_packed(int size, const ig__conv *g, int block) {
  const ig__kernels *k = oracle(size);
  const ig__pack form = block == 1 ? IG__PACK_FORWARD_PLAIN_X : IG__PACK_FORWARD;
  const size_t weights = (size_t)g->c_out * (size_t)g->c_in * (size_t)g->kh * (size_t)g->kw;
  const size_t count = k->conv2d_pack_count(g, form), back = k->conv2d_pack_count(g, IG__PACK_BACKWARD);
  void *w = poisoned(weights * 8), *dw = poisoned(weights * 8), *want_dw = poisoned(weights * 8);
  void *packed = poisoned(count * 8), *turned = poisoned(back * 8), *partial[2] = {calloc(count, 8), calloc(count, 8)};
  picture x = make_picture(size, 3, g->c_in, g->h, g->w, block, 0), dy = make_picture(size, 3, g->c_out, g->oh, g->ow, 16, 0);
  picture y = make_picture(size, 3, g->c_out, g->oh, g->ow, 16, 0), want = copy_picture(&y);
  picture dx = make_picture(size, 3, g->c_in, g->h, g->w, block, 0), want_dx = copy_picture(&dx);
  double bias[64] = {0};
  CHECK(partial[0] && partial[1]);
  for (size_t i = 0; i < weights; i++) put(w, size, (int64_t)i, random_int(-3, 3)), put(want_dw, size, (int64_t)i, 0);
  for (int i = 0; i < g->c_out; i++) put(bias, size, i, random_int(-9, 9));
  fill_whole(&x, -3, 3), fill_whole(&dy, -3, 3);
  for (int part = 0; part < 2; part++) {
    k->conv2d_pack(g, form, w, packed, part, 2);
    k->conv2d_pack(g, IG__PACK_BACKWARD, w, turned, part, 2);
  }
  const ig__epilogue e = {.bias = bias, .relu = true};
  for (int part = 0; part < 3; part++) {
    k->conv2d(g, &x.view, packed, &y.view, &e, 0, 3, part, 3);
    k->conv2d_dx(g, &dy.view, turned, &dx.view, 0, 3, part, 3);
    k->conv2d_dw(g, &x.view, &dy.view, partial[0], 0, 1, part, 3);
    k->conv2d_dw(g, &x.view, &dy.view, partial[1], 1, 3, part, 3);
    k->conv2d_dw_plain(g, &x.view, &dy.view, want_dw, 0, 3, part, 3);
  }
  for (int part = 0; part < 2; part++) k->conv2d_unpack(g, form, (const void *const *)partial, 2, dw, part, 2);
  k->conv2d_plain(g, &x.view, w, &want.view, 0, 3);
  EACH_PIXEL(&want, n, c, i, j)
    if (c < g->c_out) set_pixel(&want, n, c, i, j, fmax(0, pixel(&want, n, c, i, j) + get(bias, size, c)));
  k->conv2d_dx_plain(g, &dy.view, w, &want_dx.view, 0, 3);
  CHECK_INT(first_difference(&y, &want, 0), -1);
  CHECK_INT(first_difference(&dx, &want_dx, 0), -1);
  CHECK_INT(first_dirty_lane(&y, 0), -1);
  CHECK(memcmp(dw, want_dw, weights * (size_t)size) == 0);
  picture *all[] = {&x, &dy, &y, &want, &dx, &want_dx};
  for (size_t i = 0; i < 6; i++) free_picture(all[i]);
  void *memory[] = {w, dw, want_dw, packed, turned, partial[0], partial[1]};
  for (size_t i = 0; i < 7; i++) free(memory[i]);
}

TEST(packed_and_plain_weights_give_the_same) {
  test_seed = 31;
  for (int shape = 0; shape < 60; shape++) {
    ig__conv g = random_convolution(false);
    check_packed(shape % 2 ? 4 : 8, &g, 16);
    if (g.c_in <= 4) check_packed(shape % 2 ? 4 : 8, &g, 1);
  }
}

/* The sums are double, so the float tables agree in every bit with or without fused multiply-add. */
TEST(plain_convolutions_have_the_same_bits_everywhere) {
  test_seed = 32;
  for (int shape = 0; shape < 40; shape++) {
    const ig__conv g = random_convolution(true);
    const int64_t weights = (int64_t)g.c_out * (g.c_in / g.groups) * g.kh * g.kw;
    float *w = poisoned((size_t)weights * 4);
    for (int64_t i = 0; i < weights; i++) w[i] = (float)random_real(-1, 1);
    picture x = make_picture(4, 2, g.c_in, g.h, g.w, 16, 0), want = make_picture(4, 2, g.c_out, g.oh, g.ow, 16, 1);
    picture got = copy_picture(&want);
    fill_real(&x);
    oracle(4)->conv2d_plain(&g, &x.view, w, &want.view, 0, 2);
    EACH_TABLE(k)
      if (k->real_size == 4) {
        k->conv2d_plain(&g, &x.view, w, &got.view, 0, 2);
        CHECK_INT(first_difference(&got, &want, 0), -1);
      }
    free(w), free_picture(&x), free_picture(&want), free_picture(&got);
  }
}
