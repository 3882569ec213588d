/* Runs whose length the data or the clock decide, and parameters chosen by patterns. No clock decides whether a test passes. */
#include "runs.h"

#define DATA "data", "digits train=200 test=40", "model", "softmax", "batch", "16"

static ig_status plan(int64_t planned, int64_t at, double place, int64_t step, double *out) {
  ig__trainer t = {.steps_per_epoch = 10, .epochs = 3};
  t.state = (ig__run_state){.planned_steps = planned, .plan_step = at, .plan_place = place};
  ig__progress p = ig__plan_progress(&t, step);
  *out = (double)p.step / (double)p.total_steps;
  return p.step == step && p.steps_per_epoch == 10 ? IG_OK : IG_FAILED;
}

/* A new plan goes on from where the schedule stands and reaches its end at the new last step. */
TEST(places_go_on) {
  double a, b;
  CHECK_OK(plan(0, 0, 0, 15, &a));
  CHECK_NEAR(a, 0.5, 1e-12); /* 30 steps by epochs */
  CHECK_OK(plan(1000, 0, 0, 400, &a));
  CHECK_NEAR(a, 0.4, 1e-3);
  CHECK_OK(plan(700, 400, 0.4, 400, &b));
  CHECK_NEAR(b, 0.4, 1e-3);
  CHECK_OK(plan(700, 400, 0.4, 550, &b));
  CHECK_NEAR(b, 0.7, 2e-3);
  CHECK_OK(plan(700, 400, 0.4, 700, &b));
  CHECK(b == 1);
  CHECK_OK(plan(700, 400, 0.4, 900, &b));
  CHECK(b == 1);
}

TEST(time_alone_plans_the_run) {
  ig_context *context = listening(2);
  ig_train_result result;
  const char *folder = in_folder("planned");
  CHECK_OK(TRAIN(context, &result, NULL, DATA, "schedule", "cosine", "time", "0.5s", "out", folder));
  CHECK_STR(result.stopped, "plan");
  CHECK(result.epochs >= 1 && result.best_epoch >= 1);
  CHECK(result.test.n == 40);
  CHECK_HAS(said, "depends on the speed");
  ig__run_state s = state_of(folder);
  CHECK(s.planned_steps > 0);
  CHECK_INT(s.step, s.planned_steps);
  CHECK(s.history[s.history_count - 1].lr < 5e-4); /* the cosine has come near its end: half the rate, were it without a plan */
  ig__run_state_free(&s);
  /* It is over; taken up again nothing is left, and +N has nothing to be added to. */
  uint64_t hash = hash_of_run(folder);
  CHECK_OK(TRAIN(context, &result, NULL, "resume", folder));
  CHECK_STR(result.stopped, "plan");
  CHECK(hash_of_run(folder) == hash);
  CHECK_STATUS(TRAIN(context, &result, NULL, "resume", folder, "epochs", "+1"), IG_USAGE);
  CHECK_HAS(ig_last_error(), "--time");
  ig_context_free(context);
}

/* Stopped on its way, it keeps the plan that it had. */
TEST(a_plan_is_kept) {
  ig_context *context = threads(2);
  ig_train_result result;
  const char *folder = in_folder("kept");
  stopper stop = {1000};
  ig_train_events events = {.stop = stop_after, .user = &stop};
  CHECK_STATUS(TRAIN(context, &result, &events, DATA, "time", "1m", "out", folder), IG_INTERRUPTED);
  ig__run_state before = state_of(folder);
  if (before.planned_steps == 0) { /* a very slow machine has no plan yet */
    ig__run_state_free(&before);
    ig_context_free(context);
    return;
  }
  stopper again = {10};
  events.user = &again;
  CHECK_STATUS(TRAIN(context, &result, &events, "resume", folder), IG_INTERRUPTED);
  ig__run_state after = state_of(folder);
  CHECK_INT(after.planned_steps, before.planned_steps);
  CHECK(after.step > before.step);
  ig__run_state_free(&before);
  ig__run_state_free(&after);
  ig_context_free(context);
}

