/* Whole nets in double on small pictures: the gradient of the loss by every parameter against five-point differences along one
 * random direction a parameter. A step is made smaller until no relu and no pooling window changes sides on it. */
#include "model_test.h"

#include "graph/plan.h"

enum { N = 2, MOST = 128 };

typedef struct net {
  ig__model *model;
  ig__graph *graph;
  ig__plan *gradient, *loss;   /* loss and gradients; loss and the sides of the kinks */
  ig__pool *pool;
  int kinks;
  double *x, *target, *grads, *start, *direction;
} net;

/* The built-in text with another input line. */
static void small_text(const char *name, const char *input, char out[4096]) {
  const ig__builtin *b = ig__builtins;
  while (b->name && strcmp(b->name, name) != 0) b++;
  CHECK(b->name && strlen(b->text) + strlen(input) < 4096);
  const char *line = strstr(b->text, "\ninput "), *rest = line ? strchr(line + 1, '\n') : NULL;
  CHECK(rest != NULL);
  ig__snprintf(out, 4096, "%.*s\n%s%s", (int)(line - b->text), b->text, input, rest);
}

static double *numbers(int64_t count, uint64_t seed) {
  double *v = ig__alloc((size_t)count, sizeof *v);
  ig__rng rng = ig__rng_make(seed, IG__FOR_TEST, 0, 0);
  for (int64_t i = 0; v && i < count; i++) v[i] = ig__rng_normal(&rng);
  CHECK(v != NULL);
  return v;
}

static ig__plan *plan_of(const net *t, const ig__plan_output *output, int count) {
  ig__plan *plan;
  ig__isa isa;
  CHECK_OK(ig__isa_choose(NULL, &isa));
  CHECK_OK(ig__plan_new(&plan, &(ig__plan_request){.graph = t->graph, .output = output, .output_count = count,
                                                   .k = ig__kernels_for(isa, 8), .param_offset = t->model->param_offset,
                                                   .state_offset = t->model->state_offset, .param_count = t->model->params_size}));
  CHECK_OK(ig__plan_prepare(plan, 2));
  return plan;
}

static void make_plans(net *t, ig__value loss) {
  ig__value of[MOST], to[MOST];
  ig__plan_output gradient[MOST] = {{loss, -1}}, sides[MOST] = {{loss, -1}};
  int count = 0;
  for (size_t i = 0; i < t->graph->node_count; i++) {
    const ig__node *node = t->graph->node[i];
    if (node->op->flags & IG__KINK) sides[++t->kinks] = (ig__plan_output){node->out[node->out_count - 1], -1};
  }
  for (size_t i = 0; i < t->graph->tensor_count; i++)
    if (t->graph->tensor[i]->leaf == IG__LEAF_PARAM) of[count++] = (ig__value)i;
  CHECK(count == (int)t->model->param_count && count + 1 < MOST && t->kinks + 1 < MOST);
  CHECK_OK(ig__gradients(t->graph, loss, IG__NONE, of, count, to));
  for (int i = 0; i < count; i++)
    gradient[i + 1] = (ig__plan_output){to[i], t->model->param[t->graph->tensor[of[i]]->leaf_index].offset};
  t->gradient = plan_of(t, gradient, count + 1);
  t->loss = plan_of(t, sides, t->kinks + 1);
}

static void open_net(net *t, const char *name, const char *input) {
  char text[4096];
  ig__built built;
  *t = (net){0};
  small_text(name, input, text);
  CHECK_OK(parse_text(text, &t->model));
  CHECK_OK(ig__model_bind(t->model, 8, 1));
  CHECK_OK(ig__graph_new(&t->graph, ig__core_ops_get(), N, true));
  CHECK_OK(ig__model_build(t->model, t->graph, IG__REAL, &built));
  const ig__shape *y = ig__shape_of(t->graph, built.output[0]);
  ig__value target = ig__leaf_add(t->graph, IG__LEAF_FIELD, 1, IG__REAL, *y);
  t->x = numbers(ig__shape_count(ig__shape_of(t->graph, built.image)), 1);
  t->target = numbers(ig__shape_count(y), 2);
  ig__layer layer = {.graph = t->graph, .name = "loss"};
  make_plans(t, ig__op_mse.build(&layer, NULL, 2, (ig__value[]){built.output[0], target}));
  CHECK_OK(ig__pool_new(&t->pool, 2));
  t->grads = numbers(t->model->params_size, 3);
  t->direction = numbers(t->model->params_size, 4);
  t->start = ig__alloc((size_t)t->model->params_size, sizeof(double));
  memcpy(t->start, t->model->params, (size_t)t->model->params_size * sizeof(double));
}

