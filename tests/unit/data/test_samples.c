/* Splitting and ordering. */
#include "fake.h"
#include "test.h"

#define N 4000

static bool same(const ig__samples *a, const ig__samples *b, ig__part part) {
  return a->count[part] == b->count[part] &&
         memcmp(a->ref[part], b->ref[part], (size_t)a->count[part] * sizeof *a->ref[part]) == 0;
}

/* Every sample of the training part is in one part at most; refs are in the source's order, with their keys. */
static int64_t check_disjoint(const ig__source *source, const ig__samples *s) {
  static uint8_t seen[N];
  int64_t total = 0;
  memset(seen, 0, sizeof seen);
  for (ig__part part = 0; part < IG__PARTS; part++)
    for (int64_t i = 0; i < s->count[part]; i++) {
      const ig__ref *r = &s->ref[part][i];
      if (i && r[-1].part == r->part) CHECK(r[-1].index < r->index);
      CHECK(r->key == source->kind->key(source, r->part, r->index));
      if (r->part != IG__TRAIN) continue;
      CHECK(!seen[r->index]);
      seen[r->index] = 1;
      total++;
    }
  return total;
}

static void shares(const ig__source *source, const ig__samples *s, ig__part part, double *out) {
  for (int c = 0; c < source->info.class_count; c++) out[c] = 0;
  for (int64_t i = 0; i < s->count[part]; i++) out[source->kind->label(source, IG__TRAIN, s->ref[part][i].index)] += 1;
}

TEST(split_is_stratified_and_disjoint) {
  fake f = {0};
  ig__source source = fake_source(&f, N, 0, 0, 5);
  ig__samples s;
  double all[5], part[5];
  CHECK_OK(ig__samples_make(&source, &(ig__split_options){.seed = 3, .val = 0.1, .test = 0.2}, &s));
  CHECK_INT(s.count[IG__VAL], N / 10);
  CHECK_INT(s.count[IG__TEST], N / 5);
  CHECK_INT(check_disjoint(&source, &s), N);
  for (int c = 0; c < 5; c++) all[c] = 0;
  for (int64_t i = 0; i < N; i++) all[fake_label(&source, IG__TRAIN, i)] += 1;
  shares(&source, &s, IG__VAL, part);
  for (int c = 0; c < 5; c++) CHECK_NEAR(part[c], all[c] * 0.1, 1);
  shares(&source, &s, IG__TEST, part);
  for (int c = 0; c < 5; c++) CHECK_NEAR(part[c], all[c] * 0.2, 1);
  ig__samples_free(&s);
}

/* Test first, then validation: the smallest hashes of each class. */
TEST(split_takes_the_smallest_hashes) {
  fake f = {0};
  ig__source source = fake_source(&f, N, 0, 0, 3);
  ig__samples s;
  uint64_t most[IG__PARTS][3], least[IG__PARTS][3];
  memset(most, 0, sizeof most);
  memset(least, 255, sizeof least);
  CHECK_OK(ig__samples_make(&source, &(ig__split_options){.seed = 9, .val = 0.3, .test = 0.3}, &s));
  for (ig__part part = 0; part < IG__PARTS; part++)
    for (int64_t i = 0; i < s.count[part]; i++) {
      int c = fake_label(&source, IG__TRAIN, s.ref[part][i].index);
      uint64_t h = ig__rng_key(9, IG__FOR_SPLIT, s.ref[part][i].key, 0);
      if (h > most[part][c]) most[part][c] = h;
      if (h < least[part][c]) least[part][c] = h;
    }
  for (int c = 0; c < 3; c++) {
    CHECK(most[IG__TEST][c] < least[IG__VAL][c]);
    CHECK(most[IG__VAL][c] < least[IG__TRAIN][c]);
  }
  ig__samples_free(&s);
}

