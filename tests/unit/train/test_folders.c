/* Training on folders of pictures: class names are bytes, and broken pictures change nothing but the count. */
#include "runs.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define GOOD 120
#define HEADER 13
#define PIXELS (3 * 10 * 14)
#define MODEL "input 3 8 8 fit=crop\nflatten\ndense 8 relu\ndense classes softmax\n"

static uint8_t jpeg[4096];
static size_t jpeg_size;

static void put(const char *path, const void *data, size_t size) {
  FILE *f = fopen(path, "wb");
  CHECK(f && fwrite(data, 1, size, f) == size && fclose(f) == 0);
}

/* Two classes, dark and light, of noisy pictures in two shapes. */
static void make_good(const char *folder, int i) {
  uint8_t file[HEADER + PIXELS];
  char path[1200];
  ig__rng r = ig__rng_make(1, IG__FOR_TEST, (uint64_t)i, 0);
  int n = snprintf((char *)file, sizeof file, i % 3 ? "P6 10 14 255\n" : "P6 14 10 255\n");
  CHECK_INT(n, HEADER);
  for (size_t k = 0; k < PIXELS; k++) file[HEADER + k] = (uint8_t)(ig__rng_below(&r, 140) + (i % 2 ? 80 : 0));
  snprintf(path, sizeof path, "%s/%s/good %d.ppm", folder, i % 2 ? "猫" : "狗", i);
  put(path, file, sizeof file);
}

/* Six ways to be broken. */
static void make_broken(const char *folder, int i) {
  char path[1200];
  snprintf(path, sizeof path, "%s/%s/broken %d.jpg", folder, i % 4 < 2 ? "猫" : "狗", i);
  switch (i % 6) {
  case 0: put(path, "", 0); break;
  case 1: put(path, jpeg, jpeg_size / 2 + (size_t)i); break;
  case 2: jpeg[3] ^= 0x40, put(path, jpeg, jpeg_size), jpeg[3] ^= 0x40; break;
  case 3: put(path, "<!DOCTYPE html><title>404</title>", 33); break;
  case 4: put(path, "P6 60000 60000 255\n....", 23); break;
  default: CHECK(i % 12 < 6 ? mkfifo(path, 0600) == 0 : symlink("nowhere", path) == 0);
  }
}

static const char *make_set(const char *name, int broken) {
  char path[1200];
  const char *folder = in_folder(name);
  snprintf(path, sizeof path, "%s/猫", folder);
  CHECK_OK(ig__make_folder(path));
  snprintf(path, sizeof path, "%s/狗", folder);
  CHECK_OK(ig__make_folder(path));
  for (int i = 0; i < GOOD; i++) make_good(folder, i);
  for (int i = 0; i < broken; i++) make_broken(folder, i);
  return folder;
}

static int count_of(const char *text, const char *part) {
  int n = 0;
  for (const char *p = text; (p = strstr(p, part)); p += strlen(part)) n++;
  return n;
}

TEST(broken_pictures_change_no_bit) {
  FILE *f = fopen(IG_TEST_SOURCE "/tests/reference/images/420.jpg", "rb");
  CHECK(f && (jpeg_size = fread(jpeg, 1, sizeof jpeg, f)) > 800 && fclose(f) == 0);
  const char *model = write_text("m.txt", MODEL), *good = make_set("good", 0), *mixed = make_set("mixed", 12);
  const char *a = in_folder("a"), *b = in_folder("b");
  ig_train_result result;
  ig_context *context = listening(2);
  RUN(context, "data", good, "model", model, "epochs", "12", "schedule", "cosine", "batch", "16", "lr", "0.01", "out", a);
  CHECK_INT(count_of(said, "left out"), 0);
  CHECK_OK(TRAIN(context, &result, NULL, "data", mixed, "model", model, "epochs", "12", "schedule", "cosine", "batch", "16", "lr", "0.01",
                 "out", b));
  CHECK_INT(result.broken, 12);
  CHECK_INT(count_of(said, "left out"), 12);
  CHECK_INT(count_of(said, "left out: "), count_of(said, "/broken "));
  CHECK(result.val.n == 12 && result.val.accuracy > 0.9);
  double accuracy = result.val.accuracy;
  CHECK(hash_of_run(a) == hash_of_run(b) && hash_of_model(a) == hash_of_model(b));
  CHECK_STATUS(TRAIN(context, &result, NULL, "data", mixed, "model", model, "epochs", "1", "strict", "yes", "out", in_folder("c")), IG_BAD_DATA);
  CHECK_HAS(ig_last_error(), "broken ");

  /* Measured again with the run's own split, and on pictures with fewer classes than the model has. */
  ig_eval_options o = ig_eval_options_default();
  ig_eval_result e;
  snprintf(o.run, sizeof o.run, "%s", a);
  snprintf(o.part, sizeof o.part, "val");
  CHECK_OK(ig_eval(context, &o, &e));
  CHECK(e.metrics.n == 12 && e.metrics.accuracy == accuracy);
  CHECK_STR(e.classes[1].name, "猫");
  ig_eval_result_free(&e);
  char path[1200];
  snprintf(path, sizeof path, "%s/狗", good);
  snprintf(o.data, sizeof o.data, "%s", in_folder("one"));
  CHECK_OK(ig__make_folder(o.data));
  snprintf(path, sizeof path, "%s/猫", o.data);
  char target[1200];
  snprintf(target, sizeof target, "%s/猫", good);
  CHECK(symlink(target, path) == 0);
  snprintf(o.part, sizeof o.part, "train");
  CHECK_OK(ig_eval(context, &o, &e));
  CHECK(e.classes[0].n == 0 && e.classes[1].n == e.metrics.n && e.metrics.accuracy > 0.9);
  ig_eval_result_free(&e);
  ig_context_free(context);
}
