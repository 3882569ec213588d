/* The verb predict: files and folders in, answers out in the same order. The pictures of a batch are decoded by all threads, then
 * the network runs on those that could be. */
#include "data/sources/folder.h"
#include "train/predictor.h"

#include <stdio.h>
#include <string.h>

typedef struct queue {
  const ig_predict_events *events;
  ig_predict_result *result;
  /* The pictures of the folder that was given last, and how many were handed out. */
  char *folder;
  ig__arena *arena;
  const char **path;
  size_t count, capacity, at;
  bool over;
} queue;

static ig_status add_path(void *user, const char *path, uint64_t size) {
  queue *q = user;
  void *list = q->path;
  (void)size;
  IG__TRY(ig__grow(&list, q->count, &q->capacity, sizeof *q->path));
  q->path = list;
  q->path[q->count++] = path;
  return IG_OK;
}

static void leave_folder(queue *q) {
  ig__arena_free(q->arena);
  ig__free(q->path);
  ig__free(q->folder);
  q->arena = NULL;
  q->path = NULL;
  q->folder = NULL;
  q->count = q->capacity = q->at = 0;
}

static ig_status enter_folder(queue *q, const char *folder) {
  leave_folder(q);
  q->arena = ig__arena_new();
  q->folder = ig__strdup(folder);
  if (!q->arena || !q->folder) return IG_NO_MEMORY;
  for (size_t n = strlen(q->folder); n > 1 && q->folder[n - 1] == '/'; n--) q->folder[n - 1] = 0;
  return ig__folder_walk(q->folder, "", q->arena, add_path, q, &q->result->skipped);
}

/* The next file in fresh memory; *file is NULL at the end, or when there is none yet. */
static ig_status next_file(queue *q, bool wait, char **file) {
  *file = NULL;
  while (!q->over) {
    if (q->at < q->count) {
      *file = ig__format("%s/%s", q->folder, q->path[q->at++]);
      return *file ? IG_OK : IG_NO_MEMORY;
    }
    if (!wait && q->events->ready && !q->events->ready(q->events->user)) return IG_OK;
    const char *name = q->events->next(q->events->user);
    if (!name) {
      q->over = true;
    } else if (ig__is_folder(name)) {
      IG__TRY(enter_folder(q, name));
    } else {
      *file = ig__strdup(name);
      return *file ? IG_OK : IG_NO_MEMORY;
    }
  }
  return IG_OK;
}

typedef struct prediction {
  ig_context *context;
  const ig_predict_options *options;
  ig_model *model;
  ig_predictor *predictor;
  double *probabilities;     /* [batch][classes] */
  const char **class_name;   /* [classes] */
  char (*number)[24];        /* the names of those that have none */
  queue queue;
} prediction;

/* The configuration says how the run convolved; what its numbers are is known to the model. */
static ig_status find_conv(const ig_predict_options *o, bool *direct) {
  ig_train_options *run = ig__alloc(1, sizeof *run);
  if (!run) return IG_NO_MEMORY;
  ig_status status = ig__run_options("predict", o->run, run);
  if (status == IG_OK) status = ig__conv_is_direct(*o->conv ? o->conv : run->conv, direct);
  ig__free(run);
  return status;
}

static ig_status name_classes(prediction *v) {
  size_t classes = (size_t)v->model->classes;
  v->class_name = ig__alloc(classes, sizeof *v->class_name);
  v->number = ig__alloc(classes, sizeof *v->number);
  if (!v->class_name || !v->number) return IG_NO_MEMORY;
  for (size_t c = 0; c < classes; c++) {
    snprintf(v->number[c], sizeof *v->number, "%zu", c);
    v->class_name[c] = ig_model_class(v->model, (int)c);
    if (!v->class_name[c]) v->class_name[c] = v->number[c];
  }
  return IG_OK;
}

