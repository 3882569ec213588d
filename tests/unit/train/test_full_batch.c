/* The loss of all pictures as a function: its gradient and its second derivatives against differences, in double. */
#include "runs.h"

typedef struct rig {
  ig_context *context;
  ig__source *source;
  ig__samples samples;
  ig__model *model;
  ig__loader *loader;
  ig__updater *updater;
  ig__network gradient;
  ig__full_batch *full;
  ig__objective f;
  ig_train_options o;
} rig;

static rig *rig_new(const char *model, const char *loss, int batch, int threads_wanted) {
  static rig r;
  memset(&r, 0, sizeof r);
  r.context = threads(threads_wanted);
  r.o = ig_train_options_default();
  r.o.l2 = 0.01;
  CHECK_OK(ig__source_open("digits train=50 test=1", NULL, &r.source));
  CHECK_OK(ig__samples_make(r.source, &(ig__split_options){.seed = 1}, &r.samples));
  CHECK_OK(ig__model_any(model, NULL, 10, 8, 1, &r.model));
  CHECK_OK(ig__loader_new(r.source, &(ig__loader_options){.batch = batch, .threads = 1, .depth = 2}, &r.loader));
  CHECK_OK(ig__updater_new(r.context, r.model, &r.o, 50, &r.updater));
  ig__network_request q = {.model = r.model, .data = &r.source->info, .loss = loss, .n = batch, .training = true, .gradients = true};
  CHECK_OK(ig__network_new(r.context, &q, &r.gradient));
  CHECK_OK(ig__full_batch_new(r.context, &q, &r.gradient, r.updater, r.loader, r.samples.ref[IG__TRAIN], r.samples.count[IG__TRAIN], NULL,
                              &r.full));
  r.f = ig__full_batch_objective(r.full);
  return &r;
}

static void rig_free(rig *r) {
  ig__full_batch_free(r->full);
  ig__network_free(&r->gradient);
  ig__updater_free(r->updater);
  ig__loader_free(r->loader);
  ig__model_free(r->model);
  ig__samples_free(&r->samples);
  ig__source_close(r->source);
  ig_context_free(r->context);
}

static double *vector(const rig *r) {
  double *v = ig__alloc((size_t)r->f.count, sizeof *v);
  CHECK(v != NULL);
  return v;
}

/* Normal numbers in the places of parameters; padding stays zero. */
static double *random_vector(const rig *r, uint64_t seed) {
  double *v = vector(r);
  ig__rng rng = ig__rng_make(seed, IG__FOR_TEST, 0, 0);
  for (size_t i = 0; i < r->model->param_count; i++)
    for (int64_t k = 0; k < r->model->param[i].count; k++) v[r->model->param[i].offset + k] = ig__rng_normal(&rng);
  return v;
}

static double *moved(const rig *r, const double *x, double h, const double *v) {
  double *to = vector(r);
  for (int64_t i = 0; i < r->f.count; i++) to[i] = x[i] + h * v[i];
  return to;
}

TEST(gradient_equals_differences) {
  rig *r = rig_new("mlp", "cross_entropy", 16, 2);
  double *x = vector(r), *g = vector(r), *v = random_vector(r, 7), value, far[2];
  ig__full_batch_take(r->full, x);
  CHECK_OK(r->f.evaluate(r->f.user, x, &value, g));
  CHECK_INT(ig__full_batch_tally(r->full)->n, r->samples.count[IG__TRAIN]);
  for (int side = 0; side < 2; side++) {
    double *to = moved(r, x, side ? 1e-6 : -1e-6, v);
    CHECK_OK(r->f.evaluate(r->f.user, to, &far[side], NULL));
    ig__free(to);
  }
  double slope = ig__dot(g, v, r->f.count);
  CHECK_NEAR((far[1] - far[0]) / 2e-6, slope, 1e-5 * fabs(slope));
  double again;
  CHECK_OK(r->f.evaluate(r->f.user, x, &again, NULL));
  CHECK_NEAR(again, value, 1e-13);
  ig__free(x), ig__free(g), ig__free(v);
  rig_free(r);
}

