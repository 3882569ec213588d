/* IDX files: whole, torn, lying, damaged bit by bit. */
#include "base/file.h"
#include "data/data.h"
#include "data/sources/idx.h"
#include "test.h"

#include <stdlib.h>
#include <zlib.h>

static void put(const char *folder, const char *name, const void *data, size_t size) {
  char path[4096];
  snprintf(path, sizeof path, "%s/%s", folder, name);
  size_t n = strlen(name);
  if (n > 3 && !strcmp(name + n - 3, ".gz")) {
    gzFile f = gzopen(path, "wb6");
    CHECK(f && gzwrite(f, data, (unsigned)size) == (int)size);
    gzclose(f);
  } else {
    FILE *f = fopen(path, "wb");
    CHECK(f && fwrite(data, 1, size, f) == size);
    fclose(f);
  }
}

/* An IDX file of this shape whose values count up from `start`, at most `below`. */
static size_t make_idx(uint8_t *out, int rank, const int *dim, int start, int below) {
  size_t n = 1, at = 4;
  memcpy(out, (uint8_t[]){0, 0, 8, (uint8_t)rank}, 4);
  for (int i = 0; i < rank; i++) {
    n *= (size_t)dim[i];
    for (int shift = 24; shift >= 0; shift -= 8) out[at++] = (uint8_t)((unsigned)dim[i] >> shift);
  }
  for (size_t i = 0; i < n; i++) out[at++] = (uint8_t)(((size_t)start + i) % (size_t)below);
  return at;
}

static void put_idx(const char *folder, const char *name, int rank, const int *dim, int start, int below) {
  static uint8_t bytes[4096];
  size_t size = make_idx(bytes, rank, dim, start, below);
  put(folder, name, bytes, size);
}

static const char *subfolder(const char *name) {
  static char path[4096];
  snprintf(path, sizeof path, "%s/%s", test_folder(), name);
  CHECK_OK(ig__make_folder(path));
  return path;
}

static ig_status try_open(const char *folder) {
  ig__source *source;
  ig_status status = ig__source_open(folder, NULL, &source);
  if (status == IG_OK)
    for (ig__part part = 0; part < IG__PARTS; part++)
      for (int64_t i = 0; i < source->info.count[part]; i++) {
        uint8_t *image = malloc(ig__field_bytes(&source->info.field[0]));
        int32_t label;
        CHECK_OK(source->kind->read(source, part, i, (void *[]){image, &label}));
        CHECK(label >= 0 && label < source->info.class_count);
        free(image);
      }
  ig__source_close(status == IG_OK ? source : NULL);
  return status;
}

