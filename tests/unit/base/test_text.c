/* Numbers and words as text. */
#include "base/rng.h"
#include "base/text.h"
#include "test.h"

#include <float.h>
#include <locale.h>
#include <stdlib.h>

TEST(parse_double) {
  static const struct { const char *text; double value; } good[] = {
    {"0", 0}, {"1", 1}, {"-1", -1}, {"+2.5", 2.5}, {".5", .5}, {"5.", 5}, {"1e-3", 1e-3}, {"1E3", 1e3}, {"1/255", 1.0 / 255},
    {"-1/4", -.25}, {"1e1/1e2", .1}, {"1e-400", 0}, {"1.7976931348623157e308", DBL_MAX}, {"5e-324", 5e-324},
    {"0.1000000000000000055511151231257827", .1}, {"00012", 12}, {"9007199254740993", 9007199254740992.0},
  };
  static const char *const bad[] = {
    "", " 1", "1 ", "e", "1e", "1e+", ".", "-", "+", "--1", "0x10", "inf", "nan", "-inf", "infinity", "1e400", "-1e400",
    "1/0", "0/0", "1/", "/2", "1/2/3", "1,5", "1.2.3", "1d", "1e5.5", "1_000", "٣", "1\n",
  };
  for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
    double v = -7;
    if (!ig__parse_double(good[i].text, &v) || v != good[i].value)
      test_fail(__FILE__, __LINE__, "%s gave %.17g", good[i].text, v);
  }
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    double v = -7;
    if (ig__parse_double(bad[i], &v) || v != -7) test_fail(__FILE__, __LINE__, "'%s' is taken as %g", bad[i], v);
  }
  double zero = 1;
  CHECK(ig__parse_double("-0", &zero) && zero == 0 && signbit(zero));
}

TEST(parse_i64) {
  static const struct { const char *text; int64_t value; } good[] = {
    {"0", 0}, {"-0", 0}, {"+7", 7}, {"-12", -12}, {"9223372036854775807", INT64_MAX}, {"-9223372036854775808", INT64_MIN},
    {"0000000000000000000000000005", 5},
  };
  static const char *const bad[] = {
    "", "-", "+", " 1", "1 ", "1.0", "1e3", "0x1", "9223372036854775808", "-9223372036854775809", "99999999999999999999", "+-1",
  };
  for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
    int64_t v = -99;
    if (!ig__parse_i64(good[i].text, &v) || v != good[i].value)
      test_fail(__FILE__, __LINE__, "%s gave %lld", good[i].text, (long long)v);
  }
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    int64_t v = -99;
    if (ig__parse_i64(bad[i], &v) || v != -99) test_fail(__FILE__, __LINE__, "'%s' is taken", bad[i]);
  }
}

TEST(parse_seconds) {
  double v = 0;
  CHECK(ig__parse_seconds("90", &v) && v == 90);
  CHECK(ig__parse_seconds("90s", &v) && v == 90);
  CHECK(ig__parse_seconds("10m", &v) && v == 600);
  CHECK(ig__parse_seconds("1.5h", &v) && v == 5400);
  CHECK(ig__parse_seconds("2d", &v) && v == 172800);
  CHECK(ig__parse_seconds("0", &v) && v == 0);
  static const char *const bad[] = {"", "s", "-1", "-1m", "1x", "1ms", "1h30m", "1 h", "1e308h", "nan"};
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    v = -7;
    if (ig__parse_seconds(bad[i], &v) || v != -7) test_fail(__FILE__, __LINE__, "'%s' is taken as %g", bad[i], v);
  }
  char longest[200];
  memset(longest, '1', sizeof longest - 1);
  longest[sizeof longest - 1] = 0;
  CHECK(!ig__parse_seconds(longest, &v));
}

