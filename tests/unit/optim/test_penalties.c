/* Values against sums written out, gradients against differences of the value, prox against its definition. */
#include "base/alloc.h"
#include "spans.h"

enum { COUNT = 37 };
static span w, out, v;

/* The options of NAME with the number that it must be given. */
static void *options_of(const ig__penalty *penalty, double number) {
  const ig__penalty *p;
  void *options;
  char text[96];
  snprintf(text, sizeof text, "%s %g", penalty->name, number);
  CHECK_OK(ig__penalty_parse(text, &p, &options));
  return options;
}

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
  CHECK_NEAR(ig__penalty_find("l2")->value(k, NULL, 0.3, &w, COUNT), 0.3 * squares, 100 * span_eps(k));
  CHECK_NEAR(ig__penalty_find("l1")->value(k, NULL, 0.3, &w, COUNT), 0.3 * absolutes, 100 * span_eps(k));
  for (size_t i = 0; ig__penalties[i]; i++) {
    void *options = options_of(ig__penalties[i], 0.3);
    if (ig__penalties[i]->value) CHECK(ig__penalties[i]->value(k, options, 0.3, &w, 0) == 0);
    ig__free(options);
  }
  const ig__penalty *net = ig__penalty_find("elastic_net");
  void *options = options_of(net, 0.3);
  CHECK_NEAR(net->value(k, options, 0.3, &w, COUNT), 0.3 * (0.5 * absolutes + 0.25 * squares), 100 * span_eps(k));
  ig__free(options);
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
      high = penalty->value(k, NULL, lambda, &w, COUNT);
      w.d[i] = at - h;
      low = penalty->value(k, NULL, lambda, &w, COUNT);
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
    CHECK((penalty->gradient != NULL) + (penalty->prox != NULL) + (penalty->tensor_prox != NULL) == 1);
    CHECK((penalty->tensor_value != NULL) == (penalty->tensor_prox != NULL) && (penalty->groups != NULL) == (penalty->tensor_prox != NULL));
    if (!penalty->prox) continue;
    void *options = options_of(penalty, lambda);
    for (int i = 0; i < COUNT; i++) out.d[i] = w.d[i] = cos(i);
    penalty->prox(k, options, lambda, step, &out, COUNT);
    for (int i = 0; i < COUNT; i++) {
      double u = out.d[i], d = u - w.d[i];
      double best = 0.5 * d * d + step * penalty->value(k, options, lambda, &u, 1);
      for (int j = -1200; j <= 1200; j++) {
        double other = j < -1000 ? u + (j + 1100) * 1e-6 : j / 1000.0, e = other - w.d[i];
        CHECK(best <= 0.5 * e * e + step * penalty->value(k, options, lambda, &other, 1) + 1e-15);
      }
    }
    ig__free(options);
  }
}

/* The soft threshold: exact zeros up to it (the sign of zero does not matter), and a shift by it beyond. */
static void soft_threshold(const ig__kernels *k) {
  static const double from[] = {1, -1, 0.25, -0.25, 0.125, -0.125, 0, 0.375};
  static const double to[] = {0.75, -0.75, 0, 0, 0, 0, 0, 0.125};
  enum { N = sizeof from / sizeof from[0] };
  for (int i = 0; i < N; i++) span_set(k, &w, i, from[i]);
  ig__penalty_find("l1")->prox(k, NULL, 0.5, 0.5, &w, N);
  for (int i = 0; i < N; i++) CHECK(span_get(k, &w, i) == to[i]);
}
TEST(l1_makes_exact_zeros) { for_each_table(soft_threshold); }

/* sign(w)·max(|w| − sλρ, 0)/(1 + sλ(1−ρ)). */
static void net_step(const ig__kernels *k) {
  const ig__penalty *net;
  void *options;
  CHECK_OK(ig__penalty_parse("elastic_net 0.5 ratio=0.25", &net, &options));
  for (int i = 0; i < COUNT; i++) span_set(k, &w, i, 0.5 * cos(i));
  memcpy(&out, &w, sizeof w);
  net->prox(k, options, 0.5, 0.4, &out, COUNT);
  for (int i = 0; i < COUNT; i++) {
    const double from = span_get(k, &w, i), left = fmax(fabs(from) - 0.4 * 0.5 * 0.25, 0) / (1 + 0.4 * 0.5 * 0.75);
    CHECK_NEAR(span_get(k, &out, i), copysign(left, from), 4 * span_eps(k));
    if (left == 0) CHECK(span_get(k, &out, i) == 0);
  }
  ig__free(options);
}
TEST(elastic_net_in_closed_form) { for_each_table(net_step); }

/* ---- groups ------------------------------------------------------------------------------------------------------------- */

enum { ROWS = 5, INPUTS = 3, WINDOW = 3 };
static span scratch;

/* Element (row, input, place of the window). */
static int place(int r, int i, int k) { return (r * INPUTS + i) * WINDOW + k; }

/* The first row is small and the second input is: both are to die. */
static ig__weights table_of(const ig__kernels *k, span *s, bool transposed) {
  for (int r = 0; r < ROWS; r++)
    for (int i = 0; i < INPUTS; i++)
      for (int j = 0; j < WINDOW; j++) span_set(k, s, place(r, i, j), cos(place(r, i, j)) * (r == 0 ? 0.01 : 1) * (i == 1 ? 0.02 : 1));
  return (ig__weights){.w = s, .rows = ROWS, .inputs = INPUTS, .window = WINDOW, .transposed = transposed, .scratch = &scratch};
}

