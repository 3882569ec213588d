/* imgrad summary */
#include "args.h"
#include "json.h"
#include "output.h"
#include "text.h"

#include <string.h>

static void forecast_json(cli_json *j, const ig_forecast *f) {
  json_open(j, "forecast", '{');
  json_int(j, "threads", f->threads);
  json_double(j, "peak_gflops", f->peak_gflops);
  json_double(j, "near_bytes_per_s", f->near_bytes);
  json_double(j, "far_bytes_per_s", f->far_bytes);
  json_double(j, "loss", f->loss);
  json_double(j, "update", f->update);
  json_double(j, "step", f->step);
  json_int(j, "pictures", f->pictures);
  json_int(j, "steps", f->steps);
  json_double(j, "epoch", f->epoch);
  json_int(j, "bytes", (int64_t)f->bytes);
  json_close(j, '}');
}

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
    if (r->forecast.made) json_double(&j, "seconds", row->seconds);
    json_close(&j, '}');
  }
  json_close(&j, ']');
  if (r->forecast.made) forecast_json(&j, &r->forecast);
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
  cli_out("%12s %10s", "parameters", "mul-adds");
  cli_out(r->forecast.made ? " %10s\n" : "\n", "ms a step");
  for (int i = 0; i < r->rows; i++) {
    char parameters[TEXT_NUMBER], macs[TEXT_NUMBER];
    const ig_summary_row *row = &r->row[i];
    cell(row->name, name);
    cell(row->op, op);
    cell(row->shape, shape > 7 ? shape : 7);
    cli_out("%12s %10s", row->parameters ? text_count(parameters, row->parameters) : "", row->macs > 0 ? text_large(macs, row->macs) : "");
    if (row->seconds > 0) cli_out(" %10.3f", row->seconds * 1e3);
    cli_out("\n");
  }
}

static void print_forecast(const ig_summary_result *r, int batch) {
  const ig_forecast *f = &r->forecast;
  char number[TEXT_NUMBER], other[TEXT_NUMBER], rate[TEXT_NUMBER];
  cli_out("\nforecast       %.3g ms a step of %d pictures on %d thread%s (%.3g ms of it the update, %.3g ms the loss), %s pictures a second\n",
          f->step * 1e3, batch, f->threads, f->threads == 1 ? "" : "s", f->update * 1e3, f->loss * 1e3, text_large(rate, batch / f->step));
  cli_out("epoch          %s of %s pictures, %s steps; reading them and validating come on top\n", text_clock(number, f->epoch),
          text_count(other, f->pictures), text_count(rate, f->steps));
  cli_out("memory         %s for weights and training; pictures that are read come on top\n", text_bytes(number, f->bytes));
  cli_out("measured       %.0f GF/s of multiply-adds; copies of %.0f GB/s in the caches, of %.0f GB/s in as much memory as the plan works in\n",
          f->peak_gflops, f->near_bytes * 1e-9, f->far_bytes * 1e-9);
  cli_out("assumed        each node takes its multiply-adds and the bytes that it reads and writes; nobody else uses the cores\n");
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
  if (r->forecast.made) print_forecast(r, batch);
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
          "folder. The memory is what a run of this batch will take, to the byte. --forecast measures the machine for a third of a second.\n",
  .examples = "  imgrad summary textbook --batch 32\n"
              "  imgrad summary runs/train --json\n"
              "  imgrad summary mine.txt --plan\n"
              "  imgrad summary resnet8 --batch 64 --forecast --pictures 45000  # how long it will take here\n",
  .verb = IG_VERB_SUMMARY,
  .positional = "model",
  .run = run,
};
