/* Gradients by the picture against differences, and the arithmetic that stands on them. */
#include "runs.h"
#include "train/ascend/ascend.h"

#include <math.h>

static double *numbers(int64_t count, double low, double high, uint64_t seed) {
  ig__rng rng = ig__rng_make(seed, IG__FOR_TEST, 0, 0);
  double *v = ig__alloc((size_t)count, sizeof *v);
  CHECK(v != NULL);
  for (int64_t i = 0; i < count; i++) v[i] = ig__rng_range(&rng, low, high);
  return v;
}

static ig__model *bound(const ig_context *context, const char *name, uint64_t seed) {
  ig__model *m;
  CHECK_OK(ig__model_any(context, name, NULL, 10, 8, seed, &m));
  /* Biases and running statistics off their beginnings. */
  ig__rng rng = ig__rng_make(seed, IG__FOR_TEST, 1, 0);
  for (size_t k = 0; k < m->param_count; k++)
    for (int64_t i = 0; m->param[k].kind != IG__PARAM_WEIGHT && i < m->param[k].count; i++)
      ((double *)m->params)[m->param[k].offset + i] += 0.1 * ig__rng_normal(&rng);
  m->version++;
  return m;
}

static double weighted(ig__slopes *s, const double *x, const double *weight, int n, double *out) {
  double sum = 0;
  CHECK_OK(ig__slopes_numbers(s, x, n, out));
  for (int64_t i = 0; i < n * s->numbers; i++) sum += weight[i] * out[i];
  return sum;
}

/* The slope along random directions. Where there are relus the step is so small that none of them turns on the way. */
static void check_slopes(const char *model, int line, double h, double worst_allowed) {
  ig_context *context = threads(2);
  ig__model *m = bound(context, model, 3);
  ig__slopes s;
  CHECK_OK(ig__slopes_new(context, &(ig__slopes_request){.model = m, .line = line, .n = 2, .direct = true}, &s));
  const int n = 3; /* more than a batch */
  const int64_t all = n * s.pixels;
  double *x = numbers(all, 0.1, 0.9, 4), *weight = numbers(n * s.numbers, -1, 1, 5), *to = numbers(all, 0, 1, 0);
  double *number = numbers(n * s.numbers, 0, 1, 0), *slope = numbers(all, 0, 1, 0), *again = numbers(n * s.numbers, 0, 1, 0);
  CHECK_OK(ig__slopes_run(&s, x, weight, n, number, slope));
  CHECK_OK(ig__slopes_numbers(&s, x, n, again));
  for (int64_t i = 0; i < n * s.numbers; i++) CHECK_NEAR(again[i], number[i], 1e-12 * (1 + fabs(number[i])));
  for (int k = 0; k < 6; k++) {
    ig__rng rng = ig__rng_make(7, IG__FOR_TEST, (uint64_t)k, 0);
    double analytic = 0, size = 0, f[2];
    double *way = numbers(all, 0, 1, 0);
    for (int64_t i = 0; i < all; i++) {
      way[i] = ig__rng_normal(&rng);
      analytic += way[i] * slope[i];
      size += slope[i] * slope[i];
    }
    for (int side = 0; side < 2; side++) {
      for (int64_t i = 0; i < all; i++) to[i] = x[i] + (side ? h : -h) * way[i];
      f[side] = weighted(&s, to, weight, n, again);
    }
    CHECK(size > 0);
    CHECK_NEAR((f[1] - f[0]) / (2 * h), analytic, worst_allowed * sqrt(size));
    ig__free(way);
  }
  double *const owned[] = {x, weight, to, number, slope, again};
  for (size_t i = 0; i < sizeof owned / sizeof owned[0]; i++) ig__free(owned[i]);
  ig__slopes_free(&s);
  ig__model_free(m);
  ig_context_free(context);
}

static const char *smooth_net(void) {
  return write_text("smooth.txt", "input 1 9 8 mean=.4 std=.3\nconv2d 5 k=3 tanh\navgpool2d 2\nconv2d 6 k=3 pad=same bias=no\nbatchnorm silu\n"
                                  "flatten\ndense 7 gelu\ndropout 0.5\ndense classes softmax\n");
}

TEST(smooth_networks_to_nine_digits) {
  check_slopes(smooth_net(), -1, 1e-6, 1e-8);
  check_slopes(smooth_net(), 1, 1e-6, 1e-8);
  check_slopes(smooth_net(), 4, 1e-6, 1e-8); /* batch normalisation, before its silu */
}

