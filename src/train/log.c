/* log.txt: what happened in a run, one line a thing, with the time of day in UTC. It is for people; nothing reads it back. */
#include "base/text.h"
#include "train/restarts.h"
#include "train/train.h"

#include <stdarg.h>
#include <string.h>
#include <time.h>

ig_status ig__folder_note(const char *folder, const char *text) {
  char when[32];
  time_t now = time(NULL);
  struct tm day;
  if (!gmtime_r(&now, &day) || !strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%SZ", &day))
    return ig__fail(IG_FAILED, "%s/log.txt: a line that cannot be written", folder);

  ig__buffer line = {0};
  char *path = ig__format("%s/log.txt", folder);
  ig__buffer_text(&line, "%s %s\n", when, text);
  ig_status status = path && !line.failed ? ig__file_append(path, line.data, line.size) : IG_NO_MEMORY;
  ig__buffer_free(&line);
  ig__free(path);
  return status;
}

ig_status ig__trainer_note(const ig__trainer *t, const char *format, ...) {
  char text[IG__MESSAGE_SIZE];
  va_list args;
  va_start(args, format);
  int length = ig__vformat(text, sizeof text, format, args);
  va_end(args);
  return length < 0 ? ig__fail(IG_FAILED, "%s/log.txt: a line that cannot be written", t->folder) : ig__folder_note(t->folder, text);
}

ig_status ig__trainer_note_start(const ig__trainer *t) {
  const ig_train_options *o = t->options;
  IG__TRY(ig__trainer_note(t, "imgrad %s on %s, %s, %d threads", ig_version(), ig_cpu_name(), ig__isa_name(t->context->isa),
                           ig__pool_threads(t->context->pool)));
  IG__TRY(ig__trainer_note(t, "data %s: %lld pictures train, %lld validate, %lld test", o->data,
                           (long long)t->samples.count[IG__TRAIN], (long long)t->samples.count[IG__VAL],
                           (long long)t->samples.count[IG__TEST]));
  if (t->samples.held_count)
    IG__TRY(ig__trainer_note(t, "%lld pictures more are held back to move λ", (long long)t->samples.held_count));
  return ig__trainer_note(t, "model %s, optimizer %s, batch %d, seed %lld; epoch %lld of %d, step %lld", o->model, o->optimizer,
                          o->batch, (long long)o->seed, (long long)t->state.epoch + 1, t->epochs, (long long)t->state.step);
}

ig_status ig__trainer_note_early(ig__trainer *t) {
  ig_status status = t->early.failed ? IG_NO_MEMORY : IG_OK;
  for (char *line = (char *)t->early.data; status == IG_OK && line && *line;) {
    char *end = strchr(line, '\n');
    *end = 0;
    status = ig__trainer_note(t, "%s", line);
    line = end + 1;
  }
  ig__buffer_free(&t->early);
  return status;
}

ig_status ig__trainer_note_epoch(const ig__trainer *t, const ig_epoch *e) {
  char lambda[48] = "";
  if (e->lambda > 0) ig__snprintf(lambda, sizeof lambda, ", λ %.6g", e->lambda);
  return ig__trainer_note(t, "epoch %d: train loss %.6g (penalty %.6g) accuracy %.4f; val loss %.6g accuracy %.4f; lr %.6g%s, %.0f img/s%s",
                          e->epoch, e->train.loss, e->train.penalty, e->train.accuracy, e->val.loss, e->val.accuracy, e->lr, lambda,
                          e->images_per_second, t->state.best_epoch == e->epoch ? "; kept" : "");
}

/* The most memory that this process has had, as Linux counts it; elsewhere nothing is said. */
ig_status ig__trainer_note_memory(const ig__trainer *t) {
  char text[4096], bytes[32];
  const char *line;
  if (!ig__file_peek("/proc/self/status", text, sizeof text) || !(line = strstr(text, "VmHWM:"))) return IG_OK;
  long long kib = 0;
  for (line += strlen("VmHWM:"); *line == ' ' || *line == '\t'; line++) continue;
  for (; *line >= '0' && *line <= '9' && kib < (1ll << 50); line++) kib = 10 * kib + (*line - '0');
  return ig__trainer_note(t, "memory: %s at most, data and program included", ig__print_bytes(bytes, (uint64_t)kib * 1024));
}