/* Five-point differences of the gradient along v. */
static void check_hessian(const char *model, const char *loss, double h) {
  static const double at[] = {-2, -1, 1, 2}, weight[] = {1, -8, 8, -1};
  rig *r = rig_new(model, loss, 16, 2);
  double *x = vector(r), *g = vector(r), *want = vector(r), *hv = vector(r), *v = random_vector(r, 3), value, most = 0, error = 0;
  ig__full_batch_take(r->full, x);
  CHECK_OK(r->f.curvature(r->f.user, x, v, false, hv));
  for (int i = 0; i < 4; i++) {
    double *to = moved(r, x, at[i] * h, v);
    CHECK_OK(r->f.evaluate(r->f.user, to, &value, g));
    ig__axpy(weight[i] / (12 * h), g, want, r->f.count);
    ig__free(to);
  }
  for (int64_t i = 0; i < r->f.count; i++) {
    most = fmax(most, fabs(want[i]));
    error = fmax(error, fabs(want[i] - hv[i]));
  }
  printf("  %s, %s: largest element %.3g, error %.2g of it\n", model, loss, most, error / most);
  CHECK(most > 1e-3 && error <= 1e-6 * most);
  ig__free(x), ig__free(g), ig__free(want), ig__free(hv), ig__free(v);
  rig_free(r);
}

static const char *smooth_net(void) {
  return write_text("smooth.net", "input 1 28 28 scale=1/255\nconv2d 4 k=5 stride=3 tanh\navgpool2d 2\nflatten\ndense 12 sigmoid\ndense 10 softmax\n");
}

TEST(hessian_equals_differences) {
  check_hessian("softmax", "cross_entropy", 1e-3);
  check_hessian(smooth_net(), "cross_entropy", 1e-3);
  check_hessian(smooth_net(), "mse", 1e-3);
}

/* G·v and H·v at the present weights; a rig gives one kind only, as a descent asks for one. */
static void products(rig *r, const double *v, double *gauss, double *hessian) {
  double *x = vector(r);
  ig__full_batch_take(r->full, x);
  if (gauss) CHECK_OK(r->f.curvature(r->f.user, x, v, true, gauss));
  if (hessian) CHECK_OK(r->f.curvature(r->f.user, x, v, false, hessian));
  ig__free(x);
}

/* A network that is linear in its weights has no curvature of its own: G is H. */
TEST(gauss_newton_is_the_hessian_of_a_linear_network) {
  double most = 0, error = 0;
  rig *r = rig_new("softmax", "cross_entropy", 16, 1);
  double *v = random_vector(r, 5), *gauss = vector(r), *hessian = vector(r);
  products(r, v, gauss, NULL);
  rig_free(r);
  r = rig_new("softmax", "cross_entropy", 16, 1);
  products(r, v, NULL, hessian);
  for (int64_t i = 0; i < r->f.count; i++) {
    most = fmax(most, fabs(hessian[i]));
    error = fmax(error, fabs(hessian[i] - gauss[i]));
  }
  printf("  largest element %.3g, difference %.2g of it\n", most, error / most);
  CHECK(most > 1e-3 && error <= 1e-12 * most);
  ig__free(v), ig__free(gauss), ig__free(hessian);
  rig_free(r);
}

/* Elsewhere it is another matrix, but symmetric and never negative. */
static void check_gauss_newton(const char *model, const char *loss) {
  rig *r = rig_new(model, loss, 16, 2);
  double *u = random_vector(r, 1), *v = random_vector(r, 2), *gu = vector(r), *gv = vector(r);
  int64_t n = r->f.count;
  products(r, u, gu, NULL);
  products(r, v, gv, NULL);
  double uv = ig__dot(v, gu, n), vu = ig__dot(u, gv, n), uu = ig__dot(u, gu, n), vv = ig__dot(v, gv, n);
  printf("  %s, %s: uGv %.6g, vGu %.6g, uGu %.4g, vGv %.4g\n", model, loss, uv, vu, uu, vv);
  CHECK_NEAR(uv, vu, 1e-10 * (uu + vv));
  CHECK(uu > 0 && vv > 0 && uv * uv <= uu * vv);
  ig__free(u), ig__free(v), ig__free(gu), ig__free(gv);
  rig_free(r);
}

TEST(gauss_newton_is_symmetric_and_not_negative) {
  check_gauss_newton("mlp", "cross_entropy");
  check_gauss_newton(smooth_net(), "cross_entropy");
  check_gauss_newton(smooth_net(), "mse");
}

TEST(same_bits_for_any_threads) {
  double *g[2], value[2];
  int64_t n = 0;
  for (int i = 0; i < 2; i++) {
    rig *r = rig_new(smooth_net(), "cross_entropy", 7, i ? 3 : 1);
    double *x = vector(r);
    n = r->f.count;
    g[i] = vector(r);
    ig__full_batch_take(r->full, x);
    CHECK_OK(r->f.evaluate(r->f.user, x, &value[i], g[i]));
    ig__free(x);
    rig_free(r);
  }
  CHECK(value[0] == value[1] && !memcmp(g[0], g[1], (size_t)n * sizeof *g[0]));
  ig__free(g[0]), ig__free(g[1]);
}
