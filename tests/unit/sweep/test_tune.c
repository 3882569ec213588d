/* The verb tune: the figures are those of separate runs; what is chosen, and how it goes on. */
#include "sweep/tune.h"
#include "contexts.h"
#include "unit/base/files.h"

#include <math.h>
#include <stdlib.h>

static void set_all(ig_tune_options *o, const char *const *words) {
  *o = ig_tune_options_default();
  for (int i = 0; words[i]; i += 2) CHECK_OK(ig_option_set(IG_VERB_TUNE, o, words[i], words[i + 1]));
}

static ig_status tune_words(int threads, const ig_tune_events *events, ig_tune_result *r, const char *const *words) {
  static ig_tune_options o;
  ig_context *context = context_of(threads);
  set_all(&o, words);
  ig_status status = ig_tune(context, &o, events, r);
  ig_context_free(context);
  return status;
}

#define TUNE(threads, events, r, ...) tune_words(threads, events, r, (const char *const[]){__VA_ARGS__, NULL})
#define TINY "data", "digits train=150 test=40", "model", "softmax", "report", "no"

/* A file without its last column, which tells time. Owner: caller. */
static char *untimed(const char *path) {
  uint8_t *bytes;
  size_t size;
  CHECK_OK(ig__file_read(path, 1 << 20, &bytes, &size));
  char *text = (char *)bytes, *to = text;
  for (char *line = text; *line;) {
    char *end = strchr(line, '\n'), *comma = end;
    while (comma > line && *comma != ',') comma--;
    memmove(to, line, (size_t)(comma - line));
    to += comma - line;
    *to++ = '\n';
    line = end + 1;
  }
  *to = 0;
  return text;
}

/* A cell of tune.csv: of the line that begins with `run`, the column of this name. */
static double cell(const char *table, const char *run, const char *column) {
  char key[64];
  int at = 0;
  snprintf(key, sizeof key, "\n%s,", run);
  const char *head = strstr(table, column), *line = strstr(table, key);
  CHECK(head && line);
  for (const char *c = table; c < head; c++) at += *c == ',';
  for (line++; at > 0; line++) at -= *line == ',';
  return atof(line);
}

TEST(a_grid_is_separate_runs) {
  ig_tune_result r;
  CHECK_OK(TUNE(2, NULL, &r, TINY, "epochs", "2", "l2", "1e-3,0.1", "folds", "3", "limit", "120", "out", in_folder("grid")));
  CHECK_INT(r.settings, 2);
  CHECK_INT(r.complete, 2);
  uint8_t *table;
  size_t size;
  CHECK_OK(ig__file_read(in_folder("grid/tune.csv"), 1 << 20, &table, &size));
  ig_context *context = context_of(2);
  static const char *const l2[] = {"1e-3", "0.1"};
  for (int i = 0; i < 6; i++) {
    ig_train_options o = ig_train_options_default();
    ig_train_result alone;
    char name[32], fold[8];
    snprintf(name, sizeof name, "%03d-fold-%d", i / 3 + 1, i % 3 + 1);
    snprintf(fold, sizeof fold, "%d/3", i % 3 + 1);
    const char *const words[] = {TINY, "epochs", "2", "keep", "last", "l2", l2[i / 3], "fold", fold, "limit", "120", "out", in_folder(name), NULL};
    for (int k = 0; words[k]; k += 2) CHECK_OK(ig_option_set(IG_VERB_TRAIN, &o, words[k], words[k + 1]));
    CHECK_OK(ig_train(context, &o, NULL, &alone));
    CHECK_INT(alone.val.n, 40);
    CHECK(cell((char *)table, name, "val/data_loss") == alone.val.data_loss);
    CHECK(cell((char *)table, name, "val/accuracy") == alone.val.accuracy);
    CHECK(cell((char *)table, name, "val/penalty") == alone.val.penalty);
    CHECK(cell((char *)table, name, "best_epoch") == alone.best_epoch);
  }
  ig__free(table);
  /* The configuration that is left trains as the refit did. */
  ig_train_options best = ig_train_options_default();
  ig_train_result again;
  CHECK_OK(ig_options_load(IG_VERB_TRAIN, &best, in_folder("grid/best.yaml")));
  snprintf(best.out, sizeof best.out, "%s", in_folder("again"));
  CHECK_OK(ig_train(context, &best, NULL, &again));
  ig_context_free(context);
  CHECK(r.refit_test.n == 40 && again.test.data_loss == r.refit_test.data_loss && again.test.accuracy == r.refit_test.accuracy);
  CHECK_INT(again.val.n, 0);
}

