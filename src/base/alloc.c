/* The allocator and the arena. */
#include "base/alloc.h"

#include "base/text.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/* Under AddressSanitizer the slack behind a block is closed, so that an overrun of one byte is seen although blocks are
 * cut from larger ones. */
#if defined(__SANITIZE_ADDRESS__)
#define CHECKED_MEMORY 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define CHECKED_MEMORY 1
#endif
#endif
#ifdef CHECKED_MEMORY
#include <sanitizer/asan_interface.h>
#define CLOSE(p, size) __asan_poison_memory_region(p, size)
#define OPEN(p, size) __asan_unpoison_memory_region(p, size)
#else
#define CLOSE(p, size) ((void)(p), (void)(size))
#define OPEN(p, size) ((void)(p), (void)(size))
#endif

#define ALIGNMENT 64
#define ARENA_ALIGNMENT 16

/* Stands directly before the memory that is handed out. calloc with an own alignment is used in place of aligned_alloc
 * and memset: large blocks come from the system as zero pages, and those that are never touched cost nothing. */
typedef struct header { void *base; size_t size; } header;
#define OVERHEAD (sizeof(header) + ALIGNMENT - 1)

static atomic_uint_fast64_t calls;
static atomic_int_fast64_t outstanding, bytes_outstanding;

uint64_t ig__alloc_calls(void) { return atomic_load_explicit(&calls, memory_order_relaxed); }

int64_t ig__alloc_outstanding(void) { return atomic_load_explicit(&outstanding, memory_order_relaxed); }

int64_t ig__alloc_bytes(void) { return atomic_load_explicit(&bytes_outstanding, memory_order_relaxed); }

bool ig__mul_size(size_t a, size_t b, size_t *out) {
  size_t product;
  if (__builtin_mul_overflow(a, b, &product)) return false;
  *out = product;
  return true;
}

bool ig__add_size(size_t a, size_t b, size_t *out) {
  size_t sum;
  if (__builtin_add_overflow(a, b, &sum)) return false;
  *out = sum;
  return true;
}

static void *refuse(size_t count, size_t size) {
  char bytes[32];
  size_t total;
  if (ig__mul_size(count, size, &total))
    ig__fail(IG_NO_MEMORY, "out of memory: %s more were asked for", ig__print_bytes(bytes, total));
  else
    ig__fail(IG_NO_MEMORY, "out of memory: %zu times %zu bytes were asked for, more than can be addressed", count, size);
  return NULL;
}

/* count * size bytes behind a header; zeroed on request. */
static void *take(size_t count, size_t size, bool zeroed) {
  size_t bytes, total;
  atomic_fetch_add_explicit(&calls, 1, memory_order_relaxed);
  if (!ig__mul_size(count, size, &bytes) || !ig__add_size(bytes, OVERHEAD, &total) || total > PTRDIFF_MAX)
    return refuse(count, size);
  char *base = ig__fault("malloc") ? NULL : zeroed ? calloc(1, total) : malloc(total);
  if (!base) return refuse(count, size);
  size_t start = sizeof(header) + (0 - (uintptr_t)(base + sizeof(header))) % ALIGNMENT;
  char *p = base + start;
  ((header *)(void *)p)[-1] = (header){base, bytes};
  CLOSE(p + bytes, total - start - bytes);
  atomic_fetch_add_explicit(&outstanding, 1, memory_order_relaxed);
  atomic_fetch_add_explicit(&bytes_outstanding, (int_fast64_t)bytes, memory_order_relaxed);
  return p;
}

void *ig__alloc(size_t count, size_t size) { return take(count, size, true); }

void ig__free(void *p) {
  if (!p) return;
  atomic_fetch_sub_explicit(&outstanding, 1, memory_order_relaxed);
  atomic_fetch_sub_explicit(&bytes_outstanding, (int_fast64_t)((header *)p)[-1].size, memory_order_relaxed);
  free(((header *)p)[-1].base);
}

void *ig__realloc(void *p, size_t count, size_t size) {
  void *fresh = take(count, size, p == NULL);
  if (!fresh || !p) return fresh;
  size_t old = ((header *)p)[-1].size, now = ((header *)fresh)[-1].size;
  memcpy(fresh, p, old < now ? old : now);
  ig__free(p);
  return fresh;
}

