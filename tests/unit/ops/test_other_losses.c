/* mae, huber, binary_cross_entropy and focal by their definitions, far from 0 too; and the weights of pictures under every loss. */
#include "unit/ops/loss_rig.h"

/* The six logits against these targets: the differences lie on both sides of 0 and of delta, and one is 0. */
static const double near[6] = {1, 4.5, 2.75, -1.25, 0, 3};

static double huber_of(double d, double delta) { return fabs(d) <= delta ? d * d / 2 : delta * (fabs(d) - delta / 2); }

TEST(absolute_and_huber_values) {
  rig *r = rig_new(2, true);
  ig__value x = rig_field(r, IG__REAL, rows(2, 3), logits), t = rig_field(r, IG__REAL, rows(2, 3), near), out[6];
  out[0] = loss(r, &ig__op_mae, "", x, t);
  out[1] = loss(r, &ig__op_huber, "", x, t);
  out[2] = loss(r, &ig__op_huber, "delta=0.375", x, t);
  CHECK_OK(ig__gradients(r->graph, out[0], IG__NONE, &x, 1, &out[3]));
  CHECK_OK(ig__gradients(r->graph, out[1], IG__NONE, &x, 1, &out[4]));
  CHECK_OK(ig__gradients(r->graph, out[2], IG__NONE, &x, 1, &out[5]));
  double value[3] = {0}, slope[3][6];
  for (int i = 0; i < 6; i++) {
    const double d = logits[i] - near[i];
    value[0] += fabs(d) / 6, value[1] += huber_of(d, 1) / 6, value[2] += huber_of(d, 0.375) / 6;
    slope[0][i] = ((d > 0) - (d < 0)) / 6.0;
    slope[1][i] = fmin(fmax(d, -1), 1) / 6;
    slope[2][i] = fmin(fmax(d, -0.375), 0.375) / 6;
  }
  RIG_EACH_TABLE(r) {
    rig_run(r, 6, out);
    for (int i = 0; i < 3; i++) {
      CHECK_NEAR(r->result[i][0], value[i], r->real_size == 8 ? 1e-15 : 1e-6);
      rig_compare("slope", r, 3 + i, slope[i], 6, 1e-6);
    }
  }
  rig_free(r);
}

/* Outliers lose no digits: the slope is delta exactly. */
TEST(huber_far_away) {
  const double far[6] = {1e9, -1e9, 1e4, 0.1, 1e-9, -3e-9}, zero[6] = {0};
  rig *r = rig_new(2, true);
  ig__value x = rig_field(r, IG__REAL, rows(2, 3), far), out[2];
  out[0] = loss(r, &ig__op_huber, "", x, rig_field(r, IG__REAL, rows(2, 3), zero));
  CHECK_OK(ig__gradients(r->graph, out[0], IG__NONE, &x, 1, &out[1]));
  RIG_EACH_TABLE(r) {
    rig_run(r, 2, out);
    double want = 0;
    for (int i = 0; i < 6; i++) {
      const double d = r->real_size == 8 ? far[i] : (double)(float)far[i], slope = fmin(fmax(d, -1), 1);
      want += huber_of(d, 1) / 6;
      CHECK_NEAR(r->result[1][i], slope / 6, 1e-7 * fabs(slope));
    }
    CHECK_NEAR(r->result[0][0], want, 1e-6 * want);
  }
  rig_free(r);
}

static double binary_of(double x, double t) {
  const double p = 1 / (1 + exp(-x));
  return -t * log(p) - (1 - t) * log(1 - p);
}

