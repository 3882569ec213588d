/* Ops, activations and losses of a program's own. */
#include "imgrad.h"
#include "runs.h"

#include <math.h>
#include <string.h>

static void swish(const ig_op_run *r) {
  const double *x = r->in[0];
  double *y = r->out[0];
  for (int64_t i = 0; i < r->out_size; i++) y[i] = x[i] / (1 + exp(-r->option[0] * x[i]));
}

static void swish_f32(const ig_op_run *r) {
  const float *x = r->in[0];
  float *y = r->out[0];
  for (int64_t i = 0; i < r->out_size; i++) y[i] = x[i] / (1 + expf(-(float)r->option[0] * x[i]));
}

static ig_status swish_derivative(ig_op_derive *d) {
  ig_graph *g = d->graph;
  ig_value s = ig_op(g, ig_op(g, d->in[0], "scale %g", d->option[0]), "sigmoid");
  ig_value rest = ig_op2(g, d->out, ig_op2(g, d->out, s, "mul"), "sub");
  d->gin[0] = ig_op2(g, d->gout, ig_op2(g, s, ig_op(g, rest, "scale %g", d->option[0]), "add"), "mul");
  return IG_OK;
}

static const ig_custom_op swish_op = {.name = "swish", .help = "x·sigmoid(beta·x)", .kind = IG_OP_ACTIVATION, .inputs = 1,
                                      .option = {{"beta", "1", 0, 100, ""}}, .run = swish, .derive = swish_derivative};

/* A layer of weights and an inner layer: y = slope[c]·dense-free x, with slopes by channel, of its own kernel, and a 1 × 1 convolution. */
static ig_value slopes_build(ig_op_build *b) {
  ig_shape in = ig_shape_of(b->graph, b->in[0]), slopes = {.rank = 1, .dim = {in.dim[0]}};
  if (in.rank != 3) return ig_op(b->graph, IG_NO_VALUE, "flatten");
  ig_value x = ig_op(b->graph, b->in[0], "conv2d %d k=1 bias=no", in.dim[0]);
  ig_value w = ig_parameter(b->graph, "slope", &slopes, "constant 0.5");
  return ig_op2(b->graph, x, w, "slopes");
}

static void slopes(const ig_op_run *r) {
  const double *x = r->in[0], *w = r->in[1];
  double *y = r->out[0];
  int64_t plane = r->in_size[0] / r->in_size[1];
  for (int64_t i = 0; i < r->out_size; i++) y[i] = x[i] * w[i / plane];
}

static ig_status slopes_derivative(ig_op_derive *d) {
  ig_graph *g = d->graph;
  if (d->wanted[0]) d->gin[0] = ig_op2(g, d->gout, d->in[1], "slopes");
  if (d->wanted[1]) d->gin[1] = ig_op(g, ig_op2(g, d->gout, d->in[0], "mul"), "channel_sum");
  return IG_OK;
}

static ig_custom_op slopes_op(void) {
  return (ig_custom_op){.name = "slopes", .kind = IG_OP_LAYER, .inputs = 1, .run = slopes, .derive = slopes_derivative,
                        .build = slopes_build};
}

static void absolute(const ig_op_run *r) {
  const double *p = r->in[0], *label = r->in[1];
  double *loss = r->out[0];
  loss[0] = 0;
  for (int64_t i = 0; i < r->in_size[0]; i++) loss[0] += pow(p[i] - ((double)i == label[0]), 2);
}

static void absolute_dx(const ig_op_run *r) {
  const double *p = r->in[0], *label = r->in[1], *flow = r->in[2];
  double *out = r->out[0];
  for (int64_t i = 0; i < r->out_size; i++) out[i] = 2 * flow[0] * (p[i] - ((double)i == label[0]));
}

static ig_status absolute_derivative(ig_op_derive *d) {
  const ig_value in[] = {d->in[0], d->in[1], d->gout};
  d->gin[0] = ig_op_n(d->graph, 3, in, "squares_dx");
  return IG_OK;
}

static const ig_custom_op squares_op = {.name = "squares", .kind = IG_OP_LOSS, .inputs = 2, .run = absolute, .derive = absolute_derivative};
static const ig_custom_op squares_dx_op = {.name = "squares_dx", .kind = IG_OP_PART, .inputs = 3, .run = absolute_dx};

