/* Lines of the model from lines of text. */
#include "model/parse.h"

#include "base/text.h"

#include <math.h>
#include <string.h>

#define LINE_TEXT 1024 /* two lists of 16 numbers */
#define MAX_CHANNELS 4096
#define MAX_SIDE 32768
#define MAX_PIXELS ((int64_t)1 << 28) /* of one picture, all channels: beyond this no step fits into a machine */

static const ig__word fits[] = {{"stretch", IG__FIT_STRETCH}, {"crop", IG__FIT_CROP}, {"letterbox", IG__FIT_LETTERBOX}, {NULL, 0}};

static const ig__word open_size[] = {{"*", 0}, {NULL, 0}};

static const ig__option input_table[] = {
  IG__POSITIONAL_WORDS(ig__input_options, channels, NULL, 1, MAX_CHANNELS, "", "channels: 1 grey, 3 colour; *: as the data have", open_size),
  IG__POSITIONAL_WORDS(ig__input_options, height, NULL, 1, MAX_SIDE, "pixels", "height; *: as the data have", open_size),
  IG__POSITIONAL_WORDS(ig__input_options, width, NULL, 1, MAX_SIDE, "pixels", "width; *: as the data have", open_size),
  IG__OPTION_WORDS(ig__input_options, fit, "stretch", 1, 0, "",
                   "how pictures of another shape are fitted: stretch, crop (the middle), letterbox (black bars)", fits),
  IG__OPTION(ig__input_options, scale, "1/255", 1e-6, 1e6, "", "factor for 8-bit pixels"),
  IG__OPTION(ig__input_options, mean, "0", -1e6, 1e6, "", "subtracted after scaling: one number, or one a channel"),
  IG__OPTION(ig__input_options, std, "1", 1e-6, 1e6, "", "divided by: one number, or one a channel"),
  IG__OPTIONS_END
};

/* A new line at the end; its strings are copied, `options` (may be NULL) is taken in any case. */
static ig_status append(ig__parser *p, const ig__op *op, void *options, const char *name, const ig__source_line *source) {
  ig__model *m = p->model;
  ig_status status = IG_OK;
  if (m->line_count == IG__TEXT_LINES)
    status = ig__fail(IG_BAD_MODEL, "more than %d lines, blocks unfolded", IG__TEXT_LINES);
  if (status == IG_OK) status = ig__grow((void **)&m->line, m->line_count, &m->line_capacity, sizeof *m->line);
  if (status != IG_OK) {
    ig__free(options);
    return status;
  }
  ig__line *l = &m->line[m->line_count++];
  *l = (ig__line){.op = op, .options = options, .number = source->number, .share = -1, .l2 = (double)NAN, .l1 = (double)NAN};
  l->name = ig__strdup(name);
  l->text = l->name ? ig__strdup(source->text) : NULL;
  return l->text ? IG_OK : IG_NO_MEMORY;
}

static int last_line(const ig__parser *p) { return (int)p->model->line_count - 1; }

/* ---- input --------------------------------------------------------------------------------------------------------- */

static ig_status check_channels(const ig__input_options *o, const char *key, const ig__list *list) {
  if (list->count == 1 || list->count == o->channels || o->channels == 0) return IG_OK;
  return ig__fail(IG_BAD_MODEL, "input: %s has %d numbers, wanted 1 or %d, one a channel", key, list->count, o->channels);
}

static ig_status check_input(const ig__input_options *o) {
  IG__TRY(check_channels(o, "mean", &o->mean));
  IG__TRY(check_channels(o, "std", &o->std));
  if ((int64_t)o->channels * o->height * o->width > MAX_PIXELS)
    return ig__fail(IG_BAD_MODEL, "input: %d×%d×%d are more than 2^28 values", o->channels, o->height, o->width);
  return IG_OK;
}

static ig_status read_input(ig__parser *p, const ig__source_line *source) {
  char *words[IG__TEXT_WORDS];
  int count = source->count - 1;
  ig__input_options *o = &p->model->input;
  if (count > 0) {
    char c = source->words[1][0];
    bool name = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
    if (name && !strchr(source->words[1], '=') && strcmp(source->words[1], "classes") != 0)
      return ig__fail(IG_BAD_MODEL, "several inputs: an input with a name, '%.80s', is not in this version",
                      source->words[1]);
  }
  for (int i = 0; i < count; i++) {
    words[i] = source->words[i + 1];
    if (strcmp(words[i], "classes") == 0) words[i] = p->classes_text;
  }
  IG__TRY(ig__options_parse("input", input_table, o, words, count));
  return check_input(o);
}

