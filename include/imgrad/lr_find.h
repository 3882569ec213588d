#ifndef IMGRAD_LR_FIND_H
#define IMGRAD_LR_FIND_H
/* The verb lr-find: which learning rate a run should have. */

#include "imgrad/verbs.h"

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

typedef struct ig_lr_find_options {
  ig_train_options train;       /* of the run that is to have the rate; what says how long it is, and its schedule, is not looked at */
  double from, to;              /* rates of the first and of the last step; between them it grows by a constant factor */
  int steps;
} ig_lr_find_options;

ig_lr_find_options ig_lr_find_options_default(void);

typedef struct ig_lr_find_result {
  char out[IG_PATH_SIZE];       /* the folder of report.html and lr_find.csv */
  int steps;                    /* made: rate, loss and smoothed have so many */
  double *rate, *loss;          /* of each step; the mean loss of its pictures before it */
  double *smoothed;             /* the losses as the rule sees them */
  bool exploded;                /* the loss grew without bound before the last rate was reached */
  double lowest;                /* rate at which the smoothed loss is least */
  double low_from, low_to;      /* the rates around it at which nine tenths of its fall are reached */
  double suggestion;            /* by the rule that the help states; 0: no rate made the loss fall */
  double seconds;
  int64_t broken;               /* pictures left out */
} ig_lr_find_result;

typedef struct ig_lr_find_events {
  void (*step)(void *user, int step, int steps, double rate, double loss); /* after every step */
  ig_status (*stop)(void *user); /* asked before every step, as for ig_train; nothing is left then */
  void *user;
} ig_lr_find_events;

/* Trains for some hundred steps in which the rate grows from very small to much too large, and looks at what the loss does. The
 * weights of this are thrown away. Data, model, optimiser, penalties, batch and all else are as ig_train would have them; weights
 * may be given to start from. `events` may be NULL. IG_USAGE: a full-batch method, which finds its step by a search; or resume.
 * Owner of the result's arrays: caller, ig_lr_find_result_free. */
ig_status ig_lr_find(ig_context *context, const ig_lr_find_options *options, const ig_lr_find_events *events, ig_lr_find_result *result);
void ig_lr_find_result_free(ig_lr_find_result *result);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif
#endif
