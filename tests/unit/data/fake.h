#ifndef TESTS_DATA_FAKE_H
#define TESTS_DATA_FAKE_H
/* A source made by hand: its samples say which they are, some are broken, some fail, some take their time. */

#include "data/data.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#define FAKE_BYTES 24

typedef struct fake {
  bool (*broken)(int64_t index);   /* NULL: none */
  int64_t fails;                   /* this one fails with IG_IO; −1: none */
  int delay;                       /* µs, of about every eighth read; which ones differs from run to run */
  atomic_uint turn;
  atomic_int reads, nicest;
} fake;

static inline void fake_bytes(int64_t index, uint8_t *out) {
  for (int i = 0; i < FAKE_BYTES; i++) out[i] = (uint8_t)((uint64_t)(index + 1) * 0x9e3779b97f4a7c15u >> (i * 7 % 57));
}

static inline ig_status fake_read(const ig__source *source, ig__part part, int64_t index, void *const *fields) {
  fake *f = source->state;
  unsigned turn = atomic_fetch_add(&f->turn, 2654435761u);
  int nice_now = getpriority(PRIO_PROCESS, (id_t)syscall(SYS_gettid));
  (void)part;
  atomic_fetch_add(&f->reads, 1);
  if (nice_now > atomic_load(&f->nicest)) atomic_store(&f->nicest, nice_now);
  if (f->delay && turn >> 29 == 0) usleep((useconds_t)f->delay);
  fake_bytes(index, fields[0]);
  *(int32_t *)fields[1] = (int32_t)index;
  if (index == f->fails) return ig__fail(IG_IO, "fake: sample %d cannot be reached", (int)index);
  if (f->broken && f->broken(index)) return ig__fail(IG_BAD_DATA, "fake: sample %d is broken", (int)index);
  return IG_OK;
}

static inline int fake_label(const ig__source *source, ig__part part, int64_t index) {
  (void)part;
  if (!source->info.class_count) return -1;
  /* Class c has about c + 1 shares. */
  int64_t n = source->info.class_count, all = n * (n + 1) / 2, at = index % all;
  int c = 0;
  while (at > c) at -= ++c;
  return c;
}

static inline uint64_t fake_key(const ig__source *source, ig__part part, int64_t index) {
  (void)source;
  return ig__rng_key(7, IG__FOR_TEST, (uint64_t)index, (uint64_t)part);
}

static const ig__source_kind fake_kind = {.name = "fake", .help = "", .read = fake_read, .label = fake_label, .key = fake_key};

/* Not to be closed: nothing in it is allocated. */
static inline ig__source fake_source(fake *f, int64_t train, int64_t val, int64_t test, int classes) {
  f->fails = -1;
  return (ig__source){
    .kind = &fake_kind,
    .state = f,
    .info = {.field_count = 2, .class_count = classes, .count = {train, val, test}, .name = "fake",
             .field = {{.name = "image", .role = IG__ROLE_IMAGE, .rank = 3, .dim = {1, 4, FAKE_BYTES / 4}},
                       {.name = "label", .role = IG__ROLE_LABEL, .type = IG__FIELD_I32}}}};
}

#endif
