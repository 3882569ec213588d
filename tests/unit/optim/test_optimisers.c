/* Each optimiser against a scalar of its published rule in double, and against closed forms where there are any. */
#include "base/alloc.h"
#include "spans.h"

enum { COUNT = 37, STEPS = 50 }; /* 37: no multiple of a vector */

/* A gradient that no weight enters, so that rounding of the weights does not feed back. */
static double some_gradient(int i, int step) { return sin(0.7 * step + i) + 0.3 * cos(1.3 * i); }

typedef struct { double w, a, b, c; } scalar;
typedef void (*scalar_rule)(scalar *s, double g, double lr, int step);

static void plain_rule(scalar *s, double g, double lr, int step) {
  (void)step;
  s->w -= lr * g;
}
static void momentum_rule(scalar *s, double g, double lr, int step) {
  (void)step;
  s->a = 0.9 * s->a + g;
  s->w -= lr * s->a;
}
static void nesterov_rule(scalar *s, double g, double lr, int step) {
  (void)step;
  s->a = 0.9 * s->a + g;
  s->w -= lr * (g + 0.9 * s->a);
}
static void adam(scalar *s, double g, double lr, int step, double beta1, double beta2, double epsilon) {
  s->a = beta1 * s->a + (1 - beta1) * g;
  s->b = beta2 * s->b + (1 - beta2) * g * g;
  s->w -= lr * (s->a / (1 - pow(beta1, step))) / (sqrt(s->b / (1 - pow(beta2, step))) + epsilon);
}
static void adam_rule(scalar *s, double g, double lr, int step) { adam(s, g, lr, step, 0.9, 0.999, 1e-7); }
static void adam_other_rule(scalar *s, double g, double lr, int step) { adam(s, g, lr, step, 0.8, 0.99, 1e-3); }

static void amsgrad_rule(scalar *s, double g, double lr, int step) {
  s->a = 0.9 * s->a + 0.1 * g;
  s->b = 0.999 * s->b + 0.001 * g * g;
  s->c = fmax(s->c, s->b);
  s->w -= lr * (s->a / (1 - pow(0.9, step))) / (sqrt(s->c / (1 - pow(0.999, step))) + 1e-7);
}
static void rmsprop(scalar *s, double g, double lr, double rho, double epsilon, double momentum) {
  s->a = rho * s->a + (1 - rho) * g * g;
  s->b = momentum * s->b + g / (sqrt(s->a) + epsilon);
  s->w -= lr * s->b;
}
static void rmsprop_rule(scalar *s, double g, double lr, int step) { (void)step, rmsprop(s, g, lr, 0.9, 1e-7, 0); }
static void rmsprop_other_rule(scalar *s, double g, double lr, int step) { (void)step, rmsprop(s, g, lr, 0.99, 1e-2, 0.5); }
static void adagrad_rule(scalar *s, double g, double lr, int step) {
  (void)step;
  s->a += g * g;
  s->w -= lr * g / (sqrt(s->a) + 1e-7);
}

static const struct { const char *text; int slots; scalar_rule rule; } cases[] = {
  {"sgd", 0, plain_rule},
  {"sgd momentum=0.9", 1, momentum_rule},
  {"sgd momentum=0.9 nesterov=yes", 1, nesterov_rule},
  {"adam", 2, adam_rule},
  {"adam beta1=0.8 beta2=0.99 epsilon=1e-3", 2, adam_other_rule},
  {"adam amsgrad=yes", 3, amsgrad_rule},
  {"adamw weight_decay=0.1", 2, adam_rule}, /* decay is the updater's */
  {"adamw amsgrad=yes", 3, amsgrad_rule},
  {"rmsprop", 1, rmsprop_rule},
  {"rmsprop rho=0.99 epsilon=0.01 momentum=0.5", 2, rmsprop_other_rule},
  {"adagrad", 1, adagrad_rule},
};

enum { SLOTS = 3 };
static span w, g, slot[SLOTS];

static ig__update start(const ig__kernels *k, const void *options, int count) {
  memset(slot, 0, sizeof slot);
  return (ig__update){.k = k, .options = options, .w = &w, .g = &g, .slot = {&slot[0], &slot[1], &slot[2]}, .count = count};
}

/* The rate changes from step to step: that is where PyTorch's momentum and Keras's differ. */
static void against_scalars(const ig__kernels *k) {
  for (size_t c = 0; c < sizeof cases / sizeof cases[0]; c++) {
    const ig__optimiser *o;
    void *options;
    scalar want[COUNT];
    CHECK_OK(ig__optimiser_parse(cases[c].text, &o, &options));
    CHECK_INT(o->slots(options), cases[c].slots);
    for (int i = 0; i < COUNT; i++) {
      span_set(k, &w, i, cos(i));
      want[i] = (scalar){.w = span_get(k, &w, i)};
    }
    ig__update u = start(k, options, COUNT);
    for (int step = 1; step <= STEPS; step++) {
      u.step = step;
      u.lr = 0.01 / (1 + step % 3);
      for (int i = 0; i < COUNT; i++) {
        span_set(k, &g, i, some_gradient(i, step));
        cases[c].rule(&want[i], span_get(k, &g, i), u.lr, step);
      }
      o->step(&u);
    }
    for (int i = 0; i < COUNT; i++) CHECK_NEAR(span_get(k, &w, i), want[i].w, 4 * STEPS * span_eps(k));
    ig__free(options);
  }
}
TEST(every_rule_against_its_scalar) { for_each_table(against_scalars); }

