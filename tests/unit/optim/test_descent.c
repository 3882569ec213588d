/* Full-batch methods on functions whose minima are known. */
#include "optim/descent.h"
#include "test.h"

#include <float.h>
#include <math.h>

/* ---- functions ----------------------------------------------------------------------------------------------------- */

typedef struct function {
  int64_t n;
  double (*value)(const double *x, int64_t n);
  void (*gradient)(const double *x, double *g, int64_t n);
  void (*hessian)(const double *x, const double *v, double *hv, int64_t n);
  int values, gradients, products, fail_at; /* calls; the call of evaluate that fails */
} function;

static ig_status evaluate(void *user, const double *x, double *value, double *g) {
  function *f = user;
  if (g) f->gradients++;
  else f->values++;
  if (f->values + f->gradients == f->fail_at) return ig__fail(IG_IO, "no more");
  *value = f->value(x, f->n);
  if (g) f->gradient(x, g, f->n);
  return IG_OK;
}

static ig_status curvature(void *user, const double *x, const double *v, bool gauss_newton, double *hv) {
  function *f = user;
  (void)gauss_newton;
  f->products++;
  f->hessian(x, v, hv, f->n);
  return IG_OK;
}

/* ½ Σ cᵢ (xᵢ − i)², cᵢ from 1 to 10⁴. */
static double c_of(int64_t i, int64_t n) { return 1 + 9999.0 * (double)(i * i) / (double)((n - 1) * (n - 1)); }
static double bowl(const double *x, int64_t n) {
  double sum = 0;
  for (int64_t i = 0; i < n; i++) sum += 0.5 * c_of(i, n) * (x[i] - (double)i) * (x[i] - (double)i);
  return sum;
}
static void bowl_gradient(const double *x, double *g, int64_t n) {
  for (int64_t i = 0; i < n; i++) g[i] = c_of(i, n) * (x[i] - (double)i);
}
static void bowl_hessian(const double *x, const double *v, double *hv, int64_t n) {
  (void)x;
  for (int64_t i = 0; i < n; i++) hv[i] = c_of(i, n) * v[i];
}

/* Rosenbrock's valley, along which every method has to turn. */
static double valley(const double *x, int64_t n) {
  double sum = 0;
  for (int64_t i = 0; i + 1 < n; i++) {
    double a = x[i + 1] - x[i] * x[i], b = 1 - x[i];
    sum += 100 * a * a + b * b;
  }
  return sum;
}
static void valley_gradient(const double *x, double *g, int64_t n) {
  for (int64_t i = 0; i < n; i++) g[i] = 0;
  for (int64_t i = 0; i + 1 < n; i++) {
    double a = x[i + 1] - x[i] * x[i];
    g[i] += -400 * a * x[i] - 2 * (1 - x[i]);
    g[i + 1] += 200 * a;
  }
}
static void valley_hessian(const double *x, const double *v, double *hv, int64_t n) {
  for (int64_t i = 0; i < n; i++) hv[i] = 0;
  for (int64_t i = 0; i + 1 < n; i++) {
    hv[i] += (1200 * x[i] * x[i] - 400 * x[i + 1] + 2) * v[i] - 400 * x[i] * v[i + 1];
    hv[i + 1] += -400 * x[i] * v[i] + 200 * v[i + 1];
  }
}

/* A saddle at the origin, minima at y = ±1: x² + (y² − 1)². */
static double saddle(const double *x, int64_t n) { return (void)n, x[0] * x[0] + (x[1] * x[1] - 1) * (x[1] * x[1] - 1); }
static void saddle_gradient(const double *x, double *g, int64_t n) {
  (void)n;
  g[0] = 2 * x[0];
  g[1] = 4 * x[1] * (x[1] * x[1] - 1);
}
static void saddle_hessian(const double *x, const double *v, double *hv, int64_t n) {
  (void)n;
  hv[0] = 2 * v[0];
  hv[1] = (12 * x[1] * x[1] - 4) * v[1];
}

/* x − log x: infinite left of 0, minimum at 1. */
static double wall(const double *x, int64_t n) { return (void)n, x[0] - log(x[0]); }
static void wall_gradient(const double *x, double *g, int64_t n) { (void)n, g[0] = 1 - 1 / x[0]; }
static void wall_hessian(const double *x, const double *v, double *hv, int64_t n) { (void)n, hv[0] = v[0] / (x[0] * x[0]); }

