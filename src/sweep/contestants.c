/* What compare compares: "sgd lr=0.1:0.01, momentum, lbfgs memory=20". */
#include "base/text.h"
#include "sweep/compare.h"

#include <stdio.h>
#include <string.h>

#define MOST_WORDS 32

static const struct { const char *name, *meant; } shorts[] = {
  {"amsgrad", "adam amsgrad=yes"},
  {"gauss_newton", "newton curvature=gauss_newton"},
  {"momentum", "sgd momentum=0.9"},
  {"nesterov", "sgd momentum=0.9 nesterov=yes"},
};

static const char *meaning(const char *name) {
  for (size_t i = 0; i < sizeof shorts / sizeof shorts[0]; i++)
    if (!strcmp(shorts[i].name, name)) return shorts[i].meant;
  return name;
}

/* The text without the word that begins so, whose rest goes into `value`. */
static ig_status take_word(const char *item, const char *begin, char text[IG_SPEC_SIZE], char value[IG_SPEC_SIZE]) {
  char copy[IG_SPEC_SIZE], *words[MOST_WORDS];
  size_t at = 0;
  snprintf(copy, sizeof copy, "%s", item);
  int count = ig__split_words(copy, words, MOST_WORDS);
  if (count < 1) return ig__fail(IG_USAGE, "--optimizers: an item is empty or has too many words: '%.200s'", item);
  text[0] = value[0] = 0;
  for (int i = 0; i < count; i++) {
    if (!strncmp(words[i], begin, strlen(begin))) snprintf(value, IG_SPEC_SIZE, "%s", words[i] + strlen(begin));
    else {
      int used = ig__snprintf(text + at, IG_SPEC_SIZE - at, "%s%s", i ? " " : "", i ? words[i] : meaning(words[i]));
      if (used < 0 || (size_t)used >= IG_SPEC_SIZE - at) return ig__fail(IG_USAGE, "--optimizers: '%.100s' is too long", item);
      at += (size_t)used;
    }
  }
  return IG_OK;
}

/* Only letters and digits that every file system and shell takes. */
static void folder_name(int number, const char *name, char out[IG_PATH_SIZE]) {
  int at = ig__snprintf(out, IG_PATH_SIZE, "%02d-", number);
  for (; *name && at < 60; name++) {
    bool plain = (*name >= 'a' && *name <= 'z') || (*name >= '0' && *name <= '9') || *name == '.' || *name == '_';
    out[at++] = plain ? *name : '-';
  }
  out[at] = 0;
}

/* What it says besides the base: full-batch methods know no rate and no schedule, and end with the same number of gradients. */
static void settle(ig__contestant *c) {
  c->settings = 0;
  c->setting[c->settings++] = (ig__setting){"optimizer", c->optimizer};
  if (c->descent) {
    c->setting[c->settings++] = (ig__setting){"lr", "0"};
    c->setting[c->settings++] = (ig__setting){"schedule", "constant"};
    c->setting[c->settings++] = (ig__setting){"epochs", "1000000"};
  } else if (*c->lr) c->setting[c->settings++] = (ig__setting){"lr", c->lr};
}

static ig_status add(const char *words, const char *lr, const char *budget, int item, ig__contestant *out, ig_compare_run *run, int *count) {
  const ig__descent_method *method;
  const ig__optimiser *optimiser;
  void *options = NULL;
  double rate;
  if (*count >= IG_COMPARE_RUNS) return ig__fail(IG_USAGE, "--optimizers: more than %d runs", IG_COMPARE_RUNS);
  ig__contestant *c = &out[*count];
  *c = (ig__contestant){.settings = 0};
  IG__TRY(ig__optimizer_is_descent(words, &c->descent));
  if (*lr && (!ig__parse_double(lr, &rate) || rate <= 0)) return ig__fail(IG_USAGE, "--optimizers: '%.100s': lr=%.60s is no rate above 0", words, lr);
  const char *own = c->descent && *lr ? " lr=" : "";
  bool ends = !c->descent || strstr(words, " budget=");
  int used = ig__snprintf(c->optimizer, sizeof c->optimizer, "%s%s%s%s%s", words, own, *own ? lr : "", ends ? "" : " budget=", ends ? "" : budget);
  if (used < 0 || (size_t)used >= sizeof c->optimizer) return ig__fail(IG_USAGE, "--optimizers: '%.100s' is too long", words);
  if (!c->descent) snprintf(c->lr, sizeof c->lr, "%s", lr);
  ig_status status = c->descent ? ig__descent_method_parse(c->optimizer, &method, &options) : ig__optimiser_parse(c->optimizer, &optimiser, &options);
  ig__free(options);
  IG__TRY(ig__fail_at(status, "--optimizers"));
  ig_compare_run *r = &run[*count];
  *r = (ig_compare_run){.item = item};
  ig__snprintf(r->name, sizeof r->name, "%s%s%s", words, *lr ? " lr=" : "", lr);
  folder_name(*count + 1, r->name, c->folder);
  settle(c);
  (*count)++;
  return IG_OK;
}

static ig_status add_rates(const char *words, char *rates, const char *budget, int item, ig__contestant *out, ig_compare_run *run, int *count) {
  for (char *at = rates, *end; at; at = end) {
    end = strchr(at, ':');
    if (end) *end++ = 0;
    if (!*at && (end || at != rates)) return ig__fail(IG_USAGE, "--optimizers: '%.100s': a rate between colons is empty", words);
    IG__TRY(add(words, at, budget, item, out, run, count));
  }
  return IG_OK;
}

ig_status ig__contestants_read(const char *text, const char *budget, ig__contestant *out, ig_compare_run *run, int *count) {
  char item[IG_SPEC_SIZE], words[IG_SPEC_SIZE], rates[IG_SPEC_SIZE];
  *count = 0;
  for (int number = 0; *text; number++) {
    size_t size = strcspn(text, ",");
    if (size >= sizeof item) return ig__fail(IG_USAGE, "--optimizers: an item of %zu letters is too long", size);
    snprintf(item, sizeof item, "%.*s", (int)size, text);
    IG__TRY(take_word(item, "lr=", words, rates));
    IG__TRY(add_rates(words, rates, budget, number, out, run, count));
    text += size + (text[size] == ',');
  }
  if (*count < 2) return ig__fail(IG_USAGE, "compare: nothing to compare; give two optimizers at least, or several rates: --optimizers \"sgd lr=0.1:0.01, adam\"");
  return IG_OK;
}
