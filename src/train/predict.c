/* A model that classifies: loaded once, asked many times. */
#include "train/predict.h"

#include <stdio.h>
#include <string.h>

static ig_status open_model(ig_predictor *p, const ig_predict_options *o) {
  ig_train_options *run = ig__alloc(1, sizeof *run);
  int real_size;
  if (!run) return IG_NO_MEMORY;
  ig_status status = ig__real_size(o->precision, &real_size);
  if (status == IG_OK) status = ig__run_options("predict", o->run, run);
  if (status == IG_OK) status = ig__model_any(o->run, NULL, 1, real_size, 0, &p->model);
  if (status == IG_OK) {
    const ig__input_options *in = &p->model->input;
    p->info = (ig__source_info){.field_count = 1, .name = "the pictures",
                                .class_count = p->model->class_name ? p->model->class_count : 0};
    p->info.field[0] = (ig__field){.name = "image", .role = IG__ROLE_IMAGE, .type = IG__FIELD_U8, .rank = 3,
                                   .dim = {in->channels, in->height, in->width, 1}};
    p->picture_bytes = ig__field_bytes(&p->info.field[0]);
    if (in->channels != 1 && in->channels != 3)
      status = ig__fail(IG_BAD_MODEL, "%s takes pictures of %d channels; predict reads grey (1) and colour (3)", o->run, in->channels);
  }
  if (status == IG_OK)
    status = ig__network_new(p->context, &(ig__network_request){.model = p->model, .data = &p->info, .n = o->batch, .trained_with = run->loss,
                             .conv = *o->conv ? o->conv : run->conv}, &p->network);
  if (status == IG_OK && p->network.classes < 1) status = ig__fail(IG_BAD_MODEL, "%s ends in pictures, not in classes", o->run);
  ig__free(run);
  return status;
}

static ig_status take_memory(ig_predictor *p) {
  size_t n = (size_t)p->network.n, classes = (size_t)p->network.classes;
  if (!(p->planes = ig__alloc(n, p->picture_bytes))) return IG_NO_MEMORY;
  if (!(p->batch.key = ig__alloc(n, sizeof *p->batch.key))) return IG_NO_MEMORY;
  if (!(p->slot = ig__alloc(n, sizeof *p->slot))) return IG_NO_MEMORY;
  if (!(p->messages = ig__alloc(n, IG__MESSAGE_SIZE))) return IG_NO_MEMORY;
  if (!(p->probabilities = ig__alloc(n * classes, sizeof *p->probabilities))) return IG_NO_MEMORY;
  if (!(p->class_name = ig__alloc(classes, sizeof *p->class_name))) return IG_NO_MEMORY;
  for (size_t i = 0; i < n; i++) p->slot[i].message = p->messages + i * IG__MESSAGE_SIZE;
  for (size_t c = 0; c < classes; c++) {
    bool named = p->model->class_name && (int)c < p->model->class_count;
    if (named) memcpy(p->class_name[c], p->model->class_name[c], sizeof *p->class_name);
    else snprintf(p->class_name[c], sizeof *p->class_name, "%zu", c);
  }
  p->batch.field[0] = p->planes;
  return IG_OK;
}

ig_status ig_predictor_new(ig_context *context, const ig_predict_options *options, ig_predictor **out) {
  *out = NULL;
  IG__TRY(ig__options_check(IG_VERB_PREDICT, options));
  ig_predictor *p = ig__alloc(1, sizeof *p);
  if (!p) return IG_NO_MEMORY;
  p->context = context;
  ig_status status = open_model(p, options);
  if (status == IG_OK) status = take_memory(p);
  if (status == IG_OK) *out = p;
  else ig_predictor_free(p);
  return status;
}

void ig_predictor_free(ig_predictor *p) {
  if (!p) return;
  ig__network_free(&p->network);
  ig__model_free(p->model);
  for (int i = 0; p->slot && i < p->network.n; i++) ig__free(p->slot[i].file);
  ig__free(p->planes);
  ig__free(p->batch.key);
  ig__free(p->slot);
  ig__free(p->messages);
  ig__free(p->probabilities);
  ig__free(p->class_name);
  ig__free(p);
}

int ig_predictor_classes(const ig_predictor *p) { return p->network.classes; }

const char *ig_predictor_class(const ig_predictor *p, int index) {
  return index >= 0 && index < p->network.classes ? p->class_name[index] : NULL;
}

void ig__predict_put(ig_predictor *p, int i, ig__picture *picture) {
  ig__picture_planes(picture, p->planes + (size_t)i * p->picture_bytes);
  ig__picture_free(picture);
}

ig_status ig__predict_run(ig_predictor *p, int n) {
  int good = 0;
  for (int i = 0; i < n; i++) {
    if (p->slot[i].status != IG_OK) continue;
    if (i != good) memcpy(p->planes + (size_t)good * p->picture_bytes, p->planes + (size_t)i * p->picture_bytes, p->picture_bytes);
    good++;
  }
  if (!good) return IG_OK;
  p->batch.n = good;
  IG__TRY(ig__network_run(&p->network, p->context, &p->batch, &(ig__pass_step){.loss_scale = 1}));
  for (int i = n - 1; i >= 0; i--)
    if (p->slot[i].status == IG_OK) (void)ig__network_scores(&p->network, --good, p->probabilities + (size_t)i * (size_t)p->network.classes);
  return IG_OK;
}

typedef struct { ig_predictor *predictor; const ig_pixels *pictures; } pixel_job;

static void put_pixels(void *arg, int i, int thread) {
  const pixel_job *job = arg;
  const ig_pixels *x = &job->pictures[i];
  ig__source_want want = ig__model_want(job->predictor->model);
  ig__picture out, in = {x->channels, x->height, x->width, (uint8_t *)(uintptr_t)x->data};
  ig__predict_slot *slot = &job->predictor->slot[i];
  (void)thread;
  slot->status = ig__picture_resize(&in, x->pitch ? x->pitch : (size_t)x->width * (size_t)x->channels, &want.picture, &out);
  if (slot->status == IG_OK) ig__predict_put(job->predictor, i, &out);
  else ig__message_take(slot->message);
}

ig_status ig_predict_pixels(ig_predictor *p, const ig_pixels *pictures, int count, double *probabilities) {
  size_t classes = (size_t)p->network.classes;
  for (int from = 0; from < count; from += p->network.n) {
    int n = count - from < p->network.n ? count - from : p->network.n;
    ig__pool_run(p->context->pool, n, false, put_pixels, &(pixel_job){p, pictures + from});
    for (int i = 0; i < n; i++)
      if (p->slot[i].status != IG_OK) {
        ig__message_give(p->slot[i].message);
        return ig__fail_at(p->slot[i].status, "picture %d", from + i);
      }
    IG__TRY(ig__predict_run(p, n));
    memcpy(probabilities + (size_t)from * classes, p->probabilities, (size_t)n * classes * sizeof *probabilities);
  }
  return IG_OK;
}
