/* Configuration files: flat YAML, one `key: value` for each option that has the same word on the command line. */
#include "base/text.h"
#include "train/train.h"

#include <string.h>
#include <yaml.h>

#define MAX_CONFIG ((size_t)1 << 20)

/* A text in double quotes with what YAML wants escaped. */
static void write_quoted(ig__buffer *out, const char *s) {
  ig__buffer_text(out, "\"");
  for (; *s; s++) {
    if (*s == '"' || *s == '\\') ig__buffer_text(out, "\\%c", *s);
    else if ((unsigned char)*s < 32) ig__buffer_text(out, "\\x%02x", (unsigned)(unsigned char)*s);
    else ig__buffer_add(out, s, 1);
  }
  ig__buffer_text(out, "\"");
}

void ig__config_write(const ig_train_options *options, ig__buffer *out) {
  char number[32];
  for (const ig__option *o = ig__verb_table(IG_VERB_TRAIN); o->name; o++) {
    const char *at = (const char *)options + o->offset;
    ig__buffer_text(out, "%s: ", o->name);
    switch (o->type) {
    case IG__OPTION_TEXT: write_quoted(out, at); break;
    case IG__OPTION_INT: ig__buffer_text(out, "%d", *(const int *)(const void *)at); break;
    case IG__OPTION_I64: ig__buffer_text(out, "%lld", (long long)*(const int64_t *)(const void *)at); break;
    case IG__OPTION_BOOL: ig__buffer_text(out, "%s", *(const bool *)at ? "yes" : "no"); break;
    default: ig__buffer_text(out, "%s", ig__print_double(number, *(const double *)(const void *)at)); break;
    }
    ig__buffer_text(out, "\n");
  }
}

typedef struct reader {
  yaml_parser_t parser;
  ig_verb verb;
  void *options;
  const char *place;
  char key[64];
  bool have_key;
} reader;

static ig_status scalar(reader *r, const yaml_event_t *event) {
  const char *text = (const char *)event->data.scalar.value;
  unsigned long line = (unsigned long)event->start_mark.line + 1;
  if (strlen(text) != event->data.scalar.length)
    return ig__fail(IG_USAGE, "%s:%lu: a zero byte inside a text", r->place, line);
  if (!r->have_key) {
    if (strlen(text) >= sizeof r->key) return ig__fail(IG_USAGE, "%s:%lu: no option has so long a name", r->place, line);
    strcpy(r->key, text);
    r->have_key = true;
    return IG_OK;
  }
  r->have_key = false;
  return ig__fail_at(ig_option_set(r->verb, r->options, r->key, text), "%s:%lu", r->place, line);
}

/* One event; *done after the document. Only one flat mapping is understood. */
static ig_status take_event(reader *r, const yaml_event_t *event, int *depth, bool *done) {
  unsigned long line = (unsigned long)event->start_mark.line + 1;
  switch (event->type) {
  case YAML_SCALAR_EVENT:
    if (*depth == 1) return scalar(r, event);
    return ig__fail(IG_USAGE, "%s:%lu: a configuration is lines of `key: value`", r->place, line);
  case YAML_MAPPING_START_EVENT:
    if (++*depth == 1) return IG_OK;
    return ig__fail(IG_USAGE, "%s:%lu: nested options are not understood; write `key: value`", r->place, line);
  case YAML_MAPPING_END_EVENT: --*depth; return IG_OK;
  case YAML_SEQUENCE_START_EVENT:
  case YAML_ALIAS_EVENT:
    return ig__fail(IG_USAGE, "%s:%lu: lists and aliases are not understood; write `key: value`", r->place, line);
  case YAML_DOCUMENT_END_EVENT:
  case YAML_STREAM_END_EVENT: *done = true; return IG_OK;
  default: return IG_OK;
  }
}

ig_status ig__config_parse(ig_verb verb, void *options, const uint8_t *bytes, size_t size, const char *place) {
  reader r = {.verb = verb, .options = options, .place = place};
  ig_status status = IG_OK;
  int depth = 0;
  if (!yaml_parser_initialize(&r.parser)) return ig__fail(IG_NO_MEMORY, "%s: out of memory", place);
  yaml_parser_set_input_string(&r.parser, bytes, size);
  for (bool done = false; !done && status == IG_OK;) {
    yaml_event_t event;
    if (!yaml_parser_parse(&r.parser, &event)) {
      status = ig__fail(IG_USAGE, "%s:%lu: no YAML: %s", place, (unsigned long)r.parser.problem_mark.line + 1,
                        r.parser.problem ? r.parser.problem : "unreadable");
      break;
    }
    status = take_event(&r, &event, &depth, &done);
    yaml_event_delete(&event);
  }
  yaml_parser_delete(&r.parser);
  return status;
}

ig_status ig_options_load(ig_verb verb, void *options, const char *path) {
  uint8_t *bytes;
  size_t size;
  IG__TRY(ig__file_read(path, MAX_CONFIG, &bytes, &size));
  ig_status status = ig__config_parse(verb, options, bytes, size, path);
  ig__free(bytes);
  return status;
}
