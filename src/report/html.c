/* The page: its frame, text that is safe in it, numbers that a program can read. */
#include "report/html.h"

#include "base/text.h"
#include "report/style.h"

#include <math.h>
#include <stdarg.h>
#include <string.h>

static void begin(ig__buffer *out, const char *title, const char *policy, const char *nonce) {
  ig__buffer_text(out, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                       "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                       "<meta name=\"color-scheme\" content=\"light dark\">\n%s<link rel=\"icon\" href=\"data:,\">\n<title>", policy);
  ig__html_text(out, title);
  ig__buffer_text(out, *nonce ? "</title>\n<style nonce=\"%s\">\n" : "</title>\n<style>\n", nonce);
  for (int i = 0; ig__style[i]; i++) ig__buffer_add(out, ig__style[i], strlen(ig__style[i]));
  ig__buffer_text(out, "</style>\n</head>\n<body>\n<main>\n");
}

/* Nothing can be fetched and nothing runs, whatever a name in here looks like. */
void ig__html_begin(ig__buffer *out, const char *title) {
  begin(out, title, "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src data:; style-src 'unsafe-inline'\">\n", "");
}

void ig__html_begin_live(ig__buffer *out, const char *title, const char *nonce) { begin(out, title, "", nonce); }

void ig__html_end(ig__buffer *out) { ig__buffer_text(out, "</main>\n</body>\n</html>\n"); }

void ig__html_section(ig__buffer *out, const char *id, const char *title) {
  ig__buffer_text(out, "<section id=\"%s\">\n<h2>", id);
  ig__html_text(out, title);
  ig__buffer_text(out, "</h2>\n");
}

void ig__html_section_end(ig__buffer *out) { ig__buffer_text(out, "</section>\n"); }

void ig__html_tile(ig__buffer *out, const char *title) { ig__buffer_text(out, "<div><span class=\"t\">%s</span><b>", title); }

void ig__html_details(ig__buffer *out, const char *summary) {
  ig__buffer_text(out, "<details>\n<summary>");
  ig__html_text(out, summary);
  ig__buffer_text(out, "</summary>\n");
}

void ig__html_details_end(ig__buffer *out) { ig__buffer_text(out, "</details>\n"); }

/* Marks and overrides of direction, separators of lines, the byte order mark, and C1 controls. */
static bool is_hidden(const unsigned char *c, size_t step) {
  if (step == 1) return (c[0] < 32 && c[0] != '\n' && c[0] != '\t') || c[0] == 127;
  if (step == 2) return (c[0] == 0xC2 && c[1] < 0xA0) || (c[0] == 0xD8 && c[1] == 0x9C);
  if (step != 3) return false;
  unsigned code = (c[0] & 15u) << 12 | (c[1] & 63u) << 6 | (c[2] & 63u);
  return code == 0x200E || code == 0x200F || (code >= 0x2028 && code <= 0x202E) || (code >= 0x2066 && code <= 0x2069) || code == 0xFEFF;
}

static void add_character(ig__buffer *out, const char *at, size_t step) {
  const char *word = NULL;
  if (step == 0 || is_hidden((const unsigned char *)at, step)) word = "\xEF\xBF\xBD";
  else if (*at == '&') word = "&amp;";
  else if (*at == '<') word = "&lt;";
  else if (*at == '>') word = "&gt;";
  else if (*at == '"') word = "&quot;";
  else if (*at == '\'') word = "&#39;";
  ig__buffer_add(out, word ? word : at, word ? strlen(word) : step);
}

static void add_range(ig__buffer *out, const char *text, size_t size) {
  while (size > 0) {
    size_t step = ig__utf8_step(text, size);
    add_character(out, text, step);
    if (step == 0) step = 1;
    text += step;
    size -= step;
  }
}

void ig__html_text(ig__buffer *out, const char *text) { add_range(out, text, strlen(text)); }

/* Bytes of the first `count` characters. */
static size_t bytes_of(const char *text, size_t size, size_t count) {
  size_t at = 0;
  for (; count > 0 && at < size; count--) {
    size_t step = ig__utf8_step(text + at, size - at);
    at += step ? step : 1;
  }
  return at;
}

void ig__html_cut(ig__buffer *out, const char *text, size_t most) {
  size_t size = strlen(text), count = 0;
  for (size_t at = 0; at < size; at += bytes_of(text + at, size - at, 1)) count++;
  if (count <= most || most < 3) {
    add_range(out, text, size);
    return;
  }
  /* Names of files differ at their ends more often than at their beginnings. */
  size_t head = (most - 1) / 3, tail = most - 1 - head, skip = bytes_of(text, size, count - tail);
  add_range(out, text, bytes_of(text, size, head));
  ig__buffer_text(out, "…");
  add_range(out, text + skip, size - skip);
}

void ig__html_name(ig__buffer *out, const char *text, size_t most) {
  ig__buffer_text(out, "<bdi>");
  ig__html_cut(out, text, most);
  ig__buffer_text(out, "</bdi>");
}

/* ---- numbers -------------------------------------------------------------------------------------------------------- */

