#ifndef IG__BASE_POOL_H
#define IG__BASE_POOL_H
/* One pool of compute threads. A job is a number of tasks taken in order by whoever is free; the caller works too. What
 * a task computes never depends on who runs it. Waiting threads spin at most 20 µs, then sleep. */

#include "base/status.h"

#include <stdbool.h>

typedef struct ig__pool ig__pool;

/* threads ≥ 1 including the caller; 0: as many as the process may use (affinity and cgroup quota). If the system grants
 * fewer, fewer are used: ask ig__pool_threads. flush_denormals: compute threads, and the caller inside ig__pool_run, treat
 * denormals as zero (the caller's mode is restored on return). */
ig_status ig__pool_new(ig__pool **out, int threads);
void ig__pool_free(ig__pool *pool);
int ig__pool_threads(const ig__pool *pool);

/* Runs fn(arg, task, thread) for task = 0 … tasks-1, thread = 0 … threads-1, and returns when all are done; what the tasks
 * wrote is visible then. One job at a time: a pool belongs to one thread at a time, and a task starts no job on its own
 * pool. Allocates nothing and cannot fail. */
typedef void (*ig__task_fn)(void *arg, int task, int thread);
void ig__pool_run(ig__pool *pool, int tasks, bool flush_denormals, ig__task_fn fn, void *arg);

/* CPUs this process may use: affinity and cgroup limit (v1 and v2, rounded up), at least 1. */
int ig__cpu_count(void);
/* The cgroup limit alone, from the system's files below `root` ("" is the real ones); 0: none. The tests give a folder. */
int ig__cgroup_cpus(const char *root);
double ig__now(void); /* monotonic seconds */

#endif