typedef struct stopper { int looks, until; } stopper;
static ig_status stop_after(void *user) {
  stopper *s = user;
  return ++s->looks > s->until ? IG_INTERRUPTED : IG_OK;
}

static void same_after_stops(const char *search) {
  ig_tune_result r;
  const char *whole = in_folder(search), *part = in_folder("part");
#define SEARCH TINY, "epochs", "3", "folds", "2", "l2", "1e-4..1:log", "points", "3", "search", search
  CHECK_OK(TUNE(1, NULL, &r, SEARCH, "out", whole));
  int stops = 0;
  ig_status status = IG_INTERRUPTED;
  for (int i = 0; i < 100 && status != IG_OK; i++) {
    stopper s = {.until = i}; /* longer each time: a slow build must get somewhere too */
    const ig_tune_events events = {.stop = stop_after, .user = &s};
    status = i ? TUNE(1 + i % 2, &events, &r, "resume", part) : TUNE(2, &events, &r, SEARCH, "out", part);
    if (status != IG_OK) CHECK_INT(status, IG_INTERRUPTED);
    stops += status != IG_OK;
  }
  CHECK(status == IG_OK && stops > 0);
  char path[2][600];
  snprintf(path[0], sizeof path[0], "%s/tune.csv", whole);
  snprintf(path[1], sizeof path[1], "%s/tune.csv", part);
  char *a = untimed(path[0]), *b = untimed(path[1]);
  CHECK_STR(b, a);
  ig__free(a);
  ig__free(b);
}

TEST(a_halving_that_is_stopped_goes_on) { same_after_stops("halving"); }
TEST(a_path_that_is_stopped_goes_on) { same_after_stops("path"); }

/* What halving leaves at the end is what the whole run would have been; what it leaves behind has fewer epochs. */
TEST(halving_compares_at_the_same_epoch) {
  ig_tune_result half, grid;
  CHECK_OK(TUNE(2, NULL, &half, TINY, "epochs", "9", "folds", "2", "lr", "1e-5..1:log", "points", "9", "search", "halving", "schedule", "cosine", "out",
                in_folder("half")));
  CHECK_OK(TUNE(2, NULL, &grid, TINY, "epochs", "9", "folds", "2", "lr", half.chosen + 3, "schedule", "cosine", "refit", "no", "search", "random", "points",
                "1", "out", in_folder("one")) == IG_USAGE ? IG_OK : IG_FAILED); /* one value is nothing to choose from */
  char *table = untimed(in_folder("half/tune.csv"));
  int at[10] = {0};
  for (int i = 1; i <= 9; i++) {
    char name[32];
    snprintf(name, sizeof name, "%03d-fold-1", i);
    at[(int)cell(table, name, "epochs")]++;
  }
  CHECK(at[1] == 6 && at[3] == 2 && at[9] == 1);
  ig__free(table);
}

TEST(time_ends_a_search_and_the_choice_is_trained) {
  ig_tune_result r;
  CHECK_OK(TUNE(2, NULL, &r, TINY, "epochs", "1", "folds", "2", "l2", "0,0.1", "time", "0.000001", "out", in_folder("late")));
  CHECK_STR(r.stopped, "time");
  CHECK(!*r.chosen && !r.refit_test.n);
  CHECK_OK(TUNE(2, NULL, &r, "resume", in_folder("late"), "time", "1h"));
  CHECK(!*r.stopped && *r.chosen && r.refit_test.n == 40);
}

TEST(nested_folds_are_test_folds) {
  ig_tune_result r;
  CHECK_OK(TUNE(2, NULL, &r, TINY, "epochs", "1", "folds", "3", "l2", "0,1", "nested", "yes", "out", in_folder("nested")));
  CHECK_INT(r.nested, 3);
  char *table = untimed(in_folder("nested/tune.csv"));
  double sum = 0;
  for (int j = 1; j <= 3; j++) {
    char name[32];
    for (int i = 1; i <= 2; i++) {
      snprintf(name, sizeof name, "\nouter-%d-refit-%03d", j, i);
      if (!strstr(table, name)) continue;
      sum += cell(table, name + 1, "test/accuracy");
      CHECK(cell(table, name + 1, "test/n") == 50);
    }
  }
  CHECK_NEAR(r.nested_accuracy.mean, sum / 3, 1e-12);
  CHECK(r.nested_accuracy.error >= 0);
  ig__free(table);
}

