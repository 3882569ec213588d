/* Reading of files that may be gzip (RFC 1952). */
#include "base/file.h"

#include "base/alloc.h"
#include "base/text.h"

#include <limits.h>
#include <zlib.h>

#define PIECE (1u << 30) /* zlib counts in unsigned int */

static void *take(void *opaque, uInt items, uInt size) {
  (void)opaque;
  return ig__alloc(items, size);
}

static void give(void *opaque, void *p) {
  (void)opaque;
  ig__free(p);
}

typedef struct inflation {
  z_stream stream;
  const char *path;
  const uint8_t *in;
  size_t in_size, in_at;
  uint8_t *out;
  size_t capacity, filled, max;
} inflation;

/* Room for more output: doubling, up to one byte more than is allowed. */
static ig_status make_room(inflation *z) {
  if (z->filled < z->capacity) return IG_OK;
  size_t most = z->max < SIZE_MAX - 1 ? z->max + 1 : SIZE_MAX - 1;
  size_t wanted = z->capacity <= most / 2 ? z->capacity * 2 : most;
  uint8_t *more = ig__realloc(z->out, wanted + 1, 1); /* + 1: the 0 beyond the end */
  if (!more) return IG_NO_MEMORY;
  z->out = more;
  z->capacity = wanted;
  return IG_OK;
}

/* One member; `in_at` ends behind it. */
static ig_status inflate_member(inflation *z) {
  int code = Z_OK;
  while (code != Z_STREAM_END) {
    IG__TRY(make_room(z));
    size_t in = z->in_size - z->in_at, out = z->capacity - z->filled;
    z->stream.next_in = (Bytef *)(uintptr_t)(z->in + z->in_at);
    z->stream.avail_in = in < PIECE ? (uInt)in : PIECE;
    z->stream.next_out = z->out + z->filled;
    z->stream.avail_out = out < PIECE ? (uInt)out : PIECE;
    code = inflate(&z->stream, Z_NO_FLUSH);
    z->in_at = (size_t)(z->stream.next_in - z->in);
    z->filled = (size_t)(z->stream.next_out - z->out);
    if (z->filled > z->max) {
      char limit[32];
      return ig__fail(IG_BAD_DATA, "%s: inflates to more than %s, the most that is read from such a file", z->path,
                      ig__print_bytes(limit, z->max));
    }
    if (code == Z_MEM_ERROR) return IG_NO_MEMORY;
    if (code != Z_OK && code != Z_STREAM_END && code != Z_BUF_ERROR)
      return ig__fail(IG_BAD_DATA, "%s: damaged gzip data at byte %zu of %zu: %s", z->path, z->in_at, z->in_size,
                      z->stream.msg ? z->stream.msg : "no reason given");
    if (code != Z_STREAM_END && z->in_at == z->in_size && z->stream.avail_out > 0)
      return ig__fail(IG_BAD_DATA, "%s: the gzip data ends too early, after %zu bytes: the file is cut short", z->path,
                      z->in_size);
  }
  return IG_OK;
}

static bool is_gzip(const uint8_t *p, size_t size) { return size >= 2 && p[0] == 0x1F && p[1] == 0x8B; }

static ig_status inflate_members(inflation *z) {
  while (z->in_at < z->in_size) {
    if (!is_gzip(z->in + z->in_at, z->in_size - z->in_at)) {
      /* Tapes and some tools fill up with zeros, which gzip itself ignores too. */
      size_t at = z->in_at;
      while (at < z->in_size && z->in[at] == 0) at++;
      if (at == z->in_size) break;
      return ig__fail(IG_BAD_DATA, "%s: something that is no gzip follows the gzip data at byte %zu", z->path, at);
    }
    IG__TRY(inflate_member(z));
    if (inflateReset(&z->stream) != Z_OK) return ig__fail(IG_FAILED, "%s: zlib cannot go on", z->path);
  }
  return IG_OK;
}

/* Where to begin: four times what is packed, or the size in the trailer as long as it is at most eight times. That is modulo
 * 2^32, of the last member only, and whatever a hostile file says; but a right guess saves the copy of doubling (16 of
 * 187 ms from the start to the first step on MNIST, which is 4.8 times), and a wrong one costs no more than doubling. */
static size_t first_capacity(const inflation *z) {
  if (z->in_size < 16384) return 65536;
  if (z->in_size >= SIZE_MAX / 8) return SIZE_MAX / 2;
  const uint8_t *end = z->in + z->in_size;
  size_t claimed = (size_t)end[-1] << 24 | (size_t)end[-2] << 16 | (size_t)end[-3] << 8 | end[-4];
  return claimed > z->in_size * 4 && claimed <= z->in_size * 8 ? claimed + 1 : z->in_size * 4;
}

static ig_status inflate_all(inflation *z) {
  z->stream.zalloc = take;
  z->stream.zfree = give;
  z->capacity = first_capacity(z);
  if (z->capacity > z->max) z->capacity = z->max + 1;
  z->out = ig__alloc(z->capacity + 1, 1);
  if (!z->out) return IG_NO_MEMORY;
  int code = inflateInit2(&z->stream, 15 + 16);
  if (code == Z_MEM_ERROR) return IG_NO_MEMORY;
  if (code != Z_OK) return ig__fail(IG_FAILED, "%s: zlib does not start", z->path);
  ig_status status = inflate_members(z);
  inflateEnd(&z->stream);
  return status;
}

ig_status ig__file_read_gz(const char *path, size_t max, uint8_t **data, size_t *size) {
  inflation z = {.path = path, .max = max < SIZE_MAX / 4 ? max : SIZE_MAX / 4};
  uint8_t *in = NULL;
  /* Data that does not compress is a little longer as gzip than plain. */
  IG__TRY(ig__file_read(path, z.max + z.max / 64 + 65536, &in, &z.in_size));
  if (!is_gzip(in, z.in_size)) {
    if (z.in_size > max) {
      char limit[32];
      ig__free(in);
      return ig__fail(IG_BAD_DATA, "%s: larger than %s, the most that is read from such a file", path,
                      ig__print_bytes(limit, max));
    }
    *data = in;
    *size = z.in_size;
    return IG_OK;
  }
  z.in = in;
  ig_status status = inflate_all(&z);
  ig__free(in);
  if (status != IG_OK) {
    ig__free(z.out);
    return status;
  }
  z.out[z.filled] = 0;
  *data = z.out;
  *size = z.filled;
  return IG_OK;
}
