#ifndef IMGRAD_VERBS_H
#define IMGRAD_VERBS_H
/* The verbs: train, eval, predict, gradcheck, summary, bench; others have headers of their own. Each takes a struct of options
 * (from its ..._default function; every field may also be set from text by name, as the command line and configuration files do) and
 * fills a struct of results. Nothing here prints: what happens while a verb runs comes through callbacks and the context's log. */

#include "imgrad/context.h"
#include "imgrad/forecast.h"
#include "imgrad/rates.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

/* ---- options by name --------------------------------------------------------------------------------------------- */

typedef enum ig_verb { IG_VERB_TRAIN, IG_VERB_EVAL, IG_VERB_GRADCHECK, IG_VERB_SUMMARY, IG_VERB_BENCH, IG_VERB_PREDICT,
                       IG_VERB_REPORT, IG_VERB_ASCEND, IG_VERB_TUNE, IG_VERB_LR_FIND, IG_VERB_COMPARE,
                       IG_VERB_PRUNE, IG_VERB_SURFACE, IG_VERB_WATCH } ig_verb;

/* Sets one field of a verb's options from text ("l2-scale" and "l2_scale" are the same word). IG_USAGE: unknown word (the
 * nearest known one is named), or a value that is no such thing or out of range. */
ig_status ig_option_set(ig_verb verb, void *options, const char *key, const char *value);
/* Name of option `index` of a verb, NULL past the last. */
const char *ig_option_name(ig_verb verb, int index);
/* True when the word is an option that needs no value on the command line (yes is meant). */
bool ig_option_is_switch(ig_verb verb, const char *key);
/* Reads `key: value` lines of a YAML file into the options; unknown keys are refused with their line. For IG_VERB_TRAIN the
 * path may also be the name of a recipe inside the library; a file of that name comes first. */
ig_status ig_options_load(ig_verb verb, void *options, const char *path);
/* One line an option, with default, range and unit; returns the length as snprintf does. */
size_t ig_options_help(ig_verb verb, char *out, size_t size);
/* Help on what an option may name: kind is "optimizers", "schedules", "losses", "layers", "sources", "initialisers",
 * "penalties", "averages", "augmentations", "models" or "recipes". Returns the length as snprintf does, 0 for an unknown kind. */
size_t ig_list_help(const char *kind, char *out, size_t size);

/* ---- train ------------------------------------------------------------------------------------------------------- */

#define IG_PATH_SIZE 1024
#define IG_SPEC_SIZE 256

