/* Reports: the verdict's rules, what a page has and leaves out, what happens when it cannot be written. The numbers in it are
 * recomputed by tests/cli/report.sh. */
#include "imgrad/report.h"
#include "runs.h"

#include "train/report/report.h"

#define TINY "data", "digits train=100 test=40", "batch", "16", "model", "softmax"

/* ---- the verdict ------------------------------------------------------------------------------------------------------ */

/* A history of `count` epochs from four rows of numbers: training loss and accuracy, validation loss and accuracy. */
static ig__run_state history(ig_epoch *epoch, int count, int64_t val, const double (*row)[4]) {
  for (int i = 0; i < count; i++) {
    ig__tally train = {.n = 1000, .weight = 1000, .correct = (int64_t)(1000 * row[i][1] + 0.5), .loss = 1000 * row[i][0]};
    ig__tally held = {.n = val, .weight = (double)val, .correct = (int64_t)((double)val * row[i][3] + 0.5), .loss = (double)val * row[i][2]};
    epoch[i] = (ig_epoch){.epoch = i + 1, .train = ig__tally_metrics(&train, true), .val = ig__tally_metrics(&held, true)};
  }
  return (ig__run_state){.epoch = count, .history = epoch, .history_count = (size_t)count};
}

static ig__verdict judge(int count, int64_t val, const double (*row)[4], int *since, const char *word) {
  ig_epoch epoch[8];
  char why[512];
  ig__run_state s = history(epoch, count, val, row);
  ig__verdict v = ig__report_judge(&s, 0.1, since, why);
  CHECK_HAS(why, word);
  return v;
}

TEST(verdicts) {
  int since;
  CHECK_INT(judge(0, 0, NULL, &since, ""), IG__VERDICT_NONE);
  CHECK_INT(judge(2, 500, (const double[][4]){{2.3, .1, 2.3, .1}, {2.3, .11, 2.3, .12}}, &since, "commonest"), IG__VERDICT_NOTHING);
  /* The validation loss turns at epoch 2 while training goes on. */
  const double turned[][4] = {{1, .7, .6, .8}, {.5, .9, .4, .9}, {.3, .92, .45, .9}, {.2, .93, .5, .9}};
  CHECK_INT(judge(4, 500, turned, &since, "least after epoch 2 (0.4)"), IG__VERDICT_OVER);
  CHECK_INT(since, 3);
  /* It must be two epochs ago at least, by a tenth, and training must have gone on. */
  CHECK_INT(judge(3, 500, turned, &since, "near"), IG__VERDICT_GOOD);
  const double flat[][4] = {{1, .7, .6, .8}, {.5, .9, .4, .9}, {.3, .92, .42, .9}, {.2, .93, .43, .9}};
  CHECK_INT(judge(4, 500, flat, &since, "near"), IG__VERDICT_GOOD);
  /* A gap that stays, from its first epoch on; but not one that chance explains. */
  const double gap[][4] = {{1, .7, .6, .8}, {.5, .9, .5, .84}, {.3, .95, .49, .85}, {.2, .97, .49, .86}};
  CHECK_INT(judge(4, 500, gap, &since, "from epoch 2 on"), IG__VERDICT_OVER);
  CHECK_INT(since, 2);
  CHECK(judge(4, 10, gap, &since, "") != IG__VERDICT_OVER);
  const double falling[][4] = {{1, .7, .9, .7}, {.5, .9, .5, .9}};
  CHECK_INT(judge(2, 500, falling, &since, "still falling when training ended, from 0.9 to 0.5 in the last epoch"), IG__VERDICT_UNDER);
  const double low[][4] = {{1, .7, .9, .7}, {.99, .71, .89, .71}};
  CHECK_INT(judge(2, 500, low, &since, "only 71.0 %"), IG__VERDICT_UNDER);
  CHECK_INT(judge(2, 0, low, &since, "only 71.0 %"), IG__VERDICT_UNDER);
  const double good[][4] = {{.1, .97, .11, .97}, {.1, .97, .11, .97}};
  CHECK_INT(judge(2, 0, good, &since, "without a validation part"), IG__VERDICT_GOOD);
  CHECK_INT(judge(1, 500, good, &since, "near"), IG__VERDICT_GOOD);
}

/* ---- the page ---------------------------------------------------------------------------------------------------------- */

static char *page_of(const char *path) {
  uint8_t *bytes;
  size_t size;
  CHECK_OK(ig__file_read(path, 8u << 20, &bytes, &size));
  CHECK_INT(strlen((const char *)bytes), size);
  return (char *)bytes;
}

