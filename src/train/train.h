#ifndef IG__TRAIN_H
#define IG__TRAIN_H
/* What the verbs are made of: the context, a model with its plan for one mode, the update of the weights, passes over data,
 * and the run folder. */

#include "base/pool.h"
#include "graph/plan.h"
#include "imgrad/verbs.h"
#include "model/model.h"

struct ig_context {
  ig__pool *pool;
  ig__isa isa;
  void (*log)(void *user, ig_log_level level, const char *text);
  void *user;
};
void ig__log(const ig_context *context, ig_log_level level, const char *format, ...) IG__PRINTF(3, 4);

/* ---- options.c, config.c ----------------------------------------------------------------------------------------- */
const ig__option *ig__verb_table(ig_verb verb);
int ig__option_row(const ig__option *table, const char *key); /* −1: unknown */
/* IG_USAGE when a number is out of its range or a text has no end: options may have been filled in without ig_option_set. */
ig_status ig__options_check(ig_verb verb, const void *options);
/* The options as YAML, one `key: value` a line. */
void ig__config_write(const ig_train_options *options, ig__buffer *out);
/* The same from memory; `place` stands in messages. */
ig_status ig__config_parse(ig_verb verb, void *options, const uint8_t *bytes, size_t size, const char *place);

/* ---- network.c: a model and its plan for one mode ---------------------------------------------------------------------- */
typedef struct ig__network {
  ig__model *model;          /* borrowed */
  ig__plan *plan;
  const ig__kernels *k;
  int n, classes;            /* planned pictures; width of the prediction, 0 when it is a picture */
  int first_kink, kinks;     /* among the plan's outputs */
  int image_field;
  int target_field;          /* what the loss compares the prediction with: the labels, or else a second picture; −1: none */
} ig__network;

typedef struct ig__network_request {
  ig__model *model;
  const ig__source_info *data;
  const char *loss;          /* NULL: prediction only; "": cross_entropy, or mse where the target is a picture */
  const char *conv;          /* "auto", "direct"; NULL: auto */
  int n;
  bool training;             /* build the lines in training mode */
  bool gradients;            /* of all parameters that are not frozen */
  bool accumulates;
  bool kinks;                /* also keep what shows whether a relu's side or a pooling window's winner has changed */
} ig__network_request;

/* IG_BAD_MODEL: the model does not fit the pictures or the labels; the message says what each has. */
ig_status ig__network_new(const ig_context *context, const ig__network_request *request, ig__network *out);
void ig__network_free(ig__network *network);
typedef struct ig__pass_step { uint64_t seed, step; void *grads; bool accumulate; double loss_scale; } ig__pass_step;
/* Runs a batch; params and states are the model's. */
ig_status ig__network_run(ig__network *network, const ig_context *context, const ig__batch *batch, const ig__pass_step *step);
double ig__network_loss(const ig__network *network);
/* A hash of all sides and winners of the last run (request.kinks). */
uint64_t ig__network_kinks(const ig__network *network);
/* The class that picture i of the last batch was given: the first of the largest. */
int ig__network_answer(const ig__network *network, int i);

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
double ig__updater_weight_norm(const ig__updater *updater);

/* ---- metrics.c ------------------------------------------------------------------------------------------------------ */
typedef struct ig__tally { int64_t n, correct; double loss, penalty; } ig__tally; /* sums over pictures */
ig_metrics ig__tally_metrics(const ig__tally *tally, bool classes);
double ig__baseline(const int64_t *class_count, int classes);

/* ---- evaluate.c ------------------------------------------------------------------------------------------------------ */
/* A pass over refs without touching the weights. `confusion` (classes², may be NULL) is added to. */
ig_status ig__evaluate(ig_context *context, ig__network *network, ig__loader *loader, const ig__ref *ref, int64_t count,
                       double penalty, int64_t *confusion, ig_metrics *out);
int64_t *ig__class_counts(const ig__source *source, const ig__ref *ref, int64_t count); /* owner: caller; NULL: memory */

