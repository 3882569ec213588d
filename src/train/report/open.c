/* A run folder, read back. */
#include "train/regularise.h"
#include "train/report/open.h"

#include "base/text.h"
#include "train/checkpoint.h"

#include <math.h>
#include <string.h>

#define MEASURE_BATCH 128

static ig_status read_config(ig__opened *r) {
  char *path = ig__format("%s/config.yaml", r->folder);
  r->options = ig_train_options_default();
  ig_status status = path ? ig_options_load(IG_VERB_TRAIN, &r->options, path) : IG_NO_MEMORY;
  ig__free(path);
  return status;
}

/* A pruned network has weights and no history. */
static ig_status read_state(ig__opened *r) {
  if (ig__folder_has(r->folder, "model.safetensors") && !ig__folder_has(r->folder, "checkpoint")) return IG_OK;
  return ig__run_state_read(r->folder, &r->state);
}

static ig_status read_model(ig__opened *r) {
  int real_size;
  char *path = ig__format("%s/model.safetensors", r->folder);
  if (!path) return IG_NO_MEMORY;
  ig_status status = ig__real_size(r->context, r->options.precision, &real_size);
  if (status == IG_OK && ig__file_exists(path)) status = ig__model_load_with(&r->context->ops, path, real_size, &r->model);
  else ig__snprintf(r->without, sizeof r->without, "No weights have been kept yet: what is made of them is left out.");
  if (r->model) r->model->bf16 = ig__is_bf16(r->options.precision);
  ig__free(path);
  return status;
}

static ig_status open_data(ig__opened *r, const char *data, const ig_report_options *o) {
  const ig_train_options *run = &r->options;
  ig__source_want want = ig__model_want(r->model);
  ig__split_options split;
  IG__TRY(ig__data_open(r->context, *data ? data : run->data, &want, &r->source));
  IG__TRY(ig__split_of(run, &split));
  IG__TRY(ig__parts_make(r->context, r->source, &split, &(ig__loader_options){.threads = o->workers}, &r->samples));
  IG__TRY(ig__network_new(r->context, &(ig__network_request){.model = r->model, .data = &r->source->info, .loss = run->loss, .conv = run->conv,
                          .n = MEASURE_BATCH}, &r->network));
  r->network.cancellable = true;
  ig__loader_options loader = {.batch = MEASURE_BATCH, .threads = o->workers, .depth = 4};
  IG__TRY(ig__loader_new(r->source, &loader, &r->loader));
  return ig__loader_new(r->source, &loader, &r->train_loader);
}

static ig_status measure(ig__opened *r, ig__part part, double penalty, const ig__watch *watch, ig_metrics *out) {
  if (!r->samples.count[part]) return IG_OK;
  return ig__evaluate(r->context, &r->network, r->loader, r->samples.ref[part], r->samples.count[part], penalty, NULL, watch, out);
}

static ig_status measure_all(ig__opened *r) {
  ig__part part = r->samples.count[IG__TEST] ? IG__TEST : r->samples.count[IG__VAL] ? IG__VAL : IG__TRAIN;
  double penalty;
  ig_metrics train;
  IG__TRY(ig__penalty_of_run(r->context, r->model, &r->options, r->samples.count[IG__TRAIN], &penalty));
  IG__TRY(ig__answers_new(&r->answers, r->network.classes, part));
  ig__watch watch = ig__answers_watch(&r->answers);
  IG__TRY(measure(r, IG__VAL, penalty, part == IG__VAL ? &watch : NULL, &r->val));
  IG__TRY(measure(r, IG__TEST, penalty, part == IG__TEST ? &watch : NULL, &r->test));
  if (part == IG__TRAIN) IG__TRY(measure(r, IG__TRAIN, penalty, &watch, &train));
  int64_t *counts = ig__class_counts(r->source, r->samples.ref[part], r->samples.count[part]);
  if (!counts) return IG_NO_MEMORY;
  r->baseline = ig__baseline(counts, r->source->info.class_count);
  ig__free(counts);
  return ig__answers_finish(&r->answers);
}

static void close_data(ig__opened *r) {
  ig__loader_free(r->loader);
  ig__loader_free(r->train_loader);
  ig__network_free(&r->network);
  ig__samples_free(&r->samples);
  ig__source_close(r->source);
  ig__answers_free(&r->answers);
  r->loader = r->train_loader = NULL;
  r->source = NULL;
}

ig_status ig__opened_new(ig_context *context, const char *folder, const char *data, const ig_report_options *options, ig__opened **out) {
  ig__opened *r = ig__alloc(1, sizeof *r);
  *out = NULL;
  if (!r) return IG_NO_MEMORY;
  r->context = context;
  r->folder = folder;
  r->baseline = NAN;
  ig_status status = ig__is_folder(folder) ? IG_OK : ig__fail(IG_USAGE, "%s: no such run folder", folder);
  if (status == IG_OK) status = read_config(r);
  if (status == IG_OK) status = read_state(r);
  if (status == IG_OK) status = read_model(r);
  if (status == IG_OK && r->model) {
    ig_status found = open_data(r, data, options);
    if (found == IG_OK) found = measure_all(r);
    if (found == IG_NO_MEMORY || found == IG_INTERRUPTED) status = found;
    else if (found != IG_OK) {
      char message[IG__MESSAGE_SIZE];
      ig__message_take(message);
      ig__snprintf(r->without, sizeof r->without, "Left out is what needs the data: %.900s.", message);
      close_data(r);
      r->val = r->test = (ig_metrics){0};
    }
  }
  if (status == IG_OK) *out = r;
  else ig__opened_free(r);
  return status;
}

void ig__opened_free(ig__opened *r) {
  if (!r) return;
  close_data(r);
  ig__model_free(r->model);
  ig__run_state_free(&r->state);
  ig__free(r);
}