TEST(built_in_networks) {
  check_slopes("softmax", -1, 1e-6, 1e-8);
  check_slopes("textbook", -1, 1e-8, 1e-5);
  check_slopes("lenet5", -1, 1e-8, 1e-5);
  check_slopes("resnet8", -1, 1e-8, 1e-5);
  check_slopes("textbook", 3, 1e-8, 1e-5); /* conv2d2 */
  check_slopes("unet", -1, 1e-8, 1e-5);    /* ends in pictures */
}

/* Two classes from one number. */
TEST(what_the_numbers_are) {
  ig_context *context = threads(1);
  char names[2][64] = {"no", "yes"};
  double *x = numbers(2 * 12, 0, 1, 1), two[4], weight[4] = {0, 1, 1, 0}, slope[24];
  ig__model *m = bound(context, write_text("one.txt", "input 1 3 4\nflatten\ndense 1 sigmoid\n"), 2);
  ig__slopes s;
  m->class_name = names;
  m->class_count = 2;
  CHECK_OK(ig__slopes_new(context, &(ig__slopes_request){.model = m, .line = -1, .n = 2}, &s));
  CHECK(s.binary && s.softmax);
  CHECK_INT(s.numbers, 2);
  CHECK_OK(ig__slopes_run(&s, x, weight, 2, two, slope));
  const double *w = m->params;
  double z = w[m->param[1].offset];
  for (int i = 0; i < 12; i++) z += w[i] * x[i];
  CHECK_NEAR(two[1], z / 2, 1e-12);
  CHECK_NEAR(two[0], -z / 2, 1e-12);
  CHECK_NEAR(ig__number_probability(two, 2, 1), 1 / (1 + exp(-z)), 1e-12);
  for (int i = 0; i < 12; i++) {
    CHECK_NEAR(slope[i], w[i] / 2, 1e-12);
    CHECK_NEAR(slope[12 + i], -w[i] / 2, 1e-12);
  }
  ig__slopes_free(&s);
  m->class_name = NULL;
  ig__model_free(m);
  ig__free(x);
  ig_context_free(context);
}

TEST(total_variation) {
  const ig_size size = {2, 5, 4};
  double *x = numbers(40, 0, 1, 3), g[40] = {0};
  const double here = ig__total_variation(x, size, 0.7, g);
  CHECK(here > 0);
  for (int i = 0; i < 40; i++) {
    const double old = x[i], h = 1e-6;
    x[i] = old + h;
    const double up = ig__total_variation(x, size, 0, NULL);
    x[i] = old - h;
    const double down = ig__total_variation(x, size, 0, NULL);
    x[i] = old;
    CHECK_NEAR(g[i], 0.7 * (up - down) / (2 * h), 1e-7);
  }
  for (int i = 0; i < 40; i++) x[i] = 0.3;
  CHECK(ig__total_variation(x, size, 0, NULL) == 0);
  ig__free(x);
}

TEST(rolled_and_back) {
  const ig_size size = {2, 3, 4};
  double *x = numbers(24, 0, 1, 3), a[24], b[24];
  ig__roll(a, x, size, 1, -2);
  CHECK(a[0] == x[1 * 4 + 2] && a[12 + 4 + 1] == x[12 + 2 * 4 + 3]);
  ig__roll(b, a, size, -1, 2);
  CHECK(!memcmp(b, x, sizeof b));
  ig__free(x);
}

/* ---- attributions ---------------------------------------------------------------------------------------------------------- */

static void take_slopes(ig_context *context, const char *model, ig__model **m, ig__slopes *s) {
  *m = bound(context, model, 6);
  CHECK_OK(ig__slopes_new(context, &(ig__slopes_request){.model = *m, .line = -1, .n = 4, .direct = true}, s));
}

