/* Drawn digits, and noise. */
#include "base/file.h"
#include "data/data.h"
#include "test.h"

#include <zlib.h>

static void draw(const ig__source *source, ig__part part, int64_t index, uint8_t image[784], int *label) {
  int32_t l;
  CHECK_OK(source->kind->read(source, part, index, (void *[]){image, &l}));
  *label = l;
}

TEST(digits_shape) {
  ig__source *s;
  CHECK_OK(ig__source_open("digits", NULL, &s));
  CHECK_INT(s->info.count[IG__TRAIN], 20000);
  CHECK_INT(s->info.count[IG__VAL], 0);
  CHECK_INT(s->info.count[IG__TEST], 5000);
  CHECK_INT(s->info.class_count, 10);
  CHECK_STR(s->info.class_name[9], "9");
  CHECK_STR(s->info.name, "digits");
  CHECK_INT(ig__field_bytes(&s->info.field[0]), 784);
  ig__source_close(s);
}

TEST(digits_are_pure) {
  ig__source *a, *b, *c;
  uint8_t first[784], second[784];
  int l1, l2, same = 0;
  CHECK_OK(ig__source_open("digits train=500", NULL, &a));
  CHECK_OK(ig__source_open("digits train=1000 test=7", NULL, &b));
  CHECK_OK(ig__source_open("digits seed=2", NULL, &c));
  for (int64_t i = 499; i >= 0; i--) {
    memset(first, 1, sizeof first);
    draw(a, IG__TRAIN, i, first, &l1);
    draw(b, IG__TRAIN, i, second, &l2);
    CHECK_INT(l1, l2);
    CHECK(memcmp(first, second, sizeof first) == 0);
    CHECK_INT(a->kind->label(a, IG__TRAIN, i), l1);
    draw(c, IG__TRAIN, i, second, &l2);
    same += memcmp(first, second, sizeof first) == 0;
    CHECK(a->kind->key(a, IG__TRAIN, i) != a->kind->key(a, IG__TEST, i));
  }
  CHECK_INT(same, 0);
  CHECK(a->info.fingerprint != b->info.fingerprint);
  ig__source_close(a);
  ig__source_close(b);
  ig__source_close(c);
}

/* The bytes themselves, whatever compiler and instruction set: the same from gcc -O0, gcc -O2 and clang -O3 -march=native.
 * A change here is a change of every run on digits: raise VERSION in digits.c with it. */
TEST(digits_are_these) {
  ig__source *s;
  uint8_t image[784];
  int32_t label;
  uLong crc = crc32(0, NULL, 0);
  CHECK_OK(ig__source_open("digits", NULL, &s));
  for (int64_t i = 0; i < 2000; i++) {
    CHECK_OK(s->kind->read(s, IG__TRAIN, i, (void *[]){image, &label}));
    crc = crc32(crc, image, sizeof image);
    crc = crc32(crc, (uint8_t[]){(uint8_t)label}, 1);
  }
  CHECK_INT(crc, 0x0eca7980);
  ig__source_close(s);
}

TEST(digits_are_balanced_and_distinct) {
  ig__source *s;
  int count[IG__PARTS][10] = {{0}}, equal = 0;
  static uint64_t hash[25000];
  int n = 0;
  uint8_t image[784];
  CHECK_OK(ig__source_open("digits", NULL, &s));
  double start = ig__now();
  for (ig__part part = 0; part < IG__PARTS; part++)
    for (int64_t i = 0; i < s->info.count[part]; i++) {
      int label;
      draw(s, part, i, image, &label);
      CHECK(label >= 0 && label < 10);
      count[part][label]++;
      hash[n++] = ig__hash(image, sizeof image, 0);
    }
  printf("  %.1f µs a digit\n", (ig__now() - start) * 1e6 / n);
  for (int d = 0; d < 10; d++) {
    CHECK_INT(count[IG__TRAIN][d], 2000);
    CHECK_INT(count[IG__TEST][d], 500);
  }
  /* No picture twice, in or between the parts: sorted by an ordering of refs would do too, but n²/2 is only 0.3 s. */
  for (int i = 0; i < n; i++)
    for (int k = i + 1; k < n; k++) equal += hash[i] == hash[k];
  CHECK_INT(equal, 0);
  ig__source_close(s);
}

/* As MNIST's: something is drawn, within the frame, its mass at (14, 14) to half a pixel. */
TEST(digits_are_centred) {
  ig__source *s;
  int off = 0;
  CHECK_OK(ig__source_open("digits train=3000", NULL, &s));
  for (int64_t i = 0; i < 3000; i++) {
    uint8_t image[784];
    int label;
    double sum = 0, x = 0, y = 0;
    draw(s, IG__TRAIN, i, image, &label);
    for (int k = 0; k < 784; k++) {
      sum += image[k];
      x += image[k] * (k % 28);
      y += image[k] * (k / 28);
    }
    CHECK(sum > 20 * 255 && sum < 320 * 255);
    CHECK_NEAR(x / sum, 14, 1.5);
    CHECK_NEAR(y / sum, 14, 1.5);
    off += fabs(x / sum - 14) > 0.51 || fabs(y / sum - 14) > 0.51;
  }
  CHECK(off < 30); /* a few wide ones lose a pixel at the frame */
  ig__source_close(s);
}

