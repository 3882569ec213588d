/* Means of the weights in a run: which weights enter, what is measured and kept, statistics measured anew, stopping and going on. */
#include "runs.h"

#include <math.h>

/* One step an epoch, so that a run of k epochs shows the weights after step k. Without validation the last weights are kept. */
#define STEPS "data", "digits train=40 test=10", "val", "0", "batch", "40", "precision", "f64", "model", "softmax"

static const double *weights_after(ig_context *context, const char *epochs, const char *average, ig__model **m) {
  const char *out = in_folder("steps");
  remove_run(out);
  RUN(context, STEPS, "epochs", epochs, "average", average, "out", out);
  *m = model_of(out, 8);
  return (*m)->params;
}

static void check_mean(const char *average, const double share[3]) {
  ig_context *context = threads(2);
  ig__model *m[4];
  const double *w[4];
  static const char *const epochs[] = {"1", "2", "3"};
  for (int i = 0; i < 3; i++) w[i] = weights_after(context, epochs[i], "none", &m[i]);
  w[3] = weights_after(context, "3", average, &m[3]);
  for (int64_t i = 0; i < m[0]->params_size; i++)
    CHECK_NEAR(w[3][i], share[0] * w[0][i] + share[1] * w[1][i] + share[2] * w[2][i], 1e-14);
  for (int i = 0; i < 4; i++) ig__model_free(m[i]);
  ig_context_free(context);
}

TEST(ema_of_three_steps) { check_mean("ema 0.5", (const double[]){0.25, 0.25, 0.5}); }
TEST(ema_without_memory) { check_mean("ema 0", (const double[]){0, 0, 1}); }
TEST(swa_of_all_epochs) { check_mean("swa 0", (const double[]){1.0 / 3, 1.0 / 3, 1.0 / 3}); }
TEST(swa_of_the_last_epochs) { check_mean("swa 0.5", (const double[]){0, 0.5, 0.5}); }

/* At a rate that moves nothing the statistics measured anew are those of the batch; a run whose batchnorm takes the new batch's
 * alone has them too. */
TEST(swa_measures_statistics) {
  ig_context *context = threads(2);
  const char *slow = write_text("slow.txt", "input 1 28 28\nconv2d 4 k=3 stride=3 bias=no\nbatchnorm momentum=0.1 relu\ndense classes softmax\n");
  const char *fast = write_text("fast.txt", "input 1 28 28\nconv2d 4 k=3 stride=3 bias=no\nbatchnorm momentum=1 relu\ndense classes softmax\n");
  const char *a = in_folder("a"), *b = in_folder("b");
  RUN(context, STEPS, "model", slow, "lr", "1e-12", "epochs", "2", "average", "swa 0", "out", a);
  RUN(context, STEPS, "model", fast, "lr", "1e-12", "epochs", "2", "out", b);
  ig__model *x = model_of(a, 8), *y = model_of(b, 8);
  for (int64_t i = 0; i < x->states_size; i++) CHECK_NEAR(((double *)x->states)[i], ((double *)y->states)[i], 1e-9);
  CHECK(fabs(((double *)x->states)[0]) > 1e-3);
  ig__model_free(x);
  ig__model_free(y);
  ig_context_free(context);
}

/* Validation chooses among the means, and eval measures what was kept. */
TEST(the_mean_is_measured_and_kept) {
  ig_context *context = threads(2);
  ig_train_result r;
  ig_eval_options o = ig_eval_options_default();
  ig_eval_result e;
  const char *out = in_folder("kept");
  CHECK_OK(TRAIN(context, &r, NULL, "data", "digits train=300 test=50", "model", small_net(), "epochs", "5", "patience", "2", "average", "ema 0.98", "out", out));
  ig__run_state s = state_of(out);
  CHECK(s.best_epoch > 0);
  snprintf(o.run, sizeof o.run, "%s", out);
  snprintf(o.part, sizeof o.part, "val");
  CHECK_OK(ig_eval(context, &o, &e));
  CHECK_NEAR(e.metrics.accuracy, s.history[s.best_epoch - 1].val.accuracy, 1e-12);
  CHECK_NEAR(e.metrics.data_loss, s.history[s.best_epoch - 1].val.data_loss, 1e-6);
  ig_eval_result_free(&e);
  ig__run_state_free(&s);
  ig_context_free(context);
}

#define RUN_OF(out) "data", "digits train=100 test=10", "model", net, "batch", "16", "epochs", "2", "seed", "3", "out", out

static void stop_and_go_on(const char *average) {
  ig_context *context = threads(2);
  const char *net = small_net(), *whole = in_folder("whole"), *part = in_folder("part");
  RUN(context, RUN_OF(whole), "average", average);
  for (int64_t k = 0; k < 13; k += 2) {
    stopper s = {k};
    ig_train_events events = {.stop = stop_after, .user = &s};
    ig_train_result result;
    remove_run(part);
    CHECK_INT(TRAIN(context, &result, &events, RUN_OF(part), "average", average), IG_INTERRUPTED);
    RUN(context, "resume", part);
    if (hash_of_run(part) != hash_of_run(whole) || hash_of_model(part) != hash_of_model(whole))
      test_fail(__FILE__, __LINE__, "%s, stopped after %lld steps: other weights", average, (long long)k);
  }
  ig_context_free(context);
}
TEST(ema_goes_on_with_the_same_bits) { stop_and_go_on("ema 0.9"); }
TEST(swa_goes_on_with_the_same_bits) { stop_and_go_on("swa 0"); }

TEST(threads_change_no_mean) {
  uint64_t first = 0;
  for (int n = 1; n <= 3; n++) {
    ig_context *context = threads(n);
    const char *out = in_folder("threads");
    remove_run(out);
    RUN(context, "data", "digits train=100 test=10", "model", "mlp", "epochs", "1", "average", "ema 0.9", "out", out);
    if (n == 1) first = hash_of_model(out);
    CHECK(hash_of_model(out) == first);
    ig_context_free(context);
  }
}

static void refused(const char *average, const char *optimizer, const char *epochs, const char *words) {
  ig_context *context = threads(1);
  ig_train_result r;
  CHECK_INT(TRAIN(context, &r, NULL, STEPS, "average", average, "optimizer", optimizer, "epochs", epochs, "out", in_folder("refused")), IG_USAGE);
  if (!strstr(ig_last_error(), words)) test_fail(__FILE__, __LINE__, "'%s' does not say '%s'", ig_last_error(), words);
  CHECK(!ig__is_folder(in_folder("refused")));
  ig_context_free(context);
}

TEST(what_has_no_mean_is_refused) {
  refused("swa", "adam", "3", "1 epoch would enter the mean");
  refused("ema", "lbfgs", "3", "optimiser on batches");
  refused("emma", "adam", "3", "did you mean ema");
  refused("ema 1", "adam", "3", "out of range");
}

#ifdef IG__FAULTS
/* Allocations fail one after the other, in steps: a status, no leak. */
TEST(faults_of_a_mean) {
  ALLOCATIONS_FAIL(7, "data", "digits train=40 test=6", "model",
                   write_text("net.txt", "input 1 28 28\nconv2d 2 k=9 stride=9 bias=no\nbatchnorm relu\ndense classes\n"), "epochs", "2", "average",
                   "swa 0", "penalty", "group_lasso 1e-3, max_norm 2");
}
#endif
