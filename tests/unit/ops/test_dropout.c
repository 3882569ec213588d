/* Dropout: the share it drops, and that its mask depends on seed, step, stream, sample and place alone. */
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