/* ---- choosing ------------------------------------------------------------------------------------------------------------------------- */

/* Four trials of l2 and batch on two folds, with these accuracies. */
static void choose(double accuracy[4][2], const char *by, ig__search *s, ig__trial trial[4], ig__sweep_run run[8]) {
  static ig_tune_options o;
  static const ig__option l2 = {.name = "l2"}, batch = {.name = "batch"};
  static const char *const values[] = {"1e-4", "1e-3", "1e-2", "1e-1"};
  set_all(&o, (const char *const[]){"folds", "2", "by", by, NULL});
  static ig__tune t;
  t = (ig__tune){.options = &o, .dims = 2, .option = {&l2, &batch}, .penalty = 0};
  *s = (ig__search){.trial = trial, .trials = 4, .run = run};
  for (int i = 0; i < 4; i++) {
    trial[i] = (ig__trial){.value = {values[i], i == 3 ? "64" : "32"}, .number = {atof(values[i]), i == 3 ? 64 : 32}, .run = run + 2 * i};
    for (int f = 0; f < 2; f++) {
      run[2 * i + f] = (ig__sweep_run){.after = -1};
      ig__sweep_result *r = &run[2 * i + f].result;
      *r = (ig__sweep_result){.done = true, .ended = true, .status = isnan(accuracy[i][f]) ? IG_DIVERGED : IG_OK};
      r->val = (ig_metrics){.n = 100, .accuracy = accuracy[i][f], .data_loss = accuracy[i][f]};
    }
  }
  ig__search_choose(&t, s);
}

TEST(the_strongest_penalty_within_a_standard_error) {
  ig__search s;
  ig__trial trial[4];
  ig__sweep_run run[8];
  /* The least error is the second's, 0.1 ± 0.02; the third lies within; the fourth too, but has another batch. */
  choose((double[4][2]){{0.5, 0.5}, {0.88, 0.92}, {0.88, 0.885}, {0.89, 0.89}}, "error", &s, trial, run);
  CHECK_INT(s.minimum, 1);
  CHECK_NEAR(trial[1].by.mean, 0.1, 1e-12);
  CHECK_NEAR(trial[1].by.error, 0.02, 1e-12);
  CHECK_INT(s.one_se, 2);
  CHECK_INT(s.chosen, 1);
  choose((double[4][2]){{0.5, 0.5}, {0.89, 0.91}, {0.85, 0.86}, {0.2, 0.2}}, "error", &s, trial, run);
  CHECK(s.minimum == 1 && s.one_se == 1);
  choose((double[4][2]){{0.5, 0.5}, {0.88, 0.92}, {0.2, 0.9}, {0.89, NAN}}, "loss", &s, trial, run);
  CHECK(s.minimum == 0 && s.one_se == 0 && trial[3].diverged && isnan(trial[3].by.mean));
  choose((double[4][2]){{NAN, 0.5}, {NAN, 0.92}, {0.2, NAN}, {NAN, NAN}}, "error", &s, trial, run);
  CHECK(s.minimum < 0 && s.chosen < 0);
  int order[4];
  choose((double[4][2]){{0.5, 0.5}, {NAN, 0.92}, {0.9, 0.9}, {0.7, 0.7}}, "error", &s, trial, run);
  ig__search_rank(&s, order);
  CHECK(order[0] == 2 && order[1] == 3 && order[2] == 0 && order[3] == 1);
}

/* ---- spreads -------------------------------------------------------------------------------------------------------------------------- */

static void refused(const char *key, const char *value, const char *words) {
  static ig_tune_options o;
  o = ig_tune_options_default();
  CHECK_STATUS(ig_option_set(IG_VERB_TUNE, &o, key, value), IG_USAGE);
  CHECK_HAS(ig_last_error(), words);
  CHECK_INT(o.spreads, 0);
}

