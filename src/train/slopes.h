#ifndef IG__TRAIN_SLOPES_H
#define IG__TRAIN_SLOPES_H
/* How what a trained network says changes with the pixels: gradients by the picture, in inference mode, for any weighted sum of
 * its numbers. The graph is that of the model, and behind it what ig__gradients appends with a seed of the numbers' own shape:
 * one row of weights a picture, so the pictures of a batch may each ask for something else. Training never makes the gradient
 * of its first layer by the picture; here it is what is asked for. */

#include "train/train.h"

typedef struct ig__slopes_request {
  ig__model *model;          /* bound; borrowed */
  int line;                  /* whose numbers: a line of the model before its activation; −1: its output 0, before a softmax,
                              * log_softmax or sigmoid that ends it */
  int n;                     /* pictures at once */
  bool direct;               /* no convolution by Winograd */
  bool cancellable;          /* ig_cancel ends a run between two batches */
} ig__slopes_request;

typedef struct ig__slopes {
  const ig_context *context;
  ig__model *model;
  ig__plan *forward, *both;  /* numbers alone; numbers and gradient */
  ig__shape shape;           /* of the numbers */
  int n;
  bool cancellable;
  int64_t pixels, numbers;   /* of one picture */
  bool binary;               /* the network has one number z for two classes: here they are −z/2 and z/2, z less its middle, so that
                              * a softmax of the two is what a sigmoid of the one is */
  double middle;
  bool softmax;              /* of the output's numbers: a softmax of them is the network's probabilities */
  double unit;               /* what a white pixel, 1 here, is to the network: 1 for most models */
  void *x, *weight;          /* of a batch, in the plan's real type */
} ig__slopes;

/* IG_BAD_MODEL: the numbers do not depend on the picture, or a line on the way cannot be differentiated. */
ig_status ig__slopes_new(const ig_context *context, const ig__slopes_request *request, ig__slopes *out);
void ig__slopes_free(ig__slopes *slopes);

/* The numbers of any count of pictures, 0 … 1 and planar: number[count][numbers]. */
ig_status ig__slopes_numbers(ig__slopes *slopes, const double *x, int count, double *number);
/* The same, and for each picture the gradient of Σ weight·number by its pixels: gradient[count][pixels]. `number` may be NULL. */
ig_status ig__slopes_run(ig__slopes *slopes, const double *x, const double *weight, int count, double *number, double *gradient);

#endif