static ig_status open_all(prediction *v) {
  const ig_predict_options *o = v->options;
  ig_predictor_options how = {.batch = o->batch};
  int real_size;
  IG__TRY(ig__real_size(v->context, o->precision, &real_size));
  IG__TRY(find_conv(o, &how.direct));
  IG__TRY(ig__trained_open(v->context, o->run, real_size, &v->model));
  v->model->model->bf16 = ig__is_bf16(o->precision);
  if (v->model->classes < 1) return ig__fail(IG_BAD_MODEL, "%s ends in pictures, not in classes", o->run);
  IG__TRY(ig_predictor_new(v->context, v->model, &how, &v->predictor));
  IG__TRY(ig__predictor_prepare(v->predictor));
  IG__TRY(name_classes(v));
  v->probabilities = ig__alloc((size_t)o->batch * (size_t)v->model->classes, sizeof *v->probabilities);
  return v->probabilities ? IG_OK : IG_NO_MEMORY;
}

static void close_all(prediction *v) {
  leave_folder(&v->queue);
  ig_predictor_free(v->predictor);
  ig_model_free(v->model);
  ig__free(v->probabilities);
  ig__free(v->class_name);
  ig__free(v->number);
}

static void put_file(void *arg, int i, int thread) {
  ig_predictor *p = arg;
  ig__predict_slot *slot = &p->slot[i];
  ig__source_want want = ig__model_want(p->model->model);
  ig__picture picture;
  uint8_t *bytes = NULL;
  size_t size;
  (void)thread;
  slot->status = ig__file_read(slot->file, IG__PICTURE_FILE, &bytes, &size);
  if (slot->status == IG_OK) slot->status = ig__fail_at(ig__picture_decode(bytes, size, &want.picture, &picture), "%s", slot->file);
  ig__free(bytes);
  if (slot->status == IG_OK) ig__predictor_put(p, i, &picture);
  else ig__message_take(slot->message);
}

/* Memory that is out is no fault of the picture. */
static ig_status answer(prediction *v, int i) {
  const ig__predict_slot *slot = &v->predictor->slot[i];
  const queue *q = &v->queue;
  const int classes = v->model->classes;
  bool good = slot->status == IG_OK;
  if (slot->status == IG_NO_MEMORY) {
    ig__message_give(slot->message);
    return IG_NO_MEMORY;
  }
  ig_prediction one = {.file = slot->file, .status = slot->status, .message = good ? "" : slot->message, .class_count = classes,
                       .class_name = v->class_name, .probability = good ? v->probabilities + (size_t)i * (size_t)classes : NULL};
  if (good) q->result->answered++;
  else q->result->failed++;
  q->events->answer(q->events->user, &one);
  return IG_OK;
}

static ig_status run_batch(prediction *v) {
  ig_predictor *p = v->predictor;
  ig_status status = IG_OK;
  int n;
  for (n = 0; n < v->options->batch; n++) {
    char *file;
    IG__TRY(next_file(&v->queue, n == 0, &file));
    if (!file) break;
    ig__free(p->slot[n].file);
    p->slot[n].file = file;
  }
  ig__pool_run(v->context->pool, n, false, put_file, p);
  IG__TRY(ig__predictor_run(p, n, v->probabilities));
  for (int i = 0; i < n && status == IG_OK; i++) status = answer(v, i);
  return status;
}

ig_status ig_predict(ig_context *context, const ig_predict_options *options, const ig_predict_events *events,
                     ig_predict_result *result) {
  ig_predict_result own, *r = result ? result : &own;
  prediction v = {.context = context, .options = options, .queue = {.events = events, .result = r}};
  const queue *q = &v.queue;
  *r = (ig_predict_result){0};
  ig_status status = ig__options_check(IG_VERB_PREDICT, options);
  if (status == IG_OK) status = open_all(&v);
  while (status == IG_OK && !(q->over && q->at == q->count)) {
    status = events->stop ? events->stop(events->user) : IG_OK;
    if (status == IG_OK) status = ig__cancel_check(context);
    if (status == IG_OK) status = run_batch(&v);
  }
  close_all(&v);
  if (status == IG_OK && r->failed)
    status = ig__fail(IG_BAD_DATA, "%lld of %lld pictures have no answer", (long long)r->failed, (long long)(r->failed + r->answered));
  return ig__verb_end(context, status);
}
