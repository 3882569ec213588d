/* Data that several runs read. */
#include "train/shared.h"

#include <pthread.h>
#include <string.h>

#define KEEP_BYTES ((size_t)2 << 30)  /* of decoded pictures, for each data */

typedef struct opened {
  char *text;
  ig__picture_want picture;
  ig__source *source;
  ig__source_kind kind;     /* of the views: the source's own, but that closing one closes nothing */
} opened;

struct ig__shared {
  pthread_mutex_t lock;
  opened **opened;
  size_t count, capacity;
};

ig_status ig__shared_new(ig__shared **out) {
  ig__shared *shared = *out = ig__alloc(1, sizeof *shared);
  if (!shared) return IG_NO_MEMORY;
  pthread_mutex_init(&shared->lock, NULL); /* with default attributes it cannot fail on Linux */
  return IG_OK;
}

static void close_one(opened *one) {
  if (!one) return;
  ig__source_close(one->source);
  ig__free(one->text);
  ig__free(one);
}

void ig__shared_free(ig__shared *shared) {
  if (!shared) return;
  for (size_t i = 0; i < shared->count; i++) close_one(shared->opened[i]);
  pthread_mutex_destroy(&shared->lock);
  ig__free(shared->opened);
  ig__free(shared);
}

static ig_status open_one(ig__shared *shared, const char *text, const ig__source_want *want, opened **out) {
  ig__source_want all = *want;
  opened *one = ig__alloc(1, sizeof *one);
  if (!one) return IG_NO_MEMORY;
  one->picture = want->picture;
  all.keep = KEEP_BYTES;
  ig_status status = (one->text = ig__strdup(text)) ? ig__source_open(text, &all, &one->source) : IG_NO_MEMORY;
  if (status == IG_OK) status = ig__grow((void **)&shared->opened, shared->count, &shared->capacity, sizeof *shared->opened);
  if (status != IG_OK) {
    close_one(one);
    return status;
  }
  one->kind = *one->source->kind;
  one->kind.close = NULL;
  *out = shared->opened[shared->count++] = one;
  return IG_OK;
}

/* A source of its own, but for what is read: the names of its classes are its own, because closing it frees them. */
static ig_status view_of(const opened *one, ig__source **out) {
  const ig__source_info *info = &one->source->info;
  ig__source *view = ig__alloc(1, sizeof *view);
  if (!view) return IG_NO_MEMORY;
  *view = *one->source;
  view->kind = &one->kind;
  view->info.class_name = ig__alloc((size_t)info->class_count, sizeof *info->class_name);
  if (!view->info.class_name) {
    ig__free(view);
    return IG_NO_MEMORY;
  }
  if (info->class_count) memcpy(view->info.class_name, info->class_name, (size_t)info->class_count * sizeof *info->class_name);
  *out = view;
  return IG_OK;
}

static bool is_same(const ig__picture_want *a, const ig__picture_want *b) {
  return a->channels == b->channels && a->height == b->height && a->width == b->width && a->fit == b->fit;
}

ig_status ig__shared_open(ig__shared *shared, const char *text, const ig__source_want *want, ig__source **out) {
  const ig__source_want any = {.class_count = 0};
  opened *one = NULL;
  if (!want) want = &any;
  if (want->class_count) return ig__source_open(text, want, out); /* classes in the order of a trained model */
  pthread_mutex_lock(&shared->lock); /* whoever wants the same meanwhile waits for it, which is what they would do anyway */
  for (size_t i = 0; i < shared->count && !one; i++)
    if (!strcmp(shared->opened[i]->text, text) && is_same(&shared->opened[i]->picture, &want->picture)) one = shared->opened[i];
  ig_status status = one ? IG_OK : open_one(shared, text, want, &one);
  pthread_mutex_unlock(&shared->lock);
  return status == IG_OK ? view_of(one, out) : status;
}