TEST(binary_values) {
  const double hot[6] = {0, 0, 1, 1, 0, 0}, soft[6] = {0.25, 0, 1, 0.75, 0.5, 1}, one[2] = {1, 0}, single[2] = {0.5, -2};
  rig *r = rig_new(2, true);
  ig__value x = rig_field(r, IG__REAL, rows(2, 3), logits), p = ig__node1(r->graph, &ig__op_sigmoid, NULL, x);
  ig__value label = rig_field(r, IG__I32, vector(2), labels), real = rig_field(r, IG__F32, rows(2, 3), soft);
  ig__value z = rig_field(r, IG__REAL, rows(2, 1), single), bit = rig_field(r, IG__U8, vector(2), one);
  const ig__op *op = &ig__op_binary_cross_entropy;
  ig__value out[5] = {loss(r, op, "", p, label), loss(r, op, "", x, real), loss(r, op, "from_logits=no", p, real),
                      loss(r, op, "from_logits=yes", z, bit), loss(r, &ig__op_mse, "", z, bit)};
  double want[5] = {0};
  for (int i = 0; i < 6; i++) {
    want[0] += binary_of(logits[i], hot[i]) / 6;
    want[1] += binary_of(logits[i], soft[i]) / 6;
  }
  want[2] = want[1];
  for (int i = 0; i < 2; i++) {
    want[3] += binary_of(single[i], one[i]) / 2;
    want[4] += (single[i] - one[i]) * (single[i] - one[i]) / 2;
  }
  RIG_EACH_TABLE(r) {
    rig_run(r, 5, out);
    for (int i = 0; i < 5; i++) CHECK_NEAR(r->result[i][0], want[i], r->real_size == 8 ? 1e-14 : 1e-6);
    CHECK(!strstr(r->described, " sigmoid "));
  }
  rig_free(r);
}

/* log(1 − p) of a p that rounds to 1. */
TEST(binary_is_stable) {
  const double far[6] = {1000, -1000, 50, 0, -80, 1}, target[6] = {0, 1, 0, 1, 0, 1};
  rig *r = rig_new(2, true);
  ig__value x = rig_field(r, IG__REAL, rows(2, 3), far), t = rig_field(r, IG__REAL, rows(2, 3), target), out[2];
  out[0] = loss(r, &ig__op_binary_cross_entropy, "", ig__node1(r->graph, &ig__op_sigmoid, NULL, x), t);
  CHECK_OK(ig__gradients(r->graph, out[0], IG__NONE, &x, 1, &out[1]));
  const double slope[6] = {1.0 / 6, -1.0 / 6, 1.0 / 6, -0.5 / 6, 0, (1 / (1 + exp(-1)) - 1) / 6};
  RIG_EACH_TABLE(r) {
    rig_run(r, 2, out);
    CHECK_NEAR(r->result[0][0], (2050 + log(2) + log(1 + exp(-1))) / 6, 1e-4);
    rig_compare("slope", r, 1, slope, 6, 1e-6);
  }
  rig_free(r);
}

TEST(focal_values) {
  rig *r = rig_new(2, true);
  ig__value x = rig_field(r, IG__REAL, rows(2, 3), logits), t = rig_field(r, IG__I32, vector(2), labels);
  ig__value p = ig__node1(r->graph, &ig__op_softmax, NULL, x), s = ig__node1(r->graph, &ig__op_sigmoid, NULL, x);
  const ig__op *op = &ig__op_focal;
  ig__value out[4] = {loss(r, op, "", p, t), loss(r, op, "", x, t), loss(r, op, "gamma=0.5", p, t), loss(r, op, "gamma=3", s, t)};
  double want[4] = {0};
  for (int n = 0; n < 2; n++) {
    double z = 0;
    for (int i = 0; i < 3; i++) z += exp(logits[n * 3 + i]);
    const double q = exp(logits[n * 3 + (int)labels[n]]) / z;
    want[0] -= pow(1 - q, 2) * log(q) / 2;
    want[2] -= pow(1 - q, 0.5) * log(q) / 2;
    for (int i = 0; i < 3; i++) {
      const double l = binary_of(logits[n * 3 + i], i == (int)labels[n]);
      want[3] += l * pow(1 - exp(-l), 3) / 6;
    }
  }
  want[1] = want[0];
  RIG_EACH_TABLE(r) {
    rig_run(r, 4, out);
    for (int i = 0; i < 4; i++) CHECK_NEAR(r->result[i][0], want[i], r->real_size == 8 ? 1e-14 : 1e-6);
  }
  rig_free(r);
}

