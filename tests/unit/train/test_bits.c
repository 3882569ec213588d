/* The same bits: for any number of threads, from run to run, and after a run was stopped anywhere and taken up again. */
#include "runs.h"

/* The textbook's network with a dropout line. */
static const char *textbook(void) {
  return write_text("textbook.txt", "input 1 28 28\nconv2d 32 k=3 relu\nmaxpool2d 2\nconv2d 64 k=3 relu\nmaxpool2d 2\nflatten\n"
                                    "dropout 0.3\ndense 128 relu\ndense classes softmax\n");
}

/* Two epochs of batches of 37, the last one short; answers the hash of everything that was learned. */
static uint64_t bits(ig_context *context, const char *model, const char *data, const char *optimizer) {
  const char *folder = in_folder("bits");
  remove_run(folder);
  RUN(context, "data", data, "model", model, "batch", "37", "epochs", "2", "optimizer", optimizer, "l2", "1e-4", "out", folder);
  return ig__hash(&(uint64_t){hash_of_model(folder)}, 8, hash_of_run(folder));
}

static void same_for_all_threads(const char *model, const char *data, const char *optimizer) {
  static const int counts[] = {1, 1, 2, 3, 4, 7}; /* 1 twice: from run to run */
  uint64_t first = 0;
  for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
    ig_context *context = threads(counts[i]);
    CHECK_INT(ig_context_threads(context), counts[i]);
    uint64_t hash = bits(context, model, data, optimizer);
    ig_context_free(context);
    if (i == 0) first = hash;
    if (hash != first) test_fail(__FILE__, __LINE__, "%s: %d threads give other bits than one", model, counts[i]);
  }
}

TEST(threads_textbook) { same_for_all_threads(textbook(), "digits train=140 test=20", "adam"); }
TEST(threads_resnet8) {
  same_for_all_threads("resnet8", "random channels=3 height=32 width=32 count=100", "sgd momentum=0.9");
}
TEST(threads_mlp) { same_for_all_threads("mlp", "digits train=400 test=20", "sgd momentum=0.9 nesterov=yes"); }
TEST(threads_lenet5) { same_for_all_threads("lenet5", "digits train=140 test=20", "adam"); }

/* Loader threads deliver; they decide nothing. */
TEST(workers) {
  ig_context *context = threads(2);
  uint64_t first = 0;
  for (int workers = 1; workers <= 5; workers += 2) {
    char number[8];
    const char *folder = in_folder("workers");
    snprintf(number, sizeof number, "%d", workers);
    remove_run(folder);
    RUN(context, "data", "digits train=300 test=20", "model", "softmax", "epochs", "2", "workers", number, "out", folder);
    uint64_t hash = hash_of_run(folder);
    if (workers == 1) first = hash;
    CHECK(hash == first);
  }
  ig_context_free(context);
}

/* ---- stopping and going on ------------------------------------------------------------------------------------------- */

/* Stops before step k + 1 for every k of the run (steps of `stride`), goes on, and compares with the whole run. */
static void stop_and_go_on(const char *model, const char *schedule, const char *accumulate, const char *augment, int64_t steps,
                           int64_t stride) {
  ig_context *context = threads(2);
  ig_train_result result;
  const char *whole = in_folder("whole"), *part = in_folder("part");
#define OPTIONS                                                                                                              \
  "data", "digits train=100 test=10", "model", model, "batch", "16", "epochs", "2", "l2", "1e-3", "l1", "1e-4", "schedule", \
    schedule, "optimizer", "sgd momentum=0.9", "accumulate", accumulate, "augment", augment
  RUN(context, OPTIONS, "out", whole);
  char *want = results_of(whole);
  for (int64_t k = 0; k <= steps; k += stride) {
    stopper s = {k};
    ig_train_events events = {.stop = stop_after, .user = &s};
    remove_run(part);
    ig_status status = TRAIN(context, &result, &events, OPTIONS, "out", part);
    CHECK_INT(status, IG_INTERRUPTED);
    CHECK_STR(result.stopped, "signal");
    CHECK_STR(result.out, part);
    ig__run_state state = state_of(part);
    if (k < steps) CHECK_INT(state.step, k < steps / 2 + 1 ? k : k - 1);
    ig__run_state_free(&state);
    RUN(context, "resume", part);
    if (hash_of_run(part) != hash_of_run(whole) || hash_of_model(part) != hash_of_model(whole))
      test_fail(__FILE__, __LINE__, "stopped after %lld steps: other weights", (long long)k);
    char *got = results_of(part);
    CHECK_STR(got, want);
    ig__free(got);
  }
  ig__free(want);
  ig_context_free(context);
#undef OPTIONS
}

/* 90 pictures in batches of 16 are 6 steps an epoch; the stop is asked for once more behind the last of each. */
TEST(resume_softmax) { stop_and_go_on("softmax", "cosine warmup=0.5", "1", "", 13, 1); }
TEST(resume_small_net) { stop_and_go_on(small_net(), "step every=1 gamma=0.5", "1", "flip, shift 2, rotate", 13, 1); }
TEST(resume_accumulating) { stop_and_go_on(small_net(), "constant", "2", "mixup 0.5, contrast", 7, 1); }

/* Broken pictures are none here; that a resumed pass finds the same place is tested with the loader. A run that is stopped
 * at every single step still ends with the same bits. */
