/* imgrad prune */
#include "args.h"
#include "json.h"
#include "output.h"
#include "text.h"

#include <stdio.h>
#include <string.h>

static void print_json(const ig_prune_result *r) {
  cli_json j = {0};
  json_open(&j, NULL, '{');
  json_text(&j, "out", r->out);
  json_int(&j, "removed", r->removed);
  json_int(&j, "parameters", r->parameters);
  json_int(&j, "parameters_left", r->parameters_left);
  json_double(&j, "macs", r->macs);
  json_double(&j, "macs_left", r->macs_left);
  json_double(&j, "difference", r->difference);
  json_open(&j, "layers", '[');
  for (int i = 0; i < r->rows; i++) {
    const ig_prune_row *row = &r->row[i];
    json_open(&j, NULL, '{');
    json_text(&j, "name", row->name);
    json_text(&j, "op", row->op);
    json_int(&j, "channels", row->channels);
    json_int(&j, "channels_left", row->channels_left);
    json_int(&j, "parameters", row->parameters);
    json_int(&j, "parameters_left", row->parameters_left);
    json_double(&j, "macs", row->macs);
    json_double(&j, "macs_left", row->macs_left);
    json_close(&j, '}');
  }
  json_close(&j, ']');
  json_end(&j);
}

static void print_rows(const ig_prune_result *r) {
  int name = 5;
  for (int i = 0; i < r->rows; i++)
    if (text_width(r->row[i].name) > name) name = text_width(r->row[i].name);
  cli_out("%-*s %12s %23s %19s\n", name, "layer", "channels", "weights", "mul-adds");
  for (int i = 0; i < r->rows; i++) {
    char channels[2 * TEXT_NUMBER], weights[2 * TEXT_NUMBER], macs[2 * TEXT_NUMBER] = "", a[TEXT_NUMBER], b[TEXT_NUMBER];
    const ig_prune_row *row = &r->row[i];
    snprintf(channels, sizeof channels, "%d of %d", row->channels_left, row->channels);
    snprintf(weights, sizeof weights, "%s of %s", text_count(a, row->parameters_left), text_count(b, row->parameters));
    if (row->macs > 0) snprintf(macs, sizeof macs, "%s of %s", text_large(a, row->macs_left), text_large(b, row->macs));
    cli_out("%s%*s %12s %23s %19s\n", row->name, name - text_width(row->name), "", channels, weights, macs);
  }
}

static void print_text(const ig_prune_result *r) {
  char a[TEXT_NUMBER], b[TEXT_NUMBER], c[TEXT_NUMBER];
  print_rows(r);
  cli_out("\n%-14s %s\n", "run folder", r->out);
  cli_out("%-14s %s of %s (%s %%)\n", "weights", text_count(a, r->parameters_left), text_count(b, r->parameters),
          text_percent(c, r->parameters ? (double)r->parameters_left / (double)r->parameters : 1));
  cli_out("%-14s %s of %s a picture (%s %%)\n", "multiply-adds", text_large(a, r->macs_left), text_large(b, r->macs),
          text_percent(c, r->macs > 0 ? r->macs_left / r->macs : 1));
  cli_out("%-14s %.2g of the largest answer\n", "difference", r->difference);
  if (!r->removed) cli_say("nothing is dead: train with --penalty \"group_lasso 1e-3\", or call small filters dead by --threshold");
}

static int run(const cli_command *self, int argc, char **argv) {
  ig_prune_options options = ig_prune_options_default();
  ig_prune_result result;
  ig_context *context = NULL;
  cli_args args;
  int code = cli_args_read(self, argc, argv, &options, &args);
  if (code >= 0) return code;
  memset(&result, 0, sizeof result);
  ig_status status = cli_context(options.threads, &context);
  if (status != IG_OK) return cli_fail(status);
  status = ig_prune(context, &options, &result);
  ig_context_free(context);
  if (status != IG_OK) return cli_fail(status);
  if (args.json) print_json(&result);
  else print_text(&result);
  cli_out_flush();
  ig_prune_result_free(&result);
  return 0;
}

const cli_command cli_prune = {
  .name = "prune",
  .about = "take dead filters and channels out of a trained network",
  .usage = "prune RUN --out DIR [options]",
  .text = "Writes a smaller network that gives the same answers as the one of a run folder (or a .safetensors file) within rounding:\n"
          "filters and channels go that nothing needs, because their weights are exactly zero. DIR is a run folder, which eval,\n"
          "predict, bench and report read; a training begins from it with --config DIR/config.yaml --weights DIR.\n",
  .examples = "  imgrad train mnist/ --penalty \"group_lasso 1e-3 by=both\" --out runs/sparse\n"
              "  imgrad prune runs/sparse --out runs/small\n"
              "  imgrad prune runs/train --threshold 0.01 --out runs/small     # small filters too: the answers change\n",
  .verb = IG_VERB_PRUNE,
  .positional = "run",
  .run = run,
};
