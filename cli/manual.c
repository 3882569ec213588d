/* Manual pages and the completion of bash, written at build time from the same tables as --help: imgrad help --man [COMMAND] and
 * imgrad help --completion bash. */
#include "manual.h"
#include "output.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- options and lists of the library, line by line ------------------------------------------------------------------------ */

typedef struct row { char name[64], fallback[256]; const char *help; size_t help_size; bool is_switch; } row;

/* "  l2_scale=full      help" of the library's list; false for a line that is no option. */
static bool read_row(ig_verb verb, const char *line, row *out) {
  size_t blanks = strspn(line, " "), name = strcspn(line + blanks, "= \n"), word = strcspn(line + blanks, " \n");
  if (blanks != 2 || name == 0 || name >= sizeof out->name) return false;
  const char *fallback = line + blanks + name + (word > name);
  snprintf(out->fallback, sizeof out->fallback, "%.*s", (int)(word > name ? word - name - 1 : 0), fallback);
  for (size_t i = 0; i <= name; i++) out->name[i] = i == name ? '\0' : line[blanks + i] == '_' ? '-' : line[blanks + i];
  out->help = line + blanks + word + strspn(line + blanks + word, " ");
  out->help_size = strcspn(out->help, "\n");
  out->is_switch = ig_option_is_switch(verb, out->name);
  return true;
}

static char *text_of(size_t (*fill)(const void *what, char *out, size_t size), const void *what) {
  size_t size = fill(what, NULL, 0) + 1;
  char *text = calloc(size, 1);
  if (text) fill(what, text, size);
  return text;
}

static size_t fill_options(const void *what, char *out, size_t size) {
  return ig_options_help((ig_verb)((const cli_command *)what)->verb, out, size);
}

static size_t fill_list(const void *what, char *out, size_t size) { return ig_list_help(what, out, size); }

static const char *next_line(const char *line) {
  line += strcspn(line, "\n");
  return line + (*line == '\n');
}

/* ---- manual pages ---------------------------------------------------------------------------------------------------------- */

/* Text as roff takes it: nothing in it is a command, and a '-' is one that can be typed. */
static void say(const char *text, size_t size) {
  if (size && (text[0] == '.' || text[0] == '\'')) cli_out("\\&");
  for (size_t i = 0; i < size; i++) {
    if (text[i] == '\\') cli_out("\\e");
    else if (text[i] == '-') cli_out("\\-");
    else cli_out_bytes(text + i, 1);
  }
}

static void say_text(const char *text) { say(text, strlen(text)); }

static void say_lines(const char *text) {
  for (const char *line = text; *line; line = next_line(line)) {
    say(line, strcspn(line, "\n"));
    cli_out("\n");
  }
}

static void say_option(const char *name, const char *value, const char *help, size_t help_size, const char *fallback) {
  cli_out(".TP\n\\fB\\-\\-");
  say_text(name);
  cli_out(value ? "\\fR \\fI%s\\fR\n" : "\\fR\n", value);
  say(help, help_size);
  if (fallback && *fallback) {
    cli_out(" (default: ");
    say_text(fallback);
    cli_out(")");
  }
  cli_out("\n");
}

static void begin(const char *name, const char *dash_name, const char *about) {
  cli_out(".\\\" Written by imgrad help --man.\n.TH ");
  for (const char *c = name; *c; c++) cli_out("%c", toupper((unsigned char)*c));
  for (const char *c = dash_name; *c; c++) cli_out("%c", toupper((unsigned char)*c));
  cli_out(" 1 \"\" \"imgrad %s\" \"imgrad manual\"\n.SH NAME\n%s", ig_version(), name);
  say_text(dash_name);
  cli_out(" \\- ");
  say_text(about);
  cli_out("\n.SH SYNOPSIS\n");
}

static int command_page(const cli_command *c) {
  char dash_name[64], *text = NULL;
  row r;
  snprintf(dash_name, sizeof dash_name, "-%s", c->name);
  begin("imgrad", dash_name, c->about);
  cli_out("\\fBimgrad\\fR ");
  say_text(c->usage);
  cli_out("\n.SH DESCRIPTION\n");
  say_lines(c->text);
  cli_out(".SH OPTIONS\n");
  if (c->verb != CLI_NO_VERB) {
    cli_out("Also written \\fB\\-\\-option=value\\fR.");
    if (c->positional) cli_out(" A bare word is the value of \\fB\\-\\-%s\\fR.", c->positional);
    cli_out("\n");
    if (!(text = text_of(fill_options, c))) return cli_fail(IG_NO_MEMORY);
    for (const char *line = text; *line; line = next_line(line))
      if (read_row((ig_verb)c->verb, line, &r))
        say_option(r.name, r.is_switch ? NULL : "VALUE", r.help, r.help_size, r.is_switch ? NULL : r.fallback);
    free(text);
  }
  for (const cli_own_option *o = cli_own_options; o->name; o++)
    if (cli_own_option_fits(o, c)) say_option(o->name, o->value, o->help, strlen(o->help), NULL);
  if (c->examples) {
    cli_out(".SH EXAMPLES\n.nf\n");
    say_lines(c->examples);
    cli_out(".fi\n");
  }
  cli_out(".SH EXIT STATUS\n0 when all went well; the others stand in \\fBimgrad\\fR(1).\n.SH SEE ALSO\n\\fBimgrad\\fR(1)\n");
  return 0;
}

