#ifndef IMGRAD_RESTARTS_H
#define IMGRAD_RESTARTS_H
/* Training several times from different seeds and keeping the best: `imgrad train --restarts 5`. A loss with many local minima ends in
 * another one each time; how far the ends are apart says how much a single run means.
 *
 *   ig_train_options o = ig_train_options_default();
 *   ig_option_set(IG_VERB_TRAIN, &o, "restarts", "5");
 *   ig_restarts(context, &o, NULL, &r);
 */

#include "imgrad/verbs.h"

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

typedef struct ig_restart {
  char folder[IG_PATH_SIZE];    /* of this run */
  int64_t seed;                 /* of its weights, order, dropout and augmentation */
  bool done;                    /* the rest is there */
  ig_status status;             /* IG_DIVERGED: there are no figures */
  int epochs, best_epoch;
  ig_metrics val, test;         /* of the weights it kept */
  double baseline, seconds;
} ig_restart;

/* Of the n runs that have figures; deviation is the sample's, NaN for one run. */
typedef struct ig_span { int n; double min, mean, max, deviation; } ig_span;

typedef struct ig_restarts_result {
  char out[IG_PATH_SIZE];       /* the run folder, which is that of the best run; all runs are in its restarts/ */
  int runs;
  ig_restart *run;              /* by seed */
  int best;                     /* −1: none yet */
  ig_span loss, accuracy;       /* of validation */
} ig_restarts_result;

typedef struct ig_restarts_events {
  void (*run)(void *user, const ig_restart *run, int done, int count); /* a run has ended */
  ig_status (*stop)(void *user);  /* as ig_train_events.stop; asked some times a second */
  void *user;
} ig_restarts_events;

/* Trains options->restarts times, side by side on the cores, with the seeds seed + start, seed + start + 1, … for weights, order, dropout and
 * augmentation; the parts are those of `seed` in all, so that all are measured on the same pictures. Each is the run that ig_train
 * makes with this `start`, bit for bit. The best by validation (most right answers, then least loss, then the smaller seed) becomes the
 * run folder: its weights, checkpoint, tables and report, with restarts.csv and the spread beside them. Broken off and taken up again
 * (`resume`) it ends with the same files, but for times. IG_USAGE: no validation part to choose by, a length that the clock decides, or
 * a folder whose restarts are over (ig_train goes on with the best). IG_BELOW_BAR: as ig_train, of the best. IG_INTERRUPTED, …:
 * `result` is filled with what is done. IG_DIVERGED: all runs. Owner of the runs: caller, ig_restarts_result_free. */
ig_status ig_restarts(ig_context *context, const ig_train_options *options, const ig_restarts_events *events, ig_restarts_result *result);
void ig_restarts_result_free(ig_restarts_result *result);
/* Is this a folder of restarts that were broken off, which ig_restarts goes on with and ig_train could not? */
bool ig_restarts_pending(const char *folder);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif
#endif
