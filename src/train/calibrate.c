/* bench --calibrate: every way of computing a convolution beside the one that the estimates of ops/conv_ways.c choose, and the
 * constants that would fit what was measured. */
#include "imgrad/calibrate.h"
#include "kernels/pack.h"
#include "ops/conv_ways.h"
#include "ops/ops.h"
#include "train/train.h"

#include <stdio.h>
#include <string.h>

#define MOST_LAYERS 256
#define MOST_BYTES (512 << 20) /* of x and y: larger batches are left out */
#define WRONG 0.05
static const int batches[] = {1, 8, 32, 128};
#define BATCHES ((int)(sizeof batches / sizeof batches[0]))
static const char *const passes[] = {"forward", "dx", "dw"};

typedef struct measurement { int price; double term[IG__CONV_TERMS], cost; } measurement; /* cost as measured */

typedef struct calibration {
  ig_context *context;
  const ig_bench_options *options;
  const ig__kernels *k;
  bool bf16;
  ig__conv layer[MOST_LAYERS];
  int layers;
  double unit;               /* seconds that a multiply-add of 16 channels takes at the peak of one core */
  measurement *measured;
  int measurements;
} calibration;

/* ---- layers ----------------------------------------------------------------------------------------------------------- */

static bool has_ways(const calibration *c, const ig__conv *g, ig__pack form) {
  ig__conv_estimate e[IG__CONV_WAYS];
  int accepts = 0;
  ig__conv_estimates(c->k, IG__CONV_FORWARD, g, form, 1, true, false, c->bf16, e);
  for (int i = 0; i < IG__CONV_WAYS; i++) accepts += e[i].accepts;
  return accepts > 1;
}

static void add_layer(calibration *c, const ig__conv *g, ig__pack form) {
  if (c->layers == MOST_LAYERS || !has_ways(c, g, form)) return;
  for (int i = 0; i < c->layers; i++)
    if (!memcmp(&c->layer[i], g, sizeof *g)) return;
  c->layer[c->layers++] = *g;
}

static ig_status add_model(calibration *c, const char *name, int classes) {
  ig__model *model = NULL;
  ig__graph *graph = NULL;
  ig__built built;
  ig_status status = ig__model_any(c->context, name, NULL, classes, c->k->real_size, 1, &model);
  if (status == IG_OK) status = ig__graph_new(&graph, ig__core_ops_get(), 1, true);
  if (status == IG_OK) status = ig__model_build(model, graph, IG__F32, &built);
  for (size_t i = 0; status == IG_OK && i < graph->node_count; i++) {
    const ig__node *node = graph->node[i];
    ig__conv g;
    if (node->op != &ig__op_conv2d) continue;
    status = ig__conv_resolve("conv2d", node->options, ig__shape_of(graph, node->in[0]), &g);
    if (status == IG_OK) add_layer(c, &g, ig__conv_forward_form(&g, graph, node->in[0]));
  }
  ig__graph_free(graph);
  ig__model_free(model);
  return status;
}

/* ---- one measurement -------------------------------------------------------------------------------------------------- */

static double conv_seconds(const ig__plan *plan, ig__profile_row *row, ig__profile_phase *phase) {
  double seconds = 0;
  ig__plan_profile_read(plan, row, phase);
  for (size_t i = 0; i < ig__plan_profile_rows(plan); i++)
    if (!strncmp(row[i].op, "conv2d", 6)) seconds += row[i].seconds;
  return seconds;
}

/* The least core time of a run among those that fit into the seconds, two at least; the first one is not counted. */
static ig_status time_plan(const calibration *c, ig__plan *plan, const ig__feed *feed, double *least) {
  ig__profile_row *row = ig__alloc(ig__plan_profile_rows(plan), sizeof *row);
  ig__profile_phase *phase = ig__alloc(ig__plan_profile_phases(plan), sizeof *phase);
  ig_status status = row && phase ? ig__plan_run(plan, c->context->pool, feed) : IG_NO_MEMORY;
  double start = ig__now();
  *least = 1e9;
  for (int i = 0; status == IG_OK && (i < 2 || ig__now() - start < c->options->seconds); i++) {
    status = ig__plan_profile(plan, true);
    if (status == IG_OK) status = ig__plan_run(plan, c->context->pool, feed);
    if (status != IG_OK) break;
    double seconds = conv_seconds(plan, row, phase);
    if (seconds < *least) *least = seconds;
    ig__plan_profile(plan, false);
  }
  ig__free(row);
  ig__free(phase);
  return status;
}

static ig__pack form_of(const ig__conv *g, ig__conv_pass pass) {
  return pass == IG__CONV_DX ? ig__pack_backward(g) : ig__pack_forward(g, IG__BLOCK);
}