TEST(random_noise) {
  ig__source *s, *t;
  float a[784], b[784];
  int32_t label, other;
  int count[10] = {0};
  double sum = 0;
  CHECK_OK(ig__source_open("random", NULL, &s));
  CHECK_OK(ig__source_open("random seed=1", NULL, &t));
  CHECK_INT(s->info.count[IG__TRAIN], 1000);
  CHECK_INT(s->info.count[IG__VAL] + s->info.count[IG__TEST], 0);
  CHECK_INT(s->info.field[0].type, IG__FIELD_F32);
  for (int64_t i = 0; i < 1000; i++) {
    CHECK_OK(s->kind->read(s, IG__TRAIN, i, (void *[]){a, &label}));
    CHECK_OK(t->kind->read(t, IG__TRAIN, i, (void *[]){b, &other}));
    CHECK(memcmp(a, b, sizeof a) != 0);
    CHECK_INT(s->kind->label(s, IG__TRAIN, i), label);
    CHECK(label >= 0 && label < 10);
    count[label]++;
    for (int k = 0; k < 784; k++) {
      CHECK(a[k] >= 0 && a[k] < 1);
      sum += (double)a[k];
    }
  }
  CHECK_NEAR(sum / 784000, 0.5, 0.002);
  for (int d = 0; d < 10; d++) CHECK_NEAR(count[d], 100, 45);
  ig__source_close(s);
  ig__source_close(t);
  CHECK_OK(ig__source_open("random count=3 channels=3 height=5 width=7 classes=2", NULL, &s));
  CHECK_INT(ig__field_bytes(&s->info.field[0]), 3 * 5 * 7 * 4);
  CHECK_INT(s->info.class_count, 2);
  ig__source_close(s);
}

/* The split of a source without a test part is the one that is asked for. */
TEST(random_split) {
  ig__source *s;
  ig__samples samples;
  CHECK_OK(ig__source_open("random", NULL, &s));
  CHECK_OK(ig__samples_make(s, &(ig__split_options){.val = 0.3}, &samples));
  CHECK_INT(samples.count[IG__TRAIN], 700);
  CHECK_INT(samples.count[IG__VAL], 300);
  CHECK_INT(samples.count[IG__TEST], 0);
  ig__samples_free(&samples);
  ig__source_close(s);
}

TEST(open_by_name_or_path) {
  ig__source *s;
  static const struct { const char *text; ig_status status; const char *words; } rows[] = {
    {"digit", IG_USAGE, "did you mean digits?"},
    {"no/such/folder", IG_USAGE, "no/such/folder: no such file or folder"},
    {"xyzzy", IG_USAGE, "digits, folder, idx, random"},
    {"", IG_USAGE, "asked for nothing"},
    {"   ", IG_USAGE, "asked for nothing"},
    {"digits trian=3", IG_USAGE, "train"},
    {"digits train=0", IG_USAGE, "train"},
    {"digits train=1e99", IG_USAGE, "train"},
    {"random height=99999", IG_USAGE, "height"},
    {"idx", IG_USAGE, "give the folder"},
    {"/etc", IG_BAD_DATA, "no data of a known kind"},
    {"/dev/null", IG_BAD_DATA, "/dev/null"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    s = (ig__source *)&rows;
    CHECK_STATUS(ig__source_open(rows[i].text, NULL, &s), rows[i].status);
    CHECK_HAS(ig_last_error(), rows[i].words);
    CHECK(s == NULL);
  }
  for (int i = 0; ig__source_kinds[i + 1]; i++) CHECK(strcmp(ig__source_kinds[i]->name, ig__source_kinds[i + 1]->name) < 0);
  ig__source_close(NULL);
}

TEST(open_out_of_memory) {
  static const char *const texts[] = {"digits train=10", "random count=3"};
  int64_t before = ig__alloc_outstanding();
  for (int i = 0; i < 2; i++)
    for (int n = 1;; n++) {
      char spec[32];
      ig__source *s = NULL;
      snprintf(spec, sizeof spec, "malloc@%d", n);
      ig__fault_set(spec);
      ig_status status = ig__source_open(texts[i], NULL, &s);
      ig__fault_set(NULL);
      CHECK(status == IG_OK || status == IG_NO_MEMORY);
      CHECK((status == IG_OK) == (s != NULL));
      ig__source_close(s);
      CHECK_INT(ig__alloc_outstanding(), before);
      if (status == IG_OK) break;
      CHECK(n < 100);
    }
}
