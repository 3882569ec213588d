/* Batch normalisation against a naive one in double: forward, backward, running statistics, and what it refuses. */
#include "unit/ops/rig.h"

typedef struct naive { double y[4096], dx[4096], mean[64], variance[64], dgamma[64], dbeta[64]; } naive;

/* x, dy as n × c × p; the first n pictures. */
static void naive_batchnorm(naive *o, int n, int c, int p, const double *x, const double *dy, const double *gamma,
                            const double *beta, double eps) {
  double m = (double)n * p;
  for (int k = 0; k < c; k++) {
    double mean = 0, variance = 0, sum = 0, dot = 0;
#define EACH for (int i = 0; i < n; i++) for (int j = 0; j < p; j++)
#define AT ((i * c + k) * p + j)
    EACH mean += x[AT] / m;
    EACH variance += (x[AT] - mean) * (x[AT] - mean) / m;
    double s = 1 / sqrt(variance + eps);
    EACH sum += dy[AT];
    EACH dot += dy[AT] * (x[AT] - mean) * s;
    EACH o->y[AT] = (x[AT] - mean) * s * gamma[k] + beta[k];
    EACH o->dx[AT] = gamma[k] * s * (dy[AT] - sum / m - (x[AT] - mean) * s * dot / m);
    o->mean[k] = mean;
    o->variance[k] = variance;
    o->dgamma[k] = dot;
    o->dbeta[k] = sum;
  }
}

/* y, and the gradients of Σ y·dy to x, gamma and beta. */
static ig__value add_batchnorm(rig *r, ig__shape shape, const char *text, ig__value out[4]) {
  ig__value x = rig_field(r, IG__REAL, shape, NULL), dy = rig_field(r, IG__REAL, shape, NULL);
  out[0] = rig_line(r, &ig__op_batchnorm, text, x);
  ig__value loss = ig__node1(r->graph, &ig__op_sum, NULL, ig__node2(r->graph, &ig__op_mul, NULL, out[0], dy));
  ig__value of[3] = {x, IG__NONE, IG__NONE};
  int count = 1;
  for (size_t i = 0; i < r->graph->tensor_count; i++)
    if (r->graph->tensor[i]->leaf == IG__LEAF_PARAM) of[count++] = (ig__value)i;
  CHECK_OK(ig__gradients(r->graph, loss, IG__NONE, of, count, out + 1));
  return loss;
}

static void check_shape(ig__shape shape, int n) {
  rig *r = rig_new(shape.dim[0], true);
  int c = shape.dim[1], p = shape.rank == 4 ? shape.dim[2] * shape.dim[3] : 1;
  ig__value out[4];
  naive *want = ig__alloc(1, sizeof *want);
  add_batchnorm(r, shape, "momentum=0.25 eps=1e-3", out);
  CHECK_STR(r->name[0], "line.gamma");
  CHECK_INT(r->kind[1], IG__PARAM_NORM);
  naive_batchnorm(want, n, c, p, r->field[0].value, r->field[1].value, r->param + r->param_offset[0],
                  r->param + r->param_offset[1], 1e-3);
  r->n = n;
  double m = (double)n * p;
  RIG_EACH_TABLE(r) {
    for (r->threads = 1; r->threads <= 3; r->threads += 2) {
      for (int k = 0; k < c; k++) r->state[k] = 0, r->state[r->state_offset[1] + k] = 1;
      rig_run(r, 4, out);
      rig_compare("y", r, 0, want->y, (int64_t)n * c * p, 1e-4);
      rig_compare("dx", r, 1, want->dx, (int64_t)n * c * p, 1e-4);
      rig_compare("dgamma", r, 2, want->dgamma, c, 1e-4);
      rig_compare("dbeta", r, 3, want->dbeta, c, 1e-4);
      for (int k = 0; k < c; k++) {
        double error = r->real_size == 4 ? 1e-5 : 1e-12, got = r->state[r->state_offset[1] + k];
        CHECK_NEAR(r->state[k], 0.25 * want->mean[k], error);
        CHECK_NEAR(got, m > 1 ? 0.75 + 0.25 * want->variance[k] * m / (m - 1) : 1, error * 10);
      }
    }
  }
  ig__free(want);
  rig_free(r);
}

TEST(training_matches_naive) {
  static const int shapes[][4] = {{2, 1, 1, 3}, {3, 3, 4, 5}, {2, 16, 3, 3}, {5, 17, 4, 2}, {4, 33, 3, 1}, {19, 20, 3, 3}};
  for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
    check_shape(ig__shape_make(4, shapes[i], true), shapes[i][0]);
    check_shape(ig__shape_make(4, shapes[i], true), shapes[i][0] - 1); /* a short last batch */
    check_shape(ig__shape_make(2, shapes[i], true), shapes[i][0]);
  }
  check_shape(ig__shape_make(2, (int[]){2, 5}, true), 1); /* one value a channel: the running variance stays */
}

TEST(without_affine) {
  rig *r = rig_new(3, true);
  ig__value x = rig_field(r, IG__REAL, ig__shape_make(4, (int[]){3, 5, 4, 4}, true), NULL);
  ig__value y = rig_line(r, &ig__op_batchnorm, "affine=no", x);
  CHECK_INT(r->params, 0);
  RIG_EACH_TABLE(r) {
    rig_run(r, 1, &y);
    for (int c = 0; c < 5; c++) {
      double sum = 0, squares = 0;
      for (int i = 0; i < 48; i++) {
        double v = r->result[0][(i / 16 * 5 + c) * 16 + i % 16];
        sum += v / 48;
        squares += v * v / 48;
      }
      CHECK_NEAR(sum, 0, 1e-6);
      CHECK_NEAR(squares, 1, 1e-4);
    }
  }
  rig_free(r);
}

