/* Restarts: each is the run that train makes with its start, all on the same parts; the best becomes the run; stops change nothing. */
#include "imgrad/restarts.h"
#include "base/text.h"
#include "imgrad/compare.h"
#include "imgrad/lr_find.h"
#include "imgrad/tune.h"
#include "test.h"
#include "train/restarts.h"
#include "train/train.h"

static ig_context *context_of(int threads) {
  ig_context_options o = ig_context_options_default();
  ig_context *context;
  o.threads = threads;
  CHECK_OK(ig_context_new(&context, &o));
  return context;
}

static ig_train_options small(void) {
  ig_train_options o = ig_train_options_default();
  strcpy(o.data, "digits train=200 test=50");
  strcpy(o.model, "mlp");
  strcpy(o.epochs, "2");
  strcpy(o.report, "no");
  o.val = 0.2;
  return o;
}

static ig_status go(const ig_train_options *o, int threads, const ig_restarts_events *events, ig_restarts_result *r) {
  ig_context *context = context_of(threads);
  const ig_status status = ig_restarts(context, o, events, r);
  ig_context_free(context);
  return status;
}

static void into(char out[IG_PATH_SIZE], const char *name) { snprintf(out, IG_PATH_SIZE, "%s/%s", test_folder(), name); }

static bool same_bytes(const char *a, const char *b, const char *name) {
  uint8_t *x, *y;
  size_t n, m;
  char path[2 * IG_PATH_SIZE];
  snprintf(path, sizeof path, "%s/%s", a, name);
  CHECK_OK(ig__file_read(path, SIZE_MAX, &x, &n));
  snprintf(path, sizeof path, "%s/%s", b, name);
  CHECK_OK(ig__file_read(path, SIZE_MAX, &y, &m));
  const bool same = n == m && !memcmp(x, y, n);
  ig__free(x);
  ig__free(y);
  return same;
}

TEST(each_is_a_run_of_its_own_and_the_best_is_the_run) {
  ig_train_options o = small();
  ig_restarts_result r;
  ig_train_result one;
  ig_context *context = context_of(1);
  o.restarts = 3;
  o.start = 1;
  into(o.out, "all");
  CHECK_OK(go(&o, 3, NULL, &r));
  CHECK_INT(r.runs, 3);
  double loss[3], accuracy[3];
  for (int i = 0; i < 3; i++) {
    o = small();
    o.start = 1 + i;
    snprintf(o.out, sizeof o.out, "%s/alone%d", test_folder(), i);
    CHECK_OK(ig_train(context, &o, NULL, &one));
    CHECK(r.run[i].done && r.run[i].seed == 2 + i && r.run[i].status == IG_OK && r.run[i].val.n == 40);
    CHECK(r.run[i].val.loss == one.val.loss && r.run[i].val.accuracy == one.val.accuracy && r.run[i].test.loss == one.test.loss);
    CHECK_INT(r.run[i].best_epoch, one.best_epoch);
    loss[i] = one.val.loss;
    accuracy[i] = one.val.accuracy;
    const ig_restart *best = &r.run[r.best];
    CHECK(one.val.accuracy < best->val.accuracy || (one.val.accuracy == best->val.accuracy && one.val.loss >= best->val.loss));
    CHECK(same_bytes(o.out, r.out, "model.safetensors") == (i == r.best));
  }
  CHECK(loss[0] != loss[1] && loss[1] != loss[2]);
  const double mean = (loss[0] + loss[1] + loss[2]) / 3, d0 = loss[0] - mean, d1 = loss[1] - mean, d2 = loss[2] - mean;
  CHECK_INT(r.loss.n, 3);
  CHECK_NEAR(r.loss.mean, mean, 1e-15);
  CHECK_NEAR(r.loss.deviation, sqrt((d0 * d0 + d1 * d1 + d2 * d2) / 2), 1e-15);
  CHECK(r.loss.min == fmin(loss[0], fmin(loss[1], loss[2])) && r.accuracy.max == fmax(accuracy[0], fmax(accuracy[1], accuracy[2])));
  /* The folder goes on as any run. */
  CHECK(!ig_restarts_pending(r.out));
  o = ig_train_options_default();
  CHECK_OK(ig_option_set(IG_VERB_TRAIN, &o, "resume", r.out));
  CHECK_OK(ig_option_set(IG_VERB_TRAIN, &o, "epochs", "+1"));
  CHECK_OK(ig_train(context, &o, NULL, &one));
  CHECK_INT(one.epochs, 3);
  ig_restarts_result_free(&r);
  ig_context_free(context);
}

