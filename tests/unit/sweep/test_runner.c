/* Runs side by side: the same as one by one, whatever stops them. */
#include "sweep/sweep.h"
#include "contexts.h"
#include "unit/base/files.h"

#include <math.h>

static ig_train_options small(void) {
  ig_train_options o = ig_train_options_default();
  strcpy(o.data, "digits train=300 test=50");
  strcpy(o.model, "mlp");
  strcpy(o.epochs, "2");
  strcpy(o.report, "no");
  return o;
}

#define RUNS 6
static const ig__setting settings[RUNS][2] = {{{"l2", "1e-4"}, {"fold", "1/3"}}, {{"l2", "1e-4"}, {"fold", "2/3"}}, {{"l2", "1e-4"}, {"fold", "3/3"}},
                                              {{"l2", "0.1"}, {"fold", "1/3"}},  {{"l2", "0.1"}, {"fold", "2/3"}},  {{"l2", "0.1"}, {"fold", "3/3"}}};
static const char *const names[RUNS] = {"a", "b", "c", "d", "e", "f"};

static void fill(ig__sweep_run run[RUNS]) {
  for (int i = 0; i < RUNS; i++) run[i] = (ig__sweep_run){.name = names[i], .setting = settings[i], .settings = 2, .after = -1, .slim = i % 2};
}

static ig_status go(int threads, const char *folder, ig__sweep_options o, ig__sweep_run *run, int count) {
  ig_context *context = context_of(threads);
  ig_train_options base = small();
  ig__sweep *sweep;
  o.context = context;
  o.folder = folder;
  if (!o.base) o.base = &base;
  CHECK_OK(ig__sweep_new(&o, &sweep));
  ig_status status = ig__sweep_go(sweep, run, count);
  ig__sweep_free(sweep);
  ig_context_free(context);
  return status;
}

static bool same_metrics(const ig_metrics *a, const ig_metrics *b) {
  return a->n == b->n && (a->n == 0 || (a->loss == b->loss && a->data_loss == b->data_loss && a->penalty == b->penalty && a->accuracy == b->accuracy));
}

static void check_same(const ig__sweep_result *a, const ig__sweep_result *b) {
  CHECK(a->done && b->done);
  CHECK_INT(a->epochs, b->epochs);
  CHECK_INT(a->best_epoch, b->best_epoch);
  CHECK(same_metrics(&a->val, &b->val));
  CHECK(same_metrics(&a->test, &b->test));
}

TEST(a_sweep_is_its_runs_one_by_one) {
  ig__sweep_run run[RUNS], again[RUNS];
  fill(run);
  fill(again);
  CHECK_OK(go(3, in_folder("three"), (ig__sweep_options){.deadline = 0}, run, RUNS));
  CHECK_OK(go(1, in_folder("one"), (ig__sweep_options){.deadline = 0}, again, RUNS));
  for (int i = 0; i < RUNS; i += 2) {
    ig_context *context = context_of(2);
    ig_train_options o = small();
    ig_train_result r;
    for (int k = 0; k < 2; k++) CHECK_OK(ig_option_set(IG_VERB_TRAIN, &o, settings[i][k].name, settings[i][k].value));
    snprintf(o.out, sizeof o.out, "%s/alone%d", test_folder(), i);
    CHECK_OK(ig_train(context, &o, NULL, &r));
    ig_context_free(context);
    check_same(&run[i].result, &again[i].result);
    CHECK(r.val.n == 100 && same_metrics(&run[i].result.val, &r.val));
    CHECK(r.test.n == 0 && r.best_epoch == run[i].result.best_epoch);
  }
  CHECK(run[0].result.val.loss != run[3].result.val.loss);
}

typedef struct stopper { int looks, until, ended; ig__sweep_run *run; } stopper;
static ig_status stop_after(void *user) {
  stopper *s = user;
  return ++s->looks > s->until ? IG_TERMINATED : IG_OK;
}
static void count_ended(void *user, const ig__sweep_run *run, int done, int count) {
  CHECK(run->result.done && done <= count && count == RUNS);
  ((stopper *)user)->ended++;
}

