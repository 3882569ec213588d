/* The range test: the rates it tries, that it changes nothing, what it suggests, what it leaves, what it refuses. */
#include "runs.h"

#include "imgrad/lr_find.h"

static ig_status find_words(ig_context *context, ig_lr_find_result *r, const ig_lr_find_events *events, const char *const *words) {
  ig_lr_find_options o = ig_lr_find_options_default();
  for (int i = 0; words[i]; i += 2) CHECK_OK(ig_option_set(IG_VERB_LR_FIND, &o, words[i], words[i + 1]));
  return ig_lr_find(context, &o, events, r);
}
#define FIND(context, r, events, ...) find_words(context, r, events, (const char *const[]){__VA_ARGS__, NULL})
#define DIGITS "data", "digits train=1000 test=10", "model", "mlp"

TEST(options_are_its_own_and_those_of_training) {
  ig_lr_find_options o = ig_lr_find_options_default();
  CHECK_OK(ig_option_set(IG_VERB_LR_FIND, &o, "steps", "50"));
  CHECK_OK(ig_option_set(IG_VERB_LR_FIND, &o, "batch", "64"));
  CHECK_OK(ig_option_set(IG_VERB_LR_FIND, &o, "l2-scale", "half"));
  CHECK_INT(o.steps, 50);
  CHECK_INT(o.train.batch, 64);
  CHECK_STR(o.train.l2_scale, "half");
  CHECK_INT(o.train.given, (1ull << ig__option_row(ig__verb_table(IG_VERB_TRAIN), "batch")) | (1ull << ig__option_row(ig__verb_table(IG_VERB_TRAIN), "l2_scale")));
  CHECK_STATUS(ig_option_set(IG_VERB_LR_FIND, &o, "stesp", "1"), IG_USAGE);
  CHECK_HAS(ig_last_error(), "did you mean steps");
  CHECK_STATUS(ig_option_set(IG_VERB_LR_FIND, &o, "btach", "1"), IG_USAGE);
  CHECK_HAS(ig_last_error(), "did you mean batch");
  CHECK(ig_option_is_switch(IG_VERB_LR_FIND, "balanced") && !ig_option_is_switch(IG_VERB_LR_FIND, "steps"));
}

TEST(rates_grow_by_one_factor) {
  ig_context *context = threads(2);
  ig_lr_find_result r;
  CHECK_OK(FIND(context, &r, NULL, DIGITS, "from", "1e-5", "to", "0.01", "steps", "61", "out", in_folder("a")));
  CHECK_INT(r.steps, 61);
  CHECK(!r.exploded);
  CHECK(r.rate[0] == 1e-5);
  CHECK_NEAR(r.rate[60], 0.01, 1e-12);
  for (int i = 1; i < r.steps; i++) CHECK_NEAR(r.rate[i] / r.rate[i - 1], r.rate[1] / r.rate[0], 1e-9);
  for (int i = 0; i < r.steps; i++) CHECK(isfinite(r.loss[i]) && isfinite(r.smoothed[i]));
  ig_lr_find_result_free(&r);
  ig_context_free(context);
}

/* The first losses are those of a run whose rate is too small to matter: fresh weights, the same order. */
TEST(it_begins_as_the_run_would) {
  ig_context *context = threads(1);
  ig_lr_find_result r;
  CHECK_OK(FIND(context, &r, NULL, DIGITS, "precision", "f64", "from", "1e-12", "to", "1e-11", "steps", "28", "val", "0.1", "out", in_folder("a")));
  RUN(context, DIGITS, "precision", "f64", "lr", "1e-12", "epochs", "1", "out", in_folder("b"));
  ig__run_state s = state_of(in_folder("b"));
  double sum = 0; /* 900 pictures: 28 batches of 32 and one of 4, which is left out here */
  for (int i = 0; i < r.steps; i++) sum += r.loss[i] / r.steps;
  CHECK_NEAR(sum, s.history[0].train.data_loss, 0.02);
  ig__run_state_free(&s);
  ig_lr_find_result_free(&r);
  ig_context_free(context);
}