/* A plan of that one node, whose inputs are fields of zeros: speed does not depend on them. */
static ig_status time_way(const calibration *c, const ig__conv *g, ig__conv_pass pass, int n, const char *way, double *seconds) {
  static const ig__op *const ops[] = {&ig__op_conv2d, &ig__op_conv2d_dx, &ig__op_conv2d_dw};
  const ig__conv_options o = ig__conv_options_of(g);
  const ig__shape x = ig__conv_input_shape(g, n), y = ig__conv_output_shape(g, n), w = ig__conv_weight_shape(g);
  const ig__shape first = pass == IG__CONV_DX ? y : x, second = pass == IG__CONV_DW ? y : w;
  const ig__pack form = form_of(g, pass);
  char question[IG__QUESTION_SIZE], *answer;
  ig__conv_question(question, pass, g, form, n, true);
  answer = ig__format("%s: %s\n", question, way);
  ig__choices choices = {.given = answer};
  ig__graph *graph = NULL;
  ig__plan *plan = NULL;
  void *a = ig__alloc((size_t)ig__shape_count(&first), (size_t)c->k->real_size);
  void *b = ig__alloc((size_t)ig__shape_count(&second), (size_t)c->k->real_size);
  uint64_t *keys = ig__alloc((size_t)n, sizeof *keys);
  ig_status status = answer && a && b && keys ? ig__graph_new(&graph, ig__core_ops_get(), n, true) : IG_NO_MEMORY;
  if (status == IG_OK) {
    ig__value in0 = ig__leaf_add(graph, IG__LEAF_FIELD, 0, IG__REAL, first), in1 = ig__leaf_add(graph, IG__LEAF_FIELD, 1, IG__REAL, second);
    in0 = ig__node1(graph, &ig__op_relu, NULL, in0); /* a few channels straight from a batch would be read as they lie there */
    ig__value out = ig__node2(graph, ops[pass], pass == IG__CONV_FORWARD ? (const void *)&o : g, in0, in1);
    graph->choices = &choices;
    graph->bf16 = c->bf16;
    status = ig__graph_status(graph);
    if (status == IG_OK)
      status = ig__plan_new(&plan, &(ig__plan_request){.graph = graph, .output = &(ig__plan_output){out, -1}, .output_count = 1, .k = c->k});
  }
  if (status == IG_OK) status = ig__plan_prepare(plan, ig__pool_threads(c->context->pool));
  if (status == IG_OK) status = time_plan(c, plan, &(ig__feed){.n = n, .field = {a, b}, .step = {.key = keys}}, seconds);
  ig__plan_free(plan);
  ig__graph_free(graph);
  ig__buffer_free(&choices.made);
  ig__free(answer);
  ig__free(a);
  ig__free(b);
  ig__free(keys);
  return status;
}

static ig_status measure_row(calibration *c, const ig__conv *g, ig__conv_pass pass, int n, ig_calibration_row *row) {
  const ig__pack form = form_of(g, pass);
  ig__conv_estimate e[IG__CONV_WAYS];
  const int chosen = ig__conv_estimates(c->k, pass, g, form, n, true, false, c->bf16, e);
  int best = chosen;
  *row = (ig_calibration_row){.pass = passes[pass], .batch = n};
  snprintf(row->layer, sizeof row->layer, "%d -> %d, %d x %d, k%d s%d p%d", g->c_in, g->c_out, g->h, g->w, g->kh, g->sh, g->ph);
  for (int i = 0; i < IG__CONV_WAYS; i++) {
    double seconds = 0;
    if (!e[i].accepts) continue;
    IG__TRY(time_way(c, g, pass, n, e[i].name, &seconds));
    row->us[i] = seconds / n * 1e6;
    measurement *m = &c->measured[c->measurements++];
    *m = (measurement){.price = e[i].price, .cost = seconds / c->unit};
    memcpy(m->term, e[i].term, sizeof m->term);
    if (row->us[i] < row->us[best] || !(row->us[best] > 0)) best = i;
  }
  row->chosen = e[chosen].name;
  row->best = e[best].name;
  row->loss = row->us[chosen] / row->us[best] - 1;
  return IG_OK;
}

/* ---- least squares ---------------------------------------------------------------------------------------------------- */

/* Solves a·x = b of order `order` by elimination; false where the measurements do not tell the terms apart. */
static bool solve(double a[IG__CONV_TERMS][IG__CONV_TERMS + 1], int order, double *x) {
  for (int i = 0; i < order; i++) {
    int pivot = i;
    for (int r = i + 1; r < order; r++)
      if (a[r][i] * a[r][i] > a[pivot][i] * a[pivot][i]) pivot = r;
    if (!(a[pivot][i] * a[pivot][i] > 0)) return false;
    for (int k = 0; k <= order; k++) {
      double t = a[i][k];
      a[i][k] = a[pivot][k];
      a[pivot][k] = t;
    }
    for (int r = 0; r < order; r++) {
      if (r == i) continue;
      const double f = a[r][i] / a[i][i];
      for (int k = i; k <= order; k++) a[r][k] -= f * a[i][k];
    }
  }
  for (int i = 0; i < order; i++) x[i] = a[i][order] / a[i][i];
  return true;
}

