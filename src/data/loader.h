#ifndef IG__DATA_LOADER_H
#define IG__DATA_LOADER_H
/* Inside the loader: its buffers, shared by loader.c (the consumer's side) and loader_fill.c (the filling side).
 *
 * A pass is a queue of buffers, each with room for one batch, filled in the order of the pass; depth + 1 of them go round,
 * so that is all the memory there is. Whoever fills claims a run of places under the lock and reads without it. The
 * consumer takes filled buffers from the front. As long as nothing is broken, a buffer is handed out as it is, without a
 * copy. A broken sample leaves a hole: the samples behind it move up — in their buffer, and from the next buffer into this
 * one — so batches come out as if the list had never held it. What the next passes know to be broken is not claimed. */

#include "data/data.h"

#include <pthread.h>
#include <stdatomic.h>

typedef struct ig__slot {
  ig_status status;
  int64_t at;               /* place in the order */
  char *message;            /* IG__MESSAGE_SIZE, of a failed read */
} ig__slot;

typedef struct ig__fill {
  struct ig__fill *next;    /* in the queue, or in the free list */
  int claimed, done;        /* slots; filled when both are equal and no more can be claimed */
  ig__batch batch;
  ig__slot *slot;
} ig__fill;

/* Some slots of one buffer, claimed by one thread. */
typedef struct ig__run { ig__fill *fill; int from, count; void *scratch; } ig__run;

struct ig__loader {
  const ig__source *source;
  ig__loader_options options;
  size_t bytes[IG__MAX_FIELDS];
  uint64_t *known[IG__PARTS]; /* one bit a sample: known to be broken */
  ig__fill *fills;            /* depth + 1 */
  pthread_t *threads;
  int started;                /* threads that run */
  int64_t epoch;              /* changes between passes only */
  int run_length;             /* slots a thread claims at once */

  pthread_mutex_t lock;
  pthread_cond_t work, done;  /* the threads wait for work, the consumer for done */
  /* Under the lock: */
  ig__fill *front, *back, *free;
  const ig__ref *ref;
  int64_t count, next;        /* places not yet claimed: next … count−1, and next is not known to be broken */
  int active, sleeping;       /* runs being read; threads waiting for work */
  bool quit;
  void **scratch;             /* for augmentation: as many as runs can be read at once, and those that are free */
  int scratch_free;
  /* The one thing read while reading without the lock: the pass is given up. */
  atomic_bool stop;

  /* The consumer's own: */
  ig__fill *given;            /* the batch that the consumer holds */
  int at;                     /* first slot of the front buffer not yet taken */
  ig_status failed;           /* the pass ended with this */
  char message[IG__MESSAGE_SIZE];
  double waited;
  int64_t broken;
};

/* Lock held. Claims at most `length` slots; false when there is nothing to claim now. */
bool ig__loader_claim(ig__loader *loader, int length, ig__run *run);
/* Lock not held. Reads the samples of a run, or leaves off when the pass is given up. */
void ig__loader_read(ig__loader *loader, const ig__run *run);
/* Lock held. Hands a run in. */
void ig__loader_finish(ig__loader *loader, const ig__run *run);
/* Lock held. No slot of this buffer is still to come. */
bool ig__loader_filled(const ig__loader *loader, const ig__fill *fill);
bool ig__loader_known(const ig__loader *loader, const ig__ref *ref);
/* What a loader thread runs; `arg` is the loader. */
void *ig__loader_thread(void *arg);

#endif