TEST(idx_good) {
  static const struct { const char *images, *labels, *test_images, *test_labels; int rank; } rows[] = {
    {"train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte", 3},
    {"train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz", "t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz", 3},
    {"train-images.idx3-ubyte", "train-labels.idx1-ubyte", "t10k-images.idx3-ubyte.gz", "t10k-labels.idx1-ubyte", 3},
    {"train-images-idx4-ubyte", "train-labels-idx1-ubyte.gz", "test-images-idx4-ubyte", "test-labels-idx1-ubyte", 4},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    char name[16], place[512];
    snprintf(name, sizeof name, "good %zu", i); /* a path with a blank */
    const char *folder = subfolder(name);
    int d3[] = {6, 4, 5}, d4[] = {6, 2, 4, 5};
    put_idx(folder, rows[i].images, rows[i].rank, rows[i].rank == 3 ? d3 : d4, 1, 251);
    put_idx(folder, rows[i].labels, 1, (int[]){6}, 0, 4);
    d3[0] = d4[0] = 3;
    put_idx(folder, rows[i].test_images, rows[i].rank, rows[i].rank == 3 ? d3 : d4, 100, 251);
    put_idx(folder, rows[i].test_labels, 1, (int[]){3}, 5, 8);
    ig__source *source;
    CHECK_OK(ig__source_open(folder, NULL, &source));
    const ig__source_info *info = &source->info;
    CHECK_STR(source->kind->name, "idx");
    CHECK_STR(info->name, folder);
    CHECK_INT(info->count[IG__TRAIN], 6);
    CHECK_INT(info->count[IG__VAL], 0);
    CHECK_INT(info->count[IG__TEST], 3);
    CHECK_INT(info->class_count, 8);
    CHECK_STR(info->class_name[7], "7");
    CHECK_INT(info->field_count, 2);
    int c = rows[i].rank == 3 ? 1 : 2;
    CHECK(info->field[0].rank == 3 && info->field[0].dim[0] == c && info->field[0].dim[1] == 4 && info->field[0].dim[2] == 5);
    CHECK_INT(ig__field_bytes(&info->field[0]), 20 * c);
    CHECK_INT(ig__field_bytes(&info->field[1]), 4);
    uint8_t image[40];
    int32_t label;
    CHECK_OK(source->kind->read(source, IG__TRAIN, 2, (void *[]){image, &label}));
    for (int k = 0; k < 20 * c; k++) CHECK_INT(image[k], (1 + 2 * 20 * c + k) % 251);
    CHECK_INT(label, 2);
    CHECK_OK(source->kind->read(source, IG__TEST, 2, (void *[]){image, &label}));
    CHECK_INT(image[0], (100 + 2 * 20 * c) % 251);
    CHECK_INT(label, 7);
    CHECK_INT(source->kind->label(source, IG__TEST, 0), 5);
    source->kind->place(source, IG__TEST, 2, place, sizeof place);
    CHECK_HAS(place, rows[i].test_images);
    CHECK_HAS(place, "record 2");
    for (int64_t a = 0; a < 6; a++)
      for (int64_t b = 0; b < 3; b++) CHECK(source->kind->key(source, IG__TRAIN, a) != source->kind->key(source, IG__TEST, b));
    ig__source_close(source);
  }
}

