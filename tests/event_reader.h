#ifndef IG__TESTS_EVENT_READER_H
#define IG__TESTS_EVENT_READER_H
/* Event files read back: framing and checks by hand, messages by protobuf-c. Any departure ends the test. Only where IG__PROTOBUF_C. */

#include "report/event.pb-c.h"
#include "report/events.h"
#include "test.h"

static inline uint64_t event_number(const uint8_t *at, int bytes) {
  uint64_t number = 0;
  for (int i = bytes; i-- > 0;) number = number << 8 | at[i];
  return number;
}

/* The message at *at, and *at behind its record; NULL at the end. Owner: caller, ig__event__free_unpacked(…, NULL). */
static inline Ig__Event *event_next(const uint8_t *data, size_t size, size_t *at) {
  if (*at == size) return NULL;
  CHECK(size - *at >= 16);
  const uint8_t *record = data + *at;
  const uint64_t length = event_number(record, 8);
  CHECK_INT(event_number(record + 8, 4), ig__crc32c_masked(record, 8));
  CHECK(length <= size - *at - 16);
  CHECK_INT(event_number(record + 12 + length, 4), ig__crc32c_masked(record + 12, (size_t)length));
  Ig__Event *event = ig__event__unpack(NULL, (size_t)length, record + 12);
  CHECK(event);
  *at += (size_t)length + 16;
  return event;
}

#endif
