/* The options of the verbs: their tables, their defaults, and setting them by name. From the same rows come --help, the
 * configuration file and the saved configuration. */
#include "base/text.h"
#include "imgrad/compare.h"
#include "imgrad/prune.h"
#include "imgrad/report.h"
#include "train/lr_find.h"
#include "train/show.h"
#include "train/spread.h"
#include "train/surface/surface.h"

#include <string.h>

#define OPT(member, fallback, min, max, unit, help) IG__OPTION(T, member, fallback, min, max, unit, help)
#define TEXT(member, fallback, help) IG__OPTION(T, member, fallback, 0, 0, "", help)
#define PRECISION TEXT(precision, "f32", "f32, f64: the real type; bf16: f32, and convolutions round what they multiply")
#define CONV_HELP "auto, or direct: no convolution by Winograd, which is faster and rounds a little more"
#define CONV TEXT(conv, "auto", CONV_HELP)
#define THREADS OPT(threads, "0", 0, 4096, "", "compute threads; 0: as many as the process may use")
#define WORKERS OPT(workers, "1", 1, 256, "", "threads that read pictures")
#define STRICT OPT(strict, "no", 0, 1, "", "stop at the first broken picture instead of leaving it out")
#define STEP_LOSS TEXT(loss, "", "loss of the training step; default cross_entropy, or mse for a model that ends in pictures")
#define STEP_OPTIMIZER TEXT(optimizer, "adam", "optimiser of the training step")
#define BAR OPT(min_accuracy, "0", 0, 1, "", "exit with code 8 when the accuracy measured last stays below")