static char *report_of(const char *folder) {
  char path[1100];
  snprintf(path, sizeof path, "%s/report.html", folder);
  return page_of(path);
}

static ig_status report(ig_context *context, const char *const *runs, int count, const char *out, ig_report_result *result) {
  ig_report_options o = ig_report_options_default();
  snprintf(o.out, sizeof o.out, "%s", out);
  return ig_report(context, runs, count, &o, result);
}

#define HAS(text, part) CHECK(strstr(text, part) != NULL)
#define LACKS(text, part) CHECK(strstr(text, part) == NULL)

TEST(made_again_it_is_the_same) {
  ig_context *context = threads(2);
  ig_report_result result;
  const char *run = in_folder("run");
  RUN(context, TINY, "epochs", "2", "out", run, "report", "yes");
  char *first = report_of(run);
  CHECK_OK(report(context, &run, 1, "", &result));
  CHECK(result.complete && result.runs == 1 && result.wrong > 0);
  char *second = report_of(run);
  CHECK_STR(first, second);
  for (const char **id = (const char *[]){"verdict", "curves", "classes", "wrong", "filters", "layers", "examples", "configuration", NULL}; *id; id++) {
    char word[64];
    snprintf(word, sizeof word, "<section id=\"%s\"", *id);
    HAS(first, word);
  }
  ig__free(first);
  ig__free(second);
  ig_context_free(context);
}

TEST(not_asked_for_not_written) {
  ig_context *context = threads(1);
  ig_train_result result;
  char path[1100];
  const char *run = in_folder("none");
  RUN(context, TINY, "epochs", "1", "out", run, "report", "no");
  snprintf(path, sizeof path, "%s/report.html", run);
  CHECK(!ig__file_exists(path));
  CHECK_STATUS(TRAIN(context, &result, NULL, TINY, "report", "maybe", "out", in_folder("never")), IG_USAGE);
  CHECK(!ig__file_exists(in_folder("never")));
  ig_context_free(context);
}

/* Stopped by a signal: what there is, at once; made again: the rest of it. */
TEST(a_stopped_run_has_one) {
  ig_context *context = threads(1);
  ig_train_result result;
  ig_report_result again;
  for (int steps = 3; steps <= 9; steps += 6) {
    stopper s = {steps};
    ig_train_events events = {.stop = stop_after, .user = &s};
    const char *run = in_folder(steps == 3 ? "early" : "late");
    CHECK_STATUS(TRAIN(context, &result, &events, TINY, "epochs", "9", "out", run, "report", "yes"), IG_INTERRUPTED);
    char *text = report_of(run);
    HAS(text, "stopped before its end");
    LACKS(text, "<section id=\"wrong\"");
    CHECK((strstr(text, "<section id=\"layers\"") != NULL) == (steps == 9));
    ig__free(text);
    CHECK_OK(report(context, &run, 1, "", &again));
    text = report_of(run);
    CHECK((strstr(text, "<section id=\"wrong\"") != NULL) == (steps == 9));
    CHECK(again.complete == (steps == 9));
    ig__free(text);
  }
  ig_context_free(context);
}

TEST(without_validation_and_test) {
  ig_context *context = threads(1);
  const char *run = in_folder("bare");
  RUN(context, "data", "random count=40 classes=3", "model", "softmax", "epochs", "1", "val", "0", "out", run, "report", "yes");
  char *text = report_of(run);
  HAS(text, "Class by class, on the train part");
  LACKS(text, "accuracy, validation");
  LACKS(text, ">nan");
  LACKS(text, "\"nan");
  ig__free(text);
  ig_context_free(context);
}

/* A thousand classes, all of them wrong: the worst pairs instead of a matrix, a table of some, 5 MB at most. */
TEST(a_thousand_classes) {
  ig_context *context = threads(1);
  const char *run = in_folder("many");
  RUN(context, "data", "random count=3000 classes=1000 channels=3 height=32 width=32", "model", write_text("m.txt", "input 3 32 32\navgpool2d 8\nflatten\ndense classes softmax\n"),
      "epochs", "0", "out", run, "report", "yes", "val", "0.9");
  char *text = report_of(run);
  CHECK(strlen(text) < 5000000);
  LACKS(text, "<table class=\"heat");
  HAS(text, "With 1000 classes a matrix would not be readable");
  HAS(text, "The 500 of 1000 classes with the smallest F1");
  HAS(text, "Shown are the 200 that it was most certain of, named the next 400");
  ig__free(text);
  ig_context_free(context);
}