TEST(a_sweep_that_is_stopped_goes_on) {
  ig__sweep_run whole[RUNS], run[RUNS];
  ig_train_options base = small();
  strcpy(base.data, "digits train=400 test=50");
  base.checkpoint_every = 0.02;
  fill(whole);
  CHECK_OK(go(2, in_folder("whole"), (ig__sweep_options){.base = &base}, whole, RUNS));
  int stops = 0;
  ig_status status = IG_TERMINATED;
  for (int i = 0; i < 200 && status != IG_OK; i++) {
    stopper s = {.until = 2 + i}; /* longer each time: a slow build must get somewhere too */
    const ig__sweep_events events = {.ended = count_ended, .stop = stop_after, .user = &s};
    fill(run);
    status = go(1 + i % 3, in_folder("pieces"), (ig__sweep_options){.base = &base, .events = &events}, run, RUNS);
    if (status == IG_OK) CHECK_INT(s.ended, RUNS);
    else CHECK_INT(status, IG_TERMINATED);
    stops += status != IG_OK;
  }
  CHECK_INT(status, IG_OK);
  CHECK(stops > 0);
  for (int i = 0; i < RUNS; i++) check_same(&run[i].result, &whole[i].result);
}

TEST(time_that_is_over_is_no_failure) {
  ig__sweep_run run[RUNS];
  fill(run);
  CHECK_OK(go(2, in_folder("late"), (ig__sweep_options){.deadline = 1e-9}, run, RUNS));
  for (int i = 0; i < RUNS; i++) CHECK(!run[i].result.done);
  CHECK_OK(go(2, in_folder("late"), (ig__sweep_options){.deadline = 0}, run, RUNS));
  for (int i = 0; i < RUNS; i++) CHECK(run[i].result.done);
}

TEST(a_pause_changes_nothing) {
  ig__sweep_run run[RUNS], whole[RUNS];
  fill(run);
  fill(whole);
  for (int epochs = 1; epochs <= 2; epochs++) {
    for (int i = 0; i < RUNS; i++) run[i].epochs = epochs == 2 ? 0 : epochs;
    CHECK_OK(go(2, in_folder("paused"), (ig__sweep_options){.deadline = 0}, run, RUNS));
    for (int i = 0; i < RUNS; i++) {
      CHECK_INT(run[i].result.epochs, epochs);
      CHECK(run[i].result.ended == (epochs == 2) && run[i].result.val.n == 100 && run[i].result.best_epoch <= epochs);
    }
  }
  CHECK_OK(go(2, in_folder("unpaused"), (ig__sweep_options){.deadline = 0}, whole, RUNS));
  for (int i = 0; i < RUNS; i++) check_same(&run[i].result, &whole[i].result);
}

TEST(a_run_begins_with_the_weights_of_another) {
  ig__sweep_run run[3] = {{.name = "first", .after = -1}, {.name = "second", .after = 0}, {.name = "alone", .after = -1}};
  CHECK_OK(go(2, in_folder("warm"), (ig__sweep_options){.deadline = 0}, run, 3));
  check_same(&run[0].result, &run[2].result);
  CHECK(run[1].result.val.loss < run[0].result.val.loss);
  ig__sweep_run wrong[2] = {{.name = "first", .after = 1}, {.name = "second", .after = -1}};
  CHECK_STATUS(go(2, in_folder("warm"), (ig__sweep_options){.deadline = 0}, wrong, 2), IG_FAILED);
}

TEST(what_diverges_is_a_result_and_what_fails_is_none) {
  const ig__setting fast[] = {{"optimizer", "sgd"}, {"lr", "1e6"}, {"l2", "1"}}, wrong[] = {{"l2", "high"}}, absent[] = {{"data", "nowhere/at/all"}};
  ig__sweep_run run[2] = {{.name = "fast", .setting = fast, .settings = 3, .after = -1}, {.name = "next", .after = 0}};
  CHECK_OK(go(2, in_folder("fast"), (ig__sweep_options){.deadline = 0}, run, 2));
  CHECK_INT(run[0].result.status, IG_DIVERGED);
  CHECK_INT(run[1].result.status, IG_OK);
  CHECK(run[0].result.ended && run[1].result.val.n > 0);
  ig__sweep_run again[1] = {{.name = "fast", .setting = fast, .settings = 1, .after = -1}};
  CHECK_STATUS(go(2, in_folder("fast"), (ig__sweep_options){.deadline = 0}, again, 1), IG_USAGE);
  CHECK_HAS(ig_last_error(), "take a new folder");
  ig__sweep_run bad[1] = {{.name = "bad", .setting = wrong, .settings = 1, .after = -1}};
  CHECK_STATUS(go(2, in_folder("bad"), (ig__sweep_options){.deadline = 0}, bad, 1), IG_USAGE);
  ig__sweep_run none[2] = {{.name = "here", .after = -1}, {.name = "none", .setting = absent, .settings = 1, .after = -1}};
  CHECK_STATUS(go(2, in_folder("none"), (ig__sweep_options){.deadline = 0}, none, 2), IG_USAGE);
  CHECK_HAS(ig_last_error(), "nowhere/at/all");
  CHECK_HAS(ig_last_error(), "/none: ");
}
