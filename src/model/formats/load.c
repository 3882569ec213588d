/* Weights from a file into a model. */
#include "model/formats/safetensors.h"

#include <math.h>
#include <string.h>

/* ---- values -------------------------------------------------------------------------------------------------------- */

/* One value of a tensor; in a file of others the data may lie at any byte. */
static double value_at(const ig__tensors_entry *e, int64_t i) {
  const uint8_t *at = (const uint8_t *)e->data + (size_t)i * (size_t)e->real_size;
  float f;
  double d;
  if (e->real_size == 8) {
    memcpy(&d, at, sizeof d);
    return d;
  }
  memcpy(&f, at, sizeof f);
  return (double)f;
}

/* A weight that is no number would make every answer none; a double that no float can hold is one of them. */
static ig_status check_values(const ig__tensors_entry *e, int real_size) {
  int64_t count = ig__shape_count(&e->shape);
  for (int64_t i = 0; i < count; i++) {
    double v = value_at(e, i);
    if (!isfinite(v) || (real_size == 4 && !isfinite((float)v)))
      return ig__fail(IG_BAD_MODEL, "the tensor %.80s: value %lld is not finite", e->name, (long long)i);
  }
  return IG_OK;
}

/* `count` values from number `first` on. */
static void copy_run(const ig__tensors_entry *e, int64_t first, int64_t count, void *to, int real_size) {
  if (e->real_size == real_size) {
    memcpy(to, (const uint8_t *)e->data + first * real_size, (size_t)count * (size_t)real_size);
    return;
  }
  for (int64_t i = 0; i < count; i++) {
    double v = value_at(e, first + i);
    if (real_size == 8) ((double *)to)[i] = v;
    else ((float *)to)[i] = (float)v;
  }
}

static void copy_values(const ig__tensors_entry *e, void *to, int real_size) { copy_run(e, 0, ig__shape_count(&e->shape), to, real_size); }

static void copy_rows(const ig__head *h, const ig__tensors_entry *e, uint8_t *to, int real_size) {
  const int64_t row = ig__shape_count(&e->shape) / h->had;
  for (int c = 0; c < h->classes; c++)
    if (h->from[c] >= 0) copy_run(e, h->from[c] * row, row, to + c * row * real_size, real_size);
}

/* ---- a whole model ------------------------------------------------------------------------------------------------- */

ig_status ig__classes_read(const char *text, int *count, char (**names)[IG__CLASS_NAME]) {
  ig_status status = IG_OK;
  json_t *json = ig__json_read(text, strlen(text), 1, &status);
  if (!json) return status == IG_NO_MEMORY ? status : ig__fail_at(status, "the class names");
  size_t n = json_array_size(json);
  if (!json_is_array(json) || n == 0) status = ig__fail(IG_BAD_MODEL, "the class names are no list of at least one");
  if (status == IG_OK) {
    *names = ig__alloc(n, sizeof **names);
    *count = (int)n;
    if (!*names) status = IG_NO_MEMORY;
  }
  for (size_t i = 0; status == IG_OK && i < n; i++) {
    const char *name = json_string_value(json_array_get(json, i));
    size_t length = name ? strlen(name) : 0;
    if (!name || length >= IG__CLASS_NAME) status = ig__fail(IG_BAD_MODEL, "class name %zu is no text of at most 63 bytes", i);
    else memcpy((*names)[i], name, length + 1);
  }
  json_decref(json);
  return status;
}

/* Before anything is allocated for values: the file must have exactly the model's tensors, so a hostile text can ask for no
 * more memory than the file is large. */
static ig_status check_tensors(const ig__model *m, const ig__tensors *t, int real_size) {
  char a[96], b[96];
  for (size_t i = 0; i < ig__slot_count(m); i++) {
    ig__slot s = ig__slot_at(m, i);
    const ig__tensors_entry *e = ig__tensors_find(t, s.name);
    if (!e) return ig__fail(IG_BAD_MODEL, "the tensor %s is missing", s.name);
    if (!ig__shape_equal(&e->shape, s.shape))
      return ig__fail(IG_BAD_MODEL, "the tensor %s has the shape %s, and its model wants %s", s.name,
                      ig__shape_text(a, &e->shape), ig__shape_text(b, s.shape));
    IG__TRY(check_values(e, real_size));
  }
  if (t->count != ig__slot_count(m))
    return ig__fail(IG_BAD_MODEL, "%zu tensors, and its model has %zu", t->count, ig__slot_count(m));
  return IG_OK;
}

static ig_status load(const ig__own_ops *own, const ig__tensors *t, const char *path, int real_size, ig__model **model) {
  const char *text = ig__tensors_meta(t, "model"), *classes = ig__tensors_meta(t, "classes");
  const char *format = ig__tensors_meta(t, "format");
  char (*names)[IG__CLASS_NAME] = NULL;
  int count = 0;
  if (!text || !classes || !format || strcmp(format, "imgrad") != 0)
    return ig__fail(IG_BAD_MODEL, "%s: tensors, but no model text beside them: this is not a model saved by imgrad", path);
  ig_status status = ig__classes_read(classes, &count, &names);
  if (status != IG_OK && status != IG_NO_MEMORY) ig__fail_at(status, "%s", path);
  if (status == IG_OK) status = ig__model_parse_with(own, text, strlen(text), path, count, model);
  if (status != IG_OK) {
    ig__free(names);
    return status;
  }
  ig__model *m = *model;
  m->class_name = names;
  if (ig__tensors_meta(t, "loss") && !(m->loss = ig__strdup(ig__tensors_meta(t, "loss")))) return IG_NO_MEMORY;
  if (ig__tensors_meta(t, "lambda") && !(m->lambda = ig__strdup(ig__tensors_meta(t, "lambda")))) return IG_NO_MEMORY;
  IG__TRY(ig__model_record(m));
  status = check_tensors(m, t, real_size);
  if (status != IG_OK) return ig__fail_at(status, "%s", path);
  IG__TRY(ig__model_allocate(m, real_size));
  for (size_t i = 0; i < ig__slot_count(m); i++) {
    ig__slot s = ig__slot_at(m, i);
    copy_values(ig__tensors_find(t, s.name), ig__slot_data(m, &s), real_size);
  }
  m->version = 1;
  return IG_OK;
}

