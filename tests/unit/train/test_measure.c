/* What eval, gradcheck and summary say, against what can be worked out in another way. */
#include "runs.h"

#include <sys/mman.h>
#include <unistd.h>

static ig_eval_options eval_of(const char *run, const char *part) {
  ig_eval_options e = ig_eval_options_default();
  CHECK_OK(ig_option_set(IG_VERB_EVAL, &e, "run", run));
  CHECK_OK(ig_option_set(IG_VERB_EVAL, &e, "part", part));
  return e;
}

static bool same_number(double a, double b) { return (isnan(a) && isnan(b)) || fabs(a - b) <= 1e-12; }

/* Every figure of a class again, from the matrix alone. */
static void check_figures(const ig_eval_result *r) {
  int64_t all = 0, right = 0, most = 0;
  for (int c = 0; c < r->class_count; c++) {
    int64_t n = 0, predicted = 0, hit = r->confusion[c * r->class_count + c];
    for (int o = 0; o < r->class_count; o++) {
      n += r->confusion[c * r->class_count + o];
      predicted += r->confusion[o * r->class_count + c];
    }
    double precision = predicted ? (double)hit / (double)predicted : NAN, recall = n ? (double)hit / (double)n : NAN;
    const ig_class_result *k = &r->classes[c];
    CHECK(k->n == n && k->predicted == predicted && k->correct == hit);
    CHECK(same_number(k->precision, precision) && same_number(k->recall, recall));
    if (n && predicted && hit) CHECK_NEAR(k->f1, 2 * precision * recall / (precision + recall), 1e-12);
    else CHECK(n + predicted ? k->f1 == 0 : isnan(k->f1));
    all += n;
    right += hit;
    if (n > most) most = n;
  }
  CHECK_INT(r->metrics.n, all);
  CHECK_NEAR(r->metrics.accuracy, (double)right / (double)all, 1e-12);
  CHECK(r->metrics.accuracy_low <= r->metrics.accuracy && r->metrics.accuracy <= r->metrics.accuracy_high);
  CHECK_NEAR(r->baseline, (double)most / (double)all, 1e-12);
  CHECK_NEAR(r->metrics.loss, r->metrics.data_loss, 0);
}

TEST(eval_figures) {
  static const struct { const char *part; int64_t n; } parts[] = {{"train", 270}, {"val", 30}, {"test", 100}};
  ig_context *context = threads(2);
  ig_train_result trained;
  const char *run = in_folder("run");
  CHECK_OK(TRAIN(context, &trained, NULL, "data", "digits train=300 test=100", "model", "softmax", "epochs", "2", "out", run));
  for (int i = 0; i < 3; i++) {
    ig_eval_options e = eval_of(run, parts[i].part);
    ig_eval_result r;
    CHECK_OK(ig_eval(context, &e, &r));
    CHECK_INT(r.metrics.n, parts[i].n);
    CHECK_INT(r.class_count, 10);
    CHECK_STR(r.part, parts[i].part);
    CHECK_STR(r.classes[7].name, "7");
    check_figures(&r);
    /* What the run itself said at its end. */
    const ig_metrics *own = i == 1 ? &trained.val : &trained.test;
    if (i > 0) CHECK_NEAR(r.metrics.accuracy, own->accuracy, 0);
    if (i > 0) CHECK_NEAR(r.metrics.data_loss, own->data_loss, 1e-5 * own->data_loss);
    e.min_accuracy = 1;
    ig_eval_result_free(&r);
    CHECK_STATUS(ig_eval(context, &e, &r), IG_BELOW_BAR);
    check_figures(&r);
    ig_eval_result_free(&r);
  }
  ig_context_free(context);
}

TEST(eval_refusals) {
  ig_context *context = threads(1);
  const char *run = in_folder("run");
  ig_eval_result r;
  RUN(context, "data", "random count=40 classes=3", "model", "softmax", "epochs", "1", "out", run);
  ig_eval_options e = eval_of(run, "tset");
  CHECK_STATUS(ig_eval(context, &e, &r), IG_USAGE);
  e = eval_of(run, "test");
  CHECK_STATUS(ig_eval(context, &e, &r), IG_BAD_DATA);
  CHECK(!r.classes && !r.confusion);
  e = eval_of(in_folder("nowhere"), "val");
  CHECK_STATUS(ig_eval(context, &e, &r), IG_USAGE);
  e = eval_of(run, "val");
  strcpy(e.data, "digits test=10"); /* ten classes, the model answers three */
  CHECK_STATUS(ig_eval(context, &e, &r), IG_BAD_MODEL);
  e = eval_of(run, "val");
  CHECK_OK(ig_eval(context, &e, &r));
  CHECK_INT(r.class_count, 3);
  ig_eval_result_free(&r);
  ig_context_free(context);
}

