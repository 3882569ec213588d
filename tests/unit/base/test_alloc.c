/* The allocator, the arena, the fault points. */
#include "base/alloc.h"
#include "test.h"

#include <errno.h>

static bool all_zero(const void *p, size_t size) {
  for (size_t i = 0; i < size; i++)
    if (((const unsigned char *)p)[i]) return false;
  return true;
}

TEST(blocks_are_aligned_and_zero) {
  int64_t before = ig__alloc_outstanding();
  uint64_t calls = ig__alloc_calls();
  void *p[200];
  for (size_t i = 0; i < 200; i++) {
    p[i] = ig__alloc(i, 7);
    CHECK(p[i] && (uintptr_t)p[i] % 64 == 0 && all_zero(p[i], i * 7));
    memset(p[i], 0xAA, i * 7);
  }
  CHECK_INT(ig__alloc_outstanding() - before, 200);
  CHECK_INT(ig__alloc_calls() - calls, 200);
  for (size_t i = 0; i < 200; i++) ig__free(p[i]);
  ig__free(NULL);
  CHECK_INT(ig__alloc_outstanding(), before);
}

TEST(realloc_keeps_bytes_and_alignment) {
  int64_t before = ig__alloc_outstanding();
  char *p = ig__realloc(NULL, 10, 1);
  CHECK(p && all_zero(p, 10));
  for (int i = 0; i < 10; i++) p[i] = (char)i;
  for (size_t size = 11; size < 100000; size = size * 3 / 2) {
    p = ig__realloc(p, size, 1);
    CHECK(p && (uintptr_t)p % 64 == 0);
    for (int i = 0; i < 10; i++) CHECK_INT(p[i], i);
  }
  p = ig__realloc(p, 5, 1);
  for (int i = 0; i < 5; i++) CHECK_INT(p[i], i);
  CHECK(ig__realloc(p, SIZE_MAX, 2) == NULL); /* p stays */
  CHECK_INT(p[4], 4);
  ig__free(p);
  CHECK_INT(ig__alloc_outstanding(), before);
}

TEST(sizes_that_overflow_are_refused) {
  static const struct { size_t count, size; } cases[] = {
    {SIZE_MAX, 1}, {SIZE_MAX, SIZE_MAX}, {SIZE_MAX / 2, 3}, {SIZE_MAX / 8 + 1, 8}, {(size_t)1 << 32, (size_t)1 << 32},
    {SIZE_MAX - 16, 1}, {SIZE_MAX / 2 + 1, 1}, {PTRDIFF_MAX, 1},
  };
  int64_t before = ig__alloc_outstanding();
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    ig__fail(IG_FAILED, "x");
    CHECK(ig__alloc(cases[i].count, cases[i].size) == NULL);
    CHECK_HAS(ig_last_error(), "out of memory");
  }
  CHECK_INT(ig__alloc_outstanding(), before);
  size_t out = 77;
  CHECK(!ig__mul_size(SIZE_MAX / 2 + 1, 2, &out) && out == 77);
  CHECK(ig__mul_size(SIZE_MAX / 2, 2, &out) && out == SIZE_MAX - 1);
  CHECK(ig__mul_size(0, SIZE_MAX, &out) && out == 0);
  out = 77;
  CHECK(!ig__add_size(SIZE_MAX, 1, &out) && out == 77);
  CHECK(ig__add_size(SIZE_MAX - 1, 1, &out) && out == SIZE_MAX);
}

TEST(strdup_and_format) {
  char *a = ig__strdup("猫"), *b = ig__format("%s-%d-%.1f", "x", 42, 0.5), *c = ig__format("%s", ""), *d = ig__strdup("");
  CHECK_STR(a, "猫");
  CHECK_STR(b, "x-42-0.5");
  CHECK_STR(c, "");
  CHECK_STR(d, "");
  char *e = ig__format("%*d", 5000, 1);
  CHECK_INT(strlen(e), 5000);
  ig__free(a), ig__free(b), ig__free(c), ig__free(d), ig__free(e);
}

TEST(grow) {
  size_t capacity = 0, count = 0;
  void *p = NULL;
  for (; count < 1000; count++) {
    CHECK_OK(ig__grow(&p, count, &capacity, sizeof(size_t)));
    CHECK(capacity > count);
    ((size_t *)p)[count] = count;
  }
  for (size_t i = 0; i < count; i++) CHECK_INT(((size_t *)p)[i], i);
  size_t kept = capacity;
  void *same = p;
  CHECK_STATUS(ig__grow(&p, capacity, &capacity, SIZE_MAX / 4), IG_NO_MEMORY);
  CHECK(p == same && capacity == kept);
  size_t huge = SIZE_MAX / 2 + 1;
  CHECK_STATUS(ig__grow(&p, huge, &huge, 1), IG_NO_MEMORY);
  ig__free(p);
}

