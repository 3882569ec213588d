#ifndef IG__TRAIN_H
#define IG__TRAIN_H
/* What the verbs are made of: the context, a model with its plan for one mode, the update of the weights, passes over data,
 * and the run folder. */

#include "base/pool.h"
#include "graph/plan.h"
#include "imgrad/verbs.h"
#include "model/model.h"
#include "optim/descent.h"
#include "train/moves.h"
#include "train/rate_watch.h"
#include "train/real.h"

#include <stdatomic.h>

typedef struct ig__own_source ig__own_source; typedef struct ig__averager ig__averager; /* regularise.h */
typedef struct ig__board ig__board;       /* board.h */

struct ig_context {
  ig__pool *pool;
  ig__isa isa;
  void (*log)(void *user, ig_log_level level, const char *text);
  void *user;
  atomic_int cancelled;      /* by ig_cancel; until the verb that runs returns */
  /* What the program brings along (own.h). */
  ig__own_ops ops;
  ig__builtin *model;
  size_t model_count, model_capacity;
  ig__own_source **source;
  size_t source_count, source_capacity;
  bool borrows;              /* what the program brings along is another context's */
  struct ig__shared *shared; /* shared.h; borrowed; NULL: every verb opens its own data */
};
/* IG_INTERRUPTED when ig_cancel was called. */
ig_status ig__cancel_check(const ig_context *context);
/* At a verb's end: the answer is its status, and a cancel is over. */
ig_status ig__verb_end(ig_context *context, ig_status status);
void ig__log(const ig_context *context, ig_log_level level, const char *format, ...) IG__PRINTF(3, 4);

/* ---- options.c, config.c ----------------------------------------------------------------------------------------- */
const ig__option *ig__verb_table(ig_verb verb);
extern const ig__option ig__ascend_table[]; /* ascend/options.c */
/* All rows of a verb, its own and, where it takes those of training as well, those; ends as tables do. Answers how many. */
#define IG__VERB_ROWS 128
int ig__verb_rows(ig_verb verb, ig__option out[IG__VERB_ROWS]);
int ig__option_row(const ig__option *table, const char *key); /* −1: unknown */
/* IG_USAGE when a number is out of its range or a text has no end: options may have been filled in without ig_option_set. */
ig_status ig__options_check(ig_verb verb, const void *options);
/* The options as YAML, one `key: value` a line. */
void ig__config_write(const ig_train_options *options, ig__buffer *out);
void ig__config_line(const ig__option *option, const void *options, ig__buffer *out); /* one of them */
void ig__config_text(const char *name, const char *value, ig__buffer *out);
/* The same from memory; `place` stands in messages. */
ig_status ig__config_parse(ig_verb verb, void *options, const uint8_t *bytes, size_t size, const char *place);

/* ---- class_weights.c --------------------------------------------------------------------------------------------------- */
/* The weights that --class-weights names, one a class: *out NULL when all count alike (owner: caller, ig__free). `counts`:
 * training pictures of each class. IG_USAGE: a class that is not there (the nearest named), or no such weight. */
ig_status ig__class_weights(const char *text, char (*names)[64], int classes, const int64_t *counts, double **out);

/* ---- network.c: a model and its plan for one mode ---------------------------------------------------------------------- */
typedef struct ig__network {
  ig__model *model;          /* borrowed */
  ig__plan *plan;
  const ig__kernels *k;
  int n, classes;            /* planned pictures; width of the prediction, 0 when it is a picture */
  int ends_in;               /* what the prediction's numbers are (network.c) */
  bool binary;               /* one number for two classes: the second when it is larger than `threshold` */
  double threshold;
  int first_kink, kinks;     /* among the plan's outputs */
  int image_field;
  const double *class_weight; /* borrowed; NULL: all pictures count alike */
  void *weights;             /* of the batch's pictures, of mean 1 */
  double weight;             /* of the last batch: the sum of its pictures' weights, their number when they count alike */
  int target_field;          /* what the loss compares the prediction with: the labels, or else a second picture; −1: none */
  /* ig_cancel ends a pass of measuring between two batches. Not while training: the epoch that a validation belongs to would be
   * neither over nor not. */
  bool cancellable;
} ig__network;

typedef enum ig__curvature { IG__NO_CURVATURE, IG__HESSIAN, IG__GAUSS_NEWTON } ig__curvature;

