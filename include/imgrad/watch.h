#ifndef IMGRAD_WATCH_H
#define IMGRAD_WATCH_H
/* The verb watch: a live page of a run folder, which another process may be writing. `ig_train` shows its own run with the option `watch`. */

#include "imgrad/verbs.h"

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

typedef struct ig_watch_options {
  char run[IG_PATH_SIZE];       /* a run folder */
  int port;                     /* on 127.0.0.1; 0: any free one */
} ig_watch_options;

ig_watch_options ig_watch_options_default(void);

typedef struct ig_watch_events {
  void (*open)(void *user, const char *url); /* the page can be read from now on; `url` is valid during the call. May be NULL */
  /* Asked ten times a second: IG_OK goes on. May be NULL: until ig_cancel. */
  ig_status (*stop)(void *user);
  void *user;
} ig_watch_events;

/* Serves a page with the curves of a run as they grow, to up to 64 readers on this machine, until it is told to stop; also after the run
 * ended. Answers what `stop` gave, or IG_INTERRUPTED after ig_cancel. IG_USAGE: no such run, a port that is taken, or a build or machine
 * without libmicrohttpd. One thread besides the caller's. */
ig_status ig_watch(ig_context *context, const ig_watch_options *options, const ig_watch_events *events);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif
#endif
