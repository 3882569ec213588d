/* imgrad report */
#include "args.h"
#include "json.h"
#include "output.h"
#include "text.h"

#include <string.h>

static void print_json(const ig_report_result *r) {
  cli_json j = {0};
  json_open(&j, NULL, '{');
  json_text(&j, "out", r->out);
  json_int(&j, "runs", r->runs);
  json_int(&j, "wrong", r->wrong);
  json_bool(&j, "complete", r->complete);
  json_end(&j);
}

static int run(const cli_command *self, int argc, char **argv) {
  ig_report_options options = ig_report_options_default();
  ig_report_result result;
  ig_context *context = NULL;
  cli_args args;
  int code = cli_args_read(self, argc, argv, &options, &args);
  if (code >= 0) return code;
  if (args.rest_count == 0) {
    cli_say("imgrad report: which run? Give a run folder or several: %s report runs/train", cli_program());
    return ig_status_exit_code(IG_USAGE);
  }
  ig_status status = cli_context(options.threads, &context);
  if (status != IG_OK) return cli_fail(status);
  status = ig_report(context, (const char *const *)args.rest, args.rest_count, &options, &result);
  if (status == IG_OK && args.json) print_json(&result);
  if (status == IG_OK && !args.json) cli_out("%s\n", result.out);
  cli_out_flush();
  if (status != IG_OK) cli_fail(status);
  ig_context_free(context);
  return ig_status_exit_code(status);
}

const cli_command cli_report = {
  .name = "report",
  .about = "write the report of a run, or of several side by side",
  .usage = "report RUN… [options]",
  .text = "Writes one HTML file that needs nothing else: curves, confusion matrix, the pictures that were wrong, filters, layers,\n"
          "configuration. 'train' leaves one in its run folder; this makes it again, or lays several runs over each other.\n"
          "Pictures that were wrong are also listed in a file beside it, wrong.csv.\n",
  .examples = "  imgrad report runs/train\n"
              "  imgrad report runs/a runs/b runs/c --out compare.html\n"
              "  imgrad report runs/train --data elsewhere/ --out /tmp/report.html      # the data have moved\n",
  .verb = IG_VERB_REPORT,
  .rest = true,
  .run = run,
};
