/* imgrad tune */
#include "args.h"
#include "figures.h"
#include "output.h"
#include "signals.h"
#include "text.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

typedef struct watcher { bool json, quiet; cli_stop stop; } watcher;

static void run_json(const ig_tune_run *r) {
  cli_json j = {0};
  json_open(&j, NULL, '{');
  json_text(&j, "type", "run");
  json_text(&j, "folder", r->folder);
  json_text(&j, "setting", r->setting);
  json_int(&j, "fold", r->fold);
  json_int(&j, "outer", r->outer);
  json_text(&j, "status", ig_status_name(r->status));
  json_int(&j, "epochs", r->epochs);
  json_int(&j, "best_epoch", r->best_epoch);
  cli_figures_part_json(&j, "val", &r->val);
  cli_figures_part_json(&j, "test", &r->test);
  json_end(&j);
}

static void on_run(void *user, const ig_tune_run *r) {
  const watcher *w = user;
  char accuracy[TEXT_NUMBER], loss[TEXT_NUMBER], where[64] = "refit";
  const ig_metrics *m = r->test.n > 0 ? &r->test : &r->val;
  if (w->json) run_json(r);
  if (w->quiet) return;
  if (r->fold > 0) snprintf(where, sizeof where, "fold %d", r->fold);
  if (r->outer > 0) snprintf(where + strlen(where), sizeof where - strlen(where), " of outer fold %d", r->outer);
  if (r->status == IG_DIVERGED) cli_say("%*d/%d  %s, %s: diverged", r->count > 99 ? 3 : 2, r->done, r->count, r->setting, where);
  else
    cli_say("%*d/%d  %s, %s: %s accuracy %s %%, loss %s", r->count > 99 ? 3 : 2, r->done, r->count, r->setting, where, m == &r->test ? "test" : "val",
            text_percent(accuracy, m->accuracy), text_loss(loss, m->data_loss));
}

static ig_status on_stop(void *user) {
  watcher *w = user;
  return cli_stop_asked(&w->stop);
}

static void score_json(cli_json *j, const char *key, ig_tune_score s) {
  json_open(j, key, '{');
  json_double(j, "mean", s.mean);
  json_double(j, "error", s.error);
  json_close(j, '}');
}

static void result_json(const ig_tune_result *r, ig_status status) {
  cli_json j = {0};
  json_open(&j, NULL, '{');
  json_text(&j, "type", "result");
  json_text(&j, "status", ig_status_name(status));
  json_text(&j, "out", r->out);
  json_text(&j, "stopped", r->stopped);
  json_int(&j, "settings", r->settings);
  json_int(&j, "complete", r->complete);
  json_int(&j, "diverged", r->diverged);
  json_text(&j, "minimum", r->minimum);
  json_text(&j, "one_se", r->one_se);
  json_text(&j, "chosen", r->chosen);
  score_json(&j, "accuracy", r->accuracy);
  score_json(&j, "loss", r->loss);
  json_text(&j, "refit", r->refit);
  cli_figures_part_json(&j, "test", &r->refit_test);
  if (r->nested > 0) {
    json_int(&j, "outer_folds", r->nested);
    score_json(&j, "nested_accuracy", r->nested_accuracy);
    score_json(&j, "nested_loss", r->nested_loss);
  }
  json_double(&j, "seconds", r->seconds);
  json_end(&j);
}

static void score_text(const char *label, const ig_tune_score *accuracy, const ig_tune_score *loss) {
  char a[TEXT_NUMBER], b[TEXT_NUMBER], c[TEXT_NUMBER];
  cli_out("%-12s accuracy %s", label, text_percent(a, accuracy->mean));
  if (isfinite(accuracy->error)) cli_out(" ± %.2f", 100 * accuracy->error);
  cli_out(" %%, loss %s", text_loss(b, loss->mean));
  if (isfinite(loss->error)) cli_out(" ± %s", text_loss(c, loss->error));
  cli_out("\n");
}