static int overview_page(void) {
  begin("imgrad", "", "trains, checks and measures convolutional networks on pictures, on the CPU");
  cli_out("\\fBimgrad\\fR \\fICOMMAND\\fR [words and options]\n.SH COMMANDS\n");
  for (size_t i = 0; cli_commands[i]; i++) {
    cli_out(".TP\n\\fB%s\\fR\n", cli_commands[i]->name);
    say_text(cli_commands[i]->about);
    cli_out("; see \\fBimgrad\\-%s\\fR(1)\n", cli_commands[i]->name);
  }
  cli_out(".SH ENVIRONMENT\n.TP\n\\fBIMGRAD_ISA\\fR\nthe instruction set to use: avx512, avx2, baseline or reference\n"
          ".TP\n\\fBNO_COLOR\\fR\nno colours on a terminal\n.SH EXIT STATUS\n");
  for (int s = 0; s < IG_STATUS_COUNT; s++) {
    cli_out(".TP\n\\fB%d\\fR\n", ig_status_exit_code((ig_status)s));
    say_text(ig_status_text((ig_status)s));
    cli_out("\n");
  }
  cli_out(".SH SEE ALSO\n");
  for (size_t i = 0; cli_commands[i]; i++) cli_out("%s\\fBimgrad\\-%s\\fR(1)", i ? ",\n" : "", cli_commands[i]->name);
  cli_out("\n");
  return 0;
}

int cli_man(const char *name) {
  const cli_command *command = name ? cli_command_find(name) : NULL;
  if (!name) return overview_page();
  if (command) return command_page(command);
  cli_say("imgrad help: --man %s: there is no such command", name);
  return ig_status_exit_code(IG_USAGE);
}

/* ---- completion ------------------------------------------------------------------------------------------------------------- */

/* What an option may name: one of the library's lists. */
static const struct { const char *option, *list; } named[] = {
  {"config", "recipes"}, {"data", "sources"}, {"lambda-schedule", "schedules"}, {"loss", "losses"}, {"model", "models"},
  {"optimizer", "optimizers"}, {"schedule", "schedules"},
};

static const char *list_for(const char *option) {
  for (size_t i = 0; i < sizeof named / sizeof named[0]; i++)
    if (strcmp(named[i].option, option) == 0) return named[i].list;
  return NULL;
}

/* The names of a list: what begins a line. */
static bool list_names(const char *list) {
  char *text = text_of(fill_list, list);
  for (const char *line = text ? text : ""; *line; line = next_line(line))
    if (*line != ' ' && *line != '\n') cli_out(" %.*s", (int)strcspn(line, " \n"), line);
  free(text);
  return text != NULL;
}

static bool complete_command(const cli_command *c) {
  char *text = c->verb == CLI_NO_VERB ? calloc(1, 1) : text_of(fill_options, c);
  row r;
  if (!text) return false;
  cli_out("    %s)\n      options='", c->name);
  for (const char *line = text; *line; line = next_line(line))
    if (read_row((ig_verb)c->verb, line, &r)) cli_out("--%s ", r.name);
  for (const cli_own_option *o = cli_own_options; o->name; o++)
    if (cli_own_option_fits(o, c)) cli_out("--%s ", o->name);
  cli_out("'\n      switches='");
  for (const char *line = text; *line; line = next_line(line))
    if (read_row((ig_verb)c->verb, line, &r) && r.is_switch) cli_out("--%s ", r.name);
  for (const cli_own_option *o = cli_own_options; o->name; o++)
    if (cli_own_option_fits(o, c) && !o->value) cli_out("--%s ", o->name);
  cli_out("'\n");
  const char *list = c->positional ? list_for(c->positional) : strcmp(c->name, "models") == 0 ? "models" : NULL;
  bool done = true;
  if (list) {
    cli_out("      words='");
    done = list_names(list);
    cli_out("'\n");
  } else if (strcmp(c->name, "help") == 0) {
    cli_out("      words=\"$commands");
    cli_help_topics();
    cli_out("\"\n");
  }
  cli_out("      ;;\n");
  free(text);
  return done;
}

/* A '=' is a word of its own to bash: "--model=te" is three words. Where nothing fits, bash offers files. */
int cli_completion(const char *shell) {
  bool done = true;
  if (!shell || strcmp(shell, "bash") != 0) {
    cli_say("imgrad help: --completion %s: bash is there", shell ? shell : "");
    return ig_status_exit_code(IG_USAGE);
  }
  cli_out("# Completion of imgrad for bash. Written by imgrad help --completion bash.\n"
          "_imgrad() {\n"
          "  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} options= switches= words=\n"
          "  local commands='");
  for (size_t i = 0; cli_commands[i]; i++) cli_out("%s%s", i ? " " : "", cli_commands[i]->name);
  cli_out("'\n"
          "  COMPREPLY=()\n"
          "  if [ \"$cur\" = = ]; then cur=; elif [ \"$prev\" = = ]; then prev=${COMP_WORDS[COMP_CWORD - 2]}; fi\n"
          "  if [ \"$COMP_CWORD\" = 1 ]; then\n"
          "    COMPREPLY=($(compgen -W \"$commands --help --version\" -- \"$cur\"))\n"
          "    return\n"
          "  fi\n"
          "  case ${COMP_WORDS[1]} in\n");
  for (size_t i = 0; cli_commands[i]; i++) done &= complete_command(cli_commands[i]);
  cli_out("  esac\n"
          "  if [[ $prev == --* && \" $switches \" != *\" $prev \"* ]]; then\n"
          "    case $prev in\n");
  for (size_t i = 0; i < sizeof named / sizeof named[0]; i++) {
    cli_out("      --%s) words='", named[i].option);
    done &= list_names(named[i].list);
    cli_out("' ;;\n");
  }
  cli_out("      *) words= ;;\n"
          "    esac\n"
          "  elif [[ $cur == -* ]]; then\n"
          "    words=$options\n"
          "  fi\n"
          "  COMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n"
          "}\n"
          "complete -o bashdefault -o default -F _imgrad imgrad\n");
  return done ? 0 : cli_fail(IG_NO_MEMORY);
}
