/* Source "random": noise with labels drawn by lot. Nothing can be learned from it, which is its use: a model that does
 * better than chance on its validation part has seen it. */
#include "data/sources/common.h"

#include "base/file.h"

#include <stdio.h>

typedef struct { int64_t count; int height, width, channels, classes; int64_t seed; } random_options;

static const ig__option table[] = {
  IG__OPTION(random_options, count, "1000", 1, 1e9, "pictures", "how many"),
  IG__OPTION(random_options, height, "28", 1, 16384, "pixels", "height"),
  IG__OPTION(random_options, width, "28", 1, 16384, "pixels", "width"),
  IG__OPTION(random_options, channels, "1", 1, 4096, "", "channels"),
  IG__OPTION(random_options, classes, "10", 1, 65536, "", "labels are 0 … classes-1"),
  IG__OPTION(random_options, seed, "0", 0, 9e15, "", "another seed, other pictures"),
  IG__OPTIONS_END};

static ig_status open_random(ig__source *source, const void *options, const char *path) {
  (void)path;
  random_options *o = source->state = ig__alloc(1, sizeof *o);
  if (!o) return IG_NO_MEMORY;
  *o = *(const random_options *)options;
  size_t values;
  if (!ig__mul_size((size_t)o->height * (size_t)o->width, (size_t)o->channels, &values) || values > SIZE_MAX / 8 / sizeof(float))
    return ig__fail(IG_USAGE, "random: a picture of %d x %d x %d is too large", o->channels, o->height, o->width);
  source->info.count[IG__TRAIN] = o->count;
  int64_t what[] = {o->count, o->height, o->width, o->channels, o->classes, o->seed};
  source->info.fingerprint = ig__hash(what, sizeof what, 0);
  ig__source_image_label(source, IG__FIELD_F32, o->channels, o->height, o->width);
  return ig__source_number_classes(source, o->classes);
}

/* Streams 0 and 1 of a picture: its pixels, its label. */
static int label(const ig__source *source, ig__part part, int64_t index) {
  const random_options *o = source->state;
  (void)part;
  ig__rng r = ig__rng_make((uint64_t)o->seed, IG__FOR_SOURCE, (uint64_t)index, 1);
  return (int)ig__rng_below(&r, (uint32_t)o->classes);
}

static ig_status read_random(const ig__source *source, ig__part part, int64_t index, void *const *fields) {
  const random_options *o = source->state;
  size_t values = (size_t)o->height * (size_t)o->width * (size_t)o->channels;
  float *image = fields[0];
  ig__rng r = ig__rng_make((uint64_t)o->seed, IG__FOR_SOURCE, (uint64_t)index, 0);
  for (size_t i = 0; i < values; i++) image[i] = (float)(ig__rng_u32(&r) >> 8) * 0x1p-24f;
  *(int32_t *)fields[1] = label(source, part, index);
  return IG_OK;
}

static uint64_t key(const ig__source *source, ig__part part, int64_t index) {
  (void)source;
  return ig__record_key(part, index);
}

static void close_random(ig__source *source) { ig__free(source->state); }

const ig__source_kind ig__source_random = {
  .name = "random", .help = "noise with random labels", .options = table, .options_size = sizeof(random_options),
  .open = open_random, .read = read_random, .label = label, .key = key, .place = ig__source_place, .close = close_random,
};