TEST(idx_bad_headers) {
  static const struct { size_t size; uint8_t bytes[24]; const char *words; } rows[] = {
    {0, {0}, "found 0"},
    {3, {0, 0, 8}, "found 3"},
    {4, {0, 0, 8, 0}, "00 00 08 00"},
    {4, {0, 0, 8, 5}, "00 00 08 05"},
    {9, {0, 0, 13, 1, 0, 0, 0, 1, 7}, "00 00 0d 01"},
    {9, {1, 0, 8, 1, 0, 0, 0, 1, 7}, "01 00 08 01"},
    {7, {0, 0, 8, 1, 0, 0, 0}, "needs 8 bytes, found 7"},
    {8, {0, 0, 8, 1, 0, 0, 0, 0}, "dimension 1 of the IDX header is 0"},
    {8, {0, 0, 8, 1, 0, 0, 0, 1}, "the file holds 0"},
    {10, {0, 0, 8, 1, 0, 0, 0, 1, 7, 7}, "1 too many"},
    {8, {0, 0, 8, 1, 255, 255, 255, 255}, "4294967295"},
    {20, {0, 0, 8, 4, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255}, "4294967295"},
    {21, {0, 0, 8, 4, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 1}, "65536 x 65536"}, /* 2^64: 0 if it wrapped */
    {18, {0, 0, 8, 3, 0, 0, 0, 1, 128, 0, 0, 0, 0, 0, 0, 2, 1, 1}, "the file holds 2"},
    {16, {0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 2}, "dimension 2 of the IDX header is 0"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    ig__idx idx;
    uint8_t *exact = malloc(rows[i].size ? rows[i].size : 1); /* of this size, so that a sanitizer sees a byte too far */
    memcpy(exact, rows[i].bytes, rows[i].size);
    CHECK_STATUS(ig__idx_parse(exact, rows[i].size, &idx), IG_BAD_DATA);
    CHECK_HAS(ig_last_error(), rows[i].words);
    free(exact);
  }
}

static void check_damage(const uint8_t *bytes, size_t size) {
  uint8_t *exact = malloc(size ? size : 1);
  if (size) memcpy(exact, bytes, size);
  ig__idx idx;
  if (ig__idx_parse(exact, size, &idx) == IG_OK) {
    CHECK(idx.rank >= 1 && idx.rank <= 4);
    CHECK((size_t)idx.dim[0] * idx.item_bytes == size - 4 - 4 * (size_t)idx.rank);
    CHECK(idx.data == exact + 4 + 4 * idx.rank);
  }
  free(exact);
}

TEST(idx_every_truncation) {
  uint8_t bytes[256];
  size_t size = make_idx(bytes, 3, (int[]){3, 4, 5}, 0, 256);
  const char *folder = subfolder("torn");
  put_idx(folder, "train-labels-idx1-ubyte", 1, (int[]){3}, 0, 2);
  for (size_t n = 0; n < size; n++) {
    ig__idx idx;
    check_damage(bytes, n);
    CHECK_STATUS(ig__idx_parse(bytes, n, &idx), IG_BAD_DATA);
    put(folder, "train-images-idx3-ubyte", bytes, n);
    CHECK_STATUS(try_open(folder), IG_BAD_DATA);
    CHECK_HAS(ig_last_error(), "torn/train-images-idx3-ubyte: ");
  }
  put(folder, "train-images-idx3-ubyte", bytes, size);
  CHECK_OK(try_open(folder));
  /* The same for the packed file: every truncation of the gzip stream. */
  folder = subfolder("torn gz");
  char path[4096];
  uint8_t packed[512];
  put_idx(folder, "train-labels-idx1-ubyte", 1, (int[]){3}, 0, 2);
  put(folder, "train-images-idx3-ubyte.gz", bytes, size);
  snprintf(path, sizeof path, "%s/train-images-idx3-ubyte.gz", folder);
  FILE *f = fopen(path, "rb");
  size_t all = fread(packed, 1, sizeof packed, f);
  fclose(f);
  for (size_t n = 0; n <= all; n++) {
    CHECK((f = fopen(path, "wb")) && fwrite(packed, 1, n, f) == n);
    fclose(f);
    ig_status status = try_open(folder);
    CHECK(status == (n < all ? IG_BAD_DATA : IG_OK));
    if (n < all) CHECK_HAS(ig_last_error(), "train-images-idx3-ubyte.gz");
  }
}

TEST(idx_bit_flips) {
  uint8_t bytes[256], packed[512];
  char path[4096], name[] = "train-images-idx3-ubyte.gz";
  size_t size = make_idx(bytes, 3, (int[]){3, 4, 5}, 0, 256);
  ig__rng r = ig__rng_make(1, IG__FOR_TEST, 0, 0);
  for (int i = 0; i < 10000; i++) {
    uint8_t copy[256];
    memcpy(copy, bytes, size);
    for (uint32_t k = ig__rng_below(&r, 4) + 1; k > 0; k--) {
      uint32_t bit = ig__rng_below(&r, i % 2 ? 128 : (uint32_t)size * 8); /* every second one in the header */
      copy[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    check_damage(copy, size);
  }
  const char *folder = subfolder("flips");
  put_idx(folder, "train-labels-idx1-ubyte", 1, (int[]){3}, 0, 2);
  put(folder, name, bytes, size);
  snprintf(path, sizeof path, "%s/%s", folder, name);
  FILE *f = fopen(path, "rb");
  size_t all = fread(packed, 1, sizeof packed, f);
  fclose(f);
  int64_t before = ig__alloc_outstanding();
  for (int i = 0; i < 10000; i++) {
    uint32_t bit = ig__rng_below(&r, (uint32_t)all * 8);
    packed[bit / 8] ^= (uint8_t)(1 << bit % 8);
    CHECK((f = fopen(path, "wb")) && fwrite(packed, 1, all, f) == all);
    fclose(f);
    packed[bit / 8] ^= (uint8_t)(1 << bit % 8);
    ig_status status = try_open(folder);
    CHECK(status == IG_OK || status == IG_BAD_DATA);
  }
  CHECK_INT(ig__alloc_outstanding(), before);
}

TEST(idx_parts_that_do_not_fit) {
  static const char *const names[] = {"train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte",
                                      "t10k-labels-idx1-ubyte"};
  static const struct { int rank[4], dim[4][4]; const char *words; } rows[] = {
    {{3, 1}, {{3, 2, 2}, {4}}, "asked for 3 labels, as many as pictures, found 4"},
    {{3, 1}, {{3, 2, 2}, {2}}, "found 2"},
    {{3, 0}, {{3, 2, 2}}, "no labels beside it; asked for"},
    {{2, 1}, {{3, 4}, {3}}, "found rank 2"},
    {{3, 2}, {{3, 2, 2}, {3, 1}}, "labels of rank 1, found rank 2"},
    {{3, 1, 3, 1}, {{3, 2, 2}, {3}, {3, 2, 3}, {3}}, "found 2 x 3 x 1"},
    {{3, 1, 3, 1}, {{3, 2, 2}, {3}, {2, 2, 2}, {3}}, "asked for 2 labels"},
    {{3, 1, 4, 1}, {{3, 2, 2}, {3}, {3, 2, 2, 1}, {3}}, "t10k-images"},
    {{0, 0, 3, 0}, {{0}, {0}, {2, 2, 2}}, "t10k-labels"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    char name[16];
    snprintf(name, sizeof name, "bad%zu", i);
    const char *folder = subfolder(name);
    for (int k = 0; k < 4; k++)
      if (rows[i].rank[k]) put_idx(folder, names[k], rows[i].rank[k], rows[i].dim[k], 0, 2);
    CHECK_STATUS(try_open(folder), IG_BAD_DATA);
    CHECK_HAS(ig_last_error(), rows[i].words);
    CHECK_HAS(ig_last_error(), folder);
  }
  const char *folder = subfolder("only a test part");
  put_idx(folder, names[2], 3, (int[]){2, 3, 3}, 0, 200);
  put_idx(folder, names[3], 1, (int[]){2}, 0, 2);
  CHECK_OK(try_open(folder));
}

TEST(idx_out_of_memory) {
  const char *folder = subfolder("memory");
  put_idx(folder, "train-images-idx3-ubyte.gz", 3, (int[]){3, 4, 5}, 0, 200);
  put_idx(folder, "train-labels-idx1-ubyte", 1, (int[]){3}, 0, 3);
  int64_t before = ig__alloc_outstanding();
  for (int n = 1;; n++) {
    char spec[32];
    snprintf(spec, sizeof spec, "malloc@%d", n);
    ig__fault_set(spec);
    ig_status status = try_open(folder);
    ig__fault_set(NULL);
    CHECK(status == IG_OK || status == IG_NO_MEMORY);
    CHECK_INT(ig__alloc_outstanding(), before);
    if (status == IG_OK) break;
    CHECK(n < 1000);
  }
}

TEST(idx_mnist) {
  /* CRC-32 of all pixels and of all labels, by another program (zlib.crc32 of Python) on the original files. */
  static const struct { ig__part part; int64_t count; uLong pixels, labels; } rows[] = {
    {IG__TRAIN, 60000, 0xf3639b56, 0xba07e8ef}, {IG__TEST, 10000, 0xe4ca5f57, 0xee8604d9}};
  const char *path = test_data("mnist");
  ig__source *source;
  CHECK_OK(ig__source_open(path, NULL, &source));
  CHECK_INT(source->info.class_count, 10);
  for (int i = 0; i < 2; i++) {
    uLong pixels = crc32(0, NULL, 0), labels = pixels;
    CHECK_INT(source->info.count[rows[i].part], rows[i].count);
    for (int64_t k = 0; k < rows[i].count; k++) {
      uint8_t image[784], byte;
      int32_t label;
      CHECK_OK(source->kind->read(source, rows[i].part, k, (void *[]){image, &label}));
      byte = (uint8_t)label;
      pixels = crc32(pixels, image, sizeof image);
      labels = crc32(labels, &byte, 1);
    }
    CHECK_INT(pixels, rows[i].pixels);
    CHECK_INT(labels, rows[i].labels);
  }
  ig__source_close(source);
}
