/* An activation and a loss of one's own, from outside the library: custom_op FOLDER.
 *
 * swish(x) = x / (1 + e^(-beta x)) is written with its derivative as ordinary nodes, so it can be differentiated twice. The loss, the
 * sum over classes of log(cosh(p - t)), has a derivative that is a function of its own: an op of the kind IG_OP_PART. A network
 * is built line by line with them, its gradient is compared with differences, and then it is trained. */
#include <imgrad.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

/* One picture at a time: in[0] and out[0] point at in_size[0] doubles. The options stand in the order of the table below. */
static void swish(const ig_op_run *r) {
  const double *x = (const double *)r->in[0];
  double *y = (double *)r->out[0];
  for (int64_t i = 0; i < r->out_size; i++) y[i] = x[i] / (1 + exp(-r->option[0] * x[i]));
}

/* d swish/dx = s + beta x s (1 - s) with s = sigmoid(beta x); written as s + beta (y - y s), since y = x s. */
static ig_status swish_derivative(ig_op_derive *d) {
  ig_graph *g = d->graph;
  double beta = d->option[0];
  ig_value s = ig_op(g, ig_op(g, d->in[0], "scale %g", beta), "sigmoid");
  ig_value rest = ig_op2(g, d->out, ig_op2(g, d->out, s, "mul"), "sub");
  d->gin[0] = ig_op2(g, d->gout, ig_op2(g, s, ig_op(g, rest, "scale %g", beta), "add"), "mul");
  return IG_OK; /* building is sticky: a mistake above is found by the library */
}

/* A loss sees the prediction and the target of one picture and makes one number; the library takes the mean. Here the target is
 * the number of the right class. */
static double difference(const ig_op_run *r, int64_t i) {
  const double *p = (const double *)r->in[0], *label = (const double *)r->in[1];
  return p[i] - ((double)i == label[0] ? 1 : 0);
}

static void log_cosh(const ig_op_run *r) {
  double *loss = (double *)r->out[0];
  loss[0] = 0;
  for (int64_t i = 0; i < r->in_size[0]; i++) loss[0] += log(cosh(difference(r, i)));
}

static void log_cosh_dx(const ig_op_run *r) { /* inputs: prediction, target, and what flows into the loss */
  const double *flow = (const double *)r->in[2];
  double *gradient = (double *)r->out[0];
  for (int64_t i = 0; i < r->out_size; i++) gradient[i] = flow[0] * tanh(difference(r, i));
}

static ig_status log_cosh_derivative(ig_op_derive *d) {
  const ig_value in[] = {d->in[0], d->in[1], d->gout};
  d->gin[0] = ig_op_n(d->graph, 3, in, "log_cosh_dx");
  return IG_OK;
}

/* name, help, kind, inputs, options; infer, run, run_f32, derive, build, user. C alone could say .name = and leave out the rest. */
static const ig_custom_op ops[] = {
  {"swish", "x times sigmoid(beta x)", IG_OP_ACTIVATION, 1, {{"beta", "1", 0, 100, "slope of the sigmoid"}},
   NULL, swish, NULL, swish_derivative, NULL, NULL},
  {"log_cosh", "log(cosh(p - t)), summed over classes", IG_OP_LOSS, 2, {{NULL, NULL, 0, 0, NULL}},
   NULL, log_cosh, NULL, log_cosh_derivative, NULL, NULL},
  {"log_cosh_dx", "its gradient", IG_OP_PART, 3, {{NULL, NULL, 0, 0, NULL}}, NULL, log_cosh_dx, NULL, NULL, NULL, NULL},
};

/* The names stand in this context from now on; model text and --loss may say them. */
static ig_status add_all(ig_context *context) {
  ig_status status = IG_OK;
  for (size_t i = 0; status == IG_OK && i < sizeof ops / sizeof ops[0]; i++) status = ig_add_op(context, &ops[i]);
  ig_graph *g = NULL;
  if (status == IG_OK) status = ig_graph_new(&g);
  if (status != IG_OK) return status;
  ig_value x = ig_input(g, "1 28 28");
  x = ig_op(g, x, "conv2d %d k=5 stride=2 swish", 8);
  x = ig_op(g, x, "flatten");
  x = ig_op(g, x, "dense 32");
  x = ig_op(g, x, "swish beta=1.5"); /* with options it takes a line of its own */
  ig_op(g, x, "dense classes softmax");
  status = ig_add_graph(context, "swishnet", g);
  ig_graph_free(g);
  return status;
}

static ig_status check_and_train(ig_context *context, const char *folder) {
  ig_gradcheck_options check = ig_gradcheck_options_default();
  ig_gradcheck_result checked;
  strcpy(check.model, "swishnet");
  strcpy(check.loss, "log_cosh");
  ig_status status = ig_gradcheck(context, &check, &checked);
  if (status != IG_OK) return status;
  printf("gradients: %s\n", checked.passed ? "right" : "wrong");
  ig_gradcheck_result_free(&checked);

  ig_train_options options = ig_train_options_default();
  ig_train_result result;
  strcpy(options.model, "swishnet");
  strcpy(options.loss, "log_cosh");
  strcpy(options.data, "digits train=2000 test=500");
  strcpy(options.epochs, "2");
  options.lr = 0.003;
  status = ig_option_set(IG_VERB_TRAIN, &options, "out", folder); /* checks that it fits */
  if (status == IG_OK) status = ig_train(context, &options, NULL, &result);
  if (status == IG_OK) printf("%s: test %.1f %%\n", result.out, 100 * result.test.accuracy);
  return status;
}

int main(int argc, char **argv) {
  ig_context *context = NULL;
  if (argc < 2) return fprintf(stderr, "usage: %s FOLDER\n", argv[0]), 2;
  ig_status status = ig_context_new(&context, NULL);
  if (status == IG_OK) status = add_all(context);
  if (status == IG_OK) status = check_and_train(context, argv[1]);
  if (status != IG_OK) fprintf(stderr, "%s: %s\n", ig_status_name(status), ig_last_error());
  ig_context_free(context);
  return ig_status_exit_code(status);
}
