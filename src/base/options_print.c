/* Writing options: the resolved configuration, help, the documentation. */
#include "base/option_value.h"
#include "base/text.h"

#include <stdarg.h>
#include <string.h>

/* Composes like snprintf: counts everything, writes what fits. */
typedef struct sink { char *out; size_t size, length; } sink;

static void say(sink *s, const char *format, ...) IG__PRINTF(2, 3);
static void say(sink *s, const char *format, ...) {
  bool room = s->length < s->size;
  va_list args;
  va_start(args, format);
  int length = ig__vformat(room ? s->out + s->length : NULL, room ? s->size - s->length : 0, format, args);
  va_end(args);
  if (length > 0) s->length += (size_t)length;
}

static const char *word_for(const ig__option *o, int64_t value) {
  for (const ig__word *w = o->words; w && w->word; w++)
    if (w->value == value) return w->word;
  return NULL;
}

/* A text that the grammar would cut or join goes into double quotes. */
static void say_text(sink *s, const char *text) {
  if (!strpbrk(text, " \t\n\v\f\r#\"")) {
    say(s, "%s", text);
    return;
  }
  say(s, "\"");
  for (; *text; text++) say(s, "%s%c", *text == '"' || *text == '\\' ? "\\" : "", *text);
  say(s, "\"");
}

static void say_value(sink *s, const ig__option *o, const void *member) {
  ig__option_value v;
  char number[32];
  const char *word = NULL;
  memset(&v, 0, sizeof v);
  if (o->type != IG__OPTION_TEXT) memcpy(&v, member, o->size);
  switch (o->type) {
  case IG__OPTION_INT:
  case IG__OPTION_I64: {
    int64_t i = o->type == IG__OPTION_INT ? v.i : v.i64;
    word = word_for(o, i);
    word ? say(s, "%s", word) : say(s, "%lld", (long long)i);
    break;
  }
  case IG__OPTION_DOUBLE:
    for (const ig__word *w = o->words; w && w->word && !word; w++)
      if (w->value == v.d) word = w->word;
    say(s, "%s", word ? word : ig__print_double(number, v.d));
    break;
  case IG__OPTION_BOOL: say(s, "%s", v.b ? "yes" : "no"); break;
  case IG__OPTION_PAIR:
    word = v.pair.a == v.pair.b ? word_for(o, v.pair.a) : NULL;
    if (word) say(s, "%s", word);
    else if (v.pair.a == v.pair.b) say(s, "%d", v.pair.a);
    else say(s, "%dx%d", v.pair.a, v.pair.b);
    break;
  case IG__OPTION_LIST:
    for (int i = 0; i < v.list.count && i < (int)(sizeof v.list.v / sizeof v.list.v[0]); i++)
      say(s, "%s%s", i ? "," : "", ig__print_double(number, v.list.v[i]));
    break;
  case IG__OPTION_TEXT: say_text(s, member); break;
  }
}

static bool same_list(const ig__list *a, const ig__list *b) {
  if (a->count != b->count) return false;
  for (int i = 0; i < a->count && i < (int)(sizeof a->v / sizeof a->v[0]); i++)
    if (a->v[i] != b->v[i]) return false;
  return true;
}

static bool is_default(const ig__option *o, const void *member) {
  ig__option_value v, d;
  char reason[IG__REASON_SIZE];
  if (!o->fallback) return false;
  if (o->type == IG__OPTION_TEXT) return strcmp(member, o->fallback) == 0;
  memset(&v, 0, sizeof v);
  memset(&d, 0, sizeof d);
  memcpy(&v, member, o->size);
  if (!ig__option_read(o, o->fallback, &d, reason)) return false;
  switch (o->type) {
  case IG__OPTION_INT: return v.i == d.i;
  case IG__OPTION_I64: return v.i64 == d.i64;
  case IG__OPTION_DOUBLE: return v.d == d.d;
  case IG__OPTION_BOOL: return v.b == d.b;
  case IG__OPTION_PAIR: return v.pair.a == d.pair.a && v.pair.b == d.pair.b;
  default: return same_list(&v.list, &d.list);
  }
}

/* An empty value would vanish among the blanks, and one with a '=' might be taken for key=value. */
static bool can_stand_bare(const ig__option *o, const char *member) {
  if (o->type == IG__OPTION_LIST) return ((const ig__list *)(const void *)member)->count > 0;
  return o->type != IG__OPTION_TEXT || (*member && !strchr(member, '='));
}

size_t ig__options_print(const char *thing, const ig__option *table, const void *options, char *out, size_t size) {
  sink s = {out, size, 0};
  bool in_order = true; /* every positional so far was written, so the next one may go without its key */
  if (size) out[0] = 0;
  say(&s, "%s", thing ? thing : "");
  for (const ig__option *o = table; o && o->name; o++) {
    const char *member = (const char *)options + o->offset;
    if (is_default(o, member)) {
      if (o->positional) in_order = false;
      continue;
    }
    bool bare = o->positional && in_order && can_stand_bare(o, member);
    if (o->positional && !bare) in_order = false;
    if (s.length) say(&s, " ");
    if (!bare) say(&s, "%s=", o->name);
    say_value(&s, o, member);
  }
  return s.length;
}

static void say_choices(sink *s, const ig__option *o) {
  char range[96];
  const char *between = "";
  for (const ig__word *w = o->words; w && w->word; w++) {
    say(s, "%s%s", between, w->word);
    between = ", ";
  }
  ig__option_range(o, range, sizeof range);
  if (o->type == IG__OPTION_BOOL) say(s, "yes or no");
  else if (*range) say(s, "%s%s", *between ? " or " : "", range);
  else if (o->unit && *o->unit) say(s, "%s%s", between, o->unit);
}

size_t ig__options_help(const ig__option *table, char *out, size_t size) {
  sink s = {out, size, 0};
  if (size) out[0] = 0;
  for (const ig__option *o = table; o && o->name; o++) {
    size_t start = s.length, before;
    say(&s, "  %s", o->name);
    if (o->fallback) say(&s, "=%s", o->fallback);
    else say(&s, " (required)");
    while (s.length < start + 17) say(&s, " ");
    say(&s, " ");
    before = s.length;
    say_choices(&s, o);
    if (o->help && *o->help) say(&s, "%s%s", s.length > before ? ": " : "", o->help);
    say(&s, "\n");
  }
  return s.length;
}
