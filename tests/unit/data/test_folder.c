/* Folders of pictures: what is found, of which class, in which part; what is broken, and what is no picture. */
#include "base/file.h"
#include "data/data.h"
#include "test.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define PICTURES IG_TEST_SOURCE "/tests/reference/images/"

static const char *at(const char *name) {
  static char path[4][1024];
  static int turn;
  char *p = path[turn++ % 4];
  snprintf(p, sizeof path[0], "%s/%s", test_folder(), name);
  return p;
}

static void put(const char *name, const void *data, size_t size) {
  char folder[1024];
  snprintf(folder, sizeof folder, "%s", at(name));
  *strrchr(folder, '/') = 0;
  CHECK_OK(ig__make_folder(folder));
  (void)unlink(at(name));
  CHECK_OK(ig__file_append(at(name), data, size)); /* unsynced: hundreds of files */
}

/* The first `most` bytes of a reference picture under another name. */
static void copy(const char *from, const char *to, size_t most) {
  uint8_t *data;
  size_t size;
  char path[1024];
  snprintf(path, sizeof path, PICTURES "%s", from);
  CHECK_OK(ig__file_read(path, 1 << 24, &data, &size));
  put(to, data, size < most ? size : most);
  ig__free(data);
}

static void check_read(const ig__source *s, ig__part part, int64_t index, const char *from, int label) {
  const ig__field *f = &s->info.field[0];
  uint8_t *got = ig__alloc(ig__field_bytes(f), 1), *want = ig__alloc(ig__field_bytes(f), 1), *data;
  int32_t got_label;
  size_t size;
  char path[1024];
  ig__picture p;
  snprintf(path, sizeof path, PICTURES "%s", from);
  CHECK_OK(ig__file_read(path, 1 << 24, &data, &size));
  CHECK_OK(ig__picture_decode(data, size, &(ig__picture_want){f->dim[0], f->dim[1], f->dim[2], s->want.picture.fit}, &p));
  ig__picture_planes(&p, want);
  CHECK_OK(s->kind->read(s, part, index, (void *[]){got, &got_label}));
  CHECK(memcmp(got, want, ig__field_bytes(f)) == 0);
  CHECK_INT(got_label, label);
  CHECK_INT(s->kind->label(s, part, index), label);
  ig__picture_free(&p);
  ig__free(got);
  ig__free(want);
  ig__free(data);
}

TEST(parts_classes_and_files) {
  ig__source *s;
  char place[1024];
  copy("rgb.png", "set/train/猫/1.png", SIZE_MAX);
  copy("420.jpg", "set/train/猫/deep/er/2.JPG", SIZE_MAX);
  copy("grey.png", "set/train/狗/no ending", SIZE_MAX);
  copy("grey.png", "set/valid/狗/4.jpeg", SIZE_MAX); /* content decides, not the name */
  copy("turn6.jpg", "set/test/猫/5.jpg", SIZE_MAX);
  put("set/train/猫/README.txt", "words", 5);
  put("set/train/猫/.DS_Store", "words", 5);
  put("set/train/猫/._1.jpg", "words", 5);
  put("set/train/empty/notes.md", "words", 5);
  put("set/train/labels.csv", "words", 5);
  put("set/README", "words", 5);
  CHECK_OK(ig__source_open(at("set"), NULL, &s));
  CHECK_STR(s->kind->name, "folder");
  CHECK_INT(s->info.class_count, 2);
  CHECK_STR(s->info.class_name[0], "狗"); /* e7 8b 97 before e7 8c ab */
  CHECK_STR(s->info.class_name[1], "猫");
  CHECK(s->info.count[IG__TRAIN] == 3 && s->info.count[IG__VAL] == 1 && s->info.count[IG__TEST] == 1);
  CHECK_INT(s->info.skipped, 5);
  CHECK(s->info.kept && s->info.field[0].dim[0] == 3 && s->info.field[0].dim[1] == s->info.field[0].dim[2]);
  check_read(s, IG__TRAIN, 0, "grey.png", 0);
  check_read(s, IG__TRAIN, 1, "rgb.png", 1);
  check_read(s, IG__TRAIN, 2, "420.jpg", 1);
  check_read(s, IG__VAL, 0, "grey.png", 0);
  check_read(s, IG__TEST, 0, "turn6.jpg", 1);
  const char *path = "train/猫/deep/er/2.JPG";
  CHECK(s->kind->key(s, IG__TRAIN, 2) == ig__hash(path, strlen(path), 0));
  s->kind->place(s, IG__TRAIN, 2, place, sizeof place);
  CHECK_STR(place, at("set/train/猫/deep/er/2.JPG"));
  /* What was read stays. */
  CHECK(unlink(at("set/train/猫/1.png")) == 0);
  check_read(s, IG__TRAIN, 1, "rgb.png", 1);
  ig__source_close(s);
}

