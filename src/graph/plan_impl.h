#ifndef IG__PLAN_IMPL_H
#define IG__PLAN_IMPL_H
/* Inside a plan. It is made in five passes, one file each:
 *   lower.c    copies the nodes that are needed into the plan's own graph, through the ops' lowering rules
 *   layout.c   fixes block and halo of every image and inserts conversions; the result is the list of items, in order
 *   phases.c   cuts the items into phases: a meeting of all threads lies between two phases and nowhere else
 *   memory.c   gives every value its place
 *   execute.c  runs it
 * profile.c reads the counters that execute.c keeps when it is asked to. */

#include "graph/plan.h"

/* Constants that decide where sums are cut. They are part of what makes results reproducible: shapes and these numbers, and
 * nothing that is measured or detected. */
#define IG__CHUNK_BYTES ((int64_t)1 << 20)      /* what a core should touch for one chunk of pictures */
#define IG__MIN_CHUNKS 8                        /* so that a small batch still feeds several cores */
#define IG__MAX_GROUPS 32                       /* copies of a weight gradient, at most */
#define IG__GROUP_BYTES ((int64_t)16 << 20)     /* all copies of all gradients of a plan together */
#define IG__FINISH_PARTS 8
#define IG__SUM_TASKS 8                         /* a sum that is put off feeds so many cores, with copies if need be */
/* What is made of weights alone is kept from step to step up to this size. Larger packed forms are made again just before they
 * are read, and their room is used again: in training they would be made every step anyway. */
#define IG__KEEP_BYTES ((int64_t)1 << 20)
/* Waking threads costs some microseconds; moving so many bytes or doing so many multiply-adds takes about as long. The caller
 * does a smaller phase alone: the same tasks, so the same bits. */
#define IG__SMALL_PHASE 1e5

#define IG__LONG_TASK 1e6                       /* multiply-adds: some ten microseconds */

/* No tensor, no partial, no scratch is larger: then no sum of sizes in a plan can overflow. */
#define IG__MOST_BYTES ((int64_t)1 << 46)

typedef enum ig__storage {
  IG__AT_LEAF,      /* the caller's memory */
  IG__AT_GRAD,      /* a span of feed.grads */
  IG__AT_CACHE,     /* kept from run to run: packed weights, and outputs that the caller reads */
  IG__AT_BATCH,     /* in the buffer area, all pictures, shared with values that live at other times */
  IG__AT_LOCAL      /* one chunk of pictures, one copy a thread: made and used up inside one phase */
} ig__storage;

/* One value of the plan's graph. */
typedef struct ig__place {
  ig__view view;            /* data is NULL here; shape, pitches, block and halo are final after layout */
  ig__storage storage;
  ig__value same_as;        /* lies in that value's memory (in place); IG__NONE */
  int64_t offset;           /* bytes in its storage area; elements for AT_GRAD */
  int64_t origin;           /* bytes from the start of its memory to element (0, 0, 0, 0) */
  int64_t bytes;            /* of its memory */
  int made, last;           /* phases in which it is made and last read */
  int made_at, last_at;     /* items, by position in the order of execution */
} ig__place;

typedef enum ig__cut { IG__CUT_CHUNKS, IG__CUT_PARTS } ig__cut;

/* A node in the order of execution. */
typedef struct ig__item {
  ig__node *node;
  ig__cut cut;
  int parts;                /* CUT_PARTS */
  bool cached;              /* depends on parameters only: runs when they have changed */
  bool early;               /* depends on parameters only, but is too large to keep: runs before the phase that reads it */
  int64_t partial;          /* elements of one partial; 0: none */
  int groups;               /* partials; in a phase of parts, each is of some of the pictures */
  int64_t partial_offset;   /* bytes in the partials area */
  int phase;                /* in which it runs; its finish comes later */
} ig__item;

/* What all threads do between two meetings: chunks of pictures through all its items in turn (CUT_CHUNKS), or the parts of
 * all its items in any order (CUT_PARTS), an item with `finish` set making outputs from partials. */
typedef struct ig__phase {
  ig__cut cut;
  int first, count;         /* its steps */
  int tasks;
  int chunk, groups;        /* CUT_CHUNKS: pictures a chunk; tasks that chunks are dealt to */
  bool small;               /* not worth waking anybody: the caller does it alone */
} ig__phase;

typedef struct ig__phase_step { int item; bool finish; int first_task, tasks; } ig__phase_step;

/* One thread's time in one step, in memory that only this thread writes. */
typedef struct ig__timer { double seconds; int64_t calls; } ig__timer;

/* Counters, while a profile is asked for. */
typedef struct ig__profile {
  int threads;
  ig__timer **timer;        /* by thread, by step */
  double *phase_seconds;
} ig__profile;

struct ig__plan {
  ig__graph *graph;
  const ig__kernels *k;
  ig__plan_output *output;  /* values in the plan's graph */
  int output_count;
  int64_t *param_offset, *state_offset;
  int64_t param_count;
  bool accumulates;
  int64_t keep_bytes;

  ig__item *item;           /* in an order that respects dependences; phases fix the order of execution */
  size_t item_count, item_capacity;
  ig__place *place;         /* by value of the plan's graph */
  size_t place_count, place_capacity;
  ig__phase_step *step;
  size_t step_count, step_capacity;
  ig__phase *phase;         /* the first `cached_phases` make caches */
  size_t phase_count, phase_capacity, cached_phases;
  int conversions;

  ig__plan_memory memory;   /* scratch: of one thread, local buffers included */
  size_t local_bytes;
  uint8_t *buffers, *caches, *partials, *accumulation, **scratch;
  int threads;
  uint64_t version;         /* of the parameters the caches were made from */
  bool cached;
  ig__profile *profile;     /* NULL: nothing is timed */
  double scalar[IG__SCALARS];
  float scalar_f32[IG__SCALARS];

  const ig__feed *feed;     /* during a run */
  void *grads;
#ifdef IG__POISON
  const ig__node *violator; /* what broke the layout contract, and how */
  const char *violation;
#endif
};

#ifdef IG__POISON
/* What is wrong with an output's pictures n0 … n1-1, or NULL. */
const char *ig__poison_check(const ig__view *v, int size, int n0, int n1);
#endif

ig_status ig__plan_lower(ig__plan *plan, const ig__plan_request *request);
ig_status ig__plan_layout(ig__plan *plan);
ig_status ig__plan_cut(ig__plan *plan);
ig_status ig__plan_place(ig__plan *plan);

int ig__dtype_size(const ig__plan *plan, ig__dtype dtype);
/* IG_NO_MEMORY for what is larger than IG__MOST_BYTES. */
ig_status ig__plan_too_large(const ig__shape *s);
/* A run of an item whose views have shapes and layouts but no data, for the ops' planning hooks. The views are in `in`, `out`. */
ig__run ig__plan_dry_run(const ig__plan *plan, const ig__node *node, ig__view *in, ig__view *out);
double ig__node_work(const ig__plan *plan, const ig__node *node); /* multiply-adds at the planned n */
/* Fills the pitches of an image view from its c, h, w, block and halo; answers elements of all its pictures (−1: too many)
 * and, in *origin, the element (0, 0, 0, 0) counted from the start. */
int64_t ig__image_layout(ig__image *image, int n, int64_t *origin);

#endif
