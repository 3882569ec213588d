/* The watch over the learning rate: on losses made for it, and on runs at rates made for it, in both directions; and that it keeps
 * silent where nothing is wrong. */
#include "runs.h"

#include "base/rng.h"

static double norm_of(const void *user) { return *(const double *)user; }

/* Feeds `steps` losses of a curve, with noise of a tenth. Answers the first cause told, or −1. */
typedef double (*curve)(int step, int steps);
static int watched(curve f, int steps, double norm_after, ig_rate_warning *warning) {
  ig__rate_watch w = {0};
  ig__rng rng = ig__rng_make(1, IG__FOR_TEST, 7, 0);
  int first = -1;
  for (int i = 0; i < steps; i++) {
    double norm = i == 0 ? 1 : norm_after;
    ig__rate_step s = {.step = i + 1, .steps = steps, .pictures = 32, .loss = f(i, steps) * (0.9 + 0.2 * ig__rng_uniform(&rng)), .lr = 0.01,
                       .base = 0.01, .chance = 2.3026, .norm = norm_of, .user = &norm};
    int cause = ig__rate_watch_step(&w, &s);
    if (cause >= 0 && first < 0) first = cause;
  }
  if (first >= 0) CHECK(ig__rate_watch_told(&w, first, warning));
  return first;
}

static double learns(int i, int steps) { return 0.05 + 2.25 * exp(-8.0 * i / steps); }
static double learns_fast(int i, int steps) { (void)steps; return 0.02 + 2.28 * exp(-i / 20.0); }
static double stands(int i, int steps) { (void)steps; return i < 200 ? 2.3 - 0.003 * i : 1.7; }
static double crawls(int i, int steps) { return 2.3 - 0.3 * i / steps; }
static double still(int i, int steps) { (void)i, (void)steps; return 2.3; }
static double dies(int i, int steps) { (void)steps; return i > 20 && i < 60 ? 4 : 2.3; }
static double leaves(int i, int steps) { (void)steps; return 2.3 + 0.5 * i; }
static double swings(int i, int steps) { (void)steps; return i / 100 % 2 ? 1.6 : 0.4; }
static double ends(int i, int steps) { return i < steps - 1 ? 2.0 : NAN; }

TEST(silent_when_it_learns) {
  ig_rate_warning w;
  const curve good[] = {learns, learns_fast, stands};
  for (int i = 0; i < 3; i++) CHECK_INT(watched(good[i], 2000, 1.5, &w), -1);
  CHECK_INT(watched(still, 2000, 1.5, &w), -1); /* pictures that nothing can be learnt from */
}

TEST(each_cause_has_its_curve) {
  static const struct { curve f; double norm; int cause; double try_lr; const char *words; } cases[] = {
    {leaves, 1.1, IG_RATE_DIVERGING, 0.001, "began at"}, {ends, 1.1, IG_RATE_DIVERGING, 0.001, "no number"},
    {swings, 1.1, IG_RATE_OSCILLATING, 0.002, "3 times"}, {dies, 5, IG_RATE_STUCK, 0.001, "5 times their first norm"},
    {crawls, 1.01, IG_RATE_CRAWLING, 0.1, "evenly"},     {still, 1.0001, IG_RATE_STILL, 1, "stayed at"}};
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    ig_rate_warning w;
    CHECK_INT(watched(cases[i].f, 2000, cases[i].norm, &w), cases[i].cause);
    CHECK_INT(w.too_high, cases[i].cause <= IG_RATE_STUCK);
    CHECK(w.lr == 0.01);
    CHECK(w.try_lr == cases[i].try_lr);
    if (!strstr(w.words, cases[i].words)) test_fail(__FILE__, __LINE__, "%s", w.words);
  }
}

/* ---- runs -------------------------------------------------------------------------------------------------------------- */

/* What a run said: the names of its causes in order of the list, and that each was logged, and written into log.txt, once. */
static const char *causes_of(const char *model, const char *optimizer, const char *lr, const char *epochs) {
  static char causes[128];
  ig_context *context = listening(2);
  const char *out = in_folder("watched");
  ig_train_result r;
  uint8_t *log;
  size_t size;
  remove_run(out);
  ig_status status = TRAIN(context, &r, NULL, "data", "digits train=2000 test=10", "model", model, "optimizer", optimizer, "lr", lr, "epochs",
                           epochs, "out", out);
  CHECK(status == IG_OK || status == IG_DIVERGED);
  char *path = ig__format("%s/log.txt", out);
  CHECK_OK(ig__file_read(path, SIZE_MAX, &log, &size));
  causes[0] = 0;
  for (int i = 0; i < r.rate_warnings; i++) {
    const ig_rate_warning *w = &r.rate_warning[i];
    const char *found = strstr(said, w->words);
    CHECK(found && !strstr(found + 1, w->words));
    CHECK(strstr((char *)log, w->words));
    snprintf(causes + strlen(causes), sizeof causes - strlen(causes), "%s%s", i ? " " : "", w->name);
  }
  ig__free(path);
  ig__free(log);
  ig_context_free(context);
  return causes;
}

TEST(runs_at_good_rates_are_silent) {
  CHECK_STR(causes_of("textbook", "adam", "0", "3"), "");
  CHECK_STR(causes_of("mlp", "adam", "0", "5"), "");
  CHECK_STR(causes_of("mlp", "sgd momentum=0.9", "0", "5"), "");
  CHECK_STR(causes_of("softmax", "sgd", "0.05", "10"), "");
}

TEST(runs_at_high_rates_say_so) {
  CHECK_STR(causes_of("mlp", "sgd", "1e6", "3"), "diverging");
  CHECK(strstr(causes_of("mlp", "sgd momentum=0.9", "1", "5"), "diverging"));
  CHECK(strstr(causes_of("mlp", "adam", "1", "5"), "diverging"));
}

TEST(runs_at_low_rates_say_so) {
  CHECK_STR(causes_of("mlp", "sgd", "1e-4", "10"), "crawling");
  CHECK_STR(causes_of("mlp", "adam", "1e-5", "10"), "crawling");
  CHECK_STR(causes_of("mlp", "sgd", "1e-9", "10"), "still");
}

/* What was seen is in the checkpoint: told once, and the same, wherever the run was broken off. */
TEST(a_resumed_run_says_the_same) {
  ig_context *context = threads(2);
  ig_train_result whole, r;
  const char *a = in_folder("a"), *b = in_folder("b");
#define CRAWLS "data", "digits train=1000 test=10", "model", "mlp", "optimizer", "sgd", "lr", "1e-4", "epochs", "15"
  CHECK_OK(TRAIN(context, &whole, NULL, CRAWLS, "out", a));
  stopper s = {.left = 150};
  const ig_train_events events = {.stop = stop_after, .user = &s};
  ig_status status = TRAIN(context, &r, &events, CRAWLS, "out", b);
  while (status == IG_INTERRUPTED) {
    s.left = 113;
    status = TRAIN(context, &r, &events, "resume", b);
  }
  CHECK_OK(status);
  CHECK_INT(whole.rate_warnings, 1);
  CHECK_INT(r.rate_warnings, 1);
  CHECK_STR(r.rate_warning[0].words, whole.rate_warning[0].words);
  ig_context_free(context);
}
