/* The one text grammar. */
#include "base/options.h"
#include "base/rng.h"
#include "test.h"

#include <limits.h>
#include <stdlib.h>

typedef struct {
  int filters;
  ig__pair k, pad;
  bool bias;
  double rate;
  int64_t steps;
  ig__list mean;
  char path[24];
  int fit, groups;
} demo;

static const ig__word pads[] = {{"same", -1}, {"valid", -2}, {NULL, 0}};
static const ig__word fits[] = {{"stretch", 0}, {"crop", 1}, {"letterbox", 2}, {NULL, 0}};
static const ig__option table[] = {
  IG__POSITIONAL(demo, filters, NULL, 1, 65536, "", "output channels"),
  IG__OPTION(demo, k, "3", 1, 255, "pixels", "kernel height and width"),
  IG__OPTION_WORDS(demo, pad, "0", 0, 255, "pixels", "border", pads),
  IG__OPTION(demo, bias, "yes", 0, 1, "", "add a bias to each channel"),
  IG__OPTION(demo, rate, "1/255", 0, 1, "", "rate"),
  IG__OPTION(demo, steps, "0", -9e18, 9e18, "steps", "number of steps"),
  IG__OPTION(demo, mean, "", -10, 10, "", "mean of each channel"),
  IG__OPTION(demo, path, "", 0, 0, "", "where"),
  IG__OPTION_WORDS(demo, fit, "stretch", 1, 0, "", "how it fits", fits),
  IG__POSITIONAL(demo, groups, "1", 1, INT_MAX, "", "groups"),
  IG__OPTIONS_END,
};

static ig_status parse(demo *d, const char *text) { return ig__options_parse_text("demo", table, d, text); }

TEST(defaults) {
  demo d;
  memset(&d, 0x55, sizeof d);
  ig__options_default(table, &d);
  CHECK_INT(d.filters, 0);
  CHECK(d.k.a == 3 && d.k.b == 3 && d.pad.a == 0 && d.bias && d.rate == 1.0 / 255 && d.steps == 0 && d.mean.count == 0);
  CHECK_STR(d.path, "");
  CHECK(d.fit == 0 && d.groups == 1);
  ig__options_default(NULL, NULL);
}

TEST(words_of_every_type) {
  demo d;
  CHECK_OK(parse(&d, "32 k=3x5 pad=same bias=no rate=1e-3 steps=9000000000 mean=.5,-1,1/4 path=a/猫.png fit=crop 4"));
  CHECK(d.filters == 32 && d.k.a == 3 && d.k.b == 5 && d.pad.a == -1 && d.pad.b == -1 && !d.bias && d.rate == 1e-3);
  CHECK(d.steps == 9000000000 && d.mean.count == 3 && d.mean.v[0] == .5 && d.mean.v[1] == -1 && d.mean.v[2] == .25);
  CHECK_STR(d.path, "a/猫.png");
  CHECK(d.fit == 1 && d.groups == 4);
  CHECK_OK(parse(&d, "  k=1\t filters=7   # and 9 k=2 are a comment"));
  CHECK(d.filters == 7 && d.k.a == 1 && d.groups == 1);
  CHECK_OK(parse(&d, "1 bias=on"));
  CHECK(d.bias);
  CHECK_OK(parse(&d, "1 pad=2x0"));
  CHECK(d.pad.a == 2 && d.pad.b == 0);
  CHECK_OK(parse(&d, "1 \"path=my pictures # 1\""));
  CHECK_STR(d.path, "my pictures # 1");
  CHECK_OK(parse(&d, "1 path=\"a \\\"b\\\" \\\\c\""));
  CHECK_STR(d.path, "a \"b\" \\c");
}