static void check_suggests(const char *optimizer, double low, double high) {
  ig_context *context = threads(2);
  ig_lr_find_result r;
  const char *out = in_folder("a");
  remove_run(out);
  CHECK_OK(FIND(context, &r, NULL, "data", "digits train=3000 test=10", "model", "mlp", "optimizer", optimizer, "out", out));
  if (!(r.suggestion >= low && r.suggestion <= high)) test_fail(__FILE__, __LINE__, "%s: %g", optimizer, r.suggestion);
  CHECK(r.suggestion < r.lowest);
  ig_lr_find_result_free(&r);
  ig_context_free(context);
}

TEST(suggestions_are_near_what_is_known_to_be_good) {
  check_suggests("adam", 3e-4, 1e-2);
  check_suggests("sgd", 0.01, 1);
  check_suggests("sgd momentum=0.9", 1e-3, 0.1);
}

/* An explosion ends the test; what was seen until then is there. */
TEST(an_explosion_ends_it) {
  ig_context *context = threads(1);
  ig_lr_find_result r;
  CHECK_OK(FIND(context, &r, NULL, DIGITS, "optimizer", "sgd", "to", "1e6", "out", in_folder("a")));
  CHECK(r.exploded);
  CHECK(r.steps > 100 && r.steps < 400);
  CHECK(r.suggestion > 0);
  ig_lr_find_result_free(&r);
  ig_context_free(context);
}

TEST(the_same_bits_for_any_threads) {
  ig_lr_find_result r[2];
  for (int i = 0; i < 2; i++) {
    ig_context *context = threads(i ? 3 : 1);
    CHECK_OK(FIND(context, &r[i], NULL, DIGITS, "steps", "100", "out", in_folder(i ? "b" : "a")));
    ig_context_free(context);
  }
  CHECK_INT(r[0].steps, r[1].steps);
  CHECK(memcmp(r[0].loss, r[1].loss, (size_t)r[0].steps * sizeof(double)) == 0);
  CHECK(r[0].suggestion == r[1].suggestion);
  for (int i = 0; i < 2; i++) ig_lr_find_result_free(&r[i]);
}

static ig_status stop_it(void *user) { return --*(int *)user < 0 ? IG_INTERRUPTED : IG_OK; }

TEST(refusals_and_stops) {
  ig_context *context = threads(1);
  ig_lr_find_result r;
  CHECK_STATUS(FIND(context, &r, NULL, DIGITS, "optimizer", "lbfgs", "out", in_folder("a")), IG_USAGE);
  CHECK_HAS(ig_last_error(), "search");
  CHECK_STATUS(FIND(context, &r, NULL, DIGITS, "from", "1", "to", "0.1", "out", in_folder("a")), IG_USAGE);
  CHECK_STATUS(FIND(context, &r, NULL, DIGITS, "resume", "runs/x"), IG_USAGE);
  CHECK(!ig__is_folder(in_folder("a")));
  int left = 5;
  const ig_lr_find_events events = {.stop = stop_it, .user = &left};
  CHECK_STATUS(FIND(context, &r, &events, DIGITS, "out", in_folder("a")), IG_INTERRUPTED);
  CHECK(!r.rate && !r.steps);
  ig_context_free(context);
}

/* From weights that are trained already the curve begins low. */
TEST(from_given_weights) {
  ig_context *context = threads(2);
  ig_lr_find_result r;
  RUN(context, DIGITS, "epochs", "5", "out", in_folder("run"));
  uint64_t before = hash_of_model(in_folder("run"));
  CHECK_OK(FIND(context, &r, NULL, DIGITS, "weights", in_folder("run"), "out", in_folder("a")));
  CHECK(r.smoothed[0] < 1);
  CHECK(hash_of_model(in_folder("run")) == before);
  ig_lr_find_result_free(&r);
  ig_context_free(context);
}
