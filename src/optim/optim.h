#ifndef IG__OPTIM_H
#define IG__OPTIM_H
/* Optimisers, schedules, penalties, averages, initialisers: functions over spans of flat arrays. None knows the graph, the model or
 * the data. Each kind is a folder with an all.def; the name is the identity. Spans are of the kernel table's real type;
 * rates and values are double. */

#include "base/options.h"
#include "base/rng.h"
#include "kernels/kernels.h"

/* What every kind begins with, so that one registry and one parser serve them all: adam->name and adam->thing.name are
 * the same. source: the paper, or the names that others give it. check: refuses combinations that the table's ranges
 * cannot (IG_USAGE with its words); NULL when there are none. */
#define IG__THING_MEMBERS                    \
  const char *name, *help, *source;          \
  const ig__option *options;                 \
  size_t options_size;                       \
  ig_status (*check)(const void *options)

typedef struct ig__thing { IG__THING_MEMBERS; } ig__thing;
#define IG__IS_THING union { struct { IG__THING_MEMBERS; }; ig__thing thing; }

/* ---- optimisers -------------------------------------------------------------------------------------------------- */

#define IG__MAX_SLOTS 4

/* One update of one span. Slots are arrays of the span's length that start as zeros and belong to the optimiser. */
typedef struct ig__update {
  const ig__kernels *k;
  const void *options;
  double lr;
  int64_t step;              /* 1 at the first update */
  void *w;
  const void *g;
  void *slot[IG__MAX_SLOTS];
  int64_t count;
} ig__update;

/* Element i of an array of the update's real type. */
static inline double ig__element(const ig__update *u, const void *array, int64_t i) {
  return u->k->real_size == 8 ? ((const double *)array)[i] : (double)((const float *)array)[i];
}

typedef struct ig__optimiser {
  IG__IS_THING;
  int (*slots)(const void *options); /* how many slots these options need */
  double default_lr;
  void (*step)(const ig__update *u);
  double (*weight_decay)(const void *options); /* decoupled decay that these options bring along; NULL: none */
  /* After `step`: out[i] = −∂w/∂g of that step, weight by weight, everything that was there before it held fixed. */
  void (*gain)(const ig__update *u, double *out);
} ig__optimiser;

/* ---- schedules: of the learning rate, and of λ --------------------------------------------------------------------- */

/* Where a run stands. `step` counts updates from 0; total_steps is the whole run's; this and steps_per_epoch are ≥ 1. */
#define IG__SCHEDULE_STATE 6
typedef struct ig__progress {
  int64_t step, total_steps, steps_per_epoch;
  const double *state;               /* what `observe` keeps, IG__SCHEDULE_STATE numbers; NULL: nothing observed yet */
} ig__progress;

/* What an epoch has shown: figures of validation, or of training where nothing validates; losses are those of the data. */
typedef struct ig__outcome {
  double loss, accuracy;             /* penalties included */
  double data_loss, train_loss;
  double nothing;                    /* the loss of knowing nothing; 0: not known */
} ig__outcome;

typedef struct ig__schedule {
  IG__IS_THING;                      /* the options struct of every schedule begins with `double warmup` (epochs) */
  double (*factor)(const void *options, ig__progress at); /* of the base rate, or of λ, without warm-up */
  /* After each epoch: what the state becomes, which is zeros at first and in every checkpoint. NULL: the rate follows from the
   * step alone. */
  void (*observe)(const void *options, double *state, const ig__outcome *seen);
  bool of_lambda;                    /* it has no meaning for the learning rate */
} ig__schedule;

/* The rate's factor with the common linear warm-up applied (from 1/(w+1) of the first step on to 1 after `warmup` epochs;
 * the schedule itself runs over the whole length). */
double ig__schedule_factor(const ig__schedule *schedule, const void *options, ig__progress at);

/* ---- penalties --------------------------------------------------------------------------------------------------- */

/* Where a penalty acts, the first row of its options: every options struct begins with it. */
#define IG__PENALTY_ON_SIZE 128
#define IG__PENALTY_ON(T) \
  IG__OPTION(T, on, "", 0, 0, "", "parameters it acts on, a pattern of names as conv2d1.*; default: all weights")

/* The weights of one tensor as rows × inputs × window, contiguous: a row for each output (filter, unit), in it a window for each
 * input. `transposed`: the rows are the inputs (conv2d_transpose). `scratch` has room for two rows of reals. */
