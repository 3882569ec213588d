#ifndef IG__OPS_BATCHNORM_H
#define IG__OPS_BATCHNORM_H
/* Batch normalisation (Ioffe & Szegedy 2015), cut into the passes that it runs in:
 *
 *   batchnorm            (x [, gamma, beta]) → y, mean, variance: the training form, which is what derivative rules see;
 *                        lowered into the next two
 *   batchnorm_statistics (x) → mean and variance of each channel
 *   batchnorm_apply      (x, mean, variance [, gamma, beta]) → y; by itself the inference form, with the running values
 *   batchnorm_sums       (x, dy, mean, variance) → dgamma, dbeta
 *   batchnorm_dx         (x, dy, mean, variance, dgamma, dbeta, …) → dx
 *   batchnorm_update     writes the running values
 *   batchnorm_scale      (variance [, gamma]) → gamma/√(variance + eps), for the derivatives of batchnorm_apply
 *   batchnorm_fold       (mean, variance [, gamma, beta] [, bias]) → factor and shift: what is left of batchnorm_apply when the
 *                        convolution before it takes them in (conv_fuse.c) */

#include "graph/op.h"

typedef struct ig__batchnorm_options {
  double momentum, eps;
  bool affine;
  /* Set by rules, never in text. */
  bool relu;                        /* batchnorm_apply: a relu follows in the same pass */
  bool from_mean, from_variance;    /* batchnorm_dx: gradients that flow into the statistics themselves are inputs too */
  double plane;                     /* batchnorm_update: pixels of a picture */
} ig__batchnorm_options;

/* 1/√(variance + eps) of channel c. */
double ig__batchnorm_rstd(const ig__run *r, const ig__view *variance, int c, double eps);

/* The probe shapes of the family: images and [n, c] values, at least two values a channel. */
bool ig__batchnorm_shape(int index, ig__shape *x);
ig__probe_in ig__batchnorm_probe_channel(const ig__shape *x, ig__draw draw);

#endif
