/* One line of text taken apart: name, op, references, traits, activations; what is left are the op's own words. */
#include "model/parse.h"

#include "base/text.h"
#include "base/unknown.h"

#include <math.h>
#include <string.h>

#define NAMES_SHOWN 320 /* that a nearest word is looked for among */

/* ---- parameters of a block ----------------------------------------------------------------------------------------- */

static char *param_value(const ig__frame *f, const char *word) {
  for (int i = 0; f->block && i < f->block->param_count; i++)
    if (strcmp(f->block->param[i], word) == 0) return f->param[i];
  return NULL;
}

/* A word that is a parameter, or KEY=parameter, gets its value; the parameter must be the whole word or the whole value. */
static ig_status substitute(ig__parser *p, char **word) {
  const ig__frame *f = ig__parser_top(p);
  char *equals = strchr(*word, '=');
  char *value = param_value(f, equals ? equals + 1 : *word);
  if (!value) return IG_OK;
  *word = equals ? ig__arena_format(p->arena, "%.*s=%s", (int)(equals - *word), *word, value) : value;
  return *word ? IG_OK : IG_NO_MEMORY;
}

/* ---- [NAME =] OP --------------------------------------------------------------------------------------------------- */

/* `*at` moves to the op's word. */
static ig_status read_name(const ig__parser *p, ig__statement *s, int *at) {
  const ig__source_line *l = s->source;
  int i = 0;
  if (strcmp(l->words[0], "output") == 0) {
    if (p->depth > 1) return ig__fail(IG_BAD_MODEL, "'output' has no place in a block: its last line is its result");
    if (l->count < 3 || strcmp(l->words[2], "=") != 0)
      return ig__fail(IG_BAD_MODEL, "output: found '%s', wanted 'output NAME = OP …'", l->text);
    s->is_output = true;
    i = 1;
  }
  if (l->count > i + 1 && strcmp(l->words[i + 1], "=") == 0) {
    s->name = l->words[i];
    IG__TRY(ig__parse_line_name(s->name));
    i += 2;
  } else if (strchr(l->words[i], '=')) {
    return ig__fail(IG_BAD_MODEL, "'%.80s': put blanks around the '=' behind a name, 'NAME = OP …'", l->words[i]);
  }
  if (i >= l->count) return ig__fail(IG_BAD_MODEL, "an op is missing behind '%s ='", s->name);
  *at = i;
  return IG_OK;
}

static bool usable(const ig__op *op) { return op && (op->flags & (IG__LAYER | IG__ACTIVATION)); }

static ig_status unknown_op(const ig__parser *p, const char *word) {
  static const char *const keywords[] = {"input", "block", "end", "output"};
  const char *names[NAMES_SHOWN + 4];
  size_t count = 0;
  for (size_t i = 0; ig__ops[i] && count < NAMES_SHOWN; i++)
    if (usable(ig__ops[i])) names[count++] = ig__ops[i]->name;
  for (size_t i = 0; p->own && i < p->own->count && count < NAMES_SHOWN; i++)
    if (usable(p->own->op[i])) names[count++] = p->own->op[i]->name;
  for (size_t i = 0; i < p->block_count && count < NAMES_SHOWN; i++) names[count++] = p->block[i].name;
  for (size_t i = 0; i < 4; i++) names[count++] = keywords[i];
  return ig__unknown(IG_BAD_MODEL, word, names, count, "the op");
}

static ig_status find_op(const ig__parser *p, ig__statement *s) {
  static const char *const kept[] = {"block", "end", "freeze", "output"};
  IG__TRY(ig__parse_reserved(s->word));
  if (strcmp(s->word, "input") == 0)
    return ig__fail(IG_BAD_MODEL, "several inputs: an input with a name is not in this version");
  for (size_t i = 0; i < sizeof kept / sizeof kept[0]; i++)
    if (strcmp(s->word, kept[i]) == 0) return ig__fail(IG_BAD_MODEL, "'%s' stands where an op should", s->word);
  s->block = ig__block_find(p, s->word);
  if (s->block) return IG_OK;
  s->op = ig__op_find_with(p->own, s->word);
  if (usable(s->op)) return IG_OK;
  if (s->op && (s->op->flags & IG__LOSS))
    return ig__fail(IG_BAD_MODEL, "'%s' is a loss, no layer: it is given by --loss", s->word);
  return unknown_op(p, s->word);
}