TEST(mistakes_are_named) {
  static const struct { const char *text, *says, *also; } cases[] = {
    {"", "demo: filters is missing", "output channels"},
    {NULL, "filters is missing", ""},
    {"k=3", "filters is missing", ""},
    {"32 stepz=3", "'stepz' is not known", "did you mean steps?"},
    {"32 Bias=no", "'Bias' is not known", "did you mean bias?"},
    {"32 zzzzzz=3", "'zzzzzz' is not known", "known: filters, k, pad, bias, rate, steps, mean, path, fit, groups"},
    {"32 k=900", "k=900 is out of range", "1 … 255 pixels"},
    {"32 k=3x900", "k=3x900 is out of range", ""},
    {"32 k=0", "out of range", ""},
    {"32 k=3x", "k=3x is not a whole number", ""},
    {"32 k=x3", "not a whole number", ""},
    {"32 k=3x3x3", "not a whole number", ""},
    {"32 k=1.5", "not a whole number", ""},
    {"32 k=", "not a whole number", ""},
    {"32 k=00000000000000000000000000000000000000000000000000000000001", "not a whole number", ""},
    {"0", "filters=0 is out of range", "1 … 65536"},
    {"65537", "out of range", ""},
    {"99999999999999999999", "not a whole number", ""},
    {"32 pad=sam", "pad=sam is not known", "did you mean same?"},
    {"32 pad=full", "pad=full is not known", "known: same, valid, or a number"},
    {"32 pad=-1", "pad=-1 is out of range", ""},
    {"32 fit=croop", "fit=croop is not known", "did you mean crop?"},
    {"32 fit=1", "fit=1 is not known", "known: stretch, crop, letterbox"},
    {"32 bias=maybe", "bias=maybe is neither yes nor no", ""},
    {"32 bias", "'bias' stands alone", "did you mean bias=yes?"},
    {"32 2 k", "'k' stands alone", "did you mean k=...?"},
    {"32 2 17", "'17' is one word too many", "2 without '=' are taken"},
    {"32 k=3 k=3", "k is given twice", ""},
    {"32 filters=3", "filters is given twice", ""},
    {"filters=3 32", "filters is given twice", ""},
    {"32 rate=nan", "rate=nan is not a number", ""},
    {"32 rate=1e999", "is not a number", ""},
    {"32 rate=1.5", "out of range, 0 … 1", ""},
    {"32 mean=1,,2", "is not a number", ""},
    {"32 mean=1,", "ends with a comma", ""},
    {"32 mean=,1", "is not a number", ""},
    {"32 mean=1,11", "out of range", ""},
    {"32 mean=1,2,3,4,5,6,7,8,9,1,2,3,4,5,6,7,8", "more than 16 numbers", ""},
    {"32 path=123456789012345678901234", "longer than 23 bytes", ""},
    {"32 groups=99999999999", "out of range, at least 1", ""},
    {"32 steps=1e3", "not a whole number", ""},
  };
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    demo d;
    ig_status status = parse(&d, cases[i].text);
    if (status != IG_USAGE || !strstr(ig_last_error(), cases[i].says) || !strstr(ig_last_error(), cases[i].also))
      test_fail(__FILE__, __LINE__, "'%s': %s: %s", cases[i].text ? cases[i].text : "NULL", ig_status_name(status), ig_last_error());
    CHECK_HAS(ig_last_error(), "demo: ");
  }
}

TEST(things_without_options) {
  int dummy = 5;
  CHECK_OK(ig__options_parse_text("relu", NULL, &dummy, ""));
  CHECK_OK(ig__options_parse_text("relu", NULL, NULL, NULL));
  CHECK_STATUS(ig__options_parse_text("relu", NULL, &dummy, "k=3"), IG_USAGE);
  CHECK_HAS(ig_last_error(), "relu: 'k' is not known: it takes no options");
  CHECK_STATUS(ig__options_parse_text("relu", NULL, &dummy, "3"), IG_USAGE);
  CHECK_HAS(ig_last_error(), "takes no options");
  CHECK_STATUS(ig__option_set("relu", NULL, &dummy, "k", "3"), IG_USAGE);
  CHECK_INT(dummy, 5);
}

TEST(option_set_changes_one_or_nothing) {
  demo d;
  ig__options_default(table, &d);
  CHECK_OK(ig__option_set("demo", table, &d, "k", "7"));
  CHECK_OK(ig__option_set("demo", table, &d, "path", "long enough to see"));
  CHECK_OK(ig__option_set("demo", table, &d, "path", "p"));
  CHECK_STR(d.path, "p");
  demo before = d;
  CHECK_STATUS(ig__option_set("demo", table, &d, "k", "7x"), IG_USAGE);
  CHECK_STATUS(ig__option_set("demo", table, &d, "mean", "1,2,x"), IG_USAGE);
  CHECK_STATUS(ig__option_set("demo", table, &d, "path", "123456789012345678901234"), IG_USAGE);
  CHECK_STATUS(ig__option_set("demo", table, &d, "kk", "1"), IG_USAGE);
  CHECK(memcmp(&before, &d, sizeof d) == 0);
}

