/* The verb eval: a trained model on one part of its data or of others. */
#include "base/unknown.h"
#include "train/regularise.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

typedef struct evaluation {
  ig_context *context;
  const ig_eval_options *options;
  ig_train_options run;      /* of the run folder; defaults for a bare file */
  ig__model *model;
  ig__source *source;
  ig__samples samples;
  ig__network network;
  ig__loader *loader;
  ig__scores scores;
  double *row;               /* of one picture: a number a class */
  ig__part part;
  int64_t broken;
} evaluation;

ig_status ig__run_options(const char *verb, const char *run, ig_train_options *out) {
  *out = ig_train_options_default();
  if (!*run) return ig__fail(IG_USAGE, "%s: which run? Name a run folder or a .safetensors file", verb);
  if (!ig__is_folder(run) && !ig__file_exists(run)) return ig__fail(IG_USAGE, "%s: no such run folder or .safetensors file", run);
  if (!ig__is_folder(run)) return IG_OK;
  char *path = ig__format("%s/config.yaml", run);
  ig_status status = path ? ig_options_load(IG_VERB_TRAIN, out, path) : IG_NO_MEMORY;
  ig__free(path);
  return status;
}

static ig_status find_part(evaluation *e) {
  for (int p = 0; p < IG__PARTS; p++)
    if (!strcmp(e->options->part, ig__part_name((ig__part)p))) {
      e->part = (ig__part)p;
      return IG_OK;
    }
  return ig__unknown(IG_USAGE, e->options->part, (const char *const[]){"test", "val", "train"}, 3, "--part:");
}

static void report_broken(void *user, const ig__ref *ref, const char *message) {
  evaluation *e = user;
  (void)ref;
  e->broken++;
  ig__log(e->context, IG_LOG_WARNING, "left out: %s", message);
}

/* The same split as in training, so that val means what it meant there. Other data than the run's are split by its rules too. */
static ig_status open_samples(evaluation *e) {
  const char *data = *e->options->data ? e->options->data : e->run.data;
  ig__source_want want = ig__model_want(e->model);
  ig__split_options split;
  IG__TRY(ig__data_open(e->context, data, &want, &e->source));
  /* What is broken in the training part matters to what is taken from it, and silently to a penalty that counts its pictures. */
  bool taken = e->part == IG__TRAIN || !e->source->info.count[e->part], counted = !strcmp(e->run.l2_scale, "half_mean");
  ig__loader_options look = {.threads = e->options->workers, .strict = taken && e->options->strict,
                             .broken = taken ? report_broken : NULL, .user = e};
  IG__TRY(ig__split_of(&e->run, &split));
  IG__TRY(ig__parts_make(e->context, e->source, &split, taken || counted ? &look : NULL, &e->samples));
  if (!e->samples.count[e->part])
    return ig__fail(IG_BAD_DATA, "%s has no pictures in its %s part; --part measures another, and a run with --test 0.1 keeps some for a test", data,
                    ig__part_name(e->part));
  return IG_OK;
}

static ig_status open_all(evaluation *e) {
  const ig_eval_options *o = e->options;
  int real_size;
  IG__TRY(find_part(e));
  IG__TRY(ig__real_size(e->context, o->precision, &real_size));
  IG__TRY(ig__run_options("eval", o->run, &e->run));
  IG__TRY(ig__model_any(e->context, o->run, NULL, 1, real_size, 0, &e->model));
  e->model->bf16 = ig__is_bf16(o->precision);
  IG__TRY(open_samples(e));
  IG__TRY(ig__network_new(e->context, &(ig__network_request){.model = e->model, .data = &e->source->info, .loss = e->run.loss,
                          .conv = *o->conv ? o->conv : e->run.conv, .n = o->batch}, &e->network));
  e->network.cancellable = true;
  return ig__loader_new(e->source, &(ig__loader_options){.batch = o->batch, .threads = o->workers, .depth = 4,
                        .strict = o->strict, .broken = report_broken, .user = e}, &e->loader);
}

