/* Source "folder": one folder a class, decoded by the threads of the loader.
 *
 * A small set stays in memory once it is read, decoded and resized, in one place for all threads: the second epoch is a copy. */
#include "data/sort.h"
#include "data/sources/folder.h"

#include <limits.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KEPT_BYTES ((size_t)256 << 20)  /* a set up to this size stays in memory */
#define LOOKS 256                       /* pictures whose size decides when nobody asks for one */
#define LOOK_BYTES ((size_t)256 << 10)  /* of each: headers with previews and profiles before them fit */
#define MOST_TRIES 4096
#define SIDE_STEP 16
#define MOST_SIDE 96

enum { EMPTY, FILLING, FULL };

typedef struct state {
  char *root;
  ig__folder_files files;
  ig__picture_want picture;
  size_t picture_bytes;
  /* Of each part, when the set is small: the pictures, and how far each is. The memory is touched as it fills. */
  uint8_t *kept[IG__PARTS];
  atomic_uchar *filled[IG__PARTS];
} state;

/* ---- recognising --------------------------------------------------------------------------------------------------------- */

/* Is there a picture, by its name, in this folder or in a folder in it, and so on `depth` times? */
static bool holds_pictures(const char *path, int depth) {
  ig__names names;
  bool found = false;
  if (ig__folder_list(path, &names) != IG_OK) return false;
  for (size_t i = 0; i < names.count && !found; i++) found = names.name[i][0] != '.' && ig__folder_named_picture(names.name[i]);
  for (size_t i = 0; i < names.count && !found && depth > 0; i++) {
    char *child = names.name[i][0] != '.' ? ig__format("%s/%s", path, names.name[i]) : NULL;
    found = child && ig__is_folder(child) && holds_pictures(child, depth - 1);
    ig__free(child);
  }
  ig__names_free(&names);
  return found;
}

/* train/cat/1.jpg has two folders before the picture. */
static bool recognises(const char *path) { return ig__is_folder(path) && holds_pictures(path, 2); }

/* ---- the size of the pictures -------------------------------------------------------------------------------------------- */

typedef struct { int side[2 * LOOKS], count; bool colour; ig_status failed; char message[IG__MESSAGE_SIZE]; } looks;

static int by_value(const void *a, const void *b) { return *(const int *)a - *(const int *)b; }

/* NULL, with a message, when the path is too long for a path. */
static const char *full_path(const state *s, const ig__folder_file *f, char out[PATH_MAX]) {
  int n = snprintf(out, PATH_MAX, "%s/%s", s->root, f->path);
  if (n > 0 && n < PATH_MAX) return out;
  (void)ig__fail(IG_BAD_DATA, "%s/%s: the path is too long", s->root, f->path);
  return NULL;
}

static ig_status look(const state *s, const ig__folder_file *f, ig__picture *out) {
  char path[PATH_MAX];
  uint8_t *bytes;
  size_t size;
  if (!full_path(s, f, path)) return IG_BAD_DATA;
  IG__TRY(ig__file_read_head(path, LOOK_BYTES, &bytes, &size));
  ig_status status = ig__picture_look(bytes, size, out);
  ig__free(bytes);
  return ig__fail_at(status, "%s", path);
}

/* The pictures with the smallest keys, as far as their headers can be read: a sample that does not change with what is broken. */
static ig_status take_looks(const state *s, const ig__folder_file *file, size_t count, looks *l) {
  ig__ranked *ranked = ig__alloc(count, sizeof *ranked), *scratch = ig__alloc(count, sizeof *scratch);
  ig_status status = ranked && scratch ? IG_OK : IG_NO_MEMORY;
  for (size_t i = 0; status == IG_OK && i < count; i++) ranked[i] = (ig__ranked){file[i].key, (int64_t)i};
  if (status == IG_OK) ig__sort_ranked(ranked, scratch, count);
  for (size_t i = 0; status == IG_OK && i < count && i < MOST_TRIES && l->count < 2 * LOOKS; i++) {
    ig__picture p;
    ig_status looked = look(s, &file[ranked[i].at], &p);
    if (looked == IG_NO_MEMORY) status = looked;
    if (looked != IG_OK) {
      if (l->failed == IG_OK) ig__message_take(l->message);
      l->failed = looked;
      continue;
    }
    l->side[l->count++] = p.height;
    l->side[l->count++] = p.width;
    l->colour |= p.channels == 3;
  }
  ig__free(ranked);
  ig__free(scratch);
  return status;
}

