#ifndef CLI_ARGS_H
#define CLI_ARGS_H
/* The words after a subcommand: GNU long options, whose names the library knows, and a few that belong to the command. */

#include "command.h"

#include <stdbool.h>

#define ARGS_MOST 256  /* words */

typedef struct cli_args {
  bool json, quiet;
  int count;                     /* bare words of a command without a verb */
  const char *word[ARGS_MOST];
  int rest_count;                /* bare words behind the positional, of a command that takes such; in argv's own place */
  char **rest;
} cli_args;

/* Reads them into the verb's `options` (already filled with its defaults; NULL for CLI_NO_VERB): the file of --config
 * first, wherever it stands, then everything else in order. Returns −1 to go on, else the exit code: 0 after --help, 2
 * after a mistake, which is said. */
int cli_args_read(const cli_command *command, int argc, char **argv, void *options, cli_args *args);

#endif
