/* imgrad info: what this build is and what it found on this machine. */
#include "args.h"
#include "json.h"
#include "output.h"

#include <stddef.h>

static int run(const cli_command *self, int argc, char **argv) {
  cli_args args;
  int code = cli_args_read(self, argc, argv, NULL, &args);
  if (code >= 0) return code;
  ig_context_options options = ig_context_options_default();
  ig_context *context = NULL;
  options.log = cli_log;
  ig_status status = ig_context_new(&context, &options);
  if (status != IG_OK) return cli_fail(status);
  if (args.json) {
    cli_json j = {0};
    json_open(&j, NULL, '{');
    json_text(&j, "version", ig_version());
    json_text(&j, "cpu", ig_cpu_name());
    json_text(&j, "isa", ig_context_isa(context));
    json_int(&j, "threads", ig_context_threads(context));
    json_text(&j, "libraries", ig_libraries());
    json_end(&j);
  } else {
    cli_out("version          %s\n", ig_version());
    cli_out("CPU              %s\n", ig_cpu_name());
    cli_out("instruction set  %s\n", ig_context_isa(context));
    cli_out("threads          %d\n", ig_context_threads(context));
    cli_out("libraries        %s\n", ig_libraries());
  }
  ig_context_free(context);
  return 0;
}

const cli_command cli_info = {
  .name = "info",
  .about = "version, CPU, instruction set, threads, libraries",
  .usage = "info [--json]",
  .text = "Says what this build is and what it uses on this machine. IMGRAD_ISA (avx512, avx2, neon, baseline, reference)\n"
          "chooses another instruction set.\n",
  .verb = CLI_NO_VERB,
  .run = run,
};
