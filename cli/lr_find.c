/* imgrad lr-find */
#include "args.h"
#include "json.h"
#include "output.h"
#include "signals.h"
#include "text.h"

#include <string.h>

static void print_json(const ig_lr_find_result *r) {
  cli_json j = {0};
  json_open(&j, NULL, '{');
  json_text(&j, "out", r->out);
  if (r->suggestion > 0) json_double(&j, "suggestion", r->suggestion);
  json_double(&j, "lowest", r->lowest);
  json_double(&j, "low_from", r->low_from);
  json_double(&j, "low_to", r->low_to);
  json_bool(&j, "exploded", r->exploded);
  json_int(&j, "steps", r->steps);
  json_double(&j, "seconds", r->seconds);
  json_int(&j, "broken", r->broken);
  json_open(&j, "curve", '[');
  for (int i = 0; i < r->steps; i++) {
    json_open(&j, NULL, '{');
    json_double(&j, "rate", r->rate[i]);
    json_double(&j, "loss", r->loss[i]);
    json_double(&j, "smoothed", r->smoothed[i]);
    json_close(&j, '}');
  }
  json_close(&j, ']');
  json_end(&j);
}

/* About so many lines of the curve, evenly spread. */
#define SHOWN 20

static void print_text(const ig_lr_find_result *r) {
  char rate[TEXT_NUMBER], loss[TEXT_NUMBER], number[TEXT_NUMBER];
  cli_out("%12s %10s\n", "rate", "loss");
  for (int k = 0; k < SHOWN && k < r->steps; k++) {
    int i = r->steps <= SHOWN ? k : (int)((long long)k * (r->steps - 1) / (SHOWN - 1));
    cli_out("%12s %10s\n", text_rate(rate, r->rate[i]), text_loss(loss, r->smoothed[i]));
  }
  cli_out("%-12s %d to %s%s\n", "steps", r->steps, text_rate(number, r->rate[r->steps - 1]), r->exploded ? ", where the loss exploded" : "");
  cli_out("%-12s at %s; nine tenths of the fall from %s to %s\n", "lowest", text_rate(number, r->lowest), text_rate(rate, r->low_from),
          text_rate(loss, r->low_to));
  cli_out("%-12s %s/report.html\n", "report", r->out);
  if (r->suggestion > 0) cli_out("%-12s --lr %s\n", "suggested", text_double(number, r->suggestion));
  else cli_out("%-12s none: no rate made the loss fall\n", "suggested");
}

static int run(const cli_command *self, int argc, char **argv) {
  ig_lr_find_options options = ig_lr_find_options_default();
  ig_lr_find_result result;
  ig_context *context = NULL;
  cli_stop stop = {.words = "stopping; nothing is kept"};
  cli_args args;
  int code = cli_args_read(self, argc, argv, &options, &args);
  if (code >= 0) return code;
  memset(&result, 0, sizeof result);
  cli_signals_begin();
  ig_status status = cli_context(options.train.threads, &context);
  if (status != IG_OK) return cli_fail(status);
  status = ig_lr_find(context, &options, &(ig_lr_find_events){.stop = cli_stop_asked, .user = &stop}, &result);
  if (status == IG_OK && args.json) print_json(&result);
  if (status == IG_OK && !args.json) print_text(&result);
  cli_out_flush();
  if (status != IG_OK && !stop.told) cli_fail(status);
  ig_lr_find_result_free(&result);
  ig_context_free(context);
  return ig_status_exit_code(status);
}

const cli_command cli_lr_find = {
  .name = "lr-find",
  .about = "find a learning rate for a run",
  .usage = "lr-find [DATA] [options]",
  .text = "Trains for some hundred steps in which the rate grows from very small to much too large, and throws these weights away. The options\n"
          "are those of the run that the rate is for; what says how long it is, its --schedule and its --lr are not looked at.\n"
          "The rule: the losses are smoothed; around the lowest place of the curve lies the stretch of rates that reach nine tenths of the\n"
          "whole fall. Its middle, on the logarithmic scale, is suggested; by half where the least loss is zero, whole where it is hardly\n"
          "below the first, and evenly between. Leaves report.html and lr_find.csv in --out, or in runs/lr-find, runs/lr-find2, …\n",
  .examples = "  imgrad lr-find mnist/ --model textbook\n"
              "  imgrad lr-find mnist/ --model lenet5 --optimizer \"sgd momentum=0.9\" --batch 64\n"
              "  imgrad lr-find --config run.yaml --out runs/rate       # for the run that this file makes\n",
  .verb = IG_VERB_LR_FIND,
  .positional = "data",
  .run = run,
};
