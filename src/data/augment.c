/* The registry of augmentations, lists of them from text, and the change of one sample. */
#include "data/augment.h"

#include "base/text.h"
#include "base/unknown.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define X(name) extern const ig__augment_kind ig__augment_##name;
#include "data/augment/all.def"
#undef X

const ig__augment_kind *const ig__augment_kinds[] = {
#define X(name) &ig__augment_##name,
#include "data/augment/all.def"
#undef X
  NULL,
};

#define KIND_COUNT (sizeof ig__augment_kinds / sizeof ig__augment_kinds[0] - 1)
#define MOST 16 /* in one list */
#define MOST_WORDS 32

typedef struct item { const ig__augment_kind *kind; void *options; } item;

struct ig__augment {
  item item[MOST];
  int count;
  int mixer;                  /* the item that mixes, −1: none */
  int first;                  /* the first picture among the fields */
  int height, width;          /* of it */
  int field_count;
  ig__field field[IG__MAX_FIELDS];
  size_t room;
};

/* ---- from text --------------------------------------------------------------------------------------------------------- */

static ig_status find_kind(const char *name, const ig__augment_kind **out) {
  const char *names[KIND_COUNT];
  for (size_t i = 0; i < KIND_COUNT; i++) {
    names[i] = ig__augment_kinds[i]->name;
    if (strcmp(names[i], name) != 0) continue;
    *out = ig__augment_kinds[i];
    return IG_OK;
  }
  return ig__unknown(IG_USAGE, name, names, KIND_COUNT, "augment:");
}

/* One augmentation, "shift 4". */
static ig_status add(ig__augment *a, char *text) {
  char *words[MOST_WORDS];
  const ig__augment_kind *kind = NULL;
  int count = ig__split_words(text, words, MOST_WORDS);
  if (count < 1) return ig__fail(IG_USAGE, count ? "augment: more than %d words" : "augment: a name is missing between two commas", MOST_WORDS);
  if (a->count == MOST) return ig__fail(IG_USAGE, "augment: more than %d augmentations", MOST);
  IG__TRY(find_kind(words[0], &kind));
  for (int i = 0; i < a->count; i++)
    if (a->item[i].kind == kind) return ig__fail(IG_USAGE, "augment: %s is given twice", kind->name);
  void *options = a->item[a->count].options = ig__alloc(1, kind->options_size);
  if (!options) return IG_NO_MEMORY;
  if (kind->mix) a->mixer = a->count;
  a->item[a->count++].kind = kind;
  return ig__options_parse(kind->name, kind->options, options, words + 1, count - 1);
}

static ig_status read_list(ig__augment *a, const char *text) {
  char *copy = ig__strdup(text), *rest = copy, *one;
  ig_status status = copy ? IG_OK : IG_NO_MEMORY;
  while (status == IG_OK && (one = ig__next_listed(&rest))) status = add(a, one);
  ig__free(copy);
  return status;
}

static ig_status check_fields(ig__augment *a, const ig__source_info *info) {
  a->first = -1;
  a->field_count = info->field_count;
  memcpy(a->field, info->field, sizeof a->field);
  for (int f = 0; f < info->field_count; f++) {
    const ig__field *field = &info->field[f];
    bool pixels = field->role == IG__ROLE_IMAGE || field->role == IG__ROLE_MASK;
    if (field->role == IG__ROLE_BOXES || field->role == IG__ROLE_POINTS)
      return ig__fail(IG_USAGE, "augment: %s has %s with its pictures, which would not move with them", info->name, field->name);
    if (!pixels) continue;
    if (field->type != IG__FIELD_U8)
      return ig__fail(IG_USAGE, "augment: the field %s of %s is no picture of bytes; augmentations change bytes only", field->name,
                      info->name);
    if (a->first < 0 && field->role == IG__ROLE_IMAGE && field->rank == 3) a->first = f;
    if (ig__field_bytes(field) > a->room) a->room = ig__field_bytes(field);
  }
  if (a->first < 0) return ig__fail(IG_USAGE, "augment: %s has no pictures", info->name);
  a->height = info->field[a->first].dim[1];
  a->width = info->field[a->first].dim[2];
  if (a->mixer >= 0 && info->class_count < 2)
    return ig__fail(IG_USAGE, "augment: %s mixes classes, and %s has none", a->item[a->mixer].kind->name, info->name);
  return IG_OK;
}

ig_status ig__augment_new(const char *text, const ig__source_info *info, ig__augment **out) {
  *out = NULL;
  if (text[strspn(text, " \t")] == 0) return IG_OK;
  ig__augment *a = ig__alloc(1, sizeof *a);
  if (!a) return IG_NO_MEMORY;
  a->mixer = -1;
  ig_status status = read_list(a, text);
  if (status == IG_OK) status = check_fields(a, info);
  if (status == IG_OK) *out = a;
  else ig__augment_free(a);
  return status;
}

void ig__augment_free(ig__augment *a) {
  if (!a) return;
  for (int i = 0; i < MOST; i++) ig__free(a->item[i].options);
  ig__free(a);
}

