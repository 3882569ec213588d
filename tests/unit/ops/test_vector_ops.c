/* Values of the ops on vectors and of the generic image ops against their definitions, written out naively for plain arrays,
 * for every probe, every table and both real types. */
#include "unit/ops/op_case.h"

#include "ops/scalar_math.h"

/* A case seen as plain arrays: input k, its sizes, the output. */
typedef struct plain { const op_case *c; const ig__shape *s; double *out; int64_t count; } plain;

static double in(const plain *p, int k, int64_t i) { return op_case_get(p->c, k, i); }
static int dim(const plain *p, int k, int d) { return p->c->shape[k].dim[d]; }
/* Pixels of a picture of input k: an image is [n][c][pixels], rows are [n][c][1]. */
static int64_t pixels(const plain *p, int k) { return p->c->shape[k].rank == 4 ? (int64_t)dim(p, k, 2) * dim(p, k, 3) : 1; }

#define UNARY(name, expression)                   \
  static void want_##name(plain *p) {             \
    for (int64_t i = 0; i < p->count; i++) {      \
      double x = in(p, 0, i);                     \
      p->out[i] = (expression);                   \
    }                                             \
  }
#define BINARY(name, expression)                             \
  static void want_##name(plain *p) {                        \
    for (int64_t i = 0; i < p->count; i++) {                 \
      double a = in(p, 0, i), b = in(p, 1, i);               \
      p->out[i] = (expression);                              \
    }                                                        \
  }
BINARY(add, a + b)
BINARY(sub, a - b)
BINARY(mul, a * b)
UNARY(flatten, x)
UNARY(reshape, x)
UNARY(scale, x * *(const double *)p->c->options)
UNARY(shift, x + *(const double *)p->c->options)

/* The element-wise ops with their orders: order 0 of x, orders 1 and 2 of (u, g). */
static int order(const plain *p) { return *(const int *)p->c->options; }
#define ELEMENTWISE(name, f, slope, slope2)                                         \
  static void want_##name(plain *p) {                                               \
    for (int64_t i = 0; i < p->count; i++) {                                        \
      double x = in(p, 0, i), y = x, g = order(p) ? in(p, 1, i) : 0;                \
      p->out[i] = order(p) == 0 ? (f) : order(p) == 1 ? g * (slope) : g * (slope2); \
      (void)x, (void)y;                                                             \
    }                                                                               \
  }
ELEMENTWISE(relu, fmax(x, 0), y > 0, 0)
ELEMENTWISE(leaky_relu, x > 0 ? x : 0.01 * x, y > 0 ? 1 : 0.01, 0)
ELEMENTWISE(sigmoid, 1 / (1 + exp(-x)), y * (1 - y), 1 - 2 * y)
ELEMENTWISE(tanh, tanh(x), 1 - y * y, -2 * y)
static double phi(double x) { return exp(-x * x / 2) / sqrt(2 * acos(-1.0)); }
ELEMENTWISE(elu, x > 0 ? x : expm1(x), y > 0 ? 1 : y + 1, y <= 0)
ELEMENTWISE(exp, exp(x), y, 1)
ELEMENTWISE(gelu, x * erfc(-x / sqrt(2)) / 2, erfc(-x / sqrt(2)) / 2 + x * phi(x), (2 - x * x) * phi(x))
ELEMENTWISE(log, log(x), 1 / x, -1 / (x * x))
ELEMENTWISE(silu, x / (1 + exp(-x)), (1 + exp(-x) + x * exp(-x)) / pow(1 + exp(-x), 2),
            (2 + x * (1 - 2 / (1 + exp(-x)))) / (2 + exp(x) + exp(-x)))
ELEMENTWISE(sqrt, sqrt(x), 1 / (2 * y), -1 / (2 * y * y))
ELEMENTWISE(square, x * x, 2 * x, 2)
static double focus(double l) { return l * pow(1 - exp(-l), 2); }
ELEMENTWISE(focus, focus(x), pow(1 - exp(-x), 2) + 2 * (1 - exp(-x)) * exp(-x) * x,
            4 * (1 - exp(-x)) * exp(-x) + 2 * x * exp(-x) * (2 * exp(-x) - 1))
BINARY(sigmoid_cross_entropy, (b - 1) * log(1 - 1 / (1 + exp(-a))) - b * log(1 / (1 + exp(-a))))

