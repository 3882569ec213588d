/* Model text: cutting it into lines and words, and the walk over lines and uses of blocks.
 *
 * A line that begins no word of its own — `input`, `block`, `end`, `output` — is
 *   [NAME =] OP [@REF …] [positional …] [key=value …] [ACTIVATION …]
 * Names. A named line is called as it is named, so its parameters keep their names when lines are added above it. The others
 * are called by op and number, "conv2d1", "conv2d2", counted in their block among the unnamed lines of that op. In a use of
 * a block the use's name stands before: "e1.conv2d1". An activation behind a line is a line of its own: "conv2d1.relu". */
#include "model/parse.h"

#include "base/text.h"

#include <math.h>
#include <string.h>

ig_status ig__parse_at(const ig__parser *p, ig_status status) {
  if (status == IG_USAGE) status = IG_BAD_MODEL;
  if (status == IG_NO_MEMORY || !p->at) return status;
  const ig__frame *f = p->depth ? &p->frame[p->depth - 1] : NULL;
  if (f && f->block)
    return ig__fail_at(status, "%s:%d: in block %s, used by line %d", p->place, p->at->number, f->block->name,
                       f->use->number);
  return ig__fail_at(status, "%s:%d", p->place, p->at->number);
}

static bool letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }

ig_status ig__parse_name(const char *what, const char *name) {
  static const char *const kept[] = {"block", "classes", "end", "freeze", "in", "input", "loss", "net", "output", "random"};
  size_t length = strlen(name), good = 0;
  while (letter(name[good]) || (good > 0 && name[good] >= '0' && name[good] <= '9')) good++;
  if (length == 0 || good < length)
    return ig__fail(IG_BAD_MODEL, "%s '%.80s' is not possible: a name has letters, digits and '_', and begins with no digit",
                    what, name);
  if (length > IG__TEXT_NAME)
    return ig__fail(IG_BAD_MODEL, "%s '%.80s' is longer than %d bytes", what, name, IG__TEXT_NAME);
  for (size_t i = 0; i < sizeof kept / sizeof kept[0]; i++)
    if (strcmp(kept[i], name) == 0)
      return ig__fail(IG_BAD_MODEL, "%s '%s' is not possible: the word has a meaning of its own", what, name);
  return IG_OK;
}

ig_status ig__parse_line_name(const char *name) {
  char part[IG__TEXT_NAME + 2];
  for (const char *at = name;; at++) {
    size_t length = strcspn(at, ".");
    ig__snprintf(part, sizeof part, "%.*s", (int)length, at);
    IG__TRY(ig__parse_name("the name", at == name && !at[length] ? name : part));
    at += length;
    if (!*at) return IG_OK;
  }
}

ig_status ig__parse_reserved(const char *word) {
  if (strcmp(word, "loss") == 0)
    return ig__fail(IG_BAD_MODEL, "'loss' is not in this version: the loss is given by --loss");
  if (strcmp(word, "net") == 0) return ig__fail(IG_BAD_MODEL, "'net', several nets in a file, is not in this version");
  if (strcmp(word, "random") == 0) return ig__fail(IG_BAD_MODEL, "'random', noise as an input, is not in this version");
  return IG_OK;
}

/* ---- lines and words ----------------------------------------------------------------------------------------------- */

/* One line without its end, `number` from 1. Lines without words are dropped. */
static ig_status cut_line(ig__parser *p, const char *text, size_t length, int number) {
  char *words[IG__TEXT_WORDS];
  ig__source_line *line = &p->cut;
  *line = (ig__source_line){.number = number};
  p->at = line;
  while (length && (text[length - 1] == '\r' || text[length - 1] == ' ' || text[length - 1] == '\t')) length--;
  while (length && (*text == ' ' || *text == '\t')) {
    text++;
    length--;
  }
  if (length == 0 || *text == '#') return IG_OK; /* a comment may be as long as it likes */
  if (length > IG__TEXT_LINE_BYTES)
    return ig__parse_at(p, ig__fail(IG_BAD_MODEL, "the line is longer than %d bytes", IG__TEXT_LINE_BYTES));
  char *copy = ig__arena_take(p->arena, length + 1, 1), *kept = copy ? ig__arena_take(p->arena, length + 1, 1) : NULL;
  if (!kept) return IG_NO_MEMORY;
  memcpy(copy, text, length);
  memcpy(kept, text, length);
  line->text = kept;
  line->count = ig__split_words(copy, words, IG__TEXT_WORDS);
  if (line->count < 0)
    return ig__parse_at(p, ig__fail(IG_BAD_MODEL, "the line has more than %d words", IG__TEXT_WORDS));
  if (line->count == 0) return IG_OK;
  if (p->source_count == IG__TEXT_LINES)
    return ig__parse_at(p, ig__fail(IG_BAD_MODEL, "more than %d lines", IG__TEXT_LINES));
  line->words = ig__arena_take(p->arena, (size_t)line->count, sizeof *line->words);
  if (!line->words) return IG_NO_MEMORY;
  memcpy(line->words, words, (size_t)line->count * sizeof *words);
  IG__TRY(ig__grow((void **)&p->source, p->source_count, &p->source_capacity, sizeof *p->source));
  p->source[p->source_count++] = *line;
  return IG_OK;
}