static double norm_of_group(const ig__kernels *k, const span *s, bool rows, int g) {
  double sum = 0;
  for (int a = 0; a < (rows ? INPUTS : ROWS); a++)
    for (int j = 0; j < WINDOW; j++) sum += pow(span_get(k, s, rows ? place(g, a, j) : place(a, g, j)), 2);
  return sqrt(sum);
}

/* One kind of group against (1 − t/‖g‖)₊·g with t = step·λ·√size, or against the projection on the ball. */
static void groups_step(const ig__kernels *k, const char *text, bool filters, bool transposed, bool bound) {
  const ig__penalty *p;
  void *options;
  const double lambda = bound ? 0.8 : 0.25, step = 0.5;
  CHECK_OK(ig__penalty_parse(text, &p, &options));
  const bool rows = filters != transposed;
  const double size = rows ? INPUTS * WINDOW : ROWS * WINDOW;
  ig__weights weights = table_of(k, &w, transposed);
  double norms = 0;
  for (int g = 0; g < (rows ? ROWS : INPUTS); g++) norms += norm_of_group(k, &w, rows, g);
  CHECK_NEAR(p->tensor_value(k, options, lambda, &weights), bound ? 0 : lambda * sqrt(size) * norms, 200 * span_eps(k));
  memcpy(&out, &w, sizeof w);
  weights.w = &out;
  p->tensor_prox(k, options, lambda, step, &weights);
  int dead = 0;
  for (int g = 0; g < (rows ? ROWS : INPUTS); g++) {
    const double n = norm_of_group(k, &w, rows, g), t = step * lambda * sqrt(size);
    const double factor = bound ? fmin(1, lambda / n) : n > t ? 1 - t / n : 0;
    dead += factor == 0;
    for (int a = 0; a < (rows ? INPUTS : ROWS); a++)
      for (int j = 0; j < WINDOW; j++) {
        const int at = rows ? place(g, a, j) : place(a, g, j);
        CHECK_NEAR(span_get(k, &out, at), factor * span_get(k, &w, at), 20 * span_eps(k));
        if (factor == 0) CHECK(span_get(k, &out, at) == 0);
      }
  }
  CHECK(bound ? dead == 0 : dead >= 1);
  CHECK(p->lambda(options, 1) == lambda);
  ig__free(options);
}

static void all_groups(const ig__kernels *k) {
  for (int transposed = 0; transposed < 2; transposed++) {
    groups_step(k, "group_lasso 0.25", true, transposed, false);
    groups_step(k, "group_lasso 0.25 by=channels", false, transposed, false);
    groups_step(k, "max_norm 0.8", true, transposed, true);
  }
}
TEST(groups_in_closed_form) { for_each_table(all_groups); }

/* No point nearby is lower in ½‖u−w‖² + step·Ω(u), and none on the way to w or to 0. */
TEST(group_prox_is_the_minimum) {
  const ig__kernels *k = ig__kernels_for(IG__ISA_REFERENCE, 8);
  const ig__penalty *p = ig__penalty_find("group_lasso");
  void *options = options_of(p, 0.25);
  ig__weights weights = table_of(k, &w, false);
  const int count = ROWS * INPUTS * WINDOW;
  memcpy(&out, &w, sizeof w);
  weights.w = &out;
  p->tensor_prox(k, options, 0.25, 0.5, &weights);
  double best = 0, lowest = INFINITY;
  for (int trial = -1; trial < 400; trial++) {
    for (int i = 0; i < count; i++) {
      const double to = trial % 3 == 0 ? w.d[i] - out.d[i] : trial % 3 == 1 ? -out.d[i] : sin(1.0 + trial * 7 + i * (trial + 3));
      v.d[i] = trial < 0 ? out.d[i] : out.d[i] + to * pow(0.9, trial);
    }
    weights.w = &v;
    double now = 0.5 * p->tensor_value(k, options, 0.25, &weights);
    for (int i = 0; i < count; i++) now += 0.5 * pow(v.d[i] - w.d[i], 2);
    if (trial < 0) best = now;
    else if (now < lowest) lowest = now;
  }
  CHECK(best <= lowest + 1e-14);
  ig__free(options);
}

TEST(both_kinds_of_groups_die) {
  const ig__kernels *k = ig__kernels_for(IG__ISA_REFERENCE, 8);
  const ig__penalty *p;
  void *options;
  CHECK_OK(ig__penalty_parse("group_lasso 0.1 by=both", &p, &options));
  ig__weights weights = table_of(k, &w, false);
  p->tensor_prox(k, options, 0.1, 1, &weights);
  for (int i = 0; i < INPUTS; i++) CHECK(w.d[place(0, i, 1)] == 0);
  for (int r = 0; r < ROWS; r++) CHECK(w.d[place(r, 1, 1)] == 0);
  CHECK(w.d[place(1, 0, 0)] != 0);
  ig__free(options);
}

TEST(penalties_begin_with_on) {
  for (size_t i = 0; ig__penalties[i]; i++) {
    const ig__option *o = ig__penalties[i]->options;
    CHECK(!strcmp(o->name, "on") && o->offset == 0 && o->type == IG__OPTION_TEXT && o->size == IG__PENALTY_ON_SIZE);
  }
}
