/* Training by full-batch descent: convergence, agreement, stopping, resuming, refusals. */
#include "runs.h"

#define CONVEX "data", "digits train=40 test=10", "model", "softmax", "l2", "0.1", "precision", "f64", "val", "0", "batch", "64"

typedef struct end { double loss, gradient, weights[8000]; int64_t count; char stopped[16]; int epochs; } end;

static const end *run_to(const char *optimizer, const char *epochs, int slot) {
  static end ends[4];
  end *e = &ends[slot];
  ig_train_result result;
  ig_context *context = threads(2);
  const char *out = in_folder("descent");
  remove_run(out);
  CHECK_OK(TRAIN(context, &result, NULL, CONVEX, "optimizer", optimizer, "epochs", epochs, "out", out));
  ig__run_state state = state_of(out);
  const ig_epoch *last = &state.history[state.history_count - 1];
  *e = (end){.loss = last->train.loss, .gradient = last->gradient, .epochs = result.epochs};
  snprintf(e->stopped, sizeof e->stopped, "%s", result.stopped);
  ig__run_state_free(&state);
  ig__model *model;
  CHECK_OK(ig__model_any(out, NULL, 10, 8, 1, &model));
  e->count = model->params_size;
  CHECK(e->count <= 8000);
  memcpy(e->weights, model->params, (size_t)e->count * sizeof(double));
  ig__model_free(model);
  ig_context_free(context);
  printf("  %s: %d steps, loss %.12g, gradient %.2g, stopped by: %s\n", optimizer, e->epochs, e->loss, e->gradient, e->stopped);
  return e;
}

TEST(methods_agree_on_a_convex_problem) {
  const end *newton = run_to("newton gtol=1e-9 ftol=0", "20", 0), *lbfgs = run_to("lbfgs gtol=1e-9 ftol=0", "500", 1),
            *gauss = run_to("newton curvature=gauss_newton gtol=1e-9 ftol=0", "20", 2);
  CHECK_STR(newton->stopped, "gradient");
  CHECK_STR(lbfgs->stopped, "gradient");
  CHECK_STR(gauss->stopped, "gradient");
  CHECK(newton->gradient <= 1e-9 && lbfgs->gradient <= 1e-9);
  CHECK_NEAR(newton->loss, lbfgs->loss, 1e-10 * newton->loss);
  for (int64_t i = 0; i < newton->count; i++) {
    CHECK_NEAR(newton->weights[i], lbfgs->weights[i], 1e-6);
    CHECK_NEAR(newton->weights[i], gauss->weights[i], 1e-6);
  }
  const end *gd = run_to("gd gtol=0 ftol=1e-8", "3000", 3);
  CHECK_STR(gd->stopped, "loss");
  CHECK_NEAR(gd->loss, newton->loss, 1e-4 * newton->loss);
}

TEST(steps_run_out) { CHECK_STR(run_to("gd", "3", 0)->stopped, "epochs"); }

/* The step that a stop falls into is given up; the run goes on from the step before and ends with the same bits. */
TEST(stopped_and_resumed_to_the_same_bits) {
  static const char *const methods[] = {"gd", "lbfgs 3", "newton"};
  for (int i = 0; i < 3; i++) {
    ig_context *context = threads(2);
    ig_train_result result;
    const char *whole = in_folder("whole"), *cut = in_folder("cut");
    remove_run(whole), remove_run(cut);
    CHECK_OK(TRAIN(context, &result, NULL, CONVEX, "optimizer", methods[i], "epochs", "6", "out", whole));
    stopper s = {9};
    ig_train_events stop = {.stop = stop_after, .user = &s};
    CHECK_INT(TRAIN(context, &result, &stop, CONVEX, "optimizer", methods[i], "epochs", "6", "out", cut), IG_INTERRUPTED);
    CHECK(result.epochs < 6);
    for (int again = 0; again < 20 && result.epochs < 6; again++) {
      s.left = 11 + 5 * again;
      (void)TRAIN(context, &result, &stop, "resume", cut);
    }
    CHECK_INT(result.epochs, 6);
    CHECK(hash_of_run(whole) == hash_of_run(cut) && hash_of_model(whole) == hash_of_model(cut));
    char *a = results_of(whole), *b = results_of(cut);
    CHECK_STR(a, b);
    ig__free(a), ig__free(b);
    ig_context_free(context);
  }
}

TEST(threads_change_no_bit) {
  uint64_t hash[2];
  for (int i = 0; i < 2; i++) {
    ig_context *context = threads(i ? 3 : 1);
    const char *out = in_folder("threads");
    remove_run(out);
    RUN(context, "data", "digits train=200 test=20", "model", "lenet5", "optimizer", "lbfgs", "epochs", "3", "out", out);
    hash[i] = hash_of_run(out);
    ig_context_free(context);
  }
  CHECK(hash[0] == hash[1]);
}

static void refused(const char *optimizer, const char *option, const char *value, const char *words) {
  ig_context *context = threads(1);
  ig_train_result result;
  CHECK_INT(TRAIN(context, &result, NULL, "data", "digits train=50 test=5", "model", "softmax", "out", in_folder("no"), "optimizer",
                  optimizer, option, value), IG_USAGE);
  CHECK_HAS(ig_last_error(), words);
  CHECK(!ig__is_folder(in_folder("no")));
  ig_context_free(context);
}

TEST(what_has_no_meaning_is_refused) {
  refused("lbfgs", "lr", "0.1", "search");
  refused("newton", "momentum", "0.9", "momentum");
  refused("gd", "weight_decay", "0.1", "l2");
  refused("gd", "clip", "1", "clip");
  refused("lbfgs", "accumulate", "2", "accumulate");
  refused("lbfgs", "schedule", "cosine", "schedule");
  refused("lbfgs", "l1", "1e-4", "smooth");
  refused("lbfgs memory=1000", "seed", "1", "memory");
  refused("newtom", "seed", "1", "did you mean newton");
  refused("lbfgs", "model", small_net(), "random");
}

/* Batch statistics have no second derivative here, and Newton's method says so by name. */
TEST(newton_names_the_layer_without_second_derivative) {
  ig_context *context = threads(1);
  ig_train_result result;
  const char *net = write_text("bn.txt", "input 1 28 28\nconv2d 4 k=3 stride=3 bias=no\nbatchnorm relu\ndense classes softmax\n");
  CHECK_INT(TRAIN(context, &result, NULL, "data", "digits train=50 test=5", "model", net, "out", in_folder("bn"), "optimizer", "newton",
                  "epochs", "2"), IG_BAD_MODEL);
  CHECK_HAS(ig_last_error(), "batchnorm");
  remove_run(in_folder("bn"));
  CHECK_OK(TRAIN(context, &result, NULL, "data", "digits train=50 test=5", "model", net, "out", in_folder("bn"), "optimizer", "lbfgs",
                 "epochs", "2"));
  ig_context_free(context);
}