size_t ig__augment_room(const ig__augment *a) { return a->room; }

/* ---- one sample -------------------------------------------------------------------------------------------------------- */

static double mean_of(const uint8_t *p, size_t count) {
  uint64_t sum = 0;
  for (size_t i = 0; i < count; i++) sum += p[i];
  return count ? (double)sum / (double)count : 0;
}

static void change_values(const ig__change *c, double mean, uint8_t *p, size_t count) {
  uint8_t table[256];
  for (int v = 0; v < 256; v++) {
    double to = floor(c->gain * v + c->lift * mean + 0.5);
    table[v] = (uint8_t)(to < 0 ? 0 : to > 255 ? 255 : to);
  }
  for (size_t i = 0; i < count; i++) p[i] = table[p[i]];
}

static void erase(const ig__change *c, const ig__field *field, uint8_t *p) {
  const int height = field->dim[1], width = field->dim[2];
  for (int plane = 0; plane < field->dim[0]; plane++, p += (size_t)height * (size_t)width) {
    const int mean = (int)floor(mean_of(p, (size_t)height * (size_t)width) + 0.5);
    for (int i = 0; i < c->erased; i++)
      for (int y = 0; y < c->erase[i].height; y++)
        memset(p + (size_t)(c->erase[i].y + y) * (size_t)width + c->erase[i].x, mean, (size_t)c->erase[i].width);
  }
}

static ig__change draw(const ig__augment *a, uint64_t seed, int64_t epoch, uint64_t key) {
  ig__change change = {.map = {.xx = 1, .yy = 1}, .gain = 1};
  for (int i = 0; i < a->count; i++) {
    if (!a->item[i].kind->draw) continue;
    ig__rng rng = ig__rng_make(seed, IG__FOR_AUGMENT, key, (uint32_t)epoch * MOST + (uint32_t)i);
    a->item[i].kind->draw(a->item[i].options, &rng, a->height, a->width, &change);
  }
  return change;
}

void ig__augment_sample(const ig__augment *a, uint64_t seed, int64_t epoch, uint64_t key, void *const *fields, void *scratch) {
  const ig__change change = draw(a, seed, epoch, key);
  const ig__affine *m = &change.map;
  const bool moved = m->xx != 1 || m->xy != 0 || m->x0 != 0 || m->yx != 0 || m->yy != 1 || m->y0 != 0;
  const bool valued = change.gain != 1 || change.lift != 0;
  double mean = valued ? mean_of(fields[a->first], ig__field_bytes(&a->field[a->first])) : 0;
  for (int f = 0; f < a->field_count; f++) {
    const ig__field *field = &a->field[f];
    const bool image = field->role == IG__ROLE_IMAGE;
    if (!image && field->role != IG__ROLE_MASK) continue;
    const size_t bytes = ig__field_bytes(field);
    if (moved) {
      memcpy(scratch, fields[f], bytes);
      ig__warp(m, a->height, a->width, field, !image, scratch, fields[f]);
    }
    if (image && valued) change_values(&change, mean, fields[f], bytes);
    if (f == a->first && change.erased) erase(&change, field, fields[f]);
  }
}

/* ---- a batch ----------------------------------------------------------------------------------------------------------- */

bool ig__augment_mixes(const ig__augment *a) { return a && a->mixer >= 0; }

/* Two pictures become two mixtures of them, in place. Shares in 1/256, so that the bytes are the same on every machine. */
static void mix_pixels(uint8_t *p, uint8_t *q, size_t count, int share) {
  for (size_t i = 0; i < count; i++) {
    const int a = p[i], b = q[i];
    p[i] = (uint8_t)((a * share + b * (256 - share) + 128) >> 8);
    q[i] = (uint8_t)((b * share + a * (256 - share) + 128) >> 8);
  }
}

void ig__augment_mix(const ig__augment *a, uint64_t seed, int64_t epoch, const ig__batch *batch, int label_field, int classes,
                     float *target) {
  const size_t bytes = ig__field_bytes(&a->field[a->first]);
  const int32_t *label = batch->field[label_field];
  uint8_t *pictures = batch->field[a->first];
  memset(target, 0, (size_t)batch->n * (size_t)classes * sizeof *target);
  for (int i = 0; i <= batch->n - 1 - i; i++) {
    const int k = batch->n - 1 - i;
    ig__rng rng = ig__rng_make(seed, IG__FOR_AUGMENT, batch->key[i], (uint32_t)epoch * MOST + (uint32_t)a->mixer);
    const int share = k == i ? 256 : (int)(a->item[a->mixer].kind->mix(a->item[a->mixer].options, &rng) * 256 + 0.5);
    const float kept = (float)share / 256;
    if (k != i) mix_pixels(pictures + (size_t)i * bytes, pictures + (size_t)k * bytes, bytes, share);
    float *ti = target + (size_t)i * (size_t)classes, *tk = target + (size_t)k * (size_t)classes;
    ti[label[i]] += kept;
    ti[label[k]] += 1 - kept;
    if (k == i) continue;
    tk[label[k]] += kept;
    tk[label[i]] += 1 - kept;
  }
}
