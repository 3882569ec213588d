/* Differences in the place of the gradient. */
#include "imgrad.h"
#include "runs.h"
#include "train/synthetic.h"

#include <math.h>

#define SMALL "data", "digits train=48 test=10", "precision", "f64", "seed", "3", "batch", "16"

/* Smooth all through, with batch normalisation and dropout: 4·9 + 8 + 4·16·3 + 3 + 3·10 + 10 weights. */
static const char *smooth_net(void) {
  return write_text("smooth.txt", "input 1 28 28\navgpool2d 7\nconv2d 4 k=3 pad=same bias=no\nbatchnorm tanh\ndropout 0.25\ndense 3 silu\ndense classes softmax\n");
}

/* The gradient by both ways, and the running statistics afterwards. */
static void compare(ig__network *exact, ig__network *plain, ig_context *context, const ig__batch *batch, void *states) {
  ig__model *m = exact->model;
  const size_t count = (size_t)m->params_size;
  double *a = ig__alloc(count, sizeof *a), *n = ig__alloc(count, sizeof *n), worst = 0, largest = 0;
  double *before = ig__alloc((size_t)m->states_size, sizeof *before), *after = ig__alloc((size_t)m->states_size, sizeof *after);
  memcpy(before, m->states, (size_t)m->states_size * sizeof *before);
  CHECK_OK(ig__network_run(exact, context, batch, &(ig__pass_step){.seed = 5, .step = 2, .grads = a, .loss_scale = 1}));
  memcpy(after, m->states, (size_t)m->states_size * sizeof *after);
  memcpy(m->states, before, (size_t)m->states_size * sizeof *before);
  CHECK_OK(ig__numeric_run(plain, context, batch, &(ig__pass_step){.seed = 5, .step = 2, .grads = n, .loss_scale = 1}, states));
  CHECK(memcmp(m->states, before, (size_t)m->states_size * sizeof *before) != 0);
  for (int64_t i = 0; i < m->states_size; i++) CHECK_NEAR(((double *)m->states)[i], after[i], 1e-14);
  for (size_t i = 0; i < count; i++) {
    worst = fmax(worst, fabs(a[i] - n[i]));
    largest = fmax(largest, fabs(a[i]));
  }
  CHECK(largest > 0.05);
  CHECK(worst < 1e-9); /* 6e-11 was measured */
  ig__free(a);
  ig__free(n);
  ig__free(before);
  ig__free(after);
}

TEST(differences_are_the_gradient) {
  ig_context *context = threads(2);
  ig_train_options o = ig_train_options_default();
  ig__model *m;
  ig__source_info info;
  ig__batch batch;
  ig__network exact, plain;
  void *states;
  CHECK_OK(ig__model_any(context, smooth_net(), NULL, 10, 8, 1, &m));
  CHECK_OK(ig__synthetic_info(m, &info));
  CHECK_OK(ig__synthetic_batch(&info, 5, 1, &batch));
  CHECK_OK(ig__network_new(context, &(ig__network_request){.model = m, .data = &info, .loss = "", .n = 5, .training = true, .gradients = true}, &exact));
  CHECK_OK(ig__network_new(context, &(ig__network_request){.model = m, .data = &info, .loss = "", .n = 5, .training = true}, &plain));
  snprintf(o.gradient, sizeof o.gradient, "numeric");
  CHECK_OK(ig__numeric_open(m, &o, false, &states));
  compare(&exact, &plain, context, &batch, states);
  ig__free(states);
  ig__network_free(&exact);
  ig__network_free(&plain);
  ig__synthetic_batch_free(&batch);
  ig__model_free(m);
  ig_context_free(context);
}

/* A whole training, frozen weights, penalties and accumulation included, ends where the analytic one does. */
TEST(training_by_differences) {
  ig_context *context = threads(2);
  const char *net = smooth_net();
  char a[IG_PATH_SIZE], b[IG_PATH_SIZE];
  snprintf(a, sizeof a, "%s", in_folder("a"));
  snprintf(b, sizeof b, "%s", in_folder("b"));
  RUN(context, SMALL, "model", net, "epochs", "2", "accumulate", "2", "l2", "1e-3", "freeze", "dense1.*", "out", a);
  RUN(context, SMALL, "model", net, "epochs", "2", "accumulate", "2", "l2", "1e-3", "freeze", "dense1.*", "gradient", "numeric", "out", b);
  ig__model *x, *y;
  CHECK_OK(ig__model_trained(context, a, 8, &x));
  CHECK_OK(ig__model_trained(context, b, 8, &y));
  for (int64_t i = 0; i < x->params_size; i++) CHECK_NEAR(((double *)y->params)[i], ((double *)x->params)[i], 1e-5);
  ig__model_free(x);
  ig__model_free(y);
  ig_context_free(context);
}

/* A loss that has no derivative to give: the analytic gradient refuses, differences train. */
static void fourth_power(const ig_op_run *r) {
  const double *p = r->in[0], label = ((const double *)r->in[1])[0];
  double sum = 0;
  for (int64_t c = 0; c < r->in_size[0]; c++) sum += pow(p[c] - (c == (int64_t)label), 4);
  *(double *)r->out[0] = sum;
}

TEST(a_black_box_is_trained) {
  ig_context *context = threads(2);
  ig_train_result result;
  const char *net = smooth_net();
  CHECK_OK(ig_add_op(context, &(ig_custom_op){.name = "fourth", .kind = IG_OP_LOSS, .inputs = 2, .run = fourth_power}));
  CHECK_STATUS(TRAIN(context, &result, NULL, SMALL, "model", net, "loss", "fourth", "epochs", "1", "out", in_folder("a")), IG_BAD_MODEL);
  CHECK_HAS(ig_last_error(), "cannot be differentiated");
  CHECK_OK(TRAIN(context, &result, NULL, SMALL, "model", net, "loss", "fourth", "epochs", "2", "lr", "0.05", "gradient", "numeric", "val", "0", "out",
                 in_folder("b")));
  ig__run_state state = state_of(result.out);
  CHECK(state.history_count == 2 && state.history[1].train.loss < 0.9 * state.history[0].train.loss);
  ig__run_state_free(&state);
  ig_context_free(context);
}

TEST(refused) {
  ig_context *context = threads(1);
  ig_train_result result;
  CHECK_STATUS(TRAIN(context, &result, NULL, SMALL, "model", "textbook", "gradient", "numeric"), IG_USAGE);
  CHECK_HAS(ig_last_error(), "225034 weights");
  CHECK_HAS(ig_last_error(), "20000");
  CHECK_STATUS(TRAIN(context, &result, NULL, "data", "digits train=96 test=10", "model", "softmax", "gradient", "numeric"), IG_USAGE);
  CHECK_HAS(ig_last_error(), "--precision f64");
  CHECK_STATUS(TRAIN(context, &result, NULL, SMALL, "model", "softmax", "gradient", "numeric", "optimizer", "lbfgs"), IG_USAGE);
  CHECK_HAS(ig_last_error(), "full-batch");
  CHECK_STATUS(TRAIN(context, &result, NULL, SMALL, "model", "softmax", "gradient", "exact"), IG_USAGE);
  CHECK_HAS(ig_last_error(), "analytic and numeric");
  ig_context_free(context);
}
