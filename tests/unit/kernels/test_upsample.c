/* Upsampling against the reference, over random shapes. For factors 1, 2, 4, 8 the shares are binary fractions, so whole numbers
 * must agree in every bit; others may differ in the last digits. Halos are poison: a kernel that reads one gives NaN. */
#include "kernel_data.h"

static void compare(const ig__kernels *k, const char *name, const picture *got, const picture *want, int kh, int kw, int n0,
                    double tolerance) {
  int64_t i = first_difference(got, want, tolerance);
  if (i < 0) i = first_dirty_lane(got, n0);
  if (i >= 0)
    FAIL_AT(k, name, "element %lld is %.17g, want %.17g (c %d, %d×%d, factor %d×%d, block %d)", (long long)i,
            get(got->buffer, got->size, i), get(want->buffer, want->size, i), got->view.c, got->view.h, got->view.w, kh, kw,
            got->view.block);
}

static void check_shape(const ig__kernels *k, int kh, int kw, bool bilinear, int block) {
  static const int channels[] = {1, 3, 15, 16, 17, 32, 37};
  enum { N = 2 };
  const ig__kernels *o = oracle(k->real_size);
  const int size = k->real_size, n0 = random_int(0, 1), c = channels[random_int(0, 6)], h = random_int(1, 5), w = random_int(1, 5);
  const bool exact = !bilinear || ((kh & (kh - 1)) == 0 && (kw & (kw - 1)) == 0);
  const double tolerance = exact ? 0 : size == 4 ? 2e-4 : 1e-12;
  picture x = make_picture(size, N, c, h, w, block, random_int(0, 2)), dx = make_picture(size, N, c, h, w, block, random_int(0, 2));
  picture y = make_picture(size, N, c, h * kh, w * kw, block, random_int(0, 2));
  picture dy = make_picture(size, N, c, h * kh, w * kw, block, random_int(0, 2));
  picture y2 = copy_picture(&y), dx2 = copy_picture(&dx);
  fill_whole(&x, -9, 9);
  fill_whole(&dy, -9, 9);
  k->upsample2d(kh, kw, bilinear, &x.view, &y.view, n0, N);
  o->upsample2d(kh, kw, bilinear, &x.view, &y2.view, n0, N);
  compare(k, bilinear ? "upsample2d, bilinear" : "upsample2d", &y, &y2, kh, kw, n0, tolerance);
  k->upsample2d_dx(kh, kw, bilinear, &dy.view, &dx.view, n0, N);
  o->upsample2d_dx(kh, kw, bilinear, &dy.view, &dx2.view, n0, N);
  compare(k, bilinear ? "upsample2d_dx, bilinear" : "upsample2d_dx", &dx, &dx2, kh, kw, n0, tolerance);
  picture *all[] = {&x, &dx, &y, &dy, &y2, &dx2};
  for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) free_picture(all[i]);
}

TEST(upsampling_of_random_shapes_equals_the_reference) {
  static const int factors[] = {1, 2, 3, 4, 5, 7, 8};
  test_seed = 41;
  for (int shape = 0; shape < 200; shape++)
    EACH_TABLE(k) {
      const int kh = factors[random_int(0, 6)], kw = shape % 3 ? kh : factors[random_int(0, 6)];
      check_shape(k, kh, kw, shape % 2, 16);
      if (shape % 8 < 2) check_shape(k, kh, kw, shape % 2, 1);
    }
}

TEST(upsampling_by_the_greatest_factor_equals_the_reference) {
  test_seed = 42;
  EACH_TABLE(k) {
    for (int bilinear = 0; bilinear < 2; bilinear++) {
      check_shape(k, IG__MAX_UPSAMPLE, 1, bilinear, 16);
      check_shape(k, 2, IG__MAX_UPSAMPLE - 1, bilinear, 16);
    }
  }
}

/* ⟨upsample(x), dy⟩ = ⟨x, upsample_dx(dy)⟩, and a picture of ones stays one: the reference itself. */
TEST(the_gradient_of_upsampling_is_its_transpose) {
  test_seed = 43;
  const ig__kernels *o = oracle(8);
  for (int shape = 0; shape < 60; shape++) {
    const int kh = random_int(1, 6), kw = random_int(1, 6), h = random_int(1, 4), w = random_int(1, 4);
    const bool bilinear = shape % 2;
    picture x = make_picture(8, 1, 2, h, w, 1, 0), dx = copy_picture(&x), y = make_picture(8, 1, 2, h * kh, w * kw, 1, 0);
    picture dy = copy_picture(&y);
    double forward = 0, backward = 0;
    fill_real(&x), fill_real(&dy);
    o->upsample2d(kh, kw, bilinear, &x.view, &y.view, 0, 1);
    o->upsample2d_dx(kh, kw, bilinear, &dy.view, &dx.view, 0, 1);
    EACH_PIXEL(&y, n, c, i, j) forward += pixel(&y, n, c, i, j) * pixel(&dy, n, c, i, j);
    EACH_PIXEL(&x, n, c, i, j) backward += pixel(&x, n, c, i, j) * pixel(&dx, n, c, i, j);
    CHECK_NEAR(forward, backward, 1e-12 * (1 + fabs(forward)));
    fill_whole(&x, 1, 1);
    o->upsample2d(kh, kw, bilinear, &x.view, &y.view, 0, 1);
    EACH_PIXEL(&y, n, c, i, j) CHECK(pixel(&y, n, c, i, j) == 1);
    free_picture(&x), free_picture(&dx), free_picture(&y), free_picture(&dy);
  }
}

/* Fused multiply-adds in one order: AVX2 and AVX-512 give the same bits for any numbers. */
TEST(upsampling_has_the_same_bits_on_avx2_and_avx512) {
  test_seed = 44;
  if (!ig__isa_usable(IG__ISA_AVX2) || !ig__isa_usable(IG__ISA_AVX512)) return;
  for (int shape = 0; shape < 40; shape++) {
    const int size = shape % 2 ? 4 : 8, k = random_int(2, 5), h = random_int(1, 5), w = random_int(1, 5);
    const ig__kernels *a = ig__kernels_for(IG__ISA_AVX2, size), *b = ig__kernels_for(IG__ISA_AVX512, size);
    picture x = make_picture(size, 1, 18, h, w, 16, 0), y = make_picture(size, 1, 18, h * k, w * k, 16, 0);
    picture x2 = copy_picture(&x), y2 = copy_picture(&y);
    fill_real(&x);
    a->upsample2d(k, k, true, &x.view, &y.view, 0, 1);
    b->upsample2d(k, k, true, &x.view, &y2.view, 0, 1);
    CHECK_INT(first_difference(&y, &y2, 0), -1);
    a->upsample2d_dx(k, k, true, &y.view, &x.view, 0, 1);
    b->upsample2d_dx(k, k, true, &y.view, &x2.view, 0, 1);
    CHECK_INT(first_difference(&x, &x2, 0), -1);
    free_picture(&x), free_picture(&y), free_picture(&x2), free_picture(&y2);
  }
}
