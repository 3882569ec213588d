/* Ops that change the size of pictures: transposed convolution, upsampling, padding, cropping. Their gradients are tested with
 * those of all ops. */
#include "unit/ops/rig.h"

static ig__shape image(int n, int c, int h, int w) { return ig__shape_make(4, (int[]){n, c, h, w}, true); }

static void expect(const ig__op *op, const char *text, ig__shape shape, const double *x, const double *params, int param_count,
                   ig__shape out, const double *want) {
  rig *r = rig_new(shape.dim[0], true);
  ig__value y = rig_line(r, op, text, rig_field(r, IG__REAL, shape, x));
  CHECK_OK(ig__graph_status(r->graph));
  if (!ig__shape_equal(ig__shape_of(r->graph, y), &out)) {
    char got[96], asked[96];
    test_fail(__FILE__, __LINE__, "%s %s: the output is %s, want %s", op->name, text,
              ig__shape_text(got, ig__shape_of(r->graph, y)), ig__shape_text(asked, &out));
  }
  for (int i = 0; i < param_count; i++) r->param[i] = params[i];
  RIG_EACH_TABLE(r) {
    rig_run(r, 1, &y);
    CHECK_INT(r->result_count[0], ig__shape_count(&out));
    rig_compare(text, r, 0, want, ig__shape_count(&out), 1e-6);
  }
  rig_free(r);
}

static void refused(const ig__op *op, const char *text, ig__shape shape, const char *words) {
  rig *r = rig_new(shape.dim[0], true);
  CHECK(rig_line(r, op, text, rig_field(r, IG__REAL, shape, NULL)) == IG__NONE);
  CHECK_STATUS(ig__graph_status(r->graph), IG_BAD_MODEL);
  CHECK_HAS(ig_last_error(), words);
  rig_free(r);
}

/* ---- conv2d_transpose ----------------------------------------------------------------------------------------------- */