TEST(split_defaults) {
  fake f = {0};
  struct { int64_t val, test; double ask; int64_t want[IG__PARTS]; } rows[] = {
    {0, 0, -1, {900, 100, 0}}, {0, 50, -1, {900, 100, 50}}, {70, 50, -1, {1000, 70, 50}},
    {70, 0, 0.5, {1000, 70, 0}}, {0, 50, 0, {1000, 0, 50}}, {0, 0, 0.25, {750, 250, 0}},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
    for (int classes = 0; classes <= 4; classes += 4) {
      ig__source source = fake_source(&f, 1000, rows[i].val, rows[i].test, classes);
      ig__samples s;
      CHECK_OK(ig__samples_make(&source, &(ig__split_options){.val = rows[i].ask}, &s));
      for (int part = 0; part < IG__PARTS; part++) CHECK_INT(s.count[part], rows[i].want[part]);
      check_disjoint(&source, &s);
      ig__samples_free(&s);
    }
  ig__source source = fake_source(&f, 10, 0, 0, 2);
  ig__samples s;
  CHECK_STATUS(ig__samples_make(&source, &(ig__split_options){.val = 0.6, .test = 0.4}, &s), IG_USAGE);
  CHECK_STATUS(ig__samples_make(&source, &(ig__split_options){.val = (double)NAN}, &s), IG_USAGE);
  CHECK_STATUS(ig__samples_make(&source, &(ig__split_options){.test = -1}, &s), IG_USAGE);
}

TEST(split_does_not_depend_on_the_limit) {
  fake f = {0};
  ig__source source = fake_source(&f, N, 0, 0, 5);
  ig__samples all, some;
  ig__split_options o = {.seed = 1, .val = 0.15, .test = 0.1};
  CHECK_OK(ig__samples_make(&source, &o, &all));
  static const int64_t limits[] = {1, 4, 5, 100, 1777, 2999, 3000, 9999};
  for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++) {
    o.limit = limits[i];
    CHECK_OK(ig__samples_make(&source, &o, &some));
    CHECK(same(&all, &some, IG__VAL) && same(&all, &some, IG__TEST));
    CHECK_INT(some.count[IG__TRAIN], limits[i] < 3000 ? limits[i] : 3000);
    check_disjoint(&source, &some);
    double a[5], b[5];
    shares(&source, &all, IG__TRAIN, a);
    shares(&source, &some, IG__TRAIN, b);
    for (int c = 0; c < 5; c++) CHECK_NEAR(b[c], a[c] * (double)some.count[IG__TRAIN] / 3000, 1);
    ig__samples_free(&some);
  }
  o = (ig__split_options){.seed = 2, .val = 0.15, .test = 0.1};
  CHECK_OK(ig__samples_make(&source, &o, &some));
  CHECK(!same(&all, &some, IG__VAL)); /* another seed, another split */
  ig__samples_free(&some);
  ig__samples_free(&all);
}

/* Classes too small for a picture each still give their share together, and none gives its last one. */
TEST(split_of_small_classes) {
  fake f = {0};
  ig__source source = fake_source(&f, 15, 0, 0, 5); /* 1, 2, 3, 4, 5 pictures */
  ig__samples s;
  double left[5];
  CHECK_OK(ig__samples_make(&source, &(ig__split_options){.val = 0.2}, &s));
  CHECK_INT(s.count[IG__VAL], 3);
  ig__samples_free(&s);
  CHECK_OK(ig__samples_make(&source, &(ig__split_options){.val = 0.45, .test = 0.45}, &s));
  shares(&source, &s, IG__TRAIN, left);
  for (int c = 0; c < 5; c++) CHECK(left[c] >= 1);
  ig__samples_free(&s);
  source = fake_source(&f, 0, 0, 3, 5); /* nothing but a test part */
  CHECK_OK(ig__samples_make(&source, &(ig__split_options){.val = -1}, &s));
  CHECK_INT(s.count[IG__TRAIN] + s.count[IG__VAL], 0);
  CHECK_INT(s.count[IG__TEST], 3);
  ig__samples_free(&s);
}

/* Marks what part `part` of the split has; answers how many, none of them marked before. */
static int64_t mark(const ig__samples *s, ig__part part, uint8_t *seen) {
  for (int64_t i = 0; i < s->count[part]; i++) {
    CHECK(s->ref[part][i].part == IG__TRAIN && !seen[s->ref[part][i].index]);
    seen[s->ref[part][i].index] = 1;
  }
  return s->count[part];
}

