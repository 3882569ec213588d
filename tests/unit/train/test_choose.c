/* Runs for which no model was named. */
#include "runs.h"

/* Ends before the first step: what was chosen stands in config.yaml. */
static ig_train_options chosen(const char *const *words) {
  ig_context *context = listening(1);
  ig_train_result result;
  stopper stop = {0};
  ig_train_events events = {.stop = stop_after, .user = &stop};
  const char *folder = in_folder("chosen");
  const char *all[32] = {"out", folder};
  int n = 2;
  while (*words) all[n++] = *words++;
  all[n] = NULL;
  remove_run(folder);
  CHECK_STATUS(train_words(context, &result, &events, all), IG_INTERRUPTED);
  ig_context_free(context);
  ig_train_options o = ig_train_options_default();
  char path[1100];
  snprintf(path, sizeof path, "%s/config.yaml", folder);
  CHECK_OK(ig_options_load(IG_VERB_TRAIN, &o, path));
  return o;
}
#define CHOSEN(...) chosen((const char *const[]){__VA_ARGS__, NULL})

TEST(small_grey_pictures_get_the_textbook) {
  ig_train_options o = CHOSEN("data", "digits train=100 test=10"), usual = ig_train_options_default();
  CHECK_STR(o.model, "textbook");
  CHECK_STR(o.optimizer, usual.optimizer);
  CHECK_STR(o.augment, "");
  CHECK_INT(o.batch, usual.batch);
  CHECK_HAS(said, "chosen: --model textbook");
  CHECK_HAS(said, "because: grey pictures of 28×28");
}

TEST(others_get_small) {
  ig_train_options o = CHOSEN("data", "random channels=3 height=32 width=48 count=200 classes=3");
  CHECK_STR(o.model, "small");
  CHECK_HAS(o.optimizer, "adamw");
  CHECK_HAS(o.schedule, "cosine");
  CHECK_STR(o.epochs, "120");
  CHECK_INT(o.patience, 40);
  CHECK_INT(o.batch, 16);
  CHECK_STR(o.augment, ""); /* floats */
  CHECK_HAS(said, "because: colour pictures of 32×48");
}

TEST(what_is_given_stays) {
  ig_train_options o = CHOSEN("data", "random channels=3 height=32 width=32 count=200", "batch", "32", "optimizer", "sgd momentum=0.9",
                              "schedule", "constant", "epochs", "3", "loss", "cross_entropy");
  CHECK_STR(o.model, "small");
  CHECK_INT(o.batch, 32);
  CHECK_STR(o.optimizer, "sgd momentum=0.9");
  CHECK_NEAR(o.lr, 0, 0);
  CHECK_STR(o.schedule, "constant");
  CHECK_STR(o.epochs, "3");
  CHECK_INT(o.patience, 0);
  CHECK_STR(o.loss, "cross_entropy");
  o = CHOSEN("data", "random channels=3 height=32 width=32 count=200", "model", "resnet8");
  CHECK_STR(o.optimizer, "adam");
  CHECK_STR(said, "");
  o = CHOSEN("data", "random channels=3 height=32 width=32 count=200", "time", "5m");
  CHECK_STR(o.epochs, "time");
  CHECK_INT(o.patience, 0);
}

/* Folders of pictures: grey photographs, their size, and classes of very different sizes. */
static void write_folder(const char *root, const char *class_name, int count, int side, bool drawing) {
  char path[1300];
  uint8_t bytes[32 + 64 * 64];
  snprintf(path, sizeof path, "%s/%s", root, class_name);
  CHECK_OK(ig__make_folder(path));
  for (int i = 0; i < count; i++) {
    int head = snprintf((char *)bytes, 32, "P5\n%d %d\n255\n", side, side);
    for (int k = 0; k < side * side; k++) bytes[head + k] = (uint8_t)(drawing ? (k % side < 20 ? 0 : 255) : 60 + (k + i) % 120);
    snprintf(path, sizeof path, "%s/%s/%d.pgm", root, class_name, i);
    CHECK_OK(ig__file_write_atomic(path, bytes, (size_t)(head + side * side)));
  }
}

TEST(folders_are_looked_at) {
  const char *root = in_folder("photos");
  CHECK_OK(ig__make_folder(root));
  write_folder(root, "cat", 40, 50, false);
  write_folder(root, "dog", 8, 50, false);
  ig_train_options o = CHOSEN("data", root);
  CHECK_STR(o.model, "small");
  CHECK_STR(o.augment, "flip, shift, brightness");
  CHECK_STR(o.class_weights, "balanced");
  CHECK_HAS(said, "grey pictures of 48×48");
  root = in_folder("signs");
  CHECK_OK(ig__make_folder(root));
  write_folder(root, "a", 20, 50, false);
  write_folder(root, "b", 20, 50, false);
  o = CHOSEN("data", root);
  CHECK_STR(o.augment, "shift, brightness");
  CHECK_STR(o.class_weights, "none");
  CHECK_HAS(said, "no flip: classes are called a");
  root = in_folder("drawings");
  CHECK_OK(ig__make_folder(root));
  write_folder(root, "alpha", 20, 50, true);
  write_folder(root, "beta", 20, 50, true);
  o = CHOSEN("data", root);
  CHECK_STR(o.augment, "shift, brightness");
  CHECK_HAS(said, "no flip: the pictures are black and white");
  /* Small and grey: read at the size of the network. */
  root = in_folder("little");
  CHECK_OK(ig__make_folder(root));
  write_folder(root, "cat", 20, 30, false);
  write_folder(root, "dog", 20, 30, false);
  o = CHOSEN("data", root);
  CHECK_STR(o.model, "textbook");
  CHECK_HAS(said, "grey pictures of 28×28");
}
