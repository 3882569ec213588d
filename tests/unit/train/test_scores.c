/* Top-k, ROC AUC, Brier score and calibration error against scikit-learn's numbers (tests/reference/make_sklearn.py), and what they
 * answer at the edges. */
#include "runs.h"

typedef struct figures { ig__score_figures all; double auc[8]; } figures;

static figures measure(const ig__scores *s, int k) {
  figures f;
  CHECK_OK(ig__scores_measure(s, k, f.auc, &f.all));
  return f;
}

static void read_case(FILE *file, const char *name, int pictures, int classes, int k) {
  ig__scores s = {.classes = classes};
  double row[8], want[12];
  for (int i = 0; i < pictures; i++) {
    int label, v;
    CHECK(fscanf(file, "%d", &label) == 1);
    for (int c = 0; c < classes; c++) {
      CHECK(fscanf(file, "%d", &v) == 1);
      row[c] = v / 64.0;
    }
    CHECK_OK(ig__scores_add(&s, label, row, true));
  }
  for (int i = 0; i < 4 + classes; i++) CHECK(fscanf(file, "%lf", &want[i]) == 1);
  const figures f = measure(&s, k);
  const double got[] = {f.all.top, f.all.auc, f.all.brier, f.all.calibration};
  for (int i = 0; i < 4; i++)
    if (!(fabs(got[i] - want[i]) <= 1e-14)) test_fail(__FILE__, __LINE__, "%s: figure %d is %.17g, want %.17g", name, i, got[i], want[i]);
  for (int c = 0; c < classes; c++) CHECK_NEAR(f.auc[c], want[4 + c], 1e-14);
  ig__scores_free(&s);
}

TEST(as_scikit_learn) {
  char path[1024], line[256], name[32];
  int pictures, classes, k, cases = 0;
  snprintf(path, sizeof path, "%s/tests/reference/sklearn.txt", IG_TEST_SOURCE);
  FILE *file = fopen(path, "rb");
  CHECK(file != NULL);
  while (fgets(line, sizeof line, file)) {
    if (sscanf(line, "case %31s %d %d %d", name, &pictures, &classes, &k) != 4) continue;
    CHECK(classes <= 8);
    read_case(file, name, pictures, classes, k);
    cases++;
  }
  fclose(file);
  CHECK_INT(cases, 3);
}

/* Every pair counted, for numbers of any sign, with ties and zeros of both signs. */
TEST(auc_by_pairs) {
  ig__rng rng = ig__rng_make(9, IG__FOR_TEST, 0, 0);
  ig__scores s = {.classes = 2};
  double value[50][2];
  int label[50];
  for (int i = 0; i < 50; i++) {
    label[i] = (int)ig__rng_below(&rng, 2);
    for (int c = 0; c < 2; c++) {
      value[i][c] = (double)ig__rng_below(&rng, 9) - 4;
      if (value[i][c] == 0 && i % 2) value[i][c] = -0.0;
    }
    CHECK_OK(ig__scores_add(&s, label[i], value[i], false));
  }
  const figures f = measure(&s, 1);
  for (int c = 0; c < 2; c++) {
    double pairs = 0, won = 0;
    for (int i = 0; i < 50; i++)
      for (int k = 0; k < 50; k++)
        if (label[i] == c && label[k] != c) {
          pairs++;
          won += value[i][c] > value[k][c] ? 1 : value[i][c] == value[k][c] ? 0.5 : 0;
        }
    CHECK_NEAR(f.auc[c], won / pairs, 1e-15);
  }
  CHECK(isnan(f.all.brier) && isnan(f.all.calibration)); /* they are no probabilities */
  CHECK(f.all.top > 0);
  ig__scores_free(&s);
}

TEST(edges) {
  ig__scores s = {.classes = 3};
  figures f = measure(&s, 1);
  CHECK(isnan(f.all.top) && isnan(f.all.auc) && isnan(f.all.brier) && isnan(f.all.calibration)); /* no pictures */
  CHECK_OK(ig__scores_add(&s, 1, (double[]){0.25, 0.5, 0.25}, true));
  f = measure(&s, 1);
  CHECK(f.all.top == 1 && isnan(f.all.auc) && isnan(f.auc[1])); /* one class alone */
  CHECK_NEAR(f.all.brier, 0.375, 1e-15);
  CHECK_NEAR(f.all.calibration, 0.5, 1e-15);
  CHECK_OK(ig__scores_add(&s, 2, (double[]){0.5, 0.5, 0}, true)); /* of equals the first is the answer */
  f = measure(&s, 2);
  CHECK(f.all.top == 0.5 && f.auc[1] == 0.5 && f.auc[2] == 0 && isnan(f.auc[0]) && f.all.auc == 0.25);
  CHECK(measure(&s, 3).all.top == 1);
  CHECK_OK(ig__scores_add(&s, 0, (double[]){NAN, 0.5, 0}, true));
  f = measure(&s, 3);
  CHECK(isnan(f.all.top) && isnan(f.all.auc) && isnan(f.all.brier));
  ig__scores_free(&s);
}

/* ---- in eval ----------------------------------------------------------------------------------------------------------- */

static ig_eval_result eval(ig_context *context, const char *run, int top) {
  ig_eval_options e = ig_eval_options_default();
  ig_eval_result r;
  snprintf(e.run, sizeof e.run, "%s", run);
  e.top = top;
  CHECK_OK(ig_eval(context, &e, &r));
  return r;
}

/* The same network with its softmax, without it, and with its logarithm: the same figures. */
TEST(ends_of_models) {
  static const char *const ends[] = {"dense classes softmax", "dense classes", "dense classes log_softmax"};
  ig_context *context = threads(2);
  ig_eval_result first = {0};
  for (int i = 0; i < 3; i++) {
    char text[64];
    const char *run = in_folder("run");
    remove_run(run);
    snprintf(text, sizeof text, "input 1 28 28\n%s\n", ends[i]);
    RUN(context, "data", "digits train=300 test=100", "model", write_text("m.txt", text), "epochs", "2", "out", run);
    ig_eval_result r = eval(context, run, 3);
    CHECK(r.top == 3 && r.top_accuracy >= r.metrics.accuracy && r.top_accuracy <= 1);
    CHECK(r.auc > 0.5 && r.auc <= 1 && r.brier > 0 && r.brier < 2 && r.calibration_error >= 0 && r.calibration_error < 1);
    if (i == 0) first = r;
    CHECK_NEAR(r.top_accuracy, first.top_accuracy, 0);
    CHECK_NEAR(r.auc, first.auc, 1e-4);
    CHECK_NEAR(r.brier, first.brier, 1e-6);
    CHECK_NEAR(r.calibration_error, first.calibration_error, 1e-6);
    if (i) ig_eval_result_free(&r);
  }
  ig_eval_result_free(&first);
  ig_context_free(context);
}

/* Numbers that are trained towards 0 and 1 by mse are no probabilities; they rank all the same. */
TEST(no_probabilities) {
  ig_context *context = threads(1);
  const char *run = in_folder("run");
  RUN(context, "data", "digits train=300 test=100", "model", write_text("m.txt", "input 1 28 28\ndense classes\n"), "loss", "mse",
      "epochs", "2", "out", run);
  ig_eval_result r = eval(context, run, 1);
  CHECK(r.top_accuracy == r.metrics.accuracy && r.auc > 0.5);
  CHECK(isnan(r.brier) && isnan(r.calibration_error));
  ig_eval_result_free(&r);
  ig_context_free(context);
}
