#ifndef IG__TRAIN_RESTARTS_H
#define IG__TRAIN_RESTARTS_H
/* What several runs from different seeds have in common; src/sweep/restarts.c does them. */

#include "imgrad/restarts.h"

#include <math.h>

/* The seed of everything but the parts. */
static inline uint64_t ig__run_seed(const ig_train_options *o) { return (uint64_t)o->seed + (uint64_t)o->start; }

/* As training chooses among its epochs, and restarts among runs: more right answers, then the smaller loss, then the earlier. */
static inline bool ig__is_better(double accuracy, double loss, double best_accuracy, double best_loss) {
  if (accuracy != best_accuracy) return accuracy > best_accuracy;
  return isnan(best_loss) || loss < best_loss;
}

ig_status ig__folder_note(const char *folder, const char *text); /* log.c: a line of a folder's log.txt */

/* Of those of `count` numbers that are finite. */
ig_span ig__span_of(const double *v, int count);

#define IG__RESTARTS_TABLE "restarts.csv"
#define IG__RESTARTS_HEAD "seed,status,best,epochs,best_epoch,val/loss,val/accuracy,seconds"

#endif