TEST(the_model_says_the_size) {
  ig__source *a, *b;
  char names[2][64] = {"b", "a"};
  copy("rgb.png", "a/1.png", SIZE_MAX);
  copy("grey.png", "b/2.png", SIZE_MAX);
  ig__source_want want = {.picture = {1, 12, 17, IG__FIT_CROP}, .class_count = 2, .class_name = names};
  CHECK_OK(ig__source_open(test_folder(), &want, &a));
  CHECK(a->info.field[0].dim[0] == 1 && a->info.field[0].dim[1] == 12 && a->info.field[0].dim[2] == 17);
  CHECK_STR(a->info.class_name[0], "b");
  check_read(a, IG__TRAIN, 0, "rgb.png", 1);
  check_read(a, IG__TRAIN, 1, "grey.png", 0);
  want.picture.fit = IG__FIT_STRETCH;
  CHECK_OK(ig__source_open(test_folder(), &want, &b));
  CHECK(a->info.fingerprint != b->info.fingerprint);
  ig__source_close(a);
  ig__source_close(b);
  names[1][0] = 'c';
  CHECK_STATUS(ig__source_open(test_folder(), &want, &a), IG_BAD_DATA);
  CHECK_HAS(ig_last_error(), "no class \"a\"");
  want = (ig__source_want){.picture = {.channels = 4, .height = 8, .width = 8}};
  CHECK_STATUS(ig__source_open(test_folder(), &want, &a), IG_BAD_MODEL);
}

TEST(the_source_says_the_size) {
  ig__source *s;
  copy("grey.png", "a/1.png", SIZE_MAX);
  copy("grey.jpg", "b/2.jpg", SIZE_MAX);
  copy("rgb.png", "b/3.jpg", 20); /* not a header: asked nothing */
  CHECK_OK(ig__source_open(test_folder(), NULL, &s));
  CHECK(s->info.field[0].dim[0] == 1 && s->info.field[0].dim[1] == 32 && s->info.field[0].dim[2] == 32); /* 19 23 37 45 */
  ig__source_close(s);
  copy("large.jpg", "b/4.jpg", SIZE_MAX);
  copy("large.jpg", "b/5.jpg", SIZE_MAX);
  copy("large.jpg", "b/6.jpg", SIZE_MAX);
  CHECK_OK(ig__source_open(test_folder(), NULL, &s));
  CHECK(s->info.field[0].dim[0] == 3 && s->info.field[0].dim[1] == 96 && s->info.field[0].dim[2] == 96);
  ig__source_close(s);
}

/* Every way to be broken is an answer, and none waits. */
TEST(broken_files) {
  static const struct { const char *name, *words; } rows[] = {
    {"a/bomb.png", "can hold"}, {"a/cut.jpg", "too early"}, {"a/dangling.jpg", "dangling.jpg"}, {"a/empty.jpg", "empty"},
    {"a/fifo.jpg", "FIFO"}, {"a/folder.jpg", "folder"}, {"a/page.jpg", "HTML"}};
  ig__source *s;
  uint8_t *data, pixels[3 * 8 * 8];
  int32_t label;
  size_t size;
  copy("rgb.png", "a/good.png", SIZE_MAX);
  copy("420.jpg", "a/cut.jpg", 700);
  CHECK_OK(ig__file_read(PICTURES "p6.ppm", 1 << 20, &data, &size));
  ig__free(data);
  put("a/empty.jpg", "", 0);
  put("a/page.jpg", "<html>404</html>", 16);
  CHECK_OK(ig__file_read(PICTURES "rgb.png", 1 << 20, &data, &size));
  static const uint8_t header[] = {0, 0, 0x20, 0, 0, 0, 0x20, 0, 8, 2, 0, 0, 0, 0xfd, 0xc8, 0x5d, 0x0e};
  memcpy(data + 16, header, sizeof header);
  put("a/bomb.png", data, size);
  ig__free(data);
  CHECK(symlink("nothing", at("a/dangling.jpg")) == 0 && mkfifo(at("a/fifo.jpg"), 0600) == 0 && mkdir(at("a/folder.jpg"), 0700) == 0);
  copy("rgb.png", "b/good.png", SIZE_MAX);
  CHECK_OK(ig__source_open(test_folder(), &(ig__source_want){.picture = {3, 8, 8, IG__FIT_STRETCH}}, &s));
  CHECK_INT(s->info.count[IG__TRAIN], 9);
  size_t row = 0;
  for (int64_t i = 0; i < 9; i++) {
    char place[1024];
    s->kind->place(s, IG__TRAIN, i, place, sizeof place);
    ig_status status = s->kind->read(s, IG__TRAIN, i, (void *[]){pixels, &label});
    if (strstr(place, "good")) {
      CHECK_OK(status);
      continue;
    }
    CHECK_STATUS(status, IG_BAD_DATA);
    CHECK_STR(place, at(rows[row].name));
    CHECK_HAS(ig_last_error(), place);
    CHECK_HAS(ig_last_error(), rows[row++].words);
  }
  CHECK_INT(row, 7);
  ig__source_close(s);
}

