/* Loops over the registries: what must hold for everything in them, also for what is added later. */
#include "base/alloc.h"
#include "optim/descent.h"
#include "test.h"

#include <stdlib.h>

/* The registries as one, so that each loop is written once. */
enum { OPTIMISERS, SCHEDULES, PENALTIES, AVERAGES, INITIALISERS, DESCENTS, KINDS };
static const char *const kind_names[KINDS] = {"optimizer", "schedule", "penalty", "average", "initialiser", "optimizer"};

static const ig__thing *thing_at(int kind, size_t i) {
  switch (kind) {
    case OPTIMISERS: return ig__optimisers[i] ? &ig__optimisers[i]->thing : NULL;
    case SCHEDULES: return ig__schedules[i] ? &ig__schedules[i]->thing : NULL;
    case PENALTIES: return ig__penalties[i] ? &ig__penalties[i]->thing : NULL;
    case AVERAGES: return ig__averages[i] ? &ig__averages[i]->thing : NULL;
    case INITIALISERS: return ig__initialisers[i] ? &ig__initialisers[i]->thing : NULL;
    default: return ig__descent_methods[i] ? &ig__descent_methods[i]->thing : NULL;
  }
}

static ig_status parse(int kind, const char *text, const ig__thing **thing, void **options) {
  const ig__optimiser *o = NULL;
  const ig__schedule *s = NULL;
  const ig__penalty *p = NULL;
  const ig__average *a = NULL;
  const ig__initialiser *i = NULL;
  const ig__descent_method *d = NULL;
  ig_status status;
  switch (kind) {
    case OPTIMISERS: status = ig__optimiser_parse(text, &o, options), *thing = o ? &o->thing : NULL; break;
    case SCHEDULES: status = ig__schedule_parse(text, &s, options), *thing = s ? &s->thing : NULL; break;
    case PENALTIES: status = ig__penalty_parse(text, &p, options), *thing = p ? &p->thing : NULL; break;
    case AVERAGES: status = ig__average_parse(text, &a, options), *thing = a ? &a->thing : NULL; break;
    case INITIALISERS: status = ig__initialiser_parse(text, &i, options), *thing = i ? &i->thing : NULL; break;
    default: status = ig__descent_method_parse(text, &d, options), *thing = d ? &d->thing : NULL; break;
  }
  return status;
}

static const ig__thing *find(int kind, const char *name) {
  const ig__optimiser *o = kind == OPTIMISERS ? ig__optimiser_find(name) : NULL;
  const ig__schedule *s = kind == SCHEDULES ? ig__schedule_find(name) : NULL;
  const ig__penalty *p = kind == PENALTIES ? ig__penalty_find(name) : NULL;
  const ig__average *a = kind == AVERAGES ? ig__average_find(name) : NULL;
  const ig__initialiser *i = kind == INITIALISERS ? ig__initialiser_find(name) : NULL;
  const ig__descent_method *d = kind == DESCENTS ? ig__descent_method_find(name) : NULL;
  return o ? &o->thing : s ? &s->thing : p ? &p->thing : a ? &a->thing : i ? &i->thing : d ? &d->thing : NULL;
}

#define EACH_THING(kind, i, t)                       \
  for (int kind = 0; kind < KINDS; kind++)           \
    for (size_t i = 0; thing_at(kind, i); i++)       \
      for (const ig__thing *t = thing_at(kind, i); t; t = NULL)

TEST(order_is_alphabetical) {
  EACH_THING(kind, i, t) {
    const ig__thing *before = i ? thing_at(kind, i - 1) : NULL;
    if (before && strcmp(before->name, t->name) >= 0)
      test_fail(__FILE__, __LINE__, "%s stands before %s", before->name, t->name);
  }
}

TEST(found_by_name) {
  EACH_THING(kind, i, t) CHECK(find(kind, t->name) == t);
  for (int kind = 0; kind < KINDS; kind++) {
    CHECK(!find(kind, "nothing"));
    CHECK(!find(kind, ""));
  }
}

/* ASCII in what a terminal shows; every option with a help of its own. */
TEST(words_are_there) {
  EACH_THING(kind, i, t) {
    CHECK(t->help && t->help[0]);
    CHECK(t->source && t->source[0]);
    for (const char *c = t->help; *c; c++) CHECK(*c >= ' ' && *c <= '~');
    CHECK((t->options == NULL) == (t->options_size == 0));
    for (const ig__option *o = t->options; o && o->name; o++) {
      CHECK(o->help && o->help[0]);
      CHECK(o->offset + o->size <= t->options_size);
    }
  }
}

