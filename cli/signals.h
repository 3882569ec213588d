#ifndef CLI_SIGNALS_H
#define CLI_SIGNALS_H
#include "imgrad.h"

/* From here on the first HUP, INT or TERM is only remembered. An INT that comes when a stop is already asked for ends the
 * process at once with exit code 130: the second Ctrl-C. */
void cli_signals_begin(void);
/* IG_OK, or the status of the signal that came first. */
ig_status cli_signals_asked(void);

#endif
