/* Moments over 100,000 draws (bounds are five standard errors), limits, fans, and independence of the span. */
#include "base/alloc.h"
#include "optim/optim.h"
#include "test.h"

enum { DRAWS = 100000 };
static double w[DRAWS], other[DRAWS];

static void fill(const char *text, double fan_in, double fan_out, double *to, int64_t count) {
  const ig__initialiser *i;
  void *options;
  ig__rng rng = ig__rng_make(7, IG__FOR_INIT, 0, 0);
  CHECK_OK(ig__initialiser_parse(text, &i, &options));
  i->fill(options, fan_in, fan_out, &rng, to, count);
  ig__free(options);
}

static double mean_of_power(int power, double centre) {
  double sum = 0;
  for (int i = 0; i < DRAWS; i++) sum += pow(w[i] - centre, power);
  return sum / DRAWS;
}

static const struct { const char *name; double variance; bool uniform; } cases[] = {
  {"glorot_normal", 2.0 / 400, false},
  {"glorot_uniform", 2.0 / 400, true},
  {"he_normal", 2.0 / 100, false},
  {"he_uniform", 2.0 / 100, true},
  {"lecun_normal", 1.0 / 100, false},
  {"lecun_uniform", 1.0 / 100, true},
};

/* The fourth moment tells the shapes apart: 3σ⁴ for a normal (2.37σ⁴ for one cut at two deviations), 1.8σ⁴ for a
 * uniform. */
TEST(moments) {
  for (size_t c = 0; c < sizeof cases / sizeof cases[0]; c++) {
    double variance = cases[c].variance, error = 5 / sqrt(DRAWS);
    fill(cases[c].name, 100, 300, w, DRAWS);
    CHECK_NEAR(mean_of_power(1, 0), 0, error * sqrt(variance));
    CHECK_NEAR(mean_of_power(2, 0) / variance, 1, error * sqrt(cases[c].uniform ? 0.8 : 2));
    CHECK_NEAR(mean_of_power(3, 0) / pow(variance, 1.5), 0, error * sqrt(15));
    CHECK_NEAR(mean_of_power(4, 0) / (variance * variance), cases[c].uniform ? 1.8 : 3, error * sqrt(96));
  }
}

TEST(bounds_of_uniforms) {
  for (size_t c = 0; c < sizeof cases / sizeof cases[0]; c++) {
    double limit = sqrt(3 * cases[c].variance), low = 0, high = 0;
    fill(cases[c].name, 100, 300, w, DRAWS);
    for (int i = 0; i < DRAWS; i++) low = fmin(low, w[i]), high = fmax(high, w[i]);
    if (cases[c].uniform) CHECK(low >= -limit && low < -0.999 * limit && high <= limit && high > 0.999 * limit);
    else CHECK(low < -2 * limit && high > 2 * limit);
  }
}

/* Neighbours are not correlated: Box–Muller must not hand out a pair's related halves. */
TEST(neighbours_are_independent) {
  for (size_t c = 0; c < sizeof cases / sizeof cases[0]; c++) {
    fill(cases[c].name, 100, 300, w, DRAWS);
    for (int lag = 1; lag <= 4; lag++) {
      double sum = 0, squares = 0;
      for (int i = 0; i + lag < DRAWS; i++) {
        sum += w[i] * w[i + lag];
        squares += w[i] * w[i] * w[i + lag] * w[i + lag];
      }
      CHECK_NEAR(sum / (DRAWS * cases[c].variance), 0, 5 / sqrt(DRAWS));
      CHECK_NEAR(squares / (DRAWS * cases[c].variance * cases[c].variance), 1, 5 * sqrt(8.0 / DRAWS));
    }
  }
}

/* Filled at once, filled in two pieces, and as the beginning of a longer span: the same values. */
TEST(same_values_whatever_the_span) {
  for (size_t n = 0; ig__initialisers[n]; n++) {
    const ig__initialiser *i = ig__initialisers[n];
    char text[64];
    void *options;
    if (!i->fill) continue;
    snprintf(text, sizeof text, strcmp(i->name, "constant") ? "%s" : "%s 0.5", i->name);
    CHECK_OK(ig__initialiser_parse(text, &i, &options));
    ig__rng rng = ig__rng_make(7, IG__FOR_INIT, 3, 1);
    i->fill(options, 9, 16, &rng, w, 100);
    rng = ig__rng_make(7, IG__FOR_INIT, 3, 1);
    i->fill(options, 9, 16, &rng, other, 37);
    i->fill(options, 9, 16, &rng, other + 37, 200);
    CHECK(memcmp(w, other, 100 * sizeof *w) == 0);
    ig__free(options);
  }
}

/* Rows of a wide matrix, columns of a tall one: lengths gain, products 0. */
static void check_orthogonal(int rows, int columns, const char *text, double gain) {
  const ig__initialiser *i;
  void *options;
  ig__rng rng = ig__rng_make(7, IG__FOR_INIT, (uint64_t)rows, 0);
  CHECK(rows * columns <= DRAWS);
  CHECK_OK(ig__initialiser_parse(text, &i, &options));
  CHECK_OK(i->fill_matrix(options, rows, columns, &rng, w));
  ig__free(options);
  const bool tall = rows > columns;
  const int vectors = tall ? columns : rows, length = tall ? rows : columns, step = tall ? columns : 1, next = tall ? 1 : columns;
  for (int a = 0; a < vectors; a++)
    for (int b = a; b < vectors; b++) {
      double sum = 0;
      for (int k = 0; k < length; k++) sum += w[a * next + k * step] * w[b * next + k * step];
      CHECK_NEAR(sum, a == b ? gain * gain : 0, 1e-12 * gain * gain);
    }
}

TEST(orthogonal) {
  check_orthogonal(1, 1, "orthogonal", 1);
  check_orthogonal(5, 9, "orthogonal", 1);
  check_orthogonal(9, 5, "orthogonal 1.5", 1.5);
  check_orthogonal(64, 576, "orthogonal", 1);
  check_orthogonal(200, 200, "orthogonal gain=2", 2); /* square: the worst condition */
}

/* Every direction is as likely: in squares of 4 the elements have mean 0 and square ¼, as PyTorch's and Keras's have. */
TEST(orthogonal_is_even) {
  const ig__initialiser *i;
  void *options;
  ig__rng rng = ig__rng_make(8, IG__FOR_INIT, 0, 0);
  double mean[16] = {0}, square[16] = {0};
  CHECK_OK(ig__initialiser_parse("orthogonal", &i, &options));
  for (int t = 0; t < 4000; t++) {
    CHECK_OK(i->fill_matrix(options, 4, 4, &rng, w));
    for (int k = 0; k < 16; k++) mean[k] += w[k] / 4000, square[k] += w[k] * w[k] / 4000;
  }
  for (int k = 0; k < 16; k++) {
    CHECK_NEAR(mean[k], 0, 5 * 0.5 / sqrt(4000));
    CHECK_NEAR(square[k], 0.25, 5 * 0.25 / sqrt(4000));
  }
  ig__free(options);
}

TEST(fixed_values) {
  static const struct { const char *text; double value; } fixed[] = {
    {"zeros", 0}, {"ones", 1}, {"constant 0.25", 0.25}, {"constant value=-3", -3}};
  for (size_t c = 0; c < sizeof fixed / sizeof fixed[0]; c++) {
    for (int i = 0; i < 100; i++) w[i] = 99;
    fill(fixed[c].text, 5, 5, w, 99);
    for (int i = 0; i < 99; i++) CHECK(w[i] == fixed[c].value);
    CHECK(w[99] == 99);
  }
}