static ig_status fill_classes(const evaluation *e, ig_eval_result *r) {
  int classes = r->class_count;
  r->classes = ig__alloc((size_t)classes, sizeof *r->classes);
  char *names = ig__alloc((size_t)classes, 64);
  if (!r->classes || !names) {
    ig__free(names);
    return IG_NO_MEMORY;
  }
  for (int c = 0; c < classes; c++) {
    ig_class_result *k = &r->classes[c];
    const char *name = e->model->class_name && c < e->model->class_count ? e->model->class_name[c] : NULL;
    if (name) snprintf(names + 64 * c, 64, "%s", name);
    else snprintf(names + 64 * c, 64, "%d", c);
    k->name = names + 64 * c; /* class 0's name owns them all */
    for (int o = 0; o < classes; o++) {
      k->n += r->confusion[(int64_t)c * classes + o];
      k->predicted += r->confusion[(int64_t)o * classes + c];
    }
    k->correct = r->confusion[(int64_t)c * classes + c];
    k->precision = k->predicted ? (double)k->correct / (double)k->predicted : NAN;
    k->recall = k->n ? (double)k->correct / (double)k->n : NAN;
    k->f1 = k->n + k->predicted ? 2 * (double)k->correct / (double)(k->n + k->predicted) : NAN;
  }
  return IG_OK;
}

static ig_status fill_scores(const evaluation *e, ig_eval_result *r) {
  ig__score_figures f;
  double *auc = ig__alloc((size_t)r->class_count, sizeof *auc);
  if (!auc) return IG_NO_MEMORY;
  const ig_status status = ig__scores_measure(&e->scores, e->options->top, auc, &f);
  for (int c = 0; c < r->class_count; c++) r->classes[c].auc = auc[c];
  ig__free(auc);
  r->top = e->options->top;
  r->top_accuracy = f.top;
  r->auc = f.auc;
  r->brier = f.brier;
  r->calibration_error = f.calibration;
  return status;
}

static ig_status add_scores(void *user, const ig__answer *one) {
  evaluation *e = user;
  const bool probabilities = ig__network_scores(one->network, one->i, e->row);
  return ig__scores_add(&e->scores, one->truth, e->row, probabilities);
}

/* *measured: the figures are there, whatever the status says about them. */
static ig_status measure(evaluation *e, ig_eval_result *r, bool *measured) {
  int classes = e->network.classes;
  r->class_count = classes;
  r->part = ig__part_name(e->part);
  r->confusion = ig__alloc((size_t)classes * (size_t)classes, sizeof *r->confusion);
  e->row = ig__alloc((size_t)classes, sizeof *e->row);
  if (!r->confusion || !e->row) return IG_NO_MEMORY;
  e->scores.classes = classes;
  double start = ig__now(), penalty;
  IG__TRY(ig__penalty_of_run(e->context, e->model, &e->run, e->samples.count[IG__TRAIN], &penalty));
  IG__TRY(ig__evaluate(e->context, &e->network, e->loader, e->samples.ref[e->part], e->samples.count[e->part], penalty, r->confusion,
                       &(ig__watch){add_scores, e}, &r->metrics));
  r->seconds = ig__now() - start;
  r->broken = e->broken;
  IG__TRY(fill_classes(e, r));
  IG__TRY(fill_scores(e, r));
  int64_t most = 0;
  for (int c = 0; c < classes; c++)
    if (r->classes[c].n > most) most = r->classes[c].n;
  r->baseline = r->metrics.n ? (double)most / (double)r->metrics.n : NAN;
  *measured = true;
  if (e->options->min_accuracy > 0 && !(r->metrics.accuracy >= e->options->min_accuracy))
    return ig__fail(IG_BELOW_BAR, "accuracy %.4f on the %s part is below the %.4f asked for", r->metrics.accuracy, r->part,
                    e->options->min_accuracy);
  return r->broken ? ig__fail(IG_BAD_DATA, "%lld pictures could not be read and were left out", (long long)r->broken) : IG_OK;
}

ig_status ig_eval(ig_context *context, const ig_eval_options *options, ig_eval_result *result) {
  evaluation e = {.context = context, .options = options};
  *result = (ig_eval_result){.part = ""};
  bool measured = false;
  ig_status status = ig__options_check(IG_VERB_EVAL, options);
  if (status == IG_OK) status = open_all(&e);
  if (status == IG_OK) status = measure(&e, result, &measured);
  ig__loader_free(e.loader);
  ig__network_free(&e.network);
  ig__scores_free(&e.scores);
  ig__free(e.row);
  ig__samples_free(&e.samples);
  ig__source_close(e.source);
  ig__model_free(e.model);
  if (!measured) ig_eval_result_free(result);
  return ig__verb_end(context, status);
}

void ig_eval_result_free(ig_eval_result *result) {
  if (result->classes) ig__free((void *)(uintptr_t)result->classes[0].name);
  ig__free(result->classes);
  ig__free(result->confusion);
  *result = (ig_eval_result){.part = ""};
}
