/* A first look at everything, so that what is broken is out before the parts are made. */
#include "data/data.h"

#define SURVEY_BATCH 64

typedef struct { const ig__loader_options *options; uint8_t *broken; } survey;

static void mark(void *user, const ig__ref *ref, const char *message) {
  const survey *s = user;
  s->broken[ref->index] = 1;
  if (s->options->broken) s->options->broken(s->options->user, ref, message);
}

static ig_status read_all(const ig__source *source, ig__loader *loader, const ig__ref *ref) {
  const ig__batch *batch;
  IG__TRY(ig__loader_start(loader, ref, source->info.count[IG__TRAIN], 0));
  do IG__TRY(ig__loader_next(loader, &batch));
  while (batch);
  return IG_OK;
}

ig_status ig__samples_survey(const ig__source *source, const ig__loader_options *options, uint8_t *broken) {
  survey s = {options, broken};
  ig__loader_options own = {.batch = SURVEY_BATCH, .threads = options->threads, .depth = 4, .strict = options->strict, .broken = mark,
                            .user = &s};
  int64_t count = source->info.count[IG__TRAIN];
  ig__loader *loader = NULL;
  ig__ref *ref = ig__alloc((size_t)count, sizeof *ref);
  if (!ref) return IG_NO_MEMORY;
  for (int64_t i = 0; i < count; i++) ref[i] = (ig__ref){IG__TRAIN, i, source->kind->key(source, IG__TRAIN, i)};
  ig_status status = ig__loader_new(source, &own, &loader);
  if (status == IG_OK) status = read_all(source, loader, ref);
  ig__loader_free(loader);
  ig__free(ref);
  return status;
}