TEST(spreads) {
  static ig_tune_options o;
  set_all(&o, (const char *const[]){"l2", "1e-6..1e-1:log", "optimizer", "sgd momentum=0.9,adam", "augment", "|flip, shift 4", "balanced", "no,yes",
                                    "data", "../a,b", "lr", "0.1", "l2-scale", "half", "epochs", "3,4", "penalty", "l1 1e-3, max_norm 3", NULL});
  CHECK_INT(o.spreads, 5);
  CHECK_STR(o.train.penalty, "l1 1e-3, max_norm 3");
  CHECK_STR(o.spread[0].name, "l2");
  CHECK_STR(o.train.data, "../a,b");
  CHECK(o.train.lr == 0.1);
  CHECK_OK(ig_option_set(IG_VERB_TUNE, &o, "l2", "0.5"));
  CHECK(o.spreads == 4 && o.train.l2 == 0.5);
  ig__values v;
  const ig__option *table = ig__verb_table(IG_VERB_TRAIN), *l2 = &table[ig__option_row(table, "l2")];
  char text[32];
  CHECK_OK(ig__values_parse(l2, "1e-6..1e-1:log", &v));
  static const char *const want[] = {"1e-06", "1.778e-05", "0.0003162", "0.005623", "0.1"};
  for (int i = 0; i < 5; i++) {
    ig__values_at(&v, i / 4.0, text);
    CHECK_STR(text, want[i]);
  }
  CHECK_OK(ig__values_parse(&table[ig__option_row(table, "batch")], "8..64", &v));
  ig__values_at(&v, 0.5, text);
  CHECK_STR(text, "36");
  CHECK_OK(ig__values_parse(&table[ig__option_row(table, "augment")], "|flip, shift 4|rotate 5", &v));
  CHECK(v.count == 3 && !*v.value[0]);
  CHECK_STR(v.value[1], "flip, shift 4");
  ig__values_free(&v);
  refused("l2", "1e-6..1e9", "out of range");
  refused("l2", "1..1e-3", "smaller to the larger");
  refused("l2", "0..1:log", "begins above 0");
  refused("l2", "1..2:lin", ":log");
  refused("l2", "1,2,x", "not a number");
  refused("l2", "1,2,1", "twice");
  refused("threads", "1,2", "one value");
  refused("val", "0.1..0.3", "one value");
  refused("test", "0.1,0.2", "one value"); /* runs would be measured on different pictures */
  refused("lrr", "1,2", "did you mean lr");
}

/* The loss, unless it is what changes from run to run. */
TEST(what_is_to_be_least) {
  ig_tune_result r;
  ig__search s;
  ig__trial trial[4];
  ig__sweep_run run[8];
  CHECK_STR(ig_tune_options_default().by, "loss");
  choose((double[4][2]){{0.5, 0.5}, {0.4, 0.4}, {0.9, 0.9}, {0.6, 0.6}}, ig_tune_options_default().by, &s, trial, run);
  CHECK_INT(s.chosen, 1); /* here the loss is the accuracy */
  CHECK_STATUS(TUNE(1, NULL, &r, TINY, "loss", "cross_entropy,focal", "out", in_folder("losses")), IG_USAGE);
  CHECK_HAS(ig_last_error(), "--by error");
  CHECK_OK(TUNE(1, NULL, &r, TINY, "loss", "cross_entropy,focal", "epochs", "1", "folds", "2", "by", "error", "out", in_folder("losses")));
}

/* Whatever allocation fails: the right status, nothing lost, and the folder can be gone on with. */
TEST(allocations_fail) {
  ig_tune_result r;
  int failed = 0;
  for (int n = 1; n < 6000 && failed < 12; n += 397) {
    int64_t before = ig__alloc_outstanding();
    char folder[32], spec[32];
    snprintf(folder, sizeof folder, "fault%d", n);
    snprintf(spec, sizeof spec, "malloc@%d", n);
    static ig_tune_options o;
    ig_context *context = context_of(2);
    set_all(&o, (const char *const[]){"data", "digits train=40 test=10", "model", "softmax", "report", "no", "epochs", "1", "folds", "2", "l2", "0,1",
                                      "out", in_folder(folder), NULL});
    ig__fault_set(spec);
    ig_status status = ig_tune(context, &o, NULL, &r);
    ig__fault_set(NULL);
    ig_context_free(context);
    CHECK_INT(ig__alloc_outstanding(), before);
    CHECK(status == IG_OK || status == IG_NO_MEMORY);
    failed += status != IG_OK;
    char yaml[600];
    snprintf(yaml, sizeof yaml, "%s/tune.yaml", in_folder(folder));
    if (status != IG_OK && ig__file_exists(yaml)) CHECK_OK(TUNE(2, NULL, &r, "resume", in_folder(folder)));
  }
  CHECK(failed > 0);
}