TEST(epochs_and_time_are_refused_when_they_say_nothing) {
  ig_context *context = threads(1);
  ig_train_result result;
  CHECK_STATUS(TRAIN(context, &result, NULL, DATA, "epochs", "time", "out", in_folder("a")), IG_USAGE);
  CHECK_STATUS(TRAIN(context, &result, NULL, DATA, "time", "soon", "out", in_folder("a")), IG_USAGE);
  CHECK_STATUS(TRAIN(context, &result, NULL, DATA, "epochs", "many", "out", in_folder("a")), IG_USAGE);
  ig_context_free(context);
}

/* With a rate that ruins everything after the first epoch, patience ends the run, and the weights are those of the best epoch. */
TEST(patience_ends_on_the_best_weights) {
  ig_context *context = threads(2);
  ig_train_result result;
  const char *folder = in_folder("patient");
  CHECK_OK(TRAIN(context, &result, NULL, DATA, "lr", "30", "epochs", "60", "patience", "3", "out", folder));
  CHECK_STR(result.stopped, "patience");
  CHECK_INT(result.epochs, result.best_epoch + 3);
  ig__run_state s = state_of(folder);
  CHECK_NEAR(result.val.accuracy, s.best_accuracy, 1e-12);
  CHECK_NEAR(result.val.loss, s.best_loss, 1e-6 * s.best_loss);
  ig__run_state_free(&s);
  int epochs = result.epochs;
  CHECK_OK(TRAIN(context, &result, NULL, "resume", folder));
  CHECK_INT(result.epochs, epochs);
  CHECK_OK(TRAIN(context, &result, NULL, "resume", folder, "patience", "0", "epochs", "12"));
  CHECK(result.epochs == (epochs > 12 ? epochs : 12));
  ig_context_free(context);
}

/* What is frozen stays what it was; what has a rate of 0 too, but for nothing else. */
TEST(frozen_parameters_stay) {
  static const char *const options[][2] = {{"freeze", "dense2.*"}, {"lr_scale", "dense2.*=0"}};
  ig_context *context = threads(2);
  const char *start = in_folder("start");
#define MLP "data", "digits train=200 test=20", "model", "mlp", "batch", "32"
  RUN(context, MLP, "epochs", "0", "out", start);
  ig__model *a = model_of(start, 4);
  for (int i = 0; i < 2; i++) {
    const char *folder = in_folder(options[i][0]);
    RUN(context, MLP, "epochs", "1", "weight_decay", "0.1", "l1", "1e-4", options[i][0], options[i][1], "out", folder);
    ig__model *b = model_of(folder, 4);
    for (size_t k = 0; k < a->param_count; k++) {
      const ig__param *p = &a->param[k];
      size_t bytes = (size_t)p->count * 4;
      bool same = memcmp((float *)a->params + p->offset, (float *)b->params + p->offset, bytes) == 0;
      CHECK(same == (strncmp(p->name, "dense2.", 7) == 0));
    }
    ig__model_free(b);
  }
  ig__model_free(a);
  ig_context_free(context);
}

TEST(patterns_that_name_nothing_are_refused) {
  ig_context *context = threads(1);
  ig_train_result result;
  CHECK_STATUS(TRAIN(context, &result, NULL, MLP, "freeze", "conv*", "out", in_folder("a")), IG_USAGE);
  CHECK_HAS(ig_last_error(), "conv*");
  CHECK_STATUS(TRAIN(context, &result, NULL, MLP, "freeze", "*", "out", in_folder("a")), IG_USAGE);
  CHECK_HAS(ig_last_error(), "nothing is left");
  CHECK_STATUS(TRAIN(context, &result, NULL, MLP, "lr_scale", "dense1.*", "out", in_folder("a")), IG_USAGE);
  CHECK_STATUS(TRAIN(context, &result, NULL, MLP, "lr_scale", "dense1.*=-1", "out", in_folder("a")), IG_USAGE);
  ig_context_free(context);
}
