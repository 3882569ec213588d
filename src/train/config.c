/* Configuration files: flat YAML, one `key: value` for each option that has the same word on the command line. */
#include "base/text.h"
#include "train/train.h"

#include <string.h>
#include <yaml.h>

#define MAX_CONFIG ((size_t)1 << 20)

/* Can YAML hold this text as it is? Not when it is no UTF-8 (names of files are bytes) or has characters that YAML forbids
 * or takes for ends of lines: U+007F to U+009F, U+2028, U+2029, U+FEFF, U+FFFE, U+FFFF. */
static bool is_plain(const char *s) {
  for (size_t step, left = strlen(s); *s; s += step, left -= step) {
    const unsigned char *c = (const unsigned char *)s;
    step = ig__utf8_step(s, left);
    if (step == 0 || c[0] == 0x7f || (c[0] == 0xc2 && c[1] < 0xa0)) return false;
    if (step == 3 && ((c[0] == 0xe2 && c[1] == 0x80 && (c[2] == 0xa8 || c[2] == 0xa9)) ||
                      (c[0] == 0xef && ((c[1] == 0xbb && c[2] == 0xbf) || (c[1] == 0xbf && c[2] >= 0xbe)))))
      return false;
  }
  return true;
}

/* A text in double quotes with what YAML wants escaped. One that YAML cannot hold is tagged !bytes, and its characters
 * U+0080 to U+00FF stand for bytes. */
static void write_quoted(ig__buffer *out, const char *s) {
  bool plain = is_plain(s);
  ig__buffer_text(out, plain ? "\"" : "!bytes \"");
  for (; *s; s++) {
    if (*s == '"' || *s == '\\') ig__buffer_text(out, "\\%c", *s);
    else if ((unsigned char)*s < 32 || (!plain && (unsigned char)*s > 126)) ig__buffer_text(out, "\\x%02x", (unsigned)(unsigned char)*s);
    else ig__buffer_add(out, s, 1);
  }
  ig__buffer_text(out, "\"");
}

void ig__config_text(const char *name, const char *value, ig__buffer *out) {
  ig__buffer_text(out, "%s: ", name);
  write_quoted(out, value);
  ig__buffer_text(out, "\n");
}

void ig__config_line(const ig__option *o, const void *options, ig__buffer *out) {
  char number[32];
  const char *at = (const char *)options + o->offset;
  switch (o->type) {
  case IG__OPTION_TEXT: ig__config_text(o->name, at, out); break;
  case IG__OPTION_INT: ig__buffer_text(out, "%s: %d\n", o->name, *(const int *)(const void *)at); break;
  case IG__OPTION_I64: ig__buffer_text(out, "%s: %lld\n", o->name, (long long)*(const int64_t *)(const void *)at); break;
  case IG__OPTION_BOOL: ig__buffer_text(out, "%s: %s\n", o->name, *(const bool *)at ? "yes" : "no"); break;
  default: ig__buffer_text(out, "%s: %s\n", o->name, ig__print_double(number, *(const double *)(const void *)at)); break;
  }
}

void ig__config_write(const ig_train_options *options, ig__buffer *out) {
  for (const ig__option *o = ig__verb_table(IG_VERB_TRAIN); o->name; o++) ig__config_line(o, options, out);
}

typedef struct reader {
  yaml_parser_t parser;
  ig_verb verb;
  void *options;
  const char *place;
  char key[64];
  bool have_key;
  bool seen[IG__VERB_ROWS];  /* rows that had their line */
} reader;

/* The bytes that a !bytes text stands for, in place; false when a character is none. */
static bool to_bytes(char *text) {
  char *to = text;
  for (const unsigned char *c = (const unsigned char *)text; *c; c++) {
    if (*c >= 0x80 && *c != 0xc2 && *c != 0xc3) return false;
    *to = (char)*c;
    if (*c >= 0x80) {
      *to = (char)((*c == 0xc3 ? 0x40 : 0) | c[1]);
      c++;
    }
    to++;
  }
  *to = 0;
  return true;
}

/* An option may stand in a file once. Unknown ones are left to ig_option_set, which names the nearest. */
static ig_status check_once(reader *r, unsigned long line) {
  ig__option rows[IG__VERB_ROWS];
  ig__verb_rows(r->verb, rows);
  int row = ig__option_row(rows, r->key);
  if (row < 0) return IG_OK;
  if (r->seen[row]) return ig__fail(IG_USAGE, "%s:%lu: %s is given twice", r->place, line, r->key);
  r->seen[row] = true;
  return IG_OK;
}

static ig_status scalar(reader *r, const yaml_event_t *event) {
  char *text = (char *)event->data.scalar.value;
  const char *tag = (const char *)event->data.scalar.tag;
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
  IG__TRY(check_once(r, line));
  if (tag && !strcmp(tag, "!bytes") && !to_bytes(text))
    return ig__fail(IG_USAGE, "%s:%lu: a character beyond U+00FF in a text of bytes", r->place, line);
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
      status = r.parser.error == YAML_MEMORY_ERROR
                 ? ig__fail(IG_NO_MEMORY, "%s: out of memory", place)
                 : ig__fail(IG_USAGE, "%s:%lu: no YAML: %s", place, (unsigned long)r.parser.problem_mark.line + 1,
                            r.parser.problem ? r.parser.problem : "unreadable");
      break;
    }
    status = take_event(&r, &event, &depth, &done);
    yaml_event_delete(&event);
  }
  yaml_parser_delete(&r.parser);
  return status;
}

#define RECIPES_SHOWN 64

/* The recipe of this name: *out is NULL when there is none, and *near then the name that was probably meant, or NULL. */
static void find_recipe(const char *name, const ig__builtin **out, const char **near) {
  const char *names[RECIPES_SHOWN];
  size_t count = 0;
  *out = NULL;
  for (const ig__builtin *r = ig__recipes; r->name; r++) {
    if (!strcmp(r->name, name)) *out = r;
    if (count < RECIPES_SHOWN) names[count++] = r->name;
  }
  *near = strchr(name, '/') ? NULL : ig__nearest(name, names, count);
}

ig_status ig_options_load(ig_verb verb, void *options, const char *path) {
  uint8_t *bytes;
  size_t size;
  /* As for models, a file of that name comes first. Recipes are runs, and only training makes one. */
  if ((verb == IG_VERB_TRAIN || verb == IG_VERB_TUNE) && !ig__file_exists(path)) {
    const ig__builtin *recipe;
    const char *near;
    find_recipe(path, &recipe, &near);
    if (recipe) return ig__config_parse(verb, options, (const uint8_t *)recipe->text, strlen(recipe->text), recipe->name);
    if (near) return ig__fail(IG_USAGE, "%s: no such file, and no recipe of that name; did you mean \"%s\"?", path, near);
  }
  IG__TRY(ig__file_read(path, MAX_CONFIG, &bytes, &size));
  ig_status status = ig__config_parse(verb, options, bytes, size, path);
  ig__free(bytes);
  return status;
}