typedef struct ig__network_request {
  ig__model *model;
  const ig__source_info *data;
  const char *loss;          /* NULL: prediction only; "": cross_entropy, or mse where the target is a picture */
  const char *trained_with;  /* without a loss: that of the training, which says what the answer's numbers are */
  const char *conv;          /* "auto", "direct"; NULL: auto */
  const double *class_weight; /* how much a picture of each class counts in the loss; NULL: alike. Kept as long as the network */
  int n;
  bool training;             /* build the lines in training mode */
  bool gradients;            /* of all parameters that are not frozen */
  bool accumulates;
  ig__curvature curvature;   /* instead of the gradients: a product with the second derivative (pass.params) */
  bool soft_labels;          /* the target of a step is its `target`: a row of shares of the classes for each picture */
  ig__choices *choices;      /* of kernels, or NULL (graph.h) */
  bool every_output;         /* of a model that ends in several, or in pictures (ig__network_output) */
  bool kinks;                /* also keep what shows whether a relu's side or a pooling window's winner has changed */
} ig__network_request;

/* IG_BAD_MODEL: the model does not fit the pictures or the labels; the message says what each has. */
ig_status ig__network_new(const ig_context *context, const ig__network_request *request, ig__network *out);
void ig__network_free(ig__network *network);
/* The sum of the weights of a batch's pictures, which its mean loss is divided by. */
double ig__network_weigh(const ig__network *network, const ig__batch *batch);
typedef struct ig__pass_step {
  uint64_t seed, step;
  void *grads;
  bool accumulate;
  double loss_scale;
  const void *params;        /* NULL: the model's. With curvature: the parameters and behind them the vector */
  const float *target;       /* NULL: the batch's own */
} ig__pass_step;
/* Runs a batch; states are the model's. */
ig_status ig__network_run(ig__network *network, const ig_context *context, const ig__batch *batch, const ig__pass_step *step);
double ig__network_loss(const ig__network *network);
/* A hash of all sides and winners of the last run (request.kinks). */
uint64_t ig__network_kinks(const ig__network *network);
/* The class that picture i of the last batch was given: the first of the largest. */
int ig__network_answer(const ig__network *network, int i);
/* One number a class for picture i of the last batch: probabilities, also where the model ends in logits that its loss makes
 * probabilities of; or, when false is answered, numbers that are none. Those of sigmoids do not add up to 1. */
bool ig__network_scores(const ig__network *network, int i, double *out);
/* Output `index` as the model gives it (request.every_output; 0 is there in any case). */
const void *ig__network_output(const ig__network *network, int index);
/* Whether `conv`, an option's text, asks for convolutions without Winograd. IG_USAGE: it asks for nothing. */
ig_status ig__conv_is_direct(const char *conv, bool *direct);

/* ---- numeric.c: central differences in the place of the gradient --------------------------------------------------------- */
/* By --gradient: *states stays NULL for analytic; for numeric it is room that steps work in (owner: caller). IG_USAGE: too many weights
 * (a step runs the network twice for each), float, or a full-batch descent. */
ig_status ig__numeric_open(const ig__model *model, const ig_train_options *options, bool descent, void **states);
/* In the place of ig__network_run of a network without gradients: fills step->grads too. */
ig_status ig__numeric_run(ig__network *network, const ig_context *context, const ig__batch *batch, const ig__pass_step *step, void *states);

/* ---- peak.c: the best GF/s of all threads in about so many seconds ------------------------------------------------------ */
double ig__measure_peak(const ig_context *context, const ig__kernels *k, double seconds);

/* ---- update.c: from gradients to new weights ---------------------------------------------------------------------------- */
typedef struct ig__updater ig__updater;
ig_status ig__updater_new(const ig_context *context, ig__model *model, const ig_train_options *options, double pictures,
                          ig__updater **out);
void ig__updater_free(ig__updater *updater);
void *ig__updater_grads(ig__updater *updater);
int ig__updater_slots(const ig__updater *updater);
void *ig__updater_slot(ig__updater *updater, int i);    /* flat, as long as the parameters */
double ig__updater_base_lr(const ig__updater *updater);
const ig_context *ig__updater_context(const ig__updater *updater);
/* IG_DIVERGED, with step and name, when a weight or a running state is not finite: such are never saved. */
ig_status ig__updater_check(const ig__updater *updater, int64_t step);
/* One step with the gradients present (divided by `divide` first): adds penalties, clips, updates, applies proximal steps.
 * *penalty receives Ω of the weights before the step. IG_DIVERGED when the batch's `loss` or a gradient is not finite: names
 * the step and the first layer concerned; the weights are as they were. `step` counts from 1. */