static const char *seconds_text(char out[48], double s) {
  long long whole = (long long)(s + 0.5);
  if (s < 1) ig__snprintf(out, 48, "%.3g s", s);
  else if (s < 60) ig__snprintf(out, 48, "%.1f s", s);
  else if (s < 3600) ig__snprintf(out, 48, "%lld min %lld s", whole / 60, whole % 60);
  else ig__snprintf(out, 48, "%lld h %lld min", whole / 3600, whole / 60 % 60);
  return out;
}

const char *ig__unit_text(char out[48], ig__unit unit, double v) {
  char number[32];
  if (!isfinite(v)) ig__snprintf(out, 48, "%s", isnan(v) ? "–" : v > 0 ? "∞" : "−∞");
  else if (unit == IG__UNIT_COUNT && fabs(v) < 9e15) ig__snprintf(out, 48, "%s", ig__print_count(number, (int64_t)v));
  else if (unit == IG__UNIT_SHARE) ig__snprintf(out, 48, v > 0.99 && v < 0.99995 ? "%.2f %%" : "%.1f %%", 100 * v);
  else if (unit == IG__UNIT_EXACT) ig__snprintf(out, 48, "%s", ig__print_double(number, v));
  else if (unit == IG__UNIT_SECONDS && v < 1e12) seconds_text(out, v);
  else if (unit == IG__UNIT_BYTES && v < 1e18) ig__snprintf(out, 48, "%s", ig__print_bytes(number, (uint64_t)v));
  else ig__snprintf(out, 48, "%.4g", v);
  return out;
}

static void add_value(ig__buffer *out, const char *element, ig__unit unit, double value, const char *name, va_list args) {
  char key[128], shown[48], exact[32];
  ig__vformat(key, sizeof key, name, args);
  ig__buffer_text(out, "<%s data-name=\"", element);
  ig__html_text(out, key);
  ig__buffer_text(out, "\" data-value=\"%s\">%s", isnan(value) ? "" : ig__print_double(exact, value), ig__unit_text(shown, unit, value));
}

void ig__html_value(ig__buffer *out, ig__unit unit, double value, const char *name, ...) {
  va_list args;
  va_start(args, name);
  add_value(out, "span", unit, value, name, args);
  va_end(args);
  ig__buffer_text(out, "</span>");
}

void ig__html_cell(ig__buffer *out, ig__unit unit, double value, const char *name, ...) {
  va_list args;
  va_start(args, name);
  add_value(out, "td", unit, value, name, args);
  va_end(args);
  ig__buffer_text(out, "</td>");
}

void ig__html_interval(ig__buffer *out, double value, double low, double high, const char *name, ...) {
  char key[112];
  va_list args;
  va_start(args, name);
  ig__vformat(key, sizeof key, name, args);
  va_end(args);
  ig__buffer_text(out, "<td>");
  ig__html_value(out, IG__UNIT_SHARE, value, "%s", key);
  if (!isnan(value)) {
    ig__buffer_text(out, "<small>");
    ig__html_value(out, IG__UNIT_SHARE, low, "%s.low", key);
    ig__buffer_text(out, " … ");
    ig__html_value(out, IG__UNIT_SHARE, high, "%s.high", key);
    ig__buffer_text(out, "</small>");
  }
  ig__buffer_text(out, "</td>");
}

void ig__html_bar(ig__buffer *out, double share) {
  if (share > 0) ig__buffer_text(out, "<td class=\"bar\"><i style=\"width:%.1f%%\"></i></td>", share < 1 ? 100 * share : 100);
  else ig__buffer_text(out, "<td class=\"bar\"></td>");
}

void ig__html_table(ig__buffer *out, const char *heads) {
  ig__buffer_text(out, "<div class=\"frame\"><table>\n<thead><tr>");
  for (const char *at = heads;; at++) {
    size_t size = strcspn(at, "|");
    bool left = *at == '<';
    ig__buffer_text(out, left ? "<th class=\"l\">" : "<th>");
    add_range(out, at + left, size - left);
    ig__buffer_text(out, "</th>");
    at += size;
    if (!*at) break;
  }
  ig__buffer_text(out, "</tr></thead>\n<tbody>\n");
}

void ig__html_table_end(ig__buffer *out) { ig__buffer_text(out, "</tbody>\n</table></div>\n"); }

void ig__html_data(ig__buffer *out, const char *type, const void *data, size_t size) {
  static const char digit[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  const uint8_t *p = data;
  ig__buffer_text(out, "data:%s;base64,", type);
  for (size_t i = 0; i < size; i += 3) {
    unsigned b = i + 1 < size ? p[i + 1] : 0, c = i + 2 < size ? p[i + 2] : 0, bits = (unsigned)p[i] << 16 | b << 8 | c;
    char four[4] = {digit[bits >> 18], digit[bits >> 12 & 63], i + 1 < size ? digit[bits >> 6 & 63] : '=',
                    i + 2 < size ? digit[bits & 63] : '='};
    ig__buffer_add(out, four, 4);
  }
}