/* 1 2; 3 4 through the kernel 1 2; 3 4 and others, each pixel's kernel laid down by hand. */
TEST(conv2d_transpose_by_hand) {
  static const double x[4] = {1, 2, 3, 4}, w[9] = {1, 2, 3, 4, 5, 6, 7, 8, 9};
  static const struct { const char *text; int kernel, h, w; double want[36]; } rows[] = {
    {"1 k=2 bias=no", 4, 3, 3, {1, 4, 4, 6, 20, 16, 9, 24, 16}},
    {"1 k=2 stride=2 bias=no", 4, 4, 4, {1, 2, 2, 4, 3, 4, 6, 8, 3, 6, 4, 8, 9, 12, 12, 16}},
    {"1 k=2 pad=1 bias=no", 4, 1, 1, {20}},
    {"1 k=2 pad=same bias=no", 4, 2, 2, {1, 4, 6, 20}},
    {"1 k=1 stride=2 extra=1 bias=no", 1, 4, 4, {1, 0, 2, 0, 0, 0, 0, 0, 3, 0, 4, 0, 0, 0, 0, 0}},
    {"1 k=1 stride=3 pad=same bias=no", 1, 6, 6, {1, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 4}},
    {"1 k=1 stride=2 bias=no", 1, 3, 3, {1, 0, 2, 0, 0, 0, 3, 0, 4}},
    {"1 k=3 stride=2 pad=1 bias=no", 9, 3, 3, {5, 14, 10, 14, 36, 24, 15, 34, 20}},
    {"1 k=3 stride=2 pad=same bias=no", 9, 4, 4, {1, 2, 5, 4, 4, 5, 14, 10, 10, 14, 36, 24, 12, 15, 34, 20}},
    {"1 k=1x2 stride=1x2 dilation=1x3 bias=no", 2, 2, 6, {1, 0, 2, 2, 0, 4, 3, 0, 4, 6, 0, 8}},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
    expect(&ig__op_conv2d_transpose, rows[i].text, image(1, 1, 2, 2), x, w, rows[i].kernel, image(1, 1, rows[i].h, rows[i].w),
           rows[i].want);
}

typedef struct transpose { int n, c, h, w, f, k, stride, pad, extra, dilation, groups, oh, ow; const char *text; } transpose;

/* Every input pixel times every weight, added where it belongs; weights in × filters/groups × k × k. */
static void lay_down(const transpose *t, const double *x, const double *w, const double *bias, double *y) {
  int in = t->c / t->groups, out = t->f / t->groups;
  for (int i = 0; i < t->n * t->f * t->oh * t->ow; i++) y[i] = bias[i / (t->oh * t->ow) % t->f];
  for (int i = 0; i < t->n * t->c * t->h * t->w; i++)
    for (int j = 0; j < out * t->k * t->k; j++) {
      int column = i % t->w, row = i / t->w % t->h, c = i / (t->w * t->h) % t->c, n = i / (t->w * t->h * t->c);
      int f = c / in * out + j / (t->k * t->k);
      int oy = row * t->stride - t->pad + j / t->k % t->k * t->dilation;
      int ox = column * t->stride - t->pad + j % t->k * t->dilation;
      if (oy < 0 || oy >= t->oh || ox < 0 || ox >= t->ow) continue;
      y[((n * t->f + f) * t->oh + oy) * t->ow + ox] += x[i] * w[c * out * t->k * t->k + j];
    }
}

TEST(conv2d_transpose_values) {
  static const transpose rows[] = {
    {2, 3, 5, 4, 2, 3, 1, 0, 0, 1, 1, 7, 6, "2"},
    {2, 17, 3, 4, 18, 2, 2, 0, 0, 1, 1, 6, 8, "18 k=2 stride=2"},
    {1, 33, 4, 3, 5, 3, 2, 1, 1, 1, 1, 8, 6, "5 stride=2 pad=1 extra=1"},
    {1, 4, 3, 3, 16, 4, 2, 1, 0, 1, 1, 6, 6, "16 k=4 stride=2 pad=same"},
    {2, 5, 3, 5, 3, 3, 3, 0, 2, 2, 1, 13, 19, "3 stride=3 extra=2 dilation=2"},
    {1, 6, 4, 3, 4, 3, 2, 1, 0, 1, 2, 7, 5, "4 stride=2 pad=1 groups=2"},
    {3, 2, 2, 2, 1, 5, 1, 2, 0, 1, 1, 2, 2, "1 k=5 pad=2"},
    {1, 2, 3, 3, 7, 1, 1, 0, 0, 1, 1, 3, 3, "7 k=1"},
  };
  static double want[8192];
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    const transpose *t = &rows[i];
    rig *r = rig_new(t->n, true);
    ig__value y = rig_line(r, &ig__op_conv2d_transpose, t->text, rig_field(r, IG__REAL, image(t->n, t->c, t->h, t->w), NULL));
    ig__shape weight = ig__shape_make(4, (int[]){t->c, t->f / t->groups, t->k, t->k}, false), out = image(t->n, t->f, t->oh, t->ow);
    CHECK_STR(r->name[0], "line.weight");
    CHECK_STR(r->name[1], "line.bias");
    CHECK(ig__shape_equal(ig__shape_of(r->graph, 1), &weight) && ig__shape_equal(ig__shape_of(r->graph, y), &out));
    lay_down(t, r->field[0].value, r->param, r->param + r->param_offset[1], want);
    RIG_EACH_TABLE(r) {
      rig_run(r, 1, &y);
      rig_compare(t->text, r, 0, want, ig__shape_count(&out), 2e-5);
    }
    rig_free(r);
  }
}

TEST(conv2d_transpose_refuses) {
  const ig__op *op = &ig__op_conv2d_transpose;
  refused(op, "4 stride=2 extra=2", image(1, 3, 4, 4), "extra=2x2 must be smaller than stride=2x2");
  refused(op, "4 stride=2 extra=1 pad=same", image(1, 3, 4, 4), "leave one of them out");
  refused(op, "4 groups=2", image(1, 3, 4, 4), "groups=2 must divide the 3 channels that come in");
  refused(op, "4 k=1 pad=2", image(1, 3, 4, 4), "pad=2x2 leaves nothing");
  refused(op, "4", ig__shape_make(2, (int[]){1, 3}, true), "n×c×h×w");
}

/* ---- upsample2d, pad, crop ------------------------------------------------------------------------------------------ */

typedef struct by_hand { const ig__op *op; const char *text; int h, w, oh, ow; double want[40]; } by_hand;

/* On 1 2 3 …, h × w; the second channel is ten times that. */
static void check_by_hand(const by_hand *row) {
  double x[80], want[80];
  const int size = row->h * row->w, out = row->oh * row->ow;
  for (int i = 0; i < 2 * size; i++) x[i] = (i < size ? 1 : 10) * (i % size + 1);
  for (int i = 0; i < 2 * out; i++) want[i] = (i < out ? 1 : 10) * row->want[i % out];
  expect(row->op, row->text, image(1, 2, row->h, row->w), x, NULL, 0, image(1, 2, row->oh, row->ow), want);
}

