/* Records of event files: their checks by known values, their messages read back by protobuf-c's decoder. */
#include "report/events.h"
#include "base/alloc.h"
#include "test.h"

TEST(crc32c_of_known_bytes) { /* RFC 3720, B.4 */
  uint8_t bytes[32] = {0};
  CHECK_INT(ig__crc32c(bytes, 32), 0x8A9136AA);
  for (int i = 0; i < 32; i++) bytes[i] = (uint8_t)i;
  CHECK_INT(ig__crc32c(bytes, 32), 0x46DD794E);
  CHECK_INT(ig__crc32c("123456789", 9), 0xE3069283);
  CHECK_INT(ig__crc32c("", 0), 0);
  /* What TensorFlow writes behind the length 24 of a file's first record. */
  CHECK_INT(ig__crc32c_masked("\x18\0\0\0\0\0\0\0", 8), 0x224B7FA3);
}

#ifdef IG__PROTOBUF_C
#include "event_reader.h"

static Ig__Event *read_one(const ig__buffer *file, size_t *at, double time, int64_t step) {
  Ig__Event *event = event_next(file->data, file->size, at);
  CHECK(event);
  CHECK(event->wall_time == time);
  CHECK_INT(event->step, step);
  return event;
}

TEST(events_read_back) {
  ig__buffer file = {0};
  ig__event_scalar scalar[IG__EVENT_SCALARS];
  char tag[IG__EVENT_SCALARS][16];
  for (int i = 0; i < IG__EVENT_SCALARS; i++) {
    snprintf(tag[i], sizeof tag[i], "curve_%d", i);
    scalar[i] = (ig__event_scalar){tag[i], i ? 0.1 * i : 0};
  }
  ig__events_version(&file, 1.5e9);
  ig__events_start(&file, 1.5e9 + 0.25, 7);
  ig__events_scalars(&file, 1.5e9 + 1, (int64_t)1 << 40, scalar, IG__EVENT_SCALARS);
  CHECK(!file.failed);
  size_t at = 0;
  Ig__Event *event = read_one(&file, &at, 1.5e9, 0);
  CHECK_INT(at, 24 + 16); /* as TensorFlow's own: 24 bytes of message */
  CHECK_INT(event->what_case, IG__EVENT__WHAT_FILE_VERSION);
  CHECK_STR(event->file_version, "brain.Event:2");
  ig__event__free_unpacked(event, NULL);
  event = read_one(&file, &at, 1.5e9 + 0.25, 7);
  CHECK_INT(event->what_case, IG__EVENT__WHAT_SESSION_LOG);
  CHECK_INT(event->session_log->status, IG__SESSION_LOG__STATUS__START);
  ig__event__free_unpacked(event, NULL);
  event = read_one(&file, &at, 1.5e9 + 1, (int64_t)1 << 40);
  CHECK_INT(event->what_case, IG__EVENT__WHAT_SUMMARY);
  CHECK_INT(event->summary->n_value, IG__EVENT_SCALARS);
  for (int i = 0; i < IG__EVENT_SCALARS; i++) {
    const Ig__Summary__Value *value = event->summary->value[i];
    CHECK_STR(value->tag, tag[i]);
    /* A 0 is there too: a reader asks which member of the oneof is set. */
    CHECK_INT(value->value_case, IG__SUMMARY__VALUE__VALUE_SIMPLE_VALUE);
    CHECK(value->simple_value == (float)scalar[i].value);
  }
  ig__event__free_unpacked(event, NULL);
  CHECK(!event_next(file.data, file.size, &at));
  ig__buffer_free(&file);
}

#ifdef IG__FAULTS
TEST(no_memory_for_events) {
  const ig__event_scalar scalar = {"loss", 0.5};
  for (int n = 1; n < 4; n++) {
    char fault[32];
    ig__buffer file = {0};
    snprintf(fault, sizeof fault, "malloc@%d+", n);
    ig__fault_set(fault);
    for (int i = 0; i < 200; i++) ig__events_scalars(&file, 1, i, &scalar, 1);
    ig__fault_set(NULL);
    CHECK(file.failed);
    ig__buffer_free(&file);
  }
}
#endif
#endif