enum { IG__BY_FILTERS = 1, IG__BY_CHANNELS = 2 }; /* outputs, inputs */
typedef struct ig__weights { void *w; int64_t rows, inputs, window; bool transposed; void *scratch; } ig__weights;

/* Ω(w), already multiplied by its λ. `lambda` is resolved by the member of that name: scales are gone, and 0 is nothing. One
 * whose terms are single weights works on spans, however a tensor is cut; one whose terms are groups of them (filters,
 * channels) has `tensor_value` and `tensor_prox` instead and sees whole tensors. */
typedef struct ig__penalty {
  IG__IS_THING;                      /* the options begin with `char on[IG__PENALTY_ON_SIZE]` */
  /* The λ that multiplies ‖w‖² or ‖w‖₁ itself, from the options' lambda and scale; `pictures`, the number of training
   * pictures, is ≥ 1. */
  double (*lambda)(const void *options, double pictures);
  double (*value)(const ig__kernels *k, const void *options, double lambda, const void *w, int64_t count);
  /* g += dΩ/dw; NULL for one that acts by prox only. */
  void (*gradient)(const ig__kernels *k, double lambda, const void *w, void *g, int64_t count);
  /* out += ∇²Ω(w)·v; NULL where the gradient is. */
  void (*hessian)(const ig__kernels *k, double lambda, const void *w, const void *v, void *out, int64_t count);
  /* w = argmin_u ½‖u−w‖² + step·Ω(u), after the update; NULL for one that acts by its gradient. */
  void (*prox)(const ig__kernels *k, const void *options, double lambda, double step, void *w, int64_t count);
  int (*groups)(const void *options); /* what these are: IG__BY_… */
  double (*tensor_value)(const ig__kernels *k, const void *options, double lambda, const ig__weights *w);
  void (*tensor_prox)(const ig__kernels *k, const void *options, double lambda, double step, const ig__weights *w);
} ig__penalty;

/* ---- averages ------------------------------------------------------------------------------------------------------ */

/* A mean of the weights beside those that train; it is what is measured and kept. */
typedef struct ig__average {
  IG__IS_THING;
  /* The share of the present weights in the mean, mean += share·(w − mean); 0: they do not enter. `count`: how many did. */
  double (*share)(const void *options, ig__progress at, int64_t count);
  bool each_epoch;                   /* asked at the end of each epoch; else after each update */
  bool statistics;                   /* running statistics are measured anew with the mean; else they are averaged alike */
} ig__average;

/* ---- initialisers ------------------------------------------------------------------------------------------------ */

/* One of fill and fill_matrix. fill: `count` doubles; values are drawn in double and rounded by the caller, so float and double models start alike.
 * Both fans are ≥ 1. The values are the stream's next ones in order: filling in pieces gives what filling at once gives. */
typedef struct ig__initialiser {
  IG__IS_THING;
  void (*fill)(const void *options, double fan_in, double fan_out, ig__rng *rng, double *w, int64_t count);
  /* A whole tensor at once, rows (the first dimension) × columns (all others): for values that belong together. IG_NO_MEMORY. */
  ig_status (*fill_matrix)(const void *options, int64_t rows, int64_t columns, ig__rng *rng, double *w);
} ig__initialiser;

/* ---- registries: NULL-terminated, alphabetical; find answers NULL for an unknown name --------------------------------- */
extern const ig__optimiser *const ig__optimisers[];
extern const ig__schedule *const ig__schedules[];
extern const ig__penalty *const ig__penalties[];
extern const ig__average *const ig__averages[];
extern const ig__initialiser *const ig__initialisers[];
const ig__optimiser *ig__optimiser_find(const char *name);
const ig__schedule *ig__schedule_find(const char *name);
const ig__penalty *ig__penalty_find(const char *name);
const ig__average *ig__average_find(const char *name);
const ig__initialiser *ig__initialiser_find(const char *name);

/* "adam beta1=0.8" → the thing and its parsed, checked options (owner: caller, ig__free; never NULL, also for a thing
 * without options). IG_USAGE names the nearest known name, or the option that is wrong; IG_NO_MEMORY. On failure neither
 * output is touched. */
ig_status ig__optimiser_parse(const char *text, const ig__optimiser **thing, void **options);
ig_status ig__schedule_parse(const char *text, const ig__schedule **thing, void **options);
ig_status ig__penalty_parse(const char *text, const ig__penalty **thing, void **options);
ig_status ig__average_parse(const char *text, const ig__average **thing, void **options);
ig_status ig__initialiser_parse(const char *text, const ig__initialiser **thing, void **options);

#endif
