/* The checkpoint: one file of sections, each with its hash, little-endian.
 *
 *   "IGCKPT04"  u64 fingerprint  u64 sections  then a section: char name[16]  u64 size  u64 hash  bytes
 *
 * Sections: "state" (where the run stands, with the whole history), "params", "states", "slot0", "slot1", … in the real type
 * of the run, "choices" (which kernels convolutions take, in words: graph.h), "descent", the vectors of a full-batch method, in
 * double, and "mean", "mean.states" and "mean.count" of --average. It is written beside as checkpoint.next and read
 * back before it takes the place of the old one, so that a whole checkpoint exists at every moment. */
#include "train/checkpoint.h"
#include "train/regularise.h"

#include <stdio.h>
#include <string.h>

#define MAGIC "IGCKPT04"
#define MAX_CHECKPOINT ((size_t)1 << 40)

static void add_section(ig__buffer *out, const char *name, const void *data, size_t size) {
  char field[16] = {0};
  snprintf(field, sizeof field, "%s", name);
  ig__buffer_add(out, field, sizeof field);
  ig__put_u64(out, size);
  ig__put_u64(out, ig__hash(data, size, 0));
  ig__buffer_add(out, data, size);
}

static size_t real_bytes(const ig__model *model, int64_t elements) { return (size_t)elements * (size_t)model->real_size; }

static void add_mean(ig__buffer *out, const ig__model *model, ig__averager *a) {
  ig__buffer count = {0};
  ig__put_u64(&count, (uint64_t)*ig__averager_count(a));
  add_section(out, "mean", ig__averager_params(a), real_bytes(model, model->params_size));
  add_section(out, "mean.states", ig__averager_states(a), real_bytes(model, model->states_size));
  add_section(out, "mean.count", count.data, count.size);
  out->failed |= count.failed;
  ig__buffer_free(&count);
}

static void compose(ig__buffer *out, const ig__checkpoint_parts *parts) {
  const ig__model *model = parts->model;
  ig__updater *updater = parts->updater;
  ig__buffer text = {0};
  ig__run_state copy = *parts->state;
  if (parts->descent) copy.descent = parts->descent->state;
  ig__run_state_put(&copy, &text);

  ig__buffer_add(out, MAGIC, 8);
  ig__put_u64(out, parts->fingerprint);
  ig__put_u64(out, 4 + (uint64_t)ig__updater_slots(updater) + (parts->descent ? 1 : 0) + (parts->averager ? 3 : 0));
  add_section(out, "state", text.data, text.size);
  add_section(out, "params", model->params, real_bytes(model, model->params_size));
  add_section(out, "choices", parts->choices->made.data, parts->choices->made.size);
  add_section(out, "states", model->states, real_bytes(model, model->states_size));
  for (int i = 0; i < ig__updater_slots(updater); i++) {
    char name[16];
    snprintf(name, sizeof name, "slot%d", i);
    add_section(out, name, ig__updater_slot(updater, i), real_bytes(model, model->params_size));
  }
  if (parts->descent) add_section(out, "descent", parts->descent->memory, parts->descent->memory_count * sizeof(double));
  if (parts->averager) add_mean(out, model, parts->averager);
  out->failed |= text.failed | parts->choices->made.failed;
  ig__buffer_free(&text);
}

ig_status ig__checkpoint_parse(const uint8_t *bytes, size_t size, const char *place, ig__checkpoint *out) {
  *out = (ig__checkpoint){0};
  if (size < 24 || memcmp(bytes, MAGIC, 8)) return ig__fail(IG_BAD_MODEL, "%s: this is no checkpoint, or one of another version", place);
  out->fingerprint = ig__get_u64(bytes + 8);
  uint64_t count = ig__get_u64(bytes + 16), left = size - 24;
  const uint8_t *p = bytes + 24;
  if (count > IG__MAX_SECTIONS) return ig__fail(IG_BAD_MODEL, "%s: a checkpoint of %llu sections, %d are possible", place,
                                                (unsigned long long)count, IG__MAX_SECTIONS);
  for (uint64_t i = 0; i < count; i++) {
    ig__section *s = &out->section[i];
    if (left < 32) return ig__fail(IG_BAD_MODEL, "%s: the checkpoint is cut", place);
    memcpy(s->name, p, sizeof s->name);
    s->name[sizeof s->name - 1] = 0;
    s->size = ig__get_u64(p + 16);
    if (s->size > left - 32) return ig__fail(IG_BAD_MODEL, "%s: section %s of the checkpoint is cut", place, s->name);
    s->data = p + 32;
    if (ig__get_u64(p + 24) != ig__hash(s->data, s->size, 0))
      return ig__fail(IG_BAD_MODEL, "%s: section %s of the checkpoint is damaged", place, s->name);
    p += 32 + s->size;
    left -= 32 + s->size;
  }
  if (left) return ig__fail(IG_BAD_MODEL, "%s: %llu bytes behind the checkpoint's end", place, (unsigned long long)left);
  out->count = (int)count;
  return IG_OK;
}

static const ig__section *find(const ig__checkpoint *c, const char *name) {
  for (int i = 0; i < c->count; i++)
    if (!strcmp(c->section[i].name, name)) return &c->section[i];
  return NULL;
}

/* A section of exactly the size that this model wants. */
static ig_status copy_section(const ig__checkpoint *c, const char *name, const char *place, void *to, size_t size) {
  const ig__section *s = find(c, name);
  if (!s || s->size != size)
    return ig__fail(IG_BAD_MODEL, "%s: section %s has %llu bytes, this run wants %zu", place, name,
                    (unsigned long long)(s ? s->size : 0), size);
  memcpy(to, s->data, size);
  return IG_OK;
}

