/* Copies of images between layouts, and images from bytes: every table against the reference, bit by bit, over all pairs of
 * layouts and halos. Halos, slack and the input's missing lanes are poison, and must neither be read nor written. */
#include "kernel_data.h"

/* Missing lanes of an input are zero by contract; a copy should not depend on it. */
static void poison_missing_lanes(const picture *p) {
  EACH_PIXEL(p, n, c, y, x)
    if (c >= p->view.c) set_pixel(p, n, c, y, x, NAN);
}

static void compare(const ig__kernels *k, const char *name, const picture *from, const picture *got, const picture *want) {
  int64_t i = first_difference(got, want, 0);
  if (i >= 0)
    FAIL_AT(k, name, "c %d, %d×%d, block %d to %d: element %lld is %g, want %g", got->view.c, got->view.h, got->view.w,
            from ? from->view.block : 0, got->view.block, (long long)i, get(got->buffer, got->size, i),
            get(want->buffer, want->size, i));
}

TEST(copies_between_layouts_equal_the_reference) {
  test_seed = 12;
  static const int channels[] = {1, 2, 3, 4, 5, 7, 8, 12, 15, 16, 17, 19, 20, 31, 32, 33, 48};
  for (int shape = 0; shape < 170; shape++)
    for (int blocks = 0; blocks < 4; blocks++)
      EACH_TABLE(k) {
        const int c = channels[shape % 17], h = random_int(1, 5), w = random_int(1, 21), n0 = random_int(0, 1);
        picture from = make_picture(k->real_size, 2, c, h, w, blocks & 1 ? 16 : 1, random_int(0, 2));
        picture got = make_picture(k->real_size, 2, c, h, w, blocks & 2 ? 16 : 1, random_int(0, 2));
        picture want = copy_picture(&got);
        fill_real(&from);
        poison_missing_lanes(&from);
        k->copy_image(&from.view, &got.view, n0, 2);
        oracle(k->real_size)->copy_image(&from.view, &want.view, n0, 2);
        compare(k, "copy_image", &from, &got, &want);
        for (int y = 0; y < h; y++)
          for (int x = 0; x < w; x++) CHECK(pixel(&got, 1, c - 1, y, x) == pixel(&from, 1, c - 1, y, x));
        free_picture(&from), free_picture(&got), free_picture(&want);
      }
}

TEST(images_from_bytes_equal_the_reference) {
  test_seed = 13;
  for (int shape = 0; shape < 120; shape++)
    EACH_TABLE(k) {
      const int c = random_int(1, shape % 4 ? 4 : 18), h = random_int(1, 4), w = random_int(1, 50), block = shape % 2 ? 1 : 16;
      double a[18], b[18];
      uint8_t bytes[2 * 18 * 4 * 50];
      for (int i = 0; i < 18; i++) a[i] = random_int(-4, 4) / 8.0, b[i] = random_int(-9, 9);
      for (size_t i = 0; i < sizeof bytes; i++) bytes[i] = (uint8_t)random_int(0, 255);
      picture got = make_picture(k->real_size, 2, c, h, w, block, random_int(0, 2)), want = copy_picture(&got);
      const int n0 = random_int(0, 1);
      k->image_from_u8(bytes, a, b, &got.view, n0, 2);
      oracle(k->real_size)->image_from_u8(bytes, a, b, &want.view, n0, 2);
      compare(k, "image_from_u8", NULL, &got, &want);
      CHECK(pixel(&got, 1, c - 1, h - 1, 0) == bytes[((c + c - 1) * h + h - 1) * w] * a[c - 1] + b[c - 1]);
      free_picture(&got), free_picture(&want);
    }
}

/* One pixel's value must not depend on where in its row it stands: body and tail round alike. */
TEST(bytes_become_the_same_bits_everywhere) {
  EACH_TABLE(k) {
    const double a = 1 / 255.0, b = -0.1307;
    uint8_t bytes[37];
    memset(bytes, 201, sizeof bytes);
    for (int block = 1; block <= 16; block += 15) {
      picture p = make_picture(k->real_size, 1, 1, 1, 37, block, 1);
      k->image_from_u8(bytes, &a, &b, &p.view, 0, 1);
      for (int x = 0; x < 37; x++) CHECK(pixel(&p, 0, 0, 0, x) == pixel(&p, 0, 0, 0, 0));
      CHECK_NEAR(pixel(&p, 0, 0, 0, 0), 201 / 255.0 - 0.1307, 1e-7);
      free_picture(&p);
    }
  }
}
