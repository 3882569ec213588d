/* Plans of whole networks: what textbook and resnet8 become, and second derivatives: Hessian–vector products by differentiating
 * twice, against differences of gradients. */
#include "unit/ops/op_case.h"

#include "base/rng.h"
#include "graph/plan.h"

#define MOST 64 /* parameters, states, outputs of a net */

typedef struct network {
  ig__graph *graph;
  ig__layer layer;
  ig__value x, label, top, loss, param[MOST];
  ig__shape shape[MOST];
  int n, params, states, output_count;
  int64_t param_offset[MOST], state_offset[MOST], param_count, state_count;
  ig__plan_output output[MOST];
} network;

static int64_t take_span(int64_t *end, const ig__shape *s) {
  int64_t at = *end;
  *end += (ig__shape_count(s) + 15) / 16 * 16;
  return at;
}

static ig__value add_param(network *net, ig__shape shape) {
  CHECK(net->params < MOST);
  net->shape[net->params] = shape;
  net->param_offset[net->params] = take_span(&net->param_count, &shape);
  net->param[net->params] = ig__leaf_add(net->graph, IG__LEAF_PARAM, net->params, IG__REAL, shape);
  return net->param[net->params++];
}

static ig__value layer_parameter(ig__layer *l, const char *suffix, ig__shape shape, ig__param_kind kind, const char *initialiser,
                                 double fan_in, double fan_out) {
  (void)suffix, (void)kind, (void)initialiser, (void)fan_in, (void)fan_out;
  return add_param((network *)(void *)((char *)l - offsetof(network, layer)), shape);
}

static ig__value layer_state(ig__layer *l, const char *suffix, ig__shape shape, double initial) {
  network *of = (network *)(void *)((char *)l - offsetof(network, layer));
  (void)suffix, (void)initial;
  of->state_offset[of->states] = take_span(&of->state_count, &shape);
  return ig__leaf_add(l->graph, IG__LEAF_STATE, of->states++, IG__REAL, shape);
}

static void net_open(network *net, int n, int channels, int size, ig__dtype picture) {
  memset(net, 0, sizeof *net);
  net->n = n;
  CHECK_OK(ig__graph_new(&net->graph, ig__core_ops_get(), n, true));
  net->layer = (ig__layer){net->graph, "line", layer_parameter, layer_state, NULL};
  net->x = ig__leaf_add(net->graph, IG__LEAF_FIELD, 0, picture, ig__shape_make(4, (int[]){n, channels, size, size}, true));
  net->label = ig__leaf_add(net->graph, IG__LEAF_FIELD, 1, IG__I32, ig__shape_make(1, &n, true));
  net->top = net->x;
}

/* The line `op text` on the line before, or on these two. */
static ig__value line_of(network *net, const char *op_name, const char *text, int in_count, const ig__value *in) {
  _Alignas(16) unsigned char options[4096] = {0};
  const ig__op *op = ig__op_find(op_name);
  CHECK(op && op->options_size <= sizeof options);
  if (op->options) CHECK_OK(ig__options_parse_text(op->name, op->options, options, text));
  net->graph->line = "line";
  net->top = op->build ? op->build(&net->layer, options, in_count, in) : ig__node_add(net->graph, op, options, in_count, in, NULL);
  CHECK_OK(ig__graph_status(net->graph));
  return net->top;
}
static ig__value line(network *net, const char *op, const char *text) { return line_of(net, op, text, 1, &net->top); }

static void end_with_loss(network *net) {
  line(net, "dense", "10");
  line(net, "softmax", "");
  net->loss = line_of(net, "cross_entropy", "", 2, (ig__value[]){net->top, net->label});
}

static void add_output(network *net, ig__value value, int64_t into) {
  CHECK(net->output_count < MOST && value != IG__NONE);
  net->output[net->output_count++] = (ig__plan_output){value, into};
}

static ig__plan *plan_of(const network *net, const ig__kernels *k) {
  ig__plan *plan;
  CHECK_OK(ig__plan_new(&plan, &(ig__plan_request){.graph = net->graph, .output = net->output, .output_count = net->output_count,
                                                   .k = k, .param_offset = net->param_offset, .state_offset = net->state_offset,
                                                   .param_count = net->param_count}));
  return plan;
}

