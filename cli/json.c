/* A JSON writer: every call writes one member, so an object cannot be half right. */
#include "json.h"

#include "output.h"
#include "text.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

static void quote(const char *s) {
  size_t left = strlen(s);
  cli_out("\"");
  while (left > 0) {
    unsigned char c = (unsigned char)*s;
    size_t step = text_step(s, left);
    if (step == 0) {
      cli_out("\\ufffd");
      step = 1;
    } else if (c == '"' || c == '\\') {
      cli_out("\\%c", c);
    } else if (c == '\n') {
      cli_out("\\n");
    } else if (c == '\t') {
      cli_out("\\t");
    } else if (c < 0x20 || c == 0x7f) {
      cli_out("\\u%04x", (unsigned)c);
    } else {
      cli_out_bytes(s, step);
    }
    s += step;
    left -= step;
  }
  cli_out("\"");
}

static void begin_member(cli_json *j, const char *key) {
  if (j->filled) cli_out(",");
  j->filled = true;
  if (!key) return;
  quote(key);
  cli_out(":");
}

void json_open(cli_json *j, const char *key, char bracket) {
  begin_member(j, key);
  cli_out("%c", bracket);
  j->filled = false;
}

void json_close(cli_json *j, char bracket) {
  cli_out("%c", bracket);
  j->filled = true;
}

void json_end(cli_json *j) {
  cli_out("}\n");
  cli_out_flush();
  j->filled = false;
}

void json_text(cli_json *j, const char *key, const char *text) {
  begin_member(j, key);
  quote(text);
}

void json_int(cli_json *j, const char *key, int64_t v) {
  begin_member(j, key);
  cli_out("%" PRId64, v);
}

void json_double(cli_json *j, const char *key, double v) {
  char digits[TEXT_NUMBER];
  begin_member(j, key);
  /* Whole numbers without exponent: a shell script can count with them. */
  if (!isfinite(v)) cli_out("null");
  else if (fabs(v) < 1e15 && v == floor(v)) cli_out("%.0f", v + 0.0);
  else cli_out("%s", text_double(digits, v));
}

void json_bool(cli_json *j, const char *key, bool v) {
  begin_member(j, key);
  cli_out("%s", v ? "true" : "false");
}