TEST(folds_are_stratified_and_together_everything) {
  fake f = {0};
  ig__source source = fake_source(&f, N, 0, 30, 5);
  ig__samples all, s;
  static uint8_t seen[N];
  CHECK_OK(ig__samples_make(&source, &(ig__split_options){.seed = 3, .limit = 1003}, &all));
  double whole[5], part[5];
  shares(&source, &all, IG__TRAIN, whole);
  int64_t total = 0;
  memset(seen, 0, sizeof seen);
  for (int k = 1; k <= 7; k++) {
    CHECK_OK(ig__samples_make(&source, &(ig__split_options){.seed = 3, .val = -1, .limit = 1003, .fold = {k, 7}}, &s));
    CHECK(s.count[IG__VAL] == 1003 / 7 || s.count[IG__VAL] == 1003 / 7 + 1);
    CHECK_INT(s.count[IG__TRAIN] + s.count[IG__VAL], 1003);
    CHECK_INT(s.count[IG__TEST], 0);
    check_disjoint(&source, &s);
    shares(&source, &s, IG__VAL, part);
    for (int c = 0; c < 5; c++) CHECK(fabs(part[c] - whole[c] / 7) < 1);
    total += mark(&s, IG__VAL, seen);
    ig__samples_free(&s);
  }
  CHECK_INT(total, 1003);
  for (int64_t i = 0; i < all.count[IG__TRAIN]; i++) CHECK(seen[all.ref[IG__TRAIN][i].index]); /* folds of one sample */
  ig__samples_free(&all);
}

/* What is held back is taken from what would train, last of all: the other parts are the same without it. */
TEST(held_back_last) {
  fake f = {0};
  ig__source source = fake_source(&f, N, 0, 0, 5);
  ig__samples all, s;
  ig__split_options o = {.seed = 3, .val = 0.2, .test = 0.1, .limit = 503};
  CHECK_OK(ig__samples_make(&source, &o, &all));
  o.hold = 0.15;
  CHECK_OK(ig__samples_make(&source, &o, &s));
  CHECK_INT(s.held_count, 75); /* of 503 */
  CHECK_INT(check_disjoint(&source, &s) + s.held_count, check_disjoint(&source, &all));
  for (int p = IG__VAL; p < IG__PARTS; p++) CHECK_INT(s.count[p], all.count[p]);
  ig__samples_free(&s);
  ig__samples_free(&all);
}

TEST(test_folds_come_first) {
  fake f = {0};
  ig__source source = fake_source(&f, N, 0, 30, 5);
  ig__samples outer, s;
  static uint8_t seen[N];
  memset(seen, 0, sizeof seen);
  CHECK_OK(ig__samples_make(&source, &(ig__split_options){.seed = 3, .val = 0, .test_fold = {2, 4}}, &outer));
  CHECK_INT(outer.count[IG__TEST], N / 4); /* in place of the source's own */
  CHECK_INT(outer.count[IG__TRAIN], 3 * N / 4);
  int64_t total = mark(&outer, IG__TEST, seen);
  for (int k = 1; k <= 3; k++) {
    CHECK_OK(ig__samples_make(&source, &(ig__split_options){.seed = 3, .fold = {k, 3}, .test_fold = {2, 4}}, &s));
    total += mark(&s, IG__VAL, seen);
    CHECK_INT(s.count[IG__TRAIN], N / 2);
    CHECK_INT(s.count[IG__TEST], 0);
    ig__samples_free(&s);
  }
  CHECK_INT(total, N);
  ig__samples_free(&outer);
}

TEST(one_fold_is_the_usual_validation) {
  fake f = {0};
  ig__source source = fake_source(&f, N, 0, 30, 5), own = fake_source(&f, N, 40, 30, 5);
  ig__samples usual, s;
  ig__split_options o = {.seed = 3, .val = 0.2, .limit = 100};
  CHECK_OK(ig__samples_make(&source, &o, &usual));
  o.fold = (ig__fold){1, 1};
  CHECK_OK(ig__samples_make(&source, &o, &s));
  CHECK(same(&usual, &s, IG__TRAIN) && same(&usual, &s, IG__VAL) && s.count[IG__TEST] == 0);
  ig__samples_free(&usual);
  ig__samples_free(&s);
  CHECK_OK(ig__samples_make(&own, &o, &s));
  CHECK_INT(s.count[IG__VAL], 40);
  ig__samples_free(&s);
  o.fold = (ig__fold){1, 2};
  CHECK_STATUS(ig__samples_make(&own, &o, &s), IG_USAGE);
  static const ig__fold bad[] = {{0, 2}, {3, 2}, {-1, 2}, {1, 101}};
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    o.fold = bad[i];
    CHECK_STATUS(ig__samples_make(&source, &o, &s), IG_USAGE);
  }
}

