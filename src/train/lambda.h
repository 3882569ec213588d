#ifndef IG__TRAIN_LAMBDA_H
#define IG__TRAIN_LAMBDA_H
/* λ that moves: --lambda-schedule; and layers that collapse under it. */

#include "optim/hypergradient.h"
#include "train/regularise.h"

/* ---- lambda.c ------------------------------------------------------------------------------------------------------------ */

typedef struct ig__held ig__held;
typedef struct ig__lambda {
  const ig__schedule *schedule;
  void *options;
  int *group;                /* of each parameter: which λ is its; −1: none acts */
  double given;              /* that of the first, as the options give it */
  double *full;              /* of each that moves, where it begins: what it is resolved to, the number that multiplies ‖w‖² */
  ig__held *held;            /* of a hypergradient; else NULL */
} ig__lambda;

/* The share of the training pictures that a run holds back for its λ. */
ig_status ig__lambda_hold(const ig_train_options *run, double *share);
/* Sets trainer->lambda, and state.moves where λ moves; refuses what makes no sense. Behind the updater and the networks. */
ig_status ig__lambda_open(ig__trainer *trainer);
void ig__lambda_free(ig__lambda *lambda);
void ig__lambda_set(ig__trainer *trainer, int64_t step);  /* λ becomes what it is in update `step`, counted from 0 */
ig_status ig__lambda_step(ig__trainer *trainer);          /* after an update */
ig_status ig__lambda_epoch(ig__trainer *trainer);         /* behind the row of an epoch, which is the last of the history */
void ig__lambda_as_kept(ig__trainer *trainer);            /* λ is that of the weights kept, to be measured with them */
/* λ at present, as it is given: of the first penalty that acts; with one a layer their geometric mean. 0: no penalty acts. */
double ig__lambda_shown(const ig__trainer *trainer);
double ig__lambda_of(const ig__trainer *trainer, size_t param); /* the same of one parameter */
/* The factors of λ at present, as the weights' file has them; empty: λ does not move. */
void ig__lambda_text(const ig__trainer *trainer, ig__buffer *out);
/* lambda.csv: a row an epoch, a column for each λ; nothing where there is only one. */
ig_status ig__lambda_write(const char *folder, const ig__moves *moves);

/* ---- hypergradient.c ----------------------------------------------------------------------------------------------------- */

/* Owner: caller. IG_USAGE: what takes no derivative through its step. */
ig_status ig__held_new(ig__trainer *trainer, const ig__hypergradient *options, ig__held **out);
void ig__held_free(ig__held *held);
/* Looks at the next batch of the pictures held back with the weights behind the last update. */
ig_status ig__held_look(ig__trainer *trainer, ig__held *held);
double ig__held_loss(const ig__held *held);               /* the mean loss of that batch */
/* For each λ: the derivative of that loss by log λ through that update; and the cosine of the angle between the two vectors that it is
 * the product of, the loss's gradient and the weights' derivative. */
const double *ig__held_slope(const ig__held *held);
const double *ig__held_cosine(const ig__held *held);

/* ---- collapse.c ---------------------------------------------------------------------------------------------------------- */

/* A layer whose weights have gone to nothing: all of them exactly zero, or their norm below this share of the first. */
#define IG__COLLAPSED 1e-3
ig_status ig__norms_open(ig__trainer *trainer);           /* before the first step, or after a checkpoint was taken */
ig_status ig__norms_epoch(ig__trainer *trainer);          /* says which layers have collapsed, each once */
int ig__norms_collapsed(const ig__layer_norms *norms);
void ig__norms_words(const ig__layer_norm *layer, char out[320]);

#endif
