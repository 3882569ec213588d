/* imgrad version */
#include "args.h"
#include "json.h"
#include "output.h"

static int run(const cli_command *self, int argc, char **argv) {
  cli_args args;
  int code = cli_args_read(self, argc, argv, NULL, &args);
  if (code >= 0) return code;
  if (args.json) {
    cli_json j = {0};
    json_open(&j, NULL, '{');
    json_text(&j, "version", ig_version());
    json_end(&j);
  } else {
    cli_out("imgrad %s\n", ig_version());
  }
  return 0;
}

const cli_command cli_version = {
  .name = "version",
  .about = "the version",
  .usage = "version [--json]",
  .text = "Prints the version.\n",
  .verb = CLI_NO_VERB,
  .run = run,
};