TEST(print_double) {
  static const struct { double value; const char *text; } cases[] = {
    {0, "0"}, {-0.0, "-0"}, {1, "1"}, {-1.5, "-1.5"}, {100, "100"}, {100000, "100000"}, {1234567, "1234567"}, {0.001, "0.001"},
    {0.0001, "0.0001"}, {1e-5, "1e-05"}, {1e-7, "1e-07"}, {1.25e-7, "1.25e-07"}, {0.1, "0.1"}, {1.0 / 3, "0.3333333333333333"},
    {0.1 + 0.2, "0.30000000000000004"}, {1e15, "1000000000000000"}, {1e16, "1e+16"}, {1e22, "1e+22"}, {1e100, "1e+100"},
    {123.456, "123.456"}, {DBL_MAX, "1.7976931348623157e+308"}, {5e-324, "5e-324"}, {-DBL_MIN, "-2.2250738585072014e-308"},
    {9007199254740993.0, "9007199254740992"}, {INFINITY, "inf"}, {-INFINITY, "-inf"}, {NAN, "nan"}, {0.02, "0.02"},
    {1234567890123456.0, "1234567890123456"},
  };
  char out[32];
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) CHECK_STR(ig__print_double(out, cases[i].value), cases[i].text);
}

TEST(printed_doubles_read_back_the_same) {
  ig__rng r = ig__rng_make(1, IG__FOR_TEST, 0, 0);
  for (int i = 0; i < 200000; i++) {
    uint64_t bits = ig__rng_u64(&r), back_bits;
    char out[32];
    double v, back;
    memcpy(&v, &bits, sizeof v);
    if (i % 2) v = (double)ig__rng_below(&r, 100000) / 1000; /* short ones too */
    if (!isfinite(v)) continue;
    CHECK(ig__parse_double(ig__print_double(out, v), &back));
    memcpy(&bits, &v, sizeof v);
    memcpy(&back_bits, &back, sizeof v);
    if (bits != back_bits) test_fail(__FILE__, __LINE__, "%.17g became %s", v, out);
    if (i % 2 && strlen(out) > 6) test_fail(__FILE__, __LINE__, "%.17g is longer than need be: %s", v, out);
  }
}

TEST(print_bytes_and_counts) {
  char out[32];
  CHECK_STR(ig__print_bytes(out, 0), "0 B");
  CHECK_STR(ig__print_bytes(out, 1023), "1023 B");
  CHECK_STR(ig__print_bytes(out, 1024), "1.0 KiB");
  CHECK_STR(ig__print_bytes(out, 1048575), "1.0 MiB");
  CHECK_STR(ig__print_bytes(out, 1992294), "1.9 MiB");
  CHECK_STR(ig__print_bytes(out, 1023 * 1024), "1023 KiB");
  CHECK_STR(ig__print_bytes(out, 104857600), "100 MiB");
  CHECK_STR(ig__print_bytes(out, UINT64_MAX), "16.0 EiB");
  CHECK_STR(ig__print_count(out, 0), "0");
  CHECK_STR(ig__print_count(out, 999), "999");
  CHECK_STR(ig__print_count(out, 1000), "1,000");
  CHECK_STR(ig__print_count(out, 225034), "225,034");
  CHECK_STR(ig__print_count(out, -1234567), "-1,234,567");
  CHECK_STR(ig__print_count(out, INT64_MIN), "-9,223,372,036,854,775,808");
}

TEST(word_distance) {
  CHECK_INT(ig__word_distance("", ""), 0);
  CHECK_INT(ig__word_distance("", "abc"), 3);
  CHECK_INT(ig__word_distance("abc", ""), 3);
  CHECK_INT(ig__word_distance("stride", "stride"), 0);
  CHECK_INT(ig__word_distance("strid", "stride"), 1);
  CHECK_INT(ig__word_distance("stridde", "stride"), 1);
  CHECK_INT(ig__word_distance("strode", "stride"), 1);
  CHECK_INT(ig__word_distance("srtide", "stride"), 1);
  CHECK_INT(ig__word_distance("kitten", "sitting"), 3);
  CHECK_INT(ig__word_distance("ca", "abc"), 3);
  char a[200], b[200];
  memset(a, 'a', sizeof a);
  memset(b, 'a', sizeof b);
  a[199] = b[199] = 0;
  b[100] = 'b'; /* beyond what is looked at */
  CHECK_INT(ig__word_distance(a, b), 0);
}