TEST(split_out_of_memory) {
  fake f = {0};
  ig__source source = fake_source(&f, 100, 0, 10, 5);
  int64_t before = ig__alloc_outstanding();
  for (int n = 1;; n++) {
    char spec[32];
    ig__samples s;
    snprintf(spec, sizeof spec, "malloc@%d", n);
    ig__fault_set(spec);
    ig_status status = ig__samples_make(&source, &(ig__split_options){.val = -1, .limit = 20}, &s);
    ig__fault_set(NULL);
    CHECK(status == IG_OK || status == IG_NO_MEMORY);
    if (status == IG_OK) ig__samples_free(&s);
    CHECK_INT(ig__alloc_outstanding(), before);
    if (status == IG_OK) break;
    CHECK(n < 100);
  }
}

static void make(ig__ref *ref, int64_t n) {
  for (int64_t i = 0; i < n; i++) ref[i] = (ig__ref){IG__TRAIN, i, fake_key(NULL, IG__TRAIN, i)};
}

TEST(order_is_sorted_by_hash) {
  static ig__ref a[N], b[N];
  uint64_t last = 0;
  make(a, N);
  CHECK_OK(ig__order_epoch(a, N, 5, 3));
  for (int64_t i = 0; i < N; i++) {
    uint64_t h = ig__rng_key(5, IG__FOR_ORDER, a[i].key, 3);
    CHECK(h >= last);
    last = h;
  }
  /* Whatever order the list had before, and whoever ordered it. */
  make(b, N);
  for (int64_t epoch = 0; epoch <= 3; epoch++) CHECK_OK(ig__order_epoch(b, N, 5, epoch));
  CHECK(memcmp(a, b, sizeof a) == 0);
  CHECK_OK(ig__order_epoch(b, N, 5, 4));
  CHECK(memcmp(a, b, sizeof a) != 0);
  CHECK_OK(ig__order_epoch(b, N, 6, 3));
  CHECK(memcmp(a, b, sizeof a) != 0);
  CHECK_OK(ig__order_epoch(b, 1, 6, 3));
  CHECK_OK(ig__order_epoch(NULL, 0, 6, 3));
}

/* Removing samples does not reorder the others: what makes a broken picture the same as one that was never there. */
TEST(order_of_fewer_is_the_same_order) {
  static ig__ref a[N], b[N];
  int64_t n = 0, at = 0;
  make(a, N);
  for (int64_t i = 0; i < N; i++)
    if (i % 3) b[n++] = a[i];
  CHECK_OK(ig__order_epoch(a, N, 1, 1));
  CHECK_OK(ig__order_epoch(b, n, 1, 1));
  for (int64_t i = 0; i < N; i++)
    if (a[i].index % 3) CHECK_INT(b[at++].index, a[i].index);
}

TEST(order_ties) {
  ig__ref a[6], b[6];
  for (int i = 0; i < 6; i++) a[i] = b[5 - i] = (ig__ref){IG__TRAIN, i, 42};
  CHECK_OK(ig__order_epoch(a, 6, 0, 0));
  CHECK_OK(ig__order_epoch(b, 6, 0, 0));
  for (int i = 0; i < 6; i++) {
    CHECK_INT(a[i].index, i);
    CHECK_INT(b[i].index, i);
  }
}

TEST(order_out_of_memory) {
  static ig__ref a[N];
  int64_t before = ig__alloc_outstanding();
  make(a, N);
  for (int n = 1; n <= 4; n++) {
    char spec[32];
    snprintf(spec, sizeof spec, "malloc@%d", n);
    ig__fault_set(spec);
    ig_status status = ig__order_epoch(a, N, 0, 0);
    ig__fault_set(NULL);
    CHECK(status == (n <= 3 ? IG_NO_MEMORY : IG_OK));
    if (n <= 3)
      for (int64_t i = 0; i < N; i++) CHECK_INT(a[i].index, i); /* untouched */
    CHECK_INT(ig__alloc_outstanding(), before);
  }
}