static ig_status take_mean(const ig__checkpoint *c, const char *place, const ig__model *model, ig__averager *a) {
  uint8_t count[8];
  IG__TRY(copy_section(c, "mean", place, ig__averager_params(a), real_bytes(model, model->params_size)));
  IG__TRY(copy_section(c, "mean.states", place, ig__averager_states(a), real_bytes(model, model->states_size)));
  IG__TRY(copy_section(c, "mean.count", place, count, sizeof count));
  *ig__averager_count(a) = (int64_t)ig__get_u64(count);
  return IG_OK;
}

static ig_status read_state(const ig__checkpoint *c, ig__run_state *out) {
  const ig__section *s = find(c, "state");
  return s ? ig__run_state_parse(s, c->path, out) : ig__fail(IG_BAD_MODEL, "%s: the checkpoint has no state", c->path);
}

ig_status ig__checkpoint_restore(const ig__checkpoint *c, const ig__checkpoint_parts *parts) {
  const char *place = c->path;
  ig__model *model = parts->model;
  ig__updater *updater = parts->updater;
  const char *isa = ig__isa_name(ig__updater_context(updater)->isa);
  if (c->fingerprint != parts->fingerprint)
    return ig__fail(IG_BAD_MODEL, "%s: the checkpoint is of another model, other data or other options than config.yaml says, of another "
                    "instruction set than %s, or of another version of imgrad, with which this run would not go on with the same bits",
                    place, isa);
  const size_t moves = parts->state->moves.count;
  IG__TRY(read_state(c, parts->state));
  if (parts->state->moves.count != moves)
    return ig__fail(IG_BAD_MODEL, "%s: the checkpoint has %zu λ that move, this run %zu", place, parts->state->moves.count, moves);
  IG__TRY(copy_section(c, "params", place, model->params, real_bytes(model, model->params_size)));
  IG__TRY(copy_section(c, "states", place, model->states, real_bytes(model, model->states_size)));
  for (int i = 0; i < ig__updater_slots(updater); i++) {
    char name[16];
    snprintf(name, sizeof name, "slot%d", i);
    IG__TRY(copy_section(c, name, place, ig__updater_slot(updater, i), real_bytes(model, model->params_size)));
  }
  if (parts->descent) {
    IG__TRY(copy_section(c, "descent", place, parts->descent->memory, parts->descent->memory_count * sizeof(double)));
    parts->descent->state = parts->state->descent;
  }
  if (parts->averager) IG__TRY(take_mean(c, place, model, parts->averager));
  model->version++;
  return IG_OK;
}

ig_status ig__checkpoint_open(const char *folder, ig__checkpoint **out) {
  size_t size = 0;
  ig__checkpoint *c = *out = ig__alloc(1, sizeof *c);
  uint8_t *bytes = NULL;
  char *path = c ? ig__format("%s/checkpoint", folder) : NULL;
  ig_status status = path ? ig__file_read(path, MAX_CHECKPOINT, &bytes, &size) : IG_NO_MEMORY;
  if (status == IG_OK) status = ig__checkpoint_parse(bytes, size, path, c);
  if (c) c->bytes = bytes, c->path = path;
  if (status != IG_OK) {
    ig__checkpoint_close(c);
    *out = NULL;
  }
  return status;
}

void ig__checkpoint_close(ig__checkpoint *c) {
  if (!c) return;
  ig__free(c->bytes);
  ig__free(c->path);
  ig__free(c);
}

ig_status ig__checkpoint_choices(const ig__checkpoint *c, char **out) {
  const ig__section *s = find(c, "choices");
  *out = NULL;
  if (!s) return IG_OK;
  if (!(*out = ig__alloc((size_t)s->size + 1, 1))) return IG_NO_MEMORY;
  memcpy(*out, s->data, (size_t)s->size);
  return IG_OK;
}

ig_status ig__run_state_read(const char *folder, ig__run_state *out) {
  ig__checkpoint *c;
  IG__TRY(ig__checkpoint_open(folder, &c));
  ig_status status = read_state(c, out);
  ig__checkpoint_close(c);
  return status;
}

/* Tidies up after a failure whose words must stay the last. */
static void remove_quietly(const char *path) {
  char message[IG__MESSAGE_SIZE];
  ig__message_take(message);
  (void)ig__file_remove(path);
  ig__message_give(message);
}

static ig_status replace(const char *path, const char *next, const ig__buffer *out) {
  uint8_t *bytes;
  size_t size;
  ig__checkpoint c;
  IG__TRY(ig__file_write_atomic(next, out->data, out->size));
  IG__TRY(ig__file_read(next, MAX_CHECKPOINT, &bytes, &size));
  ig_status status = ig__checkpoint_parse(bytes, size, next, &c);
  ig__free(bytes);
  if (status != IG_OK) return ig__fail_at(IG_IO, "what was written does not read back");
  return ig__file_rename(next, path);
}

ig_status ig__checkpoint_save(const char *folder, const ig__checkpoint_parts *parts) {
  ig__buffer out = {0};
  char *path = ig__format("%s/checkpoint", folder), *next = ig__format("%s/checkpoint.next", folder);
  compose(&out, parts);
  ig_status status = path && next && !out.failed ? replace(path, next, &out) : IG_NO_MEMORY;
  if (status != IG_OK && next) remove_quietly(next);
  ig__buffer_free(&out);
  ig__free(path);
  ig__free(next);
  return status;
}
