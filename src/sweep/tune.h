#ifndef IG__SWEEP_TUNE_H
#define IG__SWEEP_TUNE_H
/* Inside the verb tune: trials.c makes the settings, search.c has their runs done, choice.c looks at the figures, table.c and page.c
 * write them down, tune.c is the verb. */

#include "sweep/sweep.h"
#include "train/spread.h"

/* A setting that is tried, and what came out over its folds. */
typedef struct ig__trial {
  const char *value[IG_TUNE_SPREADS];
  double number[IG_TUNE_SPREADS];  /* NaN: no number */
  ig__sweep_run *run;              /* one a fold */
  bool in;                         /* still goes on (halving) */
  int rungs;                       /* it has climbed; the last has its figures */
  bool complete, diverged;         /* every fold has an end; one of them diverged, so that there is no figure */
  ig_tune_score accuracy, loss, by; /* by: what is to be least */
} ig__trial;

#define IG__MOST_RUNGS 12

/* A search over one set of training pictures: all, or what an outer fold leaves. */
typedef struct ig__search {
  int outer;                       /* from 1; 0: all */
  ig__trial *trial;
  int trials;
  ig__sweep_run *run;              /* trials × folds, a trial's beside each other */
  int rungs, epochs[IG__MOST_RUNGS], climbers[IG__MOST_RUNGS]; /* of halving */
  bool complete;                   /* nothing of it is left to do */
  int minimum, one_se, chosen;     /* −1: none */
  ig__sweep_run *refit;            /* NULL: none was done */
} ig__search;

typedef struct ig__tune {
  ig_context *context;
  const ig_tune_options *options;
  const ig_tune_events *events;
  ig__arena *arena;                /* of settings, names, runs */
  char folder[IG_PATH_SIZE];
  ig_train_options base;           /* of the runs of a search */
  int dims;                        /* options that are tuned */
  const ig__option *option[IG_TUNE_SPREADS];
  ig__values values[IG_TUNE_SPREADS];
  int penalty;                     /* the first of them that is stronger the larger it is; −1: none */
  int epochs;                      /* of a run, where halving must know */
  ig__sweep *sweep;
  ig__search search, *outer;       /* [folds] of a nested one */
  int outers;
  double began;
} ig__tune;

/* ---- trials.c ---------------------------------------------------------------------------------------------------------------------- */
ig_status ig__trials_make(ig__tune *tune, ig__search *search);
/* "l2=0.001 lr=0.1" */
const char *ig__trial_text(const ig__tune *tune, const ig__trial *trial, char out[IG_PATH_SIZE]);

/* ---- search.c ---------------------------------------------------------------------------------------------------------------------- */
/* Has the runs done and the choice made, as far as the time goes. */
ig_status ig__search_do(ig__tune *tune, ig__search *search);
/* A run with the chosen setting on all that the search chose by. */
ig_status ig__search_refit(ig__tune *tune, ig__search *search);

/* ---- choice.c ---------------------------------------------------------------------------------------------------------------------- */
void ig__trial_score(const ig__tune *tune, ig__trial *trial);
ig_tune_score ig__score_of(const double *value, int count); /* mean and standard error */
/* Sets minimum, one_se, chosen. */
void ig__search_choose(const ig__tune *tune, ig__search *search);
/* The trials in the order of what is to be least; those without figures last. `order` has room for all. */
void ig__search_rank(const ig__search *search, int *order);

/* ---- table.c, page.c --------------------------------------------------------------------------------------------------------------- */
ig_status ig__tune_save_options(const ig__tune *tune);             /* tune.yaml */
ig_status ig__tune_load_options(const char *folder, ig_tune_options *out);
ig_status ig__tune_write_table(const ig__tune *tune);              /* tune.csv */
ig_status ig__tune_write_best(const ig__tune *tune);               /* best.yaml */
ig_status ig__tune_write_page(const ig__tune *tune, const ig_tune_result *result); /* report.html */

#endif