/* What the model leaves open: the median side rounded to 16, at most 96; grey only where every picture is. */
static ig_status choose_size(ig__source *source, state *s) {
  ig__picture_want *p = &s->picture;
  *p = source->want.picture;
  if (p->channels && p->channels != 1 && p->channels != 3)
    return ig__fail(IG_BAD_MODEL, "the model takes pictures of %d channels; those of %s have 1 (grey) or 3 (colour)", p->channels, s->root);
  if (p->channels && p->height && p->width) return IG_OK;
  looks *l = ig__alloc(1, sizeof *l);
  if (!l) return IG_NO_MEMORY;
  ig_status status = IG_OK;
  for (int part = 0; part < IG__PARTS && status == IG_OK && !l->count; part++)
    status = take_looks(s, s->files.file[part], s->files.count[part], l);
  if (status == IG_OK && !l->count) status = ig__fail(IG_BAD_DATA, "%s: not one picture can be read; the first: %s", s->root, l->message);
  if (status == IG_OK) {
    qsort(l->side, (size_t)l->count, sizeof *l->side, by_value);
    int side = l->side[l->count / 2];
    side = side > MOST_SIDE ? MOST_SIDE : (side + SIDE_STEP / 2) / SIDE_STEP * SIDE_STEP;
    if (side < SIDE_STEP) side = SIDE_STEP;
    if (!p->height) p->height = side;
    if (!p->width) p->width = side;
    if (!p->channels) p->channels = l->colour ? 3 : 1;
  }
  ig__free(l);
  return status;
}

/* ---- opening ------------------------------------------------------------------------------------------------------------- */

static ig_status make_kept(ig__source *source, state *s) {
  size_t count = 0, bytes;
  for (int part = 0; part < IG__PARTS; part++) count += s->files.count[part];
  if (!ig__mul_size(count, s->picture_bytes, &bytes) || (bytes > KEPT_BYTES && bytes > source->want.keep)) return IG_OK;
  for (int part = 0; part < IG__PARTS; part++) {
    if (!(s->kept[part] = ig__alloc(s->files.count[part], s->picture_bytes))) return IG_NO_MEMORY;
    if (!(s->filled[part] = ig__alloc(s->files.count[part], sizeof *s->filled[part]))) return IG_NO_MEMORY;
  }
  /* A larger set is split before it is looked at, whoever keeps it: a run by itself and among others sees the same parts. */
  source->info.kept = bytes <= KEPT_BYTES;
  return IG_OK;
}

static ig_status fill_info(ig__source *source, state *s) {
  ig__source_info *info = &source->info;
  ig__picture_want *p = &s->picture;
  ig__folder_files *f = &s->files;
  int what[] = {p->channels, p->height, p->width, (int)p->fit};
  info->fingerprint = ig__hash(what, sizeof what, 0);
  for (int part = 0; part < IG__PARTS; part++) {
    info->count[part] = (int64_t)f->count[part];
    for (size_t i = 0; i < f->count[part]; i++) {
      uint64_t of_file[] = {f->file[part][i].key, f->file[part][i].size, (uint64_t)f->file[part][i].label};
      info->fingerprint = ig__hash(of_file, sizeof of_file, info->fingerprint);
    }
  }
  info->skipped = f->skipped;
  info->class_count = (int)f->class_count;
  info->class_name = f->class_name;
  f->class_name = NULL;
  ig__source_image_label(source, IG__FIELD_U8, p->channels, p->height, p->width);
  s->picture_bytes = ig__field_bytes(&info->field[0]);
  return IG_OK;
}

