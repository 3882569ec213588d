/* Pooling against the reference, over random shapes: all strides, pads, dilations, window sizes, channel counts about the
 * block, windows that hang over the end, and windows wholly outside. Whole numbers, so that every bit must agree, and few of
 * them, so that there are ties. Halos are poison: a kernel that reads one gives NaN. */
#include "kernel_data.h"

static int outputs(int size, int k, int stride, int pad, int dilation) {
  int over = size + 2 * pad - dilation * (k - 1) - 1;
  return over < 0 ? 1 : over / stride + 1;
}

static ig__conv random_window(void) {
  static const int channels[] = {1, 3, 15, 16, 17, 32, 37};
  int common = random_int(0, 3) == 0; /* 2×2 or 3×3, stride 2 */
  ig__conv g = {.groups = 1};
  g.c_in = g.c_out = channels[random_int(0, 6)];
  g.h = random_int(1, 13), g.w = random_int(1, 13);
  g.kh = common ? 2 : random_int(1, 5), g.kw = common ? 2 : random_int(1, 5);
  g.sh = common ? 2 : random_int(1, 4), g.sw = common ? 2 : random_int(1, 4);
  g.ph = random_int(0, g.kh / 2), g.pw = random_int(0, g.kw / 2);
  g.dh = common ? 1 : random_int(1, 2), g.dw = common ? 1 : random_int(1, 3);
  g.oh = outputs(g.h, g.kh, g.sh, g.ph, g.dh) + (random_int(0, 4) == 0);
  g.ow = outputs(g.w, g.kw, g.sw, g.pw, g.dw) + (random_int(0, 4) == 0);
  return g;
}

static void compare(const ig__kernels *k, const char *name, const ig__conv *g, const picture *got, const picture *want,
                    int n0) {
  int64_t i = first_difference(got, want, 0);
  if (i < 0) i = first_dirty_lane(got, n0);
  if (i >= 0)
    FAIL_AT(k, name, "element %lld is %g, want %g (c %d, %d×%d, window %d×%d stride %d,%d pad %d,%d dilation %d,%d, block %d)",
            (long long)i, get(got->buffer, got->size, i), get(want->buffer, want->size, i), g->c_in, g->h, g->w, g->kh,
            g->kw, g->sh, g->sw, g->ph, g->pw, g->dh, g->dw, got->view.block);
}

/* One shape through all five kernels of one table. */
static void check_shape(const ig__kernels *k, const ig__conv *g, int block) {
  enum { N = 2 };
  const ig__kernels *o = oracle(k->real_size);
  const int size = k->real_size, n0 = random_int(0, 1), halo = random_int(0, 2);
  picture x = make_picture(size, N, g->c_in, g->h, g->w, block, halo);
  picture dy = make_picture(size, N, g->c_in, g->oh, g->ow, block, random_int(0, 2));
  picture y = make_picture(size, N, g->c_in, g->oh, g->ow, block, random_int(0, 2));
  picture dx = make_picture(size, N, g->c_in, g->h, g->w, block, halo);
  picture at = make_picture(1, N, g->c_in, g->oh, g->ow, block, random_int(0, 1));
  picture y2 = copy_picture(&y), dx2 = copy_picture(&dx), at2 = copy_picture(&at);
  fill_whole(&x, -3, 3);
  fill_whole(&dy, -9, 9);

  k->maxpool2d(g, &x.view, &y.view, &at.view, n0, N);
  o->maxpool2d(g, &x.view, &y2.view, &at2.view, n0, N);
  compare(k, "maxpool2d", g, &y, &y2, n0);
  compare(k, "maxpool2d's argmax", g, &at, &at2, n0);
  k->maxpool2d_gather(g, &x.view, &at2.view, &y.view, n0, N);
  compare(k, "maxpool2d_gather", g, &y, &y2, n0); /* the maxima again */
  k->maxpool2d_scatter(g, &dy.view, &at2.view, &dx.view, n0, N);
  o->maxpool2d_scatter(g, &dy.view, &at2.view, &dx2.view, n0, N);
  compare(k, "maxpool2d_scatter", g, &dx, &dx2, n0);
  k->maxpool2d_gather(g, &dx2.view, &at2.view, &y.view, n0, N);
  o->maxpool2d_gather(g, &dx2.view, &at2.view, &y2.view, n0, N);
  compare(k, "maxpool2d_gather of another image", g, &y, &y2, n0);
  k->avgpool2d(g, &x.view, &y.view, n0, N);
  o->avgpool2d(g, &x.view, &y2.view, n0, N);
  compare(k, "avgpool2d", g, &y, &y2, n0);
  k->avgpool2d_dx(g, &dy.view, &dx.view, n0, N);
  o->avgpool2d_dx(g, &dy.view, &dx2.view, n0, N);
  compare(k, "avgpool2d_dx", g, &dx, &dx2, n0);

  picture *all[] = {&x, &dy, &y, &dx, &at, &y2, &dx2, &at2};
  for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) free_picture(all[i]);
}

TEST(pooling_of_random_shapes_equals_the_reference) {
  test_seed = 1;
  for (int shape = 0; shape < 400; shape++) {
    ig__conv g = random_window();
    EACH_TABLE(k) {
      check_shape(k, &g, 16);
      if (shape % 8 == 0) check_shape(k, &g, 1);
    }
  }
}

TEST(pooling_of_great_windows_equals_the_reference) {
  test_seed = 2;
  static const ig__conv shapes[] = {
    {.c_in = 20, .h = 16, .w = 16, .oh = 1, .ow = 1, .kh = 16, .kw = 16, .sh = 16, .sw = 16, .dh = 1, .dw = 1, .groups = 1},
    {.c_in = 16, .h = 20, .w = 20, .oh = 20, .ow = 20, .kh = 13, .kw = 13, .sh = 1, .sw = 1, .ph = 6, .pw = 6, .dh = 1,
     .dw = 1, .groups = 1},
    {.c_in = 33, .h = 1, .w = 64, .oh = 1, .ow = 3, .kh = 1, .kw = 20, .sh = 1, .sw = 22, .dh = 1, .dw = 1, .groups = 1},
  };
  for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++)
    EACH_TABLE(k) {
      check_shape(k, &shapes[i], 16);
      check_shape(k, &shapes[i], 1);
    }
}

/* A NaN must not be hidden by its neighbours, wherever in the window it stands. */
TEST(maxpool_shows_a_nan) {
  test_seed = 3;
  for (int edge = 2; edge <= 3; edge++)
    for (int place = 0; place < edge * edge; place++)
      EACH_TABLE(k) {
        ig__conv g = {.c_in = 5, .c_out = 5, .h = edge, .w = edge, .oh = 1, .ow = 1, .kh = edge, .kw = edge, .sh = 1,
                      .sw = 1, .dh = 1, .dw = 1, .groups = 1};
        picture x = make_picture(k->real_size, 1, 5, edge, edge, 16, 0);
        picture y = make_picture(k->real_size, 1, 5, 1, 1, 16, 0), at = make_picture(1, 1, 5, 1, 1, 16, 0);
        fill_whole(&x, -3, 3);
        set_pixel(&x, 0, 2, place / edge, place % edge, NAN);
        k->maxpool2d(&g, &x.view, &y.view, &at.view, 0, 1);
        for (int c = 0; c < 16; c++) CHECK(isnan(pixel(&y, 0, c, 0, 0)) == (c == 2));
        CHECK_INT(pixel(&at, 0, 2, 0, 0), place);
        free_picture(&x), free_picture(&y), free_picture(&at);
      }
}