/* A picture that is known for certain: loss and slope are 0, not 0·∞. */
TEST(focal_of_certainty) {
  const double far[6] = {1000, 0, -1000, 0, 2000, 1}, right[2] = {0, 1};
  rig *r = rig_new(2, true);
  ig__value x = rig_field(r, IG__REAL, rows(2, 3), far), t = rig_field(r, IG__I32, vector(2), right), out[2];
  out[0] = loss(r, &ig__op_focal, "gamma=0.5", ig__node1(r->graph, &ig__op_softmax, NULL, x), t);
  CHECK_OK(ig__gradients(r->graph, out[0], IG__NONE, &x, 1, &out[1]));
  RIG_EACH_TABLE(r) {
    rig_run(r, 2, out);
    CHECK(r->result[0][0] == 0);
    for (int i = 0; i < 6; i++) CHECK(r->result[1][i] == 0);
  }
  rig_free(r);
}

TEST(new_losses_refuse) {
  const ig__op *binary = &ig__op_binary_cross_entropy;
  refused(binary, "from_logits=yes", &ig__op_sigmoid, rows(2, 3), IG__I32, vector(2), "twice");
  refused(binary, "from_logits=no", NULL, rows(2, 3), IG__I32, vector(2), "not in sigmoid");
  refused(binary, "", &ig__op_softmax, rows(2, 3), IG__I32, vector(2), "ends in softmax");
  refused(binary, "", NULL, rows(2, 3), IG__REAL, rows(2, 4), "n×4");
  refused(&ig__op_mae, "", NULL, rows(2, 1), IG__REAL, vector(2), "broadcast");
  refused(&ig__op_huber, "", NULL, rows(2, 3), IG__REAL, rows(2, 1), "n×1");
  refused(&ig__op_focal, "", &ig__op_relu, rows(2, 3), IG__I32, vector(2), "ends in relu");
  refused(&ig__op_focal, "", NULL, rows(2, 1), IG__I32, vector(2), "one number");
  refused(&ig__op_cross_entropy, "", NULL, rows(2, 1), IG__I32, vector(2), "binary_cross_entropy");
}

/* Every loss, with weights of the pictures: the mean of weight times the picture's own loss. */
TEST(weights_of_pictures) {
  static const struct { const ig__op *op; const char *text; } all[] = {
    {&ig__op_cross_entropy, ""}, {&ig__op_cross_entropy, "smooth=0.1"}, {&ig__op_focal, ""}, {&ig__op_binary_cross_entropy, ""},
    {&ig__op_mse, ""}, {&ig__op_mae, ""}, {&ig__op_huber, ""}};
  enum { ALL = sizeof all / sizeof all[0] };
  const double weight[2] = {1.5, 0.5};
  rig *r = rig_new(2, true);
  ig__value x = rig_field(r, IG__REAL, rows(2, 3), logits), t = rig_field(r, IG__I32, vector(2), labels), out[2 * ALL];
  ig__value w = rig_field(r, IG__REAL, vector(2), weight);
  for (int i = 0; i < ALL; i++) {
    r->layer.weight = NULL;
    out[i] = loss(r, all[i].op, all[i].text, x, t);
    r->layer.weight = &w;
    out[ALL + i] = loss(r, all[i].op, all[i].text, x, t);
  }
  double first[ALL];
  RIG_EACH_TABLE(r) {
    r->n = 1; /* the first picture alone; the leaves hold both */
    rig_run(r, ALL, out);
    for (int i = 0; i < ALL; i++) first[i] = r->result[i][0];
    r->n = 2;
    rig_run(r, 2 * ALL, out);
    for (int i = 0; i < ALL; i++) {
      const double second = 2 * r->result[i][0] - first[i];
      CHECK_NEAR(r->result[ALL + i][0], (1.5 * first[i] + 0.5 * second) / 2, r->real_size == 8 ? 1e-14 : 2e-6);
    }
  }
  rig_free(r);
}