typedef struct ig_train_options {
  char data[IG_PATH_SIZE];      /* a folder, or a built-in source with options: "digits", "random" */
  char model[IG_PATH_SIZE];     /* a model text file, or a built-in model: "textbook"; "": chosen by the data, and with it all
                                 * options that were not set by name and have their default */
  char out[IG_PATH_SIZE];       /* run folder; "": runs/train, runs/train2, … */
  char resume[IG_PATH_SIZE];    /* a run folder to go on with exactly */
  char weights[IG_PATH_SIZE];   /* start from these weights (.safetensors or a run folder) */
  char optimizer[IG_SPEC_SIZE]; /* "adam", "sgd momentum=0.9" */
  char schedule[IG_SPEC_SIZE];  /* "constant", "cosine warmup=1" */
  char loss[IG_SPEC_SIZE];      /* "cross_entropy", "mse" */
  char class_weights[IG_SPEC_SIZE]; /* "none", "auto", "balanced", or "cat=2,dog=0.5": how much a class counts in training */
  char augment[IG_SPEC_SIZE];   /* of training pictures: "flip, shift 4"; "": none */
  char precision[8];            /* "f32", "f64", "bf16" */
  char gradient[16];            /* "analytic", or "numeric": central differences of the loss; small models in f64 only */
  char conv[8];                 /* "auto", or "direct": no convolution by Winograd */
  char epochs[16];              /* "10", or "+50" with resume; "time": as many as end in the time */
  char time[16];                /* "90", "10m": with epochs given, stop this call after so long; else plan the run to end then */
  char keep[8];                 /* "best": the weights of the best validation; "last": of the last epoch, as without a validation part */
  int patience;                 /* stop after so many epochs without a better validation; 0: never */
  char freeze[IG_SPEC_SIZE];    /* parameters that are not trained, by patterns of names: "conv2d1.*, stage1.*" */
  char lr_scale[IG_SPEC_SIZE];  /* rates of parameters: "stage1.*=0.1" */
  double lr;                    /* per step; 0: the optimiser's own default */
  double momentum;              /* handed to the optimiser; −1: its own default */
  double l2, l1;                /* λ of the penalties */
  char l2_scale[16];            /* "full" λ‖w‖², "half" λ/2‖w‖², "half_mean" λ/2m‖w‖² */
  char lambda_schedule[IG_SPEC_SIZE]; /* how λ moves: "constant", "cosine", "gap", "hypergradient per=layer" */
  char penalty[IG_SPEC_SIZE];   /* further ones, and λ by parameter: "group_lasso 1e-3 on=conv2d*, max_norm 3" */
  double weight_decay;          /* decoupled: w −= lr·weight_decay·w; −1: the optimiser's own, 0 but for adamw */
  char average[IG_SPEC_SIZE];   /* a mean of the weights that is measured and kept: "none", "ema 0.999", "swa" */
  double clip;                  /* largest norm of the gradient; 0: not clipped */
  int batch;                    /* pictures a step */
  int accumulate;               /* batches whose gradients make one step */
  bool balanced;                /* each epoch draws as many pictures of every class */
  double val;                   /* share of the training part that validates; −1: 0.1 unless the data bring their own */
  double test;                  /* share of the training part that is put aside for testing, where the data bring no test part; 0 */
  char fold[16];                /* "2/5": the second of five stratified parts of the training pictures validates, nothing is test;
                                 * "1/1": what would validate anyway */
  char test_fold[16];           /* the same for the test part, in place of the data's own; folds are then made of the rest */
  int64_t limit;                /* train on a seeded, stratified sample of so many pictures; 0: all */
  int64_t seed;
  int restarts;                 /* trainings, from seed, seed + 1, …: for ig_restarts (restarts.h), which keeps the best; ig_train does one */
  int64_t start;                /* added to the seed of everything but the parts: another beginning on the same pictures */
  int threads;                  /* 0: as many as the process may use */
  int workers;                  /* loader threads */
  double min_accuracy;          /* exit with IG_BELOW_BAR when the last measured part stays below; 0: no bar */
  bool strict;                  /* stop at the first broken picture */
  double checkpoint_every;      /* seconds */
  char report[8];               /* "yes": write report.html when training ends; "no" */
  char tensorboard[IG_PATH_SIZE]; /* a folder for TensorBoard's event files, in train, validation and steps; "": none */
  char watch[8];                /* "yes": a live page on 127.0.0.1 while training, at a port that is free and logged; "8080": at this port; "no" */
  uint64_t given;               /* which options were set by name (bit = row of the table); kept by ig_option_set */
} ig_train_options;

ig_train_options ig_train_options_default(void);

/* Means over n pictures. `loss` = data_loss + penalty. Accuracy and its 95 % Wilson interval in 0 … 1; NaN without classes. */
typedef struct ig_metrics {
  int64_t n;
  double loss, data_loss, penalty, accuracy, accuracy_low, accuracy_high;
} ig_metrics;

typedef struct ig_epoch {
  int epoch;                    /* from 1 */
  double time;                  /* seconds of training since the run began */
  ig_metrics train, val;        /* val.n = 0 without a validation part */
  double lr, weight_norm, images_per_second;
  double wait;                  /* share of the epoch's time that compute waited for data */
  /* Full-batch descent (else 0): largest |element| of the gradient; gradients of the whole data that the run has cost so far,
   * a loss alone counting a third and a Hessian-vector product two. */
  double gradient, cost;
  double lambda;                /* in the last step, of the first penalty that acts (with one a layer, their geometric mean); 0: none acts */
} ig_epoch;

typedef struct ig_progress {
  int epoch, epochs;
  int64_t step, steps;          /* in this epoch */
  ig_metrics train;             /* of this epoch so far */
  double lr, images_per_second, wait, seconds_left;
  bool validating;
} ig_progress;