char *ig__strdup(const char *s) {
  size_t size = strlen(s) + 1;
  char *copy = take(size, 1, false);
  return copy ? memcpy(copy, s, size) : NULL;
}

ig_status ig__grow(void **p, size_t count, size_t *capacity, size_t size) {
  if (count < *capacity) return IG_OK;
  size_t wanted = *capacity < 8 ? 8 : *capacity;
  if (*capacity >= 8 && !ig__mul_size(*capacity, 2, &wanted)) return refuse(*capacity, size), IG_NO_MEMORY;
  void *fresh = ig__realloc(*p, wanted, size);
  if (!fresh) return IG_NO_MEMORY;
  *p = fresh;
  *capacity = wanted;
  return IG_OK;
}

/* Chunks double from 4 KiB to 256 KiB: an arena of one line costs a page, one of a large model few system calls. What
 * would waste most of a chunk gets one of its own. */
typedef struct chunk { struct chunk *next; size_t size, used; } chunk;
struct ig__arena { chunk *first; size_t next_size; };
#define CHUNK_START ((sizeof(chunk) + ARENA_ALIGNMENT - 1) / ARENA_ALIGNMENT * ARENA_ALIGNMENT)
#define CHUNK_SMALLEST 4096
#define CHUNK_LARGEST 262144

ig__arena *ig__arena_new(void) {
  ig__arena *arena = ig__alloc(1, sizeof *arena);
  if (arena) arena->next_size = CHUNK_SMALLEST;
  return arena;
}

static chunk *new_chunk(ig__arena *arena, size_t need) {
  bool own = need > arena->next_size / 4;
  size_t size = own ? need : arena->next_size, total;
  if (!ig__add_size(size, CHUNK_START, &total)) return refuse(size, 1);
  chunk *c = ig__alloc(1, total);
  if (!c) return NULL;
  c->size = size;
  CLOSE((char *)c + CHUNK_START, size);
  if (own && arena->first) { /* behind the one that still has room */
    c->next = arena->first->next;
    arena->first->next = c;
  } else {
    c->next = arena->first;
    arena->first = c;
  }
  if (!own && arena->next_size < CHUNK_LARGEST) arena->next_size *= 2;
  return c;
}

void *ig__arena_take(ig__arena *arena, size_t count, size_t size) {
  size_t bytes, need;
  if (!ig__mul_size(count, size, &bytes) || !ig__add_size(bytes, ARENA_ALIGNMENT - 1, &need) || ig__fault("malloc"))
    return refuse(count, size);
  need = need / ARENA_ALIGNMENT * ARENA_ALIGNMENT;
  if (need == 0) need = ARENA_ALIGNMENT;
  chunk *c = arena->first;
  if (!c || c->size - c->used < need) c = new_chunk(arena, need);
  if (!c) return NULL;
  char *p = (char *)c + CHUNK_START + c->used;
  c->used += need;
  OPEN(p, bytes);
  return p;
}

char *ig__arena_strdup(ig__arena *arena, const char *s) {
  size_t size = strlen(s) + 1;
  char *copy = ig__arena_take(arena, size, 1);
  return copy ? memcpy(copy, s, size) : NULL;
}

void ig__arena_free(ig__arena *arena) {
  if (!arena) return;
  for (chunk *c = arena->first, *next; c; c = next) {
    next = c->next;
    ig__free(c);
  }
  ig__free(arena);
}

/* printf into memory of an arena, or into a block of its own when `arena` is NULL. */
static char *compose(ig__arena *arena, const char *format, va_list args) IG__PRINTF(2, 0);
static char *compose(ig__arena *arena, const char *format, va_list args) {
  va_list again;
  va_copy(again, args);
  int length = ig__vformat(NULL, 0, format, again);
  va_end(again);
  if (length < 0) {
    ig__fail(IG_NO_MEMORY, "a text is too long to compose");
    return NULL;
  }
  size_t size = (size_t)length + 1;
  char *out = arena ? ig__arena_take(arena, size, 1) : take(size, 1, false);
  if (out) ig__vformat(out, size, format, args);
  return out;
}

char *ig__format(const char *format, ...) {
  va_list args;
  va_start(args, format);
  char *out = compose(NULL, format, args);
  va_end(args);
  return out;
}

char *ig__arena_format(ig__arena *arena, const char *format, ...) {
  va_list args;
  va_start(args, format);
  char *out = compose(arena, format, args);
  va_end(args);
  return out;
}
