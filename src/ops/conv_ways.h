#ifndef IG__OPS_CONV_WAYS_H
#define IG__OPS_CONV_WAYS_H
/* The ways in which a convolution and its gradients can be computed, with what each is estimated to cost. Lowering takes the
 * cheapest; `imgrad bench --calibrate` holds the estimates against the clock. */

#include "ops/conv_geometry.h"

#define IG__CONV_WAYS 5
#define IG__CONV_TERMS 3

/* A cost is the sum of three terms by their constants, in multiply-adds of one block of 16 channels: products, elements of
 * transformed tiles (by block), and weights in packed form, which are made anew in every training step. Inference makes them once
 * and only reads them: `kept` takes the place of the third constant. */
typedef struct ig__conv_price { const char *name; double constant[IG__CONV_TERMS], kept; } ig__conv_price;
extern const ig__conv_price ig__conv_prices[];
extern const int ig__conv_price_count;

typedef struct ig__conv_estimate {
  const char *name;
  bool accepts;
  int price;               /* which of ig__conv_prices; the rest is 0 where the way does not accept the layer */
  double term[IG__CONV_TERMS], cost;
} ig__conv_estimate;

/* For a planned batch of n pictures; answers the way that lowering takes. `training`: weights are packed in every step;
 * `direct`: no Winograd; `bf16`: those ways too that round operands to bf16. */
int ig__conv_estimates(const ig__kernels *k, ig__conv_pass pass, const ig__conv *g, ig__pack form, int n, bool training,
                       bool direct, bool bf16, ig__conv_estimate out[IG__CONV_WAYS]);

/* The pass of the layer in words, for ig__choices: all that the estimates follow from but the instruction set, which a run cannot
 * change. */
#define IG__QUESTION_SIZE 256
void ig__conv_question(char out[IG__QUESTION_SIZE], ig__conv_pass pass, const ig__conv *g, ig__pack form, int n, bool training);

#endif
