/* The watch over the learning rate in a run: what it is told, and where its words go. */
#include "train/train.h"

#include <math.h>
#include <string.h>

/* The cross-entropy of answering every picture with the shares of the classes, as training counts them; 0 for another loss. */
ig_status ig__trainer_watch_open(ig__trainer *t) {
  if (strncmp(t->options->loss, "cross_entropy", strlen("cross_entropy")) != 0) return IG_OK;
  const int classes = t->source->info.class_count;
  int64_t *counts = ig__class_counts(t->source, t->samples.ref[IG__TRAIN], t->samples.count[IG__TRAIN]);
  if (!counts) return IG_NO_MEMORY;
  double all = 0, sum = 0;
  for (int pass = 0; pass < 2; pass++)
    for (int c = 0; c < classes; c++) {
      double n = (double)counts[c] * (t->class_weight ? t->class_weight[c] : 1);
      if (t->options->balanced) n = counts[c] > 0;
      if (pass == 0) all += n;
      else if (n > 0) sum -= n / all * log(n / all);
    }
  t->chance = sum;
  ig__free(counts);
  return IG_OK;
}

static double norm_of(const void *updater) { return ig__updater_weight_norm(updater); }

/* Words of a failure are kept: nothing may fail here when the step did. */
ig_status ig__trainer_watch(ig__trainer *t, ig_status status) {
  ig__run_state *s = &t->state;
  ig_rate_warning warning;
  char message[IG__MESSAGE_SIZE];
  bool known = s->planned_steps || !t->planning;
  ig__rate_step step = {.step = s->step, .steps = known ? ig__plan_steps(t) : 0, .loss = t->loss, .lr = t->lr, .chance = t->chance,
                        .pictures = (int64_t)t->options->batch * t->options->accumulate, .base = ig__updater_base_lr(t->updater),
                        .norm = norm_of, .user = t->updater};
  if (status != IG_OK && status != IG_DIVERGED) return status;
  if (status == IG_DIVERGED) {
    step.step++;
    step.loss = NAN;
  }
  int cause = ig__rate_watch_step(&s->watch, &step);
  if (cause < 0 || !ig__rate_watch_told(&s->watch, cause, &warning)) return status;
  ig__message_take(message);
  ig__log(t->context, IG_LOG_WARNING, "%s", warning.words);
  ig_status noted = ig__trainer_note(t, "%s", warning.words);
  if (status == IG_OK) return noted;
  ig__message_give(message);
  return status;
}
