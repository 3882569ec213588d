/* The registries. Each all.def is included twice, for declarations and table; finding and parsing are written
 * once, over the members that every kind begins with. */
#include "optim/descent.h"

#include "base/alloc.h"
#include "base/text.h"
#include "base/unknown.h"

#include <string.h>

#define MOST_THINGS 64 /* in one registry, and KNOWN_SIZE bytes for their names: test_registry.c, room_for_names */
#define KNOWN_SIZE 512
#define MOST_WORDS 32 /* in one text: a name and its options */

/* Thing number i of a registry, NULL at its end. */
typedef const ig__thing *(*thing_at)(size_t i);

/* The place of `name`, or that of the NULL at the end. */
static size_t find(thing_at at, const char *name) {
  size_t i = 0;
  while (at(i) && strcmp(at(i)->name, name) != 0) i++;
  return i;
}

/* `word` is NULL when the text was empty. */
static ig_status unknown(const char *kind, thing_at at, const char *word) {
  const char *names[MOST_THINGS] = {NULL};
  char known[IG__SUGGESTION_SIZE];
  size_t count = 0;
  for (; count < MOST_THINGS && at(count); count++) names[count] = at(count)->name;
  if (!word) return ig__fail(IG_USAGE, "%s: a name is missing%s", kind, ig__suggestion(known, "", names, count));
  return ig__unknown(IG_USAGE, word, names, count, "%s:", kind);
}

static ig_status parse_words(const char *kind, thing_at at, char **words, int count, size_t *index, void **options) {
  if (count == 0) return unknown(kind, at, NULL);
  size_t i = find(at, words[0]);
  const ig__thing *thing = at(i);
  if (!thing) return unknown(kind, at, words[0]);
  void *parsed = ig__alloc(1, thing->options_size);
  if (!parsed) return IG_NO_MEMORY;
  ig_status status = ig__options_parse(thing->name, thing->options, parsed, words + 1, count - 1);
  if (status == IG_OK && thing->check) status = thing->check(parsed);
  if (status != IG_OK) {
    ig__free(parsed);
    return status;
  }
  *index = i;
  *options = parsed;
  return IG_OK;
}

static ig_status parse(const char *kind, thing_at at, const char *text, size_t *index, void **options) {
  char *words[MOST_WORDS];
  char *copy = ig__strdup(text ? text : "");
  if (!copy) return IG_NO_MEMORY;
  int count = ig__split_words(copy, words, MOST_WORDS);
  ig_status status = count < 0 ? ig__fail(IG_USAGE, "%s: more than %d words in '%.200s…'", kind, MOST_WORDS, text)
                               : parse_words(kind, at, words, count, index, options);
  ig__free(copy);
  return status;
}

#define REGISTRY(one, many, shown)                                                                  \
  static const ig__thing *one##_at(size_t i) { return ig__##many[i] ? &ig__##many[i]->thing : NULL; } \
  const ig__##one *ig__##one##_find(const char *name) { return ig__##many[find(one##_at, name)]; }  \
  ig_status ig__##one##_parse(const char *text, const ig__##one **thing, void **options) {          \
    size_t index;                                                                                   \
    IG__TRY(parse(shown, one##_at, text, &index, options));                                         \
    *thing = ig__##many[index];                                                                     \
    return IG_OK;                                                                                   \
  }

#define X(name) extern const ig__optimiser ig__optimiser_##name;
#include "optim/optimisers/all.def"
#undef X
#define X(name) &ig__optimiser_##name,
const ig__optimiser *const ig__optimisers[] = {
#include "optim/optimisers/all.def"
  NULL };
#undef X
REGISTRY(optimiser, optimisers, "optimizer")

#define X(name) extern const ig__schedule ig__schedule_##name;
#include "optim/schedules/all.def"
#undef X
#define X(name) &ig__schedule_##name,
const ig__schedule *const ig__schedules[] = {
#include "optim/schedules/all.def"
  NULL };
#undef X
REGISTRY(schedule, schedules, "schedule")

#define X(name) extern const ig__penalty ig__penalty_##name;
#include "optim/penalties/all.def"
#undef X
#define X(name) &ig__penalty_##name,
const ig__penalty *const ig__penalties[] = {
#include "optim/penalties/all.def"
  NULL };
#undef X
REGISTRY(penalty, penalties, "penalty")

#define X(name) extern const ig__average ig__average_##name;
#include "optim/averages/all.def"
#undef X
#define X(name) &ig__average_##name,
const ig__average *const ig__averages[] = {
#include "optim/averages/all.def"
  NULL };
#undef X
REGISTRY(average, averages, "average")

#define X(name) extern const ig__initialiser ig__initialiser_##name;
#include "optim/initialisers/all.def"
#undef X
#define X(name) &ig__initialiser_##name,
const ig__initialiser *const ig__initialisers[] = {
#include "optim/initialisers/all.def"
  NULL };
#undef X
REGISTRY(initialiser, initialisers, "initialiser")

#define X(name) extern const ig__descent_method ig__descent_##name;
#include "optim/descents/all.def"
#undef X
#define X(name) &ig__descent_##name,
const ig__descent_method *const ig__descent_methods[] = {
#include "optim/descents/all.def"
  NULL };
#undef X
REGISTRY(descent_method, descent_methods, "optimizer")
