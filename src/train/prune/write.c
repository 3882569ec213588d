/* The text of the smaller model. Blocks are written out, because the uses of one need no longer be alike; lines keep their full
 * names, so that weights and patterns find their parameters as before. What the parser would name alike has no name. */
#include "train/prune/prune.h"

#include "base/text.h"

#include <math.h>
#include <string.h>

#define OPTIONS_TEXT 900

/* A line of text: a line of the model, and the activations at its end. */
typedef struct entry { int first, last; const char *name; bool output; } entry;

/* Is this the activation that `head`'s line of text ends with, behind the line before? */
static bool is_tail(const ig__model *m, const entry *e, int i) {
  const ig__line *l = &m->line[i], *head = &m->line[e->first];
  const size_t length = strlen(head->name);
  if (!(l->op->flags & IG__ACTIVATION) || l->in_count != 1 || l->in[0] != i - 1 || i - 1 != e->last || !head->op) return false;
  if (strncmp(l->name, head->name, length) || l->name[length] != '.') return false;
  const char *word = l->name + length + 1;
  const size_t op = strlen(l->op->name);
  return !strncmp(word, l->op->name, op) && word[op + strspn(word + op, "0123456789")] == 0;
}

static const entry *entry_of(const entry *list, size_t count, int line) {
  for (size_t i = 0; i < count; i++)
    if (line >= list[i].first && line <= list[i].last) return &list[i];
  return &list[0];
}

/* Would the parser find this name by itself? `list` are the entries before. */
static bool is_usual(const ig__model *m, const entry *list, size_t count, const entry *e, const bool *named) {
  char usual[96];
  const ig__op *op = m->line[e->first].op;
  int number = 1;
  for (size_t i = 1; i < count; i++) number += !named[i] && m->line[list[i].first].op == op;
  ig__snprintf(usual, sizeof usual, "%s%d", op->name, number);
  return !e->output && !strcmp(usual, e->name);
}

static ig_status set_count(const ig__op *op, void *options, const char *key, int count) {
  char number[16];
  ig__snprintf(number, sizeof number, "%d", count);
  return ig__option_set(op->name, op->options, options, key, number);
}

/* The line's options with the counts that are left; a bias where one has to take in what went. */
static ig_status adapt(const ig__prune *p, int line, void *options) {
  const ig__op *op = p->model->line[line].op;
  ig__prune_cut cut;
  if (!ig__prune_cut_of(p, line, &cut)) return IG_OK;
  if (cut.grouped && !cut.depthwise) return IG_OK;
  IG__TRY(set_count(op, options, op == &ig__op_dense ? "units" : "filters", ig__prune_left(p, line)));
  if (cut.depthwise) IG__TRY(set_count(op, options, "groups", ig__prune_left(p, line)));
  for (int o = 0; !cut.bias && o < cut.outputs; o++)
    if (ig__prune_keeps(p, line, o) && ig__prune_folded(p, &cut, o) != 0) return ig__option_set(op->name, op->options, options, "bias", "yes");
  return IG_OK;
}

static ig_status write_op(const ig__prune *p, int line, const char *references, ig__buffer *out) {
  const ig__line *l = &p->model->line[line];
  char text[OPTIONS_TEXT];
  void *options = ig__alloc(1, l->op->options_size ? l->op->options_size : 1);
  if (!options) return IG_NO_MEMORY;
  if (l->op->options_size) memcpy(options, l->options, l->op->options_size);
  ig_status status = adapt(p, line, options);
  if (status == IG_OK && l->op->options && ig__options_print(NULL, l->op->options, options, text, sizeof text) >= sizeof text)
    status = ig__fail(IG_BAD_MODEL, "%s: its options are longer than a line of model text", l->name);
  if (status == IG_OK) ig__buffer_text(out, "%s%s%s%s", l->op->name, references, l->op->options && *text ? " " : "", l->op->options ? text : "");
  ig__free(options);
  return status;
}

static void write_traits(const ig__model *m, int line, ig__buffer *out) {
  const ig__line *l = &m->line[line];
  char number[32];
  bool owns = false;
  for (size_t i = 0; i < m->param_count; i++) owns |= m->param[i].line == line;
  if (l->share >= 0) ig__buffer_text(out, " share=%s", m->line[l->share].name);
  if (!owns) return;
  if (l->frozen) ig__buffer_text(out, " freeze");
  if (!isnan(l->l2)) ig__buffer_text(out, " l2=%s", ig__print_double(number, l->l2));
  if (!isnan(l->l1)) ig__buffer_text(out, " l1=%s", ig__print_double(number, l->l1));
}

/* What it reads, unless that is the one line above. */
static char *references(const ig__model *m, const entry *list, size_t count, const entry *e) {
  const ig__line *l = &m->line[e->first];
  ig__buffer out = {0};
  const bool above = l->in_count == 1 && l->in[0] == list[count - 1].last;
  for (int k = 0; !above && k < l->in_count; k++) ig__buffer_text(&out, " @%s", entry_of(list, count, l->in[k])->name);
  ig__buffer_add(&out, "", 1);
  return out.failed ? NULL : (char *)out.data; /* one memory: ig__alloc's */
}

static ig_status write_entry(const ig__prune *p, const entry *list, size_t count, const entry *e, bool named, ig__buffer *out) {
  const ig__model *m = p->model;
  char *refs = references(m, list, count, e);
  if (!refs) return IG_NO_MEMORY;
  if (named) ig__buffer_text(out, "%s%s = ", e->output ? "output " : "", e->name);
  ig_status status = write_op(p, e->first, refs, out);
  ig__free(refs);
  write_traits(m, e->first, out);
  for (int i = e->first + 1; i <= e->last; i++) ig__buffer_text(out, " %s", m->line[i].op->name);
  ig__buffer_text(out, "\n");
  return status;
}

/* The last line is the output of a model that names none. */
static bool is_plain_output(const ig__model *m, int line) {
  return m->output_count == 1 && line == (int)m->line_count - 1 && !strcmp(m->line[line].output_name, "out");
}

static size_t find_entries(const ig__model *m, entry *list) {
  size_t count = 1;
  list[0] = (entry){.name = "input"};
  for (int i = 1; i < (int)m->line_count; i++) {
    if (count > 1 && is_tail(m, &list[count - 1], i)) {
      list[count - 1].last = i;
      continue;
    }
    list[count++] = (entry){.first = i, .last = i, .name = m->line[i].name};
  }
  for (size_t i = 1; i < count; i++) {
    const ig__line *last = &m->line[list[i].last];
    if (!last->is_output || is_plain_output(m, list[i].last)) continue;
    list[i].output = true;
    list[i].name = last->output_name;
  }
  return count;
}

ig_status ig__prune_write(const ig__prune *p, const char *from, ig__buffer *out) {
  const ig__model *m = p->model;
  entry *list = ig__alloc(m->line_count, sizeof *list);
  bool *named = ig__alloc(m->line_count, sizeof *named);
  ig_status status = list && named ? IG_OK : IG_NO_MEMORY;
  const size_t count = status == IG_OK ? find_entries(m, list) : 0;
  if (strpbrk(from, "\r\n")) from = "a trained model";
  ig__buffer_text(out, "# %s without its dead filters and channels (imgrad prune)\n%s\n", from, m->line[0].text);
  for (size_t i = 1; status == IG_OK && i < count; i++) {
    named[i] = !is_usual(m, list, i, &list[i], named);
    status = write_entry(p, list, i, &list[i], named[i], out);
  }
  ig__free(list);
  ig__free(named);
  if (status == IG_OK && out->failed) status = IG_NO_MEMORY;
  return status;
}
