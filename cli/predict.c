/* imgrad predict */
#include "args.h"
#include "json.h"
#include "lines.h"
#include "output.h"
#include "signals.h"

#include <string.h>

typedef struct asker {
  char **file;
  int count, at;
  cli_lines lines;       /* of standard input, for the file "-" */
  bool reading, json, failed_input;
  int top;
} asker;

static const char *on_next(void *user) {
  asker *a = user;
  for (;;) {
    if (a->reading) {
      const char *line = cli_lines_next(&a->lines);
      if (line) return line;
      a->reading = false;
      a->failed_input |= a->lines.failed;
    }
    if (a->at == a->count) return NULL;
    const char *file = a->file[a->at++];
    if (strcmp(file, "-") != 0) return file;
    a->reading = true;
  }
}

static bool on_ready(void *user) {
  asker *a = user;
  return !a->reading || cli_lines_ready(&a->lines);
}

static ig_status on_stop(void *user) {
  (void)user;
  return cli_reader_gone() ? IG_PIPE : cli_signals_asked();
}

/* The likeliest class below what was printed last; of equals the first. −1: none is left. */
static int next_class(const ig_prediction *p, int last) {
  int best = -1;
  for (int c = 0; c < p->class_count; c++) {
    double v = p->probability[c];
    if (last >= 0 && (v > p->probability[last] || (v == p->probability[last] && c <= last))) continue;
    if (best < 0 || v > p->probability[best]) best = c;
  }
  return best;
}

static void answer_json(const asker *a, const ig_prediction *p) {
  cli_json j = {0};
  int c = p->probability ? next_class(p, -1) : -1;
  json_open(&j, NULL, '{');
  json_text(&j, "file", p->file);
  if (!p->probability) json_text(&j, "error", p->message);
  if (c >= 0) {
    json_text(&j, "class", p->class_name[c]);
    json_double(&j, "probability", p->probability[c]);
  }
  if (c >= 0 && a->top > 1) {
    json_open(&j, "top", '[');
    for (int i = 0; i < a->top && c >= 0; i++, c = next_class(p, c)) {
      json_open(&j, NULL, '{');
      json_text(&j, "class", p->class_name[c]);
      json_double(&j, "probability", p->probability[c]);
      json_close(&j, '}');
    }
    json_close(&j, ']');
  }
  json_end(&j);
}

static void on_answer(void *user, const ig_prediction *p) {
  const asker *a = user;
  if (!p->probability) cli_say("imgrad: %s", p->message);
  if (a->json) {
    answer_json(a, p);
  } else if (p->probability) {
    int c = next_class(p, -1);
    cli_out("%s", p->file);
    for (int i = 0; i < a->top && c >= 0; i++, c = next_class(p, c))
      cli_out("\t%s\t%.4f", p->class_name[c], p->probability[c]);
    cli_out("\n");
  }
  if (a->reading) cli_out_flush(); /* somebody may be waiting for each answer */
}

static int usage(const char *words) {
  cli_say("imgrad predict: %s: %s predict runs/train photo.jpg", words, cli_program());
  return ig_status_exit_code(IG_USAGE);
}

static int run(const cli_command *self, int argc, char **argv) {
  ig_predict_options options = ig_predict_options_default();
  ig_predict_result result = {0};
  ig_context *context = NULL;
  cli_args args;
  int code = cli_args_read(self, argc, argv, &options, &args);
  if (code >= 0) return code;
  if (!options.run[0]) return usage("which run? Give a run folder or a .safetensors file, then the pictures");
  if (!args.rest_count) return usage("which pictures? Give files, folders, or - for names on standard input");
  asker a = {.file = args.rest, .count = args.rest_count, .json = args.json, .top = options.top};
  cli_signals_begin();
  ig_status status = cli_context(options.threads, &context);
  ig_predict_events events = {.next = on_next, .ready = on_ready, .answer = on_answer, .stop = on_stop, .user = &a};
  if (status == IG_OK) status = ig_predict(context, &options, &events, &result);
  cli_out_flush();
  if (a.failed_input) {
    cli_say("imgrad: standard input cannot be read, or has a line of more than %d bytes", CLI_LINE_MOST);
    if (status == IG_OK || status == IG_BAD_DATA) status = IG_IO;
  } else if (status != IG_OK && status != IG_PIPE) {
    cli_fail(status);
  }
  if (status == IG_OK && !result.answered) cli_say("no pictures there%s", result.skipped ? "; other files were not looked at" : "");
  cli_lines_end(&a.lines);
  ig_context_free(context);
  return ig_status_exit_code(status);
}

const cli_command cli_predict = {
  .name = "predict",
  .about = "say what is in pictures",
  .usage = "predict RUN FILE|FOLDER|- … [options]",
  .text = "Says for each picture what a trained network takes it for: file, class and probability, with tabs between them, in the\n"
          "order of the files. RUN is a run folder or a .safetensors file; of a FOLDER all pictures are taken; - reads names from\n"
          "standard input, one a line. What cannot be read is named on standard error, and the exit code is 3 then.\n",
  .examples = "  imgrad predict runs/train photo.jpg\n"
              "  imgrad predict runs/train photos/ --top 3\n"
              "  find . -name '*.png' | imgrad predict runs/train - --json\n",
  .verb = IG_VERB_PREDICT,
  .positional = "run",
  .rest = true,
  .run = run,
};
