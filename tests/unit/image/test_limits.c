/* What a file may cost, whatever is in it: every truncation and thousands of bit flips of small files, and small files that ask for
 * much, end in an error or a picture after at most 2 s of a processor and in at most 64 MiB besides the picture. Each file is read in a
 * child process, whose peak of resident memory counts what the libraries take, too. */
#include "pictures.h"

#include "base/rng.h"

#include <malloc.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <jpeglib.h>

#define MOST_KIB (64L << 10)
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0  /* sanitizers are slow, and keep what is freed */
#endif
#define MOST_SECONDS (SANITIZED ? 20 : 2)

/* What the child tells. */
typedef struct usage { bool done; double slowest; long kib; int loaded; char failure[256]; } usage;

/* Of the processor: what waits for others is nobody's fault. */
static double seconds(void) {
  struct timespec t;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static long peak(void) {
  struct rusage r;
  getrusage(RUSAGE_SELF, &r);
  return r.ru_maxrss;
}

/* To the size of a small model, and as it is. */
static void read_both(const uint8_t *data, size_t size, const char *what, usage *u) {
  for (int whole = 0; whole < 2; whole++) {
    ig__picture p;
    uint8_t *copy = malloc(size ? size : 1); /* of its own, so that a sanitizer sees a read behind its end */
    if (size) memcpy(copy, data, size);
    const double start = seconds();
    const ig_status status = ig__picture_decode(copy, size, whole ? NULL : &(ig__picture_want){0, 8, 8, IG__FIT_CROP}, &p);
    const double took = seconds() - start;
    if (took > u->slowest) u->slowest = took;
    if (status != IG_OK && status != IG_BAD_DATA) snprintf(u->failure, sizeof u->failure, "%s: %s: %.150s", what, ig_status_name(status), ig_last_error());
    if (status == IG_OK) u->loaded++;
    if (status == IG_OK) ig__picture_free(&p);
    free(copy);
  }
}

static void cut_and_flip(uint8_t *data, size_t size, int flips, const char *what, usage *u) {
  ig__rng r = ig__rng_make(1, IG__FOR_TEST, ig__hash(what, strlen(what), 0), 0);
  for (size_t n = 0; n < size; n++) read_both(data, n, what, u);
  for (int i = 0; i < flips; i++) {
    const uint32_t at = ig__rng_below(&r, (uint32_t)size * 8);
    data[at / 8] ^= (uint8_t)(1 << at % 8);
    read_both(data, size, what, u);
    data[at / 8] ^= (uint8_t)(1 << at % 8);
  }
}

/* flips < 0: the file as it is. */
static int in_child(uint8_t *data, size_t size, int flips, const char *what) {
  usage *u = mmap(NULL, sizeof *u, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0), seen;
  int state;
  CHECK(u != MAP_FAILED);
  fflush(NULL);
  malloc_trim(0); /* memory that lies idle here must not hide what the child takes */
  const pid_t child = fork();
  CHECK(child >= 0);
  if (child == 0) {
    const int64_t before = ig__alloc_outstanding();
    const long kib = peak();
    if (flips < 0) read_both(data, size, what, u);
    else cut_and_flip(data, size, flips, what, u);
    if (ig__alloc_outstanding() != before) snprintf(u->failure, sizeof u->failure, "%s: memory was kept", what);
    u->kib = peak() - kib;
    u->done = true;
    _exit(0);
  }
  CHECK(waitpid(child, &state, 0) == child);
  seen = *u;
  munmap(u, sizeof *u);
  if (state != 0 || !seen.done) test_fail(__FILE__, __LINE__, "%s: the child ended with %#x", what, (unsigned)state);
  if (*seen.failure) test_fail(__FILE__, __LINE__, "%s", seen.failure);
  if (seen.slowest > MOST_SECONDS) test_fail(__FILE__, __LINE__, "%s: %.2f s", what, seen.slowest);
  if (!SANITIZED && seen.kib > MOST_KIB) test_fail(__FILE__, __LINE__, "%s: %ld KiB", what, seen.kib);
  if (getenv("IMGRAD_TEST_SAY")) printf("  %s: %zu bytes, %d loaded, %.4f s, %ld KiB\n", what, size, seen.loaded, seen.slowest, seen.kib);
  return seen.loaded;
}

TEST(cut_and_flipped) {
  const int flips = getenv("IMGRAD_LONG") ? 10000 : SANITIZED ? 300 : 1500;
  for (size_t i = 0; i < SMALL; i++) {
    bytes file = load(small[i]);
    CHECK(in_child(file.data, file.size, -1, small[i]) == 2);
    (void)in_child(file.data, file.size, flips, small[i]);
    ig__free(file.data);
  }
}

/* ---- files that ask for much ------------------------------------------------------------------------------------------- */

/* A PNG whose pixels are all there, and all zero: `raw` bytes of them with the bytes that name filters. */
static bytes zero_png(uint32_t height, uint32_t width, uint8_t depth, uint8_t type, uint8_t interlaced, size_t raw) {
  uint8_t piece[1 << 14] = {0};
  z_stream z = {0};
  bytes b = {NULL, 0};
  size_t room = raw / 900 + 4096;
  uint8_t *packed = malloc(room);
  b.data = malloc(room + 200);
  CHECK(packed && b.data && deflateInit(&z, 9) == Z_OK);
  z.next_out = packed;
  z.avail_out = (uInt)room;
  for (size_t left = raw; left > 0;) {
    z.next_in = piece;
    z.avail_in = (uInt)(left < sizeof piece ? left : sizeof piece);
    left -= z.avail_in;
    CHECK(deflate(&z, left ? Z_NO_FLUSH : Z_FINISH) != Z_STREAM_ERROR && z.avail_in == 0);
  }
  b.size = put_png_head(b.data, height, width, depth, type, interlaced);
  b.size += put_chunk(b.data + b.size, "IDAT", packed, (size_t)z.total_out);
  b.size += put_chunk(b.data + b.size, "IEND", NULL, 0);
  deflateEnd(&z);
  free(packed);
  return b;
}

static size_t interlaced_bytes(uint32_t side) { /* of a grey square of a multiple of 8 */
  size_t n = side / 8;
  return n * (n + 1) * 2 + n * (2 * n + 1) + 2 * n * (2 * n + 1) + 2 * n * (4 * n + 1) + 4 * n * (4 * n + 1) + 4 * n * (8 * n + 1);
}

TEST(png_bombs) {
  const uint32_t most = 1u << 26;
  struct { const char *what; bytes file; } bomb[] = {
    {"one row of 2^26 pixels", zero_png(1, most, 8, 0, 0, (size_t)most + 1)},
    {"one column of 2^26 pixels", zero_png(most, 1, 1, 0, 0, (size_t)most * 2)},
    {"a column of 20 million pixels", zero_png(20000000, 1, 1, 0, 0, 40000000)},
    {"a strip of 4 million rows", zero_png(4000000, 12, 8, 0, 0, 52000000)},
    {"8192 × 8192 in grey", zero_png(8192, 8192, 8, 0, 0, (size_t)8192 * 8193)},
    {"8192 × 8192 in one bit", zero_png(8192, 8192, 1, 0, 0, (size_t)8192 * 1025)},
    {"4096 × 4096 in colour with alpha, 16 bits", zero_png(4096, 4096, 16, 6, 0, (size_t)4096 * (8 * 4096 + 1))},
    {"interlaced, 6000 × 6000", zero_png(6000, 6000, 8, 0, 1, interlaced_bytes(6000))},
    {"interlaced, 4096 × 4096", zero_png(4096, 4096, 8, 0, 1, interlaced_bytes(4096))}};
  for (size_t i = 0; i < sizeof bomb / sizeof bomb[0]; i++) {
    (void)in_child(bomb[i].file.data, bomb[i].file.size, -1, bomb[i].what);
    free(bomb[i].file.data);
  }
}

/* Texts and profiles that unpack to megabytes, many of them, before a picture of one pixel. */
TEST(png_chunk_bombs) {
  enum { COUNT = 24, UNPACKED = 7 << 20 };
  static const char *const kind[] = {"zTXt", "iTXt", "iCCP", "tEXt"};
  static const char head[][16] = {"k\0\0", "k\0\1\0\0\0", "k\0\0", "k\0"};
  static const size_t length[] = {3, 6, 3, 2};
  uint8_t *raw = calloc(UNPACKED, 1), *chunk = malloc(1 << 16), *file = malloc(2 << 20), pixel[32];
  uLongf row = sizeof pixel;
  CHECK(raw && chunk && file && compress(pixel, &row, raw, 2) == Z_OK);
  for (size_t k = 0; k < sizeof kind / sizeof kind[0]; k++) {
    uLongf packed = 1 << 15;
    size_t size = put_png_head(file, 1, 1, 8, 0, 0);
    memcpy(chunk, head[k], length[k]);
    memset(raw, 'x', UNPACKED);
    if (k == 3) memcpy(chunk + length[k], raw, packed);
    else CHECK(compress(chunk + length[k], &packed, raw, UNPACKED) == Z_OK);
    for (int i = 0; i < COUNT; i++) size += put_chunk(file + size, kind[k], chunk, length[k] + packed);
    size += put_chunk(file + size, "IDAT", pixel, row);
    size += put_chunk(file + size, "IEND", NULL, 0);
    CHECK_INT(in_child(file, size, -1, kind[k]), 2); /* nothing of them matters to the picture */
  }
  free(raw);
  free(chunk);
  free(file);
}

/* A true JPEG file, all grey. */
static bytes grey_jpeg(int height, int width, int channels, bool progressive) {
  struct jpeg_compress_struct c;
  struct jpeg_error_mgr error;
  unsigned char *data = NULL;
  unsigned long size = 0;
  bytes b;
  JSAMPROW row = calloc((size_t)width, (size_t)channels);
  CHECK(row);
  c.err = jpeg_std_error(&error);
  jpeg_create_compress(&c);
  jpeg_mem_dest(&c, &data, &size);
  c.image_height = (JDIMENSION)height;
  c.image_width = (JDIMENSION)width;
  c.input_components = channels;
  c.in_color_space = channels == 1 ? JCS_GRAYSCALE : JCS_RGB;
  jpeg_set_defaults(&c);
  c.optimize_coding = TRUE;
  if (progressive) jpeg_simple_progression(&c);
  jpeg_start_compress(&c, TRUE);
  while (c.next_scanline < c.image_height) jpeg_write_scanlines(&c, &row, 1);
  jpeg_finish_compress(&c);
  jpeg_destroy_compress(&c);
  free(row);
  b.data = data;
  b.size = size;
  return b;
}

TEST(jpeg_bombs) {
  struct { const char *what; bytes file; } bomb[] = {
    {"baseline, 8000 × 8000", grey_jpeg(8000, 8000, 1, false)},
    {"progressive, 3600 × 3600 in colour", grey_jpeg(3600, 3600, 3, true)},
    {"progressive, 4400 × 4400", grey_jpeg(4400, 4400, 1, true)},
    {"progressive, 16 × 65500", grey_jpeg(16, 65500, 3, true)},
    {"progressive, 65500 × 16", grey_jpeg(65500, 16, 3, true)}};
  for (size_t i = 0; i < sizeof bomb / sizeof bomb[0]; i++) {
    (void)in_child(bomb[i].file.data, bomb[i].file.size, -1, bomb[i].what);
    free(bomb[i].file.data);
  }
}
