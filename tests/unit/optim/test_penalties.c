/* Values against sums written out, gradients against differences of the value, prox against its definition. */
#include "base/alloc.h"
#include "spans.h"

enum { COUNT = 37 };
static span w, out, v;

static double lambda_of(const char *text, double pictures) {
  const ig__penalty *p;
  void *options;
  CHECK_OK(ig__penalty_parse(text, &p, &options));
  double lambda = p->lambda(options, pictures);
  ig__free(options);
  return lambda;
}

/* λ‖w‖², λ/2‖w‖², (λ/2m)‖w‖². */
TEST(scales) {
  CHECK_NEAR(lambda_of("l2 0.01", 1000), 0.01, 0);
  CHECK_NEAR(lambda_of("l2 lambda=0.01 scale=full", 1000), 0.01, 0);
  CHECK_NEAR(lambda_of("l2 0.01 scale=half", 1000), 0.005, 0);
  CHECK_NEAR(lambda_of("l2 0.01 scale=half_mean", 1000), 0.000005, 1e-20);
  CHECK_NEAR(lambda_of("l1 0.02", 1000), 0.02, 0);
}

static void values(const ig__kernels *k) {
  double squares = 0, absolutes = 0;
  for (int i = 0; i < COUNT; i++) {
    span_set(k, &w, i, cos(i));
    squares += span_get(k, &w, i) * span_get(k, &w, i);
    absolutes += fabs(span_get(k, &w, i));
  }
  CHECK_NEAR(ig__penalty_find("l2")->value(k, 0.3, &w, COUNT), 0.3 * squares, 100 * span_eps(k));
  CHECK_NEAR(ig__penalty_find("l1")->value(k, 0.3, &w, COUNT), 0.3 * absolutes, 100 * span_eps(k));
  for (size_t i = 0; ig__penalties[i]; i++) CHECK(ig__penalties[i]->value(k, 0.3, &w, 0) == 0);
}
TEST(values_are_sums) { for_each_table(values); }

/* Central differences of the value in double, for every penalty that has a gradient; it is added, not stored. */
TEST(gradients_against_differences) {
  const ig__kernels *k = ig__kernels_for(IG__ISA_REFERENCE, 8);
  const double lambda = 0.3, h = 1e-5;
  for (size_t p = 0; ig__penalties[p]; p++) {
    const ig__penalty *penalty = ig__penalties[p];
    if (!penalty->gradient) continue;
    for (int i = 0; i < COUNT; i++) w.d[i] = cos(i), out.d[i] = i;
    penalty->gradient(k, lambda, &w, &out, COUNT);
    for (int i = 0; i < COUNT; i++) {
      double at = w.d[i], high, low;
      w.d[i] = at + h;
      high = penalty->value(k, lambda, &w, COUNT);
      w.d[i] = at - h;
      low = penalty->value(k, lambda, &w, COUNT);
      w.d[i] = at;
      CHECK_NEAR(out.d[i] - i, (high - low) / (2 * h), 1e-8);
    }
  }
}

/* The Hessian times v is the gradient's change along v. */
TEST(hessians_against_differences) {
  const ig__kernels *k = ig__kernels_for(IG__ISA_REFERENCE, 8);
  static span high, low, moved;
  const double lambda = 0.3, h = 1e-5;
  for (size_t p = 0; ig__penalties[p]; p++) {
    const ig__penalty *penalty = ig__penalties[p];
    CHECK((penalty->gradient == NULL) == (penalty->hessian == NULL));
    if (!penalty->hessian) continue;
    memset(&high, 0, sizeof high);
    memset(&low, 0, sizeof low);
    for (int i = 0; i < COUNT; i++) w.d[i] = cos(i), v.d[i] = sin(2.0 * i), out.d[i] = i;
    penalty->hessian(k, lambda, &w, &v, &out, COUNT);
    for (int i = 0; i < COUNT; i++) moved.d[i] = w.d[i] + h * v.d[i];
    penalty->gradient(k, lambda, &moved, &high, COUNT);
    for (int i = 0; i < COUNT; i++) moved.d[i] = w.d[i] - h * v.d[i];
    penalty->gradient(k, lambda, &moved, &low, COUNT);
    for (int i = 0; i < COUNT; i++) CHECK_NEAR(out.d[i] - i, (high.d[i] - low.d[i]) / (2 * h), 1e-8);
  }
}

static void l2_in_each_real(const ig__kernels *k) {
  const ig__penalty *l2 = ig__penalty_find("l2");
  for (int i = 0; i < COUNT; i++) {
    span_set(k, &w, i, cos(i));
    span_set(k, &v, i, sin(i));
    span_set(k, &out, i, 0);
  }
  l2->gradient(k, 0.3, &w, &out, COUNT);
  for (int i = 0; i < COUNT; i++) CHECK_NEAR(span_get(k, &out, i), 0.6 * span_get(k, &w, i), 4 * span_eps(k));
  l2->hessian(k, 0.3, &w, &v, &out, COUNT);
  for (int i = 0; i < COUNT; i++)
    CHECK_NEAR(span_get(k, &out, i), 0.6 * (span_get(k, &w, i) + span_get(k, &v, i)), 8 * span_eps(k));
}
TEST(l2_is_linear) { for_each_table(l2_in_each_real); }

/* u = prox(w) is the minimum of ½‖u−w‖² + step·Ω(u): no nearby point along any axis is lower, nor is any of a grid. */
TEST(prox_is_the_minimum) {
  const ig__kernels *k = ig__kernels_for(IG__ISA_REFERENCE, 8);
  const double lambda = 0.5, step = 0.4;
  for (size_t p = 0; ig__penalties[p]; p++) {
    const ig__penalty *penalty = ig__penalties[p];
    CHECK((penalty->gradient == NULL) != (penalty->prox == NULL));
    if (!penalty->prox) continue;
    for (int i = 0; i < COUNT; i++) out.d[i] = w.d[i] = cos(i);
    penalty->prox(k, lambda, step, &out, COUNT);
    for (int i = 0; i < COUNT; i++) {
      double u = out.d[i], d = u - w.d[i];
      double best = 0.5 * d * d + step * penalty->value(k, lambda, &u, 1);
      for (int j = -1200; j <= 1200; j++) {
        double other = j < -1000 ? u + (j + 1100) * 1e-6 : j / 1000.0, e = other - w.d[i];
        CHECK(best <= 0.5 * e * e + step * penalty->value(k, lambda, &other, 1) + 1e-15);
      }
    }
  }
}

/* The soft threshold: exact zeros up to it (the sign of zero does not matter), and a shift by it beyond. */
static void soft_threshold(const ig__kernels *k) {
  static const double from[] = {1, -1, 0.25, -0.25, 0.125, -0.125, 0, 0.375};
  static const double to[] = {0.75, -0.75, 0, 0, 0, 0, 0, 0.125};
  enum { N = sizeof from / sizeof from[0] };
  for (int i = 0; i < N; i++) span_set(k, &w, i, from[i]);
  ig__penalty_find("l1")->prox(k, 0.5, 0.5, &w, N);
  for (int i = 0; i < N; i++) CHECK(span_get(k, &w, i) == to[i]);
}
TEST(l1_makes_exact_zeros) { for_each_table(soft_threshold); }