/* ---- the networks --------------------------------------------------------------------------------------------------- */

static void softmax(network *net) { end_with_loss(net); }

static void mlp(network *net) {
  line(net, "dense", "128");
  line(net, "relu", "");
  end_with_loss(net);
}

static void textbook(network *net) {
  for (int i = 0; i < 2; i++) {
    line(net, "conv2d", i ? "64 k=3" : "32 k=3");
    line(net, "relu", "");
    line(net, "maxpool2d", "2");
  }
  line(net, "flatten", "");
  line(net, "dense", "128");
  line(net, "relu", "");
  end_with_loss(net);
}

static void lenet5(network *net) {
  for (int i = 0; i < 2; i++) {
    line(net, "conv2d", i ? "16 k=5" : "6 k=5 pad=2");
    line(net, "tanh", "");
    line(net, "avgpool2d", "2");
  }
  line(net, "flatten", "");
  for (int i = 0; i < 2; i++) {
    line(net, "dense", i ? "84" : "120");
    line(net, "tanh", "");
  }
  end_with_loss(net);
}

static void resnet8(network *net) {
  static const char *const first[] = {"16 k=3 pad=1 bias=no", "32 k=3 stride=2 pad=1 bias=no", "64 k=3 stride=2 pad=1 bias=no"};
  static const char *const second[] = {"16 k=3 pad=1 bias=no", "32 k=3 pad=1 bias=no", "64 k=3 pad=1 bias=no"};
  static const char *const across[] = {"", "32 k=1 stride=2 bias=no", "64 k=1 stride=2 bias=no"};
  line(net, "conv2d", first[0]);
  line(net, "batchnorm", "");
  line(net, "relu", "");
  for (int stage = 0; stage < 3; stage++) {
    ig__value in = net->top;
    line(net, "conv2d", first[stage]);
    line(net, "batchnorm", "");
    line(net, "relu", "");
    line(net, "conv2d", second[stage]);
    ig__value main_way = line(net, "batchnorm", "");
    net->top = in;
    if (stage) line(net, "conv2d", across[stage]);
    if (stage) line(net, "batchnorm", "");
    line_of(net, "add", "", 2, (ig__value[]){net->top, main_way});
    line(net, "relu", "");
  }
  line(net, "global_avgpool2d", "");
  end_with_loss(net);
}

/* ---- training plans ------------------------------------------------------------------------------------------------- */

static void add_gradients(network *net, ig__value of, int first, int64_t into, ig__value *grad) {
  CHECK_OK(ig__gradients(net->graph, of, IG__NONE, net->param, first, grad));
  for (int i = 0; i < first; i++) {
    CHECK(grad[i] != IG__NONE);
    add_output(net, grad[i], into + net->param_offset[i]);
  }
}

/* Ops that only the slow kernels, those of any layout, can run. */
static void no_slow_node(const char *described) {
  static const char *const slow[] = {" conv2d ", " conv2d_dx ", " conv2d_dw ", " finish conv2d_dw ", " matmul_nt "};
  for (size_t i = 0; i < sizeof slow / sizeof *slow; i++)
    if (strstr(described, slow[i])) test_fail(__FILE__, __LINE__, "the plan runs%s:\n%s", slow[i], described);
}

static int count_of(const char *text, const char *part) {
  int count = 0;
  while ((text = strstr(text, part))) count++, text++;
  return count;
}

/* Builds and plans for training, and says what came out; the fastest of five. */
static double compile(void (*build)(network *net), int channels, int size, int *conversions, int *copies) {
  double fastest = 1e9;
  for (int i = 0; i < 5; i++) {
    static network net;
    ig__value grad[MOST];
    ig__buffer text = {0};
    double start = ig__now();
    net_open(&net, 32, channels, size, IG__U8);
    line(&net, "preprocess", "scale=0.003921568627");
    build(&net);
    add_output(&net, net.loss, -1);
    add_gradients(&net, net.loss, net.params, 0, grad);
    ig__plan *plan = plan_of(&net, best_table(4));
    fastest = fmin(fastest, ig__now() - start);
    CHECK_OK(ig__plan_describe(plan, &text));
    ig__buffer_text(&text, "%c", 0);
    no_slow_node((const char *)text.data);
    *conversions = ig__plan_conversions(plan);
    *copies = count_of((const char *)text.data, " convert ");
    if (i == 0) printf("  %d phases, %d layout conversions, %d copies\n", count_of((const char *)text.data, "phase "), *conversions, *copies);
    ig__buffer_free(&text);
    ig__plan_free(plan);
    ig__graph_free(net.graph);
  }
  printf("  graph, gradients and plan in %.2f ms\n", fastest * 1e3);
  return fastest;
}

