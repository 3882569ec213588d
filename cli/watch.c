/* imgrad watch */
#include "args.h"
#include "json.h"
#include "output.h"
#include "signals.h"

#include <string.h>

typedef struct watching { cli_stop stop; bool json; } watching;

static void on_open(void *user, const char *url) {
  const watching *w = user;
  if (w->json) {
    cli_json j = {0};
    json_open(&j, NULL, '{');
    json_text(&j, "url", url);
    json_end(&j);
  } else {
    cli_out("%s\n", url);
  }
  cli_out_flush();
  cli_say("Ctrl-C ends it");
}

static ig_status on_stop(void *user) { return cli_stop_asked(&((watching *)user)->stop); }

static int run(const cli_command *self, int argc, char **argv) {
  ig_watch_options options = ig_watch_options_default();
  ig_context *context = NULL;
  watching w = {.stop = {.words = "ending"}};
  cli_args args;
  int code = cli_args_read(self, argc, argv, &options, &args);
  if (code >= 0) return code;
  w.json = args.json;
  cli_signals_begin();
  ig_status status = cli_context(1, &context);
  if (status != IG_OK) return cli_fail(status);
  const ig_watch_events events = {.open = on_open, .stop = on_stop, .user = &w};
  status = ig_watch(context, &options, &events);
  ig_context_free(context);
  if (cli_signals_asked() == IG_OK && status != IG_OK && !w.stop.gone) cli_fail(status);
  return cli_stop_code(&w.stop, status);
}

const cli_command cli_watch = {
  .name = "watch",
  .about = "a live page of a run, in a browser",
  .usage = "watch RUN [options]",
  .text = "Serves a page on this machine alone (127.0.0.1) with the curves of a run as they grow, and prints its address. The run may be\n"
          "trained by another process meanwhile, or have ended. Ctrl-C ends it. 'train --watch' does the same for its own run, and shows\n"
          "where it stands within an epoch.\n",
  .examples = "  imgrad watch runs/train\n"
              "  imgrad watch runs/train --port 8080\n"
              "  ssh -L 8080:127.0.0.1:8080 far-away imgrad watch runs/train --port 8080      # then open http://127.0.0.1:8080/ here\n",
  .verb = IG_VERB_WATCH,
  .positional = "run",
  .run = run,
};