static void product(plain *p, int rows, int cols, int inner, const int64_t a[2], const int64_t b[2]) {
  for (int i = 0; i < rows; i++)
    for (int j = 0; j < cols; j++) {
      p->out[i * cols + j] = 0;
      for (int q = 0; q < inner; q++) p->out[i * cols + j] += in(p, 0, i * a[0] + q * a[1]) * in(p, 1, q * b[0] + j * b[1]);
    }
}
static void want_matmul_nt(plain *p) {
  int k = dim(p, 0, 1);
  product(p, dim(p, 0, 0), dim(p, 1, 0), k, (int64_t[]){k, 1}, (int64_t[]){1, k});
}
static void want_matmul_nn(plain *p) {
  product(p, dim(p, 0, 0), dim(p, 1, 1), dim(p, 0, 1), (int64_t[]){dim(p, 0, 1), 1}, (int64_t[]){dim(p, 1, 1), 1});
}
static void want_matmul_tn(plain *p) {
  product(p, dim(p, 0, 1), dim(p, 1, 1), dim(p, 0, 0), (int64_t[]){1, dim(p, 0, 1)}, (int64_t[]){dim(p, 1, 1), 1});
}

/* Output element i of an n×c(×h×w) tensor has channel i / pixels % c. */
static void want_bias(plain *p) {
  for (int64_t i = 0; i < p->count; i++) p->out[i] = in(p, 0, i) + in(p, 1, i / pixels(p, 0) % dim(p, 0, 1));
}
static void want_channel_broadcast(plain *p) {
  int64_t area = p->s->rank == 4 ? (int64_t)p->s->dim[2] * p->s->dim[3] : 1;
  for (int64_t i = 0; i < p->count; i++) p->out[i] = in(p, 0, i / area % p->s->dim[1]);
}
static void want_channel_sum(plain *p) {
  for (int64_t i = 0; i < op_case_count(p->c, 0); i++) p->out[i / pixels(p, 0) % dim(p, 0, 1)] += in(p, 0, i);
}
static void want_sum(plain *p) {
  for (int64_t i = 0; i < op_case_count(p->c, 0); i++) p->out[0] += in(p, 0, i);
}
static void want_mean(plain *p) {
  want_sum(p);
  p->out[0] /= (double)op_case_count(p->c, 0);
}
static void want_sum_picture(plain *p) {
  int64_t each = ig__shape_per_picture(&p->c->shape[0]);
  for (int64_t i = 0; i < op_case_count(p->c, 0); i++) p->out[i / each] += in(p, 0, i);
}
static void want_spread(plain *p) {
  struct { char to[80]; bool mean; } o;
  memcpy(&o, p->c->options, sizeof o);
  int64_t each = p->c->shape[0].rank ? p->count / dim(p, 0, 0) : p->count;
  for (int64_t i = 0; i < p->count; i++) p->out[i] = in(p, 0, i / each) / (o.mean ? (double)p->count : 1);
}

/* Ops over axis 1: for each picture and pixel, c values `pixels` apart. */
static void over_channels(plain *p, double *x, int k, int64_t n, int64_t at) {
  int64_t area = pixels(p, k), c = dim(p, k, 1);
  for (int64_t i = 0; i < c; i++) x[i] = in(p, k, (n * c + i) * area + at);
}
static double log_sum(const double *x, int c) {
  double most = x[0], sum = 0;
  for (int i = 1; i < c; i++) most = fmax(most, x[i]);
  for (int i = 0; i < c; i++) sum += exp(x[i] - most);
  return most + log(sum);
}
#define OVER_CHANNELS(name, before, expression)                                       \
  static void want_##name(plain *p) {                                                 \
    double x[256], z[256], s = 0;                                                     \
    int c = dim(p, 0, 1);                                                             \
    for (int64_t n = 0; n < dim(p, 0, 0); n++)                                        \
      for (int64_t at = 0; at < pixels(p, 0); at++) {                                 \
        over_channels(p, x, 0, n, at);                                                \
        if (p->c->probe.in_count > 1) over_channels(p, z, 1, n, at);                  \
        before;                                                                       \
        for (int i = 0; i < c; i++) p->out[(n * c + i) * pixels(p, 0) + at] = (expression); \
      }                                                                               \
  }
