/* What the verbs promise: how runs end, what they leave, and what eval, gradcheck and summary say. */
#include "train/checkpoint.h"
#include "runs.h"

#define TINY "data", "digits train=100 test=40", "batch", "16"

/* ---- how a run ends ------------------------------------------------------------------------------------------------- */

TEST(time_ends_a_call) {
  ig_context *context = threads(1);
  ig_train_result result;
  const char *run = in_folder("timed");
  CHECK_OK(TRAIN(context, &result, NULL, TINY, "model", "mlp", "epochs", "1000000", "time", "0.3", "out", run));
  CHECK_STR(result.stopped, "time");
  CHECK_INT(result.test.n, 40);
  ig__run_state a = state_of(run);
  CHECK(a.step > 0);
  /* Each call has its time anew. */
  CHECK_OK(TRAIN(context, &result, NULL, "resume", run));
  CHECK_STR(result.stopped, "time");
  ig__run_state b = state_of(run);
  CHECK(b.step > a.step);
  ig__run_state_free(&a);
  ig__run_state_free(&b);
  CHECK_STATUS(TRAIN(context, &result, NULL, TINY, "time", "soon", "out", in_folder("never")), IG_USAGE);
  ig_context_free(context);
}

/* Without validation the last weights are kept: those of the checkpoint. */
TEST(without_validation_the_last_weights_are_kept) {
  ig_context *context = threads(1);
  ig_train_result result;
  const char *run = in_folder("last");
  char path[1100];
  CHECK_OK(TRAIN(context, &result, NULL, TINY, "val", "0", "model", "mlp", "lr", "0.3", "epochs", "3", "out", run));
  CHECK_INT(result.best_epoch, 3);
  CHECK_INT(result.val.n, 0);
  CHECK_INT(result.test.n, 40);
  ig__model *m = model_of(run, 4);
  uint8_t *bytes;
  size_t size;
  ig__checkpoint c;
  snprintf(path, sizeof path, "%s/checkpoint", run);
  CHECK_OK(ig__file_read(path, SIZE_MAX, &bytes, &size));
  CHECK_OK(ig__checkpoint_parse(bytes, size, path, &c));
  CHECK_STR(c.section[1].name, "params");
  CHECK_INT(c.section[1].size, m->params_size * 4);
  CHECK(memcmp(c.section[1].data, m->params, (size_t)c.section[1].size) == 0);
  ig__free(bytes);
  ig__model_free(m);
  ig_context_free(context);
}

TEST(bar) {
  ig_context *context = threads(1);
  ig_train_result result;
  CHECK_STATUS(TRAIN(context, &result, NULL, TINY, "model", "softmax", "epochs", "1", "min_accuracy", "1", "out", in_folder("bar")),
               IG_BELOW_BAR);
  CHECK_HAS(ig_last_error(), "test part");
  CHECK_INT(result.test.n, 40);
  CHECK_INT(result.val.n, 10);
  CHECK_NEAR(result.baseline, 0.1, 1e-12);
  /* No part to measure: said before anything is trained. */
  CHECK_STATUS(TRAIN(context, &result, NULL, "data", "random count=20", "model", "softmax", "val", "0", "min_accuracy", "0.5", "out",
                     in_folder("none")), IG_USAGE);
  CHECK(!ig__file_exists(in_folder("none")));
  ig_context_free(context);
}

/* Weights that blow up: named by step and parameter, and what is on the disk is from before. */
static void diverge(ig_context *context, const char *model, const char *lr, const char *epochs) {
  ig_train_result result;
  const char *run = in_folder("diverged");
  bool has_model;
  remove_run(run);
  ig_status status = TRAIN(context, &result, NULL, TINY, "model", model, "optimizer", "sgd momentum=0.9", "lr", lr, "epochs", epochs,
                           "l2", "1", "checkpoint_every", "0.01", "out", run);
  if (status != IG_DIVERGED) test_fail(__FILE__, __LINE__, "%s, lr %s: %s", model, lr, ig_status_name(status));
  CHECK_HAS(ig_last_error(), "step ");
  CHECK(strstr(ig_last_error(), ".weight") || strstr(ig_last_error(), ".bias") || strstr(ig_last_error(), ".gamma") ||
        strstr(ig_last_error(), ".running") || strstr(ig_last_error(), ".scale"));
  check_loads(run, &has_model); /* loading refuses what is not finite */
  uint8_t *bytes;
  size_t size;
  ig__checkpoint c;
  char path[1100];
  snprintf(path, sizeof path, "%s/checkpoint", run);
  CHECK_OK(ig__file_read(path, SIZE_MAX, &bytes, &size));
  CHECK_OK(ig__checkpoint_parse(bytes, size, path, &c));
  for (int s = 1; s <= 2; s++)
    for (uint64_t i = 0; i < c.section[s].size / 4; i++) {
      float v;
      memcpy(&v, c.section[s].data + 4 * i, 4);
      CHECK(isfinite(v));
    }
  ig__free(bytes);
}

TEST(divergence) {
  ig_context *context = threads(2);
  diverge(context, "mlp", "1e6", "5");
  diverge(context, "softmax", "1e6", "20");
  diverge(context, small_net(), "1e6", "20");
  diverge(context, "mlp", "20", "200");
  ig_context_free(context);
}

/* Four steps that each multiply the weights by −10¹²: the last one overflows behind the last gradient that anybody looks at,
 * so only the weights show it. Finite ones were saved before. */
