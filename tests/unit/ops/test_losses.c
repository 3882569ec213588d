/* Losses as they are named by --loss: what they compute, what they refuse, and what a plan makes of small nets: fused layers,
 * second derivatives, accumulated gradients. */
#include "unit/ops/loss_rig.h"

static ig__shape weights(int m, int k) { return ig__shape_make(2, (int[]){m, k}, false); }

/* Mean of −Σ t·log softmax for the two rows above. */
static double expected(const double target[6], double smooth) {
  double sum = 0;
  for (int n = 0; n < 2; n++) {
    double z = 0;
    for (int i = 0; i < 3; i++) z += exp(logits[n * 3 + i]);
    for (int i = 0; i < 3; i++) sum -= ((1 - smooth) * target[n * 3 + i] + smooth / 3) * (logits[n * 3 + i] - log(z));
  }
  return sum / 2;
}

TEST(cross_entropy_values) {
  const double hot[6] = {0, 0, 1, 1, 0, 0}, soft[6] = {0.2, 0.3, 0.5, 0.6, 0.1, 0.3};
  rig *r = rig_new(2, true);
  ig__value x = rig_field(r, IG__REAL, rows(2, 3), logits), t = rig_field(r, IG__I32, vector(2), labels);
  ig__value bytes = rig_field(r, IG__U8, vector(2), labels), real = rig_field(r, IG__F32, rows(2, 3), soft);
  ig__value p = ig__node1(r->graph, &ig__op_softmax, NULL, x);
  const ig__op *ce = &ig__op_cross_entropy;
  ig__value out[6] = {loss(r, ce, "", x, t), loss(r, ce, "", p, t), loss(r, ce, "smooth=0.1", x, bytes), loss(r, ce, "", p, real),
                      loss(r, ce, "from_logits=yes", x, t), loss(r, ce, "from_logits=no", p, t)};
  RIG_EACH_TABLE(r) {
    rig_run(r, 6, out);
    for (int i = 0; i < 6; i++) {
      double want = i == 3 ? expected(soft, 0) : expected(hot, i == 2 ? 0.1 : 0);
      CHECK_NEAR(r->result[i][0], want, r->real_size == 8 && i != 3 ? 1e-13 : 1e-6);
    }
    CHECK(!strstr(r->described, " softmax "));
  }
  rig_free(r);
}

/* The gradient is (softmax − target)/n, also of logits so large that probabilities are 0 and 1. */
TEST(cross_entropy_is_stable) {
  const double far[6] = {1000, 0, -1000, 0, 2000, 1};
  rig *r = rig_new(2, true);
  ig__value x = rig_field(r, IG__REAL, rows(2, 3), far), t = rig_field(r, IG__I32, vector(2), labels), out[2];
  out[0] = loss(r, &ig__op_cross_entropy, "", ig__node1(r->graph, &ig__op_softmax, NULL, x), t);
  CHECK_OK(ig__gradients(r->graph, out[0], IG__NONE, &x, 1, &out[1]));
  const double want[6] = {0.5, 0, -0.5, -0.5, 0.5, 0};
  RIG_EACH_TABLE(r) {
    rig_run(r, 2, out);
    CHECK_NEAR(r->result[0][0], 2000, 1e-9);
    rig_compare("gradient", r, 1, want, 6, 1e-6);
  }
  rig_free(r);
}

TEST(losses_refuse) {
  const ig__op *ce = &ig__op_cross_entropy, *mse = &ig__op_mse;
  refused(ce, "from_logits=yes", &ig__op_softmax, rows(2, 3), IG__I32, vector(2), "twice");
  refused(ce, "from_logits=no", NULL, rows(2, 3), IG__I32, vector(2), "not in softmax");
  refused(ce, "", &ig__op_sigmoid, rows(2, 3), IG__I32, vector(2), "ends in sigmoid");
  refused(ce, "", &ig__op_relu, rows(2, 3), IG__I32, vector(2), "ends in relu");
  refused(ce, "", &ig__op_tanh, rows(2, 3), IG__I32, vector(2), "ends in tanh");
  refused(ce, "", NULL, rows(2, 3), IG__REAL, rows(2, 4), "n×3");
  refused(ce, "", NULL, rows(2, 3), IG__REAL, rows(2, 4), "n×4");
  refused(ce, "", NULL, ig__shape_make(4, (int[]){2, 3, 2, 2}, true), IG__I32, vector(2), "n×3×2×2");
  refused(mse, "", NULL, rows(2, 3), IG__REAL, rows(2, 1), "n×1");
  refused(mse, "", NULL, rows(2, 1), IG__REAL, vector(2), "broadcast");
  refused(mse, "", NULL, ig__shape_make(4, (int[]){2, 3, 2, 2}, true), IG__I32, vector(2), "class numbers");
}