ig_status ig__updater_step(ig__updater *updater, double loss, double lr, int64_t step, double divide, double *penalty);
double ig__updater_penalty(const ig__updater *updater);  /* Ω of the present weights */
/* For vectors in double, as long as the parameters: Ω(x), its gradient added to g (NULL: not wanted); and out += ∇²Ω(x)·v.
 * Only where all penalties have both. */
double ig__updater_penalty_at(const ig__updater *updater, const double *x, double *g);
void ig__updater_penalty_curvature(const ig__updater *updater, const double *x, const double *v, double *out);
const char *ig__updater_not_smooth(const ig__updater *updater); /* the first that acts by a proximal step instead; NULL: none */
double ig__updater_weight_norm(const ig__updater *updater);

/* ---- metrics.c ------------------------------------------------------------------------------------------------------ */
/* Sums over pictures; the loss is one of weight times loss. */
typedef struct ig__tally { int64_t n, correct; double loss, weight, penalty; } ig__tally;
ig_metrics ig__tally_metrics(const ig__tally *tally, bool classes);
/* 95 % interval of a share of n ≥ 1 (Wilson 1927). */
void ig__wilson(double share, double n, double *low, double *high);
double ig__baseline(const int64_t *class_count, int classes);

/* ---- scores.c: figures that need every picture's probabilities ----------------------------------------------------------- */
typedef struct ig__scores {
  int classes;
  size_t count, capacity;
  float *value;              /* [count][classes] */
  int32_t *label;            /* [count] */
  size_t label_capacity;
  bool no_probabilities;     /* some of them were none */
} ig__scores;
ig_status ig__scores_add(ig__scores *scores, int label, const double *value, bool probabilities);
void ig__scores_free(ig__scores *scores);

/* NaN where undefined: a class without pictures, or with nothing else; probabilities that are none. */
typedef struct ig__score_figures {
  double top;                /* share of the pictures whose class is among the `k` with the highest numbers */
  double auc;                /* area under the ROC curve, one class against the rest: the mean over classes that have both */
  double brier;              /* mean over pictures of Σ (probability − 1 or 0)² over the classes: 0 … 2 */
  double calibration;        /* expected calibration error: Σ over 15 bins of confidence |accuracy − confidence| · share */
} ig__score_figures;
/* `class_auc`: one a class. */
ig_status ig__scores_measure(const ig__scores *scores, int k, double *class_auc, ig__score_figures *out);

/* ---- full_batch.c: the loss of all pictures as one function of the weights ------------------------------------------------- */
typedef struct ig__full_batch ig__full_batch;
/* Called before every batch with the sums of this pass so far; anything but IG_OK ends the pass with it. */
typedef struct ig__full_batch_events { ig_status (*between)(void *user, const ig__tally *pass); void *user; } ig__full_batch_events;
/* `gradient` was made with `request`, of which the networks for values and products are made when they are needed. All
 * arguments but request and events are borrowed. Penalties are the updater's, which must be smooth. Owner: caller. */
ig_status ig__full_batch_new(ig_context *context, const ig__network_request *request, ig__network *gradient,
                             const ig__updater *updater, ig__loader *loader, const ig__ref *ref, int64_t count,
                             const ig__full_batch_events *events, ig__full_batch **out);
void ig__full_batch_free(ig__full_batch *f);
/* Its vectors are the flat parameter array in double; frozen ones have the gradient zero. */
ig__objective ig__full_batch_objective(ig__full_batch *f);
void ig__full_batch_give(const ig__full_batch *f, const double *x);  /* into the model's parameters */
void ig__full_batch_take(const ig__full_batch *f, double *x);        /* out of them */
const ig__tally *ig__full_batch_tally(const ig__full_batch *f);      /* of the last pass that made a gradient */