/* Minimises Σ (Σ constant·term / cost − 1)² over the measurements of one price and the terms that occur there. */
static void fit(const calibration *c, int price, ig_calibration_price *p) {
  double a[IG__CONV_TERMS][IG__CONV_TERMS + 1] = {{0}}, x[IG__CONV_TERMS];
  int used[IG__CONV_TERMS], order = 0;
  for (int t = 0; t < IG__CONV_TERMS; t++) {
    bool occurs = false;
    for (int i = 0; i < c->measurements; i++) occurs |= c->measured[i].price == price && c->measured[i].term[t] > 0;
    if (occurs) used[order++] = t;
  }
  for (int i = 0; i < c->measurements; i++) {
    const measurement *m = &c->measured[i];
    if (m->price != price) continue;
    p->rows++;
    for (int r = 0; r < order; r++) {
      for (int k = 0; k < order; k++) a[r][k] += m->term[used[r]] / m->cost * (m->term[used[k]] / m->cost);
      a[r][order] += m->term[used[r]] / m->cost;
    }
  }
  p->name = ig__conv_prices[price].name;
  memcpy(p->now, ig__conv_prices[price].constant, sizeof p->now);
  if (!p->rows || !solve(a, order, x)) return;
  for (int r = 0; r < order; r++) p->fitted[used[r]] = x[r];
}

/* ---- the whole -------------------------------------------------------------------------------------------------------- */

static ig_status measure_all(calibration *c, ig_calibration_result *r) {
  for (int i = 0; i < c->layers; i++)
    for (int b = 0; b < BATCHES; b++) {
      const ig__conv *g = &c->layer[i];
      const double floats = (double)batches[b] * ((double)g->c_in * g->h * g->w + (double)g->c_out * g->oh * g->ow);
      if (floats * c->k->real_size > MOST_BYTES) continue;
      for (int pass = 0; pass < 3; pass++) {
        ig_calibration_row *row = &r->row[r->rows];
        IG__TRY(measure_row(c, g, (ig__conv_pass)pass, batches[b], row));
        r->rows++;
        r->wrong += row->loss > WRONG;
        r->mean_loss += row->loss;
        if (row->loss > r->worst_loss) r->worst_loss = row->loss;
      }
    }
  if (r->rows) r->mean_loss /= r->rows;
  for (int p = 0; p < ig__conv_price_count; p++) fit(c, p, &r->price[r->prices++]);
  return IG_OK;
}

static ig_status calibrate(calibration *c, ig_calibration_result *r) {
  ig__conv_estimate e[IG__CONV_WAYS];
  const bool all = !strcmp(c->options->model, "all");
  for (int i = 0; all && ig__builtins[i].name; i++) IG__TRY(add_model(c, ig__builtins[i].name, c->options->classes));
  if (!all) IG__TRY(add_model(c, c->options->model, c->options->classes));
  const size_t rows = (size_t)(c->layers * BATCHES * 3 + 1);
  c->measured = ig__alloc(rows * IG__CONV_WAYS, sizeof *c->measured);
  r->row = ig__alloc(rows, sizeof *r->row);
  r->price = ig__alloc((size_t)ig__conv_price_count, sizeof *r->price);
  if (!c->measured || !r->row || !r->price) return IG_NO_MEMORY;
  r->threads = ig__pool_threads(c->context->pool);
  r->isa = ig_context_isa(c->context);
  r->peak_gflops = ig__measure_peak(c->context, c->k, 0.2);
  c->unit = 2.0 * IG__BLOCK * r->threads / (r->peak_gflops * 1e9);
  if (c->layers) ig__conv_estimates(c->k, IG__CONV_FORWARD, &c->layer[0], IG__PACK_FORWARD, 1, true, false, c->bf16, e);
  for (int i = 0; c->layers && i < IG__CONV_WAYS; i++) r->way[i] = e[i].name;
  return measure_all(c, r);
}

ig_status ig_calibrate(ig_context *context, const ig_bench_options *options, ig_calibration_result *result) {
  int real_size;
  *result = (ig_calibration_result){.isa = ""};
  IG__TRY(ig__options_check(IG_VERB_BENCH, options));
  IG__TRY(ig__real_size(context, options->precision, &real_size));
  calibration *c = ig__alloc(1, sizeof *c);
  if (!c) return IG_NO_MEMORY;
  *c = (calibration){.context = context, .options = options, .k = ig__kernels_for(context->isa, real_size), .bf16 = ig__is_bf16(options->precision)};
  ig_status status = calibrate(c, result);
  ig__free(c->measured);
  ig__free(c);
  if (status != IG_OK) ig_calibration_free(result);
  return ig__verb_end(context, status);
}

void ig_calibration_free(ig_calibration_result *result) {
  ig__free(result->row);
  ig__free(result->price);
  *result = (ig_calibration_result){.isa = ""};
}
