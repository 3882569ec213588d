/* train --restarts */
#include "restarts.h"
#include "figures.h"
#include "output.h"
#include "text.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

typedef struct watcher { cli_stop *stop; bool json, quiet; } watcher;

static void run_json(cli_json *j, const ig_restart *r) {
  json_int(j, "seed", r->seed);
  json_text(j, "folder", r->folder);
  json_bool(j, "done", r->done);
  if (!r->done) return;
  json_text(j, "status", ig_status_name(r->status));
  json_int(j, "epochs", r->epochs);
  json_int(j, "best_epoch", r->best_epoch);
  if (r->status != IG_DIVERGED) cli_figures_part_json(j, "val", &r->val);
  json_double(j, "seconds", r->seconds);
}

static void on_run(void *user, const ig_restart *r, int done, int count) {
  const watcher *w = user;
  char loss[TEXT_NUMBER], share[TEXT_NUMBER];
  if (w->json) {
    cli_json j = {0};
    json_open(&j, NULL, '{');
    json_text(&j, "type", "restart");
    run_json(&j, r);
    json_end(&j);
  }
  if (w->quiet) return;
  if (r->status == IG_DIVERGED) cli_say("%2d/%d  seed %lld: diverged", done, count, (long long)r->seed);
  else
    cli_say("%2d/%d  seed %lld: val loss %s, accuracy %s %%", done, count, (long long)r->seed, text_loss(loss, r->val.loss),
            text_percent(share, r->val.accuracy));
}

static ig_status on_stop(void *user) {
  watcher *w = user;
  return cli_stop_asked(w->stop);
}

ig_status cli_restarts(ig_context *context, const ig_train_options *options, cli_stop *stop, bool json, bool quiet, ig_restarts_result *all,
                       ig_train_result *best) {
  watcher w = {.stop = stop, .json = json, .quiet = quiet};
  const ig_restarts_events events = {.run = on_run, .stop = on_stop, .user = &w};
  const ig_status status = ig_restarts(context, options, &events, all);
  snprintf(best->out, sizeof best->out, "%s", all->out);
  best->stopped = status == IG_OK || status == IG_BELOW_BAR ? "epochs" : "signal";
  if (all->best < 0) return status;
  const ig_restart *r = &all->run[all->best];
  best->epochs = r->epochs;
  best->best_epoch = r->best_epoch;
  best->val = r->val;
  best->test = r->test;
  best->baseline = r->baseline;
  for (int i = 0; i < all->runs; i++) best->seconds += all->run[i].seconds;
  return status;
}

static void span_json(cli_json *j, const char *key, const ig_span *s) {
  json_open(j, key, '{');
  json_double(j, "min", s->min);
  json_double(j, "mean", s->mean);
  json_double(j, "max", s->max);
  json_double(j, "deviation", s->deviation);
  json_close(j, '}');
}

void cli_restarts_json(cli_json *j, const ig_restarts_result *all) {
  json_open(j, "restarts", '{');
  json_int(j, "n", all->accuracy.n);
  if (all->best >= 0) json_int(j, "seed", all->run[all->best].seed);
  span_json(j, "val_loss", &all->loss);
  span_json(j, "val_accuracy", &all->accuracy);
  json_open(j, "runs", '[');
  for (int i = 0; i < all->runs; i++) {
    json_open(j, NULL, '{');
    run_json(j, &all->run[i]);
    json_close(j, '}');
  }
  json_close(j, ']');
  json_close(j, '}');
}

void cli_restarts_text(const ig_restarts_result *all) {
  char a[TEXT_NUMBER], b[TEXT_NUMBER], c[TEXT_NUMBER], d[TEXT_NUMBER];
  if (all->best < 0) return;
  cli_out("%-12s the best of %d by validation: seed %lld\n", "restarts", all->runs, (long long)all->run[all->best].seed);
  cli_out("%-12s loss %s to %s, mean %s", "  spread", text_loss(a, all->loss.min), text_loss(b, all->loss.max), text_loss(c, all->loss.mean));
  if (all->loss.n > 1) cli_out(", deviation %s", text_loss(d, all->loss.deviation));
  cli_out("; accuracy %s to %s %%, mean %s", text_percent(a, all->accuracy.min), text_percent(b, all->accuracy.max), text_percent(c, all->accuracy.mean));
  if (all->accuracy.n > 1) cli_out(", deviation %.2f", 100 * all->accuracy.deviation);
  cli_out("\n");
}
