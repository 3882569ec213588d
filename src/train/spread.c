/* Several values for one option. What a value may be is the option's own row: its type, its range, the one parser. */
#include "train/spread.h"

#include "base/text.h"

#include <math.h>
#include <string.h>

#define MOST_VALUES 1000

static bool among(const char *const *names, const char *name) {
  for (; *names; names++)
    if (!strcmp(*names, name)) return true;
  return false;
}

/* Their texts have commas in them. */
static bool has_commas(const char *name) {
  static const char *const names[] = {"augment", "class_weights", "freeze", "lr_scale", "penalty", NULL};
  return among(names, name);
}

/* A path, or what decides nothing, or what the search itself decides. */
static bool is_fixed(const char *name) {
  static const char *const names[] = {"checkpoint_every", "data", "fold",   "min_accuracy", "out",     "report", "resume", "strict", "test",
                                      "test_fold",        "threads", "time", "val",          "weights", "workers", NULL};
  return among(names, name);
}

static bool is_number(const ig__option *o) { return o->type == IG__OPTION_INT || o->type == IG__OPTION_I64 || o->type == IG__OPTION_DOUBLE; }

static char divider(const ig__option *o, const char *text) {
  return strchr(text, '|') || has_commas(o->name) ? '|' : ',';
}

bool ig__spread_is(const ig__option *o, const char *text) {
  if (is_number(o)) return strchr(text, ',') || strchr(text, '|') || strstr(text, "..");
  if (is_fixed(o->name)) return o->type == IG__OPTION_BOOL && strchr(text, ',');
  return strchr(text, divider(o, text)) != NULL;
}

/* ---- ranges ---------------------------------------------------------------------------------------------------------------------- */

static ig_status check_value(const ig__option *o, const char *text) {
  ig_train_options scratch = ig_train_options_default();
  return ig_option_set(IG_VERB_TRAIN, &scratch, o->name, text);
}

/* "1e-6..1e-1:log" */
static ig_status parse_range(const ig__option *o, const char *text, const char *dots, ig__values *out) {
  char low[64], high[64];
  const char *colon = strchr(dots, ':');
  if (colon && strcmp(colon, ":log") != 0)
    return ig__fail(IG_USAGE, "tune: %s=%s: behind a range stands :log, for a logarithmic scale, or nothing", o->name, text);
  ig__snprintf(low, sizeof low, "%.*s", (int)(dots - text < 60 ? dots - text : 60), text);
  ig__snprintf(high, sizeof high, "%.*s", (int)(colon ? colon - dots - 2 : 60), dots + 2);
  IG__TRY(ig__fail_at(check_value(o, low), "tune: %s=%s", o->name, text));
  IG__TRY(ig__fail_at(check_value(o, high), "tune: %s=%s", o->name, text));
  *out = (ig__values){.range = true, .log = colon != NULL, .whole = o->type != IG__OPTION_DOUBLE};
  if (!ig__parse_double(low, &out->low) || !ig__parse_double(high, &out->high) || !(out->low < out->high))
    return ig__fail(IG_USAGE, "tune: %s=%s: a range goes from the smaller to the larger number", o->name, text);
  if (out->log && out->low <= 0)
    return ig__fail(IG_USAGE, "tune: %s=%s: a logarithmic range begins above 0; a list may have the 0: \"0,1e-4,1e-3\"", o->name, text);
  return IG_OK;
}

void ig__values_at(const ig__values *v, double place, char out[32]) {
  double x = v->log ? v->low * pow(v->high / v->low, place) : v->low + (v->high - v->low) * place;
  if (v->whole) {
    ig__snprintf(out, 32, "%.0f", x);
    return;
  }
  if (place <= 0) x = v->low;
  else if (place >= 1) x = v->high;
  else {
    ig__snprintf(out, 32, "%.4g", x);
    if (!ig__parse_double(out, &x)) return;
  }
  ig__print_double(out, x);
}

/* ---- lists ----------------------------------------------------------------------------------------------------------------------- */

static ig_status add_value(const ig__option *o, const char *from, size_t length, ig__values *out) {
  char word[IG_PATH_SIZE];
  while (length && *from == ' ') from++, length--;
  while (length && from[length - 1] == ' ') length--;
  if (length >= sizeof word) return ig__fail(IG_USAGE, "tune: a value of %s is longer than %zu bytes", o->name, sizeof word - 1);
  ig__snprintf(word, sizeof word, "%.*s", (int)length, from);
  IG__TRY(check_value(o, word));
  for (int i = 0; i < out->count; i++)
    if (!strcmp(out->value[i], word)) return ig__fail(IG_USAGE, "tune: %s: the value %s stands there twice", o->name, *word ? word : "\"\"");
  if (out->count == MOST_VALUES) return ig__fail(IG_USAGE, "tune: %s has more than %d values", o->name, MOST_VALUES);
  if (!(out->value[out->count] = ig__strdup(word))) return IG_NO_MEMORY;
  out->count++;
  return IG_OK;
}

static ig_status parse_list(const ig__option *o, const char *text, ig__values *out) {
  char divide = divider(o, text);
  *out = (ig__values){.whole = o->type != IG__OPTION_DOUBLE};
  if (!(out->value = ig__alloc(MOST_VALUES, sizeof *out->value))) return IG_NO_MEMORY;
  for (const char *at = text;; at++) {
    const char *end = strchr(at, divide);
    size_t length = end ? (size_t)(end - at) : strlen(at);
    IG__TRY(add_value(o, at, length, out));
    if (!end) break;
    at = end;
  }
  return IG_OK;
}

ig_status ig__values_parse(const ig__option *o, const char *text, ig__values *out) {
  const char *dots = is_number(o) ? strstr(text, "..") : NULL;
  *out = (ig__values){.count = 0};
  ig_status status = dots ? parse_range(o, text, dots, out) : parse_list(o, text, out);
  if (status != IG_OK) ig__values_free(out);
  return status;
}

void ig__values_free(ig__values *v) {
  for (int i = 0; i < v->count; i++) ig__free(v->value[i]);
  ig__free(v->value);
  *v = (ig__values){.count = 0};
}

void ig__spread_drop(ig_tune_options *options, const char *name) {
  int kept = 0;
  for (int i = 0; i < options->spreads; i++)
    if (strcmp(options->spread[i].name, name) != 0) options->spread[kept++] = options->spread[i];
  options->spreads = kept;
}

ig_status ig__spread_set(ig_tune_options *options, const ig__option *o, const char *text) {
  ig__values values;
  if (is_fixed(o->name)) return ig__fail(IG_USAGE, "tune: %s=%s: %s has one value; it is nothing to choose by validation", o->name, text, o->name);
  if (strlen(text) >= sizeof options->spread[0].values)
    return ig__fail(IG_USAGE, "tune: the values of %s are longer than %zu bytes", o->name, sizeof options->spread[0].values - 1);
  IG__TRY(ig__values_parse(o, text, &values));
  ig__values_free(&values);
  int at = 0;
  while (at < options->spreads && strcmp(options->spread[at].name, o->name) != 0) at++; /* what comes last counts */
  if (at == IG_TUNE_SPREADS) return ig__fail(IG_USAGE, "tune: more than %d options at once", IG_TUNE_SPREADS);
  if (at == options->spreads) options->spreads++;
  ig__snprintf(options->spread[at].name, sizeof options->spread[at].name, "%s", o->name);
  ig__snprintf(options->spread[at].values, sizeof options->spread[at].values, "%s", text);
  return IG_OK;
}
