/* What happens from step to step: nothing is allocated, and progress is told as the header says. */
#include "runs.h"

typedef struct watch {
  uint64_t calls;              /* allocations made by the end of step 2 of this epoch */
  int64_t step, steps, told;
  int epoch, epochs_told;
  bool allocated, disorder;
} watch;

static void on_progress(void *user, const ig_progress *p) {
  watch *w = user;
  if (p->epoch != w->epoch) w->epoch = p->epoch, w->step = 0;
  w->disorder |= p->step != w->step + 1 || p->step > p->steps || p->train.n < 1 || !isfinite(p->train.loss);
  w->step = p->step;
  w->steps = p->steps;
  w->told++;
  if (p->step == 2) w->calls = ig__alloc_calls();
  if (p->step > 2) w->allocated |= ig__alloc_calls() != w->calls;
}

static void on_epoch(void *user, const ig_epoch *e) {
  watch *w = user;
  w->epochs_told++;
  w->disorder |= e->epoch != w->epochs_told || w->step != w->steps;
}

/* With one thread and with three. */
#define STEPS(...) check_steps((const char *const[]){"data", "digits train=150 test=10", "batch", "16", "epochs", "2", "l2", "1e-3", \
                                                   "out", in_folder("steps"), __VA_ARGS__, NULL})
static void check_steps(const char *const *words) {
  for (int count = 1; count <= 3; count += 2) {
    ig_context *context = threads(count);
    ig_train_result result;
    watch w = {0};
    ig_train_events events = {.progress = on_progress, .epoch = on_epoch, .user = &w};
    remove_run(in_folder("steps"));
    CHECK_OK(train_words(context, &result, &events, words));
    ig_context_free(context);
    CHECK(!w.allocated);
    CHECK(!w.disorder);
    CHECK_INT(w.epochs_told, 2);
    CHECK_INT(w.told, 2 * w.steps);
  }
}

#define OPTIMIZER_STEPS(model_, optimizer_, accumulate_, precision_)                                                                    \
  STEPS("model", model_, "optimizer", optimizer_, "accumulate", accumulate_, "precision", precision_, "l1", "1e-4", "clip", "1",        \
        "weight_decay", "0.01", "schedule", "cosine warmup=1")
TEST(no_allocation_softmax) { OPTIMIZER_STEPS("softmax", "sgd", "1", "f32"); }
TEST(no_allocation_mlp_accumulating) { OPTIMIZER_STEPS("mlp", "adam", "2", "f32"); }
TEST(no_allocation_textbook) { OPTIMIZER_STEPS("textbook", "sgd momentum=0.9", "1", "f32"); }
TEST(no_allocation_batchnorm) { OPTIMIZER_STEPS(small_net(), "adam", "1", "f64"); }
/* λ by layer along a hypergradient: a second network and a second loader, which go round. */
TEST(no_allocation_lambda) { STEPS("model", "mlp", "lambda_schedule", "hypergradient per=layer hold=0.3"); }

/* Broken pictures shorten an epoch, and the count of steps begins anew in each: test_loader.c has the batches. The steps
 * of a resumed epoch go on where it stopped. */
TEST(steps_go_on_when_resumed) {
  ig_context *context = threads(1);
  ig_train_result result;
  stopper s = {4};
  ig_train_events stop = {.stop = stop_after, .user = &s};
  const char *out = in_folder("resumed");
  CHECK_INT(TRAIN(context, &result, &stop, "data", "digits train=150 test=10", "model", "softmax", "batch", "16", "epochs", "1",
                  "out", out), IG_INTERRUPTED);
  watch w = {.epoch = 1, .step = 4};
  ig_train_events events = {.progress = on_progress, .epoch = on_epoch, .user = &w};
  CHECK_OK(TRAIN(context, &result, &events, "resume", out));
  CHECK(!w.disorder);
  CHECK_INT(w.steps, 9); /* 135 pictures */
  CHECK_INT(w.told, 5);
  ig_context_free(context);
}