/* The text with its input line, number `number`, said anew. */
static char *with_input(const char *text, int number, const char *input) {
  const char *line = text;
  for (int i = 1; i < number && line; i++) {
    line = strchr(line, '\n');
    line += line != NULL;
  }
  if (!line) return ig__strdup(text);
  return ig__format("%.*s%s%s", (int)(line - text), text, input, line + strcspn(line, "\r\n"));
}

ig_status ig__model_fix_input(ig__model *m, int channels, int height, int width) {
  char input[2 * LINE_TEXT];
  ig__input_options fixed = m->input;
  if (m->params) return ig__fail(IG_USAGE, "%s: the model is bound already", m->name);
  if (!fixed.channels) fixed.channels = channels;
  if (!fixed.height) fixed.height = height;
  if (!fixed.width) fixed.width = width;
  ig_status status = check_input(&fixed);
  if (status != IG_OK) return ig__fail_at(status, "%s:%d", m->name, m->line[0].number);
  if (ig__options_print("input", input_table, &fixed, input, sizeof input) >= sizeof input)
    return ig__fail(IG_BAD_MODEL, "%s:%d: input: the line is too long", m->name, m->line[0].number);
  char *text = with_input(m->text, m->line[0].number, input), *line = ig__strdup(input);
  if (!text || !line) {
    ig__free(text);
    ig__free(line);
    return IG_NO_MEMORY;
  }
  ig__free(m->text);
  ig__free(m->line[0].text);
  m->text = text;
  m->line[0].text = line;
  m->input = fixed;
  return IG_OK;
}

ig_status ig__input_add(ig__parser *p, const ig__source_line *source) {
  IG__TRY(read_input(p, source));
  IG__TRY(append(p, NULL, NULL, "input", source));
  ig__named *n = ig__name_add(&p->names, "input");
  if (!n) return IG_NO_MEMORY;
  n->line = n->value = 0;
  n->number = source->number;
  p->frame[0].above = 0;
  return IG_OK;
}

/* ---- names --------------------------------------------------------------------------------------------------------- */

ig_status ig__line_name(ig__parser *p, const ig__statement *s, const char **full) {
  const char *prefix = ig__parser_top(p)->prefix;
  if (s->name) {
    *full = ig__arena_format(p->arena, "%s%s", prefix, s->name);
  } else { /* "conv2d#" counts the unnamed ones; no name has a '#' */
    char key[IG__TEXT_FULL];
    ig__snprintf(key, sizeof key, "%s%s#", prefix, s->word);
    ig__named *counter = ig__name_find(&p->names, key);
    if (!counter) {
      const char *kept = ig__arena_strdup(p->arena, key);
      counter = kept ? ig__name_add(&p->names, kept) : NULL;
    }
    if (!counter) return IG_NO_MEMORY;
    *full = ig__arena_format(p->arena, "%s%s%d", prefix, s->word, ++counter->count);
  }
  if (!*full) return IG_NO_MEMORY;
  const ig__named *other = ig__name_find(&p->names, *full);
  if (other) return ig__fail(IG_BAD_MODEL, "the name %s is that of line %d", *full, other->number);
  ig__named *n = ig__name_add(&p->names, *full);
  if (!n) return IG_NO_MEMORY;
  n->number = s->source->number;
  return IG_OK;
}

/* ---- ops ----------------------------------------------------------------------------------------------------------- */

static ig_status read_options(const ig__op *op, char *const *words, int count, void **out) {
  char *copy[IG__TEXT_WORDS];
  void *options = ig__alloc(1, op->options_size);
  if (!options) return IG_NO_MEMORY;
  for (int i = 0; i < count; i++) copy[i] = words[i];
  ig_status status = ig__options_parse(op->name, op->options, options, copy, count);
  if (status != IG_OK) {
    ig__free(options);
    return status;
  }
  *out = options;
  return IG_OK;
}

/* An op whose line is one node says itself how many inputs it takes; the others are checked when they are built. The node of
 * an activation may have further inputs, for its derivatives; a line has not. */
