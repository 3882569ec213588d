#ifndef IMGRAD_TUNE_H
#define IMGRAD_TUNE_H
/* The verb tune: options of training chosen by cross-validation, from many runs side by side.
 *
 *   ig_tune_options o = ig_tune_options_default();
 *   ig_tune_result r;
 *   ig_option_set(IG_VERB_TUNE, &o, "data", "mnist/");
 *   ig_option_set(IG_VERB_TUNE, &o, "l2", "1e-6..1e-1:log");   // a spread of values; any option of train may have one
 *   ig_tune(context, &o, NULL, &r);
 */

#include "imgrad/verbs.h"

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

#define IG_TUNE_SPREADS 8

/* An option and its values: "1e-6..1e-1:log" or "0.1..0.9" (`points` of them, evenly), or a list "a,b,c". Lists of texts that have commas
 * themselves (augment, class_weights, freeze, lr_scale) are divided by '|', as those of all others may be. */
typedef struct ig_tune_spread { char name[32], values[IG_PATH_SIZE]; } ig_tune_spread;

typedef struct ig_tune_options {
  ig_train_options train;       /* of every run; `out` is the folder of the whole, `resume` one to go on with, `time` is for the search */
  int spreads;
  ig_tune_spread spread[IG_TUNE_SPREADS]; /* filled in by ig_option_set */
  char search[16];              /* "grid", "random", "halving", "path" */
  int points;                   /* of each range; draws of a random search */
  int folds;                    /* 1: one validation part, as `val` says */
  bool nested;                  /* also measure what such a search is worth: on outer folds that it never sees */
  char by[8];                   /* "loss": that of the data, without the penalty; "error": the share of wrong answers */
  char choose[12];              /* "minimum", or "one-se": the strongest penalty within a standard error of it */
  char refit[8];                /* "yes": train on all training pictures with the choice; "no" */
} ig_tune_options;

ig_tune_options ig_tune_options_default(void);

/* A run that ended. */
typedef struct ig_tune_run {
  const char *folder;
  const char *setting;          /* "l2=0.001 lr=0.1" */
  int fold, outer;              /* from 1; fold 0: a refit; outer 0: not of a nested search */
  int done, count;              /* runs of this list */
  ig_status status;             /* IG_DIVERGED: there are no figures */
  int epochs, best_epoch;
  ig_metrics val, test;
} ig_tune_run;

/* Called on the thread that is in ig_tune. */
typedef struct ig_tune_events {
  void (*run)(void *user, const ig_tune_run *run);
  ig_status (*stop)(void *user);  /* as ig_train_events.stop; asked some times a second */
  void *user;
} ig_tune_events;

/* Mean over the folds, and its standard error (NaN for one fold). */
typedef struct ig_tune_score { double mean, error; } ig_tune_score;

typedef struct ig_tune_result {
  char out[IG_PATH_SIZE];       /* the folder: tune.csv, report.html, best.yaml, and one folder a run */
  int settings, complete;       /* tried; those with a figure for every fold */
  int diverged;                 /* settings that diverged in some fold */
  char minimum[IG_PATH_SIZE];   /* the setting with the least mean, "" when there is none yet */
  char one_se[IG_PATH_SIZE];    /* the strongest penalty within a standard error of it; "" when no penalty was tuned or there is one fold */
  char chosen[IG_PATH_SIZE];    /* one of these: that of best.yaml */
  ig_tune_score accuracy, loss; /* validation, of what was chosen */
  int refit_epochs;
  ig_metrics refit_val, refit_test; /* n 0: not measured */
  char refit[IG_PATH_SIZE];     /* its run folder; "": none */
  int nested;                   /* outer folds that were measured */
  ig_tune_score nested_accuracy, nested_loss; /* on them */
  const char *stopped;          /* "": all was done; "time" */
  double seconds;               /* of this call */
} ig_tune_result;

/* Chooses. Any number of the context's threads; the figures do not depend on it. The functions of the program's own sources are called
 * by several runs at once. IG_OK also when the time was over; a further call with options.train.resume goes on, as it does after
 * IG_INTERRUPTED, a kill or a failure. IG_USAGE: nothing to choose from, an option that cannot be tuned; IG_DIVERGED: every setting did;
 * IG_BELOW_BAR: the refit is below min_accuracy, `result` is filled in. */
ig_status ig_tune(ig_context *context, const ig_tune_options *options, const ig_tune_events *events, ig_tune_result *result);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif
#endif
