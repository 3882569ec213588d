#ifndef IG__TRAIN_REGULARISE_H
#define IG__TRAIN_REGULARISE_H
/* Penalties on the weights, what they leave of them, and means of the weights. */

#include "train/train.h"

/* ---- penalties.c: which act on which parameters ------------------------------------------------------------------------- */
/* `lambda`: one a parameter, resolved; 0: it does not act there. `unit`: what a given λ of 1 is resolved to; 0: its number is no λ, and
 * does not move as one. */
typedef struct ig__acting { const ig__penalty *penalty; void *options; double *lambda, unit; } ig__acting;
typedef struct ig__acts { ig__acting *entry; size_t count, capacity; } ig__acts;
/* Those of --l2, --l1, the model's lines and --penalty. `pictures`: that train. Owner: caller, ig__acts_free, in any case.
 * IG_USAGE: what is named is not there, or means nothing where it is to act. */
ig_status ig__acts_new(const ig__model *model, const ig_train_options *options, double pictures, ig__acts *out);
void ig__acts_free(ig__acts *penalties);
/* Which λ of a λ that moves belongs to each parameter, by number: 0 for all on which a penalty acts, or with `layers` one for each
 * line that has such; −1: none acts. Answers how many there are. */
int ig__acts_groups(const ig__model *model, const ig__acts *penalties, bool layers, int *group);
/* The first penalty with a λ that acts on this parameter; NULL: none does. And its λ as it was given; 0: none. */
const ig__acting *ig__acts_first(const ig__model *model, const ig__acts *penalties, size_t param);
double ig__acts_given(const ig__model *model, const ig__acts *penalties, size_t param);
/* Ω of the model's weights by a run's own options, so that a loss means afterwards what it meant while training; with the λ that it
 * had at these weights, when it moved (model->lambda). `pictures`: of its training part. */
ig_status ig__penalty_of_run(const ig_context *context, ig__model *model, const ig_train_options *run, int64_t pictures, double *out);
ig__weights ig__weights_of(const ig__model *model, const ig__param *param); /* without scratch */

/* ---- zeros.c ------------------------------------------------------------------------------------------------------------- */
/* Exact zeros of a parameter; of weights the filters (units), and those of which every weight is zero. */
typedef struct ig__zeros { int64_t zeros, filters, dead; } ig__zeros;
ig__zeros ig__zeros_of(const ig__model *model, const ig__param *param);
ig_status ig__trainer_zeros(const ig__trainer *trainer, ig_train_result *result); /* writes layers.csv, fills in the sums */

/* ---- average.c: a mean of the weights, --average -------------------------------------------------------------------------- */
ig_status ig__averager_open(ig__trainer *trainer);   /* sets trainer->averager; NULL without one. Refuses what has no mean */
void ig__averager_free(ig__averager *averager);
void ig__averager_step(ig__trainer *trainer);        /* after an update */
ig_status ig__averager_epoch(ig__trainer *trainer);  /* at the end of an epoch, before it is measured */
/* Lays the mean in the place of the model's weights, or the weights back; nothing without a mean. */
void ig__averager_swap(ig__trainer *trainer);
/* For the checkpoint: flat arrays as long as the model's, and how many weights have entered. */
void *ig__averager_params(const ig__averager *averager);
void *ig__averager_states(const ig__averager *averager);
int64_t *ig__averager_count(ig__averager *averager);

#endif