TEST(a_default_that_cannot_be_read_is_a_failure_of_ours) {
  static const ig__option broken[] = {IG__OPTION(demo, groups, "zero", 1, 2, "", ""), IG__OPTIONS_END};
  demo d;
  CHECK_STATUS(ig__options_parse_text("demo", broken, &d, ""), IG_FAILED);
  CHECK_HAS(ig_last_error(), "the default of groups");
}

TEST(split_words) {
  static const struct { const char *text; int count; const char *first, *last; } cases[] = {
    {"", 0, NULL, NULL}, {"   \t\r\n", 0, NULL, NULL}, {"# all", 0, NULL, NULL}, {"a", 1, "a", "a"},
    {" a  b\tc \r\n", 3, "a", "c"}, {"a b#c d", 2, "a", "b"}, {"\"a b\" c", 2, "a b", "c"}, {"x=\"a # b\"", 1, "x=a # b", "x=a # b"},
    {"\"\" b", 2, "", "b"}, {"\"open end", 1, "open end", "open end"}, {"a\"b\"c", 1, "abc", "abc"}, {"\"\\\"\"#", 1, "\"", "\""},
    {"\"\\n\"", 1, "\\n", "\\n"}, {"猫 狗", 2, "猫", "狗"}, {"a\\ b", 2, "a\\", "b"}, {"\"a\"b", 1, "ab", "ab"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    char text[64], *words[3];
    strcpy(text, cases[i].text);
    int n = ig__split_words(text, words, 3);
    if (n != cases[i].count) test_fail(__FILE__, __LINE__, "'%s' is %d words", cases[i].text, n);
    if (n == 0) continue;
    CHECK_STR(words[0], cases[i].first);
    CHECK_STR(words[n - 1], cases[i].last);
  }
  char four[] = "a b c d", comment[] = "a b c # d", *words[3];
  CHECK_INT(ig__split_words(four, words, 3), -1);
  CHECK_INT(ig__split_words(comment, words, 3), 3);
}

static void check_round_trip(const demo *d, const char *want) {
  char text[1024];
  size_t length = ig__options_print("", table, d, text, sizeof text);
  demo back;
  memset(&back, 0, sizeof back); /* bytes between members are compared too */
  CHECK_INT(length, strlen(text));
  if (want) CHECK_STR(text, want);
  ig_status status = parse(&back, text);
  if (status != IG_OK) test_fail(__FILE__, __LINE__, "'%s': %s", text, ig_last_error());
  if (memcmp(d, &back, sizeof back) != 0) test_fail(__FILE__, __LINE__, "'%s' reads back as something else", text);
}

TEST(print_what_differs) {
  demo d;
  char text[256];
  memset(&d, 0, sizeof d);
  CHECK_OK(parse(&d, "32"));
  check_round_trip(&d, "32");
  CHECK_INT(ig__options_print("conv2d", table, &d, text, sizeof text), 9);
  CHECK_STR(text, "conv2d 32");
  CHECK_OK(parse(&d, "groups=2 filters=1 k=3x3 pad=same rate=0.1"));
  check_round_trip(&d, "1 pad=same rate=0.1 2");
  CHECK_OK(parse(&d, "5 path=\"a b=\\\"c\\\"\" mean=1/3,-2e-9 fit=letterbox bias=off"));
  check_round_trip(&d, "5 bias=no mean=0.3333333333333333,-2e-09 path=\"a b=\\\"c\\\"\" fit=letterbox");
  CHECK_INT(ig__options_print("t", NULL, NULL, text, sizeof text), 1);
  CHECK_STR(text, "t");
  /* Counts like snprintf, cuts like snprintf. */
  size_t length = ig__options_print("demo", table, &d, NULL, 0);
  CHECK_INT(ig__options_print("demo", table, &d, text, 8), length);
  CHECK_STR(text, "demo 5 ");
}

TEST(random_options_come_back) {
  ig__rng r = ig__rng_make(3, IG__FOR_TEST, 0, 0);
  static const char letters[] = "a \"\\#=,x猫\t";
  for (int i = 0; i < 20000; i++) {
    demo d;
    memset(&d, 0, sizeof d);
    d.filters = 1 + (int)ig__rng_below(&r, 65536);
    d.k = (ig__pair){1 + (int)ig__rng_below(&r, 5), 1 + (int)ig__rng_below(&r, 5)};
    int pad = (int)ig__rng_below(&r, 4) - 2;
    d.pad = pad < 0 ? (ig__pair){pad, pad} : (ig__pair){pad, (int)ig__rng_below(&r, 9)};
    d.bias = ig__rng_below(&r, 2);
    d.rate = ig__rng_below(&r, 4) ? ig__rng_uniform(&r) : 1.0 / 255;
    d.steps = (int64_t)(ig__rng_u64(&r) >> 2);
    d.mean.count = (int)ig__rng_below(&r, 17);
    for (int k = 0; k < d.mean.count; k++) d.mean.v[k] = ig__rng_range(&r, -10, 10);
    int length = (int)ig__rng_below(&r, 20);
    for (int k = 0; k < length; k++) d.path[k] = letters[ig__rng_below(&r, sizeof letters - 1)];
    d.fit = (int)ig__rng_below(&r, 3);
    d.groups = 1 + (int)ig__rng_below(&r, 3);
    check_round_trip(&d, NULL);
  }
}

typedef struct { char name[16], more[16]; ig__list sizes; } texts;

TEST(positional_texts_that_cannot_stand_bare_get_their_key) {
  static const ig__option two[] = {IG__POSITIONAL(texts, name, NULL, 0, 0, "", ""), IG__POSITIONAL(texts, more, "m", 0, 0, "", ""),
                                   IG__POSITIONAL(texts, sizes, "1", 0, 9, "", ""), IG__OPTIONS_END};
  static const struct { const char *name, *more; int sizes; const char *want; } cases[] = {
    {"a", "m", 1, "a"}, {"a", "b", 1, "a b"}, {"", "b", 1, "name= more=b"}, {"a=b", "m", 1, "name=a=b"}, {"a b", "", 1, "\"a b\" more="},
    {"a", "b", 2, "a b 1,1"}, {"a", "b", 0, "a b sizes="}, {"a", "m", 2, "a sizes=1,1"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    texts t, back;
    char text[128];
    memset(&t, 0, sizeof t);
    memset(&back, 0, sizeof back);
    strcpy(t.name, cases[i].name);
    strcpy(t.more, cases[i].more);
    t.sizes.count = cases[i].sizes;
    for (int k = 0; k < cases[i].sizes; k++) t.sizes.v[k] = 1;
    ig__options_print(NULL, two, &t, text, sizeof text);
    CHECK_STR(text, cases[i].want);
    CHECK_OK(ig__options_parse_text("texts", two, &back, text));
    CHECK(memcmp(&t, &back, sizeof t) == 0);
  }
}

TEST(help) {
  char text[2048];
  size_t length = ig__options_help(table, text, sizeof text);
  CHECK_INT(length, strlen(text));
  CHECK_HAS(text, "  filters (required) 1 … 65536: output channels\n");
  CHECK_HAS(text, "  k=3             1 … 255 pixels: kernel height and width\n");
  CHECK_HAS(text, "  pad=0           same, valid or 0 … 255 pixels: border\n");
  CHECK_HAS(text, "  bias=yes        yes or no: add a bias to each channel\n");
  CHECK_HAS(text, "  fit=stretch     stretch, crop, letterbox: how it fits\n");
  CHECK_HAS(text, "  groups=1        at least 1: groups\n");
  CHECK_HAS(text, "  path=           where\n");
  CHECK_INT(ig__options_help(NULL, text, sizeof text), 0);
  CHECK_STR(text, "");
}

TEST(more_options_than_a_word_has_bits) {
  enum { N = 100 };
  static char names[N][8];
  static ig__option many[N + 1];
  int values[N];
  char text[2000] = "";
  for (int i = 0; i < N; i++) {
    snprintf(names[i], sizeof names[i], "o%d", i);
    many[i] = (ig__option){names[i], (size_t)i * sizeof(int), sizeof(int), IG__OPTION_INT, false, "0", 0, 1000, "", "", NULL};
    snprintf(text + strlen(text), sizeof text - strlen(text), "%s=%d ", names[i], i);
  }
  CHECK_OK(ig__options_parse_text("many", many, values, text));
  for (int i = 0; i < N; i++) CHECK_INT(values[i], i);
  strcat(text, "o64=1");
  CHECK_STATUS(ig__options_parse_text("many", many, values, text), IG_USAGE);
  CHECK_HAS(ig_last_error(), "o64 is given twice");
}