TEST(mse_values) {
  rig *r = rig_new(2, true);
  const double image[8] = {1, 2, 3, 4, 5, 6, 7, 8}, target[8] = {1, 2, 3, 4, 5, 6, 7, 10};
  const ig__shape s = ig__shape_make(4, (int[]){2, 1, 2, 2}, true);
  ig__value x = rig_field(r, IG__REAL, rows(2, 3), logits), t = rig_field(r, IG__U8, vector(2), labels);
  ig__value a = rig_field(r, IG__REAL, s, image), b = rig_field(r, IG__F32, s, target);
  ig__value out[3] = {loss(r, &ig__op_mse, "", ig__node1(r->graph, &ig__op_softmax, NULL, x), t), loss(r, &ig__op_mse, "", a, b)};
  double want = 0;
  for (int n = 0; n < 2; n++) {
    double z = exp(logits[n * 3]) + exp(logits[n * 3 + 1]) + exp(logits[n * 3 + 2]);
    for (int i = 0; i < 3; i++) want += pow(exp(logits[n * 3 + i]) / z - (i == (int)labels[n]), 2) / 6;
  }
  RIG_EACH_TABLE(r) {
    rig_run(r, 2, out);
    CHECK_NEAR(r->result[0][0], want, r->real_size == 8 ? 1e-13 : 1e-6);
    CHECK_NEAR(r->result[1][0], 0.5, 1e-6);
  }
  rig_free(r);
}

/* ---- nets ------------------------------------------------------------------------------------------------------------ */

TEST(dense_is_one_product) {
  rig *r = rig_new(3, false);
  ig__value x = rig_field(r, IG__REAL, ig__shape_make(4, (int[]){3, 5, 2, 2}, true), NULL);
  ig__value y = ig__node1(r->graph, &ig__op_relu, NULL, rig_line(r, &ig__op_dense, "37", x));
  CHECK_STR(r->name[0], "line.weight");
  CHECK_STR(r->name[1], "line.bias");
  CHECK(r->kind[0] == IG__PARAM_WEIGHT && r->kind[1] == IG__PARAM_BIAS);
  CHECK(ig__shape_equal(ig__shape_of(r->graph, y), &(ig__shape){2, {3, 37}, true}));
  double want[3 * 37];
  for (int n = 0; n < 3; n++)
    for (int o = 0; o < 37; o++) {
      double sum = r->param[r->param_offset[1] + o];
      for (int i = 0; i < 20; i++) sum += r->field[0].value[n * 20 + i] * r->param[o * 20 + i];
      want[n * 37 + o] = fmax(sum, 0);
    }
  RIG_EACH_TABLE(r) {
    rig_run(r, 1, &y);
    rig_compare("dense", r, 0, want, 3 * 37, 1e-5);
    CHECK_HAS(r->described, "matmul_packed");
    CHECK(!strstr(r->described, "bias ") && !strstr(r->described, "relu "));
  }
  rig_free(r);
}

TEST(nothing_is_fused_that_others_read) {
  rig *r = rig_new(3, false);
  ig__value x = rig_field(r, IG__REAL, rows(3, 4), NULL), z = rig_line(r, &ig__op_dense, "5 bias=no", x);
  ig__value out[2] = {ig__node1(r->graph, &ig__op_relu, NULL, z), z};
  RIG_EACH_TABLE(r) {
    rig_run(r, 2, out);
    CHECK_HAS(r->described, "relu");
    bool negative = false;
    for (int i = 0; i < 15; i++) {
      CHECK(r->result[0][i] == fmax(r->result[1][i], 0));
      negative |= r->result[1][i] < 0;
    }
    CHECK(negative);
  }
  rig_free(r);
}

/* A bias that is computed from the product itself cannot run before it. */
TEST(late_bias_is_not_fused) {
  rig *r = rig_new(3, false);
  ig__value x = rig_field(r, IG__REAL, rows(3, 4), NULL), w = rig_param(r, weights(5, 4), NULL), b = rig_param(r, weights(1, 5), NULL);
  ig__value z = ig__node2(r->graph, &ig__op_matmul_nt, NULL, x, w);
  char to[80] = "5";
  ig__value late = ig__node1(r->graph, &ig__op_reshape, to, b), y = ig__node2(r->graph, &ig__op_bias, NULL, z, late);
  rig_run(r, 1, &y);
  double zero = r->result[0][0];
  for (int i = 0; i < 4; i++) zero -= r->field[0].value[i] * r->param[i];
  CHECK_NEAR(zero, r->param[r->param_offset[1]], 1e-12);
  rig_free(r);
}

