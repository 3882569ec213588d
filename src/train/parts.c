/* The parts of a run. */
#include "train/train.h"

ig__split_options ig__split_of_run(const ig_train_options *run) {
  return (ig__split_options){.seed = (uint64_t)run->seed, .val = run->val, .test = run->test, .limit = run->limit};
}

ig_status ig__parts_make(ig_context *context, const ig__source *source, const ig__split_options *split, const ig__loader_options *loader,
                         ig__samples *out) {
  uint8_t *broken = NULL;
  *out = (ig__samples){0};
  if (loader && source->info.kept) {
    ig__loader_options all = *loader;
    int threads = ig__pool_threads(context->pool);
    if (all.threads < threads) all.threads = threads;
    if (!(broken = ig__alloc((size_t)source->info.count[IG__TRAIN], 1))) return IG_NO_MEMORY;
    ig_status status = ig__samples_survey(source, &all, broken);
    if (status != IG_OK) {
      ig__free(broken);
      return status;
    }
  }
  ig_status status = ig__samples_make_without(source, split, broken, out);
  ig__free(broken);
  return status;
}