typedef struct ig_train_events {
  void (*progress)(void *user, const ig_progress *p);  /* after every step */
  void (*epoch)(void *user, const ig_epoch *e);
  /* Asked before every step: IG_OK goes on; IG_INTERRUPTED, IG_TERMINATED or IG_HANGUP writes the checkpoint and ends. */
  ig_status (*stop)(void *user);
  void *user;
} ig_train_events;

typedef struct ig_train_result {
  char out[IG_PATH_SIZE];       /* the run folder */
  int epochs, best_epoch;       /* finished; the one whose weights were kept */
  /* "epochs", "patience", "plan" (ended in the time); "time", "signal" (events.stop), "cancelled" (ig_cancel): can be gone on with;
   * full-batch descent: "gradient", "loss" or "budget", the rule that fired, "no lower point" */
  const char *stopped;
  ig_metrics val, test;         /* n = 0: no such part. test is measured once, with the kept weights */
  double baseline;              /* accuracy of always answering the commonest class of the part measured last */
  double seconds;
  int64_t broken;               /* pictures left out */
  int rate_warnings; ig_rate_warning rate_warning[IG_RATE_CAUSES]; /* what the losses said of the learning rate; logged when seen */
  int64_t weights, zeros;       /* of all layers, biases apart; how many are exactly zero */
  int64_t filters, dead;        /* filters and units; those of which every weight is zero */
  int collapsed;                /* layers whose weights have gone to nothing; logged when seen */
  bool measured;                /* val, test, baseline, weights … dead are filled in */
} ig_train_result;

/* Trains. `events` may be NULL. The context's threads are used; options->threads is for the command, which makes the context.
 * IG_OK also when the time was reached. IG_DIVERGED: a loss or gradient was not finite; the message names step and layer, and
 * the weights saved are those before. IG_BELOW_BAR, IG_INTERRUPTED, …: `result` is filled. IG_IO with result->measured: the run
 * is whole, its report could not be written. */
ig_status ig_train(ig_context *context, const ig_train_options *options, const ig_train_events *events,
                   ig_train_result *result);

/* ---- eval -------------------------------------------------------------------------------------------------------- */

typedef struct ig_eval_options {
  char run[IG_PATH_SIZE];       /* run folder or .safetensors file */
  char data[IG_PATH_SIZE];      /* "": the data the run was trained on */
  char part[8];                 /* "test", "val", "train" */
  char precision[8];
  char conv[8];                 /* "": as the run */
  int batch, threads, workers;
  int top;                      /* k of the top-k accuracy */
  double min_accuracy;
  bool strict;
} ig_eval_options;

ig_eval_options ig_eval_options_default(void);

typedef struct ig_class_result {
  const char *name;
  int64_t n, predicted, correct;
  double precision, recall, f1; /* NaN where undefined */
  double auc;                   /* area under the ROC curve of this class against the rest, exact with ties; NaN: only one of them */
} ig_class_result;

typedef struct ig_eval_result {
  ig_metrics metrics;
  const char *part;
  double baseline, seconds;
  int top;                      /* the k of top_accuracy */
  double top_accuracy;          /* share of the pictures whose class is among the k with the highest numbers */
  double auc;                   /* mean of the classes' */
  /* Of the probabilities; NaN when the model makes none. brier: mean over pictures of Σ (p − 1 or 0)² over the classes, 0 … 2.
   * calibration_error: expected calibration error of the answers, in 15 bins of equal width. */
  double brier, calibration_error;
  int class_count;
  ig_class_result *classes;
  int64_t *confusion;           /* class_count × class_count: [true][predicted] */
  int64_t broken;
} ig_eval_result;

/* Measures a trained model. IG_BELOW_BAR, and IG_BAD_DATA with result->broken > 0: `result` is filled; after other failures
 * it holds nothing. Owner of the result's arrays: caller, ig_eval_result_free. */
ig_status ig_eval(ig_context *context, const ig_eval_options *options, ig_eval_result *result);
void ig_eval_result_free(ig_eval_result *result);

/* ---- predict ------------------------------------------------------------------------------------------------------ */

typedef struct ig_predict_options {
  char run[IG_PATH_SIZE];       /* run folder or .safetensors file */
  char precision[8];
  char conv[8];                 /* "": as the run */
  int batch;                    /* pictures at once */
  int top;                      /* for the command: how many classes it prints */
  int threads;
} ig_predict_options;

ig_predict_options ig_predict_options_default(void);