static void result_text(const ig_tune_result *r) {
  char number[TEXT_NUMBER];
  cli_out("%-12s %s\n", "folder", r->out);
  if (r->settings > r->complete) cli_out("%-12s %d of %d settings are complete\n", "settings", r->complete, r->settings);
  if (r->diverged > 0) cli_out("%-12s %d of %d settings\n", "diverged", r->diverged, r->settings);
  if (r->minimum[0]) cli_out("%-12s %s\n", "minimum", r->minimum);
  if (r->one_se[0]) cli_out("%-12s %s\n", "one-se", r->one_se);
  if (r->chosen[0]) {
    cli_out("%-12s %s\n", "chosen", r->chosen);
    score_text("validation", &r->accuracy, &r->loss);
  }
  if (r->nested > 0) score_text("nested", &r->nested_accuracy, &r->nested_loss);
  if (r->refit_test.n > 0) cli_figures("test, refit", &r->refit_test);
  cli_out("%-12s %s\n", "time", text_clock(number, r->seconds));
  if (r->settings > 0) cli_out("%-12s %s/report.html\n", "report", r->out);
}

static void suggest(const ig_tune_result *r, ig_status status) {
  char folder[2 * IG_PATH_SIZE];
  text_argument(folder, sizeof folder, r->out);
  if ((status != IG_OK && status != IG_BELOW_BAR) || r->stopped[0]) cli_say("go on with:\n  %s tune --resume %s", cli_program(), folder);
  else if (r->chosen[0]) cli_say("train with the choice:\n  %s train --config %s/best.yaml", cli_program(), folder);
}

static int finish(const watcher *w, ig_status status, const ig_tune_result *r) {
  bool stopped = status == IG_INTERRUPTED || status == IG_TERMINATED || status == IG_HANGUP;
  bool filled = r->settings > 0 && (status == IG_OK || status == IG_BELOW_BAR || status == IG_DIVERGED || stopped);
  if (filled && w->json) result_json(r, status);
  if (filled && !w->json) result_text(r);
  cli_out_flush();
  if (stopped) cli_say("stopped; what is done is kept");
  else if (status != IG_OK) cli_fail(status);
  if (filled && !w->quiet && status != IG_DIVERGED) suggest(r, status);
  return cli_stop_code(&w->stop, status);
}

static int run(const cli_command *self, int argc, char **argv) {
  ig_tune_options options = ig_tune_options_default();
  static ig_tune_result result;
  ig_context *context = NULL;
  watcher w = {.stop = {.words = "finishing the steps and writing the checkpoints; Ctrl-C again exits at once"}};
  cli_args args;
  int code = cli_args_read(self, argc, argv, &options, &args);
  if (code >= 0) return code;
  w.json = args.json;
  w.quiet = args.quiet;
  cli_signals_begin();
  ig_status status = cli_context(options.train.threads, &context);
  if (status != IG_OK) return cli_fail(status);
  const ig_tune_events events = {.run = on_run, .stop = on_stop, .user = &w};
  status = ig_tune(context, &options, &events, &result);
  ig_context_free(context);
  return finish(&w, status, &result);
}

const cli_command cli_tune = {
  .name = "tune",
  .about = "choose options of training by cross-validation",
  .usage = "tune [DATA] --OPTION VALUES … [options]",
  .text = "Tries several values of one option of 'train' or of more: a range, 1e-6..1e-1:log (--points of them), or a list, a,b,c.\n"
          "Each setting trains once for every fold, side by side on the cores. The one with the least mean validation loss (--by) is\n"
          "trained on all training pictures and measured on the test part. The folder gets tune.csv, report.html, best.yaml for\n"
          "'train --config', and every run. It takes all options of 'train'; --out is the folder, --time is for the search.\n",
  .examples = "  imgrad tune mnist/ --l2 1e-6..1e-1:log                    # ten values on five folds\n"
              "  imgrad tune mnist/ --lr 1e-4..1e-1:log --optimizer sgd,adam --points 7 --search random --time 10m\n"
              "  imgrad tune mnist/ --lr 1e-4..1e-1:log --points 20 --search halving --epochs 27\n"
              "  imgrad tune photos/ --augment \"flip|flip, shift 4\" --folds 3 --out runs/augmented\n"
              "  imgrad tune --resume runs/tune\n"
              "  imgrad train --config runs/tune/best.yaml\n",
  .verb = IG_VERB_TUNE,
  .positional = "data",
  .run = run,
};