static double dot(const double *a, const double *b, int c) {
  double s = 0;
  for (int i = 0; i < c; i++) s += a[i] * b[i];
  return s;
}
OVER_CHANNELS(softmax, s = log_sum(x, c), ((void)z, exp(x[i] - s)))
OVER_CHANNELS(log_softmax, s = log_sum(x, c), ((void)z, x[i] - s))
OVER_CHANNELS(softmax_dx, s = dot(x, z, c), x[i] * (z[i] - s))
static void want_row_sum(plain *p) {
  int64_t area = pixels(p, 0), c = dim(p, 0, 1);
  for (int64_t i = 0; i < op_case_count(p->c, 0); i++) p->out[i / (c * area) * area + i % area] += in(p, 0, i);
}
static void want_row_spread(plain *p) {
  int64_t area = pixels(p, 0), c = p->s->dim[1];
  for (int64_t i = 0; i < p->count; i++) p->out[i] = in(p, 0, i / (c * area) * area + i % area);
}

static void want_concat(plain *p) {
  int64_t area = pixels(p, 0), c = p->s->dim[1];
  for (int64_t n = 0; n < p->s->dim[0]; n++)
    for (int64_t k = 0, first = 0; k < p->c->probe.in_count; first += dim(p, (int)k, 1), k++)
      for (int64_t i = 0; i < dim(p, (int)k, 1) * area; i++)
        p->out[(n * c + first) * area + i] = in(p, (int)k, n * dim(p, (int)k, 1) * area + i);
}
static void want_slice(plain *p) {
  const int *o = p->c->options; /* first, count */
  int64_t area = pixels(p, 0), c = dim(p, 0, 1);
  for (int64_t i = 0; i < p->count; i++) p->out[i] = in(p, 0, (i / (o[1] * area) * c + o[0]) * area + i % (o[1] * area));
}
static void want_slice_dx(plain *p) {
  const int *o = p->c->options; /* first, channels */
  int64_t area = pixels(p, 0), c = dim(p, 0, 1);
  for (int64_t i = 0; i < op_case_count(p->c, 0); i++)
    p->out[(i / (c * area) * o[1] + o[0]) * area + i % (c * area)] = in(p, 0, i);
}

static void want_one_hot(plain *p) {
  struct { int classes; double smooth; } o;
  memcpy(&o, p->c->options, sizeof o);
  for (int64_t i = 0; i < p->count; i++)
    p->out[i] = (i % o.classes == (int64_t)in(p, 0, i / o.classes) ? 1 - o.smooth : 0) + o.smooth / o.classes;
}
static void want_softmax_cross_entropy(plain *p) {
  double x[256], smooth = *(const double *)p->c->options;
  int c = dim(p, 0, 1);
  for (int64_t n = 0; n < p->count; n++) {
    over_channels(p, x, 0, n, 0);
    for (int i = 0; i < c; i++) {
      double t = p->c->dtype[1] == IG__REAL ? in(p, 1, n * c + i) : i == (int)in(p, 1, n);
      p->out[n] -= ((1 - smooth) * t + smooth / c) * (x[i] - log_sum(x, c));
    }
  }
}

#define X(name) {#name, want_##name},
static const struct { const char *name; void (*want)(plain *p); } oracle[] = {
  X(add) X(sub) X(mul) X(flatten) X(reshape) X(scale) X(shift) X(relu) X(leaky_relu) X(sigmoid) X(tanh) X(elu)
  X(exp) X(focus) X(gelu) X(log) X(sigmoid_cross_entropy) X(silu) X(sqrt) X(square) X(matmul_nt) X(matmul_nn)
  X(matmul_tn) X(bias) X(channel_broadcast) X(channel_sum) X(sum) X(mean) X(sum_picture) X(spread) X(softmax) X(log_softmax)
  X(softmax_dx) X(row_sum) X(row_spread) X(concat) X(slice) X(slice_dx) X(one_hot) X(softmax_cross_entropy)};
#undef X

