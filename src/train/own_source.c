/* Pictures of the program's own, given by functions or lying in arrays. */
#include "base/text.h"
#include "data/sources/common.h"
#include "train/own.h"
#include "train/shared.h"

#include <stdarg.h>
#include <string.h>

struct ig__own_source {
  ig_custom_source custom;
  ig_arrays *arrays;           /* of ig_add_arrays; owned */
};

ig_status ig_fail(ig_status status, const char *format, ...) {
  char text[IG__MESSAGE_SIZE];
  va_list args;
  va_start(args, format);
  if (ig__vformat(text, sizeof text, format, args) < 0) text[0] = 0;
  va_end(args);
  return ig__fail(status, "%s", text);
}

/* ---- as a source of the library -------------------------------------------------------------------------------------------- */

static int label(const ig__source *source, ig__part part, int64_t index) {
  const ig_custom_source *c = &((const ig__own_source *)source->state)->custom;
  return c->label(c->user, (ig_part)part, index);
}

static ig_status read(const ig__source *source, ig__part part, int64_t index, void *const *fields) {
  const ig_custom_source *c = &((const ig__own_source *)source->state)->custom;
  int found = label(source, part, index);
  if (found < 0 || found >= c->classes)
    return ig__fail(IG_BAD_DATA, "%s: %s picture %lld has the label %d, and there are classes 0 … %d", c->name, ig__part_name(part),
                    (long long)index, found, c->classes - 1);
  *(int32_t *)fields[1] = found;
  return c->read(c->user, (ig_part)part, index, fields[0]);
}

static uint64_t key(const ig__source *source, ig__part part, int64_t index) {
  (void)source;
  return ig__record_key(part, index);
}

static const ig__source_kind own_kind = {.name = "own", .help = "pictures of the program", .read = read, .label = label,
                                         .key = key, .place = ig__source_place};

static ig_status open_own(ig__own_source *own, ig__source **out) {
  const ig_custom_source *c = &own->custom;
  ig__source *source = ig__alloc(1, sizeof *source);
  if (!source) return IG_NO_MEMORY;
  source->kind = &own_kind;
  source->state = own;
  ig__snprintf(source->info.name, sizeof source->info.name, "%s", c->name);
  ig__source_image_label(source, c->floats ? IG__FIELD_F32 : IG__FIELD_U8, c->channels, c->height, c->width);
  for (int p = 0; p < IG__PARTS; p++) source->info.count[p] = c->count[p];
  const int64_t shape[] = {c->channels, c->height, c->width, c->floats, c->classes, c->count[0], c->count[1], c->count[2]};
  source->info.fingerprint = ig__hash(shape, sizeof shape, c->fingerprint);
  ig_status status = ig__source_number_classes(source, c->classes);
  for (int i = 0; status == IG_OK && c->class_name && i < c->classes; i++)
    ig__snprintf(source->info.class_name[i], sizeof source->info.class_name[i], "%s", c->class_name[i]);
  if (status == IG_OK) *out = source;
  else ig__source_close(source);
  return status;
}

ig_status ig__data_open(const ig_context *context, const char *text, const ig__source_want *want, ig__source **out) {
  ig__own_source *own = ig__own_source_find(context, text);
  *out = NULL;
  if (own) return open_own(own, out);
  return context->shared ? ig__shared_open(context->shared, text, want, out) : ig__source_open(text, want, out);
}

/* ---- adding -------------------------------------------------------------------------------------------------------------- */

ig__own_source *ig__own_source_find(const ig_context *context, const char *name) {
  for (size_t i = 0; i < context->source_count; i++)
    if (!strcmp(context->source[i]->custom.name, name)) return context->source[i];
  return NULL;
}

static ig_status check(const ig_context *context, const ig_custom_source *c) {
  IG__TRY(ig__own_name("a source", c->name));
  if (ig__own_source_find(context, c->name)) return ig__fail(IG_USAGE, "a source '%s' is there already", c->name);
  if (!c->read || !c->label) return ig__fail(IG_USAGE, "source '%s': read and label are needed", c->name);
  if (c->channels < 1 || c->height < 1 || c->width < 1 || c->channels > 4096 || c->height > 32768 || c->width > 32768 ||
      (int64_t)c->channels * c->height * c->width > (int64_t)1 << 28)
    return ig__fail(IG_USAGE, "source '%s': pictures of %d×%d×%d (channels × height × width)", c->name, c->channels, c->height,
                    c->width);
  if (c->classes < 2 || c->classes > 1 << 20) return ig__fail(IG_USAGE, "source '%s': %d classes", c->name, c->classes);
  for (int p = 0; p < IG__PARTS; p++)
    if (c->count[p] < 0 || c->count[p] > (int64_t)1 << 40)
      return ig__fail(IG_USAGE, "source '%s': %lld pictures", c->name, (long long)c->count[p]);
  for (int i = 0; c->class_name && i < c->classes; i++)
    if (!c->class_name[i] || strlen(c->class_name[i]) > 63)
      return ig__fail(IG_USAGE, "source '%s': class %d has no name of at most 63 bytes", c->name, i);
  return IG_OK;
}

