/* imgrad train */
#include "args.h"
#include "figures.h"
#include "output.h"
#include "progress.h"
#include "restarts.h"
#include "signals.h"
#include "text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

typedef struct watcher {
  cli_progress progress;
  cli_stop stop;
  bool json;
  bool report;       /* one is wanted */
  ig_restarts_result all; /* of --restarts; all.runs 0: a single run */
} watcher;

static void on_progress(void *user, const ig_progress *now) {
  watcher *w = user;
  cli_progress_step(&w->progress, now);
}

static void epoch_json(const ig_epoch *e) {
  cli_json j = {0};
  json_open(&j, NULL, '{');
  json_text(&j, "type", "epoch");
  json_int(&j, "epoch", e->epoch);
  json_double(&j, "time", e->time);
  json_open(&j, "train", '{');
  cli_figures_json(&j, &e->train);
  json_close(&j, '}');
  cli_figures_part_json(&j, "val", &e->val);
  json_double(&j, "lr", e->lr);
  json_double(&j, "lambda", e->lambda);
  json_double(&j, "weight_norm", e->weight_norm);
  json_double(&j, "img_per_s", e->images_per_second);
  json_double(&j, "wait", e->wait);
  json_end(&j);
}

static void on_epoch(void *user, const ig_epoch *e) {
  watcher *w = user;
  cli_progress_epoch(&w->progress, e);
  if (w->json) epoch_json(e);
}

static ig_status on_stop(void *user) {
  watcher *w = user;
  return cli_stop_asked(&w->stop);
}

static void warnings_json(cli_json *j, const ig_train_result *r) {
  json_open(j, "rate_warnings", '[');
  for (int i = 0; i < r->rate_warnings; i++) {
    const ig_rate_warning *w = &r->rate_warning[i];
    json_open(j, NULL, '{');
    json_text(j, "cause", w->name);
    json_bool(j, "too_high", w->too_high);
    json_int(j, "step", w->step);
    json_double(j, "lr", w->lr);
    json_double(j, "try", w->try_lr);
    json_text(j, "words", w->words);
    json_close(j, '}');
  }
  json_close(j, ']');
}

static void result_json(const watcher *w, const ig_train_result *r, ig_status status) {
  cli_json j = {0};
  json_open(&j, NULL, '{');
  json_text(&j, "type", "result");
  json_text(&j, "status", ig_status_name(status));
  json_text(&j, "out", r->out);
  json_text(&j, "stopped", r->stopped ? r->stopped : "");
  json_int(&j, "epochs", r->epochs);
  json_int(&j, "best_epoch", r->best_epoch);
  cli_figures_part_json(&j, "val", &r->val);
  cli_figures_part_json(&j, "test", &r->test);
  json_double(&j, "baseline", r->baseline);
  if (r->measured) {
    json_int(&j, "weights", r->weights);
    json_int(&j, "zeros", r->zeros);
    json_int(&j, "filters", r->filters);
    json_int(&j, "dead_filters", r->dead);
    json_int(&j, "collapsed_layers", r->collapsed);
  }
  json_double(&j, "seconds", r->seconds);
  json_int(&j, "broken", r->broken);
  warnings_json(&j, r);
  if (w->all.runs > 0) cli_restarts_json(&j, &w->all);
  json_end(&j);
}

static void zeros_text(const ig_train_result *r) {
  char share[TEXT_NUMBER], weights[TEXT_NUMBER], dead[TEXT_NUMBER], filters[TEXT_NUMBER];
  cli_out("%-12s %s %% of %s weights", "exact zeros", text_percent(share, (double)r->zeros / (double)r->weights), text_count(weights, r->weights));
  if (r->dead > 0) cli_out(", %s of %s filters dead", text_count(dead, r->dead), text_count(filters, r->filters));
  cli_out("\n");
}

static void result_text(const watcher *w, const ig_train_result *r, bool report) {
  char number[TEXT_NUMBER];
  cli_out("%-12s %s\n", "run folder", r->out);
  cli_restarts_text(&w->all);
  if (r->best_epoch > 0)
    cli_out("%-12s the weights of epoch %d of %d%s\n", "kept", r->best_epoch, r->epochs,
            r->val.n > 0 ? ", best on the validation part" : "");
  if (r->val.n > 0) cli_figures("validation", &r->val);
  if (r->test.n > 0) cli_figures("test", &r->test);
  if (r->baseline > 0)
    cli_out("%-12s accuracy %s %% by always answering the commonest class\n", "baseline", text_percent(number, r->baseline));
  if (r->zeros > 0) zeros_text(r);
  if (r->broken > 0) cli_out("%-12s %s pictures could not be read\n", "left out", text_count(number, r->broken));
  for (int i = 0; i < r->rate_warnings; i++) cli_out("%-12s %s\n", "rate", r->rate_warning[i].words);
  cli_out("%-12s %s\n", "time", text_clock(number, r->seconds));
  if (report) cli_out("%-12s %s/report.html\n", "report", r->out);
}