TEST(schedules_begin_with_warmup) {
  for (size_t i = 0; ig__schedules[i]; i++) {
    const ig__option *o = ig__schedules[i]->options;
    while (o->name && strcmp(o->name, "warmup") != 0) o++;
    CHECK(o->name && o->offset == 0 && o->type == IG__OPTION_DOUBLE && strcmp(o->fallback, "0") == 0);
  }
}

TEST(functions_are_there) {
  for (size_t i = 0; ig__optimisers[i]; i++) {
    CHECK(ig__optimisers[i]->slots && ig__optimisers[i]->step && ig__optimisers[i]->default_lr > 0);
  }
  for (size_t i = 0; ig__schedules[i]; i++) CHECK(ig__schedules[i]->factor);
  for (size_t i = 0; ig__penalties[i]; i++) CHECK(ig__penalties[i]->lambda && !ig__penalties[i]->value != !ig__penalties[i]->tensor_value);
  for (size_t i = 0; ig__averages[i]; i++) CHECK(ig__averages[i]->share);
  for (size_t i = 0; ig__initialisers[i]; i++) CHECK(!ig__initialisers[i]->fill != !ig__initialisers[i]->fill_matrix);
}

/* The registry's messages list up to 64 names in 512 bytes. */
TEST(room_for_names) {
  for (int kind = 0; kind < KINDS; kind++) {
    size_t count = 0, length = 0;
    for (; thing_at(kind, count); count++) length += strlen(thing_at(kind, count)->name) + 2;
    CHECK(count > 0 && count < 64 && length < 512);
  }
}

/* A text that gives every required option (or every option, away from its default) a value within its range. */
static void write_text(const ig__thing *t, bool every, char *out, size_t size) {
  size_t used = (size_t)snprintf(out, size, "%s", t->name);
  for (const ig__option *o = t->options; o && o->name; o++) {
    if (o->fallback && !every) continue;
    if (o->words) {
      const ig__word *w = o->words;
      while (w[1].word) w++;
      used += (size_t)snprintf(out + used, size - used, " %s=%s", o->name, w->word);
    } else if (o->type == IG__OPTION_BOOL) {
      used += (size_t)snprintf(out + used, size - used, " %s=%s", o->name, strcmp(o->fallback, "no") ? "no" : "yes");
    } else {
      double low = fmax(o->min, 0), high = fmin(o->max, low + 1);
      bool whole = o->type == IG__OPTION_INT || o->type == IG__OPTION_I64;
      used += (size_t)snprintf(out + used, size - used, " %s=%.9g", o->name, whole ? high : low + (high - low) * 0.37);
    }
  }
}

/* The bare name parses, or the message names the option that has no default. */
TEST(defaults_parse) {
  EACH_THING(kind, i, t) {
    const ig__thing *found;
    const ig__option *required = t->options;
    void *options = NULL;
    char text[512];
    while (required && required->name && required->fallback) required++;
    if (required && required->name) {
      CHECK_STATUS(parse(kind, t->name, &found, &options), IG_USAGE);
      CHECK_HAS(ig_last_error(), t->name);
      CHECK_HAS(ig_last_error(), required->name);
      CHECK(!options && !found);
    }
    write_text(t, false, text, sizeof text);
    CHECK_OK(parse(kind, text, &found, &options));
    CHECK(found == t && options);
    ig__free(options);
  }
}

TEST(options_round_trip) {
  EACH_THING(kind, i, t)
    for (int every = 0; every < 2; every++) {
      const ig__thing *found;
      void *first = NULL, *second = NULL;
      char text[512], printed[512];
      write_text(t, every, text, sizeof text);
      CHECK_OK(parse(kind, text, &found, &first));
      CHECK(ig__options_print(t->name, t->options, first, printed, sizeof printed) < sizeof printed);
      CHECK_OK(parse(kind, printed, &found, &second));
      CHECK(found == t);
      CHECK(memcmp(first, second, t->options_size) == 0);
      ig__free(first);
      ig__free(second);
    }
}

