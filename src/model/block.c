/* Blocks: `block NAME param[=default] … end`. All definitions are collected first, so a block may be used above the place
 * where it is defined; a use pushes a frame, and no text can make the parser call itself. */
#include "model/parse.h"

#include "base/text.h"
#include "base/unknown.h"

#include <math.h>
#include <string.h>

const ig__block *ig__block_find(const ig__parser *p, const char *name) {
  for (size_t i = 0; i < p->block_count; i++)
    if (strcmp(p->block[i].name, name) == 0) return &p->block[i];
  return NULL;
}

/* ---- definitions --------------------------------------------------------------------------------------------------- */

static int param_find(const ig__block *b, const char *name, size_t length) {
  for (int i = 0; i < b->param_count; i++)
    if (strlen(b->param[i]) == length && memcmp(b->param[i], name, length) == 0) return i;
  return -1;
}

static ig_status read_param(ig__parser *p, ig__block *b, char *word) {
  size_t length = strcspn(word, "=");
  char *name = ig__arena_format(p->arena, "%.*s", (int)length, word);
  if (!name) return IG_NO_MEMORY;
  IG__TRY(ig__parse_name("the parameter name", name));
  if (ig__op_find_with(p->own, name)) return ig__fail(IG_BAD_MODEL, "the parameter name '%s' is that of an op", name);
  if (param_find(b, name, length) >= 0) return ig__fail(IG_BAD_MODEL, "the parameter '%s' is there twice", name);
  if (b->param_count == IG__BLOCK_PARAMS)
    return ig__fail(IG_BAD_MODEL, "block %s has more than %d parameters", b->name, IG__BLOCK_PARAMS);
  b->fallback[b->param_count] = word[length] == '=' ? word + length + 1 : NULL;
  if (word[length] && strlen(word + length + 1) > IG__TEXT_VALUE)
    return ig__fail(IG_BAD_MODEL, "the default of '%s' is longer than %d bytes", name, IG__TEXT_VALUE);
  b->param[b->param_count++] = name;
  return IG_OK;
}

static ig_status begin(ig__parser *p, const ig__source_line *s, size_t index) {
  ig__block b = {.number = s->number, .first = index + 1};
  if (s->count < 2) return ig__fail(IG_BAD_MODEL, "block: a name is missing, 'block NAME parameter …'");
  b.name = s->words[1];
  IG__TRY(ig__parse_name("the block name", b.name));
  const ig__block *other = ig__block_find(p, b.name);
  if (other) return ig__fail(IG_BAD_MODEL, "block '%s' is there already, in line %d", b.name, other->number);
  if (ig__op_find_with(p->own, b.name)) return ig__fail(IG_BAD_MODEL, "block '%s': this is the name of an op", b.name);
  for (int i = 2; i < s->count; i++) IG__TRY(read_param(p, &b, s->words[i]));
  IG__TRY(ig__grow((void **)&p->block, p->block_count, &p->block_capacity, sizeof *p->block));
  p->block[p->block_count++] = b;
  return IG_OK;
}

static ig_status finish(ig__block *b, const ig__source_line *s, size_t index) {
  b->end = index;
  if (s->count > 1) return ig__fail(IG_BAD_MODEL, "'end' stands alone, found '%s' behind it", s->words[1]);
  if (b->first == b->end) return ig__fail(IG_BAD_MODEL, "block '%s' has no lines", b->name);
  return IG_OK;
}

/* How many blocks a text can have is bounded by its lines; finding one by its name is linear, so the product is bounded
 * here: no net needs hundreds of different blocks. */
#define MOST_BLOCKS 256

ig_status ig__blocks_collect(ig__parser *p) {
  bool open = false;
  for (size_t i = 0; i < p->source_count; i++) {
    const ig__source_line *s = p->at = &p->source[i];
    ig_status status = IG_OK;
    if (strcmp(s->words[0], "block") == 0) {
      if (open) status = ig__fail(IG_BAD_MODEL, "a block inside of block '%s': define it outside and use it inside",
                                  p->block[p->block_count - 1].name);
      else if (p->block_count == MOST_BLOCKS) status = ig__fail(IG_BAD_MODEL, "more than %d blocks", MOST_BLOCKS);
      else status = begin(p, s, i);
      open = true;
    } else if (open && strcmp(s->words[0], "end") == 0) {
      status = finish(&p->block[p->block_count - 1], s, i);
      open = false;
    }
    if (status != IG_OK) return ig__parse_at(p, status);
  }
  p->at = NULL;
  if (!open) return IG_OK;
  const ig__block *last = &p->block[p->block_count - 1];
  return ig__fail(IG_BAD_MODEL, "%s:%d: block '%s' has no 'end'", p->place, last->number, last->name);
}

/* ---- uses ---------------------------------------------------------------------------------------------------------- */