/* Of a linear network all three are known: the weights, and weights times pixels. */
TEST(attributions_of_a_linear_network) {
  ig_context *context = threads(1);
  ig__model *m;
  ig__slopes s;
  take_slopes(context, write_text("linear.txt", "input 1 4 5 mean=.2 std=.5\nflatten\ndense classes softmax\n"), &m, &s);
  const int target[] = {3, 9}, n = 2, pixels = 20;
  const uint64_t key[] = {11, 12};
  double *x = numbers(n * pixels, 0, 1, 2), plain[40], whole[40], smooth[40], difference[2];
  CHECK_OK(ig__attribute_gradient(&s, x, target, n, plain));
  CHECK_OK(ig__attribute_integrated(&s, x, target, n, 0.25, 3, whole, difference));
  CHECK_OK(ig__attribute_smooth(&s, x, target, n, 5, 0.3, 1, key, smooth));
  for (int i = 0; i < n; i++) {
    double sum = 0;
    for (int p = 0; p < pixels; p++) {
      const double w = ((double *)m->params)[target[i] * pixels + p] / 0.5;
      CHECK_NEAR(plain[i * pixels + p], w, 1e-12);
      CHECK_NEAR(smooth[i * pixels + p], w, 1e-12);
      CHECK_NEAR(whole[i * pixels + p], w * (x[i * pixels + p] - 0.25), 1e-12);
      sum += whole[i * pixels + p];
    }
    CHECK_NEAR(sum, difference[i], 1e-12);
  }
  ig__free(x);
  ig__slopes_free(&s);
  ig__model_free(m);
  ig_context_free(context);
}

static double completeness(ig__slopes *s, const double *x, int points) {
  const int target[] = {1};
  double *out = numbers(s->pixels, 0, 0, 0), difference, sum = 0;
  CHECK_OK(ig__attribute_integrated(s, x, target, 1, 0, points, out, &difference));
  for (int64_t i = 0; i < s->pixels; i++) sum += out[i];
  ig__free(out);
  CHECK(fabs(difference) > 1e-3);
  return fabs(sum - difference) / fabs(difference);
}

/* The midpoint rule is of second order where the network is smooth, and ends near where it has kinks. */
TEST(integrated_gradients_add_up) {
  ig_context *context = threads(1);
  ig__model *m;
  ig__slopes s;
  double *x = numbers(28 * 28, 0, 1, 8);
  take_slopes(context, smooth_net(), &m, &s);
  const double coarse = completeness(&s, x, 8), fine = completeness(&s, x, 64);
  CHECK(fine < coarse / 16 || fine < 1e-9);
  CHECK(fine < 1e-4);
  ig__slopes_free(&s);
  ig__model_free(m);
  take_slopes(context, "textbook", &m, &s);
  CHECK(completeness(&s, x, 256) < 0.01);
  ig__slopes_free(&s);
  ig__model_free(m);
  ig__free(x);
  ig_context_free(context);
}

/* ---- attacks --------------------------------------------------------------------------------------------------------------- */

/* The direction of the cross-entropy's gradient, p − one_hot, where that can be computed; and a direction where it cannot. */
TEST(weights_of_an_attack) {
  double z[] = {1, -2, 0.5, 3}, w[4], sure[] = {0, 900, 1, 0};
  for (int truth = 0; truth < 4; truth++) {
    ig__attack_weights(z, 4, truth, -1, w);
    const double rest = 1 - ig__number_probability(z, 4, truth);
    for (int c = 0; c < 4; c++) CHECK_NEAR(w[c] * rest, ig__number_probability(z, 4, c) - (c == truth), 1e-12);
    ig__attack_weights(z, 4, 0, truth, w);
    for (int c = 0; c < 4; c++) CHECK_NEAR(w[c] * rest, (c == truth) - ig__number_probability(z, 4, c), 1e-12);
  }
  ig__attack_weights(sure, 4, 1, -1, w);
  CHECK_NEAR(w[1], -1, 1e-15);
  CHECK(w[2] > w[0] && w[0] > 0.1);
}

