/* imgrad gradcheck */
#include "args.h"
#include "json.h"
#include "output.h"
#include "text.h"

#include <string.h>

static void print_json(const ig_gradcheck_result *r) {
  cli_json j = {0};
  json_open(&j, NULL, '{');
  json_bool(&j, "passed", r->passed);
  json_double(&j, "loss", r->loss);
  json_open(&j, "rows", '[');
  for (int i = 0; i < r->rows; i++) {
    const ig_gradcheck_row *row = &r->row[i];
    json_open(&j, NULL, '{');
    json_text(&j, "name", row->name);
    json_int(&j, "elements", row->elements);
    json_int(&j, "tried", row->tried);
    json_int(&j, "redrawn", row->redrawn);
    json_double(&j, "error", row->error);
    json_double(&j, "largest", row->largest);
    json_bool(&j, "compared", row->compared);
    json_bool(&j, "passed", row->passed);
    json_close(&j, '}');
  }
  json_close(&j, ']');
  json_end(&j);
}

static void print_text(const ig_gradcheck_result *r) {
  char elements[TEXT_NUMBER], tried[TEXT_NUMBER], redrawn[TEXT_NUMBER];
  int widest = 6;
  for (int i = 0; i < r->rows; i++)
    if (text_width(r->row[i].name) > widest) widest = text_width(r->row[i].name);
  cli_out("%-*s %12s %7s %8s %10s %10s\n", widest, "tensor", "elements", "tried", "redrawn", "largest", "error");
  for (int i = 0; i < r->rows; i++) {
    const ig_gradcheck_row *row = &r->row[i];
    cli_out("%s%*s %12s %7s %8s %10.2e ", row->name, widest - text_width(row->name), "",
            text_count(elements, row->elements), text_count(tried, row->tried), text_count(redrawn, row->redrawn),
            row->largest);
    if (row->compared) cli_out("%10.2e  %s\n", row->error, row->passed ? "ok" : "WRONG");
    else cli_out("%10s  nothing to compare\n", "-");
  }
  if (r->passed) cli_out("passed: the gradient that training uses is the derivative of the loss\n");
  if (r->wrong) cli_out("failed: %d of %d rows\n", r->wrong, r->rows);
  if (r->unknown)
    cli_out("unknown: in %d of %d rows nothing could be compared: at every element tried a relu's side or a pooling's winner changed\n"
            "within the smallest step. Flat backgrounds do that where convolutions round each tile otherwise: try --conv direct, other\n"
            "--data, or another --seed\n", r->unknown, r->rows);
}

static int run(const cli_command *self, int argc, char **argv) {
  ig_gradcheck_options options = ig_gradcheck_options_default();
  ig_gradcheck_result result;
  ig_context *context = NULL;
  cli_args args;
  int code = cli_args_read(self, argc, argv, &options, &args);
  if (code >= 0) return code;
  memset(&result, 0, sizeof result);
  ig_status status = cli_context(options.threads, &context);
  if (status != IG_OK) return cli_fail(status);
  status = ig_gradcheck(context, &options, &result);
  ig_context_free(context);
  if (status != IG_OK) return cli_fail(status);
  if (args.json) print_json(&result);
  else print_text(&result);
  code = ig_status_exit_code(result.wrong ? IG_FAILED : result.unknown ? IG_BAD_DATA : IG_OK);
  ig_gradcheck_result_free(&result);
  return code;
}

const cli_command cli_gradcheck = {
  .name = "gradcheck",
  .about = "compare gradients with differences of the loss",
  .usage = "gradcheck [MODEL] [options]",
  .text = "Compares the gradient that training uses with five-point differences of the loss, in double, tensor by tensor and along\n"
          "random directions. error = |a−n| / (|a|+|n|+10⁻² max|a|). Exit code 1 when a row is above the tolerance, 3\n"
          "when none is, but with these pictures there were rows in which nothing could be compared.\n",
  .examples = "  imgrad gradcheck textbook\n"
              "  imgrad gradcheck mine.txt --data mnist/ --samples 100\n",
  .verb = IG_VERB_GRADCHECK,
  .positional = "model",
  .run = run,
};
