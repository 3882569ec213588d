#ifndef IG__SWEEP_H
#define IG__SWEEP_H
/* A sweep: an ordered list of training runs that differ in some options, done side by side on the cores.
 *
 * Each run is an ordinary ig_train with a folder of its own, and gives what `imgrad train` gives with the same options, bit for bit: a run
 * has one thread while there are as many runs as threads, more when fewer are left, and results do not depend on that. Which pictures
 * train and validate is an option like others (fold, test_fold, val, seed). The data are opened once for all.
 *
 * A run that ended leaves its figures in its folder (result.txt, written whole or not at all). A sweep that is begun again over the same
 * folder, after a kill, Ctrl-C, or a time that was over, takes those, and goes on with runs that were begun from their checkpoints: the
 * figures are the same as without the break.
 *
 *   ig__sweep_options o = {.context = context, .folder = "runs/tune", .base = &train_options};
 *   ig__sweep_run run[2] = {{.name = "a", .setting = &(ig__setting){"l2", "1e-4"}, .settings = 1, .after = -1},
 *                           {.name = "b", .setting = &(ig__setting){"l2", "1e-3"}, .settings = 1, .after = -1}};
 *   ig__sweep_new(&o, &sweep);
 *   ig__sweep_go(sweep, run, 2);       // then run[i].result; another list may follow
 *   ig__sweep_free(sweep);
 */

#include "train/train.h"

/* An option of train by name, and its value as text. */
typedef struct ig__setting { const char *name, *value; } ig__setting;

/* What a run came to. */
typedef struct ig__sweep_result {
  bool done;                 /* the rest is there */
  bool ended;                /* by itself: not only paused */
  ig_status status;          /* IG_OK, IG_DIVERGED (there are no figures), IG_BELOW_BAR */
  int epochs, best_epoch;    /* finished; the one whose weights were kept */
  ig_metrics val, test;      /* of those weights; n 0: no such part */
  double baseline;           /* NaN: unknown */
  double seconds;            /* of training */
} ig__sweep_result;

typedef struct ig__sweep_run {
  const char *name;          /* of its folder, inside the sweep's */
  const ig__setting *setting; /* what differs from the base; set in this order */
  int settings;
  int after;                 /* an earlier run of the list, with whose weights it begins unless that diverged; −1: none */
  bool slim;                 /* once it ended, it keeps no checkpoint, which is most of what it takes on disk */
  int epochs;                /* pause after so many in all: asked for again with more, it goes on; 0: to its own end */
  ig__sweep_result result;   /* filled in */
} ig__sweep_run;

/* All are called on the thread that is in ig__sweep_go. */
typedef struct ig__sweep_events {
  /* Also for runs that had ended before. `done` of `count` of the list are told with this one. */
  void (*ended)(void *user, const ig__sweep_run *run, int done, int count);
  ig_status (*stop)(void *user);                          /* as ig_train_events.stop */
  void *user;
} ig__sweep_events;

typedef struct ig__sweep_options {
  ig_context *context;       /* its log, instruction set, number of threads, and what the program brought to it */
  const char *folder;        /* made when it is not there */
  /* Of all runs; out, resume, threads and time have no meaning here. Borrowed, like everything, until the end of the sweep. */
  const ig_train_options *base;
  double deadline;           /* ig__now() when no more training is done; 0: never */
  const ig__sweep_events *events; /* may be NULL */
} ig__sweep_options;

typedef struct ig__sweep ig__sweep;
ig_status ig__sweep_new(const ig__sweep_options *options, ig__sweep **out);
void ig__sweep_free(ig__sweep *sweep);

/* Does what of the list is not done yet; fills in the results. IG_OK: all are done, or the deadline has passed: ig__sweep_is_over.
 * IG_INTERRUPTED, …: stopped, with checkpoints written. IG_USAGE: the folder holds a run of this name with other settings. What ends a
 * run other than by diverging ends the sweep; the message names the run. */
ig_status ig__sweep_go(ig__sweep *sweep, ig__sweep_run *run, int count);
bool ig__sweep_is_over(const ig__sweep *sweep); /* the deadline has passed */
void ig__sweep_set_deadline(ig__sweep *sweep, double deadline); /* another for the next list; 0: none */
int ig__sweep_threads(const ig__sweep *sweep);

/* The options of a run as ig_train is given them: the base with its settings. IG_USAGE: a setting is none. */
ig_status ig__sweep_compose(const ig__sweep *sweep, const ig__sweep_run *run, ig_train_options *out);

/* saved.c: the options of a list of runs, for the file that it goes on by. Only what was set, but for `out` and the rows `without`: what is not
 * set is chosen by the data, again when it goes on. */
void ig__saved_options(const ig_train_options *options, uint64_t without, ig__buffer *out);
/* With --resume: is an option given that would change a figure, other than `also` (may be NULL)? */
bool ig__saved_differs(const ig_train_options *asked, const char *also);
/* What may be given with --resume, from there into the saved options. IG_USAGE: another --out. */
ig_status ig__saved_take(const ig_train_options *asked, ig_train_options *out);

/* record.c: result.txt. `key` is of everything that the result depends on. Read: result->done false when there is none yet; IG_USAGE when
 * it is of a run with another key. */
ig_status ig__record_write(const char *folder, uint64_t key, const ig__sweep_result *result);
ig_status ig__record_read(const char *folder, uint64_t key, ig__sweep_result *result);

#endif
