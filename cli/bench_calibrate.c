/* imgrad bench --calibrate */
#include "bench_calibrate.h"

#include "args.h"
#include "json.h"
#include "output.h"
#include "text.h"

static const char *const terms[] = {"product", "transform", "weight"};

static void print_json(const ig_calibration_result *r) {
  cli_json j = {0};
  json_open(&j, NULL, '{');
  json_text(&j, "isa", r->isa);
  json_int(&j, "threads", r->threads);
  json_double(&j, "peak_gflops", r->peak_gflops);
  json_int(&j, "wrong", r->wrong);
  json_double(&j, "mean_loss", r->mean_loss);
  json_double(&j, "worst_loss", r->worst_loss);
  json_open(&j, "rows", '[');
  for (int i = 0; i < r->rows; i++) {
    const ig_calibration_row *row = &r->row[i];
    json_open(&j, NULL, '{');
    json_text(&j, "layer", row->layer);
    json_text(&j, "pass", row->pass);
    json_int(&j, "batch", row->batch);
    json_text(&j, "chosen", row->chosen);
    json_text(&j, "best", row->best);
    json_double(&j, "loss", row->loss);
    json_open(&j, "us_per_picture", '{');
    for (int k = 0; k < IG_CALIBRATION_WAYS; k++)
      if (row->us[k] > 0) json_double(&j, r->way[k], row->us[k]);
    json_close(&j, '}');
    json_close(&j, '}');
  }
  json_close(&j, ']');
  json_open(&j, "constants", '[');
  for (int i = 0; i < r->prices; i++) {
    json_open(&j, NULL, '{');
    json_text(&j, "ways", r->price[i].name);
    json_int(&j, "rows", r->price[i].rows);
    for (int t = 0; t < 3; t++) {
      json_open(&j, terms[t], '{');
      json_double(&j, "now", r->price[i].now[t]);
      json_double(&j, "fitted", r->price[i].fitted[t]);
      json_close(&j, '}');
    }
    json_close(&j, '}');
  }
  json_close(&j, ']');
  json_end(&j);
}

static void print_text(const ig_calibration_result *r) {
  char percent[TEXT_NUMBER], worst[TEXT_NUMBER];
  cli_out("%-32s %-8s %5s ", "layer", "pass", "batch");
  for (int k = 0; k < IG_CALIBRATION_WAYS; k++) cli_out(" %15s", r->way[k] ? r->way[k] : "");
  cli_out("  %-15s %-15s %7s\n", "chosen", "best", "loss %");
  for (int i = 0; i < r->rows; i++) {
    const ig_calibration_row *row = &r->row[i];
    cli_out("%-32s %-8s %5d ", row->layer, row->pass, row->batch);
    for (int k = 0; k < IG_CALIBRATION_WAYS; k++) {
      if (row->us[k] > 0) cli_out(" %15.2f", row->us[k]);
      else cli_out(" %15s", "");
    }
    cli_out("  %-15s %-15s %7s\n", row->chosen, row->best, row->loss > 0 ? text_percent(percent, row->loss) : "");
  }
  cli_out("\nmicroseconds a picture of core time; %s, %d thread%s, peak %.1f GF/s\n", r->isa, r->threads, r->threads == 1 ? "" : "s",
          r->peak_gflops);
  cli_out("%d of %d choices lose more than 5 %%; loss %s %% in the mean, %s %% at worst\n\n", r->wrong, r->rows,
          text_percent(percent, r->mean_loss), text_percent(worst, r->worst_loss));
  cli_out("%-20s %5s  %9s %9s  %9s %9s  %9s %9s\n", "constants", "rows", "product", "fitted", "transform", "fitted", "weight", "fitted");
  for (int i = 0; i < r->prices; i++) {
    const ig_calibration_price *p = &r->price[i];
    cli_out("%-20s %5d ", p->name, p->rows);
    for (int t = 0; t < 3; t++) cli_out(" %9.3f %9.3f ", p->now[t], p->fitted[t]);
    cli_out("\n");
  }
}

int bench_calibrate(ig_context *context, const ig_bench_options *options, bool json) {
  ig_calibration_result result;
  ig_status status = ig_calibrate(context, options, &result);
  if (status != IG_OK) return cli_fail(status);
  if (json) print_json(&result);
  else print_text(&result);
  ig_calibration_free(&result);
  return 0;
}
