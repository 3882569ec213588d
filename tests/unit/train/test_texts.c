/* What docs/texts.md says of the two texts' programs, with its numbers: losses that are written wrongly train towards nothing. */
#include "imgrad.h"
#include "runs.h"

#include <math.h>
#include <stdlib.h>

#define DIGITS "data", "digits train=1000 test=500", "precision", "f64"
#define NET "input 1 28 28\navgpool2d 2\nflatten\ndense 32 relu\ndense classes softmax\n"

/* Mean over ten outputs of (p − label)²: the label's number against each of them. */
static void label_mse(const ig_op_run *r) {
  const double *p = r->in[0], label = ((const double *)r->in[1])[0];
  double *loss = r->out[0];
  loss[0] = 0;
  for (int64_t c = 0; c < r->in_size[0]; c++) loss[0] += (p[c] - label) * (p[c] - label) / (double)r->in_size[0];
}

static void label_mse_dx(const ig_op_run *r) {
  const double *p = r->in[0], label = ((const double *)r->in[1])[0], flow = ((const double *)r->in[2])[0];
  for (int64_t c = 0; c < r->out_size; c++) ((double *)r->out[0])[c] = 2 * flow * (p[c] - label) / (double)r->out_size;
}

/* −Σ label·log p: a cross-entropy for one-hot rows that is given numbers of classes. */
static void label_log(const ig_op_run *r) {
  const double *p = r->in[0], label = ((const double *)r->in[1])[0];
  double *loss = r->out[0];
  loss[0] = 0;
  for (int64_t c = 0; c < r->in_size[0]; c++) loss[0] -= label * log(p[c]);
}

static void label_log_dx(const ig_op_run *r) {
  const double *p = r->in[0], label = ((const double *)r->in[1])[0], flow = ((const double *)r->in[2])[0];
  for (int64_t c = 0; c < r->out_size; c++) ((double *)r->out[0])[c] = -flow * label / p[c];
}

static ig_status derive(ig_op_derive *d, const char *part) {
  const ig_value in[] = {d->in[0], d->in[1], d->gout};
  d->gin[0] = ig_op_n(d->graph, 3, in, "%s", part);
  return IG_OK;
}
static ig_status derive_mse(ig_op_derive *d) { return derive(d, "label_mse_dx"); }
static ig_status derive_log(ig_op_derive *d) { return derive(d, "label_log_dx"); }

static const ig_custom_op ops[] = {
  {.name = "label_mse", .kind = IG_OP_LOSS, .inputs = 2, .run = label_mse, .derive = derive_mse},
  {.name = "label_mse_dx", .kind = IG_OP_PART, .inputs = 3, .run = label_mse_dx},
  {.name = "label_log", .kind = IG_OP_LOSS, .inputs = 2, .run = label_log, .derive = derive_log},
  {.name = "label_log_dx", .kind = IG_OP_PART, .inputs = 3, .run = label_log_dx}};

static ig_train_result with_loss(ig_context *context, const char *net, const char *loss, const char *out) {
  ig_train_result r;
  CHECK_OK(TRAIN(context, &r, NULL, DIGITS, "model", net, "loss", loss, "lr", "0.003", "epochs", "8", "out", in_folder(out)));
  if (getenv("IMGRAD_TEST_SHOW")) printf("  %-14s test accuracy %.4f, validation loss %.4f\n", loss, r.test.accuracy, r.val.loss);
  return r;
}

/* A softmax adds up to 1, so Σ(p − y)² = 10y² − 2y + Σp² is least where all ten are 0.1, whatever the label: 27.61 for ten equal classes.
 * −yΣ log p is least there too: 4.5·10·ln 10 = 103.6. */
TEST(labels_against_ten_outputs) {
  ig_context *context = threads(2);
  const char *net = write_text("net.txt", NET);
  for (size_t i = 0; i < sizeof ops / sizeof ops[0]; i++) CHECK_OK(ig_add_op(context, &ops[i]));
  ig_train_result right = with_loss(context, net, "mse", "right"), sum = with_loss(context, net, "label_mse", "sum");
  ig_train_result logs = with_loss(context, net, "label_log", "logs");
  CHECK(right.test.accuracy > 0.8);
  CHECK(sum.test.accuracy < 0.35 && logs.test.accuracy < 0.35); /* of ten equal outputs one is the largest */
  double squares = 0, labels = 0;
  for (int y = 0; y < 10; y++) {
    squares += y * y / 10.0;
    labels += y / 10.0;
  }
  CHECK_NEAR(sum.val.loss, squares - 0.2 * labels + 0.01, 0.02);
  CHECK_NEAR(logs.val.loss, labels * 10 * log(10), 0.5);
  ig_context_free(context);
}

/* Ten numbers that are 0 … 1 and go through a softmax once more: at best e against nine times 1. */
TEST(softmax_twice) {
  ig_context *context = threads(2);
  const double floor_of = log((exp(1.0) + 9) / exp(1.0));
  ig_train_result once = with_loss(context, write_text("once.txt", NET), "cross_entropy", "once");
  ig_train_result twice = with_loss(context, write_text("twice.txt", NET "softmax\n"), "cross_entropy", "twice");
  CHECK_NEAR(floor_of, 1.4612, 1e-4);
  CHECK(once.val.loss < 0.8 && twice.val.loss > floor_of);
  ig_context_free(context);
}

static void norms(const char *optimizer, const char *lr, double low, double high) {
  ig_context *context = threads(2);
  const char *net = write_text("net.txt", NET);
  double norm[3];
  for (int k = 0; k < 3; k++) { /* none, of the texts, λ itself */
    ig_train_result r;
    CHECK_OK(TRAIN(context, &r, NULL, DIGITS, "model", net, "optimizer", optimizer, "lr", lr, "epochs", "3", "l2", k ? "0.001" : "0", "l2_scale", k == 1 ? "half_mean" : "full", "out",
                   in_folder(optimizer)));
    ig__run_state state = state_of(r.out);
    norm[k] = state.history[2].weight_norm;
    ig__run_state_free(&state);
    if (getenv("IMGRAD_TEST_SHOW")) printf("  %s: norm %.6f\n", optimizer, norm[k]);
    remove_run(r.out);
  }
  CHECK(norm[1] / norm[0] > low && norm[1] / norm[0] < high); /* m is 900 here */
  CHECK(norm[2] < 0.99 * norm[0]);
  ig_context_free(context);
}

/* (λ/2m)‖w‖² with the λ and m of the texts, by sgd, is nothing. Under adam it is something where the loss has no gradient (weights of pixels that are
 * always black): a step of adam does not know how small its gradient is. */
TEST(lambda_over_two_m) {
  CHECK_NEAR(0.001 / (2 * 60000.0), 8.333e-9, 1e-12);
  norms("sgd", "0.1", 1 - 1e-4, 1);
  norms("adam", "0.003", 0.8, 0.97);
}
