/* The parts of a run. */
#include "base/text.h"
#include "train/lambda.h"

#include <string.h>

static ig_status read_fold(const char *name, const char *text, ig__fold *out) {
  char first[16];
  int64_t index, of;
  const char *slash = strchr(text, '/');
  *out = (ig__fold){0, 0};
  if (!*text) return IG_OK;
  ig__snprintf(first, sizeof first, "%.*s", slash ? (int)(slash - text) : 0, text);
  if (!slash || !ig__parse_i64(first, &index) || !ig__parse_i64(slash + 1, &of) || of < 1 || of > 1000 || index < 1 || index > of)
    return ig__fail(IG_USAGE, "--%s %s: which part of how many, like 2/5", name, text);
  *out = (ig__fold){(int)index, (int)of};
  return IG_OK;
}

ig_status ig__split_of(const ig_train_options *run, ig__split_options *out) {
  *out = (ig__split_options){.seed = (uint64_t)run->seed, .val = run->val, .test = run->test, .limit = run->limit};
  IG__TRY(ig__lambda_hold(run, &out->hold));
  IG__TRY(read_fold("fold", run->fold, &out->fold));
  IG__TRY(read_fold("test-fold", run->test_fold, &out->test_fold));
  if (out->test_fold.of && run->test > 0)
    return ig__fail(IG_USAGE, "--test-fold %s says which pictures are the test part, and --test how many: give one of them", run->test_fold);
  if (out->fold.of > 1 && run->val > 0)
    return ig__fail(IG_USAGE, "--fold %s says which pictures validate, and --val how many: give one of them", run->fold);
  return IG_OK;
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
