/* Numbers and words for people. Nobody calls setlocale here, so strtod and printf use '.'. */
#include "text.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

size_t text_step(const char *s, size_t left) {
  const unsigned char *p = (const unsigned char *)s;
  size_t n = left == 0 ? 0 : p[0] < 0x80 ? 1 : p[0] >= 0xc2 && p[0] < 0xe0 ? 2 : (p[0] & 0xf0) == 0xe0 ? 3
             : p[0] >= 0xf0 && p[0] < 0xf5 ? 4 : 0;
  if (n > left) return 0;
  for (size_t i = 1; i < n; i++)
    if ((p[i] & 0xc0) != 0x80) return 0;
  /* Overlong forms, surrogates, and what lies past U+10FFFF. */
  if (n == 3 && ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] >= 0xa0))) return 0;
  if (n == 4 && ((p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] >= 0x90))) return 0;
  return n;
}

static int columns_of(uint32_t c) {
  static const struct { uint32_t from, to; int columns; } ranges[] = {
    {0x0300, 0x036f, 0},   {0x1100, 0x115f, 2},   {0x200b, 0x200f, 0},   {0x20d0, 0x20ff, 0},   {0x2e80, 0x303e, 2},
    {0x3041, 0xa4cf, 2},   {0xac00, 0xd7a3, 2},   {0xf900, 0xfaff, 2},   {0xfe00, 0xfe0f, 0},   {0xfe30, 0xfe6f, 2},
    {0xff00, 0xff60, 2},   {0xffe0, 0xffe6, 2},   {0x1f300, 0x1faff, 2}, {0x20000, 0x3fffd, 2},
  };
  for (size_t i = 0; i < sizeof ranges / sizeof ranges[0]; i++)
    if (c >= ranges[i].from && c <= ranges[i].to) return ranges[i].columns;
  return 1;
}

int text_width(const char *s) {
  int width = 0;
  for (size_t left = strlen(s), step; left > 0; s += step, left -= step) {
    step = text_step(s, left);
    uint32_t c = (unsigned char)*s;
    if (step == 0) step = 1;
    if (step > 1) c &= 0xffu >> (step + 1);
    for (size_t i = 1; i < step; i++) c = c << 6 | ((unsigned char)s[i] & 0x3f);
    width += columns_of(c);
  }
  return width;
}

static char same_letter(char c) { return c == '-' ? '_' : c; }

int text_distance(const char *a, const char *b) {
  enum { MOST = 64 };
  int row[MOST], m = (int)strlen(a), n = (int)strlen(b);
  if (m >= MOST || n >= MOST) return MOST;
  for (int j = 0; j <= n; j++) row[j] = j;
  for (int i = 1; i <= m; i++) {
    int corner = row[0];
    row[0] = i;
    for (int j = 1; j <= n; j++) {
      int best = corner + (same_letter(a[i - 1]) != same_letter(b[j - 1]));
      corner = row[j];
      if (row[j] + 1 < best) best = row[j] + 1;
      if (row[j - 1] + 1 < best) best = row[j - 1] + 1;
      row[j] = best;
    }
  }
  return row[n];
}

const char *text_double(char out[TEXT_NUMBER], double v) {
  for (int digits = 1; digits <= 17; digits++) {
    snprintf(out, TEXT_NUMBER, "%.*g", digits, v);
    if (strtod(out, NULL) == v) break;
  }
  return out;
}

const char *text_count(char out[TEXT_NUMBER], int64_t v) {
  char digits[24];
  int n = snprintf(digits, sizeof digits, "%" PRIu64, v < 0 ? 0 - (uint64_t)v : (uint64_t)v), at = 0;
  if (v < 0) out[at++] = '-';
  for (int i = 0; i < n; i++) {
    if (i > 0 && (n - i) % 3 == 0) out[at++] = ',';
    out[at++] = digits[i];
  }
  out[at] = 0;
  return out;
}

const char *text_bytes(char out[TEXT_NUMBER], uint64_t v) {
  static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
  double scaled = (double)v;
  size_t unit = 0;
  while (scaled >= 1024 && unit + 1 < sizeof units / sizeof units[0]) {
    scaled /= 1024;
    unit++;
  }
  snprintf(out, TEXT_NUMBER, unit == 0 || scaled >= 100 ? "%.0f %s" : "%.1f %s", scaled, units[unit]);
  return out;
}

const char *text_large(char out[TEXT_NUMBER], double v) {
  static const char *const units[] = {"", "k", "M", "G", "T"};
  size_t unit = 0;
  if (!isfinite(v) || v < 0) v = 0;
  while (v >= 999.5 && unit + 1 < sizeof units / sizeof units[0]) {
    v /= 1000;
    unit++;
  }
  snprintf(out, TEXT_NUMBER, unit == 0 || v >= 99.95 ? "%.0f%s" : v >= 9.995 ? "%.1f%s" : "%.2f%s", v, units[unit]);
  return out;
}

const char *text_rate(char out[TEXT_NUMBER], double v) {
  if (v == 0 || (fabs(v) >= 0.01 && fabs(v) < 1000)) {
    snprintf(out, TEXT_NUMBER, "%.3g", v);
    return out;
  }
  int power = (int)floor(log10(fabs(v)) + 1e-9);
  snprintf(out, TEXT_NUMBER, "%.3ge%d", v / pow(10, power), power);
  return out;
}

const char *text_loss(char out[TEXT_NUMBER], double v) {
  if (isfinite(v) && v != 0 && fabs(v) < 1e-3) return text_rate(out, v);
  snprintf(out, TEXT_NUMBER, fabs(v) < 1 ? "%#.3g" : fabs(v) < 1000 ? "%.3f" : "%.4g", v);
  return out;
}

const char *text_clock(char out[TEXT_NUMBER], double v) {
  if (!(v >= 0 && v < 1e9)) {
    snprintf(out, TEXT_NUMBER, "-:--");
    return out;
  }
  long s = (long)(v + 0.5);
  if (s < 3600) snprintf(out, TEXT_NUMBER, "%ld:%02ld", s / 60, s % 60);
  else snprintf(out, TEXT_NUMBER, "%ld:%02ld:%02ld", s / 3600, s / 60 % 60, s % 60);
  return out;
}

const char *text_percent(char out[TEXT_NUMBER], double v) {
  if (isfinite(v)) snprintf(out, TEXT_NUMBER, "%.1f", 100 * v);
  else snprintf(out, TEXT_NUMBER, "-");
  return out;
}

const char *text_argument(char *out, size_t size, const char *word) {
  static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+=./:,@%";
  size_t at = 0;
  if (*word && word[strspn(word, plain)] == 0) {
    snprintf(out, size, "%s", word);
    return out;
  }
  if (size < 3) return "''";
  out[at++] = '\'';
  for (; *word && at + 6 < size; word++) {
    if (*word == '\'') {
      memcpy(out + at, "'\\''", 4);
      at += 4;
    } else {
      out[at++] = *word;
    }
  }
  out[at++] = '\'';
  out[at] = 0;
  return out;
}