/* UTF-8 without zero bytes: the text goes into the metadata of weight files, and into messages. */
static ig_status check_bytes(const ig__parser *p, const char *text, size_t size) {
  int number = 1;
  if (size > IG__TEXT_BYTES)
    return ig__fail(IG_BAD_MODEL, "%s: %zu bytes are too long for model text, at most %d", p->place, size, IG__TEXT_BYTES);
  for (size_t at = 0; at < size;) {
    size_t step = text[at] ? ig__utf8_step(text + at, size - at) : 0;
    if (step == 0)
      return ig__fail(IG_BAD_MODEL, "%s:%d: this is no model text: a byte %02x that is not UTF-8", p->place, number,
                      (unsigned)(unsigned char)text[at]);
    number += text[at] == '\n';
    at += step;
  }
  return IG_OK;
}

static ig_status cut_text(ig__parser *p, const char *text, size_t size) {
  int number = 1;
  if (size >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0) { /* the mark that some editors put first */
    text += 3;
    size -= 3;
  }
  for (size_t at = 0; at < size; number++) {
    const char *stop = memchr(text + at, '\n', size - at);
    size_t length = stop ? (size_t)(stop - (text + at)) : size - at;
    ig_status status = cut_line(p, text + at, length, number);
    p->at = NULL;
    IG__TRY(status);
    at += length + 1;
  }
  return IG_OK;
}

/* ---- the walk ------------------------------------------------------------------------------------------------------ */

static ig_status read_statement(ig__parser *p, const ig__source_line *source) {
  ig__statement s;
  bool top = p->depth == 1, first = p->model->line_count == 0;
  if (strcmp(source->words[0], "input") == 0) {
    if (!top) return ig__fail(IG_BAD_MODEL, "'input' has no place in a block");
    if (!first) return ig__fail(IG_BAD_MODEL, "several inputs: a second 'input' is not in this version");
    return ig__input_add(p, source);
  }
  if (strcmp(source->words[0], "end") == 0) return ig__fail(IG_BAD_MODEL, "'end' without a block");
  IG__TRY(ig__parse_reserved(source->words[0]));
  IG__TRY(ig__statement_read(p, source, &s));
  if (first)
    return ig__fail(IG_BAD_MODEL, "the first line must be 'input CHANNELS HEIGHT WIDTH', found '%s'", source->words[0]);
  return s.block ? ig__block_enter(p, &s) : ig__line_add(p, &s);
}

static ig_status walk(ig__parser *p) {
  p->depth = 1;
  p->frame[0] = (ig__frame){.end = p->source_count, .prefix = "", .in = -1, .above = -1,
                            .traits = {.l2 = (double)NAN, .l1 = (double)NAN}};
  size_t definition = 0;
  while (p->depth) {
    ig__frame *f = ig__parser_top(p);
    if (f->next == f->end) {
      if (p->depth == 1) return IG_OK;
      p->at = f->use;
      ig_status left = ig__block_leave(p);
      if (left != IG_OK) return ig__parse_at(p, left);
      continue;
    }
    p->at = &p->source[f->next++];
    if (!f->block && strcmp(p->at->words[0], "block") == 0) {
      f->next = p->block[definition++].end + 1; /* blocks were collected in the order in which they stand here */
      continue;
    }
    ig_status status = read_statement(p, p->at);
    if (status != IG_OK) return ig__parse_at(p, status);
  }
  return IG_OK;
}

static ig_status finish(ig__parser *p) {
  p->at = NULL;
  if (p->model->line_count == 0)
    return ig__fail(IG_BAD_MODEL, "%s: there is no 'input CHANNELS HEIGHT WIDTH' line", p->place);
  if (p->model->line_count == 1) return ig__fail(IG_BAD_MODEL, "%s: nothing follows the input line", p->place);
  return p->model->output_count ? IG_OK : ig__output_add(p, "out", p->frame[0].above);
}

static ig_status parse(ig__parser *p, const char *text, size_t size) {
  IG__TRY(check_bytes(p, text, size));
  p->model = ig__alloc(1, sizeof *p->model);
  p->arena = p->model ? ig__arena_new() : NULL;
  if (!p->arena) return IG_NO_MEMORY;
  p->model->class_count = p->classes;
  p->model->name = ig__strdup(p->place);
  p->model->text = p->model->name ? ig__alloc(size + 1, 1) : NULL;
  if (!p->model->text) return IG_NO_MEMORY;
  if (size) memcpy(p->model->text, text, size);
  IG__TRY(cut_text(p, text, size));
  IG__TRY(ig__blocks_collect(p));
  IG__TRY(walk(p));
  return finish(p);
}

ig_status ig__model_parse_with(const ig__own_ops *own, const char *text, size_t size, const char *place, int classes,
                               ig__model **out) {
  *out = NULL;
  if (classes < 1) return ig__fail(IG_USAGE, "%s: %d classes, at least 1 is needed", place, classes);
  ig__parser *p = ig__alloc(1, sizeof *p);
  if (!p) return IG_NO_MEMORY;
  p->place = place;
  p->own = own;
  p->classes = classes;
  ig__snprintf(p->classes_text, sizeof p->classes_text, "%d", classes);
  ig_status status = parse(p, text, size);
  if (status == IG_OK) *out = p->model;
  else ig__model_free(p->model);
  ig__name_table_free(&p->names);
  ig__free(p->source);
  ig__free(p->block);
  ig__arena_free(p->arena);
  ig__free(p);
  return status;
}
