/* The growing buffer and the hash. */
#include "base/alloc.h"
#include "base/file.h"
#include "test.h"

TEST(buffer_grows) {
  ig__buffer b = {0};
  for (int i = 0; i < 5000; i++) ig__buffer_text(&b, "%d,", i);
  ig__buffer_add(&b, "\0end", 4);
  ig__buffer_add(&b, NULL, 0);
  CHECK(!b.failed && b.data[b.size] == 0);
  CHECK_INT(b.size, 10 * 2 + 90 * 3 + 900 * 4 + 4000 * 5 + 4);
  CHECK(memcmp(b.data, "0,1,2,3,", 8) == 0 && memcmp(b.data + b.size - 9, "4999,\0end", 9) == 0);
  ig__buffer_free(&b);
  CHECK(b.data == NULL && b.size == 0);
  ig__buffer_text(&b, "%*d|", 4000, 7); /* longer than any first guess */
  CHECK_INT(b.size, 4001);
  CHECK_STR((char *)b.data + 3999, "7|");
  ig__buffer_free(&b);
}

TEST(buffer_is_sticky) {
  int64_t before = ig__alloc_outstanding();
  for (int n = 1; n <= 3; n++) {
    ig__buffer b = {0};
    char spec[32];
    snprintf(spec, sizeof spec, "malloc@%d", n);
    ig__fault_set(spec);
    for (int i = 0; i < 100; i++) ig__buffer_text(&b, "0123456789 %d", i);
    ig__buffer_add(&b, "x", 1);
    ig__fault_set(NULL);
    size_t size = b.size;
    CHECK(b.failed);
    ig__buffer_add(&b, "x", 1);
    ig__buffer_text(&b, "%d", 1);
    CHECK(b.failed && b.size == size);
    ig__buffer_free(&b);
  }
  CHECK_INT(ig__alloc_outstanding(), before);
}

TEST(hash_is_finished_fnv) {
  /* FNV-1a of "" and "foobar" as published, then the finishing steps of MurmurHash3, undone here. */
  static const struct { const char *text; uint64_t fnv; } cases[] = {{"", 0xcbf29ce484222325}, {"foobar", 0x85944171f73967e8}};
  for (int i = 0; i < 2; i++) {
    uint64_t h = cases[i].fnv;
    h = (h ^ h >> 33) * 0xff51afd7ed558ccd;
    h = (h ^ h >> 33) * 0xc4ceb9fe1a85ec53;
    h ^= h >> 33;
    CHECK_INT(ig__hash(cases[i].text, strlen(cases[i].text), 0), h);
  }
  CHECK(ig__hash("a", 1, 0) != ig__hash("a", 1, 1));
  CHECK(ig__hash("a", 1, 0) != ig__hash("b", 1, 0));
  CHECK(ig__hash("a", 1, 0) != ig__hash("a\0", 2, 0));
}
