/* Writing a model as safetensors: text, class names and what the caller adds in the metadata, then the tensors. Keys of the
 * header are sorted; the data stands in the model's plain order and begins at a multiple of 64 bytes, because the header is
 * filled up with blanks (which the format allows), so a reader that maps the file gets aligned tensors. */
#include "model/formats/safetensors.h"

#include "base/text.h"

#include <string.h>

#define MOST_META 64
#define DATA_ALIGNMENT 64

void ig__json_add_string(ig__buffer *b, const char *text) {
  size_t length = strlen(text);
  ig__buffer_add(b, "\"", 1);
  for (size_t i = 0; i < length;) {
    unsigned char c = (unsigned char)text[i];
    size_t step = ig__utf8_step(text + i, length - i);
    if (c == '"' || c == '\\') ig__buffer_text(b, "\\%c", c);
    else if (c < 0x20) ig__buffer_text(b, "\\u%04x", c);
    else if (step == 0) ig__buffer_text(b, "\\ufffd");
    else ig__buffer_add(b, text + i, step);
    i += step ? step : 1;
  }
  ig__buffer_add(b, "\"", 1);
}

/* ---- metadata ------------------------------------------------------------------------------------------------------ */

typedef struct pair { const char *key, *value; } pair;

static void add_pair(pair *pairs, size_t *count, const char *key, const char *value) {
  size_t at = (*count)++;
  for (; at > 0 && strcmp(pairs[at - 1].key, key) > 0; at--) pairs[at] = pairs[at - 1];
  pairs[at] = (pair){key, value};
}

/* ["cat","dog"]; classes without names are called by their numbers, because the list also says how many there are. */
static void class_list(const ig__model *m, ig__buffer *b) {
  ig__buffer_text(b, "[");
  for (int i = 0; i < m->class_count; i++) {
    if (i) ig__buffer_text(b, ",");
    if (m->class_name) ig__json_add_string(b, m->class_name[i]);
    else ig__buffer_text(b, "\"%d\"", i);
  }
  ig__buffer_text(b, "]");
}

static ig_status add_metadata(const ig__model *m, const char *const *meta, const char *classes, ig__buffer *b) {
  pair pairs[MOST_META];
  size_t count = 0;
  add_pair(pairs, &count, "model", m->text);
  add_pair(pairs, &count, "classes", classes);
  add_pair(pairs, &count, "format", "imgrad");
  add_pair(pairs, &count, "imgrad", IMGRAD_VERSION);
  for (const char *const *k = meta; k && k[0]; k += 2) {
    if (count == MOST_META) return ig__fail(IG_USAGE, "more than %d entries of metadata", MOST_META);
    for (size_t i = 0; i < count; i++)
      if (strcmp(pairs[i].key, k[0]) == 0) return ig__fail(IG_USAGE, "metadata: '%s' is there already", k[0]);
    add_pair(pairs, &count, k[0], k[1]);
  }
  ig__buffer_text(b, "\"__metadata__\":{");
  for (size_t i = 0; i < count; i++) {
    if (i) ig__buffer_text(b, ",");
    ig__json_add_string(b, pairs[i].key);
    ig__buffer_text(b, ":");
    ig__json_add_string(b, pairs[i].value);
  }
  ig__buffer_text(b, "}");
  return IG_OK;
}

/* ---- tensors ------------------------------------------------------------------------------------------------------- */

static void add_tensor(const ig__model *m, const ig__slot *s, int64_t begin, ig__buffer *b) {
  ig__json_add_string(b, s->name);
  ig__buffer_text(b, ":{\"data_offsets\":[%lld,%lld],\"dtype\":\"F%d\",\"shape\":[", (long long)begin,
                  (long long)(begin + s->count * m->real_size), m->real_size * 8);
  for (int i = 0; i < s->shape->rank; i++) ig__buffer_text(b, "%s%d", i ? "," : "", s->shape->dim[i]);
  ig__buffer_text(b, "]}");
}

/* The header, without its length. `begin` has the place of each slot's data. */
static ig_status add_header(const ig__model *m, const char *const *meta, const char *classes, const size_t *order,
                            const int64_t *begin, ig__buffer *b) {
  bool first = true, metadata = false;
  ig__buffer_text(b, "{");
  for (size_t i = 0; i <= ig__slot_count(m); i++) {
    ig__slot s = {.name = NULL};
    if (i < ig__slot_count(m)) s = ig__slot_at(m, order[i]);
    if (!metadata && (!s.name || strcmp(s.name, "__metadata__") > 0)) {
      if (!first) ig__buffer_text(b, ",");
      IG__TRY(add_metadata(m, meta, classes, b));
      metadata = true;
      first = false;
    }
    if (!s.name) break;
    if (!first) ig__buffer_text(b, ",");
    add_tensor(m, &s, begin[order[i]], b);
    first = false;
  }
  ig__buffer_text(b, "}");
  return IG_OK;
}

static ig_status compose(const ig__model *m, const char *const *meta, const size_t *order, int64_t *begin, ig__buffer *b) {
  ig__buffer classes = {NULL, 0, 0, false};
  uint8_t length[8] = {0};
  int64_t at = 0;
  for (size_t i = 0; i < ig__slot_count(m); i++) {
    begin[i] = at;
    at += ig__slot_at(m, i).count * m->real_size;
  }
  class_list(m, &classes);
  ig__buffer_add(b, length, sizeof length);
  ig_status status = classes.failed ? IG_NO_MEMORY : add_header(m, meta, (const char *)classes.data, order, begin, b);
  ig__buffer_free(&classes);
  IG__TRY(status);
  while (b->size % DATA_ALIGNMENT && !b->failed) ig__buffer_add(b, " ", 1);
  if (b->failed) return IG_NO_MEMORY;
  if (b->size - 8 > IG__HEADER_BYTES) return ig__fail(IG_BAD_MODEL, "the header of the file would be longer than 16 MiB");
  for (int i = 0; i < 8; i++) b->data[i] = (uint8_t)((uint64_t)(b->size - 8) >> (8 * i));
  for (size_t i = 0; i < ig__slot_count(m); i++) {
    ig__slot s = ig__slot_at(m, i);
    ig__buffer_add(b, ig__slot_data(m, &s), (size_t)s.count * (size_t)m->real_size);
  }
  return b->failed ? IG_NO_MEMORY : IG_OK;
}

ig_status ig__model_save(const ig__model *model, const char *path, const char *const *meta) {
  ig__buffer b = {NULL, 0, 0, false};
  if (!model->params) return ig__fail(IG_USAGE, "%s: the model is not bound yet", model->name);
  size_t *order = ig__slots_sorted(model);
  int64_t *begin = order ? ig__alloc(ig__slot_count(model), sizeof *begin) : NULL;
  ig_status status = begin ? compose(model, meta, order, begin, &b) : IG_NO_MEMORY;
  if (status != IG_OK && status != IG_NO_MEMORY) ig__fail_at(status, "%s", path);
  if (status == IG_OK) status = ig__file_write_atomic(path, b.data, b.size);
  ig__buffer_free(&b);
  ig__free(begin);
  ig__free(order);
  return status;
}