TEST(what_is_no_folder_of_pictures) {
  ig__source *s;
  copy("rgb.png", "straight/1.png", SIZE_MAX);
  CHECK_STATUS(ig__source_open(at("straight"), NULL, &s), IG_BAD_DATA);
  CHECK_HAS(ig_last_error(), "one folder a class");
  put("words/a/notes.txt", "words", 5);
  CHECK_STATUS(ig__source_open(at("words"), NULL, &s), IG_BAD_DATA);
  CHECK_HAS(ig_last_error(), "one folder a class");
  put("pages/a/1.jpg", "<html>", 6);
  CHECK_STATUS(ig__source_open(at("pages"), NULL, &s), IG_BAD_DATA);
  CHECK_HAS(ig_last_error(), "HTML");
  copy("rgb.png", "two/train/a/1.png", SIZE_MAX);
  copy("rgb.png", "two/test/z/1.png", SIZE_MAX);
  CHECK_STATUS(ig__source_open(at("two"), NULL, &s), IG_BAD_DATA);
  CHECK_HAS(ig_last_error(), "no class \"z\"");
  CHECK_STATUS(ig__source_open("folder", NULL, &s), IG_USAGE);
}

static void with_faults(const char *kind, bool io) {
  int64_t before = ig__alloc_outstanding();
  for (int n = 1;; n++) {
    char spec[32];
    ig__source *s = NULL;
    uint8_t pixels[3 * 96 * 96];
    int32_t label;
    snprintf(spec, sizeof spec, "%s@%d", kind, n);
    ig__fault_set(spec);
    ig_status status = ig__source_open(test_folder(), NULL, &s);
    for (int64_t i = 0; status == IG_OK && i < s->info.count[IG__TRAIN]; i++)
      status = s->kind->read(s, IG__TRAIN, i, (void *[]){pixels, &label});
    uint64_t calls = ig__fault_calls(kind);
    ig__fault_set(NULL);
    ig__source_close(s);
    CHECK_INT(ig__alloc_outstanding(), before);
    if (calls < (uint64_t)n) break;
    /* While listing and looking, a file that cannot be read is left for later. */
    if (status != IG_OK && status != (io ? IG_IO : IG_NO_MEMORY)) CHECK_STATUS(status, IG_BAD_DATA);
  }
}

TEST(faults) {
  copy("rgb.png", "a/1.png", SIZE_MAX);
  copy("420.jpg", "b/c/2.jpg", SIZE_MAX);
  copy("p6.ppm", "b/odd", SIZE_MAX);
  with_faults("malloc", false);
  with_faults("open", true);
  with_faults("read", true);
}

/* The same split with broken pictures among the others as without them. */
TEST(a_survey_takes_them_out) {
  uint64_t sum[2] = {0, 0};
  for (int round = 0; round < 2; round++) {
    ig__source *s;
    ig__samples samples;
    for (int i = 0; i < 40; i++) {
      char name[64];
      snprintf(name, sizeof name, "%c/%d.ppm", i % 2 ? 'a' : 'b', i);
      copy("p6.ppm", name, SIZE_MAX);
      snprintf(name, sizeof name, "%c/%d.png", i % 2 ? 'a' : 'b', i);
      if (round && i % 5 == 0) copy("rgb.png", name, 300);
    }
    CHECK_OK(ig__source_open(test_folder(), NULL, &s));
    CHECK_INT(s->info.count[IG__TRAIN], round ? 48 : 40);
    uint8_t *broken = ig__alloc((size_t)s->info.count[IG__TRAIN], 1);
    CHECK_OK(ig__samples_survey(s, &(ig__loader_options){.threads = 2}, broken));
    CHECK_OK(ig__samples_make_without(s, &(ig__split_options){.seed = 3, .val = 0.25}, broken, &samples));
    CHECK(samples.count[IG__TRAIN] == 30 && samples.count[IG__VAL] == 10);
    for (int64_t i = 0; i < 10; i++) sum[round] += samples.ref[IG__VAL][i].key;
    if (round) CHECK_STATUS(ig__samples_survey(s, &(ig__loader_options){.threads = 1, .strict = true}, broken), IG_BAD_DATA);
    ig__free(broken);
    ig__samples_free(&samples);
    ig__source_close(s);
  }
  CHECK(sum[0] == sum[1]);
}
