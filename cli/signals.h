#ifndef CLI_SIGNALS_H
#define CLI_SIGNALS_H
#include "imgrad.h"

/* From here on the first HUP, INT or TERM is only remembered. An INT that comes when a stop is already asked for ends the
 * process at once with exit code 130: the second Ctrl-C. */
void cli_signals_begin(void);
/* IG_OK, or the status of the signal that came first. */
ig_status cli_signals_asked(void);

/* Whether a command that runs long is to stop, as ig_*_events.stop asks before every step. `words` are said when a signal is seen.
 * Where nobody reads what is written it stops as for HUP, which keeps the work; the exit code says why. */
typedef struct cli_stop { const char *words; bool told, gone; } cli_stop;
ig_status cli_stop_asked(void *stop);
int cli_stop_code(const cli_stop *stop, ig_status status);

#endif