TEST(resume_again_and_again) {
  ig_context *context = threads(1);
  ig_train_result result;
  ig_status status = IG_INTERRUPTED;
  const char *whole = in_folder("whole"), *part = in_folder("part");
  RUN(context, "data", "digits train=60 test=10", "model", "mlp", "batch", "16", "epochs", "3", "out", whole);
  for (int turn = 0; status == IG_INTERRUPTED && turn < 40; turn++) {
    stopper s = {1};
    ig_train_events events = {.stop = stop_after, .user = &s};
    status = turn ? TRAIN(context, &result, &events, "resume", part)
                  : TRAIN(context, &result, &events, "data", "digits train=60 test=10", "model", "mlp", "batch", "16", "epochs",
                          "3", "out", part);
  }
  CHECK_OK(status);
  CHECK(hash_of_run(whole) == hash_of_run(part));
  char *want = results_of(whole), *got = results_of(part);
  CHECK_STR(got, want);
  ig__free(want);
  ig__free(got);
  ig_context_free(context);
}

/* The same with a rate that follows the validation: what was observed is in the checkpoint. */
TEST(resume_plateau) {
  ig_context *context = threads(1);
  ig_train_result result;
  ig_status status = IG_INTERRUPTED;
  const char *whole = in_folder("whole"), *part = in_folder("part");
#define OPTIONS                                                                                                                \
  "data", "digits train=60 test=10", "model", "mlp", "batch", "16", "epochs", "4", "optimizer", "adamw amsgrad=yes", "schedule", \
    "plateau patience=0 threshold=0.9 gamma=0.5"
  RUN(context, OPTIONS, "out", whole);
  for (int turn = 0; status == IG_INTERRUPTED && turn < 40; turn++) {
    stopper s = {1};
    ig_train_events events = {.stop = stop_after, .user = &s};
    status = turn ? TRAIN(context, &result, &events, "resume", part) : TRAIN(context, &result, &events, OPTIONS, "out", part);
  }
  CHECK_OK(status);
  CHECK(hash_of_run(whole) == hash_of_run(part));
  ig__run_state state = state_of(part);
  const double want[] = {0.001, 0.001, 0.0005, 0.00025}; /* no epoch is better by nine tenths than the first */
  for (int i = 0; i < 4; i++) CHECK_NEAR(state.history[i].lr, want[i], 1e-15);
  ig__run_state_free(&state);
  ig_context_free(context);
#undef OPTIONS
}

/* ---- batches that are added up --------------------------------------------------------------------------------------- */

static void compare_models(const char *a, const char *b, double tolerance) {
  ig__model *x, *y;
  char path[2][1100];
  double most = 0, apart = 0;
  snprintf(path[0], sizeof path[0], "%s/model.safetensors", a);
  snprintf(path[1], sizeof path[1], "%s/model.safetensors", b);
  CHECK_OK(ig__model_load(path[0], 8, &x));
  CHECK_OK(ig__model_load(path[1], 8, &y));
  CHECK_INT(x->params_size, y->params_size);
  for (int64_t i = 0; i < x->params_size; i++) {
    most = fmax(most, fabs(((double *)x->params)[i]));
    apart = fmax(apart, fabs(((double *)x->params)[i] - ((double *)y->params)[i]));
  }
  ig__model_free(x);
  ig__model_free(y);
  if (!(apart <= tolerance * most)) test_fail(__FILE__, __LINE__, "apart by %g of %g", apart, most);
}

TEST(accumulation_is_a_larger_batch) {
  static const char *const models[] = {"softmax", "mlp", "lenet5"};
  ig_context *context = threads(2);
  for (size_t i = 0; i < sizeof models / sizeof models[0]; i++)
    for (int precision = 0; precision < 2; precision++) {
      const char *a = in_folder("a"), *b = in_folder("b"), *real = precision ? "f64" : "f32";
      remove_run(a);
      remove_run(b);
      RUN(context, "data", "digits train=108 test=10", "model", models[i], "epochs", "2", "optimizer", "sgd momentum=0.9", "precision",
          real, "l2", "1e-3", "batch", "32", "out", a);
      RUN(context, "data", "digits train=108 test=10", "model", models[i], "epochs", "2", "optimizer", "sgd momentum=0.9", "precision",
          real, "l2", "1e-3", "batch", "16", "accumulate", "2", "out", b);
      compare_models(a, b, precision ? 1e-13 : 1e-4);
    }
  ig_context_free(context);
}

/* ---- instruction sets ------------------------------------------------------------------------------------------------- */

/* The vector kernels are one source in blocks of 16 with fused multiply-adds: AVX2 and AVX-512 give the same bits. What
 * has no fused multiply-add rounds twice, and is only reported. */
TEST(instruction_sets) {
  static const char *const names[] = {"avx512", "avx2", "baseline"};
  for (int m = 0; m < 4; m++) {
    char model[1024];
    snprintf(model, sizeof model, "%s", m == 0 ? textbook() : m == 1 ? "mlp" : m == 2 ? "lenet5" : small_net());
    uint64_t hash[3] = {0};
    for (int i = 0; i < 3; i++) {
      ig_context *context;
      ig_context_options o = {.threads = 1, .isa = names[i]};
      if (ig_context_new(&context, &o) != IG_OK) continue;
      hash[i] = bits(context, model, "digits train=100 test=10", "adam");
      ig_context_free(context);
    }
    if (hash[0] && hash[1] && hash[0] != hash[1]) test_fail(__FILE__, __LINE__, "%s: avx2 and avx512 differ", model);
    if (hash[0] && hash[2] && m == 0) printf("  baseline and avx512: %s bits\n", hash[0] == hash[2] ? "the same" : "other");
  }
}
