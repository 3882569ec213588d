#ifndef IG__RATE_WATCH_H
#define IG__RATE_WATCH_H
/* Is the learning rate too high or too low? Judged by the losses of the steps alone, so it costs a few additions a step, and the
 * same run says the same whatever the machine, the threads and the interruptions. */

#include "imgrad/rates.h"

#define IG__RATE_BLOCKS 8

/* Numbers only: the checkpoint keeps it. Zeros at the start of a run. */
typedef struct ig__rate_watch {
  double start;              /* the loss of the first step */
  double norm;               /* of the weights then */
  double reference;          /* what a loss is measured by: the start, or for a start that knows something the loss of knowing nothing */
  double mean, weight;       /* running mean (mean / weight) */
  double top, low, high;     /* largest running mean of the run; least, and largest since, of the present swing */
  double swings;             /* complete ones */
  double block_steps, blocks; /* full blocks of so many steps, and behind them the one that fills */
  double filled, sum[IG__RATE_BLOCKS], squares[IG__RATE_BLOCKS];
  /* By cause; step 0: not told. evidence: what the words need. */
  struct { double step, lr, try_lr, evidence[3]; } told[IG_RATE_CAUSES];
} ig__rate_watch;

/* What the watch is told of a step. */
typedef struct ig__rate_step {
  int64_t step, steps;       /* from 1; of the whole run as far as is known, 0: not known */
  int64_t pictures;
  double loss;               /* of its pictures before it; not finite: training ends here */
  double lr, base;           /* rate of this step; of the run, without the schedule */
  double chance;             /* the loss of knowing nothing; 0: unknown */
  double (*norm)(const void *user); /* of the weights, asked for when it matters */
  const void *user;
} ig__rate_step;

/* Answers the cause that this step brought to light, or −1. */
int ig__rate_watch_step(ig__rate_watch *watch, const ig__rate_step *step);
/* The warning of a cause; false when there is none. */
bool ig__rate_watch_told(const ig__rate_watch *watch, int cause, ig_rate_warning *out);

#endif
