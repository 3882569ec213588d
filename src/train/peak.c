/* The peak that speeds are compared with: multiply-adds in registers and nothing else, on all threads. */
#include "train/train.h"

#define TASKS 16 /* a thread: the last one's end is waited for */

typedef struct peak_job { const ig__kernels *k; int64_t rounds; } peak_job;

static void run_chains(void *arg, int task, int thread) {
  const peak_job *job = arg;
  _Alignas(64) double room[IG__CHAINS] = {0};
  (void)task, (void)thread;
  job->k->fma_chains(room, 0.5, 0.5, job->rounds);
}

double ig__measure_peak(const ig_context *context, const ig__kernels *k, double seconds) {
  const int threads = ig__pool_threads(context->pool), tasks = threads * TASKS;
  peak_job job = {k, 1000};
  double start = ig__now(), best = 1e9, one;
  run_chains(&job, 0, 0);
  one = (ig__now() - start) / (double)job.rounds;
  job.rounds = (int64_t)(50e-6 / one) + 1;
  do {
    double begun = ig__now();
    ig__pool_run(context->pool, tasks, true, run_chains, &job);
    double took = ig__now() - begun;
    if (took < best) best = took;
  } while (ig__now() - start < seconds);
  return 2.0 * IG__CHAINS * (double)job.rounds * tasks / best * 1e-9;
}
