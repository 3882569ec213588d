#ifndef IG__BASE_ALLOC_H
#define IG__BASE_ALLOC_H
/* The one allocator. Every allocation of the library passes here, so that a test can fail the Nth one
 * (IMGRAD_FAULT=malloc@N in test builds) and count what is outstanding. Memory is aligned to 64 bytes: one cache line
 * and one AVX-512 vector. Sizes are counts times element sizes, multiplied with an overflow check. */

#include "base/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* `count * size` bytes, zeroed, aligned to 64; NULL with a message set when memory is out or the product overflows.
 * A zero-sized request gives a valid pointer. Free with ig__free (NULL is allowed). */
void *ig__alloc(size_t count, size_t size);
/* Grows or shrinks to count * size, keeping min(old, new) bytes; new bytes are not zeroed. NULL leaves `p` as it was. */
void *ig__realloc(void *p, size_t count, size_t size);
void ig__free(void *p);
char *ig__strdup(const char *s);
/* printf into fresh memory; NULL when memory is out. */
char *ig__format(const char *format, ...) IG__PRINTF(1, 2);

/* a*b and a+b in size_t; false on overflow (`*out` untouched). */
bool ig__mul_size(size_t a, size_t b, size_t *out);
bool ig__add_size(size_t a, size_t b, size_t *out);

/* Room for one more in a growing array: `*p` holds `count` elements in `*capacity` slots. */
ig_status ig__grow(void **p, size_t count, size_t *capacity, size_t size);

/* Allocations made so far and outstanding, and the bytes asked for by those outstanding, process-wide; the tests read them. */
uint64_t ig__alloc_calls(void);
int64_t ig__alloc_outstanding(void);
int64_t ig__alloc_bytes(void);

/* An arena: many small things with one lifetime. Everything taken is zeroed and aligned to 16; all is freed at once. */
typedef struct ig__arena ig__arena;
ig__arena *ig__arena_new(void);
void *ig__arena_take(ig__arena *arena, size_t count, size_t size);
char *ig__arena_strdup(ig__arena *arena, const char *s);
char *ig__arena_format(ig__arena *arena, const char *format, ...) IG__PRINTF(2, 3);
void ig__arena_free(ig__arena *arena);

/* Test builds: fault points. `ig__fault("write")` counts calls of that kind and answers 0, or the errno to fail with
 * (ENOMEM, ENOSPC, EIO), or -1 for "short". Kinds: malloc, open, read, write, sync, rename, thread. Set by
 * IMGRAD_FAULT=kind@N[+][=how],… or by the test itself: the Nth call fails, with + all later ones too; `how` is the name of
 * an errno, short, or kill (the process ends at that point). In other builds it is a constant 0. */
#ifdef IG__FAULTS
int ig__fault(const char *kind);
void ig__fault_set(const char *spec); /* NULL or "" clears and resets the counters */
uint64_t ig__fault_calls(const char *kind);
#else
#define ig__fault(kind) 0
#endif

#endif
