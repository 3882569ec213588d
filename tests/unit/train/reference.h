#ifndef IG__TESTS_REFERENCE_H
#define IG__TESTS_REFERENCE_H
/* Numbers of PyTorch and Keras, as tests/reference/make_*.py stored them, and the weights and pictures they were made from:
 * the C side of tests/reference/generator.py. */

#include "train/train.h"

enum { REFERENCE_TENSORS = 128, REFERENCE_RUNS = 8, REFERENCE_SAMPLES = 64, REFERENCE_LOSSES = 32, REFERENCE_LOGITS = 80 };

/* What a tensor starts from: base + scale·u. */
typedef struct reference_tensor { char name[64]; int64_t count; double base, scale; } reference_tensor;

/* What became of it: largest magnitude, sum, sum of squares, some elements. */
typedef struct reference_result {
  double largest, sum, squares;
  int samples;
  int64_t at[REFERENCE_SAMPLES];
  double value[REFERENCE_SAMPLES];
} reference_result;

typedef struct reference_run {
  char name[32], option[64];  /* "sgd", "momentum=0.9" */
  int steps, losses, results;
  double lr;
  int loss_step[REFERENCE_LOSSES];
  double loss[REFERENCE_LOSSES];
  reference_result result[REFERENCE_TENSORS]; /* of tensor i */
} reference_run;

typedef struct reference {
  char model[32];
  int tensors, runs, logits64, logits32;
  reference_tensor tensor[REFERENCE_TENSORS];
  double logit64[REFERENCE_LOGITS], logit32[REFERENCE_LOGITS];
  reference_run run[REFERENCE_RUNS];
} reference;

/* The section of a model in a file of tests/reference; it is valid until the next call. */
const reference *reference_of(const char *file, const char *model);
/* The first run of an optimiser, or "adam amsgrad=yes": of it with this option. */
const reference_run *reference_run_of(const reference *r, const char *name);

/* u8 pictures number first … first+count-1, `size` pixels each; their labels. */
void reference_pictures(int64_t first, int count, int64_t size, uint8_t *out);
void reference_labels(int64_t first, int count, int32_t *out);
/* Fills a bound model's parameters and states; the test fails unless names and sizes are the reference's, all of them. */
void reference_fill(const reference *r, ig__model *m);
/* The largest |Δw| / max|w| of any stored element of any tensor; `worst` is that tensor's name. The sums, which see every
 * element, fail the test when they are off by more than `tolerance` for each element. */
double reference_compare(const reference *r, const reference_run *run, const ig__model *m, double tolerance,
                         const char **worst);

#endif
