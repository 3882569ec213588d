/* What training writes as its last: the report of the run that just ended. */
#include "base/text.h"
#include "train/report/report.h"
#include "train/speed.h"

#include <math.h>
#include <string.h>

/* A run that was stopped has later weights in memory than those it keeps. */
static ig_status take_kept(ig__trainer *t) {
  char *path = ig__format("%s/model.safetensors", t->folder);
  int matched;
  ig_status status = path ? ig__model_load_weights(t->model, path, &matched, NULL, NULL) : IG_NO_MEMORY;
  ig__free(path);
  return status;
}

static ig_status write_report(ig__trainer *t, const ig_train_result *r, ig__answers *answers) {
  const bool measured = r->measured;
  if (!measured && t->state.best_epoch) IG__TRY(take_kept(t));
  /* After a signal nobody should wait for passes over data. */
  ig__run_view view = {.context = t->context, .folder = t->folder, .options = t->options, .state = &t->state, .wrong_name = "wrong.csv",
                       .model = measured || t->state.best_epoch ? t->model : NULL, .baseline = measured ? r->baseline : NAN, .val = r->val, .test = r->test,
                       .without = measured ? NULL : "The run stopped before its end, so nothing was measured: `imgrad report` with this folder does it."};
  if (measured) {
    view.source = t->source;
    view.samples = &t->samples;
    view.loader = t->test_loader;
    view.train_loader = t->loader;
    view.answers = answers;
  }
  char *page = ig__format("%s/report.html", t->folder), *wrong = ig__format("%s/wrong.csv", t->folder);
  ig_status status = page && wrong ? IG_OK : IG_NO_MEMORY;
  if (status == IG_OK && measured) status = ig__speed_measure(t);
  if (status == IG_OK) status = ig__report_write(&view, page, wrong);
  ig__free(page);
  ig__free(wrong);
  return ig__fail_at(status, "the run is whole, its report is not");
}

/* A failure of the run itself has been said already, and its words stay. */
ig_status ig__trainer_report(ig__trainer *t, const ig_train_result *r, ig__answers *answers, ig_status status) {
  bool ended = status == IG_OK || status == IG_BELOW_BAR || status == IG_DIVERGED || t->stopped;
  char message[IG__MESSAGE_SIZE];
  if (!*t->folder || !ended || strcmp(t->options->report, "yes") != 0) return status;
  ig__message_take(message);
  ig_status written = write_report(t, r, answers);
  if (status == IG_OK) return written;
  if (written != IG_OK) ig__log(t->context, IG_LOG_WARNING, "%s", ig_last_error());
  ig__message_give(message);
  return status;
}