TEST(arena) {
  int64_t before = ig__alloc_outstanding();
  ig__arena *arena = ig__arena_new();
  CHECK(arena != NULL);
  char *kept[3000];
  for (size_t i = 0; i < 3000; i++) {
    size_t size = i % 100 == 99 ? 100000 : i % 37;
    kept[i] = ig__arena_take(arena, size, 1);
    CHECK(kept[i] && (uintptr_t)kept[i] % 16 == 0 && all_zero(kept[i], size));
    memset(kept[i], (int)(i % 251) + 1, size);
  }
  for (size_t i = 0; i < 3000; i++)
    for (size_t k = 0, size = i % 100 == 99 ? 100000 : i % 37; k < size; k += 13)
      CHECK_INT((unsigned char)kept[i][k], i % 251 + 1);
  CHECK(kept[0] != kept[37]); /* nothing has a place of its own, too */
  CHECK_STR(ig__arena_strdup(arena, "狗"), "狗");
  CHECK_STR(ig__arena_format(arena, "%d/%s", 3, "four"), "3/four");
  CHECK(ig__arena_take(arena, SIZE_MAX, 2) == NULL);
  CHECK(ig__arena_take(arena, SIZE_MAX - 20, 1) == NULL);
  CHECK(ig__arena_take(arena, SIZE_MAX, 1) == NULL);
  ig__arena_free(arena);
  ig__arena_free(NULL);
  CHECK_INT(ig__alloc_outstanding(), before);
}

static bool everything(void) {
  bool ok = true;
  ig__arena *arena = ig__arena_new();
  char *a = ig__strdup("a"), *b = ig__format("%d", 1), *c = ig__alloc(3, 3), *d = NULL;
  if (c) d = ig__realloc(c, 9, 9);
  ok = arena && a && b && c && d;
  if (arena) ok = ig__arena_take(arena, 1, 1) && ig__arena_format(arena, "%d", 1) && ok;
  ig__free(a);
  ig__free(b);
  ig__free(d ? d : c);
  ig__arena_free(arena);
  return ok;
}

TEST(every_allocation_can_fail) {
  int64_t before = ig__alloc_outstanding();
  ig__fault_set(NULL);
  CHECK(everything());
  uint64_t calls = ig__fault_calls("malloc");
  CHECK(calls >= 7);
  for (uint64_t n = 1; n <= calls; n++) {
    char spec[64];
    snprintf(spec, sizeof spec, "malloc@%llu", (unsigned long long)n);
    ig__fault_set(spec);
    bool ok = everything();
    ig__fault_set(NULL);
    if (ok) test_fail(__FILE__, __LINE__, "%s was not noticed", spec);
    CHECK_HAS(ig_last_error(), "out of memory");
    CHECK_INT(ig__alloc_outstanding(), before);
  }
}

TEST(fault_specifications) {
  ig__fault_set("write@2=ENOSPC,read@3+,sync@1=short");
  CHECK_INT(ig__fault("write"), 0);
  CHECK_INT(ig__fault("write"), ENOSPC);
  CHECK_INT(ig__fault("write"), 0);
  CHECK_INT(ig__fault("read"), 0);
  CHECK_INT(ig__fault("read"), 0);
  for (int i = 0; i < 5; i++) CHECK_INT(ig__fault("read"), EIO);
  CHECK_INT(ig__fault("sync"), -1);
  CHECK_INT(ig__fault("sync"), 0);
  CHECK_INT(ig__fault_calls("write"), 3);
  CHECK_INT(ig__fault_calls("never"), 0);
  ig__fault_set("malloc@1");
  CHECK_INT(ig__fault("malloc"), ENOMEM);
  static const char *const unreadable[] = {"write", "write@", "write@0", "@1", "write@1=EFUN", "write@1x", "write@1,read",
                                           "averyveryverylongkind@1"};
  for (size_t i = 0; i < sizeof unreadable / sizeof unreadable[0]; i++) {
    ig__fault_set(unreadable[i]);
    bool fails = ig__fault("open") != 0;
    ig__fault_set(NULL);
    if (!fails) test_fail(__FILE__, __LINE__, "'%s' is taken", unreadable[i]);
  }
  CHECK_INT(ig__fault("write"), 0);
  CHECK_INT(ig__fault_calls("write"), 1);
  ig__fault_set("");
  CHECK_INT(ig__fault_calls("write"), 0);
}
