/* Reading safetensors. Every byte may be hostile: the header's length, its nesting and the number of its parts are bounded
 * before the JSON parser sees it, and every size is checked before it is used. As the format demands, the tensors must cover
 * the data without overlaps and without holes. */
#include "model/formats/safetensors.h"

#include <limits.h>
#include <string.h>

#define HEADER_DEPTH 3           /* { name: { shape: [ */
#define JSON_PARTS 1000000       /* values and keys; each costs the parser some hundred bytes */

/* ---- JSON ---------------------------------------------------------------------------------------------------------- */

static bool bounded(const char *text, size_t size, int depth) {
  int level = 0;
  size_t parts = 0;
  bool quoted = false;
  for (size_t i = 0; i < size; i++) {
    char c = text[i];
    if (quoted) {
      if (c == '\\') i++;
      quoted = c != '"';
      continue;
    }
    quoted = c == '"';
    if (c == '[' || c == '{') level++;
    if (c == ']' || c == '}') level--;
    parts += c == ',' || c == ':' || c == '[' || c == '{';
    if (level > depth || level < 0 || parts > JSON_PARTS) return false;
  }
  return true;
}

json_t *ig__json_read(const char *text, size_t size, int depth, ig_status *status) {
  json_error_t error;
  if (!bounded(text, size, depth)) {
    *status = ig__fail(IG_BAD_MODEL, "JSON that is nested more than %d deep or has more than %d parts", depth, JSON_PARTS);
    return NULL;
  }
  json_t *json = json_loadb(text, size, JSON_REJECT_DUPLICATES, &error);
  if (json) return json;
  if (json_error_code(&error) == json_error_out_of_memory) *status = ig__fail(IG_NO_MEMORY, "out of memory, reading JSON");
  else *status = ig__fail(IG_BAD_MODEL, "no correct JSON: %s", error.text);
  return NULL;
}

/* ---- one tensor ---------------------------------------------------------------------------------------------------- */

static ig_status read_shape(const json_t *list, ig__shape *shape, size_t *elements) {
  size_t rank = json_array_size(list);
  if (!json_is_array(list)) return ig__fail(IG_BAD_MODEL, "its shape is no list");
  if (rank > IG__MAX_RANK)
    return ig__fail(IG_BAD_MODEL, "it has %zu dimensions, at most %d are possible", rank, IG__MAX_RANK);
  *elements = 1;
  *shape = (ig__shape){.rank = (int)rank};
  for (size_t i = 0; i < rank; i++) {
    const json_t *dim = json_array_get(list, i);
    json_int_t v = json_integer_value(dim);
    if (!json_is_integer(dim) || v < 0 || v > INT_MAX)
      return ig__fail(IG_BAD_MODEL, "dimension %zu of its shape is no whole number from 0 to %d", i, INT_MAX);
    shape->dim[i] = (int)v;
    if (!ig__mul_size(*elements, (size_t)v, elements) || *elements > INT64_MAX) return ig__fail(IG_BAD_MODEL, "its shape overflows");
  }
  return IG_OK;
}

static ig_status read_offset(const json_t *list, size_t index, size_t *out) {
  const json_t *v = json_array_get(list, index);
  if (!json_is_integer(v) || json_integer_value(v) < 0)
    return ig__fail(IG_BAD_MODEL, "its data_offsets are not two whole numbers of at least 0");
  *out = (size_t)json_integer_value(v);
  return IG_OK;
}