TEST(weights_that_overflow_are_not_saved) {
  ig_context *context = threads(1);
  ig_train_result result;
  const char *run = in_folder("overflow");
  bool has_model;
  CHECK_STATUS(TRAIN(context, &result, NULL, "data", "digits train=80 test=10", "val", "0", "batch", "20", "model", "softmax",
                     "optimizer", "sgd", "lr", "1e6", "weight_decay", "1e6", "epochs", "1", "out", run), IG_DIVERGED);
  CHECK_HAS(ig_last_error(), "step 4: dense1.weight is no longer finite");
  check_loads(run, &has_model);
  CHECK(!has_model);
  ig__run_state s = state_of(run);
  CHECK_INT(s.step, 0);
  ig__run_state_free(&s);
  ig_context_free(context);
}

TEST(weights_of_another_task_list_the_rest) {
  ig_context *context = listening(1);
  const char *first = in_folder("first"), *second = in_folder("second");
  RUN(context, TINY, "model", "mlp", "epochs", "1", "out", first);
  said[0] = 0;
  RUN(context, "data", "random count=60 classes=4", "model", "mlp", "weights", first, "epochs", "0", "out", second);
  CHECK_HAS(said, "4 tensors taken");
  CHECK_HAS(said, "of the last layer, dense2, 4 of 4 rows are taken, by the classes' names (0, 1, 2, 3)");
  CHECK(!strstr(said, "dense1.weight"));
  ig__model *a = model_of(first, 4), *b = model_of(second, 4);
  CHECK(memcmp(a->params, b->params, (size_t)a->param[0].count * 4) == 0);
  ig__model_free(a);
  ig__model_free(b);
  ig_train_result result;
  const char *other = write_text("other.txt", "input 1 28 28\ndense 128 relu\nlast = dense classes softmax\n");
  said[0] = 0;
  RUN(context, TINY, "model", other, "weights", first, "epochs", "0", "out", in_folder("narrow"));
  CHECK_HAS(said, "dense2.weight: not in the model");
  CHECK_HAS(said, "last.bias: not in the file");
  CHECK_STATUS(TRAIN(context, &result, NULL, TINY, "model", "softmax", "weights", second, "out", in_folder("third")), IG_BAD_MODEL);
  CHECK(!ig__file_exists(in_folder("third")));
  ig_context_free(context);
}

/* ---- what it leaves ---------------------------------------------------------------------------------------------------- */

TEST(results_csv) {
  ig_context *context = threads(1);
  const char *run = in_folder("csv");
  uint8_t *bytes;
  size_t size;
  RUN(context, TINY, "model", "softmax", "epochs", "3", "l2", "1e-3", "out", run);
  CHECK_OK(ig__file_read(in_folder("csv/results.csv"), SIZE_MAX, &bytes, &size));
  const char *header = "epoch,time,train/loss,train/data_loss,train/penalty,train/accuracy,val/loss,val/accuracy,lr,weight_norm,img_per_s,"
                       "wait,lambda\n";
  CHECK(size > strlen(header) && memcmp(bytes, header, strlen(header)) == 0);
  ig__run_state s = state_of(run);
  const char *line = (const char *)bytes;
  for (int row = 1; row <= 3; row++) {
    double v[13];
    line = strchr(line, '\n') + 1;
    CHECK_INT(sscanf(line, "%lf,%lf,%lf,%lf,%lf,%lf,%lf,%lf,%lf,%lf,%lf,%lf,%lf\n", &v[0], &v[1], &v[2], &v[3], &v[4], &v[5], &v[6], &v[7],
                     &v[8], &v[9], &v[10], &v[11], &v[12]), 13);
    CHECK_INT(v[0], row);
    CHECK_NEAR(v[2], v[3] + v[4], 1e-12);
    CHECK(v[4] > 0 && v[6] > 0 && v[7] >= 0 && v[7] <= 1 && v[9] > 0 && v[12] == 1e-3);
    CHECK(v[5] == s.history[row - 1].train.accuracy && v[9] == s.history[row - 1].weight_norm);
  }
  CHECK(strchr(line, '\n') + 1 == (const char *)bytes + size);
  ig__free(bytes);
  ig__run_state_free(&s);
  ig_context_free(context);
}

TEST(names_in_the_weights_file) {
  static const struct { const char *name; int rank, dim[4]; } want[] = {
    {"conv2d1.bias", 1, {32}}, {"conv2d1.weight", 4, {32, 1, 3, 3}}, {"conv2d2.bias", 1, {64}}, {"conv2d2.weight", 4, {64, 32, 3, 3}},
    {"dense1.bias", 1, {128}}, {"dense1.weight", 2, {128, 1600}},    {"dense2.bias", 1, {10}},  {"dense2.weight", 2, {10, 128}}};
  ig_context *context = threads(1);
  const char *run = in_folder("names");
  uint8_t *bytes;
  size_t size;
  ig__tensors t;
  RUN(context, TINY, "model", "textbook", "epochs", "0", "out", run);
  CHECK_OK(ig__file_read(in_folder("names/model.safetensors"), SIZE_MAX, &bytes, &size));
  CHECK_OK(ig__tensors_parse(bytes, size, "model.safetensors", &t));
  CHECK_INT(t.count, sizeof want / sizeof want[0]);
  for (size_t i = 0; i < t.count; i++) {
    CHECK_STR(t.entry[i].name, want[i].name);
    CHECK_INT(t.entry[i].shape.rank, want[i].rank);
    for (int k = 0; k < want[i].rank; k++) CHECK_INT(t.entry[i].shape.dim[k], want[i].dim[k]);
  }
  CHECK_STR(ig__tensors_meta(&t, "loss"), "cross_entropy");
  CHECK_STR(ig__tensors_meta(&t, "classes"), "[\"0\",\"1\",\"2\",\"3\",\"4\",\"5\",\"6\",\"7\",\"8\",\"9\"]");
  ig__tensors_free(&t);
  ig_context_free(context);
}