TEST(nearest) {
  static const char *const names[] = {"adam", "adamw", "sgd", "rmsprop", NULL, "batch_size", "k"};
  const size_t n = sizeof names / sizeof names[0];
  CHECK_STR(ig__nearest("adma", names, n), "adam");
  CHECK_STR(ig__nearest("AdamW", names, n), "adamw");
  CHECK_STR(ig__nearest("SGD", names, n), "sgd");
  CHECK_STR(ig__nearest("batch-size", names, n), "batch_size");
  CHECK_STR(ig__nearest("rmsporp", names, n), "rmsprop");
  CHECK(ig__nearest("lbfgs", names, n) == NULL);
  CHECK(ig__nearest("x", names, n) == NULL); /* nothing in common with k */
  CHECK(ig__nearest("", names, n) == NULL);
  CHECK(ig__nearest("adam", names, 0) == NULL);
}

TEST(utf8_step) {
  CHECK_INT(ig__utf8_step("a", 1), 1);
  CHECK_INT(ig__utf8_step("ä", 2), 2);
  CHECK_INT(ig__utf8_step("猫", 3), 3);
  CHECK_INT(ig__utf8_step("🐈", 4), 4);
  CHECK_INT(ig__utf8_step("猫", 2), 0);
  CHECK_INT(ig__utf8_step("a", 0), 0);
  static const char *const bad[] = {"\x80", "\xC1\x80", "\xE0\x9F\x80", "\xED\xA0\x80", "\xF0\x8F\x80\x80", "\xF4\x90\x80\x80",
                                    "\xF5\x80\x80\x80", "\xC3\xC3", "\xE7\x8C."};
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) CHECK_INT(ig__utf8_step(bad[i], strlen(bad[i])), 0);
}

/* A locale with a decimal comma: an installed one, or one made for this test. */
static bool use_comma_locale(void) {
  static const char *const names[] = {"de_DE.UTF-8", "de_DE.utf8", "de_DE", "fr_FR.UTF-8", "ru_RU.UTF-8"};
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
    if (setlocale(LC_ALL, names[i]) && localeconv()->decimal_point[0] == ',') return true;
  char command[512];
  snprintf(command, sizeof command, "localedef -c -i de_DE -f UTF-8 %s/de_DE.UTF-8 >/dev/null 2>&1", test_folder());
  if (system(command) == -1) return false;
  setenv("LOCPATH", test_folder(), 1);
  bool found = setlocale(LC_ALL, "de_DE.UTF-8") && localeconv()->decimal_point[0] == ',';
  unsetenv("LOCPATH");
  return found;
}

TEST(a_decimal_comma_around_us_changes_nothing) {
  char out[32], printed[32];
  if (!use_comma_locale()) test_skip("no locale with a decimal comma, and localedef cannot make one");
  snprintf(printed, sizeof printed, "%.1f", 0.5); /* the program around us */
  double v = 0, w = 0;
  bool point = ig__parse_double("1.5", &v), comma = ig__parse_double("1,5", &w);
  ig__print_double(out, 0.25);
  ig__fail(IG_FAILED, "%.2f", 0.75);
  const char *words = ig__errno_text(2);
  setlocale(LC_ALL, "C");
  CHECK_STR(printed, "0,5");
  CHECK(point && v == 1.5 && !comma);
  CHECK_STR(out, "0.25");
  CHECK_STR(ig_last_error(), "0.75");
  CHECK_STR(words, "No such file or directory");
}

TEST(globs) {
  static const struct { const char *pattern, *text; bool want; } rows[] = {
    {"", "", true}, {"*", "", true}, {"*", "abc", true}, {"a*", "abc", true}, {"*c", "abc", true}, {"a*c", "abc", true},
    {"a*b*c", "axxbyyc", true}, {"*b*b", "abab", true}, {"?bc", "abc", true}, {"abc", "abc", true}, {"", "a", false}, {"?", "", false},
    {"a", "ab", false}, {"ab", "a", false}, {"*b", "abc", false}, {"a*d", "abc", false}, {"conv2d1.*", "conv2d1.weight", true},
    {"conv2d1.*", "conv2d12.weight", false}, {"**", "x", true}, {"*a*a*a*a*b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", false}};
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
    if (ig__glob(rows[i].pattern, rows[i].text) != rows[i].want) test_fail(__FILE__, __LINE__, "%s on %s", rows[i].pattern, rows[i].text);
}
