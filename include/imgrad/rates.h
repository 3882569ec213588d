#ifndef IMGRAD_RATES_H
#define IMGRAD_RATES_H
/* What training says of its learning rate when the losses of its steps show that it is wrong. */

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

/* The causes; a run is told once at most that its rate is too high, and once that it is too low. Too high: the loss left for more than it began with; it falls and rises again and again;
 * the weights have gone far and the loss is where it began. Too low: the loss falls, evenly, and would still be high when the run
 * ends; nothing moves at all. */
typedef enum ig_rate_cause {
  IG_RATE_DIVERGING, IG_RATE_OSCILLATING, IG_RATE_STUCK, IG_RATE_CRAWLING, IG_RATE_STILL, IG_RATE_CAUSES
} ig_rate_cause;

typedef struct ig_rate_warning {
  ig_rate_cause cause;
  const char *name;             /* of the cause: "diverging" */
  bool too_high;                /* or too low */
  int64_t step;                 /* when it was told */
  double lr, try_lr;            /* the run's rate, without its schedule; the value to try */
  char words[400];              /* all of it, with the evidence */
} ig_rate_warning;

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif
#endif