TEST(several_runs) {
  ig_context *context = threads(1);
  ig_report_result result;
  const char *runs[] = {in_folder("a"), in_folder("b"), in_folder("nothing")};
  const char *out = in_folder("both.html");
  RUN(context, TINY, "epochs", "2", "out", runs[0]);
  RUN(context, TINY, "epochs", "3", "lr", "0.01", "out", runs[1]);
  CHECK_OK(report(context, runs, 2, out, &result));
  CHECK_STR(result.out, out);
  char *text = page_of(out);
  HAS(text, "2 runs side by side");
  HAS(text, "<th class=\"l\">lr</th>");
  LACKS(text, "<th class=\"l\">batch</th>");
  HAS(text, "data-name=\"run.1.epochs\" data-value=\"3\"");
  ig__free(text);
  CHECK_STATUS(report(context, runs, 2, "", &result), IG_USAGE);
  CHECK_HAS(ig_last_error(), "--out");
  CHECK_STATUS(report(context, runs, 3, out, &result), IG_USAGE);
  CHECK_HAS(ig_last_error(), "no such run folder");
  CHECK_STATUS(report(context, runs, 0, out, &result), IG_USAGE);
  CHECK_STATUS(report(context, runs, IG_REPORT_RUNS + 1, out, &result), IG_USAGE);
  CHECK_STATUS(report(context, runs, 1, test_folder(), &result), IG_USAGE);
  CHECK_STATUS(report(context, runs, 1, in_folder("no/such/folder.html"), &result), IG_USAGE);
  ig_context_free(context);
}

/* ---- faults ------------------------------------------------------------------------------------------------------------- */

#ifdef IG__FAULTS
/* The disk is full when the report is due: the run is whole, and its result is told. */
TEST(disk_full_at_the_report) {
  ig_context *context = threads(1);
  ig_train_result result;
  char spec[64];
  const char *run = in_folder("plain");
  ig__fault_set("write@1000000");
  RUN(context, TINY, "epochs", "1", "out", run);
  uint64_t writes = ig__fault_calls("write");
  for (int k = 1; k <= 3; k++) { /* speed.csv, wrong.csv, report.html */
    run = in_folder(k == 1 ? "full1" : k == 2 ? "full2" : "full3");
    snprintf(spec, sizeof spec, "write@%llu=ENOSPC", (unsigned long long)writes + (unsigned long long)k);
    ig__fault_set(spec);
    CHECK_STATUS(TRAIN(context, &result, NULL, TINY, "epochs", "1", "out", run, "report", "yes"), IG_IO);
    ig__fault_set(NULL);
    CHECK_HAS(ig_last_error(), "the run is whole, its report is not");
    CHECK(result.measured && result.test.n == 40 && result.best_epoch == 1);
    bool model;
    check_loads(run, &model);
    CHECK(model);
  }
  ig__fault_set(NULL);
  ig_context_free(context);
}

/* Every allocation and every call of the file layer fails once: a status, no leak, and the report that was there stays whole.
 * The first hundred of a kind one by one, then in steps: most of them are the same few lines for picture after picture. */
TEST(faults_of_the_verb) {
  static const char *const kinds[] = {"malloc", "open", "read", "write", "sync", "rename"};
  ig_context *context = threads(1);
  ig_report_result result;
  const char *run = in_folder("run");
  RUN(context, "data", "digits train=20 test=6", "model", "softmax", "epochs", "1", "out", run);
  CHECK_OK(report(context, &run, 1, "", &result));
  char *whole = report_of(run), spec[32];
  int64_t before = ig__alloc_outstanding();
  for (size_t k = 0; k < sizeof kinds / sizeof kinds[0]; k++)
    for (int n = 1;; n += n < 100 ? 1 : 23) {
      snprintf(spec, sizeof spec, "%s@%d,thread@1+", kinds[k], n);
      ig__fault_set(spec);
      ig_status status = report(context, &run, 1, "", &result);
      bool hit = ig__fault_calls(kinds[k]) >= (uint64_t)n;
      ig__fault_set(NULL);
      CHECK_INT(ig__alloc_outstanding(), before);
      if (!hit) break;
      if (status == IG_OK && result.complete) test_fail(__FILE__, __LINE__, "%s went unseen", spec);
      CHECK(status == IG_OK || *ig_last_error());
      char *now = report_of(run);
      if (status != IG_OK) CHECK_STR(now, whole);
      ig__free(now);
      if (status == IG_OK) CHECK_OK(report(context, &run, 1, "", &result));
    }
  ig__free(whole);
  ig_context_free(context);
}
#endif