/* Every gradient through them is that of differences; float kernels and many threads change nothing that they should not. */
TEST(ops_are_differentiated) {
  ig_context *context = threads(2);
  ig_custom_op layer = slopes_op();
  ig_gradcheck_options o = ig_gradcheck_options_default();
  ig_gradcheck_result r;
  CHECK_OK(ig_add_op(context, &swish_op));
  CHECK_OK(ig_add_op(context, &squares_op));
  CHECK_OK(ig_add_op(context, &squares_dx_op));
  CHECK_OK(ig_add_op(context, &layer));
  CHECK_OK(ig_add_model(context, "net", "input 1 28 28\nconv2d 5 k=5 stride=3 swish\nslopes\nswish beta=2\nconv2d 3 k=3 pad=1\n"
                                        "dense classes softmax\n"));
  strcpy(o.model, "net");
  strcpy(o.loss, "squares");
  o.samples = 8;
  CHECK_OK(ig_gradcheck(context, &o, &r));
  CHECK(r.passed);
  CHECK_STR(r.row[2].name, "slopes1.conv2d1.weight");
  CHECK_STR(r.row[3].name, "slopes1.slope");
  ig_gradcheck_result_free(&r);
  ig_context_free(context);
}

TEST(ops_in_float) {
  static const char text[] = "input 1 28 28\nconv2d 20 k=5 stride=3 swish\nconv2d 17 k=3 pad=1 swish\ndense classes softmax\n";
  double loss[3];
  for (int i = 0; i < 3; i++) {
    ig_context *context = threads(1 + i);
    ig_custom_op op = swish_op;
    ig_train_result r;
    if (i == 2) op.run_f32 = swish_f32;
    CHECK_OK(ig_add_op(context, &op));
    CHECK_OK(ig_add_model(context, "net", text));
    CHECK_OK(TRAIN(context, &r, NULL, "data", "digits train=300 test=50", "model", "net", "epochs", "1", "out",
                   in_folder(i == 0 ? "a" : i == 1 ? "b" : "c")));
    loss[i] = r.val.loss;
    ig_context_free(context);
  }
  CHECK(hash_of_model(in_folder("a")) == hash_of_model(in_folder("b")));
  CHECK_NEAR(loss[2], loss[0], 1e-3);
  ig_context *context = threads(1);
  ig_model *model;
  CHECK_STATUS(ig_model_open(context, in_folder("a"), &model), IG_BAD_MODEL); /* who opens it has to bring the op */
  CHECK_HAS(ig_last_error(), "swish");
  CHECK_OK(ig_add_op(context, &swish_op));
  CHECK_OK(ig_model_open(context, in_folder("a"), &model));
  ig_model_free(model);
  const char *run = in_folder("a");
  ig_report_options report = ig_report_options_default();
  ig_report_result reported;
  CHECK_OK(ig_report(context, &run, 1, &report, &reported));
  CHECK(reported.complete);
  ig_context_free(context);
}

static ig_status refuse(ig_op_infer *i) { return ig_fail(IG_BAD_MODEL, "wants images, got %d dimensions", i->in[0].rank); }

TEST(ops_refused) {
  ig_context *context = threads(1);
  ig_custom_op op = swish_op;
  ig_gradcheck_options o = ig_gradcheck_options_default();
  ig_gradcheck_result r;
  static const char *const names[] = {"conv2d", "two words", "a-b", "", NULL};
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
    op.name = names[i];
    CHECK_STATUS(ig_add_op(context, &op), IG_USAGE);
  }
  op = swish_op;
  op.inputs = 2;
  CHECK_STATUS(ig_add_op(context, &op), IG_USAGE);
  op = swish_op;
  op.run = NULL;
  CHECK_STATUS(ig_add_op(context, &op), IG_USAGE);
  op = swish_op;
  op.option[0].fallback = "101";
  CHECK_STATUS(ig_add_op(context, &op), IG_USAGE);
  op = swish_op;
  op.derive = NULL;
  op.infer = refuse;
  CHECK_OK(ig_add_op(context, &op));
  CHECK_STATUS(ig_add_op(context, &op), IG_USAGE);
  CHECK_STATUS(ig_add_model(context, "net", "input 1 4 4\nflatten\nswish\ndense classes\n"), IG_BAD_MODEL);
  CHECK_HAS(ig_last_error(), "net:3: swish1: swish: wants images, got 1 dimensions");
  CHECK_STATUS(ig_add_model(context, "net", "input 1 4 4\nswish beta=-1\n"), IG_BAD_MODEL);
  op.name = "stiff";
  op.infer = NULL;
  CHECK_OK(ig_add_op(context, &op));
  CHECK_OK(ig_add_model(context, "net", "input 1 28 28\ndense 8 stiff\ndense classes\n"));
  strcpy(o.model, "net");
  CHECK_STATUS(ig_gradcheck(context, &o, &r), IG_BAD_MODEL);
  CHECK_HAS(ig_last_error(), "stiff");
  ig_context_free(context);
}
