#ifndef IG__UPDATE_IMPL_H
#define IG__UPDATE_IMPL_H
/* Inside an updater: shared by update.c and hypergradient.c. */

#include "train/regularise.h"

#define IG__PIECE ((int64_t)1 << 14)

typedef struct ig__piece { int param; int64_t offset, count; double rate; double squares, value; } ig__piece;
/* A parameter on which a penalty of groups acts: these see it whole. */
typedef struct ig__whole { int param; ig__weights weights; double value; } ig__whole;

struct ig__updater {
  const ig_context *context;
  ig__model *model;
  const ig__kernels *k;
  const ig__optimiser *optimiser;
  void *optimiser_options;
  void *grads, *slot[IG__MAX_SLOTS];
  void *pull;                /* the penalties' gradient at the weights before the last step; NULL: nobody asks for it */
  int slots;
  ig__acts penalties;
  double *factor;            /* of λ, for each parameter */
  double lr, clip, weight_decay;
  double *rate;              /* of each parameter: --lr-scale */
  ig__piece *piece;
  size_t piece_count;
  ig__whole *whole;
  size_t whole_count;
  /* of the step that runs: */
  double step_lr, divide;
  int64_t step;
};

static inline void *ig__updater_at(const ig__updater *u, void *array, int64_t offset) {
  return (uint8_t *)array + (size_t)offset * (size_t)u->k->real_size;
}

/* What the optimiser is told of a piece. */
ig__update ig__updater_piece(const ig__updater *updater, const ig__piece *piece);
/* Small models are not worth waking threads for: one thread does a piece in a few microseconds. */
void ig__updater_over_pieces(ig__updater *updater, ig__task_fn fn, void *arg);

/* The statement for each penalty `a` that acts on the parameter, with its λ. */
#define IG__EACH_ACTING(u, param, a, lambda_, ...)                                                      \
  for (size_t k_ = 0; k_ < (u)->penalties.count; k_++) {                                                \
    const ig__acting *a = &(u)->penalties.entry[k_];                                                    \
    const double lambda_ = a->unit > 0 ? a->lambda[param] * (u)->factor[param] : a->lambda[param];     \
    if (lambda_ > 0) __VA_ARGS__                                                                        \
  }

#endif