/* A flat picture far from zero: its variance is exactly zero, never negative. y = x·a + b keeps what floats can: the two terms
 * are 1000·a each, and a is 1/√eps. */
TEST(flat_image) {
  rig *r = rig_new(2, true);
  static double flat[2 * 2 * 64 * 64];
  for (size_t i = 0; i < sizeof flat / sizeof flat[0]; i++) flat[i] = 1000.25;
  ig__value x = rig_field(r, IG__REAL, ig__shape_make(4, (int[]){2, 2, 64, 64}, true), flat);
  ig__value y = rig_line(r, &ig__op_batchnorm, "momentum=1", x);
  RIG_EACH_TABLE(r) {
    rig_run(r, 1, &y);
    for (int c = 0; c < 2; c++) {
      CHECK_NEAR(r->state[c], 1000.25, 0);
      CHECK_NEAR(r->state[r->state_offset[1] + c], 0, 0);
      CHECK_NEAR(r->result[0][c * 4096], r->param[r->param_offset[1] + c], r->real_size == 4 ? 0.1 : 1e-9);
    }
  }
  rig_free(r);
}

TEST(inference_uses_running_values) {
  rig *r = rig_new(2, false);
  ig__value x = rig_field(r, IG__REAL, ig__shape_make(4, (int[]){2, 3, 4, 3}, true), NULL);
  ig__value y = ig__node1(r->graph, &ig__op_relu, NULL, rig_line(r, &ig__op_batchnorm, "eps=1e-2", x));
  double want[72];
  for (int c = 0; c < 3; c++) {
    r->state[c] = 0.5 * c - 1;
    r->state[r->state_offset[1] + c] = 0.5 + c;
  }
  for (int i = 0; i < 72; i++) {
    int c = i / 12 % 3;
    double v = (r->field[0].value[i] - (0.5 * c - 1)) / sqrt(0.5 + c + 1e-2) * r->param[c] + r->param[r->param_offset[1] + c];
    want[i] = fmax(0, v);
  }
  RIG_EACH_TABLE(r) {
    rig_run(r, 1, &y);
    rig_compare("inference", r, 0, want, 72, 1e-5);
    CHECK_NEAR(r->state[0], -1, 0);
    CHECK(!strstr(r->described, "relu")); /* in the same pass */
  }
  rig_free(r);
}

TEST(bits_do_not_depend_on_threads) {
  rig *r = rig_new(40, true);
  ig__value out[4];
  add_batchnorm(r, ig__shape_make(4, (int[]){40, 18, 9, 7}, true), "", out);
  RIG_EACH_TABLE(r) {
    double *first[4];
    r->threads = 1;
    rig_run(r, 4, out);
    for (int i = 0; i < 4; i++) {
      first[i] = r->result[i];
      r->result[i] = NULL;
    }
    r->threads = 4;
    rig_run(r, 4, out);
    for (int i = 0; i < 4; i++) {
      CHECK(memcmp(first[i], r->result[i], (size_t)r->result_count[i] * sizeof(double)) == 0);
      ig__free(first[i]);
    }
  }
  rig_free(r);
}

TEST(refuses_second_derivatives_and_single_values) {
  rig *r = rig_new(3, true);
  ig__value out[4], again;
  add_batchnorm(r, ig__shape_make(4, (int[]){3, 2, 2, 2}, true), "", out);
  ig__value norm = ig__node1(r->graph, &ig__op_sum, NULL, ig__node2(r->graph, &ig__op_mul, NULL, out[1], out[1]));
  CHECK_STATUS(ig__gradients(r->graph, norm, IG__NONE, (ig__value[]){0}, 1, &again), IG_BAD_MODEL);
  CHECK_HAS(ig_last_error(), "batchnorm");
  CHECK_HAS(ig_last_error(), "first derivatives only");
  rig_free(r);

  r = rig_new(1, true);
  ig__value x = rig_field(r, IG__REAL, ig__shape_make(2, (int[]){1, 4}, true), NULL);
  CHECK(rig_line(r, &ig__op_batchnorm, "", x) == IG__NONE);
  CHECK_HAS(ig_last_error(), "one value a channel");
  rig_free(r);
}

/* What a layer behind the normalisation keeps for its backward pass is made again there: of the forward pass it is one chunk. */
TEST(made_again_for_the_backward_pass) {
  rig *r = rig_new(16, true);
  ig__value x = rig_field(r, IG__REAL, ig__shape_make(4, (int[]){16, 16, 8, 8}, true), NULL);
  ig__value y = ig__node1(r->graph, &ig__op_relu, NULL, rig_line(r, &ig__op_batchnorm, "", x));
  ig__value loss = ig__node1(r->graph, &ig__op_sum, NULL, rig_line(r, &ig__op_conv2d, "16 k=3 pad=1 bias=no", y));
  ig__value out[3] = {loss}, of[2] = {x, IG__NONE};
  for (size_t i = 0; i < r->graph->tensor_count; i++)
    if (r->graph->tensor[i]->leaf == IG__LEAF_PARAM) of[1] = (ig__value)i; /* the weights come last */
  CHECK_OK(ig__gradients(r->graph, loss, IG__NONE, of, 2, out + 1));
  rig_run(r, 3, out);
  const char *first = strstr(r->described, "batchnorm_apply"), *second = first ? strstr(first + 1, "batchnorm_apply") : NULL;
  CHECK(first && second && !strstr(second + 1, "batchnorm_apply"));
  if (!second) return;
  const char *made = strstr(first, "→"), *end = strchr(first, '\n');
  CHECK(made < end && !strncmp(made, "→ local:", strlen("→ local:")));
  rig_free(r);
}