/* `data` has `size` bytes. */
static ig_status read_entry(const json_t *json, const uint8_t *data, size_t size, ig__tensors_entry *e) {
  const char *dtype = json_string_value(json_object_get(json, "dtype"));
  const json_t *offsets = json_object_get(json, "data_offsets");
  size_t elements, bytes, begin, end;
  if (!json_is_object(json) || json_object_size(json) != 3 || !dtype || json_array_size(offsets) != 2)
    return ig__fail(IG_BAD_MODEL, "wanted dtype, shape and data_offsets, and nothing else");
  e->real_size = strcmp(dtype, "F32") == 0 ? 4 : strcmp(dtype, "F64") == 0 ? 8 : 0;
  if (!e->real_size) return ig__fail(IG_BAD_MODEL, "the dtype %.16s; F32 and F64 can be read", dtype);
  IG__TRY(read_shape(json_object_get(json, "shape"), &e->shape, &elements));
  IG__TRY(read_offset(offsets, 0, &begin));
  IG__TRY(read_offset(offsets, 1, &end));
  if (begin > end || end > size)
    return ig__fail(IG_BAD_MODEL, "its data is said to be bytes %zu to %zu of %zu", begin, end, size);
  if (!ig__mul_size(elements, (size_t)e->real_size, &bytes) || bytes != end - begin)
    return ig__fail(IG_BAD_MODEL, "its shape does not fit its %zu bytes", end - begin);
  e->data = data + begin;
  return IG_OK;
}

/* ---- the header ---------------------------------------------------------------------------------------------------- */

static ig_status read_metadata(json_t *json, ig__tensors *out) {
  const char *key;
  json_t *value;
  if (!json_is_object(json)) return ig__fail(IG_BAD_MODEL, "__metadata__ is no object");
  out->key = ig__alloc(json_object_size(json), sizeof *out->key);
  out->value = out->key ? ig__alloc(json_object_size(json), sizeof *out->value) : NULL;
  if (!out->value) return IG_NO_MEMORY;
  json_object_foreach(json, key, value) {
    if (!json_is_string(value)) return ig__fail(IG_BAD_MODEL, "__metadata__: the value of %.64s is no text", key);
    size_t i = out->meta_count++;
    out->key[i] = ig__strdup(key);
    out->value[i] = out->key[i] ? ig__strdup(json_string_value(value)) : NULL;
    if (!out->value[i]) return IG_NO_MEMORY;
  }
  return IG_OK;
}

static ig_status read_header(json_t *json, const uint8_t *data, size_t size, ig__tensors *out) {
  const char *key;
  json_t *value;
  if (!json_is_object(json)) return ig__fail(IG_BAD_MODEL, "the header is no object");
  out->entry = ig__alloc(json_object_size(json), sizeof *out->entry);
  if (!out->entry) return IG_NO_MEMORY;
  json_object_foreach(json, key, value) {
    if (strcmp(key, "__metadata__") == 0) {
      IG__TRY(read_metadata(value, out));
      continue;
    }
    ig__tensors_entry *e = &out->entry[out->count++];
    e->name = ig__strdup(key);
    if (!e->name) return IG_NO_MEMORY;
    ig_status status = read_entry(value, data, size, e);
    if (status != IG_OK) return ig__fail_at(status, "the tensor %.80s", key);
  }
  return IG_OK;
}

/* ---- all of them together ------------------------------------------------------------------------------------------ */

static size_t entry_bytes(const ig__tensors_entry *e) { return (size_t)ig__shape_count(&e->shape) * (size_t)e->real_size; }

static bool data_before(const void *things, size_t a, size_t b) {
  const ig__tensors_entry *e = things;
  const uint8_t *x = e[a].data, *y = e[b].data;
  return x != y ? x < y : entry_bytes(&e[a]) < entry_bytes(&e[b]);
}

static bool name_before(const void *things, size_t a, size_t b) {
  const ig__tensors_entry *e = things;
  return strcmp(e[a].name, e[b].name) < 0;
}

static ig_status check_cover(const ig__tensors *t, const size_t *order, const uint8_t *data, size_t size) {
  size_t at = 0;
  for (size_t i = 0; i < t->count; i++) {
    const ig__tensors_entry *e = &t->entry[order[i]];
    size_t begin = (size_t)((const uint8_t *)e->data - data);
    if (begin != at)
      return ig__fail(IG_BAD_MODEL, "the tensor %.80s begins at byte %zu, and the one before it ends at %zu", e->name, begin,
                      at);
    at += entry_bytes(e);
  }
  if (at != size) return ig__fail(IG_BAD_MODEL, "the tensors end at byte %zu, and the data at %zu", at, size);
  return IG_OK;
}