static ig_status check_inputs(const ig__statement *s) {
  const ig__op *op = s->op;
  int most = op->flags & IG__ACTIVATION ? 1 : op->max_in;
  if (op->build || (s->in_count >= op->min_in && s->in_count <= most)) return IG_OK;
  return ig__fail(IG_BAD_MODEL, "%s takes %d%s input%s, found %d%s", op->name, op->min_in,
                  most > op->min_in ? " or more" : "", most == 1 ? "" : "s", s->in_count,
                  s->in_count < op->min_in ? "; name them, as in '@. @NAME'" : "");
}

/* The line whose parameters this one uses, or −1. */
static ig_status find_shared(const ig__parser *p, const ig__statement *s, const char *full, int *out) {
  const ig__frame *f = &p->frame[p->depth - 1];
  const char *key = s->traits.share;
  char inner[IG__TEXT_FULL];
  *out = -1;
  if (!key && f->traits.share && s->op->build) {
    ig__snprintf(inner, sizeof inner, "%s%s", f->traits.share, full + strlen(f->prefix));
    key = inner;
  }
  if (!key) return IG_OK;
  const ig__named *n = ig__name_find(&p->names, key);
  const ig__line *line = n && n->line > 0 ? &p->model->line[n->line] : NULL;
  if (!line || line->op != s->op)
    return ig__fail(IG_BAD_MODEL, "share=%s: found %s, wanted a line with %s", key, line ? line->op->name : "no op",
                    s->op->name);
  *out = line->share >= 0 ? line->share : n->line;
  return IG_OK;
}

ig_status ig__activations_add(ig__parser *p, const char *name, const ig__op *const *activation, int count, int *value) {
  for (int i = 0; i < count; i++) {
    void *options;
    int number = 1;
    for (int k = 0; k < i; k++) number += activation[k] == activation[i];
    const char *full = number == 1 ? ig__arena_format(p->arena, "%s.%s", name, activation[i]->name)
                                   : ig__arena_format(p->arena, "%s.%s%d", name, activation[i]->name, number);
    if (!full) return IG_NO_MEMORY;
    const ig__named *other = ig__name_find(&p->names, full);
    if (other) return ig__fail(IG_BAD_MODEL, "the name %s is that of line %d", full, other->number);
    IG__TRY(read_options(activation[i], NULL, 0, &options));
    IG__TRY(append(p, activation[i], options, full, p->at));
    ig__line *l = &p->model->line[last_line(p)];
    l->in[l->in_count++] = *value;
    *value = last_line(p);
    ig__named *n = ig__name_add(&p->names, full);
    if (!n) return IG_NO_MEMORY;
    n->number = p->at->number;
    n->line = n->value = *value;
  }
  return IG_OK;
}

ig_status ig__output_add(ig__parser *p, const char *name, int value) {
  ig__model *m = p->model;
  if (!m->output) m->output = ig__alloc(IG__MODEL_OUTPUTS, sizeof *m->output);
  if (!m->output) return IG_NO_MEMORY;
  if (m->output_count == IG__MODEL_OUTPUTS) return ig__fail(IG_BAD_MODEL, "more than %d outputs", IG__MODEL_OUTPUTS);
  ig__line *l = &m->line[value];
  l->output_name = ig__strdup(name);
  if (!l->output_name) return IG_NO_MEMORY;
  l->is_output = true;
  m->output[m->output_count++] = value;
  return IG_OK;
}

ig_status ig__line_add(ig__parser *p, const ig__statement *s) {
  ig__frame *f = ig__parser_top(p);
  const char *full;
  void *options;
  int share;
  IG__TRY(check_inputs(s));
  IG__TRY(ig__line_name(p, s, &full));
  IG__TRY(find_shared(p, s, full, &share));
  IG__TRY(read_options(s->op, s->words, s->count, &options));
  IG__TRY(append(p, s->op, options, full, s->source));
  ig__line *l = &p->model->line[last_line(p)];
  int value = last_line(p), line = value;
  l->share = share;
  if (share < 0) {
    l->frozen = s->traits.frozen || f->traits.frozen;
    l->l2 = isnan(s->traits.l2) ? f->traits.l2 : s->traits.l2;
    l->l1 = isnan(s->traits.l1) ? f->traits.l1 : s->traits.l1;
  }
  l->in_count = s->in_count;
  memcpy(l->in, s->in, (size_t)s->in_count * sizeof *s->in);
  IG__TRY(ig__activations_add(p, full, s->activation, s->activation_count, &value));
  ig__named *n = ig__name_find(&p->names, full);
  n->line = line;
  n->value = value;
  f->above = value;
  return s->is_output ? ig__output_add(p, s->name, value) : IG_OK;
}
