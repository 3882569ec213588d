/* A pass over pictures that leaves the weights alone. */
#include "train/train.h"

ig_status ig__evaluate(ig_context *context, ig__network *net, ig__loader *loader, const ig__ref *ref, int64_t count,
                       double penalty, int64_t *confusion, const ig__watch *watch, ig_metrics *out) {
  ig__tally tally = {0};
  IG__TRY(ig__loader_start(loader, ref, count, 0));
  for (;;) {
    const ig__batch *batch;
    IG__TRY(ig__loader_next(loader, &batch));
    if (!batch) break;
    IG__TRY(ig__network_run(net, context, batch, &(ig__pass_step){.loss_scale = 1}));
    const int32_t *label = batch->field[net->target_field];
    for (int i = 0; i < batch->n; i++) {
      int answer = ig__network_answer(net, i);
      tally.correct += answer == label[i];
      if (confusion) confusion[(int64_t)label[i] * net->classes + answer]++;
      if (watch) IG__TRY(watch->picture(watch->user, &(ig__answer){&batch->ref[i], label[i], answer, net, i}));
    }
    tally.n += batch->n;
    tally.weight += net->weight;
    tally.loss += ig__network_loss(net) * net->weight;
  }
  tally.penalty = penalty * (double)tally.n;
  *out = ig__tally_metrics(&tally, true);
  return IG_OK;
}

int64_t *ig__class_counts(const ig__source *source, const ig__ref *ref, int64_t count) {
  int classes = source->info.class_count;
  int64_t *counts = ig__alloc((size_t)classes + 1, sizeof *counts);
  for (int64_t i = 0; counts && i < count; i++) {
    int label = source->kind->label(source, ref[i].part, ref[i].index);
    if (label >= 0 && label < classes) counts[label]++;
  }
  return counts;
}
