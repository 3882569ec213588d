/* Records of event files. The framing is that of TFRecord: length (8 bytes, little-endian), masked CRC-32C of these 8, the message, its
 * masked CRC-32C. */
#include "report/events.h"

#ifdef IG__PROTOBUF_C
#include "base/text.h"
#include "report/event.pb-c.h"
#endif

/* One bit after the other: an epoch is a few hundred bytes, and a point of the loss sixty. */
uint32_t ig__crc32c(const void *data, size_t size) {
  const uint8_t *byte = data;
  uint32_t crc = UINT32_MAX;
  for (size_t i = 0; i < size; i++) {
    crc ^= byte[i];
    for (int bit = 0; bit < 8; bit++) crc = crc & 1 ? crc >> 1 ^ 0x82F63B78u : crc >> 1;
  }
  return ~crc;
}

uint32_t ig__crc32c_masked(const void *data, size_t size) {
  uint32_t crc = ig__crc32c(data, size);
  return (crc >> 15 | crc << 17) + 0xA282EAD8u;
}

#ifdef IG__PROTOBUF_C

const char *ig__events_library(void) {
  static _Thread_local char text[48];
  ig__snprintf(text, sizeof text, "protobuf-c %s", protobuf_c_version());
  return text;
}

static void add_number(ig__buffer *out, uint64_t number, int bytes) {
  uint8_t byte[8];
  for (int i = 0; i < bytes; i++) byte[i] = (uint8_t)(number >> 8 * i);
  ig__buffer_add(out, byte, (size_t)bytes);
}

typedef struct sink { ProtobufCBuffer base; ig__buffer *out; } sink;

static void append(ProtobufCBuffer *base, size_t size, const uint8_t *data) { ig__buffer_add(((sink *)(void *)base)->out, data, size); }

static void add_record(ig__buffer *out, const Ig__Event *event) {
  sink to = {.base = {.append = append}, .out = out};
  size_t size = ig__event__get_packed_size(event), start = out->size;
  add_number(out, size, 8);
  if (!out->failed) add_number(out, ig__crc32c_masked(out->data + start, 8), 4);
  ig__event__pack_to_buffer(event, &to.base);
  if (!out->failed) add_number(out, ig__crc32c_masked(out->data + out->size - size, size), 4);
}

void ig__events_version(ig__buffer *out, double time) {
  char version[] = "brain.Event:2"; /* the one that knows what START means */
  Ig__Event event = IG__EVENT__INIT;
  event.wall_time = time;
  event.what_case = IG__EVENT__WHAT_FILE_VERSION;
  event.file_version = version;
  add_record(out, &event);
}

void ig__events_start(ig__buffer *out, double time, int64_t step) {
  Ig__SessionLog log = IG__SESSION_LOG__INIT;
  Ig__Event event = IG__EVENT__INIT;
  log.status = IG__SESSION_LOG__STATUS__START;
  event.wall_time = time;
  event.step = step;
  event.what_case = IG__EVENT__WHAT_SESSION_LOG;
  event.session_log = &log;
  add_record(out, &event);
}

void ig__events_scalars(ig__buffer *out, double time, int64_t step, const ig__event_scalar *scalar, int count) {
  Ig__Summary__Value value[IG__EVENT_SCALARS], *row[IG__EVENT_SCALARS];
  Ig__Summary summary = IG__SUMMARY__INIT;
  Ig__Event event = IG__EVENT__INIT;
  for (int i = 0; i < count && i < IG__EVENT_SCALARS; i++) {
    ig__summary__value__init(row[i] = &value[i]);
    value[i].tag = (char *)(uintptr_t)scalar[i].tag; /* is only read */
    value[i].value_case = IG__SUMMARY__VALUE__VALUE_SIMPLE_VALUE;
    value[i].simple_value = (float)scalar[i].value;
    summary.n_value++;
  }
  summary.value = row;
  event.wall_time = time;
  event.step = step;
  event.what_case = IG__EVENT__WHAT_SUMMARY;
  event.summary = &summary;
  add_record(out, &event);
}

#else

const char *ig__events_library(void) { return NULL; }

/* Never reached: who writes event files asks for the library first. */
static void cannot(ig__buffer *out) { out->failed = true; }
void ig__events_version(ig__buffer *out, double time) { (void)time, cannot(out); }
void ig__events_start(ig__buffer *out, double time, int64_t step) { (void)time, (void)step, cannot(out); }
void ig__events_scalars(ig__buffer *out, double time, int64_t step, const ig__event_scalar *scalar, int count) {
  (void)time, (void)step, (void)scalar, (void)count, cannot(out);
}

#endif