static void check_case(op_case *c, void (*want)(plain *p)) {
  case_plan plan;
  plain p = {.c = c, .s = ig__shape_of(c->graph, c->out[0])};
  p.count = ig__shape_count(p.s);
  p.out = calloc((size_t)p.count, sizeof *p.out);
  want(&p);
  case_plan_new(&plan, c, c->out, 1, 2);
  case_plan_run(&plan, c, c->probe.n);
  CHECK_INT(ig__shape_count(ig__plan_result_shape(plan.plan, 0)), p.count);
  double most = 1e-30;
  for (int64_t i = 0; i < p.count; i++) most = fmax(most, fabs(p.out[i]));
  for (int64_t i = 0; i < p.count; i++) {
    double got = case_plan_get(&plan, c, 0, i);
    if (!(fabs(got - p.out[i]) <= most * (c->k->real_size == 8 ? 1e-13 : 2e-5)))
      test_fail(__FILE__, __LINE__, "%s probe %d (%s, %d bytes): element %lld is %.17g, want %.17g", c->op->name, c->index,
                ig__isa_name(c->k->isa), c->k->real_size, (long long)i, got, p.out[i]);
  }
  case_plan_free(&plan);
  free(p.out);
  op_case_close(c);
}

TEST(values_by_definition) {
  op_case *c = calloc(1, sizeof *c);
  for (size_t i = 0; i < sizeof oracle / sizeof oracle[0]; i++)
    for (int isa = IG__ISA_REFERENCE; isa < IG__ISA_COUNT; isa++)
      for (int size = 4; size <= 8 && ig__isa_usable((ig__isa)isa); size += 4)
        for (int index = 0; op_case_open(c, ig__op_find(oracle[i].name), index, ig__kernels_for((ig__isa)isa, size)); index++)
          check_case(c, oracle[i].want);
  free(c);
}

/* Distance in units of the last place of the wanted value. */
static double ulps(double got, double want) {
  if (got == want || (got != got && want != want)) return 0;
  int e;
  frexp(want, &e);
  return fabs(got - want) / ldexp(1, e < -1021 ? -1074 : e - 53);
}

TEST(scalar_math) {
  double worst[7] = {0};
  for (int i = -200000; i <= 200000; i++) {
    double x = i * 3.7e-3, small = i * 1e-7, positive = exp(i * 3.5e-3);
    worst[0] = fmax(worst[0], fmax(ulps(ig__exp(x), exp(x)), ulps(ig__exp(small), exp(small))));
    worst[1] = fmax(worst[1], fmax(ulps(ig__log(positive), log(positive)), ulps(ig__log(1 + small), log(1 + small))));
    worst[2] = fmax(worst[2], ulps(ig__tanh(i * 1e-4), tanh(i * 1e-4)));
    worst[3] = fmax(worst[3], fmax(ulps(ig__log1p(positive), log1p(positive)), ulps(ig__log1p(small), log1p(small))));
    worst[5] = fmax(worst[5], ulps(ig__expm1(i * 1e-4), expm1(i * 1e-4)));
    worst[6] = fmax(worst[6], i < 0 ? 0 : ulps(ig__normal(i * 1e-4), erfc(-i * 1e-4 / sqrt(2)) / 2));
    worst[4] = fmax(worst[4], ulps(ig__sigmoid(x), 1 / (1 + exp(-x))) * (x > -30));
  }
  /* exp, log, tanh, log1p; the naive sigmoid rounds three times itself; expm1, the normal distribution. */
  const double bound[7] = {1, 1, 3, 2, 4, 4, 3};
  for (int i = 0; i < 7; i++)
    if (worst[i] > bound[i]) test_fail(__FILE__, __LINE__, "function %d is off by %g units of the last place", i, worst[i]);
  CHECK(ig__exp(800) == HUGE_VAL && ig__exp(-800) == 0 && ig__exp(0) == 1 && isnan(ig__exp(NAN)));
  CHECK(ig__log(0) == -HUGE_VAL && ig__log(HUGE_VAL) == HUGE_VAL && isnan(ig__log(-1)) && isnan(ig__log(NAN)) && ig__log(1) == 0);
  CHECK(ulps(ig__log(5e-324), log(5e-324)) < 2 && ulps(ig__exp(-740), exp(-740)) < 2);
  CHECK(ig__tanh(0) == 0 && ig__tanh(50) == 1 && ig__tanh(-50) == -1 && ig__log1p(0) == 0 && ig__log1p(-1) == -HUGE_VAL);
}