#define T ig_train_options
static const ig__option train_table[] = {
  TEXT(data, "digits", "folder, or built-in source with options: \"digits train=5000\""),
  TEXT(model, "", "built-in model or text file; default: chosen by the data, with whatever else is not given"),
  TEXT(out, "", "run folder to make; default runs/train, runs/train2, …"),
  TEXT(resume, "", "run folder to go on with, exactly where it stopped"),
  TEXT(weights, "", "start from these weights (.safetensors or run folder)"),
  TEXT(optimizer, "adam", "sgd, adam, adamw, … with options: \"adam beta1=0.8\""),
  TEXT(schedule, "constant", "how the rate moves: \"cosine warmup=1\", one_cycle, \"step 5\""),
  TEXT(loss, "cross_entropy", "cross_entropy, focal, binary_cross_entropy, mse, …"),
  TEXT(class_weights, "none", "how much a class counts: none, balanced, auto (balanced when sizes differ by 3), or cat=2,dog=0.5"),
  TEXT(augment, "", "changes of the training pictures, another each epoch: \"flip, shift 4, rotate 10\""),
  PRECISION,
  TEXT(gradient, "analytic", "analytic, or numeric: central differences of the loss; small models, --precision f64"),
  CONV,
  TEXT(epochs, "10", "passes over the training pictures; +N with --resume adds N; time: as many as --time allows"),
  TEXT(time, "", "90, 10m, 1.5h: plan epochs and schedule to end then; with --epochs, stop after so long"),
  TEXT(keep, "best", "best: the weights of the epoch with the best validation; last: of the last epoch"),
  OPT(patience, "0", 0, 1000000, "epochs", "stop after so many without a better validation; 0: never"),
  TEXT(freeze, "", "parameters that are not trained: \"conv2d1.*, stage1.*\""),
  TEXT(lr_scale, "", "factors of the learning rate: \"stage1.*=0.1, dense1.*=2\""),
  OPT(lr, "0", 0, 1e6, "a step", "learning rate; 0: the optimiser's own"),
  OPT(momentum, "-1", -1, 1, "", "handed to the optimiser; -1: its own"),
  OPT(l2, "0", 0, 1e6, "", "λ of the L2 penalty on weights"),
  OPT(l1, "0", 0, 1e6, "", "λ of the L1 penalty on weights (exact zeros)"),
  TEXT(l2_scale, "full", "full λ‖w‖², half λ/2‖w‖², half_mean λ/2m‖w‖²"),
  TEXT(lambda_schedule, "constant", "how λ of the penalties moves: \"cosine\", \"linear to=0.1\", gap, hypergradient; 'imgrad help schedules'"),
  TEXT(penalty, "", "more penalties, each with on=PATTERN: \"group_lasso 1e-3 on=conv2d*, max_norm 3\"; 'imgrad help penalties'"),
  OPT(weight_decay, "-1", -1, 1e6, "", "decoupled decay of weights, w -= lr·decay·w; -1: the optimiser's own (adamw: 0.01)"),
  TEXT(average, "none", "a mean of the weights, which is measured and kept: none, \"ema 0.999\", swa; 'imgrad help averages'"),
  OPT(clip, "0", 0, 1e12, "", "largest norm of the gradient; 0: not clipped"),
  OPT(batch, "32", 1, 1 << 20, "pictures", "pictures a step"),
  OPT(accumulate, "1", 1, 1 << 20, "batches", "batches whose gradients make one step"),
  OPT(balanced, "no", 0, 1, "", "each epoch draws as many pictures of every class"),
  OPT(val, "-1", -1, 0.9, "share", "part of the training pictures that validates; -1: 0.1 unless the data bring a part"),
  OPT(test, "0", 0, 0.9, "share", "part of the training pictures that is put aside for the test at the end, for data without a test part"),
  TEXT(fold, "", "2/5: the 2nd of 5 stratified parts of the training pictures validates, and test is left alone"),
  TEXT(test_fold, "", "2/5: the 2nd of 5 stratified parts of the training pictures is the test part"),
  OPT(limit, "0", 0, 9e15, "pictures", "train on a seeded, stratified sample; 0: all"),
  OPT(seed, "1", 0, 9e15, "", "of weights, order, dropout and splits"),
  OPT(restarts, "1", 1, 1000, "runs", "train so many times from other seeds on the same parts, side by side, and keep the best by validation"),
  OPT(start, "0", 0, 1e9, "", "added to the seed of weights, order, dropout and augmentation, not of splits: what --restarts counts"),
  THREADS,
  WORKERS,
  BAR,
  STRICT,
  OPT(checkpoint_every, "60", 0.01, 1e9, "seconds", "time between checkpoints inside an epoch"),
  TEXT(report, "yes", "yes: write report.html when training ends; no"),
  TEXT(tensorboard, "", "folder to write the curves to as TensorBoard's event files, in train, validation and steps"),
  IG__OPTION(T, watch, "no", 0, 0, "[PORT]", "a live page on 127.0.0.1 while training: --watch at any free port, which is printed, --watch=8080 at this one"),
  IG__OPTIONS_END};
#undef T

#define T ig_eval_options
static const ig__option eval_table[] = {
  TEXT(run, "", "run folder or .safetensors file"),
  TEXT(data, "", "measure on these data; default: those of the run"),
  TEXT(part, "test", "test, val or train"),
  PRECISION,
  TEXT(conv, "", CONV_HELP "; default: as the run"),
  OPT(batch, "256", 1, 1 << 20, "pictures", "pictures at once"),
  OPT(top, "5", 1, 1 << 20, "classes", "also the share of pictures whose class is among so many best"),
  THREADS,
  WORKERS,
  BAR,
  STRICT,
  IG__OPTIONS_END};
#undef T

#define T ig_predict_options
static const ig__option predict_table[] = {
  TEXT(run, "", "run folder or .safetensors file"),
  OPT(top, "1", 1, 1 << 20, "classes", "how many classes are printed for a picture, the likeliest first"),
  PRECISION,
  TEXT(conv, "", CONV_HELP "; default: as the run"),
  OPT(batch, "64", 1, 1 << 16, "pictures", "pictures at once"),
  THREADS,
  IG__OPTIONS_END};
#undef T