/* Between two classes of a linear network the smallest change is known: margin / ‖w‖₁ for ±ε, margin / ‖w‖₂ for the distance. */
TEST(smallest_changes_of_a_linear_network) {
  ig_context *context = threads(2);
  ig__model *m;
  ig__slopes s;
  char names[2][64] = {"a", "b"};
  enum { N = 6, PIXELS = 30 };
  m = bound(context, write_text("pair.txt", "input 1 5 6\nflatten\ndense 2 softmax\n"), 5);
  m->class_name = names;
  m->class_count = 2;
  CHECK_OK(ig__slopes_new(context, &(ig__slopes_request){.model = m, .line = -1, .n = 4}, &s));
  double *x = numbers(N * PIXELS, 0.45, 0.55, 9), number[2 * N], epsilon[N], *out = numbers(N * PIXELS, 0, 0, 0);
  const double *w = m->params;
  uint64_t key[N];
  int truth[N];
  double one = 0, two = 0;
  CHECK_OK(ig__slopes_numbers(&s, x, N, number));
  for (int i = 0; i < PIXELS; i++) {
    one += fabs(w[i] - w[PIXELS + i]);
    two += (w[i] - w[PIXELS + i]) * (w[i] - w[PIXELS + i]);
  }
  for (int i = 0; i < N; i++) {
    truth[i] = ig__number_largest(number + 2 * i, 2);
    key[i] = (uint64_t)i;
  }
  truth[5] = 1 - truth[5]; /* wrong before any change */
  const ig__attacked a = {.slopes = &s, .x = x, .truth = truth, .target = -1, .key = key, .n = N, .steps = 20, .seed = 1};
  for (int kind = IG_ATTACK_FGSM; kind < IG_ATTACKS; kind++) {
    const double length = kind == IG_ATTACK_PGD_L2 ? sqrt(two) : one;
    CHECK_OK(ig__attack_smallest(&a, (ig_attack)kind, kind == IG_ATTACK_PGD_L2 ? 2 : 0.4, epsilon, out));
    for (int i = 0; i < 5; i++) {
      const double want = fabs(number[2 * i] - number[2 * i + 1]) / length;
      CHECK(want < 0.35);
      CHECK(epsilon[i] >= want * 0.999999 && epsilon[i] <= want * 1.01);
      double far = 0;
      for (int p = i * PIXELS; p < (i + 1) * PIXELS; p++)
        far = kind == IG_ATTACK_PGD_L2 ? far + (out[p] - x[p]) * (out[p] - x[p]) : fmax(far, fabs(out[p] - x[p]));
      CHECK((kind == IG_ATTACK_PGD_L2 ? sqrt(far) : far) <= epsilon[i] * (1 + 1e-9));
    }
    CHECK(epsilon[5] == 0);
  }
  /* Noise needs far more, or is not enough at all. */
  CHECK_OK(ig__attack_smallest(&a, IG_ATTACK_NOISE, 0.4, epsilon, out));
  for (int i = 0; i < 5; i++) CHECK(isnan(epsilon[i]) || epsilon[i] > fabs(number[2 * i] - number[2 * i + 1]) / one);
  /* Nothing is found below what is needed. */
  const double little = 0.5 * fabs(number[0] - number[1]) / one;
  CHECK_OK(ig__attack_smallest(&a, IG_ATTACK_PGD, little, epsilon, out));
  CHECK(isnan(epsilon[0]) && epsilon[5] == 0);
  m->class_name = NULL;
  ig__free(x);
  ig__free(out);
  ig__slopes_free(&s);
  ig__model_free(m);
  ig_context_free(context);
}

/* Pixels stay 0 … 1 and within ε; towards a class. */
TEST(changes_keep_their_bounds) {
  ig_context *context = threads(2);
  ig__model *m;
  ig__slopes s;
  take_slopes(context, smooth_net(), &m, &s);
  enum { N = 3, PIXELS = 72 };
  double *x = numbers(N * PIXELS, 0, 1, 9), epsilon[N] = {0.01, 0.2, 0.9}, *out = numbers(N * PIXELS, 0, 0, 0);
  const uint64_t key[N] = {1, 2, 3};
  const int truth[N] = {0, 0, 0}, list[N] = {2, 0, 1};
  bool fooled[N];
  const ig__attacked a = {.slopes = &s, .x = x, .truth = truth, .target = 7, .key = key, .n = N, .steps = 10, .seed = 1};
  for (int kind = 0; kind < IG_ATTACKS; kind++) {
    CHECK_OK(ig__attack_try(&a, (ig_attack)kind, list, epsilon, N, out, fooled));
    for (int k = 0; k < N; k++) {
      double squares = 0, most = 0;
      for (int p = 0; p < PIXELS; p++) {
        const double v = out[k * PIXELS + p], d = v - x[list[k] * PIXELS + p];
        CHECK(v >= 0 && v <= 1);
        squares += d * d;
        most = fmax(most, fabs(d));
      }
      CHECK((kind == IG_ATTACK_PGD_L2 ? sqrt(squares) : most) <= epsilon[k] * (1 + 1e-9));
    }
  }
  ig__free(x);
  ig__free(out);
  ig__slopes_free(&s);
  ig__model_free(m);
  ig_context_free(context);
}
