/* Convolutions and poolings as ops: geometry, values, lowering, fusion. Gradients are tested with those of all ops. */
#include "unit/ops/rig.h"

#include "ops/conv_geometry.h"

/* y += conv(x, w); or with dx or dw set, grad += that gradient of Σ y·dy. */
static void naive_conv2d(const ig__conv *g, int n, const double *x, const double *w, double *y, bool dx, bool dw,
                         const double *dy, double *grad) {
  int in = g->c_in / g->groups, out = g->c_out / g->groups;
  for (int p = 0; p < n; p++)
    for (int co = 0; co < g->c_out; co++)
      for (int oy = 0; oy < g->oh; oy++)
        for (int ox = 0; ox < g->ow; ox++) {
          int at = ((p * g->c_out + co) * g->oh + oy) * g->ow + ox;
          for (int ci = 0; ci < in; ci++)
            for (int ky = 0; ky < g->kh; ky++)
              for (int kx = 0; kx < g->kw; kx++) {
                int iy = oy * g->sh - g->ph + ky * g->dh, ix = ox * g->sw - g->pw + kx * g->dw;
                if (iy < 0 || iy >= g->h || ix < 0 || ix >= g->w) continue;
                int from = ((p * g->c_in + co / out * in + ci) * g->h + iy) * g->w + ix;
                int weight = ((co * in + ci) * g->kh + ky) * g->kw + kx;
                if (dx) grad[from] += dy[at] * w[weight];
                else if (dw) grad[weight] += dy[at] * x[from];
                else y[at] += x[from] * w[weight];
              }
        }
}

TEST(geometry_of_probes) {
  int n;
  const ig__conv_probe *c;
  for (int i = 0; (c = ig__conv_probe_at(i, &n)) != NULL; i++) {
    ig__conv g, back;
    ig__shape x = ig__conv_input_shape(&c->g, n);
    CHECK_OK(ig__conv_resolve("conv2d", &c->options, &x, &g));
    CHECK(memcmp(&g, &c->g, sizeof g) == 0);
    ig__conv_options o = ig__conv_options_of(&g);
    CHECK_OK(ig__conv_resolve("conv2d", &o, &x, &back));
    CHECK(memcmp(&g, &back, sizeof g) == 0);
    CHECK(ig__conv_halo(&g) >= 0 && ig__conv_dx_halo(&g) >= 0);
  }
  const ig__pool_probe *p;
  for (int i = 0; (p = ig__pool_probe_at(i, &n)) != NULL; i++) {
    ig__conv g, back;
    ig__shape x = ig__conv_input_shape(&p->g, n);
    CHECK_OK(ig__pool_resolve("maxpool2d", &p->options, &x, &g));
    CHECK(memcmp(&g, &p->g, sizeof g) == 0);
    ig__pool_options o = ig__pool_options_of(&g);
    CHECK_OK(ig__pool_resolve("maxpool2d", &o, &x, &back));
    CHECK(memcmp(&g, &back, sizeof g) == 0);
  }
}

/* pad=same: ceil(size/stride) outputs, and what is odd of the padding at the end (Keras, TensorFlow). */
TEST(same_padding) {
  static const int rows[][5] = {/* size, k, stride → out, before */
                                {5, 3, 1, 5, 1}, {6, 3, 2, 3, 0}, {5, 3, 2, 3, 1}, {4, 2, 1, 4, 0}, {7, 5, 3, 3, 2},
                                {1, 3, 2, 1, 1}, {9, 4, 2, 5, 1}, {3, 1, 2, 2, 0}, {8, 7, 4, 2, 1}};
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    const int *row = rows[i];
    ig__conv g;
    ig__conv_options o = {1, {row[1], 1}, {row[2], 1}, {IG__PAD_SAME, IG__PAD_SAME}, {1, 1}, 1, false, ""};
    ig__shape x = ig__shape_make(4, (int[]){1, 1, row[0], 3}, true);
    CHECK_OK(ig__conv_resolve("conv2d", &o, &x, &g));
    CHECK_INT(g.oh, row[3]);
    CHECK_INT(g.ph, row[4]);
    CHECK_INT(g.ow, 3);
    CHECK_INT(g.pw, 0);
  }
}

