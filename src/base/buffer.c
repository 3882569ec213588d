/* The growing buffer, and the hash of bytes. */
#include "base/file.h"

#include "base/alloc.h"
#include "base/text.h"

#include <stdarg.h>
#include <string.h>

/* Room for `more` bytes and the 0 behind them. */
static bool reserve(ig__buffer *b, size_t more) {
  size_t need, wanted = b->capacity ? b->capacity : 256;
  if (b->failed) return false;
  if (!ig__add_size(b->size, more, &need) || !ig__add_size(need, 1, &need)) {
    ig__fail(IG_NO_MEMORY, "a text is too long to compose");
    b->failed = true;
    return false;
  }
  if (need <= b->capacity) return true;
  while (wanted < need) wanted = wanted <= SIZE_MAX / 2 ? wanted * 2 : need;
  uint8_t *data = ig__realloc(b->data, wanted, 1);
  if (!data) {
    b->failed = true;
    return false;
  }
  b->data = data;
  b->capacity = wanted;
  return true;
}

void ig__buffer_add(ig__buffer *b, const void *data, size_t size) {
  if (!reserve(b, size)) return;
  if (size) memcpy(b->data + b->size, data, size);
  b->size += size;
  b->data[b->size] = 0;
}

void ig__buffer_text(ig__buffer *b, const char *format, ...) {
  va_list args, again;
  if (!reserve(b, 128)) return;
  va_start(args, format);
  va_copy(again, args);
  size_t room = b->capacity - b->size;
  int length = ig__vformat((char *)b->data + b->size, room, format, args);
  if (length < 0) {
    ig__fail(IG_NO_MEMORY, "a text is too long to compose");
    b->failed = true;
  } else if ((size_t)length < room || reserve(b, (size_t)length)) {
    if ((size_t)length >= room) ig__vformat((char *)b->data + b->size, (size_t)length + 1, format, again);
    b->size += (size_t)length;
  }
  if (b->data) b->data[b->size] = 0;
  va_end(again);
  va_end(args);
}

void ig__buffer_free(ig__buffer *b) {
  ig__free(b->data);
  *b = (ig__buffer){NULL, 0, 0, false};
}

static uint64_t mix(uint64_t h) {
  h = (h ^ h >> 33) * 0xFF51AFD7ED558CCDu;
  h = (h ^ h >> 33) * 0xC4CEB9FE1A85EC53u;
  return h ^ h >> 33;
}

/* FNV-1a alone leaves the high bits of short inputs nearly alike; the finishing steps are those of MurmurHash3. */
uint64_t ig__hash(const void *data, size_t size, uint64_t seed) {
  const uint8_t *bytes = data;
  uint64_t h = 0xCBF29CE484222325u ^ mix(seed);
  for (size_t i = 0; i < size; i++) h = (h ^ bytes[i]) * 0x100000001B3u;
  return mix(h);
}