/* Under a constant gradient of 1: w = −lr·t, and −lr·Σₛ(1−μˢ)/(1−μ) with momentum. */
static void constant_gradient(const ig__kernels *k) {
  for (int momentum = 0; momentum < 2; momentum++) {
    const ig__optimiser *o;
    void *options;
    double mu = momentum ? 0.9 : 0, want = 0;
    CHECK_OK(ig__optimiser_parse(momentum ? "sgd momentum=0.9" : "sgd", &o, &options));
    span_set(k, &w, 0, 0);
    span_set(k, &g, 0, 1);
    ig__update u = start(k, options, 1);
    u.lr = 0.125;
    for (int step = 1; step <= STEPS; step++) {
      u.step = step;
      o->step(&u);
      want -= 0.125 * (1 - pow(mu, step)) / (1 - mu);
    }
    CHECK_NEAR(span_get(k, &w, 0), want, 40 * STEPS * span_eps(k));
    ig__free(options);
  }
}
TEST(sgd_closed_form) { for_each_table(constant_gradient); }

/* Adam's first step is lr·g/(|g|+ε) whatever the betas: with |g| = ε half the rate. With Keras's ε, before the bias
 * correction, it would be lr/(1+32). */
static void first_step(const ig__kernels *k) {
  static const double gradients[] = {1, -1, 1e-7, -1e-7, 1e-3, 0};
  enum { N = sizeof gradients / sizeof gradients[0] };
  const ig__optimiser *o;
  void *options;
  CHECK_OK(ig__optimiser_parse("adam", &o, &options));
  for (int i = 0; i < N; i++) {
    span_set(k, &w, i, 0);
    span_set(k, &g, i, gradients[i]);
  }
  ig__update u = start(k, options, N);
  u.lr = o->default_lr;
  u.step = 1;
  o->step(&u);
  for (int i = 0; i < N; i++) {
    double want = -0.001 * gradients[i] / (fabs(gradients[i]) + 1e-7);
    CHECK_NEAR(span_get(k, &w, i), want, 0.001 * 64 * span_eps(k));
  }
  ig__free(options);
}
TEST(adam_epsilon_after_bias_correction) { for_each_table(first_step); }

/* A span updated in pieces gets the bits of one updated at once. */
static void in_pieces(const ig__kernels *k) {
  static span whole, other[SLOTS];
  for (size_t c = 0; c < sizeof cases / sizeof cases[0]; c++) {
    const ig__optimiser *o;
    void *options;
    size_t size = (size_t)k->real_size;
    CHECK_OK(ig__optimiser_parse(cases[c].text, &o, &options));
    for (int i = 0; i < COUNT; i++) span_set(k, &w, i, cos(i));
    whole = w;
    ig__update u = start(k, options, COUNT);
    memset(other, 0, sizeof other);
    u.lr = 0.01;
    for (u.step = 1; u.step <= 5; u.step++) {
      for (int i = 0; i < COUNT; i++) span_set(k, &g, i, some_gradient(i, (int)u.step));
      for (size_t from = 0, n = 5; from < COUNT; from += n, n = COUNT - 5) {
        ig__update piece = u;
        piece.w = (char *)&w + from * size;
        piece.g = (char *)&g + from * size;
        for (int i = 0; i < SLOTS; i++) piece.slot[i] = (char *)&slot[i] + from * size;
        piece.count = (int64_t)n;
        o->step(&piece);
      }
      ig__update once = u;
      once.w = &whole;
      for (int i = 0; i < SLOTS; i++) once.slot[i] = &other[i];
      o->step(&once);
    }
    CHECK(memcmp(&w, &whole, COUNT * size) == 0);
    ig__free(options);
  }
}
TEST(same_bits_in_pieces) { for_each_table(in_pieces); }

TEST(default_rates) {
  CHECK(ig__optimiser_find("adagrad")->default_lr == 0.01);
  CHECK(ig__optimiser_find("adam")->default_lr == 0.001);
  CHECK(ig__optimiser_find("adamw")->default_lr == 0.001);
  CHECK(ig__optimiser_find("rmsprop")->default_lr == 0.001);
  CHECK(ig__optimiser_find("sgd")->default_lr == 0.01);
}

static double decay_of(const char *text) {
  const ig__optimiser *o;
  void *options;
  CHECK_OK(ig__optimiser_parse(text, &o, &options));
  double decay = o->weight_decay ? o->weight_decay(options) : 0;
  ig__free(options);
  return decay;
}

TEST(own_decay) {
  CHECK(decay_of("adamw") == 0.01);
  CHECK(decay_of("adamw weight_decay=0.5") == 0.5);
  CHECK(decay_of("adam") == 0);
}

TEST(nesterov_needs_a_momentum) {
  const ig__optimiser *o;
  void *options;
  CHECK_STATUS(ig__optimiser_parse("sgd nesterov=yes", &o, &options), IG_USAGE);
  CHECK_HAS(ig_last_error(), "momentum");
}