TEST(refusals) {
  ig__conv g;
  ig__conv_options o = {4, {5, 5}, {1, 1}, {0, 0}, {1, 1}, 1, false, ""};
  ig__shape x = ig__shape_make(4, (int[]){1, 3, 4, 9}, true), vector = ig__shape_make(2, (int[]){1, 3}, true);
  CHECK_STATUS(ig__conv_resolve("conv2d", &o, &x, &g), IG_BAD_MODEL);
  CHECK_HAS(ig_last_error(), "5×5");
  CHECK_HAS(ig_last_error(), "4×9");
  CHECK_STATUS(ig__conv_resolve("conv2d", &o, &vector, &g), IG_BAD_MODEL);
  CHECK_HAS(ig_last_error(), "n×c×h×w");
  o.k = (ig__pair){3, 3};
  o.groups = 2;
  CHECK_STATUS(ig__conv_resolve("conv2d", &o, &x, &g), IG_BAD_MODEL);
  CHECK_HAS(ig_last_error(), "groups=2");
  ig__pool_options p = {{2, 2}, {0, 0}, {2, 0}};
  CHECK_STATUS(ig__pool_resolve("maxpool2d", &p, &x, &g), IG_BAD_MODEL);
  CHECK_HAS(ig_last_error(), "pad=2x0");

  rig *r = rig_new(1, true);
  ig__value bytes = rig_field(r, IG__U8, x, (double[108]){0});
  CHECK(rig_line(r, &ig__op_conv2d, "4", bytes) == IG__NONE);
  CHECK_STATUS(ig__graph_status(r->graph), IG_BAD_MODEL);
  rig_free(r);
}

/* 1 2 3; 4 5 6; 7 8 9 with the kernel 1 0; 0 2. */
TEST(conv2d_by_hand) {
  static const struct { const char *text; int count; double want[25]; } rows[] = {
    {"1 k=2 bias=no", 4, {11, 14, 20, 23}},
    {"1 k=2 bias=no pad=same", 9, {11, 14, 3, 20, 23, 6, 7, 8, 9}},
    {"1 k=2 bias=no pad=1", 16, {2, 4, 6, 0, 8, 11, 14, 3, 14, 20, 23, 6, 0, 7, 8, 9}},
    {"1 k=2 bias=no pad=1 stride=2", 4, {2, 6, 14, 23}},
    {"1 k=2 bias=no dilation=2", 1, {19}},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    rig *r = rig_new(1, true);
    ig__value x = rig_field(r, IG__REAL, ig__shape_make(4, (int[]){1, 1, 3, 3}, true), (double[]){1, 2, 3, 4, 5, 6, 7, 8, 9});
    ig__value y = rig_line(r, &ig__op_conv2d, rows[i].text, x);
    memcpy(r->param, (double[]){1, 0, 0, 2}, 4 * sizeof(double));
    RIG_EACH_TABLE(r) {
      rig_run(r, 1, &y);
      CHECK_INT(r->result_count[0], rows[i].count);
      rig_compare(rows[i].text, r, 0, rows[i].want, rows[i].count, 1e-6);
    }
    rig_free(r);
  }
}

