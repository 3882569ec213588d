#ifndef CLI_RESTARTS_H
#define CLI_RESTARTS_H
/* train --restarts: what is said while the runs go on, and what the result has besides that of one run. */
#include "imgrad.h"
#include "json.h"
#include "signals.h"

/* Does it as ig_restarts; each run that ends is a line, and with `json` an object. `best` receives the best run as ig_train would tell of
 * it. Owner of `all`: caller, ig_restarts_result_free. */
ig_status cli_restarts(ig_context *context, const ig_train_options *options, cli_stop *stop, bool json, bool quiet, ig_restarts_result *all,
                       ig_train_result *best);
/* "restarts": {…} into the result that is open. */
void cli_restarts_json(cli_json *j, const ig_restarts_result *all);
void cli_restarts_text(const ig_restarts_result *all);

#endif
