/* imgrad compare */
#include "args.h"
#include "figures.h"
#include "output.h"
#include "signals.h"
#include "text.h"

#include <math.h>
#include <string.h>

typedef struct watcher { bool json, quiet; cli_stop stop; } watcher;

static void on_run(void *user, const ig_compare_run *r, int done, int count) {
  const watcher *w = user;
  char loss[TEXT_NUMBER], share[TEXT_NUMBER], cost[TEXT_NUMBER];
  if (w->quiet) return;
  if (r->status == IG_DIVERGED) cli_say("%2d/%d  %s: diverged", done, count, r->name);
  else if (r->val.n > 0)
    cli_say("%2d/%d  %s: loss %s after %s gradients, val accuracy %s %%", done, count, r->name, text_loss(loss, r->loss), text_large(cost, r->cost),
            text_percent(share, r->val.accuracy));
  else cli_say("%2d/%d  %s: loss %s after %s gradients", done, count, r->name, text_loss(loss, r->loss), text_large(cost, r->cost));
}

static ig_status on_stop(void *user) {
  watcher *w = user;
  return cli_stop_asked(&w->stop);
}

static void run_json(cli_json *j, const ig_compare_run *r) {
  json_open(j, NULL, '{');
  json_text(j, "name", r->name);
  json_text(j, "folder", r->folder);
  json_bool(j, "done", r->done);
  if (r->done) {
    json_text(j, "status", ig_status_name(r->status));
    json_bool(j, "best", r->best);
    json_int(j, "epochs", r->epochs);
    json_double(j, "gradients", r->cost);
    json_double(j, "loss", r->loss);
    json_double(j, "seconds", r->seconds);
  }
  cli_figures_part_json(j, "val", &r->val);
  cli_figures_part_json(j, "test", &r->test);
  json_close(j, '}');
}

static void print_json(const ig_compare_result *r, ig_status status) {
  cli_json j = {0};
  json_open(&j, NULL, '{');
  json_text(&j, "status", ig_status_name(status));
  json_text(&j, "out", r->out);
  json_open(&j, "runs", '[');
  for (int i = 0; i < r->runs; i++) run_json(&j, &r->run[i]);
  json_close(&j, ']');
  json_end(&j);
}

static const char *accuracy(char out[TEXT_NUMBER], const ig_metrics *m) { return m->n > 0 ? text_percent(out, m->accuracy) : "-"; }

static void print_text(const ig_compare_result *r) {
  char cost[TEXT_NUMBER], loss[TEXT_NUMBER], val[TEXT_NUMBER], test[TEXT_NUMBER], time[TEXT_NUMBER];
  int widest = 9;
  for (int i = 0; i < r->runs; i++)
    if (text_width(r->run[i].name) > widest) widest = text_width(r->run[i].name);
  cli_out("  %-*s %9s %7s %10s %6s %6s %8s\n", widest, "optimizer", "gradients", "epochs", "loss", "val %", "test %", "time");
  for (int i = 0; i < r->runs; i++) {
    const ig_compare_run *m = &r->run[i];
    cli_out("%s %s%*s ", m->best ? "*" : " ", m->name, widest - text_width(m->name), "");
    if (!m->done) cli_out("%9s\n", "not done");
    else
      cli_out("%9s %7d %10s %6s %6s %8s\n", text_large(cost, m->cost), m->epochs, isfinite(m->loss) ? text_loss(loss, m->loss) : "diverged",
              accuracy(val, &m->val), accuracy(test, &m->test), text_clock(time, m->seconds));
  }
  cli_out("* the rate of least training loss\n%-12s %s/report.html\n", "report", r->out);
}

static int finish(const watcher *w, ig_status status, const ig_compare_result *r) {
  bool stopped = status == IG_INTERRUPTED || status == IG_TERMINATED || status == IG_HANGUP;
  char folder[2 * IG_PATH_SIZE];
  if (w->json && (status == IG_OK || stopped)) print_json(r, status);
  if (!w->json && status == IG_OK) print_text(r);
  cli_out_flush();
  if (stopped) cli_say("stopped; what is done is kept. Go on with:\n  %s compare --resume %s", cli_program(), text_argument(folder, sizeof folder, r->out));
  else if (status != IG_OK) cli_fail(status);
  return cli_stop_code(&w->stop, status);
}

static int run(const cli_command *self, int argc, char **argv) {
  ig_compare_options options = ig_compare_options_default();
  static ig_compare_result result;
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
  const ig_compare_events events = {.run = on_run, .stop = on_stop, .user = &w};
  status = ig_compare(context, &options, &events, &result);
  ig_context_free(context);
  return finish(&w, status, &result);
}

const cli_command cli_compare = {
  .name = "compare",
  .about = "several optimisers on the same task",
  .usage = "compare [DATA] [--optimizers LIST] [options]",
  .text = "Trains once for each optimiser of the list, and for each of its rates (lr=0.1:0.03:0.01), from the same start with the same order\n"
          "of pictures, side by side on the cores. --epochs is what each may cost, in gradients of all training pictures: epochs for\n"
          "optimisers on batches; full-batch methods (gd, lbfgs, newton) end with as many, a Hessian-vector product counting two.\n"
          "momentum, nesterov, amsgrad and gauss_newton are short for sgd, adam and newton with their option. The folder gets\n"
          "compare.csv, report.html and every run. It takes all options of 'train'; those without meaning for a full-batch method\n"
          "are refused when there is one in the list, but for --lr and --schedule, which concern the others.\n",
  .examples = "  imgrad compare mnist/ --model textbook --limit 2000 --optimizers gd,sgd,momentum,newton,lbfgs,adam --epochs 30\n"
              "  imgrad compare mnist/ --model lenet5 --optimizers \"sgd lr=0.3:0.1:0.03, momentum lr=0.1:0.03:0.01, adam lr=0.01:0.003\"\n"
              "  imgrad compare --resume runs/compare\n",
  .verb = IG_VERB_COMPARE,
  .positional = "data",
  .run = run,
};