/* ---- references ---------------------------------------------------------------------------------------------------- */

static ig_status unknown_name(const ig__parser *p, const char *what, const char *name) {
  const char *names[NAMES_SHOWN], *prefix = p->frame[p->depth - 1].prefix;
  size_t length = strlen(prefix), count = 0;
  for (size_t i = p->names.count; i > 0 && count < NAMES_SHOWN; i--) { /* the nearest lines first */
    const ig__named *n = &p->names.entry[i - 1];
    if (strncmp(n->key, prefix, length) == 0 && !strchr(n->key, '#') && n->value >= 0) names[count++] = n->key + length;
  }
  const char *nearest = ig__nearest(name, names, count);
  if (nearest)
    return ig__fail(IG_BAD_MODEL, "%s%.80s: no line above has this name; did you mean %s%s?", what, name, what, nearest);
  if (p->depth > 1)
    return ig__fail(IG_BAD_MODEL, "%s%.80s: no line above has this name (a block sees its own lines, and its input as @in)",
                    what, name);
  return ig__fail(IG_BAD_MODEL, "%s%.80s: no line above has this name", what, name);
}

/* The finished line or use called `name` in the present frame. */
static ig_status find_name(const ig__parser *p, const char *what, const char *name, const ig__named **out) {
  char full[IG__TEXT_FULL];
  int length = ig__snprintf(full, sizeof full, "%s%s", p->frame[p->depth - 1].prefix, name);
  bool possible = length < (int)sizeof full && !strchr(name, '#');
  const ig__named *n = possible ? ig__name_find(&p->names, full) : NULL;
  if (!n || n->value < 0) return unknown_name(p, what, name);
  *out = n;
  return IG_OK;
}

static ig_status read_reference(ig__parser *p, ig__statement *s, const char *word) {
  const ig__frame *f = ig__parser_top(p);
  const ig__named *n;
  int value;
  if (strcmp(word, "@.") == 0) {
    value = f->above;
  } else if (strcmp(word, "@in") == 0) {
    if (!f->block) return ig__fail(IG_BAD_MODEL, "@in is the input of a block; outside of one it is @input");
    value = f->in;
  } else {
    IG__TRY(find_name(p, "@", word + 1, &n));
    value = n->value;
  }
  if (s->in_count == IG__MAX_IN) return ig__fail(IG_BAD_MODEL, "more than %d references", IG__MAX_IN);
  s->in[s->in_count++] = value;
  return IG_OK;
}

/* ---- traits -------------------------------------------------------------------------------------------------------- */

static ig_status read_lambda(const char *key, const char *text, double *out) {
  if (!isnan(*out)) return ig__fail(IG_BAD_MODEL, "%s is given twice", key);
  double v;
  if (!ig__parse_double(text, &v) || v < 0) return ig__fail(IG_BAD_MODEL, "%s=%.80s is no number of at least 0", key, text);
  *out = v;
  return IG_OK;
}

static bool has_key(const ig__statement *s, const char *word) {
  size_t length = strcspn(word, "=");
  for (int i = 0; s->block && i < s->block->param_count; i++)
    if (strlen(s->block->param[i]) == length && memcmp(s->block->param[i], word, length) == 0) return true;
  return false;
}

/* Takes `word` if it is a trait; a block's own parameter of that name goes first. */
static ig_status read_trait(ig__parser *p, ig__statement *s, const char *word, bool *taken) {
  ig__traits *t = &s->traits;
  *taken = true;
  if (strcmp(word, "freeze") == 0) {
    t->frozen = true;
    return IG_OK;
  }
  if (!has_key(s, word)) {
    if (strncmp(word, "l2=", 3) == 0) return read_lambda("l2", word + 3, &t->l2);
    if (strncmp(word, "l1=", 3) == 0) return read_lambda("l1", word + 3, &t->l1);
    if (strncmp(word, "share=", 6) == 0) {
      const ig__named *n;
      if (t->share) return ig__fail(IG_BAD_MODEL, "share is given twice");
      IG__TRY(find_name(p, "share=", word + 6, &n));
      t->share = n->key;
      return IG_OK;
    }
  }
  *taken = false;
  return IG_OK;
}