/* ---- evaluate.c ------------------------------------------------------------------------------------------------------ */
/* One picture of a pass: what it is, what it was taken for; `network` and `i` for its scores. */
typedef struct ig__answer { const ig__ref *ref; int truth, answer; const ig__network *network; int i; } ig__answer;
/* Told of every picture of a pass, in order. A failure ends the pass. */
typedef struct ig__watch { ig_status (*picture)(void *user, const ig__answer *answer); void *user; } ig__watch;
/* A pass over refs without touching the weights. `confusion` (classes²) is added to; it and `watch` may be NULL. */
ig_status ig__evaluate(ig_context *context, ig__network *network, ig__loader *loader, const ig__ref *ref, int64_t count,
                       double penalty, int64_t *confusion, const ig__watch *watch, ig_metrics *out);
int64_t *ig__class_counts(const ig__source *source, const ig__ref *ref, int64_t count); /* owner: caller; NULL: memory */

/* ---- lists of samples: parts.c --------------------------------------------------------------------------------------- */
/* How a run with these options splits its data. IG_USAGE: a fold that is none. */
ig_status ig__split_of(const ig_train_options *run, ig__split_options *out);
/* The parts of a run, without what is broken, where the source keeps what a first look reads (ig__samples_survey). `loader` has
 * threads, strict and broken; NULL: no look, for parts that no split and no limit decide. */
ig_status ig__parts_make(ig_context *context, const ig__source *source, const ig__split_options *split, const ig__loader_options *loader,
                         ig__samples *out);

/* ---- run folder ------------------------------------------------------------------------------------------------------ */
/* Everything that a run must remember to go on exactly, besides the arrays. */
typedef struct ig__run_state {
  ig__descent_state descent; /* zeros without one */
  int64_t epoch;             /* finished epochs */
  int64_t step;              /* updates so far */
  int64_t position;          /* place in the present epoch's order to go on from */
  ig__tally tally;           /* of the present epoch */
  double seconds;            /* of training, all processes together */
  double epoch_seconds, epoch_wait;
  double best_accuracy, best_loss;  /* of validation, at the epoch that was kept */
  int64_t best_epoch;        /* 0: none yet */
  int64_t planned_steps;     /* of the whole run, planned by --time (plan.c); 0: none */
  int64_t plan_step;         /* when the plan was made, the schedule stood at plan_place */
  double plan_place;
  double schedule[IG__SCHEDULE_STATE]; /* what the schedule has observed */
  ig__rate_watch watch;
  ig__moves moves;           /* λ that moves */
  ig__layer_norms norms;
  ig_epoch *history;
  size_t history_count, history_capacity;
} ig__run_state;
void ig__run_state_free(ig__run_state *state);

/* Makes the folder `out`, or the first of runs/VERB, runs/VERB2, … that is free. */
ig_status ig__folder_make(const char *out, const char *verb, char path[IG_PATH_SIZE]);
ig_status ig__folder_write(const char *folder, const char *name, ig__buffer *bytes); /* frees the buffer */
ig_status ig__results_write(const char *folder, const ig__run_state *state);
ig_status ig__descent_write(const char *folder, const ig__run_state *state); /* descent.csv: one row a step */