static ig_status open_folder(ig__source *source, const void *options, const char *path) {
  (void)options;
  if (!path) return ig__fail(IG_USAGE, "folder: give the folder itself as the data; it holds one folder a class");
  state *s = source->state = ig__alloc(1, sizeof *s);
  if (!s || !(s->root = ig__strdup(path))) return IG_NO_MEMORY;
  for (size_t n = strlen(s->root); n > 1 && s->root[n - 1] == '/'; n--) s->root[n - 1] = 0;
  IG__TRY(ig__folder_find(s->root, &source->want, &s->files));
  if (!s->files.count[IG__TRAIN] && !s->files.count[IG__VAL] && !s->files.count[IG__TEST])
    return ig__fail(IG_BAD_DATA, "%s: no pictures in folders; asked for one folder a class (%s/cat/1.jpg), or train/, val/ and test/ with "
                    "such folders (%s/train/cat/1.jpg)", s->root, s->root, s->root);
  IG__TRY(choose_size(source, s));
  IG__TRY(fill_info(source, s));
  return make_kept(source, s);
}

/* ---- reading ------------------------------------------------------------------------------------------------------------- */

/* A file that is not there any more, that nobody may read, or that is no file is broken; a disk that fails ends the run. */
static ig_status read_bytes(const char *path, uint8_t **bytes, size_t *size) {
  uint64_t any;
  ig_status status = ig__file_read(path, IG__PICTURE_FILE, bytes, size);
  if (status == IG_USAGE) return IG_BAD_DATA;
  if (status == IG_IO && (ig__file_kind_of(path, &any) == IG__NOTHING || !ig__file_readable(path))) return IG_BAD_DATA;
  return status;
}

static ig_status decode(const state *s, const ig__folder_file *f, uint8_t *out) {
  char path[PATH_MAX];
  ig__picture picture;
  uint8_t *bytes;
  size_t size;
  if (!full_path(s, f, path)) return IG_BAD_DATA;
  IG__TRY(read_bytes(path, &bytes, &size));
  ig_status status = ig__picture_decode(bytes, size, &s->picture, &picture);
  ig__free(bytes);
  IG__TRY(ig__fail_at(status, "%s", path));
  ig__picture_planes(&picture, out);
  ig__picture_free(&picture);
  return IG_OK;
}

static ig_status read_folder(const ig__source *source, ig__part part, int64_t index, void *const *fields) {
  const state *s = source->state;
  const ig__folder_file *f = &s->files.file[part][index];
  uint8_t *kept = s->kept[part] ? s->kept[part] + (size_t)index * s->picture_bytes : NULL;
  *(int32_t *)fields[1] = f->label;
  if (kept && atomic_load_explicit(&s->filled[part][index], memory_order_acquire) == FULL) {
    memcpy(fields[0], kept, s->picture_bytes);
    return IG_OK;
  }
  IG__TRY(decode(s, f, fields[0]));
  unsigned char empty = EMPTY;
  /* Two threads that read the same picture at once: one of them keeps it. */
  if (kept && atomic_compare_exchange_strong(&s->filled[part][index], &empty, FILLING)) {
    memcpy(kept, fields[0], s->picture_bytes);
    atomic_store_explicit(&s->filled[part][index], FULL, memory_order_release);
  }
  return IG_OK;
}

static int label(const ig__source *source, ig__part part, int64_t index) {
  return ((const state *)source->state)->files.file[part][index].label;
}

static uint64_t key(const ig__source *source, ig__part part, int64_t index) {
  return ((const state *)source->state)->files.file[part][index].key;
}

static void place(const ig__source *source, ig__part part, int64_t index, char *out, size_t size) {
  const state *s = source->state;
  snprintf(out, size, "%s/%s", s->root, s->files.file[part][index].path);
}

static void close_folder(ig__source *source) {
  state *s = source->state;
  if (!s) return;
  for (int part = 0; part < IG__PARTS; part++) {
    ig__free(s->kept[part]);
    ig__free(s->filled[part]);
  }
  ig__folder_files_free(&s->files);
  ig__free(s->root);
  ig__free(s);
}

const ig__source_kind ig__source_folder = {
  .name = "folder", .help = "a folder of pictures (JPEG, PNG, PGM, PPM), one folder a class, or train/, val/, test/ of such",
  .recognises = recognises, .open = open_folder, .read = read_folder, .label = label, .key = key, .place = place,
  .close = close_folder,
};