static ig_status add(ig_context *context, const ig_custom_source *custom, ig_arrays *arrays) {
  IG__TRY(check(context, custom));
  IG__TRY(ig__grow((void **)&context->source, context->source_count, &context->source_capacity, sizeof *context->source));
  ig__own_source *own = ig__alloc(1, sizeof *own);
  if (!own) return IG_NO_MEMORY;
  *own = (ig__own_source){.custom = *custom, .arrays = arrays};
  context->source[context->source_count++] = own;
  return IG_OK;
}

ig_status ig_add_source(ig_context *context, const ig_custom_source *source) { return add(context, source, NULL); }

/* ---- arrays -------------------------------------------------------------------------------------------------------------- */

static const ig_array_part *part_of(const ig_arrays *a, ig_part part) {
  return part == IG_PART_TRAIN ? &a->train : part == IG_PART_VAL ? &a->val : &a->test;
}

static size_t picture_bytes(const ig_arrays *a) {
  return (size_t)a->channels * (size_t)a->height * (size_t)a->width * (a->floats ? sizeof(float) : 1);
}

static ig_status read_array(void *user, ig_part part, int64_t index, void *pixels) {
  const ig_arrays *a = user;
  size_t bytes = picture_bytes(a), value = a->floats ? sizeof(float) : 1, channels = (size_t)a->channels;
  const char *from = (const char *)part_of(a, part)->pixels + (size_t)index * bytes;
  if (!a->interleaved || channels == 1) {
    memcpy(pixels, from, bytes);
    return IG_OK;
  }
  size_t plane = (size_t)a->height * (size_t)a->width;
  for (size_t c = 0; c < channels; c++)
    for (size_t i = 0; i < plane; i++)
      memcpy((char *)pixels + (c * plane + i) * value, from + (i * channels + c) * value, value);
  return IG_OK;
}

static int label_array(void *user, ig_part part, int64_t index) { return part_of(user, part)->labels[index]; }

static ig_status check_arrays(const char *name, const ig_arrays *a) {
  for (int p = 0; p < IG__PARTS; p++) {
    const ig_array_part *part = part_of(a, (ig_part)p);
    if (part->count > 0 && (!part->pixels || !part->labels))
      return ig__fail(IG_USAGE, "source '%s': its %s part has no pixels or no labels", name, ig__part_name((ig__part)p));
    for (int64_t i = 0; i < part->count; i++)
      if (part->labels[i] < 0 || part->labels[i] >= a->classes)
        return ig__fail(IG_BAD_DATA, "source '%s': %s picture %lld has the label %d, and there are classes 0 … %d", name,
                        ig__part_name((ig__part)p), (long long)i, part->labels[i], a->classes - 1);
  }
  return IG_OK;
}

ig_status ig_add_arrays(ig_context *context, const char *name, const ig_arrays *arrays) {
  ig_custom_source c = {.name = name, .channels = arrays->channels, .height = arrays->height, .width = arrays->width,
                        .floats = arrays->floats, .classes = arrays->classes, .class_name = arrays->class_name,
                        .count = {arrays->train.count, arrays->val.count, arrays->test.count}, .read = read_array,
                        .label = label_array};
  IG__TRY(check(context, &c));
  IG__TRY(check_arrays(name, arrays));
  ig_arrays *copy = ig__alloc(1, sizeof *copy);
  if (!copy) return IG_NO_MEMORY;
  *copy = *arrays;
  c.user = copy;
  for (int p = 0; p < IG__PARTS; p++) {
    const ig_array_part *part = part_of(copy, (ig_part)p);
    if (!part->count) continue;
    c.fingerprint = ig__hash(part->pixels, (size_t)part->count * picture_bytes(copy), c.fingerprint);
    c.fingerprint = ig__hash(part->labels, (size_t)part->count * sizeof *part->labels, c.fingerprint);
  }
  ig_status status = add(context, &c, copy);
  if (status != IG_OK) ig__free(copy);
  return status;
}

void ig__own_free(ig_context *context) {
  for (size_t i = 0; i < context->source_count; i++) {
    ig__free(context->source[i]->arrays);
    ig__free(context->source[i]);
  }
  for (size_t i = 0; i < context->model_count; i++) {
    ig__free((void *)(uintptr_t)context->model[i].name);
    ig__free((void *)(uintptr_t)context->model[i].text);
  }
  for (size_t i = 0; i < context->ops.count; i++) ig__free(context->ops.op[i]);
  ig__free(context->source);
  ig__free(context->model);
  ig__free(context->ops.op);
}
