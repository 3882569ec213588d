/* Weights of other classes. The last layer of a classifier has a row for each class; when a file was trained on other classes, or on the
 * same in another order, the rows of classes with the same name are taken, and the others stay as they were made. */
#include "model/formats/safetensors.h"

#include "base/text.h"

#include <string.h>

#define NAMES_SHOWN 8

/* The last layer with weights, when these have a row for each class, or one number tells two classes apart. */
static const ig__param *last_layer(const ig__model *m) {
  for (size_t i = m->param_count; i-- > 0;) {
    const ig__param *p = &m->param[i];
    if (p->kind != IG__PARAM_WEIGHT) continue;
    const int64_t rows = p->shape.rank ? p->shape.dim[0] : 0;
    return rows == m->class_count || (rows == 1 && m->class_count == 2) ? p : NULL;
  }
  return NULL;
}

/* A name, and the same as a file has it: there a byte that is no UTF-8 has become U+FFFD. */
static bool is_same(const char *name, const char *saved) {
  size_t left = strlen(name);
  while (left > 0) {
    const size_t step = ig__utf8_step(name, left), bytes = step ? step : 1;
    const char *want = step ? name : "\xEF\xBF\xBD";
    const size_t length = step ? step : 3;
    if (strncmp(saved, want, length) != 0) return false;
    saved += length;
    name += bytes;
    left -= bytes;
  }
  return !*saved;
}

static int row_of(const char *name, char (*saved)[IG__CLASS_NAME], int count) {
  for (int i = 0; i < count; i++)
    if (is_same(name, saved[i])) return i;
  return -1;
}

ig_status ig__head_find(const ig__model *m, const ig__tensors *t, ig__head *out) {
  const char *text = ig__tensors_meta(t, "classes");
  const ig__param *last = last_layer(m);
  char (*names)[IG__CLASS_NAME] = NULL;
  *out = (ig__head){.classes = m->class_count};
  if (!text || !m->class_name || !last) return IG_OK;
  IG__TRY(ig__classes_read(text, &out->had, &names));
  out->from = ig__alloc((size_t)m->class_count, sizeof *out->from);
  ig_status status = out->from ? IG_OK : IG_NO_MEMORY;
  bool differ = out->had != m->class_count;
  for (int c = 0; status == IG_OK && c < m->class_count; c++) {
    out->from[c] = row_of(m->class_name[c], names, out->had);
    differ |= out->from[c] != c;
    out->taken += out->from[c] >= 0;
  }
  ig__free(names);
  const char *dot = strrchr(last->name, '.');
  out->name = last->name;
  out->name_length = dot ? (size_t)(dot - last->name) + 1 : strlen(last->name);
  if (status == IG_OK && differ) return IG_OK;
  ig__head_free(out);
  return status;
}

void ig__head_free(ig__head *h) {
  ig__free(h->from);
  *h = (ig__head){0};
}

bool ig__head_has(const ig__head *h, const ig__slot *s) { return h->from && strncmp(s->name, h->name, h->name_length) == 0; }

const ig__tensors_entry *ig__head_match(const ig__head *h, const ig__tensors *t, const ig__slot *s) {
  const ig__tensors_entry *e = ig__tensors_find(t, s->name);
  if (!e || !h->taken || s->shape->rank < 1 || e->shape.rank != s->shape->rank) return NULL;
  if (s->shape->dim[0] != h->classes || e->shape.dim[0] != h->had) return NULL;
  for (int i = 1; i < s->shape->rank; i++)
    if (e->shape.dim[i] != s->shape->dim[i]) return NULL;
  return e;
}

static void list(const ig__head *h, const ig__model *m, bool taken, ig__buffer *out) {
  int shown = 0, more = 0;
  for (int c = 0; c < h->classes; c++) {
    if ((h->from[c] >= 0) != taken) continue;
    if (shown == NAMES_SHOWN) more++;
    else ig__buffer_text(out, "%s%s", shown++ ? ", " : "", m->class_name[c]);
  }
  if (more) ig__buffer_text(out, " and %d more", more);
}

void ig__head_say(const ig__head *h, const ig__model *m, bool matched, ig__buffer *out) {
  if (!h->from) return;
  const int taken = matched ? h->taken : 0;
  ig__buffer_text(out, "the file has other classes: of the last layer, %.*s, %d of %d rows are taken, by the classes' names", (int)h->name_length - 1, h->name, taken,
                  h->classes);
  if (taken) {
    ig__buffer_text(out, " (");
    list(h, m, true, out);
    ig__buffer_text(out, ")");
  }
  if (taken == h->classes) return;
  ig__buffer_text(out, !taken ? "; all are fresh" : h->classes - taken == 1 ? "; fresh is " : "; fresh are ");
  if (taken) list(h, m, false, out);
}
