/* imgrad summary */
#include "args.h"
#include "json.h"
#include "output.h"
#include "text.h"

#include <string.h>

static void print_json(const ig_summary_result *r, int batch) {
  cli_json j = {0};
  json_open(&j, NULL, '{');
  json_int(&j, "parameters", r->parameters);
  json_int(&j, "states", r->states);
  json_double(&j, "macs", r->macs);
  json_int(&j, "batch", batch);
  json_int(&j, "weight_bytes", (int64_t)r->weight_bytes);
  json_int(&j, "training_bytes", (int64_t)r->training_bytes);
  json_int(&j, "inference_bytes", (int64_t)r->inference_bytes);
  json_open(&j, "layers", '[');
  for (int i = 0; i < r->rows; i++) {
    const ig_summary_row *row = &r->row[i];
    json_open(&j, NULL, '{');
    json_text(&j, "name", row->name);
    json_text(&j, "op", row->op);
    json_text(&j, "shape", row->shape);
    json_int(&j, "parameters", row->parameters);
    json_double(&j, "macs", row->macs);
    json_close(&j, '}');
  }
  json_close(&j, ']');
  if (r->plan) json_text(&j, "plan", r->plan);
  json_end(&j);
}

static void widen(int *width, const char *text) {
  if (text_width(text) > *width) *width = text_width(text);
}

static void cell(const char *text, int width) { cli_out("%s%*s  ", text, width - text_width(text), ""); }

static void print_rows(const ig_summary_result *r) {
  int name = 5, op = 2, shape = 5;
  for (int i = 0; i < r->rows; i++) {
    widen(&name, r->row[i].name);
    widen(&op, r->row[i].op);
    widen(&shape, r->row[i].shape);
  }
  cell("layer", name);
  cell("op", op);
  cell("n×c×h×w", shape > 7 ? shape : 7);
  cli_out("%12s %10s\n", "parameters", "mul-adds");
  for (int i = 0; i < r->rows; i++) {
    char parameters[TEXT_NUMBER], macs[TEXT_NUMBER];
    const ig_summary_row *row = &r->row[i];
    cell(row->name, name);
    cell(row->op, op);
    cell(row->shape, shape > 7 ? shape : 7);
    cli_out("%12s %10s\n", row->parameters ? text_count(parameters, row->parameters) : "",
            row->macs > 0 ? text_large(macs, row->macs) : "");
  }
}

static void print_text(const ig_summary_result *r, int batch) {
  char number[TEXT_NUMBER];
  print_rows(r);
  cli_out("\nparameters     %s", text_count(number, r->parameters));
  if (r->states > 0) cli_out(", and %s of running state", text_count(number, r->states));
  cli_out("\nmultiply-adds  %s a picture, forward\n", text_large(number, r->macs));
  cli_out("weights        %s\n", text_bytes(number, r->weight_bytes));
  cli_out("training       %s", text_bytes(number, r->training_bytes));
  cli_out(" with batch %d (gradients, optimiser, plan)\n", batch);
  cli_out("inference      %s with batch %d\n", text_bytes(number, r->inference_bytes), batch);
  if (r->plan) cli_out("\n%s", r->plan);
}

static int run(const cli_command *self, int argc, char **argv) {
  ig_summary_options options = ig_summary_options_default();
  ig_summary_result result;
  ig_context *context = NULL;
  cli_args args;
  int code = cli_args_read(self, argc, argv, &options, &args);
  if (code >= 0) return code;
  memset(&result, 0, sizeof result);
  ig_status status = cli_context(options.threads, &context);
  if (status != IG_OK) return cli_fail(status);
  status = ig_summary(context, &options, &result);
  ig_context_free(context);
  if (status != IG_OK) return cli_fail(status);
  if (args.json) print_json(&result, options.batch);
  else print_text(&result, options.batch);
  ig_summary_result_free(&result);
  return 0;
}

const cli_command cli_summary = {
  .name = "summary",
  .about = "layers, shapes, parameters, multiply-adds, memory",
  .usage = "summary [MODEL] [options]",
  .text = "Describes a network without training it. MODEL is a built-in name, a model text file, a .safetensors file or a run\n"
          "folder. The memory is what a run of this batch will take, to the byte.\n",
  .examples = "  imgrad summary textbook --batch 32\n"
              "  imgrad summary runs/train --json\n"
              "  imgrad summary mine.txt --plan\n",
  .verb = IG_VERB_SUMMARY,
  .positional = "model",
  .run = run,
};