typedef struct net { rig *r; ig__value w[4], loss; } net;

/* image → dense → tanh → dense → softmax (or another end) → loss. */
static net make_net(const ig__op *op, const char *text, const ig__op *end) {
  net t = {.r = rig_new(4, true)};
  const double label[4] = {2, 0, 1, 2};
  ig__value x = rig_field(t.r, IG__REAL, ig__shape_make(4, (int[]){4, 3, 2, 2}, true), NULL);
  ig__value y = rig_field(t.r, IG__I32, vector(4), label);
  ig__value h = ig__node1(t.r->graph, &ig__op_tanh, NULL, rig_line(t.r, &ig__op_dense, "6", x));
  ig__value p = rig_line(t.r, &ig__op_dense, "3", h);
  if (end) p = ig__node1(t.r->graph, end, NULL, p);
  int k = 0;
  for (size_t v = 0; v < t.r->graph->tensor_count; v++)
    if (t.r->graph->tensor[v]->leaf == IG__LEAF_PARAM) t.w[k++] = (ig__value)v;
  t.loss = loss(t.r, op, text, p, y);
  return t;
}

/* ⟨gradient, v⟩ with constant fields v: the scalar whose gradient is the Hessian times v. */
static ig__value directional(net *t, const ig__value *g) {
  ig__value total = IG__NONE;
  for (int i = 0; i < 4; i++) {
    ig__value v = rig_field(t->r, IG__REAL, *ig__shape_of(t->r->graph, t->w[i]), NULL);
    ig__value s = ig__node1(t->r->graph, &ig__op_sum, NULL, ig__node2(t->r->graph, &ig__op_mul, NULL, g[i], v));
    total = total == IG__NONE ? s : ig__node2(t->r->graph, &ig__op_add, NULL, total, s);
  }
  return total;
}

static void check_hessian(const ig__op *op, const char *text, const ig__op *end) {
  net t = make_net(op, text, end);
  ig__value g[4], out[5];
  CHECK_OK(ig__gradients(t.r->graph, t.loss, IG__NONE, t.w, 4, g));
  out[0] = directional(&t, g);
  CHECK_OK(ig__gradients(t.r->graph, out[0], IG__NONE, t.w, 4, out + 1));
  rig_run(t.r, 5, out);
  double *hessian[4];
  for (int i = 0; i < 4; i++) {
    hessian[i] = t.r->result[1 + i];
    t.r->result[1 + i] = NULL;
  }
  for (int i = 0; i < 4; i++) {
    int64_t count = ig__shape_count(ig__shape_of(t.r->graph, t.w[i]));
    for (int64_t k = 0; k < count; k++) {
      double *p = &t.r->param[t.r->param_offset[i] + k], at = *p, h = 1e-3, f[4];
      for (int s = 0; s < 4; s++) {
        *p = at + h * (s < 2 ? s - 2 : s - 1);
        rig_run(t.r, 1, out);
        f[s] = t.r->result[0][0];
      }
      *p = at;
      CHECK_NEAR((f[0] - 8 * f[1] + 8 * f[2] - f[3]) / (12 * h), hessian[i][k], 1e-8 * (1 + fabs(hessian[i][k])));
    }
    ig__free(hessian[i]);
  }
  rig_free(t.r);
}

TEST(hessian_times_vector) {
  check_hessian(&ig__op_cross_entropy, "", &ig__op_softmax);
  check_hessian(&ig__op_mse, "", &ig__op_softmax);
  check_hessian(&ig__op_binary_cross_entropy, "", &ig__op_sigmoid);
  check_hessian(&ig__op_focal, "", &ig__op_softmax);
  check_hessian(&ig__op_focal, "gamma=1.5", &ig__op_sigmoid);
  check_hessian(&ig__op_huber, "delta=100", NULL); /* no difference comes near its edge */
}

