#ifndef IMGRAD_CALIBRATE_H
#define IMGRAD_CALIBRATE_H
/* The ways of computing a convolution, held against the clock: `imgrad bench --calibrate`. */

#include "imgrad/verbs.h"

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

#define IG_CALIBRATION_WAYS 5

/* One pass of one convolution at one planned batch. */
typedef struct ig_calibration_row {
  char layer[64];               /* "64 -> 128, 32 x 32, k3 s2 p1" */
  const char *pass;             /* "forward", "dx", "dw" */
  int batch;
  const char *chosen, *best;    /* what plans take; what was fastest */
  double us[IG_CALIBRATION_WAYS]; /* a picture, of core time, packing included; 0: the way does not take the layer */
  double loss;                  /* time of the chosen way by the fastest one's, less 1 */
} ig_calibration_row;

/* The constants of a kind of way: cost = product·(multiply-adds of 16 channels) + transform·(16 elements) + weight·(16 weights). */
typedef struct ig_calibration_price {
  const char *name;
  int rows;                     /* measurements that it was fitted to; 0: none */
  double now[3], fitted[3];     /* 0: does not occur */
} ig_calibration_price;

typedef struct ig_calibration_result {
  const char *isa;
  int threads, rows, prices, wrong; /* wrong: rows whose choice loses more than 5 % */
  double peak_gflops, mean_loss, worst_loss;
  const char *way[IG_CALIBRATION_WAYS];
  ig_calibration_row *row;
  ig_calibration_price *price;
} ig_calibration_result;

/* Measures every way of computing the convolutions of the options' model ("all": of every built-in one) in training beside the one
 * that plans choose, for planned batches of 1, 8, 32 and 128, those of more than 512 MiB left out, and fits the constants of the
 * estimate (least squares of the relative error). Uses precision and seconds (a measurement's; 0.05 are enough) of the options.
 * Nothing that the library computes depends on it. Owner of the arrays: caller, ig_calibration_free. */
ig_status ig_calibrate(ig_context *context, const ig_bench_options *options, ig_calibration_result *result);
void ig_calibration_free(ig_calibration_result *result);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif
#endif
