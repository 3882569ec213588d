/* The loader: the same bytes whatever the threads, the depth, the timing and the broken samples. */
#include "fake.h"
#include "test.h"

#define N 230

static bool every_seventh(int64_t i) { return i % 7 == 3; }
static bool the_first(int64_t i) { return i < 21; }
static bool the_last(int64_t i) { return i >= N - 21; }
static bool a_run(int64_t i) { return i >= 40 && i < 130; }
static bool most(int64_t i) { return (uint64_t)(i + 1) * 0x9e3779b97f4a7c15u >> 61 != 0; }
static bool all_of_them(int64_t i) { return i >= 0; }
static bool (*const patterns[])(int64_t) = {NULL, every_seventh, the_first, the_last, a_run, most, all_of_them};

static ig__ref refs[N];

/* The order of the tests is no identity, so that places and indices cannot be mistaken for each other. */
static void make_refs(void) {
  for (int64_t i = 0; i < N; i++) refs[i] = (ig__ref){IG__TRAIN, i, fake_key(NULL, IG__TRAIN, i)};
  if (ig__order_epoch(refs, N, 1, 0) != IG_OK) abort();
}

typedef struct { int count; int64_t index[N]; bool worded; } reports;

static void report(void *user, const ig__ref *ref, const char *message) {
  reports *r = user;
  char want[64];
  snprintf(want, sizeof want, "fake: sample %d is broken", (int)ref->index);
  r->worded = (r->count == 0 || r->worded) && strcmp(message, want) == 0;
  if (r->count < N) r->index[r->count] = ref->index;
  r->count++;
}

/* Runs a pass from place `first` and checks every batch against the list without the broken ones. */
static void check_pass(ig__loader *loader, const fake *f, int batch, int64_t first) {
  CHECK_OK(ig__loader_start(loader, refs, N, first));
  int64_t at = first;
  for (;;) {
    const ig__batch *b;
    CHECK_OK(ig__loader_next(loader, &b));
    int64_t left = 0;
    for (int64_t i = at; i < N; i++) left += !(f->broken && f->broken(refs[i].index));
    if (!b) {
      CHECK_INT(left, 0);
      break;
    }
    CHECK_INT(b->n, left < batch ? left : batch);
    for (int i = 0; i < b->n; i++) {
      uint8_t want[FAKE_BYTES];
      while (f->broken && f->broken(refs[at].index)) at++;
      if (i == 0) CHECK_INT(b->first, at);
      fake_bytes(refs[at].index, want);
      CHECK(memcmp((const uint8_t *)b->field[0] + i * FAKE_BYTES, want, FAKE_BYTES) == 0);
      CHECK_INT(((const int32_t *)b->field[1])[i], refs[at].index);
      CHECK_INT(b->ref[i].index, refs[at].index);
      CHECK(b->key[i] == refs[at].key);
      at++;
    }
    CHECK_INT(b->next, at);
  }
  const ig__batch *b;
  CHECK_OK(ig__loader_next(loader, &b)); /* and once more: still over */
  CHECK(b == NULL);
}

static void check_reports(const reports *r, const fake *f, const ig__loader *loader) {
  int count = 0;
  for (int64_t i = 0; i < N; i++)
    if (f->broken && f->broken(refs[i].index)) {
      CHECK(count < r->count);
      CHECK_INT(r->index[count], refs[i].index);
      count++;
    }
  CHECK_INT(r->count, count);
  CHECK(count == 0 || r->worded);
  CHECK_INT(ig__loader_broken(loader), count);
}

static void same_bytes(int delay) {
  static const int threads[] = {1, 2, 5}, batches[] = {1, 3, 16, 300};
  make_refs();
  for (size_t p = 0; p < sizeof patterns / sizeof patterns[0]; p++)
    for (int t = 0; t < 3; t++)
      for (int depth = 1; depth <= 4; depth++)
        for (int b = 0; b < 4; b++) {
          fake f = {.broken = patterns[p], .delay = delay, .turn = (unsigned)(p * 97 + (unsigned)t)};
          reports r = {0};
          ig__source source = fake_source(&f, N, 0, 0, 3);
          ig__loader *loader;
          ig__loader_options o = {.batch = batches[b], .threads = threads[t], .depth = depth, .broken = report, .user = &r};
          CHECK_OK(ig__loader_new(&source, &o, &loader));
          uint64_t calls = ig__alloc_calls();
          check_pass(loader, &f, o.batch, 0);
          check_reports(&r, &f, loader);
          check_pass(loader, &f, o.batch, 0);
          check_reports(&r, &f, loader); /* nothing new */
          check_pass(loader, &f, o.batch, 77);
          CHECK(ig__alloc_calls() == calls);
          ig__loader_free(loader);
        }
}

TEST(loader_same_bytes) { same_bytes(0); }
TEST(loader_same_bytes_with_delays) { same_bytes(40); }