/* ---- epoch.c: one pass that trains -------------------------------------------------------------------------------- */
typedef struct ig__trainer {
  ig_context *context;
  ig_train_options *options; /* of this run: resolved */
  const ig_train_options *asked; /* as the caller gave them */
  const ig_train_events *events;
  ig__source *source;
  ig__samples samples;
  ig__buffer early;          /* lines for log.txt from before there was one */
  int64_t broken;            /* pictures left out so far */
  ig__model *model;
  ig__updater *updater;
  const ig__schedule *schedule;
  void *schedule_options;
  ig__network train, test;   /* the training step; measuring */
  ig__loader *loader, *test_loader;
  ig__augment *augment;      /* NULL: none */
  void *numeric;             /* states put by while differences are taken; NULL: the gradient is analytic */
  float *mixed;              /* targets of a batch whose pictures were mixed; NULL: they are not */
  ig__run_state state;
  ig__ref *order;            /* of the present epoch */
  double *class_weight;      /* NULL: all alike */
  ig__choices choices; char *given_choices; /* of kernels; those of the run that is taken up again */
  struct ig__checkpoint *checkpoint; /* checkpoint.h; of the run that is taken up again, until it is restored; NULL: none */
  char folder[IG_PATH_SIZE];
  uint64_t fingerprint;
  int epochs;
  int64_t began_epoch;       /* where this call began */
  int64_t steps_per_epoch;
  double time_limit, began;  /* of this call: seconds it may train; when it started to */
  bool planning;             /* the time decides how long the run is, and the plan may still change */
  double first_time, next_plan; /* of planning: the first step, when to look again */
  int64_t first_step;
  double validating_seconds, measure_seconds; /* since the first step; of measuring, and of how many pictures */
  int64_t measured;
  double started, saved;     /* up to when state.seconds is booked; the last checkpoint */
  double lr, loss;           /* of the last step: its rate, and the data loss of its pictures before it */
  double chance;             /* the loss of knowing nothing; 0: not known */
  const char *stopped;       /* why, or NULL */
  ig__full_batch *full;      /* of a descent; NULL for an optimiser on batches */
  ig__descent *descent;
  bool unsaved;              /* model.safetensors is behind the best weights, which are the present ones */
  ig_status ending;          /* with what the run is to end that was stopped inside a step of the descent */
  ig_status noted;           /* the first failure to write a line of log.txt from a callback */
  ig__averager *averager;    /* NULL: none */
  struct ig__lambda *lambda; /* lambda.h; NULL: it does not move */
  ig__board *board; struct ig__live *live; /* show.h; NULL: none */
} ig__trainer;
ig_status ig__trainer_weigh(ig__trainer *trainer);   /* class_weights.c: sets trainer->class_weight, and says it */
/* Everything that a run needs, from context, options and asked; not its folder. To be closed in any case. */
ig_status ig__trainer_open(ig__trainer *trainer);
void ig__trainer_close(ig__trainer *trainer);
ig_status ig__trainer_order(ig__trainer *trainer);   /* of the epoch that begins */
/* One update at this rate, from the batches that the loader gives next; *pictures 0: the epoch is over. */
ig_status ig__trainer_step(ig__trainer *trainer, double lr, int64_t *pictures);
ig_status ig__train_epoch(ig__trainer *trainer);     /* sets trainer->stopped when it ended early, having saved */
ig_status ig__trainer_save(ig__trainer *trainer);   /* the checkpoint */
ig_status ig__trainer_keep(ig__trainer *trainer);   /* everything that an epoch leaves: weights, checkpoint, tables */
/* Why the run should stop before the next step, or IG_OK. Sets `stopped`, also for a time that has passed. */
ig_status ig__trainer_asked(ig__trainer *trainer);

/* ---- watch.c: the watch over the learning rate --------------------------------------------------------------------------- */
ig_status ig__trainer_watch_open(ig__trainer *trainer);
/* After a step that ended with `status`, which is answered: says what came to light. */
ig_status ig__trainer_watch(ig__trainer *trainer, ig_status status);

/* ---- resume.c: what a run that is taken up again must have in common with what it was ------------------------------------------ */
ig_status ig__resume_fingerprint(ig__trainer *trainer); /* sets trainer->fingerprint */
ig_status ig__resume_checkpoint(ig__trainer *trainer);  /* sets trainer->checkpoint and given_choices, where the run has one */
ig_status ig__resume_options(const ig_train_options *asked, ig_train_options *out);
ig_status ig__trainer_configure(const ig__trainer *trainer, const ig_train_options *options); /* writes config.yaml */
ig_status ig__resume_extend(const ig__trainer *trainer);

/* ---- descend.c: training by full-batch descent ------------------------------------------------------------------------ */
/* Whether --optimizer names a descent. IG_USAGE: it names nothing. */
ig_status ig__optimizer_is_descent(const char *text, bool *descent);
/* Makes full and descent; refuses options that have no meaning here. */
ig_status ig__descent_open(ig__trainer *trainer, const ig__network_request *request);
ig_status ig__train_iteration(ig__trainer *trainer); /* one step, in the place of an epoch */
bool ig__descent_is_due(const ig__trainer *trainer); /* to be kept on disk */

/* ---- report/: the page that a run leaves ------------------------------------------------------------------------------- */
typedef struct ig__answers ig__answers;
/* report.html and wrong.csv, the last thing that a run writes, when it ended so (`status`) that there is something to report
 * and a report is wanted. Answers `status`, or when that is IG_OK what became of the report. */
ig_status ig__trainer_report(ig__trainer *trainer, const ig_train_result *result, ig__answers *answers, ig_status status);