static void check_conv(const ig__conv_probe *c, int n) {
  const ig__conv *g = &c->g;
  rig *r = rig_new(n, true);
  ig__value x = rig_field(r, IG__REAL, ig__conv_input_shape(g, n), NULL), w = rig_param(r, ig__conv_weight_shape(g), NULL);
  ig__value dy = rig_field(r, IG__REAL, ig__conv_output_shape(g, n), NULL);
  ig__value out[3] = {ig__node2(r->graph, &ig__op_conv2d, &c->options, x, w), ig__node2(r->graph, &ig__op_conv2d_dx, g, dy, w),
                      ig__node2(r->graph, &ig__op_conv2d_dw, g, x, dy)};
  static double want[3][4096];
  memset(want, 0, sizeof want);
  for (int i = 0; i < 3; i++)
    naive_conv2d(g, n, r->field[0].value, r->param, want[0], i == 1, i == 2, r->field[1].value, want[i]);
  memset(want[0], 0, sizeof want[0]);
  naive_conv2d(g, n, r->field[0].value, r->param, want[0], false, false, NULL, NULL);
  RIG_EACH_TABLE(r) {
    for (r->threads = 1; r->threads <= 2; r->threads++) {
      rig_run(r, 3, out);
      for (int i = 0; i < 3; i++) rig_compare("conv2d", r, i, want[i], r->result_count[i], 2e-5);
    }
  }
  rig_free(r);
}

TEST(conv2d_and_gradients) {
  int n;
  const ig__conv_probe *c;
  for (int i = 0; (c = ig__conv_probe_at(i, &n)) != NULL; i++) check_conv(c, n);
}

/* More pictures than a chunk has, fewer than planned, and a hidden layer: sums are cut, the answer is the same bits on any
 * number of threads. */
TEST(conv2d_bits_do_not_depend_on_threads) {
  rig *r = rig_new(21, true);
  ig__value x = rig_field(r, IG__REAL, ig__shape_make(4, (int[]){21, 3, 12, 12}, true), NULL);
  ig__value a = rig_line(r, &ig__op_conv2d, "17 pad=same", x), b = rig_line(r, &ig__op_maxpool2d, "2", a);
  ig__value c = rig_line(r, &ig__op_conv2d, "20 k=3 stride=2 pad=same", b);
  ig__value loss = ig__node1(r->graph, &ig__op_sum, NULL, ig__node2(r->graph, &ig__op_mul, NULL, c, c));
  ig__value w[4], out[5];
  for (int i = 0, k = 0; k < 4; i++)
    if (r->graph->tensor[i]->leaf == IG__LEAF_PARAM) w[k++] = (ig__value)i;
  CHECK_OK(ig__gradients(r->graph, loss, IG__NONE, w, 4, out));
  out[4] = c;
  r->n = 19;
  RIG_EACH_TABLE(r) {
    double *first[5];
    r->threads = 1;
    rig_run(r, 5, out);
    for (int i = 0; i < 5; i++) {
      first[i] = r->result[i];
      r->result[i] = NULL;
    }
    for (r->threads = 2; r->threads <= 5; r->threads += 3) {
      rig_run(r, 5, out);
      for (int i = 0; i < 4; i++) CHECK(memcmp(first[i], r->result[i], (size_t)r->result_count[i] * sizeof(double)) == 0);
      CHECK(memcmp(first[4], r->result[4], (size_t)(19 * 20 * 3 * 3) * sizeof(double)) == 0);
    }
    for (int i = 0; i < 5; i++) ig__free(first[i]);
  }
  rig_free(r);
}

TEST(bias_and_relu_are_fused) {
  rig *r = rig_new(2, false);
  ig__value x = rig_field(r, IG__REAL, ig__shape_make(4, (int[]){2, 3, 6, 5}, true), NULL);
  ig__value y = ig__node1(r->graph, &ig__op_relu, NULL, rig_line(r, &ig__op_conv2d, "18 pad=1", x));
  CHECK_STR(r->name[0], "line.weight");
  CHECK_STR(r->name[1], "line.bias");
  CHECK_INT(r->kind[0], IG__PARAM_WEIGHT);
  CHECK_INT(r->kind[1], IG__PARAM_BIAS);
  double want[2 * 18 * 6 * 5] = {0};
  ig__conv g = {3, 6, 5, 18, 6, 5, 3, 3, 1, 1, 1, 1, 1, 1, 1};
  naive_conv2d(&g, 2, r->field[0].value, r->param, want, false, false, NULL, NULL);
  for (int i = 0; i < 2 * 18 * 30; i++) want[i] = fmax(0, want[i] + r->param[r->param_offset[1] + i / 30 % 18]);
  RIG_EACH_TABLE(r) {
    rig_run(r, 1, &y);
    rig_compare("fused", r, 0, want, 2 * 18 * 30, 1e-5);
    CHECK(!strstr(r->described, "relu") && !strstr(r->described, "bias"));
  }
  rig_free(r);
}

