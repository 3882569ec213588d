/* What a run of a sweep came to, in its folder: one line of the text grammar. */
#include "base/text.h"
#include "sweep/sweep.h"

#include <math.h>
#include <string.h>

#define NONE "-1e300"       /* stands for what is no number: no loss is so small */

typedef struct record {
  char key[20];
  char status[24];
  bool ended;
  int epochs, best_epoch;
  int64_t val_n, test_n;
  double val_loss, val_data_loss, val_penalty, val_accuracy;
  double test_loss, test_data_loss, test_penalty, test_accuracy;
  double baseline, seconds;
} record;

#define NUMBER(member) IG__OPTION(record, member, NONE, -1e300, 1.7e308, "", "")
#define COUNT(member) IG__OPTION(record, member, "0", 0, 9e15, "", "")

static const ig__option table[] = {
  IG__OPTION(record, key, "", 0, 0, "", ""),
  IG__OPTION(record, status, "ok", 0, 0, "", ""),
  IG__OPTION(record, ended, "no", 0, 1, "", ""),
  IG__OPTION(record, epochs, "0", 0, 1e9, "", ""),
  IG__OPTION(record, best_epoch, "0", 0, 1e9, "", ""),
  COUNT(val_n),
  NUMBER(val_loss),
  NUMBER(val_data_loss),
  NUMBER(val_penalty),
  NUMBER(val_accuracy),
  COUNT(test_n),
  NUMBER(test_loss),
  NUMBER(test_data_loss),
  NUMBER(test_penalty),
  NUMBER(test_accuracy),
  NUMBER(baseline),
  NUMBER(seconds),
  IG__OPTIONS_END};

static double to_text(double v) { return isfinite(v) ? v : -1e300; }
static double from_text(double v) { return v <= -1e300 ? (double)NAN : v; }

static ig_metrics metrics(int64_t n, double loss, double data_loss, double penalty, double accuracy) {
  ig_metrics m = {.n = n, .loss = from_text(loss), .data_loss = from_text(data_loss), .penalty = from_text(penalty),
                  .accuracy = from_text(accuracy), .accuracy_low = NAN, .accuracy_high = NAN};
  if (n > 0 && isfinite(m.accuracy)) ig__wilson(m.accuracy, (double)n, &m.accuracy_low, &m.accuracy_high);
  return m;
}

/* The status of this name, among those that a result can have; −1: none. */
static int status_named(const char *name) {
  const ig_status known[] = {IG_OK, IG_DIVERGED, IG_BELOW_BAR};
  for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
    if (!strcmp(ig_status_name(known[i]), name)) return (int)known[i];
  return -1;
}

ig_status ig__record_write(const char *folder, uint64_t key, const ig__sweep_result *r) {
  char line[1024];
  record c = {.ended = r->ended, .epochs = r->epochs, .best_epoch = r->best_epoch, .val_n = r->val.n, .test_n = r->test.n,
              .val_loss = to_text(r->val.loss), .val_data_loss = to_text(r->val.data_loss), .val_penalty = to_text(r->val.penalty),
              .val_accuracy = to_text(r->val.accuracy), .test_loss = to_text(r->test.loss), .test_data_loss = to_text(r->test.data_loss),
              .test_penalty = to_text(r->test.penalty), .test_accuracy = to_text(r->test.accuracy), .baseline = to_text(r->baseline),
              .seconds = to_text(r->seconds)};
  ig__snprintf(c.key, sizeof c.key, "%016llx", (unsigned long long)key);
  ig__snprintf(c.status, sizeof c.status, "%s", ig_status_name(r->status));
  size_t length = ig__options_print("", table, &c, line, sizeof line - 1);
  if (length >= sizeof line - 1) return ig__fail(IG_FAILED, "%s/result.txt: more than %zu bytes", folder, sizeof line);
  ig__buffer out = {0};
  ig__buffer_text(&out, "%s\n", line);
  return ig__folder_write(folder, "result.txt", &out);
}

static ig_status parse(const char *path, uint64_t key, char *text, ig__sweep_result *out) {
  char wanted[20];
  record c;
  ig__snprintf(wanted, sizeof wanted, "%016llx", (unsigned long long)key);
  ig_status read = ig__options_parse_text("result", table, &c, text);
  if (read != IG_OK) return ig__fail_at(read == IG_USAGE ? IG_BAD_MODEL : read, "%s", path);
  int status = status_named(c.status);
  if (status < 0) return ig__fail(IG_BAD_MODEL, "%s: '%s' is no result of a run", path, c.status);
  if (strcmp(c.key, wanted) != 0)
    return ig__fail(IG_USAGE, "%s is of a run with other options, or of another version of imgrad; take a new folder", path);
  *out = (ig__sweep_result){.done = true, .ended = c.ended, .status = (ig_status)status, .epochs = c.epochs, .best_epoch = c.best_epoch,
                            .val = metrics(c.val_n, c.val_loss, c.val_data_loss, c.val_penalty, c.val_accuracy),
                            .test = metrics(c.test_n, c.test_loss, c.test_data_loss, c.test_penalty, c.test_accuracy),
                            .baseline = from_text(c.baseline), .seconds = from_text(c.seconds)};
  return IG_OK;
}

ig_status ig__record_read(const char *folder, uint64_t key, ig__sweep_result *result) {
  uint8_t *bytes = NULL;
  size_t size = 0;
  *result = (ig__sweep_result){.done = false};
  char *path = ig__format("%s/result.txt", folder);
  if (!path) return IG_NO_MEMORY;
  ig_status status = IG_OK;
  if (ig__file_exists(path)) {
    status = ig__file_read(path, 4096, &bytes, &size);
    if (status == IG_OK) status = parse(path, key, (char *)bytes, result);
  }
  ig__free(bytes);
  ig__free(path);
  return status;
}