/* Entries come out sorted by name. */
static ig_status order_entries(ig__tensors *t, const uint8_t *data, size_t size) {
  size_t *order = ig__alloc(t->count, sizeof *order);
  ig__tensors_entry *sorted = order ? ig__alloc(t->count, sizeof *sorted) : NULL;
  ig_status status = sorted ? IG_OK : IG_NO_MEMORY;
  if (sorted) {
    for (size_t i = 0; i < t->count; i++) order[i] = i;
    ig__sort_index(order, t->count, data_before, t->entry);
    status = check_cover(t, order, data, size);
    ig__sort_index(order, t->count, name_before, t->entry);
    for (size_t i = 0; i < t->count; i++) sorted[i] = t->entry[order[i]];
    ig__free(t->entry);
    t->entry = sorted;
  }
  ig__free(order);
  return status;
}

static ig_status parse(uint8_t *bytes, size_t size, ig__tensors *out) {
  uint64_t length = 0;
  ig_status status = IG_OK;
  if (size < 8) return ig__fail(IG_BAD_MODEL, "no safetensors file: %zu bytes", size);
  for (int i = 7; i >= 0; i--) length = length << 8 | bytes[i];
  if (length > IG__HEADER_BYTES)
    return ig__fail(IG_BAD_MODEL, "no safetensors file: a header of %llu bytes, at most %zu are possible",
                    (unsigned long long)length, IG__HEADER_BYTES);
  if (length > size - 8)
    return ig__fail(IG_BAD_MODEL, "the file is cut short: a header of %llu bytes in a file of %zu",
                    (unsigned long long)length, size);
  json_t *json = ig__json_read((const char *)bytes + 8, (size_t)length, HEADER_DEPTH, &status);
  if (!json) return status == IG_NO_MEMORY ? status : ig__fail_at(status, "the header");
  const uint8_t *data = bytes + 8 + length;
  status = read_header(json, data, size - 8 - (size_t)length, out);
  json_decref(json);
  IG__TRY(status);
  return order_entries(out, data, size - 8 - (size_t)length);
}

ig_status ig__tensors_parse(uint8_t *bytes, size_t size, const char *place, ig__tensors *out) {
  memset(out, 0, sizeof *out);
  out->bytes = bytes;
  out->size = size;
  ig_status status = parse(bytes, size, out);
  if (status == IG_OK) return IG_OK;
  ig__tensors_free(out);
  return status == IG_NO_MEMORY ? status : ig__fail_at(status, "%s", place);
}

ig_status ig__tensors_open(const char *path, ig__tensors *out) {
  uint8_t *bytes;
  size_t size;
  memset(out, 0, sizeof *out);
  ig_status status = ig__file_read(path, IG__TENSORS_BYTES, &bytes, &size);
  if (status != IG_OK) return status == IG_BAD_DATA ? IG_BAD_MODEL : status;
  return ig__tensors_parse(bytes, size, path, out);
}

const char *ig__tensors_meta(const ig__tensors *t, const char *key) {
  for (size_t i = 0; i < t->meta_count; i++)
    if (strcmp(t->key[i], key) == 0) return t->value[i];
  return NULL;
}

const ig__tensors_entry *ig__tensors_find(const ig__tensors *t, const char *name) {
  size_t low = 0, high = t->count;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    int order = strcmp(t->entry[middle].name, name);
    if (order == 0) return &t->entry[middle];
    if (order < 0) low = middle + 1;
    else high = middle;
  }
  return NULL;
}

void ig__tensors_free(ig__tensors *t) {
  for (size_t i = 0; t->entry && i < t->count; i++) ig__free(t->entry[i].name);
  for (size_t i = 0; i < t->meta_count; i++) {
    ig__free(t->key[i]);
    ig__free(t->value[i]);
  }
  ig__free(t->entry);
  ig__free(t->key);
  ig__free(t->value);
  ig__free(t->bytes);
  memset(t, 0, sizeof *t);
}