/* ---- gradcheck --------------------------------------------------------------------------------------------------------- */

static void gradcheck(ig_context *context, const char *model, double tolerance, bool passes) {
  ig_gradcheck_options g = ig_gradcheck_options_default();
  ig_gradcheck_result r;
  CHECK_OK(ig_option_set(IG_VERB_GRADCHECK, &g, "model", model));
  CHECK_OK(ig_option_set(IG_VERB_GRADCHECK, &g, "data", "digits train=50 test=10"));
  g.samples = 4;
  g.directions = 2;
  g.tolerance = tolerance;
  CHECK_OK(ig_gradcheck(context, &g, &r));
  if (r.passed != passes)
    test_fail(__FILE__, __LINE__, "%s: %s with %g", model, r.passed ? "passed" : "failed", r.row[r.rows - 1].error);
  bool all = true;
  for (int i = 0; i < r.rows; i++) all &= r.row[i].passed;
  CHECK(all == passes);
  CHECK_STR(r.row[r.rows - 1].name, "all");
  ig_gradcheck_result_free(&r);
}

TEST(gradcheck_passes) {
  ig_context *context = threads(2);
  gradcheck(context, "softmax", 1e-7, true);
  gradcheck(context, "mlp", 1e-6, true);
  gradcheck(context, "lenet5", 1e-6, true);
  gradcheck(context, write_text("shared.txt", "input 1 28 28\nmaxpool2d 7\na = dense 16 tanh\nb = dense 16 share=a tanh\ndense classes softmax\n"),
            1e-6, true);
  gradcheck(context, "softmax", 0, false); /* rounding alone is more than nothing */
  ig_context_free(context);
}

/* A kernel that is wrong by one percent: the table's entry is exchanged under the verb, which must see it. The tables are
 * constant, so the page is opened for writing first. */
static void (*right_kernel)(void *dx, const void *x, const void *g, int64_t count);

static void wrong_kernel(void *dx, const void *x, const void *g, int64_t count) {
  right_kernel(dx, x, g, count);
  for (int64_t i = 0; i < count; i++) ((double *)dx)[i] *= 1.01;
}

static void exchange(const ig__kernels *k, void (*with)(void *, const void *, const void *, int64_t)) {
  ig__kernels *table = (ig__kernels *)(uintptr_t)k;
  size_t page = (size_t)sysconf(_SC_PAGESIZE);
  uintptr_t at = (uintptr_t)&table->relu_dx / page * page;
  if (mprotect((void *)at, page + sizeof table->relu_dx, PROT_READ | PROT_WRITE) != 0) test_skip("the table cannot be opened");
  table->relu_dx = with;
}

TEST(gradcheck_sees_a_wrong_kernel) {
  ig_context *context = threads(1);
  const ig__kernels *k = ig__kernels_for(context->isa, 8);
  gradcheck(context, "mlp", 1e-6, true);
  right_kernel = k->relu_dx;
  exchange(k, wrong_kernel);
  ig_gradcheck_options g = ig_gradcheck_options_default();
  ig_gradcheck_result r;
  CHECK_OK(ig_option_set(IG_VERB_GRADCHECK, &g, "model", "mlp"));
  g.samples = 40;
  g.directions = 2;
  ig_status status = ig_gradcheck(context, &g, &r);
  exchange(k, right_kernel);
  CHECK_OK(status);
  CHECK_INT(r.rows, 5);
  CHECK(!r.passed && !r.row[4].passed);
  for (int i = 0; i < 4; i++) { /* what lies below the relu is wrong, what lies above it is right */
    bool below = strncmp(r.row[i].name, "dense1.", 7) == 0;
    if (r.row[i].passed == below) test_fail(__FILE__, __LINE__, "%s: error %g", r.row[i].name, r.row[i].error);
  }
  ig_gradcheck_result_free(&r);
  gradcheck(context, "mlp", 1e-6, true);
  ig_context_free(context);
}

/* ---- summary ----------------------------------------------------------------------------------------------------------- */

