/* Files that may be gzip. */
#include "base/alloc.h"
#include "base/file.h"
#include "base/rng.h"
#include "files.h"

#include <stdlib.h>
#include <zlib.h>

/* Gzip of `size` bytes as one member behind `out`; the new end. */
static size_t add_member(uint8_t *out, size_t at, size_t room, const void *data, size_t size) {
  z_stream z;
  memset(&z, 0, sizeof z);
  CHECK_INT(deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
  z.next_in = (Bytef *)(uintptr_t)data;
  z.avail_in = (uInt)size;
  z.next_out = out + at;
  z.avail_out = (uInt)(room - at);
  CHECK_INT(deflate(&z, Z_FINISH), Z_STREAM_END);
  at = (size_t)(z.next_out - out);
  deflateEnd(&z);
  return at;
}

static uint8_t packed[400000], plain[300000];

static void fill_plain(void) {
  ig__rng r = ig__rng_make(1, IG__FOR_TEST, 0, 0);
  for (size_t i = 0; i < sizeof plain; i++) plain[i] = (uint8_t)ig__rng_below(&r, i % 1000 < 500 ? 256 : 2);
}

static void check_gz(const char *path, size_t want) {
  uint8_t *data = NULL;
  size_t size = 0;
  CHECK_OK(ig__file_read_gz(path, want, &data, &size));
  bool same = size == want && memcmp(data, plain, want) == 0 && data[size] == 0;
  ig__free(data);
  CHECK(same);
}

TEST(gzip_reads) {
  const char *path = in_folder("f.gz");
  uint8_t *data;
  size_t size;
  fill_plain();
  size_t end = add_member(packed, 0, sizeof packed, plain, sizeof plain);
  put(path, packed, end);
  check_gz(path, sizeof plain);
  CHECK_STATUS(ig__file_read_gz(path, sizeof plain - 1, &data, &size), IG_BAD_DATA);
  CHECK_HAS(ig_last_error(), "inflates to more than");
  end = 0; /* several members, empty ones too, then zeros */
  end = add_member(packed, end, sizeof packed, plain, 1000);
  end = add_member(packed, end, sizeof packed, plain, 0);
  end = add_member(packed, end, sizeof packed, plain + 1000, sizeof plain - 1000);
  put(path, packed, end);
  check_gz(path, sizeof plain);
  memset(packed + end, 0, 600);
  put(path, packed, end + 600);
  check_gz(path, sizeof plain);
  packed[end + 600] = 'x';
  put(path, packed, end + 601);
  CHECK_STATUS(ig__file_read_gz(path, 1 << 20, &data, &size), IG_BAD_DATA);
  CHECK_HAS(ig_last_error(), "no gzip follows");
  put(path, packed, add_member(packed, 0, sizeof packed, plain, 0));
  check_gz(path, 0);
  put(path, plain, 70000); /* no gzip at all */
  check_gz(path, 70000);
  CHECK_STATUS(ig__file_read_gz(path, 69999, &data, &size), IG_BAD_DATA);
  CHECK_STATUS(ig__file_read_gz(in_folder("none"), 69999, &data, &size), IG_USAGE);
}

TEST(gzip_cut_short_or_damaged) {
  const char *path = in_folder("f.gz");
  uint8_t *data;
  size_t size;
  int64_t before = ig__alloc_outstanding();
  fill_plain();
  size_t end = add_member(packed, 0, sizeof packed, plain, 20000);
  for (size_t cut = 2; cut < end; cut += cut < 40 || cut > end - 20 ? 1 : 997) {
    put(path, packed, cut);
    CHECK_STATUS(ig__file_read_gz(path, 1 << 20, &data, &size), IG_BAD_DATA);
    CHECK_HAS(ig_last_error(), "cut short");
  }
  for (size_t at = 2; at < end; at += 211) {
    packed[at] ^= 0x55;
    put(path, packed, end);
    ig_status status = ig__file_read_gz(path, 1 << 20, &data, &size);
    if (status == IG_OK) ig__free(data); /* the header holds bytes that nothing depends on */
    CHECK(status == IG_BAD_DATA || (status == IG_OK && at < 10));
    packed[at] ^= 0x55;
  }
  CHECK_INT(ig__alloc_outstanding(), before);
}

TEST(gzip_bomb_and_out_of_memory) {
  const char *path = in_folder("f.gz");
  uint8_t *data;
  size_t size;
  int64_t before = ig__alloc_outstanding();
  size_t end = 0;
  uint8_t *zeros = calloc(1, 1 << 20);
  CHECK(zeros != NULL);
  for (int i = 0; i < 100; i++) end = add_member(packed, end, sizeof packed, zeros, 1 << 20);
  free(zeros);
  put(path, packed, end);
  CHECK_STATUS(ig__file_read_gz(path, 3 << 20, &data, &size), IG_BAD_DATA);
  CHECK_HAS(ig_last_error(), "inflates to more than 3.0 MiB");
  fill_plain();
  put(path, packed, add_member(packed, 0, sizeof packed, plain, sizeof plain));
  for (int n = 1;; n++) {
    char spec[32];
    snprintf(spec, sizeof spec, "malloc@%d", n);
    ig__fault_set(spec);
    ig_status status = ig__file_read_gz(path, 1 << 20, &data, &size);
    ig__fault_set(NULL);
    if (status == IG_OK) {
      CHECK(n > 3);
      break;
    }
    CHECK_STATUS(status, IG_NO_MEMORY);
    CHECK_INT(ig__alloc_outstanding(), before);
  }
  ig__free(data);
  CHECK_INT(ig__alloc_outstanding(), before);
}

TEST(real_gzip) {
  uint8_t *data;
  size_t size;
  const char *path = test_data("mnist/train-images-idx3-ubyte.gz");
  CHECK_OK(ig__file_read_gz(path, 100 << 20, &data, &size));
  size_t got = size;
  ig__free(data);
  CHECK_INT(got, 16 + 60000 * 784);
}