TEST(loader_goes_on_from_next) {
  make_refs();
  fake f = {.broken = every_seventh};
  ig__source source = fake_source(&f, N, 0, 0, 3);
  ig__loader *loader;
  ig__loader_options o = {.batch = 8, .threads = 2, .depth = 2};
  int32_t whole[N], parts[N];
  int n = 0, m = 0;
  const ig__batch *b;
  CHECK_OK(ig__loader_new(&source, &o, &loader));
  CHECK_OK(ig__loader_start(loader, refs, N, 0));
  while (ig__loader_next(loader, &b) == IG_OK && b)
    for (int i = 0; i < b->n; i++) whole[n++] = ((const int32_t *)b->field[1])[i];
  ig__loader_free(loader);
  for (int64_t at = 0;;) { /* a new loader a batch: what a resumed run sees */
    CHECK_OK(ig__loader_new(&source, &o, &loader));
    CHECK_OK(ig__loader_start(loader, refs, N, at));
    CHECK_OK(ig__loader_next(loader, &b));
    if (!b) break;
    for (int i = 0; i < b->n; i++) parts[m++] = ((const int32_t *)b->field[1])[i];
    at = b->next;
    ig__loader_free(loader);
  }
  ig__loader_free(loader);
  CHECK_INT(m, n);
  CHECK(memcmp(whole, parts, (size_t)n * sizeof whole[0]) == 0);
}

TEST(loader_failure_in_order) {
  make_refs();
  for (int threads = 1; threads <= 5; threads++) {
    fake f = {.delay = 100};
    ig__source source = fake_source(&f, N, 0, 0, 3);
    ig__loader *loader;
    ig__loader_options o = {.batch = 10, .threads = threads, .depth = 3};
    const ig__batch *b;
    char want[64];
    f.fails = refs[57].index;
    snprintf(want, sizeof want, "fake: sample %d cannot be reached", (int)f.fails);
    CHECK_OK(ig__loader_new(&source, &o, &loader));
    CHECK_OK(ig__loader_start(loader, refs, N, 0));
    for (int i = 0; i < 5; i++) {
      CHECK_OK(ig__loader_next(loader, &b));
      CHECK(b && b->n == 10 && b->first == 10 * i);
    }
    for (int i = 0; i < 3; i++) { /* and every time it is asked */
      (void)ig__fail(IG_FAILED, "something else");
      CHECK_STATUS(ig__loader_next(loader, &b), IG_IO);
      CHECK_STR(ig_last_error(), want);
      CHECK(b == NULL);
    }
    int reads = atomic_load(&f.reads);
    usleep(2000);
    CHECK_INT(atomic_load(&f.reads), reads); /* the pass has ended: nobody reads on */
    f.fails = -1;
    check_pass(loader, &f, o.batch, 0);
    ig__loader_free(loader);
  }
}

TEST(loader_strict) {
  make_refs();
  fake f = {.broken = every_seventh, .delay = 50};
  reports r = {0};
  ig__source source = fake_source(&f, N, 0, 0, 3);
  ig__loader *loader;
  ig__loader_options o = {.batch = 4, .threads = 3, .depth = 2, .strict = true, .broken = report, .user = &r};
  const ig__batch *b;
  char want[64];
  int64_t first = 0;
  while (!every_seventh(refs[first].index)) first++;
  snprintf(want, sizeof want, "fake: sample %d is broken", (int)refs[first].index);
  CHECK_OK(ig__loader_new(&source, &o, &loader));
  for (int pass = 0; pass < 2; pass++) {
    CHECK_OK(ig__loader_start(loader, refs, N, 0));
    for (int64_t i = 0; i < first / 4; i++) {
      CHECK_OK(ig__loader_next(loader, &b));
      CHECK(b && b->n == 4);
    }
    CHECK_STATUS(ig__loader_next(loader, &b), IG_BAD_DATA);
    CHECK_STR(ig_last_error(), want);
  }
  CHECK_INT(r.count, 0);
  ig__loader_free(loader);
}

/* The same broken sample twice in one list is left out twice and reported once. */
TEST(loader_twice_in_a_list) {
  make_refs();
  fake f = {.broken = every_seventh};
  reports r = {0};
  ig__source source = fake_source(&f, N, 0, 0, 3);
  ig__loader *loader;
  ig__loader_options o = {.batch = 4, .threads = 2, .depth = 2, .broken = report, .user = &r};
  const ig__batch *b;
  ig__ref list[40];
  int total = 0;
  for (int i = 0; i < 40; i++) list[i] = (ig__ref){IG__TRAIN, i % 10, 0};
  CHECK_OK(ig__loader_new(&source, &o, &loader));
  CHECK_OK(ig__loader_start(loader, list, 40, 0));
  while (ig__loader_next(loader, &b) == IG_OK && b) total += b->n;
  CHECK_INT(total, 36);
  CHECK_INT(r.count, 1);
  CHECK_INT(ig__loader_broken(loader), 1);
  ig__loader_free(loader);
}

