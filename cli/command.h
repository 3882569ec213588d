#ifndef CLI_COMMAND_H
#define CLI_COMMAND_H
/* A subcommand: one file with one `const cli_command cli_NAME`, and one line X(NAME) in all.def. */

#include <stdbool.h>

#define CLI_NO_VERB (-1)

typedef struct cli_command {
  const char *name;
  const char *about;       /* one line, for the list of commands */
  const char *usage;       /* what follows "imgrad ": "train [DATA] [options]" */
  const char *text;        /* what it does, in a paragraph ending with a newline */
  const char *examples;    /* lines of two blanks, a command, and a comment */
  int verb;                /* the ig_verb whose options it takes, or CLI_NO_VERB */
  const char *positional;  /* the option that a bare word sets; NULL with a verb: none is taken */
  bool rest;               /* further bare words, any number, are the command's own (cli_args.rest); all without a positional */
  int (*run)(const struct cli_command *self, int argc, char **argv);  /* argv[0] is the command's name; the exit code */
} cli_command;

/* All of them, in alphabetical order, ending with NULL. */
extern const cli_command *const cli_commands[];
const cli_command *cli_command_find(const char *name);
/* Says that `word` is no `kind` ("command") and names the nearest of `known` (ends with NULL); the exit code for it. */
int cli_unknown(const char *kind, const char *word, const char *const *known);
/* The program as it was called, for the commands that are suggested: "build/imgrad". */
const char *cli_program(void);

/* The parts of help, to standard output: the overview, and the page of one command. */
void cli_help_overview(void);
void cli_help_command(const cli_command *command);

#endif
