/* imgrad surface */
#include "args.h"
#include "figures.h"
#include "output.h"
#include "signals.h"
#include "text.h"

#include <math.h>
#include <string.h>

typedef struct watcher { bool quiet; cli_stop stop; int told; } watcher;

#define TELLINGS 5           /* a run */

static void on_point(void *user, const ig_surface_point *point, int done, int count) {
  watcher *w = user;
  (void)point;
  if (w->quiet || done * TELLINGS / count == w->told) return;
  w->told = done * TELLINGS / count;
  cli_say("%d of %d points", done, count);
}

static ig_status on_stop(void *user) {
  watcher *w = user;
  return cli_stop_asked(&w->stop);
}

static void point_json(cli_json *j, const ig_surface_result *r, int i) {
  json_open(j, NULL, '{');
  json_double(j, "alpha", r->point[i].alpha);
  if (!r->line) json_double(j, "beta", r->point[i].beta);
  for (int p = 0; p < r->parts; p++) cli_figures_part_json(j, r->part[p], &r->point[i].part[p]);
  json_close(j, '}');
}

static void print_json(const ig_surface_result *r) {
  cli_json j = {0};
  json_open(&j, NULL, '{');
  json_text(&j, "out", r->out);
  json_text(&j, "kind", r->line ? "line" : "grid");
  json_int(&j, "run", r->first);
  if (r->line) json_int(&j, "to", r->last);
  json_int(&j, "least", r->least);
  json_int(&j, "largest", r->largest);
  if (r->line) {
    json_open(&j, "barrier", '{');
    for (int p = 0; p < r->parts; p++) json_double(&j, r->part[p], r->barrier[p]);
    json_close(&j, '}');
  }
  json_double(&j, "seconds", r->seconds);
  json_int(&j, "broken", r->broken);
  json_open(&j, "points", '[');
  for (int i = 0; i < r->points; i++) point_json(&j, r, i);
  json_close(&j, ']');
  json_end(&j);
}

static void print_point(const char *label, const ig_surface_result *r, int i) {
  const ig_metrics *m = &r->point[i].part[0];
  char loss[TEXT_NUMBER], share[TEXT_NUMBER];
  cli_out("%-12s loss %s, accuracy %s %% at %.3g, %.3g\n", label, text_loss(loss, m->loss), text_percent(share, m->accuracy), r->point[i].alpha,
          r->point[i].beta);
}

static void print_line(const ig_surface_result *r) {
  char loss[TEXT_NUMBER], share[TEXT_NUMBER];
  cli_out("%8s", "alpha");
  for (int p = 0; p < r->parts; p++) cli_out("  %5s loss  accuracy %%", r->part[p]);
  cli_out("\n");
  for (int i = 0; i < r->points; i++) {
    cli_out("%8.4g", r->point[i].alpha);
    for (int p = 0; p < r->parts; p++)
      cli_out("  %10s  %10s", text_loss(loss, r->point[i].part[p].loss), text_percent(share, r->point[i].part[p].accuracy));
    cli_out("%s\n", i == r->first ? "  first run" : i == r->last ? "  second run" : "");
  }
  for (int p = 0; p < r->parts; p++) cli_out("%-12s %s in the loss of the %s part\n", p ? "" : "barrier", text_loss(loss, r->barrier[p]), r->part[p]);
}

static void print_text(const ig_surface_result *r) {
  char number[TEXT_NUMBER];
  if (r->line) print_line(r);
  else {
    cli_out("%-12s %d × %d points, %s pictures of the %s part each\n", "grid", r->side, r->side, text_count(number, r->point[r->first].part[0].n), r->part[0]);
    print_point("run", r, r->first);
    print_point("least", r, r->least);
    print_point("largest", r, r->largest);
  }
  cli_out("%-12s %s\n%-12s %s/report.html\n", "time", text_clock(number, r->seconds), "report", r->out);
}

static int run(const cli_command *self, int argc, char **argv) {
  ig_surface_options options = ig_surface_options_default();
  ig_surface_result result;
  ig_context *context = NULL;
  watcher w = {.stop = {.words = "stopping; nothing is kept"}};
  cli_args args;
  int code = cli_args_read(self, argc, argv, &options, &args);
  if (code >= 0) return code;
  if (args.rest_count > 1 || (args.rest_count && options.to[0])) {
    cli_say("imgrad surface: '%s' is one word too many: a line goes between two runs", args.rest[args.rest_count - 1]);
    return ig_status_exit_code(IG_USAGE);
  }
  ig_status status = args.rest_count ? ig_option_set(IG_VERB_SURFACE, &options, "to", args.rest[0]) : IG_OK;
  w.quiet = args.quiet;
  cli_signals_begin();
  if (status == IG_OK) status = cli_context(options.threads, &context);
  if (status != IG_OK) return cli_fail(status);
  status = ig_surface(context, &options, &(ig_surface_events){.point = on_point, .stop = on_stop, .user = &w}, &result);
  if (status == IG_OK && args.json) print_json(&result);
  if (status == IG_OK && !args.json) print_text(&result);
  cli_out_flush();
  if (status != IG_OK && !w.stop.told) cli_fail(status);
  ig_surface_result_free(&result);
  ig_context_free(context);
  return ig_status_exit_code(status);
}

const cli_command cli_surface = {
  .name = "surface",
  .about = "the loss around a run, and on the line between two",
  .usage = "surface RUN [RUN2] [options]",
  .text = "With one run: the loss over two random directions, each filter's scaled to the length of the filter itself (Li and others\n"
          "2018), as a picture with lines of equal loss. With two runs of the same model: loss and accuracy of the training and of the\n"
          "validation part on the straight line between them, a quarter of it beyond both. Batch normalisation is in inference, and the loss\n"
          "is that of eval, with the run's penalties. The folder gets report.html and surface.csv.\n",
  .examples = "  imgrad surface runs/train --out runs/around\n"
              "  imgrad surface runs/train --points 51 --range 0.5 --limit 2000\n"
              "  imgrad surface runs/train runs/train2 --out runs/between\n",
  .verb = IG_VERB_SURFACE,
  .positional = "run",
  .rest = true,
  .run = run,
};