TEST(loader_stops_at_any_time) {
  make_refs();
  for (int i = 0; i < 60; i++) {
    fake f = {.broken = i % 2 ? every_seventh : NULL, .delay = 300, .turn = (unsigned)i};
    ig__source source = fake_source(&f, N, 0, 0, 3);
    ig__loader *loader;
    ig__loader_options o = {.batch = 1 + i % 9, .threads = 1 + i % 5, .depth = 1 + i % 4};
    const ig__batch *b;
    CHECK_OK(ig__loader_new(&source, &o, &loader));
    for (int again = 0; again < 3; again++) {
      ig__ref *list = malloc(sizeof refs); /* freed after the next start: a late reader would be seen by the sanitizers */
      memcpy(list, refs, sizeof refs);
      CHECK_OK(ig__loader_start(loader, list, N, again));
      for (int k = 0; k < (i + again) % 4; k++) CHECK_OK(ig__loader_next(loader, &b));
      CHECK_OK(ig__loader_start(loader, refs, N, 0));
      free(list);
    }
    if (i % 3 == 0) check_pass(loader, &f, o.batch, i % 7);
    ig__loader_free(loader);
  }
}

/* No thread to be had: the consumer reads for itself. */
TEST(loader_without_threads) {
  make_refs();
  for (int granted = 0; granted < 2; granted++) {
    fake f = {.broken = a_run};
    ig__source source = fake_source(&f, N, 0, 0, 3);
    ig__loader *loader;
    ig__loader_options o = {.batch = 7, .threads = 4, .depth = 2};
    ig__fault_set(granted ? "thread@2+" : "thread@1+");
    ig_status status = ig__loader_new(&source, &o, &loader);
    ig__fault_set(NULL);
    CHECK_OK(status);
    check_pass(loader, &f, o.batch, 0);
    check_pass(loader, &f, o.batch, 0);
    ig__loader_free(loader);
  }
}

TEST(loader_threads_stand_back) {
  make_refs();
  fake f = {.delay = 1000};
  ig__source source = fake_source(&f, N, 0, 0, 3);
  ig__loader *loader;
  ig__loader_options o = {.batch = 16, .threads = 2, .depth = 2};
  int own = getpriority(PRIO_PROCESS, 0);
  CHECK_OK(ig__loader_new(&source, &o, &loader));
  check_pass(loader, &f, o.batch, 0);
  CHECK(ig__loader_waited(loader) > 0);
  CHECK_INT(atomic_load(&f.nicest), own + 10 < 19 ? own + 10 : 19);
  CHECK_INT(getpriority(PRIO_PROCESS, 0), own);
  ig__loader_free(loader);
}

TEST(loader_misuse) {
  make_refs();
  fake f = {0};
  ig__source source = fake_source(&f, N, 0, 0, 3);
  ig__loader *loader;
  ig__loader_options o = {.batch = 0, .threads = 1, .depth = 1};
  const ig__batch *b;
  CHECK_STATUS(ig__loader_new(&source, &o, &loader), IG_USAGE);
  CHECK(loader == NULL);
  o.batch = 4;
  CHECK_OK(ig__loader_new(&source, &o, &loader));
  CHECK_OK(ig__loader_next(loader, &b)); /* no pass: over at once */
  CHECK(b == NULL);
  CHECK_STATUS(ig__loader_start(loader, refs, N, N + 1), IG_USAGE);
  ig__ref beyond = {IG__TRAIN, N, 0}, other = {IG__TEST, 0, 0};
  CHECK_STATUS(ig__loader_start(loader, &beyond, 1, 0), IG_FAILED);
  CHECK_STATUS(ig__loader_start(loader, &other, 1, 0), IG_FAILED);
  CHECK_HAS(ig_last_error(), "test sample 0");
  CHECK_OK(ig__loader_start(loader, refs, N, N));
  CHECK_OK(ig__loader_next(loader, &b));
  CHECK(b == NULL);
  ig__loader_free(loader);
  ig__loader_free(NULL);
}

TEST(loader_out_of_memory) {
  fake f = {0};
  ig__source source = fake_source(&f, N, 0, 0, 3);
  ig__loader_options o = {.batch = 4, .threads = 2, .depth = 2};
  int64_t before = ig__alloc_outstanding();
  for (int n = 1;; n++) {
    char spec[32];
    ig__loader *loader = NULL;
    snprintf(spec, sizeof spec, "malloc@%d", n);
    ig__fault_set(spec);
    ig_status status = ig__loader_new(&source, &o, &loader);
    ig__fault_set(NULL);
    CHECK(status == IG_OK || status == IG_NO_MEMORY);
    CHECK((status == IG_OK) == (loader != NULL));
    ig__loader_free(loader);
    CHECK_INT(ig__alloc_outstanding(), before);
    if (status == IG_OK) break;
    CHECK(n < 1000);
  }
  o.batch = 1 << 30; /* 24 GiB a buffer, and more: refused or granted, never wrong */
  ig__loader *loader = NULL;
  ig__fault_set("malloc@6+");
  CHECK_STATUS(ig__loader_new(&source, &o, &loader), IG_NO_MEMORY);
  ig__fault_set(NULL);
  CHECK_INT(ig__alloc_outstanding(), before);
}
