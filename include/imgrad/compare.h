#ifndef IMGRAD_COMPARE_H
#define IMGRAD_COMPARE_H
/* The verb compare: several optimisers on the same task, from the same start, with the same order of pictures.
 *
 *   ig_compare_options o = ig_compare_options_default();
 *   ig_option_set(IG_VERB_COMPARE, &o, "optimizers", "sgd lr=0.1:0.03:0.01, adam, lbfgs");
 *   ig_compare(context, &o, NULL, &r);
 */

#include "imgrad/verbs.h"

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

#define IG_COMPARE_RUNS 64

typedef struct ig_compare_options {
  ig_train_options train;       /* of every run; `out` is the folder of the whole, `resume` one to go on with; epochs: gradients of all
                                 * training pictures that each run may cost, which for optimisers on batches are epochs */
  /* What is compared, divided by commas, each as --optimizer takes it, with a rate of its own (lr=0.1) or several (lr=0.1:0.01), which
   * are runs of their own; also momentum, nesterov, amsgrad and gauss_newton, short for sgd, adam and newton with their option. */
  char optimizers[IG_PATH_SIZE];
} ig_compare_options;

ig_compare_options ig_compare_options_default(void);

typedef struct ig_compare_run {
  char folder[IG_PATH_SIZE];
  char name[IG_SPEC_SIZE];      /* "sgd momentum=0.9 lr=0.1" */
  int item;                     /* of the list; rates of one share it */
  bool best;                    /* of the item's rates: the least training loss at the end */
  bool done;                    /* the rest is there */
  ig_status status;             /* IG_DIVERGED: there are no figures of the end */
  int epochs;                   /* finished; steps of a full-batch method */
  double cost;                  /* gradients of all training pictures; a Hessian-vector product counts two, a loss alone a third */
  double loss;                  /* of training, penalty included, in the last epoch */
  ig_metrics val, test;         /* of the weights kept */
  double seconds;
} ig_compare_run;

typedef struct ig_compare_events {
  void (*run)(void *user, const ig_compare_run *run, int done, int count); /* a run has ended */
  ig_status (*stop)(void *user);  /* as ig_train_events.stop; asked some times a second */
  void *user;
} ig_compare_events;

typedef struct ig_compare_result {
  char out[IG_PATH_SIZE];
  int runs;
  ig_compare_run run[IG_COMPARE_RUNS]; /* in the order of the list */
} ig_compare_result;

/* Trains once for each optimiser and rate, side by side on the cores, each in a folder of its own (out/runs/…), and leaves compare.csv,
 * report.html and compare.yaml. Broken off and taken up again (`resume`) it gives the same table but for times. IG_USAGE: no such
 * optimiser, or nothing to compare. IG_INTERRUPTED, …: what is done is kept, `result` is filled. */
ig_status ig_compare(ig_context *context, const ig_compare_options *options, const ig_compare_events *events, ig_compare_result *result);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif
#endif