/* The bits of loss and gradients are those of one thread, and a factor that changes from step to step reaches every chunk. */
TEST(scaled_loss_on_threads) {
  rig *r = rig_new(64, true);
  ig__value x = rig_field(r, IG__REAL, ig__shape_make(4, (int[]){64, 16, 8, 8}, true), NULL);
  ig__value scalar = ig__node1(r->graph, &ig__op_sum, NULL, ig__node1(r->graph, &ig__op_tanh, NULL, x));
  ig__value seed = ig__leaf_add(r->graph, IG__LEAF_SCALAR, IG__SCALAR_LOSS_SCALE, IG__REAL, (ig__shape){0}), g;
  ig__value three = ig__node2(r->graph, &ig__op_add, NULL, ig__node2(r->graph, &ig__op_add, NULL, seed, seed), seed);
  CHECK_OK(ig__gradients(r->graph, scalar, three, &x, 1, &g));
  r->threads = 4;
  r->isa = IG__ISA_BASELINE;
  for (int again = 0; again < 20; again++) {
    rig_run(r, 1, &g);
    for (int64_t i = 0; i < r->result_count[0]; i++) {
      double y = tanh(r->field[0].value[i]);
      if (!(fabs(r->result[0][i] - 3 * (1 - y * y)) < 1e-12)) test_fail(__FILE__, __LINE__, "element %lld", (long long)i);
    }
  }
  rig_free(r);
}

TEST(third_derivatives_are_refused_by_name) {
  rig *r = rig_new(2, true);
  ig__value x = rig_field(r, IG__REAL, rows(2, 3), NULL), g;
  ig__value s = ig__node1(r->graph, &ig__op_sum, NULL, ig__node1(r->graph, &ig__op_tanh, NULL, x));
  for (int k = 0; k < 2; k++) {
    CHECK_OK(ig__gradients(r->graph, s, IG__NONE, &x, 1, &g));
    s = ig__node1(r->graph, &ig__op_sum, NULL, g);
  }
  CHECK_STATUS(ig__gradients(r->graph, s, IG__NONE, &x, 1, &g), IG_BAD_MODEL);
  CHECK_HAS(ig_last_error(), "tanh");
  rig_free(r);
}

/* feed.accumulate adds to what the gradient array holds. */
TEST(gradients_accumulate) {
  net t = make_net(&ig__op_cross_entropy, "", &ig__op_softmax);
  ig__value g[4];
  ig__plan_output out[4];
  CHECK_OK(ig__gradients(t.r->graph, t.loss, IG__NONE, t.w, 4, g));
  for (int i = 0; i < 4; i++) out[i] = (ig__plan_output){g[i], t.r->param_offset[i]};
  for (int size = 4; size <= 8; size += 4) {
    ig__plan *plan;
    ig__pool *pool;
    t.r->real_size = size;
    CHECK_OK(ig__plan_new(&plan, &(ig__plan_request){.graph = t.r->graph, .output = out, .output_count = 4, .accumulates = true,
                                                     .k = ig__kernels_for(IG__ISA_BASELINE, size),
                                                     .param_offset = t.r->param_offset, .param_count = t.r->param_count}));
    CHECK_OK(ig__pool_new(&pool, 2));
    CHECK_OK(ig__plan_prepare(plan, 2));
    int64_t count = t.r->param_count;
    double *start = rig_normal(5, count), once[512], twice[512];
    void *params = rig_real(t.r, IG__REAL, t.r->param, count), *grads = rig_real(t.r, IG__REAL, start, count);
    ig__feed feed = {.n = 4, .params = params, .grads = grads, .version = 1};
    CHECK(count <= 512);
    for (int f = 0; f < t.r->fields; f++)
      feed.field[f] = rig_real(t.r, t.r->field[f].dtype, t.r->field[f].value, t.r->field[f].count);
    feed.accumulate = true;
    CHECK_OK(ig__plan_run(plan, pool, &feed));
    rig_doubles(t.r, IG__REAL, twice, grads, count);
    feed.accumulate = false;
    CHECK_OK(ig__plan_run(plan, pool, &feed));
    rig_doubles(t.r, IG__REAL, once, grads, count);
    for (int i = 0; i < 4; i++) {
      double most = 0;
      for (int64_t k = 0; k < ig__shape_count(ig__shape_of(t.r->graph, t.w[i])); k++) {
        int64_t at = t.r->param_offset[i] + k;
        CHECK_NEAR(twice[at], once[at] + start[at], size == 8 ? 1e-14 : 1e-6);
        most = fmax(most, fabs(once[at]));
      }
      CHECK(most > 1e-3);
    }
    for (int f = 0; f < t.r->fields; f++) ig__free((void *)(uintptr_t)feed.field[f]);
    ig__free(start);
    ig__free(params);
    ig__free(grads);
    ig__pool_free(pool);
    ig__plan_free(plan);
  }
  rig_free(t.r);
}