static ig_status unknown_param(const ig__block *b, const char *word, size_t length) {
  char name[IG__TEXT_NAME + 1];
  if (length > IG__TEXT_NAME) length = IG__TEXT_NAME;
  memcpy(name, word, length);
  name[length] = 0;
  return ig__unknown(IG_BAD_MODEL, name, b->param, (size_t)b->param_count, "block %s, defined in line %d: the parameter", b->name, b->number);
}

static ig_status bind_params(const ig__block *b, const ig__statement *s, ig__frame *f) {
  int place = 0;
  for (int i = 0; i < s->count; i++) {
    char *word = s->words[i], *equals = strchr(word, '=');
    size_t length = equals ? (size_t)(equals - word) : 0;
    int param = equals ? param_find(b, word, length) : place++;
    if (param < 0) return unknown_param(b, word, length);
    if (param >= b->param_count)
      return ig__fail(IG_BAD_MODEL, "block %s: '%.80s' is one word too many: %d without '=' %s taken", b->name, word,
                      b->param_count, b->param_count == 1 ? "is" : "are");
    if (f->param[param]) return ig__fail(IG_BAD_MODEL, "block %s: %s is given twice", b->name, b->param[param]);
    f->param[param] = equals ? equals + 1 : word;
    if (strlen(f->param[param]) > IG__TEXT_VALUE)
      return ig__fail(IG_BAD_MODEL, "block %s: the value of %s is longer than %d bytes", b->name, b->param[param],
                      IG__TEXT_VALUE);
  }
  for (int i = 0; i < b->param_count; i++) {
    if (!f->param[i]) f->param[i] = b->fallback[i];
    if (!f->param[i]) return ig__fail(IG_BAD_MODEL, "block %s: %s is missing", b->name, b->param[i]);
  }
  return IG_OK;
}

static ig_status check_depth(const ig__parser *p, const ig__block *b) {
  for (int i = 1; i < p->depth; i++)
    if (p->frame[i].block == b) return ig__fail(IG_BAD_MODEL, "block %s uses itself", b->name);
  if (p->depth > IG__BLOCK_DEPTH) return ig__fail(IG_BAD_MODEL, "blocks in blocks, more than %d deep", IG__BLOCK_DEPTH);
  return IG_OK;
}

/* The traits of a use go down to its lines. share=OTHER: each of them uses the parameters of the line of its name there. */
static ig_status inherit(ig__parser *p, const ig__statement *s, const char *local, ig__frame *f) {
  const ig__traits *outer = &ig__parser_top(p)->traits;
  f->traits.frozen = outer->frozen || s->traits.frozen;
  f->traits.l2 = isnan(s->traits.l2) ? outer->l2 : s->traits.l2;
  f->traits.l1 = isnan(s->traits.l1) ? outer->l1 : s->traits.l1;
  const char *share = s->traits.share;
  if (share) {
    const ig__named *other = ig__name_find(&p->names, share);
    if (other->block != s->block)
      return ig__fail(IG_BAD_MODEL, "share=%s: that is no use of block %s", share, s->block->name);
    f->traits.share = ig__arena_format(p->arena, "%s.", share);
  } else if (outer->share) {
    f->traits.share = ig__arena_format(p->arena, "%s%s.", outer->share, local);
  } else {
    return IG_OK;
  }
  return f->traits.share ? IG_OK : IG_NO_MEMORY;
}

ig_status ig__block_enter(ig__parser *p, const ig__statement *s) {
  const ig__frame *outer = ig__parser_top(p);
  ig__frame f = {.block = s->block, .next = s->block->first, .end = s->block->end, .use = s->source,
                 .is_output = s->is_output, .output_name = s->name, .activation_count = s->activation_count};
  IG__TRY(check_depth(p, s->block));
  if (s->in_count > 1)
    return ig__fail(IG_BAD_MODEL, "block %s: a block has one input, @in; got %d references", s->block->name, s->in_count);
  f.in = f.above = s->in[0];
  IG__TRY(bind_params(s->block, s, &f));
  IG__TRY(ig__line_name(p, s, &f.name));
  IG__TRY(inherit(p, s, f.name + strlen(outer->prefix), &f));
  ig__name_find(&p->names, f.name)->block = s->block;
  f.prefix = ig__arena_format(p->arena, "%s.", f.name);
  if (!f.prefix) return IG_NO_MEMORY;
  memcpy(f.activation, s->activation, sizeof f.activation);
  p->frame[p->depth++] = f;
  return IG_OK;
}

ig_status ig__block_leave(ig__parser *p) {
  ig__frame f = *ig__parser_top(p);
  int value = f.above;
  p->depth--;
  IG__TRY(ig__activations_add(p, f.name, f.activation, f.activation_count, &value));
  ig__name_find(&p->names, f.name)->value = value;
  ig__parser_top(p)->above = value;
  return f.is_output ? ig__output_add(p, f.output_name, value) : IG_OK;
}
