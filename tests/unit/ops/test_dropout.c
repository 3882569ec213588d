/* dropout and dropout2d: the share they drop, and that the mask depends on seed, step, stream, sample and place alone. */
#include "unit/ops/rig.h"

static rig *ones(int n, bool training, ig__shape shape, const char *text, ig__value *y) {
  static double one[1 << 20];
  for (size_t i = 0; i < sizeof one / sizeof one[0]; i++) one[i] = 1;
  rig *r = rig_new(n, training);
  *y = rig_line(r, &ig__op_dropout, text, rig_field(r, IG__REAL, shape, one));
  r->step = (ig__step){.seed = 5, .step = 9};
  return r;
}

TEST(share_and_scale) {
  static const struct { const char *text; double p; } rows[] = {{"", 0.5}, {"0.1", 0.1}, {"0.9", 0.9}, {"p=0.25", 0.25}};
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    ig__value y;
    rig *r = ones(7, true, ig__shape_make(4, (int[]){7, 18, 31, 33}, true), rows[i].text, &y);
    RIG_EACH_TABLE(r) {
      rig_run(r, 1, &y);
      int64_t count = r->result_count[0], dropped = 0;
      for (int64_t k = 0; k < count; k++) {
        dropped += r->result[0][k] == 0;
        if (r->result[0][k] != 0) CHECK_NEAR(r->result[0][k], 1 / (1 - rows[i].p), 1e-6 / (1 - rows[i].p));
      }
      double deviation = sqrt(rows[i].p * (1 - rows[i].p) / (double)count);
      CHECK_NEAR((double)dropped / (double)count, rows[i].p, 4 * deviation + 1.0 / 65536);
    }
    rig_free(r);
  }
}

/* Neighbouring elements, channels and pictures are not dropped together. */
TEST(masks_are_independent) {
  ig__value y;
  rig *r = ones(2, true, ig__shape_make(2, (int[]){2, 40000}, true), "0.5", &y);
  rig_run(r, 1, &y);
  const double *v = r->result[0];
  for (int lag = 1; lag <= 512; lag *= 2) {
    double together = 0;
    for (int i = 0; i + lag < 40000; i++) together += (v[i] - 1) * (v[i + lag] - 1) / 40000;
    CHECK_NEAR(together, 0, 0.025);
  }
  double pictures = 0;
  for (int i = 0; i < 40000; i++) pictures += (v[i] - 1) * (v[40000 + i] - 1) / 40000;
  CHECK_NEAR(pictures, 0, 0.025);
  rig_free(r);
}

static double *mask_of(rig *r, ig__value y) {
  rig_run(r, 1, &y);
  double *mask = r->result[0];
  r->result[0] = NULL;
  return mask;
}

/* The mask is the sample's: whatever its place in the batch, the number of threads, the tables and the other pictures. */
TEST(mask_follows_the_sample) {
  static const int shapes[][4] = {{9, 5, 6, 7}, {9, 37, 0, 0}, {9, 20, 11, 3}};
  static const uint64_t keys[9] = {11, 22, 33, 44, 55, 66, 77, 88, 99}, turned[9] = {99, 88, 77, 66, 55, 44, 33, 22, 11};
  for (size_t s = 0; s < 3; s++) {
    ig__value y;
    rig *r = ones(9, true, ig__shape_make(shapes[s][2] ? 4 : 2, shapes[s], true), "0.5", &y);
    r->step.key = keys;
    double *first = mask_of(r, y);
    int64_t each = ig__shape_per_picture(ig__shape_of(r->graph, y));
    RIG_EACH_TABLE(r) {
      for (r->threads = 1; r->threads <= 3; r->threads += 2) {
        r->step.key = keys;
        double *same = mask_of(r, y);
        r->step.key = turned;
        double *other = mask_of(r, y);
        CHECK(memcmp(first, same, (size_t)(9 * each) * sizeof(double)) == 0);
        for (int n = 0; n < 9; n++)
          CHECK(memcmp(first + n * each, other + (8 - n) * each, (size_t)each * sizeof(double)) == 0);
        ig__free(same);
        ig__free(other);
      }
    }
    ig__step base = r->step;
    for (int change = 0; change < 2; change++) {
      r->step = base;
      r->step.seed += change == 0;
      r->step.step += change == 1;
      double *other = mask_of(r, y);
      CHECK(memcmp(first, other, (size_t)(9 * each) * sizeof(double)) != 0);
      ig__free(other);
    }
    ig__free(first);
    rig_free(r);
  }
}