/* ---- every class alike ------------------------------------------------------------------------------------------------- */

static int by_index(const void *a, const void *b) {
  const ig__ref *x = a, *y = b;
  return x->index != y->index ? (x->index > y->index) - (x->index < y->index) : (x->key > y->key) - (x->key < y->key);
}

/* Classes get equal places; within a class every picture appears as often as another, or once more; no key stands twice; the
 * list is the same whatever order its refs came in. */
TEST(balanced_order) {
  enum { CLASSES = 7 };
  static ig__ref ref[N], turned[N], out[N], again[N];
  fake f = {0};
  ig__source source = fake_source(&f, N, 0, 0, CLASSES);
  for (int64_t count = 1; count <= N; count = count * 5 + 3) {
    int64_t places[CLASSES] = {0}, have[CLASSES] = {0}, most[CLASSES] = {0}, least[CLASSES], present = 0;
    make(ref, count);
    for (int64_t i = 0; i < count; i++) turned[i] = ref[count - 1 - i];
    CHECK_OK(ig__order_balanced(&source, ref, count, 5, 3, out));
    CHECK_OK(ig__order_balanced(&source, turned, count, 5, 3, again));
    CHECK(memcmp(out, again, (size_t)count * sizeof *out) == 0);
    for (int64_t i = 0; i < count; i++) have[fake_label(&source, IG__TRAIN, i)]++;
    for (int c = 0; c < CLASSES; c++) present += have[c] > 0, least[c] = INT64_MAX;
    qsort(out, (size_t)count, sizeof *out, by_index);
    for (int64_t i = 0, end; i < count; i = end) {
      const int c = fake_label(&source, IG__TRAIN, out[i].index);
      for (end = i; end < count && out[end].index == out[i].index; end++) CHECK(end == i || out[end].key != out[end - 1].key);
      places[c] += end - i;
      if (end - i > most[c]) most[c] = end - i;
      if (end - i < least[c]) least[c] = end - i;
    }
    for (int c = 0; c < CLASSES; c++) {
      if (!have[c]) continue;
      CHECK(places[c] == count / present || places[c] == count / present + 1);
      CHECK(most[c] - least[c] <= 1 && most[c] == (places[c] + have[c] - 1) / have[c]);
    }
  }
}

/* Another epoch draws others from the large classes and mixes anew; over many, every picture has its turn. */
TEST(balanced_epochs_differ) {
  enum { COUNT = 280, CLASSES = 7, EPOCHS = 60 };
  static ig__ref ref[COUNT], out[COUNT], last[COUNT];
  static int seen[COUNT];
  fake f = {0};
  ig__source source = fake_source(&f, COUNT, 0, 0, CLASSES);
  make(ref, COUNT);
  memset(seen, 0, sizeof seen);
  for (int epoch = 0; epoch < EPOCHS; epoch++) {
    CHECK_OK(ig__order_balanced(&source, ref, COUNT, 5, epoch, out));
    CHECK(epoch == 0 || memcmp(out, last, sizeof out) != 0);
    memcpy(last, out, sizeof out);
    for (int i = 0; i < COUNT; i++) seen[out[i].index]++;
  }
  for (int i = 0; i < COUNT; i++) CHECK(seen[i] > 0);
}

TEST(balanced_out_of_memory) {
  static ig__ref ref[50], out[50];
  fake f = {0};
  ig__source source = fake_source(&f, 50, 0, 0, 4);
  const int64_t before = ig__alloc_outstanding();
  ig_status status = IG_NO_MEMORY;
  make(ref, 50);
  int n = 1;
  for (; status != IG_OK; n++) {
    char spec[32];
    snprintf(spec, sizeof spec, "malloc@%d", n);
    ig__fault_set(spec);
    status = ig__order_balanced(&source, ref, 50, 0, 0, out);
    ig__fault_set(NULL);
    CHECK(status == IG_OK || status == IG_NO_MEMORY);
    CHECK_INT(ig__alloc_outstanding(), before);
  }
  CHECK(n > 8);
}