/* Other weights and another order; the same parts, which the seed draws. */
TEST(a_start_moves_no_picture) {
  ig_context *context = context_of(1);
  ig_train_result r[3];
  for (int i = 0; i < 3; i++) {
    ig_train_options o = small();
    o.seed = i == 2 ? 2 : 1;
    o.start = i == 1;
    o.lr = 1e-12;
    snprintf(o.out, sizeof o.out, "%s/%d", test_folder(), i);
    CHECK_OK(ig_train(context, &o, NULL, &r[i]));
  }
  /* Start 1 of seed 1 has the weights of seed 2, measured on the part of seed 1. */
  CHECK(r[1].val.loss != r[0].val.loss && r[1].val.loss != r[2].val.loss);
  CHECK(r[1].test.loss != r[0].test.loss);
  CHECK_NEAR(r[1].test.loss, r[2].test.loss, 1e-6);
  ig_context_free(context);
}

TEST(spans) {
  const double v[] = {3, NAN, 1, 2, INFINITY};
  ig_span s = ig__span_of(v, 5);
  CHECK(s.n == 3 && s.min == 1 && s.max == 3 && s.mean == 2 && s.deviation == 1);
  s = ig__span_of(v, 1);
  CHECK(s.n == 1 && s.mean == 3 && isnan(s.deviation));
  s = ig__span_of(v, 0);
  CHECK(s.n == 0 && isnan(s.min) && isnan(s.mean));
}

typedef struct stopper { int left, ended; } stopper;
static ig_status stop_after(void *user) { return --((stopper *)user)->left < 0 ? IG_TERMINATED : IG_OK; }
static void count_ended(void *user, const ig_restart *run, int done, int count) {
  CHECK(run->done && done <= count && count == 4);
  ((stopper *)user)->ended++;
}

TEST(stops_change_nothing) {
  ig_train_options o = small();
  ig_restarts_result whole, r;
  o.restarts = 4;
  o.checkpoint_every = 0.02;
  into(o.out, "whole");
  CHECK_OK(go(&o, 2, NULL, &whole));
  into(o.out, "broken");
  ig_status status = IG_TERMINATED;
  int stops = 0;
  for (int i = 0; status == IG_TERMINATED; i++) {
    stopper s = {.left = 1 + 4 * i}; /* longer each time: a slow build must get somewhere too */
    const ig_restarts_events events = {.run = count_ended, .stop = stop_after, .user = &s};
    status = go(&o, 2, &events, &r);
    if (status == IG_OK) break;
    CHECK_STATUS(status, IG_TERMINATED);
    CHECK(++stops < 200 && ig_restarts_pending(r.out));
    ig_restarts_result_free(&r);
    o = ig_train_options_default();
    CHECK_OK(ig_option_set(IG_VERB_TRAIN, &o, "resume", whole.out));
    CHECK(!ig_restarts_pending(whole.out));
    snprintf(o.resume, sizeof o.resume, "%s/broken", test_folder());
  }
  CHECK(stops > 0);
  CHECK_INT(r.best, whole.best);
  for (int i = 0; i < 4; i++) CHECK(r.run[i].val.loss == whole.run[i].val.loss && r.run[i].test.loss == whole.run[i].test.loss);
  CHECK(same_bytes(r.out, whole.out, "model.safetensors") && same_bytes(r.out, whole.out, "layers.csv"));
  ig_restarts_result_free(&r);
  ig_restarts_result_free(&whole);
}

static void refused(const ig_train_options *o, const char *words) {
  ig_restarts_result r;
  CHECK_STATUS(go(o, 1, NULL, &r), IG_USAGE);
  CHECK_HAS(ig_last_error(), words);
  CHECK(!r.runs && !r.run);
}

