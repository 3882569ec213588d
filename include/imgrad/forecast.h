#ifndef IMGRAD_FORECAST_H
#define IMGRAD_FORECAST_H
/* How long training should take: part of what ig_summary answers (verbs.h). */

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

/* What a training step should take on this machine: each node of the plan by its multiply-adds and by the bytes that it reads and writes.
 * Of an epoch the steps alone: reading pictures and validating come on top. */
typedef struct ig_forecast {
  bool made;
  int threads;
  double peak_gflops;           /* measured, of all threads: multiply-adds in registers */
  double near_bytes, far_bytes; /* measured, a second: copies in the caches of the cores; in as much memory as the plan works in */
  double loss, update;          /* seconds of a step: what belongs to no line; optimiser */
  double step, epoch;           /* seconds; the rows, loss and update add up to the step */
  int64_t pictures, steps;      /* of the epoch */
  uint64_t bytes;               /* weights, gradients, optimiser, plan */
} ig_forecast;

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif
#endif
