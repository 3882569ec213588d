#ifndef CLI_PROGRESS_H
#define CLI_PROGRESS_H
/* What training says while it runs, on standard error: on a terminal one live line an epoch, redrawn at most ten times a
 * second; else one plain line an epoch. TERM=dumb means plain, NO_COLOR means without colours. */

#include "imgrad.h"

typedef struct cli_progress {
  bool quiet, live, colour;
  bool shown;        /* a live line stands on the terminal */
  int epochs;        /* of the last progress; 0: not known yet */
  double drawn;      /* when, in seconds of the monotonic clock */
} cli_progress;

void cli_progress_begin(cli_progress *p, bool quiet);
void cli_progress_step(cli_progress *p, const ig_progress *now);
void cli_progress_epoch(cli_progress *p, const ig_epoch *e);
void cli_progress_end(cli_progress *p);

#endif