#define T ig_gradcheck_options
static const ig__option gradcheck_table[] = {
  TEXT(model, "textbook", "built-in model, text file, .safetensors or run folder"),
  TEXT(data, "digits", "folder or built-in source the pictures come from"),
  TEXT(loss, "cross_entropy", "cross_entropy, mse, …"),
  /* Over a flat background Winograd rounds equal windows differently, tile by tile: winners of a pooling change with every probe,
   * and no element would be left to compare. */
  TEXT(conv, "direct", CONV_HELP),
  OPT(batch, "2", 1, 4096, "pictures", "pictures in the batch; more have more relus and winners that change between probes"),
  OPT(samples, "20", 1, 1 << 30, "", "elements tried in each tensor"),
  OPT(directions, "20", 0, 1 << 20, "", "random directions through all parameters"),
  OPT(tolerance, "1e-6", 0, 1, "", "largest error that passes"),
  OPT(seed, "1", 0, 9e15, "", "of weights and choices"),
  THREADS,
  IG__OPTIONS_END};
#undef T

#define T ig_summary_options
static const ig__option summary_table[] = {
  TEXT(model, "textbook", "built-in model, text file, .safetensors or run folder"),
  STEP_LOSS,
  STEP_OPTIMIZER,
  PRECISION,
  CONV,
  OPT(batch, "32", 1, 1 << 20, "pictures", "pictures a step"),
  OPT(classes, "10", 1, 1 << 20, "", "number of classes"),
  THREADS,
  OPT(plan, "no", 0, 1, "", "also describe the training plan, phase by phase"),
  OPT(forecast, "no", 0, 1, "", "also say how long a step and an epoch should take here, after a third of a second of measuring"),
  OPT(pictures, "50000", 1, 9e15, "pictures", "of the epoch of the forecast"),
  IG__OPTIONS_END};
#undef T

#define T ig_bench_options
static const ig__option bench_table[] = {
  TEXT(model, "textbook", "built-in model, text file, .safetensors or run folder"),
  OPT(train, "no", 0, 1, "", "time a training step: forward, backward, update (the default)"),
  OPT(infer, "no", 0, 1, "", "time inference instead"),
  STEP_LOSS,
  STEP_OPTIMIZER,
  PRECISION,
  CONV,
  OPT(batch, "32", 1, 1 << 20, "pictures", "pictures a step"),
  OPT(classes, "10", 1, 1 << 20, "", "number of classes"),
  OPT(seconds, "2", 0.01, 3600, "seconds", "time to measure; three repetitions at least"),
  THREADS,
  OPT(nodes, "no", 0, 1, "", "also print each node of the plan"),
  OPT(phases, "no", 0, 1, "", "also print each phase: what threads do between two meetings"),
  OPT(calibrate, "no", 0, 1, "", "measure each way of computing MODEL's convolutions instead; all: every built-in model's"),
  IG__OPTIONS_END};
#undef T

#define T ig_report_options
static const ig__option report_table[] = {
  TEXT(out, "", "file to write; default report.html in the run's folder; needed for several runs"),
  TEXT(data, "", "measure on these data; default: those of the run"),
  THREADS,
  WORKERS,
  IG__OPTIONS_END};
#undef T

#define T ig_tune_options
static const ig__option tune_table[] = {
  TEXT(search, "grid", "grid: every value with every other; random; halving: the better third goes on to more epochs; path: one penalty, "
                       "from strong to weak, each from the weights before"),
  OPT(points, "10", 1, 1000, "", "values of each range; draws of --search random"),
  OPT(folds, "5", 1, 100, "", "parts of the training pictures, each validating once; 1: a validation part as --val says"),
  OPT(nested, "no", 0, 1, "", "also measure the search itself, on outer folds that it never sees"),
  TEXT(by, "loss", "what is to be least on the validating parts: loss (of the data, without the penalty), or error (share of wrong answers)"),
  TEXT(choose, "minimum", "minimum, or one-se: the strongest penalty within a standard error of it"),
  TEXT(refit, "yes", "yes: train on all training pictures with what was chosen, and measure the test part; no"),
  IG__OPTIONS_END};
#undef T

#define T ig_compare_options
static const ig__option compare_table[] = {
  TEXT(optimizers, "gd,sgd,momentum,newton,lbfgs,adam", "what is compared, by commas, each with options and rates of its own: \"sgd lr=0.1:0.01, "
                                                        "momentum, adam beta1=0.8, lbfgs\""),
  IG__OPTIONS_END};
