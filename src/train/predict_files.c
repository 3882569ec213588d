/* The verb predict: files and folders in, answers out in the same order. The pictures of a batch are decoded by all threads, then
 * the network runs on those that could be. */
#include "data/sources/folder.h"
#include "train/predict.h"

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

static void put_file(void *arg, int i, int thread) {
  ig_predictor *p = arg;
  ig__predict_slot *slot = &p->slot[i];
  ig__source_want want = ig__model_want(p->model);
  ig__picture picture;
  uint8_t *bytes = NULL;
  size_t size;
  (void)thread;
  slot->status = ig__file_read(slot->file, IG__PICTURE_FILE, &bytes, &size);
  if (slot->status == IG_OK) slot->status = ig__fail_at(ig__picture_decode(bytes, size, &want.picture, &picture), "%s", slot->file);
  ig__free(bytes);
  if (slot->status == IG_OK) ig__predict_put(p, i, &picture);
  else ig__message_take(slot->message);
}

/* Memory that is out is no fault of the picture. */
static ig_status answer(ig_predictor *p, int i, queue *q) {
  const ig__predict_slot *slot = &p->slot[i];
  bool good = slot->status == IG_OK;
  if (slot->status == IG_NO_MEMORY) {
    ig__message_give(slot->message);
    return IG_NO_MEMORY;
  }
  ig_prediction prediction = {.file = slot->file, .status = slot->status, .message = good ? "" : slot->message,
                              .class_count = p->network.classes,
                              .probability = good ? p->probabilities + (size_t)i * (size_t)p->network.classes : NULL};
  if (good) q->result->answered++;
  else q->result->failed++;
  q->events->answer(q->events->user, &prediction);
  return IG_OK;
}

static ig_status run_batch(ig_predictor *p, queue *q, int *n) {
  ig_status status = IG_OK;
  for (*n = 0; *n < p->network.n; ++*n) {
    char *file;
    IG__TRY(next_file(q, *n == 0, &file));
    if (!file) break;
    ig__free(p->slot[*n].file);
    p->slot[*n].file = file;
  }
  ig__pool_run(p->context->pool, *n, false, put_file, p);
  IG__TRY(ig__predict_run(p, *n));
  for (int i = 0; i < *n && status == IG_OK; i++) status = answer(p, i, q);
  return status;
}

ig_status ig_predict(ig_predictor *p, const ig_predict_events *events, ig_predict_result *result) {
  ig_predict_result own;
  queue q = {.events = events, .result = result ? result : &own};
  *q.result = (ig_predict_result){0};
  ig_status status;
  int n;
  do {
    status = events->stop ? events->stop(events->user) : IG_OK;
    if (status == IG_OK) status = run_batch(p, &q, &n);
  } while (status == IG_OK && !(q.over && q.at == q.count));
  leave_folder(&q);
  if (status == IG_OK && q.result->failed)
    return ig__fail(IG_BAD_DATA, "%lld of %lld pictures have no answer", (long long)q.result->failed,
                    (long long)(q.result->failed + q.result->answered));
  return status;
}