TEST(unknown_names_get_the_nearest) {
  static const char *const wrong[KINDS][2] = {
    {"adamm beta1=0.8", "mean adam"}, {"cosin", "mean cosine"}, {"l3 0.1", "mean l"}, {"emma 0.9", "mean ema"},
    {"he_unifrom", "mean he_uniform"}, {"lbgfs memory=3", "mean lbfgs"}};
  for (int kind = 0; kind < KINDS; kind++) {
    const ig__thing *thing;
    void *options = NULL;
    CHECK_STATUS(parse(kind, wrong[kind][0], &thing, &options), IG_USAGE);
    CHECK_HAS(ig_last_error(), kind_names[kind]);
    CHECK_HAS(ig_last_error(), wrong[kind][1]);
    CHECK_STATUS(parse(kind, "qqqqqqqqqqqq", &thing, &options), IG_USAGE);
    for (size_t i = 0; thing_at(kind, i); i++) CHECK_HAS(ig_last_error(), thing_at(kind, i)->name);
    CHECK(!thing && !options);
  }
}

TEST(unknown_options_get_the_nearest) {
  const ig__thing *thing;
  void *options = NULL;
  CHECK_STATUS(parse(OPTIMISERS, "adam beta3=0.8", &thing, &options), IG_USAGE);
  CHECK_HAS(ig_last_error(), "beta3");
  CHECK_HAS(ig_last_error(), "adam");
  CHECK_STATUS(parse(OPTIMISERS, "sgd momentun=0.9", &thing, &options), IG_USAGE);
  CHECK_HAS(ig_last_error(), "momentum");
  CHECK_STATUS(parse(OPTIMISERS, "adam beta1=1", &thing, &options), IG_USAGE);
  CHECK_HAS(ig_last_error(), "beta1");
  CHECK_STATUS(parse(OPTIMISERS, "adam epsilon=0", &thing, &options), IG_USAGE);
  CHECK_STATUS(parse(PENALTIES, "l2 0.1 scale=hlaf", &thing, &options), IG_USAGE);
  CHECK_HAS(ig_last_error(), "half");
  CHECK_STATUS(parse(PENALTIES, "l1 -1", &thing, &options), IG_USAGE);
  CHECK_STATUS(parse(SCHEDULES, "step every=0", &thing, &options), IG_USAGE);
  CHECK_STATUS(parse(INITIALISERS, "zeros 1", &thing, &options), IG_USAGE);
  CHECK(!thing && !options);
}

TEST(empty_and_endless_texts) {
  char text[400] = "adam";
  const ig__thing *thing;
  void *options = NULL;
  for (size_t n = 4; n < 200; n += 2) memcpy(text + n, " x", 3);
  for (int kind = 0; kind < KINDS; kind++) {
    CHECK_STATUS(parse(kind, NULL, &thing, &options), IG_USAGE);
    CHECK_HAS(ig_last_error(), thing_at(kind, 0)->name);
    CHECK_STATUS(parse(kind, "", &thing, &options), IG_USAGE);
    CHECK_STATUS(parse(kind, "  \t # nothing", &thing, &options), IG_USAGE);
    CHECK_STATUS(parse(kind, text, &thing, &options), IG_USAGE);
  }
  CHECK(!thing && !options);
}

/* Every allocation that a parse makes is failed in turn: the status is right, nothing is left behind. */
TEST(out_of_memory) {
#ifdef IG__FAULTS
  EACH_THING(kind, i, t) {
    char text[512], fault[32];
    write_text(t, true, text, sizeof text);
    for (int n = 1;; n++) {
      const ig__thing *found;
      void *options = NULL;
      int64_t outstanding = ig__alloc_outstanding();
      snprintf(fault, sizeof fault, "malloc@%d", n);
      ig__fault_set(fault);
      ig_status status = parse(kind, text, &found, &options);
      ig__fault_set(NULL);
      if (status == IG_OK) {
        CHECK(n > 1);
        ig__free(options);
        CHECK(ig__alloc_outstanding() == outstanding);
        break;
      }
      CHECK_INT(status, IG_NO_MEMORY);
      CHECK(!options && ig__alloc_outstanding() == outstanding);
      CHECK(ig_last_error()[0]);
    }
  }
#else
  test_skip("no fault points in this build");
#endif
}