#undef T

#define T ig_prune_options
static const ig__option prune_table[] = {
  TEXT(run, "", "run folder or .safetensors file"),
  TEXT(out, "", "run folder to make, for the smaller network"),
  OPT(threshold, "0", 0, 1e6, "", "filters and channels without a weight above it count as dead; 0: only zeros"),
  THREADS,
  IG__OPTIONS_END};
#undef T

const ig__option *ig__verb_table(ig_verb verb) {
  switch (verb) {
  case IG_VERB_COMPARE: return compare_table;
  case IG_VERB_LR_FIND: return ig__lr_find_table;
  case IG_VERB_TUNE: return tune_table;
  case IG_VERB_TRAIN: return train_table;
  case IG_VERB_EVAL: return eval_table;
  case IG_VERB_GRADCHECK: return gradcheck_table;
  case IG_VERB_BENCH: return bench_table;
  case IG_VERB_PREDICT: return predict_table;
  case IG_VERB_REPORT: return report_table;
  case IG_VERB_ASCEND: return ig__ascend_table;
  case IG_VERB_PRUNE: return prune_table;
  case IG_VERB_SURFACE: return ig__surface_table;
  case IG_VERB_WATCH: return ig__watch_table;
  default: return summary_table;
  }
}

static const char *verb_name(ig_verb verb) {
  static const char *const names[] = {"train", "eval", "gradcheck", "summary", "bench", "predict", "report", "ascend", "tune", "lr-find", "compare", "prune", "surface", "watch"};
  return names[verb];
}

/* Verbs that train many times take all options of training too: their structs begin with ig_train_options, so its rows fit. */
static const ig__option *base_table(ig_verb verb) {
  return verb == IG_VERB_TUNE || verb == IG_VERB_LR_FIND || verb == IG_VERB_COMPARE ? train_table : NULL;
}

int ig__verb_rows(ig_verb verb, ig__option out[IG__VERB_ROWS]) {
  int count = 0;
  for (const ig__option *o = ig__verb_table(verb); o->name; o++) out[count++] = *o;
  for (const ig__option *o = base_table(verb); o && o->name; o++) out[count++] = *o;
  out[count] = (ig__option)IG__OPTIONS_END;
  return count;
}

ig_status ig__options_check(ig_verb verb, const void *options) {
  ig__option rows[IG__VERB_ROWS];
  ig__verb_rows(verb, rows);
  if (base_table(verb) && ((const ig_train_options *)options)->restarts != 1)
    return ig__fail(IG_USAGE, "%s: --restarts is train's alone: here each run stands for itself; --start K is another beginning", verb_name(verb));
  for (const ig__option *o = rows; o->name; o++) {
    const char *at = (const char *)options + o->offset;
    double v = o->min;
    if (o->type == IG__OPTION_INT) v = *(const int *)(const void *)at;
    if (o->type == IG__OPTION_I64) v = (double)*(const int64_t *)(const void *)at;
    if (o->type == IG__OPTION_DOUBLE) v = *(const double *)(const void *)at;
    if (o->type == IG__OPTION_TEXT && !memchr(at, 0, o->size))
      return ig__fail(IG_USAGE, "%s: the text of %s has no end", verb_name(verb), o->name);
    if (!(v >= o->min && v <= o->max)) {
      char found[32], low[32], high[32];
      return ig__fail(IG_USAGE, "%s: %s is %s, out of range (%s … %s)", verb_name(verb), o->name, ig__print_double(found, v),
                      ig__print_double(low, o->min), ig__print_double(high, o->max));
    }
  }
  if (base_table(verb) && strcmp(((const ig_train_options *)options)->watch, "no") != 0)
    return ig__fail(IG_USAGE, "%s: --watch shows the one run of train; while this goes on, 'imgrad watch' shows a run by its folder", verb_name(verb));
  return IG_OK;
}

ig_train_options ig_train_options_default(void) {
  ig_train_options o = {.lr = 0};
  ig__options_default(train_table, &o);
  return o;
}

