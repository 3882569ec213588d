#ifndef IG__TRAIN_REPORT_OPEN_H
#define IG__TRAIN_REPORT_OPEN_H
#include "imgrad/report.h"
#include "train/report/report.h"

/* A run folder with all that a report asks of it. */
typedef struct ig__opened {
  ig_context *context;
  const char *folder;
  ig_train_options options;
  ig__run_state state;
  ig__model *model;
  ig__source *source;
  ig__samples samples;
  ig__network network;
  ig__loader *loader, *train_loader;
  ig__answers answers;
  ig_metrics val, test;
  double baseline;
  char without[IG__MESSAGE_SIZE];  /* why the parts that need weights or data are missing; "": none is */
} ig__opened;

/* Opens the folder and measures its weights on its validation and test part. `data` instead of its own when not "". Data
 * that are gone or do not fit are no failure: see `without`. Owner: caller, ig__opened_free. */
ig_status ig__opened_new(ig_context *context, const char *folder, const char *data, const ig_report_options *options, ig__opened **out);
void ig__opened_free(ig__opened *opened);

/* Several runs side by side. */
ig_status ig__report_several(ig__opened *const *run, int count, ig__buffer *out);

/* An option of a run, as text; whether two runs agree in it. */
void ig__report_option_value(ig__buffer *out, const ig__option *option, const ig_train_options *options);
bool ig__report_option_same(const ig__option *option, const ig_train_options *a, const ig_train_options *b);

#endif