/* (x² − 2)², whose minimum is no double, so that its gradient is nowhere zero. */
static double root(const double *x, int64_t n) { return (void)n, (x[0] * x[0] - 2) * (x[0] * x[0] - 2); }
static void root_gradient(const double *x, double *g, int64_t n) { (void)n, g[0] = 4 * x[0] * (x[0] * x[0] - 2); }

static const function bowl20 = {20, bowl, bowl_gradient, bowl_hessian, 0, 0, 0, 0};
static const function valley30 = {30, valley, valley_gradient, valley_hessian, 0, 0, 0, 0};
static const function saddle2 = {2, saddle, saddle_gradient, saddle_hessian, 0, 0, 0, 0};
static const function wall1 = {1, wall, wall_gradient, wall_hessian, 0, 0, 0, 0};

/* ---- running ---------------------------------------------------------------------------------------------------------- */

static ig__descent *start(const char *text, function *f, const double *x) {
  ig__descent *d;
  ig__objective o = {f, f->n, evaluate, curvature};
  CHECK_OK(ig__descent_new(text, &o, &d));
  for (int64_t i = 0; i < f->n; i++) d->x[i] = x[i];
  CHECK_OK(ig__descent_begin(d));
  return d;
}

/* Runs until a rule fires; a step never goes up. Returns the number of steps. */
static int run(ig__descent *d, int most) {
  while (!d->stopped && d->state.iteration < most) {
    double before = d->state.value;
    CHECK_OK(ig__descent_step(d));
    CHECK(d->state.value <= before + 1e-13 * fabs(before));
  }
  return (int)d->state.iteration;
}

/* From a far start to a gradient of 10⁻⁹, in at most `most` steps, to the minimum that is known. */
static void reaches(const char *text, const function *what, double from, double to_step, int most) {
  function f = *what;
  double x[64];
  for (int64_t i = 0; i < f.n; i++) x[i] = from;
  ig__descent *d = start(text, &f, x);
  int steps = run(d, most);
  printf("  %s, %lld variables: %d steps, %.1f gradients\n", text, (long long)f.n, steps, d->state.cost);
  CHECK_STR(d->stopped ? d->stopped : "steps", "gradient");
  for (int64_t i = 0; i < f.n; i++)
    CHECK_NEAR(d->x[i], 1 + to_step * (double)(i - 1), 1e-6);
  CHECK_NEAR(d->state.cost, f.gradients + f.values / 3.0 + 2.0 * f.products, 1e-6);
  ig__descent_free(d);
}

#define TIGHT " gtol=1e-9 ftol=0"

TEST(quadratic_bowl) {
  reaches("gd search=wolfe" TIGHT, &bowl20, 0, 1, 20000);
  reaches("gd" TIGHT, &bowl20, 0, 1, 30000);
  reaches("lbfgs" TIGHT, &bowl20, 0, 1, 250);
  reaches("newton damping=0" TIGHT, &bowl20, 0, 1, 20);
  reaches("newton" TIGHT, &bowl20, 0, 1, 20);
}

TEST(rosenbrock_valley) {
  reaches("lbfgs" TIGHT, &valley30, -0.5, 0, 400);
  reaches("lbfgs 3" TIGHT, &valley30, -0.5, 0, 600);
  reaches("newton" TIGHT, &valley30, -0.5, 0, 200);
  function two = valley30;
  two.n = 2;
  reaches("gd" TIGHT, &two, 0, 0, 60000);
}

TEST(values_that_are_not_finite_turn_back) {
  reaches("gd lr=5" TIGHT, &wall1, 4, 0, 200);
  reaches("gd lr=5 search=wolfe" TIGHT, &wall1, 4, 0, 200);
  reaches("lbfgs" TIGHT, &wall1, 0.01, 0, 60);
  reaches("newton damping=0" TIGHT, &wall1, 1.9, 0, 30);
}

TEST(negative_curvature_is_left) {
  static const char *const methods[] = {"newton damping=0" TIGHT, "newton" TIGHT, "lbfgs" TIGHT, "gd" TIGHT};
  for (int i = 0; i < 4; i++) {
    function f = saddle2;
    ig__descent *d = start(methods[i], &f, (double[]){0.5, 0.01});
    run(d, 500);
    CHECK_STR(d->stopped ? d->stopped : "steps", "gradient");
    CHECK_NEAR(fabs(d->x[1]), 1, 1e-6);
    ig__descent_free(d);
  }
}

