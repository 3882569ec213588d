#ifndef IG__PLAN_H
#define IG__PLAN_H
/* A plan: a graph made ready to run — nodes nobody needs dropped, ops lowered, layouts and halos fixed, work cut, memory
 * laid out. Making one allocates; running one does not. A plan is used by one thread at a time. */

#include "base/file.h"
#include "base/pool.h"
#include "graph/op.h"

typedef struct ig__plan ig__plan;

/* An output that the caller wants. Without `into`, the plan keeps it (images plain, without halo) until the next run. With
 * `into` it is written to the span of the flat gradient array at that element offset: gradients of parameters. */
typedef struct ig__plan_output { ig__value value; int64_t into; } ig__plan_output; /* into = -1: kept by the plan */

typedef struct ig__plan_request {
  const ig__graph *graph;
  const ig__plan_output *output;
  int output_count;
  const ig__kernels *k;
  /* Element offsets of parameter and state leaves in their flat arrays, by leaf index. Spans are padded by zeros to a
   * multiple of 16 elements. */
  const int64_t *param_offset, *state_offset;
  bool accumulates;          /* feed.accumulate will be used: room for one more gradient array is made */
  int64_t param_count;       /* elements of the flat gradient array */
  int64_t keep_bytes;        /* training keeps what is made of weights alone from step to step up to this size; 0: 1 MiB */
} ig__plan_request;

ig_status ig__plan_new(ig__plan **out, const ig__plan_request *request);
void ig__plan_free(ig__plan *plan);

#define IG__FEED_FIELDS 8

/* What a run reads and writes. Arrays belong to the caller. */
typedef struct ig__feed {
  int n;                           /* 1 … planned */
  const void *params;
  void *state, *grads;             /* grads may be NULL when no output goes there */
  bool accumulate;                 /* add to grads instead of writing (request.accumulates) */
  const void *field[IG__FEED_FIELDS]; /* by field number */
  double loss_scale;               /* IG__SCALAR_LOSS_SCALE */
  ig__step step;
  /* Of the parameters, and of the state where the plan does not train: what is made of them alone is renewed when it changes;
   * 0: always. */
  uint64_t version;
} ig__feed;

/* Runs on the pool. The only failure is a refusal (n out of range, a missing array, not prepared): IG_USAGE. */
ig_status ig__plan_run(ig__plan *plan, ig__pool *pool, const ig__feed *feed);
/* Output i after a run: contiguous, real type of the plan (or its dtype); valid until the next run. */
const void *ig__plan_result(const ig__plan *plan, int i);
const ig__shape *ig__plan_result_shape(const ig__plan *plan, int i);
ig__dtype ig__plan_result_dtype(const ig__plan *plan, int i);

/* Bytes that a run works in (buffers, caches, partials, scratch of `threads` threads); what ig__plan_run will have
 * allocated is exactly this. */
typedef struct ig__plan_memory { size_t buffers, caches, partials, scratch, total; } ig__plan_memory;
ig__plan_memory ig__plan_memory_of(const ig__plan *plan, int threads);
/* Makes all memory, for pools of up to `threads` threads; call before the first run. */
ig_status ig__plan_prepare(ig__plan *plan, int threads);

/* ---- profile.c: where the time of runs goes ---------------------------------------------------------------------------- */

/* On: counters start at zero, and from now on every thread times each call of a node that it makes (one reading of the clock a
 * call), the caller each phase. Off, the default: nothing is timed. Results are the same. Call after ig__plan_prepare; a run
 * allocates nothing. IG_NO_MEMORY: it stays off. */
ig_status ig__plan_profile(ig__plan *plan, bool on);

/* One node in one phase. FINISH makes outputs from partials, CACHED runs when parameters have changed. */
typedef enum ig__profile_kind { IG__PROFILE_CHUNKS, IG__PROFILE_PARTS, IG__PROFILE_FINISH, IG__PROFILE_CACHED } ig__profile_kind;
typedef struct ig__profile_row {
  const char *line, *op;   /* live as long as the plan */
  ig__profile_kind kind;
  int order, phase;        /* of the node's differentiation: 0 is forward */
  int64_t calls;           /* of all threads and runs since the counters were zero */
  double seconds;
  double work;             /* multiply-adds of a run at the planned n; the finish of a node has none */
} ig__profile_row;

/* What all threads do between two meetings. seconds: the caller's clock; threads × seconds − busy is time in which threads had
 * nothing to do (waiting, waking, handing out tasks). busy: the seconds of its rows. */
typedef struct ig__profile_phase {
  bool chunks, small, cached;
  int first, count;        /* its rows */
  int tasks, chunk;
  double seconds, busy;
} ig__profile_phase;

/* All phases in the order of execution; `row` and `phase` have room for what ig__plan_profile_rows and …_phases answer. */
size_t ig__plan_profile_rows(const ig__plan *plan);
size_t ig__plan_profile_phases(const ig__plan *plan);
void ig__plan_profile_read(const ig__plan *plan, ig__profile_row *row, ig__profile_phase *phase);

/* forecast.c: the same rows and phases as they should be on such a machine, for one run at the planned n. */
typedef struct ig__machine {
  int threads;
  double flops;              /* of one core, a second: two a multiply-add */
  double near_bytes, far_bytes; /* that a core reads and writes in a second: in its cache; in memory that the plan's size needs, all cores at once */
  double meeting;            /* seconds between two phases */
} ig__machine;
void ig__plan_forecast(const ig__plan *plan, const ig__machine *machine, ig__profile_row *row, ig__profile_phase *phase);

/* Multiply-adds of a run at the planned n; of one model line, or of all (NULL). */
double ig__plan_work(const ig__plan *plan, const char *line);
int ig__plan_conversions(const ig__plan *plan);      /* layout changes between nodes, for the tests */
/* One line a node, for people: op, line, shapes, layout, phase. */
ig_status ig__plan_describe(const ig__plan *plan, ig__buffer *out);

#endif
