/* Numbers and words as text. Nothing here depends on the locale that the program around the library has set. */
#include "base/text.h"

#include <errno.h>
#include <float.h>
#include <locale.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#ifdef __APPLE__
#include <xlocale.h>
#endif

static pthread_once_t locale_once = PTHREAD_ONCE_INIT;
static locale_t c_locale;

static void make_locale(void) { c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0); }

/* uselocale changes the calling thread alone, so this is invisible to the rest of the program. */
int ig__vformat(char *out, size_t size, const char *format, va_list args) {
  pthread_once(&locale_once, make_locale);
  locale_t before = uselocale(c_locale);
  int length = vsnprintf(out, size, format, args);
  uselocale(before);
  return length;
}

int ig__snprintf(char *out, size_t size, const char *format, ...) {
  va_list args;
  va_start(args, format);
  int length = ig__vformat(out, size, format, args);
  va_end(args);
  return length;
}

const char *ig__errno_text(int error) {
#ifdef __APPLE__
  static _Thread_local char text[128];
  if (strerror_r(error, text, sizeof text) != 0) return "unknown error";
  return text;
#else
  pthread_once(&locale_once, make_locale);
  return c_locale ? strerror_l(error, c_locale) : "unknown error";
#endif
}

size_t ig__utf8_step(const char *s, size_t size) {
  const unsigned char *u = (const unsigned char *)s;
  if (size == 0) return 0;
  if (u[0] < 0x80) return 1;
  size_t step = u[0] >= 0xF0 ? 4 : u[0] >= 0xE0 ? 3 : 2;
  if (u[0] < 0xC2 || u[0] > 0xF4 || step > size) return 0;
  for (size_t i = 1; i < step; i++)
    if ((u[i] & 0xC0) != 0x80) return 0;
  /* Overlong forms, surrogates and numbers beyond U+10FFFF show in the second byte. */
  if ((u[0] == 0xE0 && u[1] < 0xA0) || (u[0] == 0xED && u[1] > 0x9F)) return 0;
  if ((u[0] == 0xF0 && u[1] < 0x90) || (u[0] == 0xF4 && u[1] > 0x8F)) return 0;
  return step;
}

static const char *skip_digits(const char *s) {
  while (*s >= '0' && *s <= '9') s++;
  return s;
}

/* End of a decimal number that begins at `s`, or NULL. strtod alone would also take blanks, 0x1p3, inf and nan. */
static const char *number_end(const char *s) {
  if (*s == '+' || *s == '-') s++;
  const char *start = s;
  s = skip_digits(s);
  size_t digits = (size_t)(s - start);
  if (*s == '.') {
    const char *fraction = s + 1;
    s = skip_digits(fraction);
    digits += (size_t)(s - fraction);
  }
  if (digits == 0) return NULL;
  if (*s == 'e' || *s == 'E') {
    const char *exponent = s + 1;
    if (*exponent == '+' || *exponent == '-') exponent++;
    s = skip_digits(exponent);
    if (s == exponent) return NULL;
  }
  return s;
}

static double read_double(const char *s) {
  pthread_once(&locale_once, make_locale);
  int saved = errno;
  double v = c_locale ? strtod_l(s, NULL, c_locale) : NAN;
  errno = saved;
  return v;
}

bool ig__parse_double(const char *s, double *out) {
  const char *end = number_end(s);
  if (!end) return false;
  double v = read_double(s);
  if (*end == '/') {
    const char *divisor = end + 1;
    end = number_end(divisor);
    if (!end) return false;
    v /= read_double(divisor);
  }
  if (*end != 0 || !isfinite(v)) return false;
  *out = v;
  return true;
}

bool ig__parse_i64(const char *s, int64_t *out) {
  bool negative = *s == '-';
  if (*s == '+' || *s == '-') s++;
  uint64_t v = 0, limit = (uint64_t)INT64_MAX + (negative ? 1 : 0);
  if (*s == 0) return false;
  for (; *s; s++) {
    if (*s < '0' || *s > '9') return false;
    uint64_t digit = (uint64_t)(*s - '0');
    if (v > (limit - digit) / 10) return false;
    v = v * 10 + digit;
  }
  *out = !negative ? (int64_t)v : v == 0 ? 0 : -(int64_t)(v - 1) - 1;
  return true;
}

bool ig__parse_seconds(const char *s, double *out) {
  static const struct { char unit; double seconds; } units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}};
  char number[64];
  size_t length = strnlen(s, sizeof number);
  if (length == 0 || length == sizeof number) return false;
  memcpy(number, s, length + 1);
  double scale = 1, v;
  for (size_t i = 0; i < sizeof units / sizeof units[0]; i++)
    if (number[length - 1] == units[i].unit) {
      scale = units[i].seconds;
      number[length - 1] = 0;
      break;
    }
  if (!ig__parse_double(number, &v) || v < 0 || !isfinite(v * scale)) return false;
  *out = v * scale;
  return true;
}

/* Digits of v > 0 without trailing zeros, and the decimal exponent of the first. 15 digits give back every number that was
 * written with 15 or fewer; 17 are enough for all. Denormals hold fewer digits, and there each count is tried. */
