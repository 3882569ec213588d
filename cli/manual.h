#ifndef CLI_MANUAL_H
#define CLI_MANUAL_H
/* Pages and lists that are made from the tables of options. */

#include "command.h"
#include "imgrad.h"

#include <stdbool.h>

/* The options that belong to the command and not to a verb. */
typedef struct cli_own_option {
  const char *name, *value, *help;  /* value: what stands for it; NULL for a switch */
  bool with_verb;                   /* only of commands with a verb */
  int verb;                         /* only of this one; CLI_NO_VERB: of all */
} cli_own_option;
extern const cli_own_option cli_own_options[]; /* ends with a name of NULL */
bool cli_own_option_fits(const cli_own_option *o, const cli_command *command);

/* To standard output; the exit code. `command` NULL: the page of imgrad itself. */
int cli_man(const char *command);
int cli_completion(const char *shell);
/* The topics of help, each behind a blank. */
void cli_help_topics(void);

#endif