TEST(upsample2d_by_hand) {
  static const by_hand rows[] = {
    {&ig__op_upsample2d, "", 2, 2, 4, 4, {1, 1, 2, 2, 1, 1, 2, 2, 3, 3, 4, 4, 3, 3, 4, 4}},
    {&ig__op_upsample2d, "1x3", 1, 2, 1, 6, {1, 1, 1, 2, 2, 2}},
    {&ig__op_upsample2d, "2 mode=bilinear", 2, 2, 4, 4,
     {1, 1.25, 1.75, 2, 1.5, 1.75, 2.25, 2.5, 2.5, 2.75, 3.25, 3.5, 3, 3.25, 3.75, 4}},
    {&ig__op_upsample2d, "1x3 mode=bilinear", 1, 3, 1, 9, {1, 1, 4. / 3, 5. / 3, 2, 7. / 3, 8. / 3, 3, 3}},
    {&ig__op_upsample2d, "4x1 mode=bilinear", 2, 1, 8, 1, {1, 1, 1.125, 1.375, 1.625, 1.875, 2, 2}},
    {&ig__op_upsample2d, "3 mode=bilinear", 1, 1, 3, 3, {1, 1, 1, 1, 1, 1, 1, 1, 1}},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) check_by_hand(&rows[i]);
}

TEST(pad_and_crop_by_hand) {
  static const by_hand rows[] = {
    {&ig__op_pad, "1", 2, 2, 4, 4, {0, 0, 0, 0, 0, 1, 2, 0, 0, 3, 4, 0, 0, 0, 0, 0}},
    {&ig__op_pad, "1x0 bottom=0 right=2", 1, 2, 2, 4, {0, 0, 0, 0, 1, 2, 0, 0}},
    {&ig__op_pad, "", 1, 2, 1, 2, {1, 2}},
    {&ig__op_pad, "1 mode=reflect", 2, 3, 4, 5, {5, 4, 5, 6, 5, 2, 1, 2, 3, 2, 5, 4, 5, 6, 5, 2, 1, 2, 3, 2}},
    {&ig__op_pad, "left=2 right=2 mode=reflect", 1, 3, 1, 7, {3, 2, 1, 2, 3, 2, 1}},
    {&ig__op_pad, "top=2 left=1 right=1 mode=replicate", 2, 2, 4, 4, {1, 1, 2, 2, 1, 1, 2, 2, 1, 1, 2, 2, 3, 3, 4, 4}},
    {&ig__op_crop, "1", 3, 4, 1, 2, {6, 7}},
    {&ig__op_crop, "top=1 right=2", 3, 4, 2, 2, {5, 6, 9, 10}},
    {&ig__op_crop, "0", 2, 2, 2, 2, {1, 2, 3, 4}},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) check_by_hand(&rows[i]);
}

/* A field of the batch is plain and has its own channels behind one another; a hidden picture is blocked. */
TEST(pad_and_crop_read_any_layout) {
  for (int hidden = 0; hidden < 2; hidden++) {
    rig *r = rig_new(2, true);
    ig__value x = rig_field(r, IG__REAL, image(2, 17, 3, 4), NULL), top = hidden ? rig_line(r, &ig__op_scale, "1", x) : x;
    ig__value padded = rig_line(r, &ig__op_pad, "2x1 mode=replicate", top), out[3];
    out[0] = rig_line(r, &ig__op_crop, "2x1", padded);
    out[1] = rig_line(r, &ig__op_crop, "top=1 left=1", top);
    out[2] = rig_line(r, &ig__op_pad, "top=1 left=1", out[1]);
    RIG_EACH_TABLE(r) {
      rig_run(r, 3, out);
      for (int i = 0; i < 2 * 17 * 12; i++) {
        CHECK(r->result[0][i] == r->field[0].value[i]);
        CHECK(r->result[2][i] == (i % 12 < 4 || i % 4 == 0 ? 0 : r->field[0].value[i]));
      }
    }
    rig_free(r);
  }
}

TEST(upsample2d_pad_and_crop_refuse) {
  refused(&ig__op_pad, "mode=reflect top=3", image(1, 2, 3, 4), "top=3 bottom=0 left=0 right=0 must be smaller than");
  refused(&ig__op_crop, "2x0", image(1, 2, 4, 4), "leave nothing of 4×4 pixels");
  refused(&ig__op_crop, "1", ig__shape_make(2, (int[]){1, 3}, true), "crop takes as input 0 a tensor of rank 4");
  refused(&ig__op_upsample2d, "", ig__shape_make(2, (int[]){1, 3}, true), "upsample2d takes as input 0 a tensor of rank 4");
}