static int shortest_digits(double v, char digits[20], int *exponent) {
  char text[40];
  for (int precision = v < DBL_MIN ? 0 : 14; precision <= 16; precision++) {
    ig__snprintf(text, sizeof text, "%.*e", precision, v);
    if (read_double(text) == v) break;
  }
  int count = 0;
  const char *s = text;
  for (; *s != 'e'; s++)
    if (*s != '.') digits[count++] = *s;
  int64_t e = 0;
  ig__parse_i64(s + 1, &e);
  *exponent = (int)e;
  while (count > 1 && digits[count - 1] == '0') count--;
  digits[count] = 0;
  return count;
}

const char *ig__print_double(char out[32], double v) {
  char digits[20];
  int exponent, count;
  const char *sign = signbit(v) ? "-" : "";
  if (!isfinite(v)) {
    ig__snprintf(out, 32, "%s", isnan(v) ? "nan" : v < 0 ? "-inf" : "inf");
    return out;
  }
  count = shortest_digits(fabs(v), digits, &exponent);
  if (exponent < -4 || exponent >= 16)
    ig__snprintf(out, 32, "%s%c%s%se%c%02d", sign, digits[0], count > 1 ? "." : "", digits + 1, exponent < 0 ? '-' : '+',
                 exponent < 0 ? -exponent : exponent);
  else if (exponent < 0)
    ig__snprintf(out, 32, "%s0.%.*s%s", sign, -exponent - 1, "000", digits);
  else if (count <= exponent + 1)
    ig__snprintf(out, 32, "%s%s%.*s", sign, digits, exponent + 1 - count, "0000000000000000");
  else
    ig__snprintf(out, 32, "%s%.*s.%s", sign, exponent + 1, digits, digits + exponent + 1);
  return out;
}

const char *ig__print_bytes(char out[32], uint64_t v) {
  static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  size_t unit = 0;
  double scaled = (double)v;
  /* The step is taken at what would round up to 1024: 1048575 bytes are 1.0 MiB, not 1024 KiB. */
  while (scaled >= (unit ? 1023.5 : 1024.0) && unit + 1 < sizeof units / sizeof units[0]) {
    scaled /= 1024;
    unit++;
  }
  ig__snprintf(out, 32, "%.*f %s", unit > 0 && scaled < 99.95 ? 1 : 0, scaled, units[unit]);
  return out;
}

const char *ig__print_count(char out[32], int64_t v) {
  char digits[24];
  uint64_t magnitude = v < 0 ? 0 - (uint64_t)v : (uint64_t)v;
  int count = ig__snprintf(digits, sizeof digits, "%llu", (unsigned long long)magnitude), at = 0;
  if (v < 0) out[at++] = '-';
  for (int i = 0; i < count; i++) {
    if (i > 0 && (count - i) % 3 == 0) out[at++] = ',';
    out[at++] = digits[i];
  }
  out[at] = 0;
  return out;
}

#define WORD_LIMIT 64

static int smaller(int a, int b) { return a < b ? a : b; }

char *ig__next_listed(char **rest) {
  char *entry = *rest, *comma = entry ? strchr(entry, ',') : NULL;
  if (comma) *comma = 0;
  *rest = comma ? comma + 1 : NULL;
  return entry;
}

int ig__word_distance(const char *a, const char *b) {
  int rows[3][WORD_LIMIT + 1];
  int la = (int)strnlen(a, WORD_LIMIT), lb = (int)strnlen(b, WORD_LIMIT);
  int *before = rows[0], *above = rows[1], *row = rows[2];
  for (int j = 0; j <= lb; j++) above[j] = before[j] = j;
  for (int i = 1; i <= la; i++) {
    row[0] = i;
    for (int j = 1; j <= lb; j++) {
      int cost = smaller(smaller(above[j], row[j - 1]) + 1, above[j - 1] + (a[i - 1] != b[j - 1]));
      bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      row[j] = swapped ? smaller(cost, before[j - 2] + 1) : cost;
    }
    int *oldest = before;
    before = above;
    above = row;
    row = oldest;
  }
  return above[lb];
}

static int fold(char out[WORD_LIMIT + 1], const char *word) {
  int i = 0;
  for (; i < WORD_LIMIT && word[i]; i++) {
    char c = word[i];
    out[i] = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c == '-' ? '_' : c;
  }
  out[i] = 0;
  return i;
}

const char *ig__nearest(const char *word, const char *const *names, size_t count) {
  char asked[WORD_LIMIT + 1], name[WORD_LIMIT + 1];
  int length = fold(asked, word), best = 2 + length / 3;
  const char *nearest = NULL;
  for (size_t i = 0; i < count; i++) {
    if (!names[i]) continue;
    int other = fold(name, names[i]), distance = ig__word_distance(asked, name);
    if (distance < best && distance < (length > other ? length : other)) {
      best = distance;
      nearest = names[i];
    }
  }
  return nearest;
}

/* After a mismatch, the last '*' takes one character more; an earlier one need not, so there is nothing to recurse into. */
bool ig__glob(const char *pattern, const char *text) {
  const char *star = NULL, *behind = NULL;
  while (*text) {
    if (*pattern == '*') {
      star = ++pattern;
      behind = text;
    } else if (*pattern == '?' || *pattern == *text) {
      pattern++;
      text++;
    } else if (star) {
      pattern = star;
      text = ++behind;
    } else {
      return false;
    }
  }
  while (*pattern == '*') pattern++;
  return *pattern == 0;
}
