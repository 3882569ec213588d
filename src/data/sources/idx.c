/* Source "idx": a folder of MNIST-style files, plain or .gz: {train,val,t10k}-{images-idx3,labels-idx1}-ubyte. Fashion-MNIST
 * and KMNIST come under the same names. Whole files are decoded when opened, so a read is a copy. */
#include "data/sources/idx.h"

#include "base/file.h"
#include "data/sources/common.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#define MAX_BYTES ((size_t)1 << 31)
#define MAX_SIDE 65536

typedef struct {
  bool there;
  char path[4096];
  ig_status status;      /* of reading it, and its words */
  char message[IG__MESSAGE_SIZE];
  uint8_t *bytes;
  size_t size;
  ig__idx idx;
  uint64_t fingerprint;
} file;
typedef struct { file images[IG__PARTS], labels[IG__PARTS]; } state;

static int64_t big_endian(const uint8_t *p) {
  return (int64_t)((uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3]);
}

ig_status ig__idx_parse(const uint8_t *bytes, size_t size, ig__idx *out) {
  *out = (ig__idx){.dim = {1, 1, 1, 1}};
  if (size < 4) return ig__fail(IG_BAD_DATA, "an IDX header needs 4 bytes, found %zu", size);
  if (bytes[0] || bytes[1] || bytes[2] != 8 || bytes[3] < 1 || bytes[3] > 4)
    return ig__fail(IG_BAD_DATA, "asked for an IDX header 00 00 08 and a rank of 1 to 4, found %02x %02x %02x %02x", bytes[0],
                    bytes[1], bytes[2], bytes[3]);
  int rank = bytes[3];
  size_t header = 4 + 4 * (size_t)rank;
  if (size < header) return ig__fail(IG_BAD_DATA, "an IDX header of rank %d needs %zu bytes, found %zu", rank, header, size);
  /* Every partial product must fit into what is really there, so none can overflow and no header can ask for more. */
  size_t found = size - header, bytes_of_record = 1;
  for (int i = 0; i < rank; i++) {
    out->dim[i] = big_endian(bytes + 4 + 4 * i);
    if (out->dim[i] == 0) return ig__fail(IG_BAD_DATA, "dimension %d of the IDX header is 0", i + 1);
  }
  for (int i = rank - 1; i >= 0; i--) {
    size_t dim = (size_t)out->dim[i];
    if (i == 0) out->item_bytes = bytes_of_record;
    if (dim > found / bytes_of_record)
      return ig__fail(IG_BAD_DATA, "the IDX header asks for %lld x %lld x %lld x %lld bytes, the file holds %zu: cut short?",
                      (long long)out->dim[0], (long long)out->dim[1], (long long)out->dim[2], (long long)out->dim[3], found);
    bytes_of_record *= dim;
  }
  if (bytes_of_record != found)
    return ig__fail(IG_BAD_DATA, "the IDX header asks for %zu bytes, the file holds %zu: %zu too many", bytes_of_record, found,
                    found - bytes_of_record);
  out->rank = rank;
  out->data = bytes + header;
  return IG_OK;
}

/* Finds FOLDER/STEM{-,.}idx{a,b}-ubyte[.gz]; false when none is there. Plain files come before packed ones. */
static bool find(const char *folder, const char *stem, char a, char b, char *path, size_t size) {
  for (int i = 0; i < 8; i++) {
    int n = snprintf(path, size, "%s/%s%cidx%c-ubyte%s", folder, stem, i & 1 ? '.' : '-', i & 2 ? b : a, i & 4 ? ".gz" : "");
    if (n > 0 && (size_t)n < size && ig__file_exists(path)) return true;
  }
  return false;
}

static bool find_images(const char *folder, ig__part part, char *path, size_t size) {
  static const char *const stems[IG__PARTS][2] = {
    {"train-images", "train-images"}, {"val-images", "validation-images"}, {"t10k-images", "test-images"}};
  return find(folder, stems[part][0], '3', '4', path, size) || find(folder, stems[part][1], '3', '4', path, size);
}

static bool find_labels(const char *folder, ig__part part, char *path, size_t size) {
  static const char *const stems[IG__PARTS][2] = {
    {"train-labels", "train-labels"}, {"val-labels", "validation-labels"}, {"t10k-labels", "test-labels"}};
  return find(folder, stems[part][0], '1', '1', path, size) || find(folder, stems[part][1], '1', '1', path, size);
}