/* Takes the tensors. */
static ig_status load_tensors(const ig__own_ops *own, ig__tensors *t, const char *path, int real_size, ig__model **out) {
  ig__model *model = NULL;
  ig_status status = real_size == 4 || real_size == 8
                       ? load(own, t, path, real_size, &model)
                       : ig__fail(IG_USAGE, "%s: a real type of %d bytes, 4 or 8 are possible", path, real_size);
  ig__tensors_free(t);
  if (status == IG_OK) *out = model;
  else ig__model_free(model);
  return status;
}

ig_status ig__model_load_with(const ig__own_ops *own, const char *path, int real_size, ig__model **out) {
  ig__tensors t;
  *out = NULL;
  IG__TRY(ig__tensors_open(path, &t));
  return load_tensors(own, &t, path, real_size, out);
}

ig_status ig__model_load_bytes(const ig__own_ops *own, uint8_t *bytes, size_t size, const char *place, int real_size,
                               ig__model **out) {
  ig__tensors t;
  *out = NULL;
  IG__TRY(ig__tensors_parse(bytes, size, place, &t));
  return load_tensors(own, &t, place, real_size, out);
}

/* ---- weights alone ------------------------------------------------------------------------------------------------- */

static const ig__tensors_entry *match(const ig__tensors *t, const ig__head *h, const ig__slot *s) {
  if (ig__head_has(h, s)) return ig__head_match(h, t, s);
  const ig__tensors_entry *e = ig__tensors_find(t, s->name);
  return e && ig__shape_equal(&e->shape, s->shape) ? e : NULL;
}

/* Both lists are sorted by name and walked side by side. */
static void list_unmatched(const ig__model *m, const size_t *order, const ig__tensors *t, const ig__head *h, ig__buffer *out) {
  size_t slots = ig__slot_count(m), i = 0, k = 0;
  char a[96], b[96];
  while (i < slots || k < t->count) {
    ig__slot s = {.name = NULL};
    if (i < slots) s = ig__slot_at(m, order[i]);
    const ig__tensors_entry *e = k < t->count ? &t->entry[k] : NULL;
    int side = !e ? -1 : !s.name ? 1 : strcmp(s.name, e->name);
    if (side == 0 && !ig__shape_equal(s.shape, &e->shape) && !match(t, h, &s))
      ig__buffer_text(out, "%s: %s in the file, %s in the model\n", s.name, ig__shape_text(a, &e->shape),
                      ig__shape_text(b, s.shape));
    if (side < 0) ig__buffer_text(out, "%s: not in the file\n", s.name);
    if (side > 0) ig__buffer_text(out, "%s: not in the model\n", e->name);
    i += side <= 0;
    k += side >= 0;
  }
}

/* All that will be taken is checked before the first value is changed. */
static ig_status take_weights(ig__model *m, const ig__tensors *t, const ig__head *h, int *matched, bool *rows) {
  int count = 0;
  for (size_t i = 0; i < ig__slot_count(m); i++) {
    ig__slot s = ig__slot_at(m, i);
    const ig__tensors_entry *e = match(t, h, &s);
    if (!e) continue;
    IG__TRY(check_values(e, m->real_size));
    count++;
  }
  if (count == 0)
    return ig__fail(IG_BAD_MODEL, "none of its %zu tensors has name and shape of one of the model's %zu", t->count,
                    ig__slot_count(m));
  for (size_t i = 0; i < ig__slot_count(m); i++) {
    ig__slot s = ig__slot_at(m, i);
    const ig__tensors_entry *e = match(t, h, &s);
    if (e && ig__head_has(h, &s)) {
      copy_rows(h, e, ig__slot_data(m, &s), m->real_size);
      *rows = true;
    } else if (e) copy_values(e, ig__slot_data(m, &s), m->real_size);
  }
  m->version++;
  *matched = count;
  return IG_OK;
}

ig_status ig__model_load_weights(ig__model *model, const char *path, int *matched, ig__buffer *unmatched, ig__buffer *classes) {
  ig__tensors t;
  ig__head head = {0};
  bool rows = false;
  *matched = 0;
  if (!model->params) return ig__fail(IG_USAGE, "%s: the model is not bound yet", model->name);
  IG__TRY(ig__tensors_open(path, &t));
  size_t *order = ig__slots_sorted(model);
  ig_status status = order ? IG_OK : IG_NO_MEMORY;
  if (status == IG_OK && classes) status = ig__head_find(model, &t, &head);
  if (status == IG_OK && unmatched) {
    list_unmatched(model, order, &t, &head, unmatched);
    if (unmatched->failed) status = IG_NO_MEMORY;
  }
  if (status == IG_OK) status = take_weights(model, &t, &head, matched, &rows);
  if (status == IG_OK) ig__head_say(&head, model, rows, classes);
  ig__head_free(&head);
  if (status == IG_BAD_MODEL) ig__fail_at(status, "%s", path);
  ig__free(order);
  ig__tensors_free(&t);
  return status;
}