TEST(summary_counts) {
  static const struct { const char *name; int64_t parameters; double macs; } want[] = {
    {"softmax", 7850, 7840}, {"mlp", 101770, 100352 + 1280}, {"textbook", 225034, 26 * 26 * 9 * 32 + 11 * 11 * 9 * 32 * 64. + 1600 * 128 + 1280},
    {"lenet5", 61706, 28 * 28 * 25 * 6 + 100 * 25 * 96. + 400 * 120 + 120 * 84 + 840}, {"resnet8", 78042, 0}};
  ig_context *context = threads(1);
  for (size_t i = 0; i < sizeof want / sizeof want[0]; i++) {
    ig_summary_options o = ig_summary_options_default();
    ig_summary_result r;
    int64_t sum = 0;
    double macs = 0;
    CHECK_OK(ig_option_set(IG_VERB_SUMMARY, &o, "model", want[i].name));
    CHECK_OK(ig_summary(context, &o, &r));
    for (int k = 0; k < r.rows; k++) sum += r.row[k].parameters, macs += r.row[k].macs;
    CHECK_INT(r.parameters, want[i].parameters);
    CHECK_INT(sum, r.parameters);
    CHECK_NEAR(macs, r.macs, 0);
    if (want[i].macs > 0) CHECK_NEAR(r.macs, want[i].macs, 0);
    ig_summary_result_free(&r);
  }
  ig_context_free(context);
}

/* Bytes that preparing this network's plan takes from the allocator. A preparation that fails gives all back first. */
static uint64_t prepared(const ig_context *context, ig__network *net) {
  int count = ig_context_threads(context);
  uint64_t bytes = 0;
#ifdef IG__FAULTS
  ig__fault_set("malloc@1");
  CHECK_STATUS(ig__plan_prepare(net->plan, count + 1), IG_NO_MEMORY);
  ig__fault_set(NULL);
  int64_t before = ig__alloc_bytes();
  CHECK_OK(ig__plan_prepare(net->plan, count));
  bytes = (uint64_t)(ig__alloc_bytes() - before);
  CHECK_INT(bytes, ig__plan_memory_of(net->plan, count).total);
#else
  bytes = ig__plan_memory_of(net->plan, count).total;
#endif
  return bytes;
}

static void check_memory(ig_context *context, const char *model, const char *precision, const char *optimizer, uint64_t slots) {
  ig_summary_options o = ig_summary_options_default();
  ig_summary_result r;
  ig__model *m;
  ig__source *source;
  ig__network net;
  int real_size = strcmp(precision, "f64") ? 4 : 8;
  CHECK_OK(ig_option_set(IG_VERB_SUMMARY, &o, "model", model));
  CHECK_OK(ig_option_set(IG_VERB_SUMMARY, &o, "precision", precision));
  CHECK_OK(ig_option_set(IG_VERB_SUMMARY, &o, "optimizer", optimizer));
  CHECK_OK(ig_option_set(IG_VERB_SUMMARY, &o, "batch", "16"));
  CHECK_OK(ig_summary(context, &o, &r));
  CHECK_OK(ig__model_any(model, NULL, 10, real_size, 1, &m));
  CHECK_OK(ig__source_open("digits train=50", NULL, &source));
  uint64_t flat = (uint64_t)m->params_size * (uint64_t)real_size;
  ig__network_request q = {.model = m, .data = &source->info, .n = 16};
  CHECK_OK(ig__network_new(context, &q, &net));
  CHECK_INT(prepared(context, &net), r.inference_bytes);
  ig__network_free(&net);
  q.loss = "cross_entropy";
  q.training = q.gradients = true;
  CHECK_OK(ig__network_new(context, &q, &net));
  CHECK_INT(prepared(context, &net) + (1 + slots) * flat, r.training_bytes);
  CHECK_INT(r.weight_bytes, flat + (uint64_t)m->states_size * (uint64_t)real_size);
  ig__network_free(&net);
  q.accumulates = true;
  CHECK_OK(ig__network_new(context, &q, &net));
  prepared(context, &net);
  ig__network_free(&net);
  ig__source_close(source);
  ig__model_free(m);
  ig_summary_result_free(&r);
}

TEST(summary_memory_is_what_plans_take) {
  for (int count = 1; count <= 3; count += 2) {
    ig_context *context = threads(count);
    check_memory(context, "softmax", "f32", "sgd", 0);
    check_memory(context, "textbook", "f32", "adam", 2);
    check_memory(context, "lenet5", "f64", "sgd momentum=0.9", 1);
    check_memory(context, small_net(), "f32", "adam", 2);
    ig_context_free(context);
  }
}

/* The classes are the run's, not those of --classes. */
TEST(summary_of_a_run) {
  ig_context *context = threads(1);
  ig_summary_options o = ig_summary_options_default();
  ig_summary_result r;
  const char *run = in_folder("three");
  RUN(context, "data", "random count=40 classes=3", "model", "softmax", "epochs", "0", "out", run);
  CHECK_OK(ig_option_set(IG_VERB_SUMMARY, &o, "model", run));
  o.plan = true;
  CHECK_OK(ig_summary(context, &o, &r));
  CHECK_INT(r.parameters, 3 * 785);
  CHECK(r.plan && strlen(r.plan) > 20);
  ig_summary_result_free(&r);
  ig_context_free(context);
}
