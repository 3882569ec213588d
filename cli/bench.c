/* imgrad bench */
#include "args.h"
#include "bench_calibrate.h"
#include "json.h"
#include "output.h"
#include "text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- JSON ------------------------------------------------------------------------------------------------------------- */

static void json_rows(cli_json *j, const ig_bench_result *r) {
  json_open(j, "rows", '[');
  for (int i = 0; i < r->rows; i++) {
    const ig_bench_row *row = &r->row[i];
    json_open(j, NULL, '{');
    json_text(j, "line", row->line);
    json_text(j, "op", row->op);
    json_text(j, "pass", row->pass);
    json_text(j, "kind", row->kind);
    json_int(j, "phase", row->phase);
    json_double(j, "calls", row->calls);
    json_double(j, "us_per_picture", row->us_per_picture);
    json_double(j, "flops", row->flops);
    json_double(j, "gflops", row->gflops);
    json_double(j, "share", row->share);
    json_close(j, '}');
  }
  json_close(j, ']');
}

static void json_phases(cli_json *j, const ig_bench_result *r) {
  json_open(j, "phases", '[');
  for (int i = 0; i < r->phases; i++) {
    const ig_bench_phase *p = &r->phase[i];
    json_open(j, NULL, '{');
    json_text(j, "kind", p->kind);
    json_bool(j, "small", p->small);
    json_int(j, "tasks", p->tasks);
    json_int(j, "chunk", p->chunk);
    json_double(j, "us", p->us);
    json_double(j, "busy_us", p->busy_us);
    json_double(j, "wait_us", p->wait_us);
    json_close(j, '}');
  }
  json_close(j, ']');
}

static void print_json(const ig_bench_result *r, const char *precision) {
  cli_json j = {0};
  json_open(&j, NULL, '{');
  json_text(&j, "model", r->model);
  json_text(&j, "mode", r->mode);
  json_int(&j, "batch", r->batch);
  json_int(&j, "threads", r->threads);
  json_text(&j, "precision", precision);
  json_text(&j, "isa", r->isa);
  json_int(&j, "repetitions", r->repetitions);
  json_int(&j, "steps", r->steps);
  json_double(&j, "img_per_s", r->img_per_s);
  json_double(&j, "img_per_s_best", r->img_per_s_best);
  json_double(&j, "ms_per_step", r->ms_per_step);
  json_double(&j, "ms_per_step_best", r->ms_per_step_best);
  json_double(&j, "profiled_ms", r->profiled_ms);
  json_double(&j, "flops", r->flops);
  json_double(&j, "gflops", r->gflops);
  json_double(&j, "peak_gflops", r->peak_gflops);
  json_double(&j, "share", r->share);
  json_int(&j, "plan_bytes", (int64_t)r->plan_bytes);
  json_int(&j, "state_bytes", (int64_t)r->state_bytes);
  json_rows(&j, r);
  json_phases(&j, r);
  json_end(&j);
}

/* ---- text ------------------------------------------------------------------------------------------------------------- */

static void cell(const char *text, int width) { cli_out("%s%*s  ", text, width - text_width(text), ""); }

static void speed(double gflops, double share) {
  char percent[TEXT_NUMBER];
  if (gflops > 0) cli_out(" %9.1f %7s\n", gflops, text_percent(percent, share));
  else cli_out("\n");
}

static int line_width(const ig_bench_result *r) {
  int widest = 6;
  for (int i = 0; i < r->rows; i++)
    if (text_width(r->row[i].line) > widest) widest = text_width(r->row[i].line);
  return widest;
}

/* All rows of a line together. */
typedef struct line_sum { const char *line; double forward, backward, other, flops; } line_sum;

static void add_row(line_sum *sum, const ig_bench_row *row) {
  if (!strcmp(row->pass, "forward")) sum->forward += row->us_per_picture;
  else if (!strcmp(row->pass, "backward")) sum->backward += row->us_per_picture;
  else sum->other += row->us_per_picture;
  if (row->us_per_picture > 0) sum->flops += row->flops;
}

static void print_line(const ig_bench_result *r, const line_sum *s, int width) {
  double us = s->forward + s->backward + s->other, all = r->profiled_ms * 1e3 * r->threads / r->batch;
  double gflops = us > 0 ? s->flops * r->threads / (us * r->batch) * 1e-3 : 0;
  char share[TEXT_NUMBER];
  if (!(us > 0)) return;
  cell(s->line, width);
  if (s->forward > 0) cli_out(" %9.2f", s->forward);
  else cli_out(" %9s", "");
  if (s->backward > 0) cli_out(" %9.2f", s->backward);
  else cli_out(" %9s", "");
  cli_out(" %9.2f %7s", us, text_percent(share, us / all));
  speed(gflops, gflops / r->peak_gflops);
}

/* Lines in the order in which the plan first runs one of their nodes. */
static void print_lines(const ig_bench_result *r, int width) {
  line_sum *sums = calloc((size_t)r->rows, sizeof *sums), whole = {.line = "all"};
  int count = 0;
  if (!sums) return;
  for (int i = 0; i < r->rows; i++) {
    int k = 0;
    while (k < count && strcmp(sums[k].line, r->row[i].line) != 0) k++;
    if (k == count) sums[count++].line = r->row[i].line;
    add_row(&sums[k], &r->row[i]);
    add_row(&whole, &r->row[i]);
  }
  cell("line", width);
  cli_out(" %9s %9s %9s %7s %9s %7s\n", "forward", "backward", "us/img", "%", "GF/s", "% peak");
  for (int k = 0; k < count; k++) print_line(r, &sums[k], width);
  print_line(r, &whole, width);
  free(sums);
}

