#ifndef IG__TRAIN_RESTARTS_H
#define IG__TRAIN_RESTARTS_H
/* What several runs from different seeds have in common; src/sweep/restarts.c does them. */

#include "imgrad/restarts.h"

/* The seed of everything but the parts. */
static inline uint64_t ig__run_seed(const ig_train_options *o) { return (uint64_t)o->seed + (uint64_t)o->start; }

/* Of those of `count` numbers that are finite. */
ig_span ig__span_of(const double *v, int count);

#define IG__RESTARTS_TABLE "restarts.csv"
#define IG__RESTARTS_HEAD "seed,status,best,epochs,best_epoch,val/loss,val/accuracy,seconds"

#endif
