#ifndef IG__TESTS_RUNS_H
#define IG__TESTS_RUNS_H
/* What the tests of whole runs share: training in one line, and looking at what a run folder holds. */

#include "base/text.h"
#include "test.h"
#include "train/train.h"

/* Trains with options by name: TRAIN(context, &result, events, "model", "softmax", "epochs", "2"). Faults that are set act
 * on the training alone, not on setting the options. */
#define TRAIN(context, result, events, ...) train_words(context, result, events, (const char *const[]){__VA_ARGS__, NULL})
ig_status train_words(ig_context *context, ig_train_result *result, const ig_train_events *events, const char *const *words);
/* The same without looking at the result; a failure ends the test. */
#define RUN(context, ...) run_words(context, (const char *const[]){__VA_ARGS__, NULL})
void run_words(ig_context *context, const char *const *words);

#ifdef IG__FAULTS
/* Allocations of a training into the folder "out" fail, each STEPth of them: a status, no leak. */
#define ALLOCATIONS_FAIL(step, ...) allocations_fail(step, (const char *const[]){"out", in_folder("out"), __VA_ARGS__, NULL})
void allocations_fail(int step, const char *const *words);
#endif

ig_context *threads(int count);                       /* a context; ends the test when there is none */
/* One with everything said; log lines are gathered in `said`, which starts empty. */
extern char said[8192];
ig_context *listening(int count);
const char *in_folder(const char *name);              /* a path inside the test's folder; eight live at once */
const char *write_text(const char *name, const char *text); /* the same, after writing the file */
const char *small_net(void);                          /* the path of a small convolutional net with batchnorm and dropout */

/* A run's folder in memory: config.yaml, checkpoint, model.safetensors, results.csv. */
typedef struct snapshot { uint8_t *bytes[4]; size_t size[4]; } snapshot;
void snapshot_take(snapshot *s, const char *folder);
void snapshot_put(const snapshot *s, const char *folder); /* instead of what is there */
void snapshot_free(snapshot *s);
void remove_run(const char *folder);

uint64_t hash_of_run(const char *folder);             /* weights, running states and optimiser state of its checkpoint */
uint64_t hash_of_model(const char *folder);           /* of the values in model.safetensors */
/* results.csv without the columns that measure time; owner: caller, ig__free. */
char *results_of(const char *folder);
ig__model *model_of(const char *folder, int real_size); /* its weights; owner: caller */
const ig__param *param_of(const ig__model *model, const char *name); /* ends the test when there is none */
ig__run_state state_of(const char *folder);           /* owner: caller, ig__run_state_free */
/* Checkpoint and model of this folder are whole, if they are there; *model tells whether the latter is. */
void check_loads(const char *folder, bool *model);

/* events.stop: ends the run with IG_INTERRUPTED before step `left` + 1. */
typedef struct stopper { int64_t left; } stopper;
ig_status stop_after(void *user);

#endif
