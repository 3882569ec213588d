/* Augmentation in whole runs. */
#include "runs.h"

#define DATA "data", "digits train=200 test=40", "batch", "16", "epochs", "2"

static uint64_t run(ig_context *context, const char *augment, const char *workers) {
  const char *folder = in_folder("run");
  remove_run(folder);
  RUN(context, DATA, "model", "mlp", "augment", augment, "workers", workers, "out", folder);
  return hash_of_run(folder);
}

TEST(augmentation_does_not_depend_on_threads) {
  static const char *const lists[] = {"", "flip, shift 4", "rotate 20, brightness, contrast, erase 6", "crop, scale, mixup 1"};
  uint64_t hash[4];
  for (int i = 0; i < 4; i++) {
    ig_context *one = threads(1), *three = threads(3);
    hash[i] = run(one, lists[i], "1");
    CHECK(run(three, lists[i], "3") == hash[i]);
    for (int k = 0; k < i; k++) CHECK(hash[k] != hash[i]);
    ig_context_free(one);
    ig_context_free(three);
  }
}

/* A list that does nothing is no list: the pictures of validation and test stay as they are in any case. */
TEST(augmentation_of_nothing) {
  ig_context *context = threads(2);
  CHECK(run(context, "shift 0, rotate 0, erase 0", "1") == run(context, "", "1"));
  ig_context_free(context);
}

/* The targets of mixed pictures are rows of shares, which these losses take. */
TEST(mixed_targets_are_taken) {
  ig_context *context = threads(2);
  ig_train_result result;
  CHECK_OK(TRAIN(context, &result, NULL, DATA, "model", "mlp", "augment", "mixup 0.2", "loss", "mse", "out", in_folder("mse")));
  CHECK_OK(TRAIN(context, &result, NULL, DATA, "model", "mlp", "augment", "mixup 0.2", "loss", "cross_entropy smooth=0.1", "out",
                 in_folder("smooth")));
  CHECK_OK(TRAIN(context, &result, NULL, DATA, "model", "mlp", "augment", "mixup 0.2", "accumulate", "2", "precision", "f64", "out",
                 in_folder("double")));
  ig_context_free(context);
}

TEST(augmentation_belongs_to_the_run) {
  ig_context *context = threads(2);
  ig_train_result result;
  const char *folder = in_folder("run");
  RUN(context, DATA, "model", "softmax", "augment", "flip", "out", folder);
  CHECK_STATUS(TRAIN(context, &result, NULL, "resume", folder, "augment", "shift 2", "epochs", "+1"), IG_USAGE);
  CHECK_HAS(ig_last_error(), "--augment");
  RUN(context, "resume", folder, "augment", "flip", "epochs", "+1");
  CHECK_STATUS(TRAIN(context, &result, NULL, DATA, "model", "softmax", "augment", "flop", "out", in_folder("bad")), IG_USAGE);
  CHECK_HAS(ig_last_error(), "flip");
  CHECK_STATUS(TRAIN(context, &result, NULL, "data", "random count=50", "model", "softmax", "augment", "flip", "out", in_folder("float")),
               IG_USAGE);
  ig_context_free(context);
}