static void print_nodes(const ig_bench_result *r, int width) {
  int op = 2;
  for (int i = 0; i < r->rows; i++)
    if (text_width(r->row[i].op) > op) op = text_width(r->row[i].op);
  cell("line", width);
  cell("op", op);
  cli_out("%-8s %-6s %5s %8s %9s %9s %7s\n", "pass", "kind", "phase", "calls", "us/img", "GF/s", "% peak");
  for (int i = 0; i < r->rows; i++) {
    const ig_bench_row *row = &r->row[i];
    char phase[16] = "";
    if (row->phase >= 0) snprintf(phase, sizeof phase, "%d", row->phase);
    cell(row->line, width);
    cell(row->op, op);
    cli_out("%-8s %-6s %5s %8.1f %9.3f", row->pass, row->kind, phase, row->calls, row->us_per_picture);
    speed(row->gflops, row->share);
  }
  cli_out("\n");
}

static void print_phases(const ig_bench_result *r) {
  cli_out("%5s  %-6s %6s %6s %10s %10s %10s\n", "phase", "kind", "tasks", "chunk", "us", "busy us", "wait us");
  for (int i = 0; i < r->phases; i++) {
    const ig_bench_phase *p = &r->phase[i];
    cli_out("%5d  %-6s %6d %6d %10.2f %10.2f %10.2f%s\n", i, p->kind, p->tasks, p->chunk, p->us, p->busy_us, p->wait_us,
            p->small ? "  by one thread" : "");
  }
  cli_out("\n");
}

static void print_text(const ig_bench_result *r, const ig_bench_options *o) {
  char number[TEXT_NUMBER], other[TEXT_NUMBER];
  int width = line_width(r);
  cli_out("%s, %s, batch %d, %d thread%s, %s, %s, %s\n\n", r->model, strcmp(r->mode, "train") ? "inference" : "training", r->batch,
          r->threads, r->threads == 1 ? "" : "s", o->precision, r->isa, ig_cpu_name());
  if (o->nodes) print_nodes(r, width);
  if (o->phases) print_phases(r);
  print_lines(r, width);
  cli_out("\nstep    %.4g ms (median of %d repetitions of %d steps), best %.4g ms; split: %.4g ms\n", r->ms_per_step,
          r->repetitions, r->steps, r->ms_per_step_best, r->profiled_ms);
  cli_out("images  %s a second, best %s\n", text_large(number, r->img_per_s), text_large(other, r->img_per_s_best));
  cli_out("speed   %.1f GF/s, %s %% of the %.1f GF/s that multiply-adds alone reach\n", r->gflops, text_percent(number, r->share),
          r->peak_gflops);
  cli_out("memory  %s for the plan, %s for weights%s\n", text_bytes(number, r->plan_bytes), text_bytes(other, r->state_bytes),
          strcmp(r->mode, "train") ? "" : ", gradients and optimiser");
}

static int run(const cli_command *self, int argc, char **argv) {
  ig_bench_options options = ig_bench_options_default();
  ig_bench_result result;
  ig_context *context = NULL;
  cli_args args;
  int code = cli_args_read(self, argc, argv, &options, &args);
  if (code >= 0) return code;
  ig_status status = cli_context(options.threads, &context);
  if (status != IG_OK) return cli_fail(status);
  if (options.calibrate) {
    code = bench_calibrate(context, &options, args.json);
    ig_context_free(context);
    return code;
  }
  status = ig_bench(context, &options, &result);
  ig_context_free(context);
  if (status != IG_OK) return cli_fail(status);
  if (args.json) print_json(&result, options.precision);
  else print_text(&result, &options);
  ig_bench_result_free(&result);
  return 0;
}

const cli_command cli_bench = {
  .name = "bench",
  .about = "time of a training step or of inference, line by line",
  .usage = "bench [MODEL] [options]",
  .text = "Times a training step (forward, backward, update) or inference on random pictures in memory, and beside it the peak of\n"
          "multiply-adds on the same threads. For each line of the model: microseconds a picture of core time (all threads\n"
          "together), GF/s of direct arithmetic (2 a multiply-add), share of that peak. 'update' is penalties and optimiser,\n"
          "'wait' threads with nothing to do. MODEL is a built-in name, a model text file, a .safetensors file or a run folder.\n"
          "With --calibrate: each way of computing the convolutions of MODEL (or of all built-in models), beside the one that is\n"
          "chosen, and the constants of the choice that would fit, --seconds for each. Results never depend on what is measured.\n",
  .examples = "  imgrad bench textbook --batch 32 --threads 2\n"
              "  imgrad bench resnet8 --infer --batch 1 --phases\n"
              "  imgrad bench mine.txt --optimizer \"sgd momentum=0.9\" --json\n"
              "  imgrad bench all --calibrate --seconds 0.05\n",
  .verb = IG_VERB_BENCH,
  .positional = "model",
  .run = run,
};