/* Sanitizers and poison are many times slower. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || defined(IG__POISON)
#define PATIENCE 20
#else
#define PATIENCE 1
#endif

/* flatten and reshape read and write any layout, the first convolution reads the plain picture: nothing is converted. */
TEST(textbook_plan) {
  int conversions, copies;
  double took = compile(textbook, 1, 28, &conversions, &copies);
  CHECK_INT(conversions, 0);
  CHECK_INT(copies, 0);
  CHECK(took < 2e-3 * PATIENCE);
}

TEST(resnet8_plan) {
  int conversions, copies;
  double took = compile(resnet8, 3, 32, &conversions, &copies);
  CHECK_INT(conversions, 0);
  CHECK_INT(copies, 0);
  CHECK(took < 10e-3 * PATIENCE);
}

/* ---- Hessian–vector products ---------------------------------------------------------------------------------------- */

typedef struct product {
  network net;
  int own, first_kink;         /* parameters of the net; the other half are the vector's */
  int64_t size;                /* of the net's half of the flat array */
  ig__plan *plan;
  ig__pool *pool;
  double *params, *grads, *x;
  int32_t *label;
  uint64_t kinks;              /* at the point itself */
} product;

static ig__value kink_of(const ig__graph *graph, const ig__node *node) {
  for (int k = 0; k < node->out_count; k++)
    if (ig__tensor_of(graph, node->out[k])->dtype == IG__U8) return node->out[k];
  return node->out[0];
}

/* Outputs: gradients to the first half of the gradient array, H·v to the second, every kink. */
static void build_product(product *p, void (*build)(network *net), int n) {
  network *net = &p->net;
  ig__value grad[MOST], twice[MOST], dot = IG__NONE;
  net_open(net, n, 1, 28, IG__REAL);
  build(net);
  size_t nodes = net->graph->node_count;
  p->own = net->params;
  p->size = net->param_count;
  add_gradients(net, net->loss, p->own, 0, grad);
  for (int i = 0; i < p->own; i++) {
    ig__value v = add_param(net, net->shape[i]);
    ig__value s = ig__node1(net->graph, &ig__op_sum, NULL, ig__node2(net->graph, &ig__op_mul, NULL, grad[i], v));
    dot = dot == IG__NONE ? s : ig__node2(net->graph, &ig__op_add, NULL, dot, s);
  }
  add_gradients(net, dot, p->own, p->size, twice);
  p->first_kink = net->output_count;
  for (size_t i = 0; i < nodes; i++)
    if (net->graph->node[i]->op->flags & IG__KINK) add_output(net, kink_of(net->graph, net->graph->node[i]), -1);
  CHECK_OK(ig__graph_status(net->graph));
}

static void draw(const product *p) {
  ig__rng rng = ig__rng_make(5, IG__FOR_TEST, 0, 0);
  for (int i = 0; i < p->net.params; i++) {
    const ig__shape *s = &p->net.shape[i];
    int64_t count = ig__shape_count(s), fan_in = s->rank > 1 ? count / s->dim[0] : 4;
    double scale = i < p->own ? 1 / sqrt((double)fan_in) : 1;
    for (int64_t k = 0; k < count; k++) p->params[p->net.param_offset[i] + k] = scale * ig__rng_normal(&rng);
  }
  for (int i = 0; i < p->net.n * 28 * 28; i++) p->x[i] = ig__rng_normal(&rng);
  for (int i = 0; i < p->net.n; i++) p->label[i] = (3 + 4 * i) % 10;
}

