#ifndef IG__TESTS_TEST_H
#define IG__TESTS_TEST_H
/* The test frame: TEST(name) { … CHECK(…) … } registers itself; tests/main.c runs what its arguments select and ends with
 * "N passed, N failed, N skipped". A failed CHECK names file, line and values and ends that test only. */

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

void test_register(const char *file, const char *name, void (*run)(void));
_Noreturn void test_fail(const char *file, int line, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* Ends the test as skipped; skips are counted and printed with their reason. */
_Noreturn void test_skip(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* A fresh folder for this test's files, removed afterwards. */
const char *test_folder(void);
/* Path of real data ("mnist"), from IMGRAD_TEST_DATA or ../shared/data beside the source tree; skips the test when absent. */
const char *test_data(const char *name);

#define TEST(name)                                                                        \
  static void test_##name(void);                                                          \
  __attribute__((constructor)) static void test_register_##name(void) {                   \
    test_register(__FILE__, #name, test_##name);                                          \
  }                                                                                       \
  static void test_##name(void)

#define CHECK(cond)                                                  \
  do {                                                               \
    if (!(cond)) test_fail(__FILE__, __LINE__, "%s", #cond);         \
  } while (0)
#define CHECK_OK(expr)                                                                                            \
  do {                                                                                                            \
    ig_status s_ = (expr);                                                                                        \
    if (s_ != IG_OK) test_fail(__FILE__, __LINE__, "%s: %s: %s", #expr, ig_status_name(s_), ig_last_error());      \
  } while (0)
#define CHECK_STATUS(expr, want)                                                                                  \
  do {                                                                                                            \
    ig_status s_ = (expr);                                                                                        \
    if (s_ != (want))                                                                                             \
      test_fail(__FILE__, __LINE__, "%s: got %s (%s), want %s", #expr, ig_status_name(s_), ig_last_error(), #want); \
  } while (0)
#define CHECK_INT(got, want)                                                                                      \
  do {                                                                                                            \
    long long g_ = (long long)(got), w_ = (long long)(want);                                                      \
    if (g_ != w_) test_fail(__FILE__, __LINE__, "%s is %lld, want %lld", #got, g_, w_);                           \
  } while (0)
#define CHECK_STR(got, want)                                                                                      \
  do {                                                                                                            \
    const char *g_ = (got), *w_ = (want);                                                                         \
    if (strcmp(g_, w_) != 0) test_fail(__FILE__, __LINE__, "%s is \"%s\", want \"%s\"", #got, g_, w_);            \
  } while (0)
#define CHECK_HAS(text, part)                                                                                     \
  do {                                                                                                            \
    const char *t_ = (text), *p_ = (part);                                                                        \
    if (!strstr(t_, p_)) test_fail(__FILE__, __LINE__, "\"%s\" lacks \"%s\"", t_, p_);                            \
  } while (0)
#define CHECK_NEAR(got, want, tolerance)                                                                          \
  do {                                                                                                            \
    double g_ = (got), w_ = (want), t_ = (tolerance);                                                             \
    if (!(fabs(g_ - w_) <= t_)) test_fail(__FILE__, __LINE__, "%s is %.17g, want %.17g within %g", #got, g_, w_, t_); \
  } while (0)

#endif