ig_eval_options ig_eval_options_default(void) {
  ig_eval_options o = {.batch = 0};
  ig__options_default(eval_table, &o);
  return o;
}

ig_predict_options ig_predict_options_default(void) {
  ig_predict_options o = {.batch = 0};
  ig__options_default(predict_table, &o);
  return o;
}

ig_gradcheck_options ig_gradcheck_options_default(void) {
  ig_gradcheck_options o = {.batch = 0};
  ig__options_default(gradcheck_table, &o);
  return o;
}

ig_summary_options ig_summary_options_default(void) {
  ig_summary_options o = {.batch = 0};
  ig__options_default(summary_table, &o);
  return o;
}

ig_bench_options ig_bench_options_default(void) {
  ig_bench_options o = {.batch = 0};
  ig__options_default(bench_table, &o);
  return o;
}

ig_report_options ig_report_options_default(void) {
  ig_report_options o = {.threads = 0};
  ig__options_default(report_table, &o);
  return o;
}

ig_compare_options ig_compare_options_default(void) {
  ig_compare_options o = {.train = ig_train_options_default()};
  ig__options_default(compare_table, &o);
  return o;
}

ig_tune_options ig_tune_options_default(void) {
  ig_tune_options o = {.spreads = 0};
  o.train = ig_train_options_default();
  ig__options_default(tune_table, &o);
  return o;
}

ig_prune_options ig_prune_options_default(void) {
  ig_prune_options o = {.threads = 0};
  ig__options_default(prune_table, &o);
  return o;
}

/* The word with '-' written as '_'; options are spelled with '-' on the command line. */
static void plain_key(const char *key, char out[64]) {
  size_t n = 0;
  for (; key[n] && n < 63; n++) out[n] = key[n] == '-' ? '_' : key[n];
  out[n] = 0;
}

int ig__option_row(const ig__option *table, const char *key) {
  char plain[64];
  plain_key(key, plain);
  for (int i = 0; table[i].name; i++)
    if (!strcmp(table[i].name, plain)) return i;
  return -1;
}

ig_status ig_option_set(ig_verb verb, void *options, const char *key, const char *value) {
  ig__option rows[IG__VERB_ROWS];
  char plain[64];
  ig__verb_rows(verb, rows);
  plain_key(key, plain);
  int row = ig__option_row(rows, plain), of_train = ig__option_row(train_table, plain);
  bool trains = verb == IG_VERB_TRAIN || (base_table(verb) && ig__option_row(ig__verb_table(verb), plain) < 0 && of_train >= 0);
  if (verb == IG_VERB_TUNE && trains && ig__spread_is(&rows[row], value)) return ig__spread_set(options, &rows[row], value);
  IG__TRY(ig__option_set(verb_name(verb), rows, options, plain, value));
  if (verb == IG_VERB_TUNE && trains) ig__spread_drop(options, plain);
  if (trains) ((ig_train_options *)options)->given |= (uint64_t)1 << of_train;
  return IG_OK;
}

bool ig_option_is_switch(ig_verb verb, const char *key) {
  ig__option rows[IG__VERB_ROWS];
  ig__verb_rows(verb, rows);
  int row = ig__option_row(rows, key);
  return row >= 0 && (rows[row].type == IG__OPTION_BOOL || rows[row].unit[0] == '['); /* [VALUE]: it may be left out */
}

const char *ig_option_name(ig_verb verb, int index) {
  ig__option rows[IG__VERB_ROWS];
  return index < ig__verb_rows(verb, rows) ? rows[index].name : NULL;
}

size_t ig_options_help(ig_verb verb, char *out, size_t size) {
  ig__option rows[IG__VERB_ROWS];
  int count = ig__verb_rows(verb, rows), watch = ig__option_row(rows, "watch");
  /* Taken from the configuration of a run, but of no use here (ig__options_check). */
  if (base_table(verb)) memmove(&rows[watch], &rows[watch + 1], (size_t)(count - watch) * sizeof *rows);
  return ig__options_help(rows, out, size);
}