static bool recognises(const char *path) {
  char found[4096];
  for (ig__part part = 0; part < IG__PARTS; part++)
    if (find_images(path, part, found, sizeof found)) return true;
  return false;
}

/* The two files of a part, if they are there. */
static ig_status find_part(state *s, const char *folder, ig__part part) {
  file *images = &s->images[part], *labels = &s->labels[part];
  images->there = find_images(folder, part, images->path, sizeof images->path);
  labels->there = images->there && find_labels(folder, part, labels->path, sizeof labels->path);
  if (images->there == labels->there) return IG_OK;
  return ig__fail(IG_BAD_DATA, "%s: no labels beside it; asked for %s-labels-idx1-ubyte, plain or .gz", images->path,
                  part == IG__TEST ? "t10k" : ig__part_name(part));
}

/* Eight bytes at a time: ig__hash goes byte by byte, and would take 70 ms of MNIST's start. */
static uint64_t fingerprint(const uint8_t *p, size_t size, uint64_t h) {
  size_t i = 0;
  for (; i + 8 <= size; i += 8) {
    uint64_t word = (uint64_t)big_endian(p + i) << 32 | (uint64_t)big_endian(p + i + 4);
    h = (h ^ word) * 0x9e3779b97f4a7c15u;
    h = h << 29 | h >> 35;
  }
  return ig__hash(p + i, size - i, h);
}

/* Reads one file; what went wrong is kept in it. */
static void load(file *f) {
  f->status = ig__file_read_gz(f->path, MAX_BYTES, &f->bytes, &f->size);
  if (f->status == IG_OK) f->status = ig__fail_at(ig__idx_parse(f->bytes, f->size, &f->idx), "%s", f->path);
  if (f->status == IG_OK) f->fingerprint = fingerprint(f->bytes, f->size, 0);
  else ig__message_take(f->message);
}

/* The files of all parts, in the order in which they are reported. */
typedef struct { file *file[2 * IG__PARTS]; int count; atomic_int next; } queue;

static void *load_files(void *arg) {
  queue *q = arg;
  int i;
  while ((i = atomic_fetch_add(&q->next, 1)) < q->count) load(q->file[i]);
  return NULL;
}

/* Two threads share the files: the pictures to train on come first and take longest, and all others are ready by then. Of
 * the 171 ms from the start to the first step on MNIST's .gz files this saves 18. */
static ig_status load_all(state *s) {
  queue q = {.count = 0};
  pthread_t helper;
  for (ig__part part = 0; part < IG__PARTS; part++) {
    if (s->images[part].there) q.file[q.count++] = &s->images[part];
    if (s->labels[part].there) q.file[q.count++] = &s->labels[part];
  }
  sigset_t all, before; /* signals belong to the program around us */
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  bool helped = !ig__fault("thread") && pthread_create(&helper, NULL, load_files, &q) == 0;
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  load_files(&q);
  if (helped) pthread_join(helper, NULL);
  for (int i = 0; i < q.count; i++) {
    if (q.file[i]->status == IG_OK) continue;
    ig__message_give(q.file[i]->message);
    return q.file[i]->status;
  }
  return IG_OK;
}

/* Do the two files of a part fit each other? */
static ig_status check_part(const state *s, ig__part part) {
  const file *images = &s->images[part], *labels = &s->labels[part];
  if (!images->there) return IG_OK;
  if (images->idx.rank < 3)
    return ig__fail(IG_BAD_DATA, "%s: asked for pictures of rank 3 (n h w) or 4 (n c h w), found rank %d", images->path,
                    images->idx.rank);
  for (int i = 1; i < 4; i++)
    if (images->idx.dim[i] > MAX_SIDE)
      return ig__fail(IG_BAD_DATA, "%s: dimension %d is %lld, at most %d is taken", images->path, i + 1,
                      (long long)images->idx.dim[i], MAX_SIDE);
  if (labels->idx.rank != 1)
    return ig__fail(IG_BAD_DATA, "%s: asked for labels of rank 1, found rank %d", labels->path, labels->idx.rank);
  if (labels->idx.dim[0] != images->idx.dim[0])
    return ig__fail(IG_BAD_DATA, "%s: asked for %lld labels, as many as pictures, found %lld", labels->path,
                    (long long)images->idx.dim[0], (long long)labels->idx.dim[0]);
  return IG_OK;
}

