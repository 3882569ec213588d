/* Status codes and the words of the last failure. */
#include "base/status.h"

#include "base/text.h"

#include <stdarg.h>
#include <string.h>

static const struct { const char *name, *text; int exit_code; } statuses[] = {
#define STATUS_ROW(code, name, exit_code, text) {name, text, exit_code},
  IG_STATUS_LIST(STATUS_ROW)
#undef STATUS_ROW
};

/* One buffer a thread: reporting must neither allocate nor take a lock, because the failure may be about either. */
static _Thread_local char message[IG__MESSAGE_SIZE];

static bool known(ig_status status) { return (unsigned)status < (unsigned)IG_STATUS_COUNT; }

const char *ig_status_name(ig_status status) { return known(status) ? statuses[status].name : "unknown"; }

const char *ig_status_text(ig_status status) { return known(status) ? statuses[status].text : "unknown status"; }

int ig_status_exit_code(ig_status status) { return known(status) ? statuses[status].exit_code : 1; }

const char *ig_last_error(void) { return message; }

/* Messages quote file names, which are arbitrary bytes. They leave here as UTF-8 without control characters, so that a
 * hostile name can neither break a JSON writer nor drive the terminal; a character cut by the end of the buffer goes. */
static void set_message(const char *text) {
  size_t length = strnlen(text, IG__MESSAGE_SIZE - 1), at = 0;
  while (at < length) {
    size_t step = ig__utf8_step(text + at, length - at);
    if (step == 0 && text[length] != 0 && length - at < 4 && ((unsigned char)text[at] & 0xC0) == 0xC0) break;
    unsigned char c = (unsigned char)text[at];
    bool control = (c < 0x20 && c != '\n' && c != '\t') || c == 0x7F;
    if (step == 2 && c == 0xC2 && (unsigned char)text[at + 1] < 0xA0) step = 0; /* U+0080 … U+009F */
    if (step == 0 || control) {
      message[at++] = '?';
      continue;
    }
    memcpy(message + at, text + at, step);
    at += step;
  }
  message[at] = 0;
}

ig_status ig__fail(ig_status status, const char *format, ...) {
  /* One byte longer than the message, so that set_message can tell a text that was cut from one that just fits. The
   * arguments may quote the present message, so the text is composed apart. */
  char text[IG__MESSAGE_SIZE + 1];
  va_list args;
  va_start(args, format);
  if (ig__vformat(text, sizeof text, format, args) < 0) text[0] = 0;
  va_end(args);
  set_message(text);
  return status;
}

ig_status ig__fail_at(ig_status status, const char *format, ...) {
  if (status == IG_OK) return status;
  char text[IG__MESSAGE_SIZE + 1];
  va_list args;
  va_start(args, format);
  if (ig__vformat(text, sizeof text, format, args) < 0) text[0] = 0;
  va_end(args);
  size_t length = strlen(text);
  const char *separator = length == 0 || text[length - 1] == ' ' ? "" : ": ";
  const char *parts[] = {separator, message};
  for (int i = 0; i < 2; i++) {
    size_t room = sizeof text - 1 - length, add = strlen(parts[i]);
    if (add > room) add = room;
    memcpy(text + length, parts[i], add);
    length += add;
  }
  text[length] = 0;
  set_message(text);
  return status;
}

void ig__message_take(char out[IG__MESSAGE_SIZE]) { memcpy(out, message, IG__MESSAGE_SIZE); }

void ig__message_give(const char *text) {
  if (text != message) set_message(text ? text : "");
}