/* One picture's answer. `message` says why there is none. Everything is valid during the call only. */
typedef struct ig_prediction {
  const char *file;
  ig_status status;
  const char *message;
  int class_count;
  const char *const *class_name; /* [class_count]; their numbers where the model has no names */
  /* [class_count]; NULL without an answer. Those of sigmoids do not add up to 1; a model that was trained to other numbers (mse)
   * gives these. */
  const double *probability;
} ig_prediction;

typedef struct ig_predict_events {
  /* The next file, or a folder, whose pictures follow in the order of their bytes; NULL: the last was given. It stays valid until
   * the next call. */
  const char *(*next)(void *user);
  /* False when `next` would have to wait: what is there is answered at once. May be NULL: never. */
  bool (*ready)(void *user);
  void (*answer)(void *user, const ig_prediction *p); /* in the order of the files */
  /* Asked before every batch, as for ig_train. May be NULL. */
  ig_status (*stop)(void *user);
  void *user;
} ig_predict_events;

typedef struct ig_predict_result { int64_t answered, failed, skipped; } ig_predict_result; /* skipped: no pictures, in folders */

/* Classifies files, `batch` at once, with a model that is opened for it; for pixels in memory there is ig_predictor (model.h).
 * `result` (may be NULL) is filled in any case. IG_BAD_DATA: some could not be read, the others have their answers. IG_BAD_MODEL: it
 * ends in pictures, or takes others than grey and coloured ones. */
ig_status ig_predict(ig_context *context, const ig_predict_options *options, const ig_predict_events *events,
                     ig_predict_result *result);

/* ---- gradcheck ---------------------------------------------------------------------------------------------------- */

typedef struct ig_gradcheck_options {
  char model[IG_PATH_SIZE], data[IG_PATH_SIZE], loss[IG_SPEC_SIZE], conv[8];
  int batch, samples;           /* pictures; elements tried in each tensor */
  int directions;               /* random directions through all parameters */
  double tolerance;
  int64_t seed;
  int threads;
} ig_gradcheck_options;

ig_gradcheck_options ig_gradcheck_options_default(void);

/* One parameter tensor, or (last row, name "all") the random directions. error = |a−n| / (|a|+|n|+10⁻² max|a|), five-point
 * differences in double. `redrawn`: elements passed over because a relu or pooling winner changed between the probes. */
typedef struct ig_gradcheck_row {
  char name[128];
  int64_t elements, tried, redrawn;
  double error, largest;        /* worst error; largest analytic gradient, for "all" largest slope of the directions */
  bool compared;                /* false: nothing could be compared, every element was passed over; then nothing is known */
  bool passed;                  /* compared, and the error is within the tolerance */
} ig_gradcheck_row;

typedef struct ig_gradcheck_result {
  ig_gradcheck_row *row;
  int rows, wrong, unknown;     /* rows that were compared and did not pass; rows in which nothing could be compared */
  bool passed;                  /* every row */
  double loss;
} ig_gradcheck_result;

/* Compares the gradient that training uses with differences of the loss. IG_OK whatever the verdict; see `passed`. Owner of
 * the rows: caller, ig_gradcheck_result_free. */
ig_status ig_gradcheck(ig_context *context, const ig_gradcheck_options *options, ig_gradcheck_result *result);
void ig_gradcheck_result_free(ig_gradcheck_result *result);

/* ---- summary ------------------------------------------------------------------------------------------------------ */

typedef struct ig_summary_options {
  char model[IG_PATH_SIZE];     /* built-in name, text file, .safetensors or run folder */
  char loss[IG_SPEC_SIZE], optimizer[IG_SPEC_SIZE], precision[8], conv[8];
  int batch, threads, classes;
  bool plan;                    /* also describe the training plan, phase by phase */
  bool forecast;                /* also measure the machine for a moment, and say how long a step and an epoch should take */
  int64_t pictures;             /* of an epoch, for the forecast */
} ig_summary_options;

ig_summary_options ig_summary_options_default(void);

typedef struct ig_summary_row {
  char name[128], op[64], shape[96];  /* shape: n×c×h×w */
  int64_t parameters;
  double macs;                  /* multiply-adds for one picture, forward */
  double seconds;               /* forecast: of a training step; 0: none */
} ig_summary_row;