static uint64_t kinks(const product *p) {
  uint64_t hash = 0;
  for (int i = p->first_kink; i < p->net.output_count; i++) {
    const void *values = ig__plan_result(p->plan, i);
    bool bytes = ig__plan_result_dtype(p->plan, i) == IG__U8;
    for (int64_t k = 0, count = ig__shape_count(ig__plan_result_shape(p->plan, i)); k < count; k++) {
      uint64_t side = bytes ? ((const uint8_t *)values)[k] : ((const double *)values)[k] > 0;
      hash = (hash ^ side) * 1099511628211u + 1;
    }
  }
  return hash;
}

static void run_product(const product *p, const double *params) {
  ig__feed feed = {.n = p->net.n, .params = params, .grads = p->grads, .field = {p->x, p->label}, .loss_scale = 1};
  CHECK_OK(ig__plan_run(p->plan, p->pool, &feed));
}

/* (g(w − 2h·v) − 8 g(w − h·v) + 8 g(w + h·v) − g(w + 2h·v)) / 12h into `out`; false when a kink lies between. */
static bool difference(const product *p, double h, double *out) {
  static const double at[] = {-2, -1, 1, 2}, weight[] = {1, -8, 8, -1};
  double *moved = ig__alloc((size_t)p->size * 2, sizeof *moved);
  bool same = true;
  memset(out, 0, (size_t)p->size * sizeof *out);
  for (int s = 0; s < 4 && same; s++) {
    for (int64_t i = 0; i < p->size; i++) moved[i] = p->params[i] + at[s] * h * p->params[p->size + i];
    memcpy(moved + p->size, p->params + p->size, (size_t)p->size * sizeof *moved);
    run_product(p, moved);
    same = kinks(p) == p->kinks;
    for (int64_t i = 0; i < p->size; i++) out[i] += weight[s] * p->grads[i] / (12 * h);
  }
  ig__free(moved);
  return same;
}

static void check_product(const char *name, void (*build)(network *net), const ig__kernels *k, int n) {
  static product p;
  memset(&p, 0, sizeof p);
  build_product(&p, build, n);
  p.plan = plan_of(&p.net, k);
  CHECK_INT(p.net.param_count, 2 * p.size);
  CHECK_OK(ig__pool_new(&p.pool, 2));
  CHECK_OK(ig__plan_prepare(p.plan, 2));
  p.params = ig__alloc((size_t)p.size * 2, sizeof(double));
  p.grads = ig__alloc((size_t)p.size * 2, sizeof(double));
  p.x = ig__alloc((size_t)n * 28 * 28, sizeof(double));
  p.label = ig__alloc((size_t)n, sizeof *p.label);
  double *want = ig__alloc((size_t)p.size, sizeof *want), *got = ig__alloc((size_t)p.size, sizeof *got), h = 1e-4, most = 0, far = 0;
  draw(&p);
  run_product(&p, p.params);
  p.kinks = kinks(&p);
  memcpy(got, p.grads + p.size, (size_t)p.size * sizeof *got);
  while (h > 1e-8 && !difference(&p, h, want)) h /= 4;
  for (int64_t i = 0; i < p.size; i++) {
    most = fmax(most, fabs(want[i]));
    far = fmax(far, fabs(want[i] - got[i]));
  }
  printf("  %s on %s: largest element %.3g, error %.2g of it, step %.2g\n", name, ig__isa_name(k->isa), most, far / most, h);
  CHECK(h > 1e-8 && most > 1e-3 && far <= 1e-6 * most);
  ig__free(want);
  ig__free(got);
  ig__free(p.params);
  ig__free(p.grads);
  ig__free(p.x);
  ig__free(p.label);
  ig__pool_free(p.pool);
  ig__plan_free(p.plan);
  ig__graph_free(p.net.graph);
}

TEST(hessian_vector_products) {
  static const struct { const char *name; void (*build)(network *net); int n; } nets[] = {
    {"softmax", softmax, 3}, {"mlp", mlp, 3}, {"textbook", textbook, 1}, {"lenet5", lenet5, 2}};
  for (int i = 0; i < 4; i++) check_product(nets[i].name, nets[i].build, best_table(8), nets[i].n);
  check_product("mlp", mlp, reference_table(8), 2);
  check_product("lenet5", lenet5, reference_table(8), 1);
}