TEST(what_makes_no_sense) {
  ig_train_options o = small();
  ig_train_result one;
  ig_context *context = context_of(1);
  o.restarts = 2;
  into(o.out, "never");
  ig_train_options with = o;
  with.val = 0;
  refused(&with, "no validation part");
  with = o;
  strcpy(with.time, "1m");
  refused(&with, "the clock");
  with = o;
  strcpy(with.epochs, "time");
  refused(&with, "the clock");
  with = o;
  with.restarts = 1;
  refused(&with, "two runs at least");
  with = o;
  into(with.resume, "never");
  refused(&with, "give one of them");
  CHECK(!ig__is_folder(o.out));
  CHECK_STATUS(ig_train(context, &o, NULL, &one), IG_USAGE);
  CHECK_HAS(ig_last_error(), "ig_restarts");
  ig_compare_options compare = ig_compare_options_default();
  static ig_compare_result compared;
  compare.train = o;
  CHECK_STATUS(ig_compare(context, &compare, NULL, &compared), IG_USAGE);
  CHECK_HAS(ig_last_error(), "train's alone");
  ig_lr_find_options find = ig_lr_find_options_default();
  ig_lr_find_result found;
  find.train = o;
  CHECK_STATUS(ig_lr_find(context, &find, NULL, &found), IG_USAGE);
  /* What is over is not begun again; other options are refused as long as it is not. */
  ig_restarts_result r;
  CHECK_OK(go(&o, 1, NULL, &r));
  with = ig_train_options_default();
  memcpy(with.resume, o.out, sizeof with.resume);
  refused(&with, "are over");
  char path[IG_PATH_SIZE + 16];
  snprintf(path, sizeof path, "%s/config.yaml", r.out);
  CHECK_OK(ig__file_remove(path));
  CHECK_OK(ig_option_set(IG_VERB_TRAIN, &with, "restarts", "3"));
  refused(&with, "its own options");
  ig_restarts_result again;
  with.restarts = 2;
  CHECK_OK(go(&with, 1, NULL, &again));
  CHECK(again.best == r.best && again.run[0].val.loss == r.run[0].val.loss);
  ig_restarts_result_free(&again);
  ig_restarts_result_free(&r);
  ig_context_free(context);
}

/* Runs that diverge have no figures; when all do, there is no run. A bar is for the best. */
TEST(ends_that_are_none) {
  ig_train_options o = small();
  ig_restarts_result r;
  o.restarts = 2;
  o.lr = 1e6;
  strcpy(o.model, "textbook");
  strcpy(o.optimizer, "sgd");
  into(o.out, "far");
  CHECK_STATUS(go(&o, 2, NULL, &r), IG_DIVERGED);
  CHECK(r.runs == 2 && r.best == -1 && r.loss.n == 0 && r.run[1].status == IG_DIVERGED);
  CHECK(ig_restarts_pending(r.out));
  ig_restarts_result_free(&r);
  o = small();
  o.restarts = 2;
  o.min_accuracy = 0.999;
  into(o.out, "low");
  CHECK_STATUS(go(&o, 2, NULL, &r), IG_BELOW_BAR);
  CHECK(r.best >= 0 && !ig_restarts_pending(r.out));
  ig_restarts_result_free(&r);
}

#ifdef IG__FAULTS
/* One allocation or write after the other fails, in steps that grow: a status, no leak, and what went well goes on to the same end. */
TEST(faults_of_restarts) {
  static const char *const kinds[] = {"malloc", "write", "rename", "open", "read"};
  ig_context *context = context_of(1);
  ig_train_options o = ig_train_options_default();
  strcpy(o.data, "digits train=40 test=10");
  strcpy(o.model, "softmax");
  strcpy(o.epochs, "1");
  o.val = 0.2;
  o.restarts = 2;
  int turn = 0;
  for (size_t k = 0; k < sizeof kinds / sizeof kinds[0]; k++)
    for (int n = 1;; n += 1 + n) {
      const int64_t before = ig__alloc_outstanding();
      ig_restarts_result r;
      char spec[32];
      snprintf(o.out, sizeof o.out, "%s/%d", test_folder(), turn++);
      snprintf(spec, sizeof spec, "%s@%d", kinds[k], n);
      o.resume[0] = 0;
      ig__fault_set(spec);
      ig_status status = ig_restarts(context, &o, NULL, &r);
      const bool hit = ig__fault_calls(kinds[k]) >= (uint64_t)n;
      ig__fault_set(NULL);
      if (status != IG_OK) CHECK(*ig_last_error());
      ig_restarts_result_free(&r);
      CHECK_INT(ig__alloc_outstanding(), before);
      if (!hit) break;
      if (status == IG_OK || !ig_restarts_pending(o.out)) continue;
      ig_train_options again = ig_train_options_default();
      memcpy(again.resume, o.out, sizeof again.resume);
      CHECK_OK(ig_restarts(context, &again, NULL, &r));
      CHECK(r.best >= 0 && !ig_restarts_pending(o.out));
      ig_restarts_result_free(&r);
    }
  ig_context_free(context);
}
#endif