/* ---- plan.c: how long the run is ---------------------------------------------------------------------------------------- */
void ig__plan_epochs_option(ig_train_options *options); /* --time alone is --epochs time */
ig_status ig__plan_read(ig__trainer *trainer, const ig_train_options *asked);
void ig__plan_resume(ig__trainer *trainer, const ig_train_options *asked); /* after a checkpoint was loaded */
void ig__plan_start(ig__trainer *trainer, double now);
ig_status ig__plan_mend(ig__trainer *trainer, double now);                 /* before a step */
bool ig__plan_ended(const ig__trainer *trainer);
bool ig__plan_out_of_patience(const ig__trainer *trainer);
int64_t ig__plan_steps(const ig__trainer *trainer);                        /* of the whole run, as far as is known */
ig__progress ig__plan_progress(const ig__trainer *trainer, int64_t step);  /* what the schedule is told */

/* ---- choose.c: a run for which no model was named ------------------------------------------------------------------------- */
/* Opens the data. Without a model the pictures keep the size that the source gives them, unless the network that suits them has
 * one of its own. */
ig_status ig__choose_source(const ig_context *context, const ig_train_options *options, ig__source **out);
/* Chooses the model and all options that are not set, and says what and why. */
ig_status ig__choose(const ig_context *context, const ig__source *source, const ig__samples *samples, ig_train_options *options);

/* ---- patterns.c: parameters by patterns of their names ------------------------------------------------------------------ */
ig_status ig__patterns_freeze(ig__model *model, const char *text);
ig_status ig__patterns_rates(const ig__model *model, const char *text, double *of); /* one factor a parameter */
/* of[i] = value for the parameters that one pattern names; none is IG_USAGE. */
ig_status ig__patterns_mark(const ig__model *model, const char *option, const char *pattern, double value, double *of);

/* ---- log.c: lines of log.txt in the run folder ------------------------------------------------------------------------ */
ig_status ig__trainer_note(const ig__trainer *trainer, const char *format, ...) IG__PRINTF(2, 3);
ig_status ig__trainer_note_start(const ig__trainer *trainer);
ig_status ig__trainer_note_early(ig__trainer *trainer); /* and forgets them */
ig_status ig__trainer_note_memory(const ig__trainer *t);
ig_status ig__trainer_note_epoch(const ig__trainer *trainer, const ig_epoch *epoch);

/* ---- open.c, eval.c: what the verbs name -------------------------------------------------------------------------------- */
/* The options of the run whose folder this is; defaults for a file of weights. IG_USAGE: "" (`verb` asks which). */
ig_status ig__run_options(const char *verb, const char *run, ig_train_options *out);
/* Gives the sizes that a model leaves open those of the data's first picture; NULL: 3 × 32 × 32, to have something to show. */
ig_status ig__model_fit(ig__model *model, const ig__source_info *data);
/* A model of the program's own, a text file or a built-in; not fitted and not bound yet. */
ig_status ig__model_named(const ig_context *context, const char *name, int classes, ig__model **out);
/* Weights with their model: a .safetensors file, or that of a run folder. */
ig_status ig__model_trained(const ig_context *context, const char *name, int real_size, ig__model **out);
/* Opens what a verb's `model` names: one of these. Fitted to `data`, bound at real_size. */
ig_status ig__model_any(const ig_context *context, const char *name, const ig__source_info *data, int classes, int real_size,
                        uint64_t seed, ig__model **out);
/* What a verb's `data` names: a source of the program's own, or as ig__source_open. */
ig_status ig__data_open(const ig_context *context, const char *text, const ig__source_want *want, ig__source **out);
/* Weights from a file or a run folder into the trainer's model; what did not match is said. */
ig_status ig__trainer_take_weights(ig__trainer *trainer, const char *from);
/* Of "f32", "f64" and "bf16", which is refused where the context's instruction set has no such products. */
ig_status ig__real_size(const ig_context *context, const char *precision, int *out);
bool ig__is_bf16(const char *precision);
/* What a source is asked for on behalf of a model: its input and, for a trained one, its classes (borrowed). */
ig__source_want ig__model_want(const ig__model *model);
/* The same for a model that is not open yet, because the number of classes is not known before the data. */
ig_status ig__model_want_of(const ig_context *context, const char *name, ig__source_want *out);

#endif