typedef struct ig_summary_result {
  ig_summary_row *row;
  int rows;
  int64_t parameters, states;
  double macs;                  /* one picture, forward */
  /* Bytes: weights; with the given batch, what a training step works in (gradients, optimiser slots and plan); what
   * inference works in. */
  uint64_t weight_bytes, training_bytes, inference_bytes;
  char *plan;                   /* text, or NULL */
  ig_forecast forecast;
} ig_summary_result;

ig_status ig_summary(ig_context *context, const ig_summary_options *options, ig_summary_result *result);
void ig_summary_result_free(ig_summary_result *result);

/* ---- bench -------------------------------------------------------------------------------------------------------- */

typedef struct ig_bench_options {
  char model[IG_PATH_SIZE];     /* built-in name, text file, .safetensors or run folder */
  bool train, infer;            /* which to time; neither: train */
  char loss[IG_SPEC_SIZE];      /* "": cross_entropy, or mse for a model that ends in pictures */
  char optimizer[IG_SPEC_SIZE], precision[8], conv[8];
  int batch, classes;
  double seconds;               /* to measure; three repetitions at least */
  int threads;
  bool nodes, phases;           /* for the command: what it prints */
  bool calibrate;               /* for the command: to call ig_calibrate */
} ig_bench_options;

ig_bench_options ig_bench_options_default(void);

/* Where core time goes: a node of the plan in one phase; then a row "update" (penalties and optimiser: wall time of all
 * threads), and a row "wait" (threads with nothing to do, meetings, handing out). us_per_picture of all rows adds up to
 * threads × profiled_ms. */
typedef struct ig_bench_row {
  char line[128], op[64];
  const char *pass;             /* "forward", "backward", "update", "wait" */
  const char *kind;             /* "chunks", "parts", "finish" (of partial sums), "cached" (once an update), "" */
  int phase;                    /* −1: none */
  double calls;                 /* a step, all threads together */
  double us_per_picture;        /* of core time: of all threads together */
  double flops;                 /* a step: 2 a multiply-add of the direct arithmetic; 0: none worth counting */
  double gflops, share;         /* of all threads, if they did nothing else; of the peak. 0 without flops */
} ig_bench_row;

/* What the threads do between two meetings. */
typedef struct ig_bench_phase {
  const char *kind;             /* "chunks", "parts", "cached" */
  bool small;                   /* done by the caller alone */
  int first, count;             /* its rows */
  int tasks, chunk;             /* chunk: pictures; 0 for parts */
  double us, busy_us, wait_us;  /* a step: wall time; core time of its rows; threads × wall time − busy */
} ig_bench_phase;

typedef struct ig_bench_result {
  char model[IG_PATH_SIZE];
  const char *mode, *isa;       /* "train", "infer"; "avx512" */
  int batch, threads, repetitions, steps; /* steps a repetition */
  double img_per_s, ms_per_step;          /* median of the repetitions */
  double img_per_s_best, ms_per_step_best;
  double profiled_ms;           /* of the step that rows and phases split: the fastest of the timed repetitions */
  double flops, gflops;         /* a step; at the median */
  double peak_gflops, share;    /* of multiply-adds, measured between the repetitions on the same threads; gflops of it */
  uint64_t plan_bytes, state_bytes; /* the plan; weights, running state, gradients, optimiser slots */
  ig_bench_row *row;
  ig_bench_phase *phase;
  int rows, phases;
} ig_bench_result;

/* Times a training step (forward, backward, update; the code that ig_train runs, at learning rate 0, so that every step does the
 * same) or inference, on one batch of random pictures in memory. Owner of the result's arrays: caller, ig_bench_result_free. */
ig_status ig_bench(ig_context *context, const ig_bench_options *options, ig_bench_result *result);
void ig_bench_result_free(ig_bench_result *result);

/* ---- what is inside the library ------------------------------------------------------------------------------------- */

/* The models inside the library: name, or NULL past the last; its one-line help and its text. */
const char *ig_model_name(int index);
const char *ig_model_help(int index);
const char *ig_model_text(int index);
/* The recipes inside the library, configurations of whole runs: the same three. */
const char *ig_recipe_name(int index);
const char *ig_recipe_help(int index);
const char *ig_recipe_text(int index);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif
#endif