/* The gradient passes where the value passed; a second layer draws its own mask; without training nothing is there. */
TEST(gradient_and_streams) {
  ig__value y, out[3];
  rig *r = ones(3, true, ig__shape_make(4, (int[]){3, 17, 5, 5}, true), "0.5", &y);
  out[0] = y;
  out[1] = rig_line(r, &ig__op_dropout, "0.5", r->graph->node[0]->in[0]);
  ig__value loss = ig__node1(r->graph, &ig__op_sum, NULL, y);
  CHECK_OK(ig__gradients(r->graph, loss, IG__NONE, (ig__value[]){r->graph->node[0]->in[0]}, 1, &out[2]));
  rig_run(r, 3, out);
  CHECK(memcmp(r->result[0], r->result[2], (size_t)r->result_count[0] * sizeof(double)) == 0);
  CHECK(memcmp(r->result[0], r->result[1], (size_t)r->result_count[0] * sizeof(double)) != 0);
  rig_free(r);

  r = ones(1, false, ig__shape_make(2, (int[]){1, 4}, true), "0.5", &y);
  CHECK_INT(r->graph->node_count, 0);
  rig_free(r);
}

/* ---- dropout2d ------------------------------------------------------------------------------------------------------- */

/* All pixels of a channel share one fate; channels and pictures do not. */
TEST(channels_drop_whole) {
  static double one[64 * 80 * 6];
  for (size_t i = 0; i < sizeof one / sizeof one[0]; i++) one[i] = 1;
  const int n = 64, c = 80, pixels = 6;
  rig *r = rig_new(n, true);
  ig__value y = rig_line(r, &ig__op_dropout2d, "0.3", rig_field(r, IG__REAL, ig__shape_make(4, (int[]){n, c, 2, 3}, true), one));
  r->step = (ig__step){.seed = 5, .step = 9};
  double *first = mask_of(r, y);
  int64_t dropped = 0;
  double neighbours = 0, pictures = 0;
  for (int i = 0; i < n * c; i++) {
    const double v = first[i * pixels];
    for (int k = 1; k < pixels; k++) CHECK(first[i * pixels + k] == v);
    if (v != 0) CHECK_NEAR(v, 1 / 0.7, 1e-12);
    dropped += v == 0;
    if (i + 1 < n * c) neighbours += (v - 1) * (first[(i + 1) * pixels] - 1);
    if (i + c < n * c) pictures += (v - 1) * (first[(i + c) * pixels] - 1);
  }
  CHECK_NEAR((double)dropped / (n * c), 0.3, 4 * sqrt(0.21 / (n * c)));
  /* A factor has the variance p/(1 − p). */
  CHECK_NEAR(neighbours / (n * c) / (0.3 / 0.7), 0, 4 / sqrt(n * c));
  CHECK_NEAR(pictures / (n * c) / (0.3 / 0.7), 0, 4 / sqrt(n * c));
  RIG_EACH_TABLE(r)
    for (r->threads = 1; r->threads <= 3; r->threads += 2) {
      double *same = mask_of(r, y);
      for (int i = 0; i < n * c * pixels; i++) CHECK_NEAR(same[i], first[i], 1e-6);
      ig__free(same);
    }
  ig__free(first);
  rig_free(r);
}

TEST(dropout2d_follows_the_sample) {
  const uint64_t keys[3] = {11, 22, 33}, turned[3] = {33, 22, 11};
  static double one[3 * 50];
  for (int i = 0; i < 150; i++) one[i] = 1;
  rig *r = rig_new(3, true);
  ig__value x = rig_field(r, IG__REAL, ig__shape_make(4, (int[]){3, 50, 1, 1}, true), one);
  ig__value y = rig_line(r, &ig__op_dropout2d, "", x), other = rig_line(r, &ig__op_dropout2d, "", x);
  r->step = (ig__step){.seed = 5, .step = 9, .key = keys};
  double *first = mask_of(r, y), *stream = mask_of(r, other);
  r->step.key = turned;
  double *second = mask_of(r, y);
  for (int n = 0; n < 3; n++) CHECK(memcmp(first + n * 50, second + (2 - n) * 50, 50 * sizeof *first) == 0);
  CHECK(memcmp(first, stream, 150 * sizeof *first) != 0);
  r->step.step++;
  double *third = mask_of(r, y);
  CHECK(memcmp(second, third, 150 * sizeof *first) != 0);
  ig__free(first), ig__free(second), ig__free(third), ig__free(stream);
  rig_free(r);
}

TEST(dropout2d_refuses_values) {
  rig *r = rig_new(2, true);
  rig_line(r, &ig__op_dropout2d, "", rig_field(r, IG__REAL, ig__shape_make(2, (int[]){2, 4}, true), NULL));
  CHECK_STATUS(ig__graph_status(r->graph), IG_BAD_MODEL);
  CHECK_HAS(ig_last_error(), "pictures");
  rig_free(r);
}
