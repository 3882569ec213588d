/* The verb report: the page of a run made again, or several runs on one page. */
#include "imgrad/report.h"
#include "base/text.h"
#include "train/report/open.h"

#include <math.h>
#include <string.h>

/* "a/report.html" → "wrong.csv" beside it; another name x.html → "x-wrong.csv". */
static char *wrong_beside(const char *report) {
  const char *slash = strrchr(report, '/'), *name = slash ? slash + 1 : report, *dot = strrchr(name, '.');
  size_t stem = dot && dot != name ? (size_t)(dot - name) : strlen(name);
  if (stem == 6 && !strncmp(name, "report", 6)) return ig__format("%.*swrong.csv", (int)(name - report), report);
  return ig__format("%.*s-wrong.csv", (int)(name - report + (ptrdiff_t)stem), report);
}

static const char *name_of(const char *path) {
  const char *slash = strrchr(path, '/');
  return slash ? slash + 1 : path;
}

static ig_status write_one(const ig__opened *r, const char *path) {
  char *wrong = wrong_beside(path);
  if (!wrong) return IG_NO_MEMORY;
  bool data = r->answers.passed;
  ig__run_view view = {.context = r->context, .folder = r->folder, .options = &r->options, .state = &r->state, .model = r->model,
                       .source = r->source, .samples = data ? &r->samples : NULL, .loader = r->loader, .train_loader = r->train_loader,
                       .answers = data ? (ig__answers *)(uintptr_t)&r->answers : NULL, .val = r->val, .test = r->test, .baseline = r->baseline,
                       .without = *r->without ? r->without : NULL, .wrong_name = name_of(wrong)};
  ig_status status = ig__report_write(&view, path, wrong);
  ig__free(wrong);
  return status;
}

static ig_status write_several(ig__opened *const *run, int count, const char *path) {
  ig__buffer page = {0};
  ig_status status = ig__report_several(run, count, &page);
  if (status == IG_OK) status = page.failed ? IG_NO_MEMORY : ig__file_write_atomic(path, page.data, page.size);
  ig__buffer_free(&page);
  return status;
}

static ig_status find_out(const char *const *run, int count, const ig_report_options *o, ig_report_result *r) {
  if (count < 1) return ig__fail(IG_USAGE, "report: which run? Name one run folder or several");
  if (count > IG_REPORT_RUNS) return ig__fail(IG_USAGE, "report: %d runs; %d at most go on one page", count, IG_REPORT_RUNS);
  if (count > 1 && !*o->out) return ig__fail(IG_USAGE, "report: several runs go on a page of their own: say which file with --out FILE.html");
  int length = *o->out ? ig__snprintf(r->out, sizeof r->out, "%s", o->out) : ig__snprintf(r->out, sizeof r->out, "%s/report.html", run[0]);
  if (length < 0 || (size_t)length >= sizeof r->out) return ig__fail(IG_USAGE, "report: the path of the report is too long");
  if (ig__is_folder(r->out)) return ig__fail(IG_USAGE, "--out %s: this is a folder; name the file to write", r->out);
  return IG_OK;
}

ig_status ig_report(ig_context *context, const char *const *run, int count, const ig_report_options *options, ig_report_result *result) {
  ig__opened *opened[IG_REPORT_RUNS] = {NULL};
  *result = (ig_report_result){.runs = 0};
  ig_status status = ig__options_check(IG_VERB_REPORT, options);
  if (status == IG_OK) status = find_out(run, count, options, result);
  const bool asked = status == IG_OK;
  for (int i = 0; i < count && status == IG_OK; i++) {
    status = ig__opened_new(context, run[i], options->data, options, &opened[i]);
    if (status == IG_OK && *opened[i]->without) ig__log(context, IG_LOG_WARNING, "%s: %s", run[i], opened[i]->without);
    if (status == IG_OK && count == 1) result->wrong = (int64_t)opened[i]->answers.count;
  }
  if (status == IG_OK) status = count == 1 ? write_one(opened[0], result->out) : write_several(opened, count, result->out);
  result->runs = asked ? count : 0;
  result->complete = status == IG_OK;
  for (int i = 0; asked && i < count; i++) {
    if (opened[i] && *opened[i]->without) result->complete = false;
    ig__opened_free(opened[i]);
  }
  return ig__verb_end(context, status);
}
