/* The value of one option: from text, with its range. */
#include "base/option_value.h"

#include "base/text.h"

#include <limits.h>
#include <string.h>

static const ig__word *find_word(const ig__option *o, const char *text) {
  for (const ig__word *w = o->words; w && w->word; w++)
    if (strcmp(w->word, text) == 0) return w;
  return NULL;
}

static bool in_range(const ig__option *o, double v) { return v >= o->min && v <= o->max; }

static bool bounded(const ig__option *o, double limit) {
  if (o->type == IG__OPTION_INT || o->type == IG__OPTION_PAIR) return limit > INT_MIN && limit < INT_MAX;
  if (o->type == IG__OPTION_I64) return limit > -9e18 && limit < 9e18;
  return limit > -1e300 && limit < 1e300;
}

const char *ig__option_range(const ig__option *o, char *out, size_t size) {
  char low[32], high[32];
  bool from = bounded(o, o->min), to = bounded(o, o->max);
  const char *unit = o->unit ? o->unit : "", *blank = *unit ? " " : "";
  ig__print_double(low, o->min);
  ig__print_double(high, o->max);
  out[0] = 0;
  if (o->type == IG__OPTION_BOOL || o->type == IG__OPTION_TEXT || o->min > o->max) return out;
  if (from && to) ig__snprintf(out, size, "%s … %s%s%s", low, high, blank, unit);
  else if (from) ig__snprintf(out, size, "at least %s%s%s", low, blank, unit);
  else if (to) ig__snprintf(out, size, "at most %s%s%s", high, blank, unit);
  return out;
}

/* One number of an option; "" or what is wrong with it, into `reason`. */
static bool read_number(const ig__option *o, const char *text, bool whole, double *real, int64_t *integer, char *reason) {
  char range[96];
  if (whole ? !ig__parse_i64(text, integer) : !ig__parse_double(text, real)) {
    ig__snprintf(reason, IG__REASON_SIZE, "is not a %s", whole ? "whole number" : "number");
    return false;
  }
  double v = whole ? (double)*integer : *real;
  bool fits = o->type == IG__OPTION_I64 || !whole || (*integer >= INT_MIN && *integer <= INT_MAX);
  if (in_range(o, v) && fits) return true;
  ig__option_range(o, range, sizeof range);
  ig__snprintf(reason, IG__REASON_SIZE, "is out of range%s%s", *range ? ", " : "", range);
  return false;
}

static bool read_bool(const char *text, bool *out, char *reason) {
  static const char *const words[] = {"no", "yes", "false", "true", "off", "on", "0", "1"};
  for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
    if (strcmp(words[i], text) == 0) {
      *out = i % 2;
      return true;
    }
  ig__snprintf(reason, IG__REASON_SIZE, "is neither yes nor no");
  return false;
}

static bool read_pair(const ig__option *o, const char *text, ig__pair *out, char *reason) {
  char first[32];
  int64_t a, b;
  const char *x = strchr(text, 'x');
  size_t length = x ? (size_t)(x - text) : strlen(text);
  if (length >= sizeof first) {
    ig__snprintf(reason, IG__REASON_SIZE, "is not a whole number or two such as 3x5");
    return false;
  }
  memcpy(first, text, length);
  first[length] = 0;
  if (!read_number(o, first, true, NULL, &a, reason)) return false;
  b = a;
  if (x && !read_number(o, x + 1, true, NULL, &b, reason)) return false;
  *out = (ig__pair){(int)a, (int)b};
  return true;
}

static bool read_list(const ig__option *o, const char *text, ig__list *out, char *reason) {
  const int most = (int)(sizeof out->v / sizeof out->v[0]);
  memset(out, 0, sizeof *out);
  while (*text) {
    char number[64];
    size_t length = strcspn(text, ",");
    if (out->count == most) {
      ig__snprintf(reason, IG__REASON_SIZE, "has more than %d numbers", most);
      return false;
    }
    bool fits = length < sizeof number;
    memcpy(number, text, fits ? length : 0);
    number[fits ? length : 0] = 0;
    if (!read_number(o, number, false, &out->v[out->count], NULL, reason)) return false;
    out->count++;
    if (text[length] == ',' && text[length + 1] == 0) {
      ig__snprintf(reason, IG__REASON_SIZE, "ends with a comma");
      return false;
    }
    text += length + (text[length] == ',');
  }
  return true;
}

static void use_word(const ig__option *o, int value, ig__option_value *out) {
  if (o->type == IG__OPTION_INT) out->i = value;
  if (o->type == IG__OPTION_I64) out->i64 = value;
  if (o->type == IG__OPTION_DOUBLE) out->d = value;
  if (o->type == IG__OPTION_PAIR) out->pair = (ig__pair){value, value};
}

/* "same", or "same, valid or a number": what an option with words takes. */
static void name_words(const ig__option *o, const char *text, char *reason) {
  const char *names[64] = {NULL};
  size_t count = 0, at;
  for (const ig__word *w = o->words; w->word && count < sizeof names / sizeof names[0]; w++) names[count++] = w->word;
  const char *nearest = ig__nearest(text, names, count);
  at = (size_t)ig__snprintf(reason, IG__REASON_SIZE, "is not known");
  if (nearest) {
    ig__snprintf(reason + at, IG__REASON_SIZE - at, "; did you mean %s?", nearest);
    return;
  }
  for (size_t i = 0; i < count && at < IG__REASON_SIZE; i++)
    at += (size_t)ig__snprintf(reason + at, IG__REASON_SIZE - at, "%s%s", i ? ", " : "; known: ", names[i]);
  if (o->min <= o->max && at < IG__REASON_SIZE) ig__snprintf(reason + at, IG__REASON_SIZE - at, ", or a number");
}

bool ig__option_read(const ig__option *o, const char *text, ig__option_value *out, char *reason) {
  const ig__word *word = find_word(o, text);
  double real = 0;
  int64_t integer = 0;
  bool ok = true;
  if (word) {
    use_word(o, word->value, out);
    return true;
  }
  bool numeric = (*text >= '0' && *text <= '9') || *text == '-' || *text == '+' || *text == '.';
  if (o->words && (!numeric || o->min > o->max)) {
    name_words(o, text, reason);
    return false;
  }
  switch (o->type) {
  case IG__OPTION_INT:
    ok = read_number(o, text, true, NULL, &integer, reason);
    if (ok) out->i = (int)integer;
    break;
  case IG__OPTION_I64:
    ok = read_number(o, text, true, NULL, &integer, reason);
    out->i64 = integer;
    break;
  case IG__OPTION_DOUBLE:
    ok = read_number(o, text, false, &real, NULL, reason);
    out->d = real;
    break;
  case IG__OPTION_BOOL: ok = read_bool(text, &out->b, reason); break;
  case IG__OPTION_PAIR: ok = read_pair(o, text, &out->pair, reason); break;
  case IG__OPTION_LIST: ok = read_list(o, text, &out->list, reason); break;
  case IG__OPTION_TEXT:
    ok = strlen(text) < o->size;
    if (!ok) ig__snprintf(reason, IG__REASON_SIZE, "is longer than %zu bytes", o->size - 1);
    break;
  }
  return ok;
}