TEST(each_rule_fires_and_is_named) {
  double at_minimum[20], x[20] = {0};
  for (int i = 0; i < 20; i++) at_minimum[i] = i;
  function f = bowl20;
  ig__descent *d = start("lbfgs", &f, at_minimum);
  CHECK_STR(d->stopped, "gradient");
  CHECK_INT(d->state.iteration, 0);
  ig__descent_free(d);
  d = start("gd gtol=0 ftol=1e-3", &f, x);
  run(d, 30000);
  CHECK_STR(d->stopped, "loss");
  CHECK(d->state.change <= 1e-3);
  ig__descent_free(d);
  d = start("gd gtol=0 ftol=0 budget=9", &f, x);
  run(d, 30000);
  CHECK_STR(d->stopped, "budget");
  CHECK(d->state.cost >= 9 && d->state.cost < 12);
  ig__descent_free(d);
  /* Where f is as low as double can tell, no lower point is left. */
  function r = {1, root, root_gradient, NULL, 0, 0, 0, 0};
  d = start("lbfgs gtol=0 ftol=0", &r, (double[]){1});
  run(d, 1000);
  CHECK_STR(d->stopped ? d->stopped : "steps", "no lower point");
  ig__descent_free(d);
}

TEST(a_fixed_rate_may_go_uphill_and_diverges_by_name) {
  function f = bowl20;
  double x[20] = {0};
  ig__descent *d = start("gd search=none lr=1e-4 gtol=0 ftol=0", &f, x);
  double first = d->state.value;
  for (int i = 0; i < 100; i++) CHECK_OK(ig__descent_step(d));
  CHECK(d->state.value < first);
  CHECK_INT(f.gradients, 101);
  ig__descent_free(d);
  d = start("gd search=none lr=1", &f, x); /* going up is no sign of the bottom */
  ig_status status = IG_OK;
  for (int i = 0; i < 1000 && status == IG_OK && !d->stopped; i++) status = ig__descent_step(d);
  CHECK_INT(status, IG_DIVERGED);
  CHECK(strstr(ig_last_error(), "smaller lr") != NULL);
  ig__descent_free(d);
}

TEST(failures_of_the_objective_pass_through) {
  static const char *const methods[] = {"gd", "gd search=wolfe", "lbfgs", "newton"};
  for (int i = 0; i < 4; i++)
    for (int at = 2; at < 12; at++) {
      function f = valley30;
      double x[30] = {0};
      f.fail_at = at;
      ig__descent *d = start(methods[i], &f, x);
      ig_status status = IG_OK;
      for (int k = 0; k < 20 && status == IG_OK; k++) status = ig__descent_step(d);
      CHECK_INT(status, IG_IO);
      ig__descent_free(d);
    }
}

TEST(a_start_that_is_not_finite_is_refused) {
  function f = wall1;
  ig__descent *d;
  ig__objective o = {&f, 1, evaluate, curvature};
  CHECK_OK(ig__descent_new("lbfgs", &o, &d));
  d->x[0] = -1;
  CHECK_INT(ig__descent_begin(d), IG_DIVERGED);
  ig__descent_free(d);
  CHECK_INT(ig__descent_new("newtom", &o, &d), IG_USAGE);
  CHECK(strstr(ig_last_error(), "newton") != NULL && !d);
  CHECK_INT(ig__descent_new("lbfgs memory=0", &o, &d), IG_USAGE);
}

/* Memory and state are everything: copied into a new one, the run goes on to the same bits. */
TEST(goes_on_from_a_copy) {
  static const char *const methods[] = {"gd", "lbfgs 4", "newton"};
  for (int i = 0; i < 3; i++) {
    function f = valley30, g = valley30;
    double x[30] = {0};
    ig__descent *d = start(methods[i], &f, x), *e = start(methods[i], &g, x);
    for (int k = 0; k < 7; k++) CHECK_OK(ig__descent_step(d));
    e->state = d->state;
    memcpy(e->memory, d->memory, d->memory_count * sizeof *d->memory);
    for (int k = 0; k < 5; k++) {
      CHECK_OK(ig__descent_step(d));
      CHECK_OK(ig__descent_step(e));
    }
    CHECK(!memcmp(d->x, e->x, sizeof x) && !memcmp(&d->state, &e->state, sizeof d->state));
    ig__descent_free(d);
    ig__descent_free(e);
  }
}

TEST(sums) {
  double a[1000], b[1000];
  for (int i = 0; i < 1000; i++) a[i] = i, b[i] = 2;
  CHECK(ig__dot(a, b, 1000) == 999000);
  CHECK(ig__largest(a, 1000) == 999);
  a[500] = NAN;
  CHECK(isnan(ig__largest(a, 1000)));
}