/* A convolution that two nodes read keeps its own output. */
TEST(no_fusion_when_others_read) {
  rig *r = rig_new(1, false);
  ig__value x = rig_field(r, IG__REAL, ig__shape_make(4, (int[]){1, 1, 4, 4}, true), NULL);
  ig__value y = rig_line(r, &ig__op_conv2d, "2 bias=no", x), out[2] = {y, ig__node1(r->graph, &ig__op_relu, NULL, y)};
  rig_run(r, 2, out);
  for (int i = 0; i < 8; i++) CHECK_NEAR(r->result[1][i], fmax(0, r->result[0][i]), 0);
  bool negative = false;
  for (int i = 0; i < 8; i++) negative |= r->result[0][i] < 0;
  CHECK(negative);
  rig_free(r);
}

TEST(pooling_by_hand) {
  static const double x[16] = {1, 2, 0, 4, 5, 3, -1, 7, -8, -2, 9, 6, -4, -3, 11, 10};
  static const struct { const ig__op *op; const char *text; int count; double want[16]; } rows[] = {
    {&ig__op_maxpool2d, "2", 4, {5, 7, -2, 11}},
    {&ig__op_maxpool2d, "3 stride=2 pad=same", 4, {9, 9, 11, 11}},
    {&ig__op_maxpool2d, "2 stride=3 pad=1", 4, {1, 4, -4, 11}},
    {&ig__op_avgpool2d, "2", 4, {2.75, 2.5, -4.25, 9}},
    {&ig__op_avgpool2d, "2 stride=3 pad=1", 4, {1, 2, -6, 9}},
    {&ig__op_avgpool2d, "3 stride=2 pad=same", 4, {1, 4.1666666666666667, 0.5, 9}},
    {&ig__op_global_avgpool2d, "", 1, {2.5}},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    rig *r = rig_new(1, true);
    ig__value picture = rig_field(r, IG__REAL, ig__shape_make(4, (int[]){1, 1, 4, 4}, true), x);
    ig__value y = rig_line(r, rows[i].op, rows[i].text, picture);
    RIG_EACH_TABLE(r) {
      rig_run(r, 1, &y);
      CHECK_INT(r->result_count[0], rows[i].count);
      rig_compare(rows[i].text, r, 0, rows[i].want, rows[i].count, 1e-6);
    }
    rig_free(r);
  }
}

/* The first of equal maxima wins, and its place comes out as a byte. */
TEST(argmax_of_ties) {
  rig *r = rig_new(1, true);
  ig__value x = rig_field(r, IG__REAL, ig__shape_make(4, (int[]){1, 1, 2, 4}, true), (double[]){3, 3, -1, 2, 3, 1, 2, 2});
  ig__value out[2];
  ig__pool_options o = {{2, 2}, {2, 2}, {0, 0}};
  ig__node_add(r->graph, &ig__op_maxpool2d, &o, 1, &x, out);
  RIG_EACH_TABLE(r) {
    rig_run(r, 2, out);
    rig_compare("max", r, 0, (double[]){3, 2}, 2, 0);
    rig_compare("argmax", r, 1, (double[]){0, 1}, 2, 0);
  }
  rig_free(r);
}

