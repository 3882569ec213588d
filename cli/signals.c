/* Signals. The handler sets a number and nothing else; the trainer asks for it before every step. */
#include "signals.h"

#include "output.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

static volatile sig_atomic_t asked;

static void on_signal(int number) {
  if (asked && number == SIGINT) _exit(128 + SIGINT);
  /* HUP and TERM often come together, from a closing terminal or a supervisor: the second changes nothing, the checkpoint
   * is on its way. */
  if (!asked) asked = number;
}

void cli_signals_begin(void) {
  struct sigaction action, old;
  memset(&action, 0, sizeof action);
  action.sa_handler = on_signal;
  sigemptyset(&action.sa_mask);
  action.sa_flags = 0; /* without SA_RESTART: a read or wait that blocks comes back */
  sigaction(SIGINT, &action, NULL);
  sigaction(SIGTERM, &action, NULL);
  /* nohup means it: a HUP that is ignored from outside stays ignored. */
  if (sigaction(SIGHUP, NULL, &old) == 0 && old.sa_handler != SIG_IGN) sigaction(SIGHUP, &action, NULL);
}

ig_status cli_signals_asked(void) {
  switch (asked) {
  case 0: return IG_OK;
  case SIGHUP: return IG_HANGUP;
  case SIGTERM: return IG_TERMINATED;
  default: return IG_INTERRUPTED;
  }
}

ig_status cli_stop_asked(void *stop) {
  cli_stop *s = stop;
  ig_status signal = cli_signals_asked();
  if (signal == IG_OK && cli_reader_gone()) {
    s->gone = true;
    return IG_HANGUP;
  }
  if (signal != IG_OK && !s->told) {
    s->told = true;
    cli_say("%s", s->words);
  }
  return signal;
}

int cli_stop_code(const cli_stop *s, ig_status status) {
  return ig_status_exit_code(s->gone && status == IG_HANGUP ? IG_PIPE : status);
}