/* A command to try and, behind `width` columns, what it is for. */
static void say_next(int width, const char *what, const char *format, ...) CLI_PRINTF(3, 4);
static void say_next(int width, const char *what, const char *format, ...) {
  char command[4 * IG_PATH_SIZE];
  va_list args;
  va_start(args, format);
  vsnprintf(command, sizeof command, format, args);
  va_end(args);
  int blanks = width - text_width(command);
  cli_say("  %s%*s# %s", command, blanks > 0 ? blanks : 1, "", what);
}

static void suggest(const ig_train_result *r, ig_status status) {
  char folder[2 * IG_PATH_SIZE];
  const char *program = cli_program();
  bool ended = r->stopped && strcmp(r->stopped, "epochs") == 0;
  bool over = r->stopped && (strcmp(r->stopped, "plan") == 0 || strcmp(r->stopped, "patience") == 0);
  text_argument(folder, sizeof folder, r->out);
  if (status != IG_OK && status != IG_BELOW_BAR) {
    cli_say("go on with:\n  %s train --resume %s", program, folder);
    return;
  }
  int width = text_width(program) + text_width(folder) + (int)strlen(" train --resume  --epochs +10") + 3;
  cli_say("next:");
  say_next(width, "measure it, class by class", "%s eval %s", program, folder);
  if (over) say_next(width, "a further run, from these weights", "%s train --weights %s", program, folder);
  else say_next(width, ended ? "ten epochs more" : "go on", "%s train --resume %s%s", program, folder, ended ? " --epochs +10" : "");
  say_next(width, "layers, parameters, memory", "%s summary %s", program, folder);
}

static int finish(const watcher *w, ig_status status, const ig_train_result *r) {
  bool stopped = status == IG_INTERRUPTED || status == IG_TERMINATED || status == IG_HANGUP;
  bool filled = r->out[0] && (status == IG_OK || status == IG_BELOW_BAR || stopped || r->measured);
  if (filled && w->json) result_json(w, r, status);
  if (filled && !w->json) result_text(w, r, w->report && (status == IG_OK || status == IG_BELOW_BAR || stopped));
  cli_out_flush();
  if (stopped) cli_say("stopped after epoch %d; the checkpoint is written", r->epochs);
  else if (status != IG_OK) cli_fail(status);
  if (filled && !w->progress.quiet) suggest(r, status);
  return cli_stop_code(&w->stop, status);
}

static int run(const cli_command *self, int argc, char **argv) {
  ig_train_options options = ig_train_options_default();
  ig_train_result result;
  ig_context *context = NULL;
  watcher w = {.all = {.best = -1}, .stop = {.words = "finishing the step and writing the checkpoint; Ctrl-C again exits at once"}};
  cli_args args;
  int code = cli_args_read(self, argc, argv, &options, &args);
  if (code >= 0) return code;
  memset(&result, 0, sizeof result);
  w.json = args.json;
  w.report = strcmp(options.report, "yes") == 0;
  cli_signals_begin();
  cli_progress_begin(&w.progress, args.quiet);
  ig_status status = cli_context(options.threads, &context);
  if (status != IG_OK) return cli_fail(status);
  const ig_train_events events = {.progress = on_progress, .epoch = on_epoch, .stop = on_stop, .user = &w};
  if (options.restarts > 1 || ig_restarts_pending(options.resume))
    status = cli_restarts(context, &options, &w.stop, args.json, args.quiet, &w.all, &result);
  else status = ig_train(context, &options, &events, &result);
  cli_progress_end(&w.progress);
  ig_context_free(context);
  code = finish(&w, status, &result);
  ig_restarts_result_free(&w.all);
  return code;
}

const cli_command cli_train = {
  .name = "train",
  .about = "train a network on pictures",
  .usage = "train [DATA] [options]",
  .text = "Trains a network and leaves a run folder with the best weights, the figures of every epoch, a report to read in a\n"
          "browser, the configuration and a checkpoint to go on from. DATA is a folder or a built-in source. The first Ctrl-C finishes the step, saves and exits.\n",
  .examples = "  imgrad train                                              # built-in digits, the textbook network\n"
              "  imgrad train mnist/ --model lenet5 --epochs 30\n"
              "  imgrad train mnist/ --optimizer \"adam beta1=0.8\" --lr 1e-3 --l2 1e-4\n"
              "  imgrad train --config run.yaml --out runs/a --threads 2\n"
              "  imgrad train mnist/ --config mnist-99                     # a recipe, see 'imgrad help recipes'\n"
              "  imgrad train --resume runs/a --epochs +50\n"
              "  imgrad train mnist/ --model textbook --restarts 5          # five seeds, the best by validation, and how far they differ\n"
              "  imgrad train mnist/ --watch --tensorboard logs/a          # curves while it trains, in two ways\n",
  .verb = IG_VERB_TRAIN,
  .positional = "data",
  .run = run,
};
