#ifndef IG__TRAIN_REPORT_H
#define IG__TRAIN_REPORT_H
/* The report of training runs: what it is made of, and its sections. The blocks they use are src/report's. */

#include "imgrad/lr_find.h"
#include "report/chart.h"
#include "train/train.h"

/* ---- answers.c: what a pass found, picture by picture ----------------------------------------------------------------- */

typedef struct ig__wrong { ig__ref ref; int truth, answer; double p, p_truth; } ig__wrong;

struct ig__answers {
  int classes;
  ig__part part;             /* that was gone through */
  bool passed;               /* it was */
  int64_t *n, *predicted, *correct; /* by class */
  double *probability;       /* of the picture at hand */
  ig__wrong *wrong;
  size_t count, capacity;
  ig__scores scores;         /* of every picture, until the pass is over */
  ig__score_figures figures; /* then; top of IG__REPORT_TOP classes */
  double *auc;               /* by class */
};
#define IG__REPORT_TOP 5
ig_status ig__answers_new(ig__answers *answers, int classes, ig__part part);
void ig__answers_free(ig__answers *answers);
ig__watch ig__answers_watch(ig__answers *answers);
/* When the pass is over: the figures of all pictures; of the wrong ones the most certain first, equals as they were. */
ig_status ig__answers_finish(ig__answers *answers);

/* ---- the run ------------------------------------------------------------------------------------------------------------ */

/* What a report shows. Everything is borrowed; what is NULL or was not measured is left out and said. */
typedef struct ig__run_view {
  ig_context *context;
  const char *folder;
  const ig_train_options *options;
  const ig__run_state *state;
  ig__model *model;          /* with the weights kept */
  const ig__source *source;
  const ig__samples *samples;
  ig__loader *loader;        /* of pictures as they are measured */
  ig__loader *train_loader;  /* of pictures as training gets them */
  ig__answers *answers;
  ig_metrics val, test;      /* n 0: not measured */
  double baseline;           /* NaN: unknown */
  const char *without;       /* why parts are missing; NULL: none is */
  const char *wrong_name;    /* file that all wrong pictures are named in, "wrong.csv" */
} ig__run_view;

/* The whole page. */
ig_status ig__report_run(const ig__run_view *view, ig__buffer *out);
/* file,truth,answer,probability,probability_of_truth */
void ig__report_wrong_csv(const ig__run_view *view, ig__buffer *out);
/* Both into the folder of the run, as the last thing that training does. */
ig_status ig__report_write(const ig__run_view *view, const char *report_path, const char *wrong_path);

/* The page of a range test. */
void ig__report_lr_find(const ig_train_options *options, const ig_lr_find_result *result, ig__buffer *out);

/* ---- sections ----------------------------------------------------------------------------------------------------------- */

typedef enum ig__verdict { IG__VERDICT_NONE, IG__VERDICT_NOTHING, IG__VERDICT_OVER, IG__VERDICT_UNDER, IG__VERDICT_GOOD } ig__verdict;
/* By the rules that the report states. *since: the first epoch of over-fitting. `why` says it with figures. */
ig__verdict ig__report_judge(const ig__run_state *state, double baseline, int *since, char why[512]);

void ig__report_verdict(const ig__run_view *view, ig__buffer *out);
ig_status ig__report_restarts(const ig__run_view *view, ig__buffer *out); /* of a run that is the best of several */
ig_status ig__report_curves(const ig__run_view *view, ig__buffer *out);
ig_status ig__report_classes(const ig__run_view *view, ig__buffer *out);
ig_status ig__report_gallery(const ig__run_view *view, ig__buffer *out);
ig_status ig__report_examples(const ig__run_view *view, ig__buffer *out);
ig_status ig__report_speed(const ig__run_view *view, ig__buffer *out);
ig_status ig__report_weights(const ig__run_view *view, ig__buffer *out);
ig_status ig__report_configuration(const ig__run_view *view, ig__buffer *out);

const char *ig__report_class(const ig__run_view *view, int c, char number[16]); /* its name, or its number in `number` */
/* The pictures that are shown: the first so many of the sorted list; the named ones follow. */
#define IG__REPORT_PICTURES 200
#define IG__REPORT_NAMES 400
/* Does a picture of this pair stand in the gallery, shown or named? */
bool ig__report_has_pair(const void *view, int truth, int answer);

#endif