TEST(preprocess_values) {
  static const double bytes[12] = {0, 51, 102, 255, 1, 2, 3, 4, 255, 0, 128, 64};
  double want[12];
  for (int i = 0; i < 12; i++) want[i] = (bytes[i] / 255 - (i < 4 ? 0.5 : i < 8 ? 0.25 : 0)) / (i < 4 ? 0.5 : i < 8 ? 2 : 1);
  for (int floats = 0; floats < 2; floats++) {
    rig *r = rig_new(1, false);
    ig__value x = rig_field(r, floats ? IG__F32 : IG__U8, ig__shape_make(4, (int[]){1, 3, 2, 2}, true), bytes);
    ig__value y = rig_line(r, &ig__op_preprocess, "scale=1/255 mean=.5,.25,0 std=.5,2,1", x);
    ig__value out[2] = {y, ig__node1(r->graph, &ig__op_scale, &(double){2}, y)};
    RIG_EACH_TABLE(r) {
      rig_run(r, 2, out);
      rig_compare("preprocess", r, 0, want, 12, 1e-6);
      for (int i = 0; i < 12; i++) CHECK_NEAR(r->result[1][i], 2 * r->result[0][i], 1e-12);
    }
    rig_free(r);
  }
  rig *r = rig_new(1, false);
  ig__value x = rig_field(r, IG__U8, ig__shape_make(4, (int[]){1, 3, 2, 2}, true), bytes);
  CHECK(rig_line(r, &ig__op_preprocess, "mean=1,2", x) == IG__NONE);
  CHECK_HAS(ig_last_error(), "mean has 2 numbers");
  rig_free(r);
}

/* One large picture is cut by output channels; an image that the plan made is read blocked, however few channels it has. */
TEST(single_picture_and_narrow_hidden_layer) {
  static const int sizes[2][4] = {{40, 24, 23, 70}, {3, 9, 8, 5}}; /* c, h, w, filters */
  for (int i = 0; i < 4; i++) {
    const int *s = sizes[i % 2];
    rig *r = rig_new(1, true);
    r->graph->direct = i / 2; /* Winograd's error is one of the largest outputs, here some 50, of dx 2000 */
    ig__value x = rig_field(r, IG__REAL, ig__shape_make(4, (int[]){1, s[0], s[1], s[2]}, true), NULL);
    ig__conv g = {s[0], s[1], s[2], s[3], s[1], s[2], 3, 3, 1, 1, 1, 1, 1, 1, 1};
    ig__value hidden = ig__node1(r->graph, &ig__op_relu, NULL, x);
    ig__value w = rig_param(r, ig__conv_weight_shape(&g), NULL), out[2];
    ig__conv_options o = ig__conv_options_of(&g);
    out[0] = ig__node2(r->graph, &ig__op_conv2d, &o, hidden, w);
    out[1] = ig__node2(r->graph, &ig__op_conv2d_dx, &g, out[0], w);
    int64_t count = (int64_t)s[3] * s[1] * s[2], back = (int64_t)s[0] * s[1] * s[2];
    double *want = ig__alloc((size_t)count, sizeof *want), *dx = ig__alloc((size_t)back, sizeof *dx);
    double *positive = ig__alloc((size_t)back, sizeof *positive);
    for (int64_t k = 0; k < back; k++) positive[k] = fmax(0, r->field[0].value[k]);
    naive_conv2d(&g, 1, positive, r->param, want, false, false, NULL, NULL);
    naive_conv2d(&g, 1, positive, r->param, NULL, true, false, want, dx);
    RIG_EACH_TABLE(r) {
      for (r->threads = 1; r->threads <= 3; r->threads += 2) {
        rig_run(r, 2, out);
        rig_compare("single", r, 0, want, count, i / 2 ? 1e-4 : 1e-3);
        rig_compare("single dx", r, 1, dx, back, i / 2 ? 1e-3 : 1e-2);
      }
    }
    ig__free(want);
    ig__free(dx);
    ig__free(positive);
    rig_free(r);
  }
}