/* All parts must have pictures of one shape. */
static ig_status same_shape(const state *s, const file **out) {
  const file *first = NULL;
  for (ig__part part = 0; part < IG__PARTS; part++) {
    const file *f = &s->images[part];
    if (!f->there) continue;
    if (!first) first = f;
    if (f->idx.rank != first->idx.rank || memcmp(f->idx.dim + 1, first->idx.dim + 1, 3 * sizeof f->idx.dim[0]) != 0)
      return ig__fail(IG_BAD_DATA, "%s: asked for pictures of %lld x %lld x %lld as in %s, found %lld x %lld x %lld", f->path,
                      (long long)first->idx.dim[1], (long long)first->idx.dim[2], (long long)first->idx.dim[3], first->path,
                      (long long)f->idx.dim[1], (long long)f->idx.dim[2], (long long)f->idx.dim[3]);
  }
  *out = first;
  return IG_OK;
}

static ig_status open_idx(ig__source *source, const void *options, const char *path) {
  (void)options;
  if (!path) return ig__fail(IG_USAGE, "idx: give the folder that holds the files (train-images-idx3-ubyte.gz, …) as the data");
  state *s = source->state = ig__alloc(1, sizeof *s);
  if (!s) return IG_NO_MEMORY;
  const file *first = NULL;
  for (ig__part part = 0; part < IG__PARTS; part++) IG__TRY(find_part(s, path, part));
  IG__TRY(load_all(s));
  for (ig__part part = 0; part < IG__PARTS; part++) IG__TRY(check_part(s, part));
  IG__TRY(same_shape(s, &first));
  if (!first) return ig__fail(IG_BAD_DATA, "%s: no IDX pictures any more", path);
  int classes = 1;
  for (ig__part part = 0; part < IG__PARTS; part++) {
    const file *images = &s->images[part], *labels = &s->labels[part];
    if (!images->there) continue;
    source->info.count[part] = images->idx.dim[0];
    for (int64_t i = 0; i < labels->idx.dim[0]; i++)
      if (labels->idx.data[i] >= classes) classes = labels->idx.data[i] + 1;
    uint64_t of_part[] = {(uint64_t)part, images->fingerprint, labels->fingerprint};
    source->info.fingerprint = ig__hash(of_part, sizeof of_part, source->info.fingerprint);
  }
  const int64_t *d = first->idx.dim;
  if (first->idx.rank == 4) ig__source_image_label(source, IG__FIELD_U8, (int)d[1], (int)d[2], (int)d[3]);
  else ig__source_image_label(source, IG__FIELD_U8, 1, (int)d[1], (int)d[2]);
  return ig__source_number_classes(source, classes);
}

static ig_status read_idx(const ig__source *source, ig__part part, int64_t index, void *const *fields) {
  const state *s = source->state;
  const ig__idx *images = &s->images[part].idx;
  memcpy(fields[0], images->data + (size_t)index * images->item_bytes, images->item_bytes);
  *(int32_t *)fields[1] = s->labels[part].idx.data[index];
  return IG_OK;
}

static int label(const ig__source *source, ig__part part, int64_t index) {
  return ((const state *)source->state)->labels[part].idx.data[index];
}

static uint64_t key(const ig__source *source, ig__part part, int64_t index) {
  (void)source;
  return ig__record_key(part, index);
}

static void place(const ig__source *source, ig__part part, int64_t index, char *out, size_t size) {
  snprintf(out, size, "%s: record %lld", ((const state *)source->state)->images[part].path, (long long)index);
}

static void close_idx(ig__source *source) {
  state *s = source->state;
  if (!s) return;
  for (int part = 0; part < IG__PARTS; part++) {
    ig__free(s->images[part].bytes);
    ig__free(s->labels[part].bytes);
  }
  ig__free(s);
}

const ig__source_kind ig__source_idx = {
  .name = "idx", .help = "a folder of MNIST-style files: train-images-idx3-ubyte[.gz], train-labels-idx1-ubyte[.gz], t10k-…",
  .recognises = recognises, .open = open_idx, .read = read_idx, .label = label, .key = key, .place = place, .close = close_idx,
};
