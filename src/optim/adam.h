#ifndef IG__OPTIM_ADAM_H
#define IG__OPTIM_ADAM_H
/* What adam and adamw share. m = β₁m + (1−β₁)g, v = β₂v + (1−β₂)g², w −= lr · m̂ / (√v̂ + ε), where m̂ = m/(1−β₁ᵗ) and
 * v̂ = v/(1−β₂ᵗ). With amsgrad the largest v so far takes the place of v (Reddi, Kale & Kumar, On the convergence of Adam and
 * beyond, ICLR 2018; largest before the bias correction, as in PyTorch). ε stands after the bias correction, as in Algorithm 1 of
 * the paper and in PyTorch. Keras adds it before, which makes it larger in the first steps (by 1/√(1−β₂) = 32 in the very
 * first). */

#include "optim/optim.h"
#include "optim/power.h"

#define IG__ADAM_MEMBERS \
  double beta1, beta2, epsilon; \
  bool amsgrad

typedef struct ig__adam_options { IG__ADAM_MEMBERS; } ig__adam_options;

/* β = 1 would keep the zeros that the moments start from and divide 0 by 0; ε = 0 would do so where a gradient has been
 * 0 since the first step. Hence the bounds. */
#define IG__ADAM_ROWS(T)                                                                                                 \
  IG__OPTION(T, beta1, "0.9", 0, 0.999999, "", "share of the mean gradient kept from step to step"),                     \
  IG__OPTION(T, beta2, "0.999", 0, 0.99999999, "", "share of the mean squared gradient kept at each step"),              \
  IG__OPTION(T, epsilon, "1e-7", 1e-30, 1, "", "added to the root of the mean square, bias corrected"),                  \
  IG__OPTION(T, amsgrad, "no", 0, 1, "", "divide by the largest mean square so far: rates never rise again")

/* `options` begins with the members above. */
static inline int ig__adam_slots(const void *options) { return ((const ig__adam_options *)options)->amsgrad ? 3 : 2; }

static inline void ig__adam_update(const ig__update *u) {
  const ig__adam_options *o = u->options;
  ig__adam p = {.lr = u->lr, .beta1 = o->beta1, .beta2 = o->beta2, .epsilon = o->epsilon,
                .correction1 = 1 - ig__power(o->beta1, u->step), .correction2 = 1 - ig__power(o->beta2, u->step)};
  u->k->adam_step(u->w, u->g, u->slot[0], u->slot[1], o->amsgrad ? u->slot[2] : NULL, &p, u->count);
}

/* m̂ and v̂ both have g in them. Where amsgrad divides by an older v, that one has not. */
static inline void ig__adam_gain(const ig__update *u, double *out) {
  const ig__adam_options *o = u->options;
  const double first = (1 - o->beta1) / (1 - ig__power(o->beta1, u->step)), second = 1 / (1 - ig__power(o->beta2, u->step));
  for (int64_t i = 0; i < u->count; i++) {
    const double g = ig__element(u, u->g, i), m = ig__element(u, u->slot[0], i), v = ig__element(u, u->slot[1], i);
    const double most = o->amsgrad ? ig__element(u, u->slot[2], i) : v, root = sqrt(most * second), below = root + o->epsilon;
    const double mean = m * first / (1 - o->beta1), bend = most > v || !(root > 0) ? 0 : mean * second * (1 - o->beta2) * g / (root * below);
    out[i] = u->lr * (first - bend) / below;
  }
}

#endif
