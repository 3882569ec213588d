#ifndef IG__SWEEP_RUNNER_H
#define IG__SWEEP_RUNNER_H
/* Inside the runner: runner.c hands runs out to threads, one.c does one of them. */

#include "sweep/sweep.h"
#include "train/shared.h"

#include <pthread.h>

typedef enum ig__turn { IG__TURN_WAITS, IG__TURN_RUNS, IG__TURN_OVER } ig__turn;

struct ig__sweep {
  ig__sweep_options options;
  ig__shared *shared;
  atomic_bool stopping;      /* runs save and end */
  bool over;                 /* the deadline has passed */

  pthread_mutex_t lock;
  pthread_cond_t changed;
  /* Under the lock: */
  ig__sweep_run *run;        /* the list at hand; results of runs that are over may be read without */
  ig__turn *turn;
  bool *told;                /* that a run ended */
  int tellings;
  int count, working;        /* working: threads */
  ig_status failed;          /* the first failure, its message, and whose it is */
  char message[IG__MESSAGE_SIZE];
  int of;
  char **warning;            /* each once, those from `said` on are to be said */
  size_t warnings, warning_capacity, said;
};

bool ig__sweep_is_stopping(ig__sweep *sweep);
void ig__sweep_warn(ig__sweep *sweep, const char *text); /* any thread */

/* `before`: the run with whose weights it begins, or NULL. IG_INTERRUPTED when the sweep is stopping. */
ig_status ig__sweep_one(ig__sweep *sweep, const ig__sweep_run *run, const ig__sweep_run *before, int threads, ig__sweep_result *out);
/* A hash of everything that the result depends on. */
uint64_t ig__sweep_key(const ig__sweep *sweep, const ig__sweep_run *run, const char *before, const ig_train_options *options);

#endif