static ig_status check_traits(const ig__statement *s) {
  const ig__traits *t = &s->traits;
  const char *said = t->share ? "share" : t->frozen ? "freeze" : !isnan(t->l2) ? "l2" : !isnan(t->l1) ? "l1" : NULL;
  if (said && s->op && !s->op->build)
    return ig__fail(IG_BAD_MODEL, "%s: '%s' acts on parameters, and %s has none", s->word, said, s->word);
  if (t->share && (t->frozen || !isnan(t->l2) || !isnan(t->l1)))
    return ig__fail(IG_BAD_MODEL, "share=%s: freeze, l2 and l1 belong to the line that owns the parameters", t->share);
  return IG_OK;
}

/* ---- activations --------------------------------------------------------------------------------------------------- */

static const ig__op *activation(const ig__parser *p, const char *word) {
  const ig__op *op = ig__op_find_with(p->own, word);
  return op && (op->flags & IG__ACTIVATION) ? op : NULL;
}

static ig_status take_activations(const ig__parser *p, ig__statement *s) {
  int first = s->count;
  while (first > 0 && activation(p, s->words[first - 1])) first--;
  if (s->count - first > IG__TEXT_ACTIVATIONS)
    return ig__fail(IG_BAD_MODEL, "%s: more than %d activations", s->word, IG__TEXT_ACTIVATIONS);
  for (int i = first; i < s->count; i++) s->activation[s->activation_count++] = activation(p, s->words[i]);
  s->count = first;
  for (int i = 0; i < first; i++)
    if (activation(p, s->words[i]))
      return ig__fail(IG_BAD_MODEL,
                      "%s: '%s' does not end the line, found '%.80s' behind it; an activation with options takes a line of its own",
                      s->word, s->words[i], s->words[i + 1]);
  return IG_OK;
}

/* A word for which the op has no place is most likely a misspelt activation: say so, rather than "one word too many". */
static ig_status check_count(const ig__statement *s) {
  int places = s->block ? s->block->param_count : 0, given = 0, last = -1;
  for (const ig__option *o = s->op ? s->op->options : NULL; o && o->name; o++) places += o->positional;
  for (int i = 0; i < s->count; i++)
    if (!strchr(s->words[i], '=')) {
      given++;
      last = i;
    }
  if (given <= places) return IG_OK;
  const char *names[NAMES_SHOWN];
  size_t count = 0;
  for (size_t i = 0; ig__ops[i] && count < NAMES_SHOWN; i++)
    if (ig__ops[i]->flags & IG__ACTIVATION) names[count++] = ig__ops[i]->name;
  if (!ig__nearest(s->words[last], names, count)) return IG_OK;
  return ig__unknown(IG_BAD_MODEL, s->words[last], names, count, "%.60s: the activation", s->word);
}

/* ---- the whole line ------------------------------------------------------------------------------------------------ */

ig_status ig__statement_read(ig__parser *p, const ig__source_line *source, ig__statement *s) {
  int at = 0;
  memset(s, 0, sizeof *s);
  s->source = source;
  s->traits.l2 = s->traits.l1 = (double)NAN;
  IG__TRY(read_name(p, s, &at));
  char *op = source->words[at];
  IG__TRY(substitute(p, &op));
  s->word = op;
  IG__TRY(find_op(p, s));
  if (p->frame[0].above < 0) return IG_OK; /* no input yet: the caller refuses */
  for (int i = at + 1; i < source->count; i++) {
    char *word = source->words[i];
    bool taken = false;
    if (word[0] == '@') {
      IG__TRY(read_reference(p, s, word));
      continue;
    }
    IG__TRY(substitute(p, &word));
    IG__TRY(read_trait(p, s, word, &taken));
    if (!taken) s->words[s->count++] = strcmp(word, "classes") == 0 ? p->classes_text : word;
  }
  if (s->in_count == 0) s->in[s->in_count++] = ig__parser_top(p)->above;
  IG__TRY(check_traits(s));
  IG__TRY(take_activations(p, s));
  return check_count(s);
}
