#include "live/feed.h"

#include "base/alloc.h"

#include <string.h>

#define FILE_MOST ((size_t)64 << 20) /* a row of results.csv is some 200 bytes: 300,000 epochs */
#define LINES_AT_FIRST 200           /* of log.txt; a reader of the page has the file for the others */

void ig__feed_say(ig__buffer *out, const char *event, const char *data, size_t size) {
  ig__buffer_text(out, "event: %s\ndata: ", event);
  for (size_t from = 0, i = 0; i <= size; i++)
    if (i == size || (unsigned char)data[i] < 32) {
      ig__buffer_add(out, data + from, i - from);
      if (i < size) ig__buffer_text(out, "\xEF\xBF\xBD");
      from = i + 1;
    }
  ig__buffer_text(out, "\n\n");
}

static void say_state(ig__feed *f, const char *state) {
  if (f->state == state) return;
  f->state = state;
  ig__feed_say(&f->text, "state", state, strlen(state));
}

/* The text from its beginning: what readers have is void. Its first bytes end an event of which a reader may have the half. */
static void begin(ig__feed *f) {
  f->text.size = f->rows.size = 0;
  f->log_size = f->log_seen = 0;
  f->generation++;
  f->state = NULL;
  ig__buffer_text(&f->text, "\n\n");
  ig__feed_say(&f->text, "begin", "", 0);
}

void ig__feed_begin(ig__feed *f, char *folder) {
  *f = (ig__feed){.folder = folder};
  begin(f);
}

/* A file of the folder when its size is not `seen`; NULL else. One that cannot be read is tried again each time, and said once for each
 * size: *said. */
static uint8_t *read_changed(ig__feed *f, const char *name, uint64_t seen, uint64_t *said, size_t *size) {
  uint8_t *data = NULL;
  uint64_t now;
  char *path = ig__format("%s/%s", f->folder, name);
  *size = 0;
  if (path && ig__file_kind_of(path, &now) == IG__FILE && now != seen && ig__file_read(path, FILE_MOST, &data, size) != IG_OK && now != *said) {
    *said = now;
    ig__feed_say(&f->text, "log", ig_last_error(), strlen(ig_last_error()));
  }
  ig__free(path);
  return data;
}

/* Calls `say` for every whole line from `at` on; answers where the rest begins. */
static size_t each_line(ig__feed *f, const char *data, size_t at, size_t size, void (*say)(ig__feed *f, const char *line, size_t size)) {
  const char *end;
  while (at < size && (end = memchr(data + at, '\n', size - at))) {
    size_t next = (size_t)(end - data) + 1;
    say(f, data + at, next - 1 - at);
    at = next;
  }
  return at;
}

static void say_row(ig__feed *f, const char *line, size_t size) {
  bool heads = f->rows.size == 0;
  ig__feed_say(&f->text, heads ? "columns" : "row", line, size);
  ig__buffer_add(&f->rows, line, size);
  ig__buffer_add(&f->rows, "\n", 1);
}

static void look_at_rows(ig__feed *f) {
  size_t size;
  uint8_t *data = read_changed(f, "results.csv", f->rows.size, &f->said[0], &size);
  if (!data) return;
  const size_t seen = f->rows.size;
  if (size < seen || (seen && memcmp(data, f->rows.data, seen) != 0)) begin(f); /* not what it was with more behind it */
  each_line(f, (const char *)data, f->rows.size, size, say_row);
  ig__free(data);
}

/* A line is a time, a blank, and the words of src/train/log.c. */
static void say_line(ig__feed *f, const char *line, size_t size) {
  const char *blank = memchr(line, ' ', size);
  const char *words = blank ? blank + 1 : line;
  const size_t length = size - (size_t)(words - line);
  ig__feed_say(&f->text, "log", line, size);
  if (length > 7 && !memcmp(words, "imgrad ", 7)) say_state(f, "running");
  if (length > 12 && !memcmp(words, "ended after ", 12)) say_state(f, "ended");
  if (length > 10 && !memcmp(words, "failed at ", 10)) say_state(f, "failed");
}

/* Where the last `count` lines begin. */
static size_t last_lines(const uint8_t *data, size_t size, int count) {
  size_t at = size;
  while (at > 0 && (data[at - 1] != '\n' || at == size || count-- > 1)) at--;
  return at;
}

static void look_at_log(ig__feed *f) {
  size_t size;
  uint8_t *data = read_changed(f, "log.txt", f->log_size, &f->said[1], &size);
  if (!data) return;
  if (size < f->log_seen) f->log_seen = 0; /* another log */
  if (f->log_seen == 0) f->log_seen = last_lines(data, size, LINES_AT_FIRST);
  f->log_seen = each_line(f, (const char *)data, f->log_seen, size, say_line);
  f->log_size = size;
  ig__free(data);
}

void ig__feed_look(ig__feed *f) {
  look_at_rows(f);
  look_at_log(f);
}

void ig__feed_free(ig__feed *f) {
  ig__buffer_free(&f->text);
  ig__buffer_free(&f->rows);
}