static void close_net(net *t) {
  ig__plan_free(t->gradient);
  ig__plan_free(t->loss);
  ig__pool_free(t->pool);
  ig__graph_free(t->graph);
  ig__model_free(t->model);
  double *memory[] = {t->x, t->target, t->grads, t->start, t->direction};
  for (int i = 0; i < 5; i++) ig__free(memory[i]);
}

static double run(const net *t, ig__plan *plan) {
  static const uint64_t keys[N];
  ig__feed feed = {.n = N, .params = t->model->params, .state = t->model->states, .grads = t->grads, .field = {t->x, t->target},
                   .loss_scale = 1, .step = {.seed = 1, .key = keys}};
  CHECK_OK(ig__plan_run(plan, t->pool, &feed));
  return *(const double *)ig__plan_result(plan, 0);
}

static uint64_t sides_of(const net *t) {
  uint64_t hash = 0;
  for (int i = 1; i <= t->kinks; i++) {
    const void *p = ig__plan_result(t->loss, i);
    const bool winner = ig__plan_result_dtype(t->loss, i) == IG__U8;
    for (int64_t k = 0, count = ig__shape_count(ig__plan_result_shape(t->loss, i)); k < count; k++)
      hash = (hash ^ (uint64_t)(winner ? ((const uint8_t *)p)[k] : ((const double *)p)[k] > 0)) * 1099511628211u + 1;
  }
  return hash;
}

/* The slope of the loss along the direction of one parameter; false when every step changes a side. */
static bool slope(const net *t, const ig__param *p, uint64_t sides, double *out) {
  static const double at[4] = {-2, -1, 1, 2};
  double *w = t->model->params;
  for (double h = 1e-3 / sqrt((double)p->count); h > 1e-9 / sqrt((double)p->count); h /= 4) {
    double f[4];
    bool same = true;
    for (int i = 0; i < 4 && same; i++) {
      for (int64_t k = p->offset; k < p->offset + p->count; k++) w[k] = t->start[k] + at[i] * h * t->direction[k];
      f[i] = run(t, t->loss);
      same = sides_of(t) == sides;
    }
    for (int64_t k = p->offset; k < p->offset + p->count; k++) w[k] = t->start[k];
    if (!same) continue;
    *out = (f[0] - 8 * f[1] + 8 * f[2] - f[3]) / (12 * h);
    return true;
  }
  return false;
}

static void check_gradients(const char *name, const char *input) {
  net t;
  int checked = 0;
  double worst = 0;
  open_net(&t, name, input);
  const double loss = run(&t, t.loss);
  const uint64_t sides = sides_of(&t);
  CHECK_NEAR(run(&t, t.gradient), loss, 1e-12 * loss);
  for (size_t i = 0; i < t.model->param_count; i++) {
    const ig__param *p = &t.model->param[i];
    double analytic = 0, norm = 0, numeric;
    for (int64_t k = p->offset; k < p->offset + p->count; k++) {
      analytic += t.grads[k] * t.direction[k];
      norm += t.grads[k] * t.grads[k];
    }
    CHECK(norm > 0);
    if (!slope(&t, p, sides, &numeric)) continue;
    const double error = fabs(analytic - numeric) / (fabs(analytic) + sqrt(norm));
    if (!(error < 1e-5)) test_fail(__FILE__, __LINE__, "%s: %s: %.12g by the rules, %.12g by differences", name, p->name, analytic, numeric);
    worst = fmax(worst, error);
    checked++;
  }
  printf("  %s: %d of %zu parameters, worst error %.1e\n", name, checked, t.model->param_count, worst);
  CHECK(checked * 10 >= (int)t.model->param_count * 9);
  close_net(&t);
}

TEST(gradients_of_dncnn) { check_gradients("dncnn", "input 1 5 6"); }
TEST(gradients_of_unet) { check_gradients("unet", "input 1 16 8"); }
