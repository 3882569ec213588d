/* Runs shown live: the option --watch of train, and the verb watch. */
#include "live/live.h"

#include "base/text.h"
#include "train/show.h"

#include <string.h>
#include <time.h>

/* "yes", "no", or a port. */
static ig_status read_option(const char *text, bool *wanted, int *port) {
  int64_t number;
  *wanted = strcmp(text, "no") != 0;
  *port = 0;
  if (!*wanted || !strcmp(text, "yes")) return IG_OK;
  if (!ig__parse_i64(text, &number))
    return ig__fail(IG_USAGE, "--watch=%s: a port of 127.0.0.1, such as --watch=8080, or --watch alone for one that is free", text);
  if (number < 1 || number > 65535) return ig__fail(IG_USAGE, "--watch=%s: ports are 1 … 65535", text);
  *port = (int)number;
  return IG_OK;
}

ig_status ig__show_live_open(ig__trainer *t) {
  bool wanted;
  int port;
  IG__TRY(read_option(t->options->watch, &wanted, &port));
  if (!wanted) return IG_OK;
  /* A page belongs to a call, not to the run: the configuration that is saved has none. */
  strcpy(t->options->watch, "no");
  IG__TRY(ig__live_open("--watch", port, &t->live));
  ig__log(t->context, IG_LOG_INFO, "live page: %s", ig__live_url(t->live));
  return IG_OK;
}

/* ---- the verb ----------------------------------------------------------------------------------------------------------------------- */

const ig__option ig__watch_table[] = {
  IG__OPTION(ig_watch_options, run, "", 0, 0, "", "run folder, which another process may be writing"),
  IG__OPTION(ig_watch_options, port, "0", 0, 65535, "", "port on 127.0.0.1; 0: any free one, which is printed"),
  IG__OPTIONS_END};

ig_watch_options ig_watch_options_default(void) {
  ig_watch_options o = {.port = 0};
  ig__options_default(ig__watch_table, &o);
  return o;
}

static ig_status check_run(const char *run) {
  if (!*run) return ig__fail(IG_USAGE, "watch: which run? Give its folder: imgrad watch runs/train");
  if (!ig__is_folder(run)) return ig__fail(IG_USAGE, "%s: no such run folder", run);
  if (!ig__folder_has(run, "config.yaml") && !ig__folder_has(run, "results.csv"))
    return ig__fail(IG_USAGE, "%s: no run folder: it has neither config.yaml nor results.csv", run);
  return IG_OK;
}

static ig_status wait_for_end(const ig_context *context, const ig_watch_events *events) {
  for (;;) {
    const struct timespec tenth = {.tv_nsec = 100000000};
    ig_status status = events && events->stop ? events->stop(events->user) : IG_OK;
    if (status == IG_OK) status = ig__cancel_check(context);
    if (status != IG_OK) return status;
    nanosleep(&tenth, NULL);
  }
}

ig_status ig_watch(ig_context *context, const ig_watch_options *options, const ig_watch_events *events) {
  char what[32];
  ig__live *live = NULL;
  ig_status status = ig__options_check(IG_VERB_WATCH, options);
  if (status == IG_OK) status = check_run(options->run);
  if (options->port) ig__snprintf(what, sizeof what, "watch: --port %d", options->port);
  else ig__snprintf(what, sizeof what, "watch");
  if (status == IG_OK) status = ig__live_open(what, options->port, &live);
  if (status == IG_OK) status = ig__live_start(live, options->run);
  if (status == IG_OK && events && events->open) events->open(events->user, ig__live_url(live));
  if (status == IG_OK) status = wait_for_end(context, events);
  ig__live_close(live);
  return ig__verb_end(context, status);
}