/* ---- run folder ------------------------------------------------------------------------------------------------------ */
/* Everything that a run must remember to go on exactly, besides the arrays. */
typedef struct ig__run_state {
  int64_t epoch;             /* finished epochs */
  int64_t step;              /* updates so far */
  int64_t position;          /* place in the present epoch's order to go on from */
  ig__tally tally;           /* of the present epoch */
  double seconds;            /* of training, all processes together */
  double epoch_seconds, epoch_wait;
  double best_accuracy, best_loss;  /* of validation, at the epoch that was kept */
  int64_t best_epoch;        /* 0: none yet */
  ig_epoch *history;
  size_t history_count, history_capacity;
} ig__run_state;
void ig__run_state_free(ig__run_state *state);

/* Makes the folder `out`, or the first of runs/train, runs/train2, … that is free. */
ig_status ig__folder_make(const char *out, char path[IG_PATH_SIZE]);
ig_status ig__folder_write(const char *folder, const char *name, ig__buffer *bytes); /* frees the buffer */
ig_status ig__results_write(const char *folder, const ig__run_state *state);

/* `fingerprint` is of everything that decides results: model text, data, options. Load refuses another one. */
ig_status ig__checkpoint_save(const char *folder, const ig__model *model, ig__updater *updater, const ig__run_state *state,
                              uint64_t fingerprint);
ig_status ig__checkpoint_load(const char *folder, ig__model *model, ig__updater *updater, ig__run_state *state,
                              uint64_t fingerprint);

/* A checkpoint's sections, checked; they point into the bytes. Untrusted input. */
#define IG__MAX_SECTIONS 16
typedef struct ig__section { char name[16]; const uint8_t *data; uint64_t size; } ig__section;
typedef struct ig__checkpoint { uint64_t fingerprint; int count; ig__section section[IG__MAX_SECTIONS]; } ig__checkpoint;
ig_status ig__checkpoint_parse(const uint8_t *bytes, size_t size, const char *place, ig__checkpoint *out);
ig_status ig__run_state_parse(const ig__section *section, const char *place, ig__run_state *out);

/* ---- epoch.c: one pass that trains -------------------------------------------------------------------------------- */
typedef struct ig__trainer {
  ig_context *context;
  const ig_train_options *options;
  const ig_train_events *events;
  ig__source *source;
  ig__samples samples;
  ig__model *model;
  ig__updater *updater;
  const ig__schedule *schedule;
  void *schedule_options;
  ig__network train, test;   /* the training step; measuring */
  ig__loader *loader, *test_loader;
  ig__run_state state;
  ig__ref *order;            /* of the present epoch */
  char folder[IG_PATH_SIZE];
  uint64_t fingerprint;
  int epochs;
  int64_t steps_per_epoch;
  double time_limit, began;  /* of this call: seconds it may train; when it started to */
  double started, saved;     /* up to when state.seconds is booked; the last checkpoint */
  double lr;                 /* of the last step */
  const char *stopped;       /* why, or NULL */
  ig_status noted;           /* the first failure to write a line of log.txt from a callback */
} ig__trainer;
ig_status ig__train_epoch(ig__trainer *trainer);     /* sets trainer->stopped when it ended early, having saved */
ig_status ig__trainer_save(ig__trainer *trainer);

/* ---- log.c: lines of log.txt in the run folder ------------------------------------------------------------------------ */
ig_status ig__trainer_note(const ig__trainer *trainer, const char *format, ...) IG__PRINTF(2, 3);
ig_status ig__trainer_note_start(const ig__trainer *trainer);
ig_status ig__trainer_note_epoch(const ig__trainer *trainer, const ig_epoch *epoch);

/* ---- synthetic.c: data that a model could be given ---------------------------------------------------------------------- */
/* Two fields: pictures, as bytes where they have 1 … 4 channels, else as floats; and labels, or for a model that ends in
 * pictures a picture of that size. */
ig_status ig__synthetic_info(ig__model *model, ig__source_info *info);
/* n random samples in memory. Owner: caller, ig__synthetic_batch_free. */
ig_status ig__synthetic_batch(const ig__source_info *info, int n, uint64_t seed, ig__batch *batch);
void ig__synthetic_batch_free(ig__batch *batch);

/* Opens what a verb's `model` names: a built-in, a text file, weights, or a run folder. Bound at real_size. */
ig_status ig__model_any(const char *name, int classes, int real_size, uint64_t seed, ig__model **out);
ig_status ig__real_size(const char *precision, int *out);

#endif
