/* Files of tensors made by hand: what is right, and every way to be wrong. */
#include "model_test.h"

#include <stdlib.h>

/* Length, header and `data` zero bytes. Memory from the library's allocator, as ig__tensors_parse wants it. */
static uint8_t *file_of(const char *header, size_t data, size_t *size) {
  size_t length = strlen(header);
  *size = 8 + length + data;
  uint8_t *bytes = ig__alloc(*size, 1);
  CHECK(bytes != NULL);
  for (int i = 0; i < 8; i++) bytes[i] = (uint8_t)((uint64_t)length >> (8 * i));
  memcpy(bytes + 8, header, length);
  return bytes;
}

static ig_status parse_header(const char *header, size_t data, ig__tensors *t) {
  size_t size;
  uint8_t *bytes = file_of(header, data, &size);
  return ig__tensors_parse(bytes, size, "w.safetensors", t);
}

TEST(good_headers) {
  ig__tensors t;
  CHECK_OK(parse_header("{}", 0, &t));
  CHECK_INT(t.count, 0);
  ig__tensors_free(&t);
  CHECK_OK(parse_header("{\"b\":{\"dtype\":\"F32\",\"shape\":[2,3],\"data_offsets\":[8,32]},\"a\":{\"dtype\":\"F64\",\"shape\":[],"
                        "\"data_offsets\":[0,8]},\"e\":{\"dtype\":\"F64\",\"shape\":[0,4],\"data_offsets\":[8,8]},"
                        "\"__metadata__\":{\"k\":\"v\",\"l\":\"\\u00e9\"}}   ", 32, &t));
  CHECK_INT(t.count, 3);
  CHECK_STR(t.entry[0].name, "a");
  CHECK_INT(t.entry[0].real_size, 8);
  CHECK_INT(t.entry[0].shape.rank, 0);
  CHECK_STR(t.entry[1].name, "b");
  CHECK_INT(t.entry[1].shape.dim[1], 3);
  CHECK_INT((const uint8_t *)t.entry[1].data - (const uint8_t *)t.entry[0].data, 8);
  CHECK_STR(ig__tensors_meta(&t, "k"), "v");
  CHECK_STR(ig__tensors_meta(&t, "l"), "é");
  CHECK(ig__tensors_meta(&t, "m") == NULL);
  ig__tensors_free(&t);
}

#define T(dtype, shape, offsets) "{\"a\":{\"dtype\":\"" dtype "\",\"shape\":" shape ",\"data_offsets\":" offsets "}}"
static const struct { const char *header; size_t data; const char *part; } bad[] = {
  {"", 0, "JSON"},
  {"[]", 0, "no object"},
  {"{", 0, "JSON"},
  {"{}x", 0, "JSON"},
  {"{}", 4, "the tensors end at byte 0, and the data at 4"},
  {"{\"a\":1}", 0, "the tensor a: wanted dtype"},
  {"{\"a\":{}}", 0, "the tensor a: wanted dtype"},
  {T("F16", "[2]", "[0,4]"), 4, "the dtype F16"},
  {T("F32", "[1]", "[0,4]") , 5, "the data at 5"},
  {T("F32", "[2]", "[0,4]"), 4, "its shape does not fit its 4 bytes"},
  {T("F32", "[1]", "[0,8]"), 4, "bytes 0 to 8 of 4"},
  {T("F32", "[1]", "[4,0]"), 4, "bytes 4 to 0 of 4"},
  {T("F32", "[1]", "[-4,0]"), 4, "data_offsets"},
  {T("F32", "[1]", "[0,4,8]"), 8, "wanted dtype"},
  {T("F32", "[1]", "[0.0,4]"), 4, "data_offsets"},
  {T("F32", "[1]", "[0,9223372036854775807]"), 4, "bytes 0 to 9223372036854775807 of 4"},
  {T("F32", "[1]", "[0,99999999999999999999]"), 4, "JSON"},
  {T("F32", "[1]", "[4,8]"), 8, "begins at byte 4"},
  {T("F32", "1", "[0,4]"), 4, "its shape is no list"},
  {T("F32", "[1.0]", "[0,4]"), 4, "dimension 0"},
  {T("F32", "[-1]", "[0,4]"), 4, "dimension 0"},
  {T("F32", "[4294967297]", "[0,4]"), 4, "dimension 0"},
  {T("F32", "[1,1,1,1,1,1,1]", "[0,4]"), 4, "7 dimensions"},
  {T("F32", "[2147483647,2147483647,2147483647]", "[0,4]"), 4, "overflows"},
  {T("F32", "[2147483647,2147483647,3,0]", "[0,0]"), 0, "overflows"},
  {T("F64", "[2147483647,2147483647,2]", "[0,4]"), 4, "does not fit"},
  {T("F32", "[[[1]]]", "[0,4]"), 4, "nested"},
  {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4],\"x\":1}}", 4, "nothing else"},
  {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]},\"b\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}",
   4, "begins at byte 0, and the one before it ends at 4"},
  {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]},\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]}}",
   8, "JSON"},
  {"{\"__metadata__\":3}", 0, "no object"},
  {"{\"__metadata__\":{\"a\":3}}", 0, "the value of a is no text"},
  {"{\"__metadata__\":{\"a\":\"\\u0000\"}}", 0, "JSON"},
};

TEST(bad_headers) {
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    ig__tensors t;
    int64_t before = ig__alloc_outstanding();
    ig_status status = parse_header(bad[i].header, bad[i].data, &t);
    const char *message = ig_last_error();
    if (status != IG_BAD_MODEL || !strstr(message, bad[i].part) || strncmp(message, "w.safetensors: ", 15) != 0)
      test_fail(__FILE__, __LINE__, "header %zu: %s: %s: %s", i, bad[i].header, ig_status_name(status), message);
    CHECK_INT(ig__alloc_outstanding(), before);
  }
}

TEST(hostile_headers) {
  ig__tensors t;
  size_t size = (size_t)15 << 20;
  char *deep = malloc(size + 1);
  CHECK(deep != NULL);
  memset(deep, '[', size);
  deep[size] = 0;
  CHECK_STATUS(parse_header(deep, 0, &t), IG_BAD_MODEL);
  CHECK_HAS(ig_last_error(), "nested");
  for (size_t i = 0; i + 1 < size; i += 2) memcpy(deep + i, "1,", 2);
  deep[0] = '[';
  CHECK_STATUS(parse_header(deep, 0, &t), IG_BAD_MODEL);
  CHECK_HAS(ig_last_error(), "parts");
  free(deep);
  uint8_t *bytes = ig__alloc(16, 1);
  memset(bytes, 0xFF, 16);
  CHECK_STATUS(ig__tensors_parse(bytes, 16, "w", &t), IG_BAD_MODEL);
  CHECK_HAS(ig_last_error(), "at most");
  bytes = ig__alloc(16, 1);
  bytes[0] = 9;
  CHECK_STATUS(ig__tensors_parse(bytes, 16, "w", &t), IG_BAD_MODEL);
  CHECK_HAS(ig_last_error(), "cut short");
  for (size_t n = 0; n < 8; n++) {
    bytes = ig__alloc(8, 1);
    CHECK_STATUS(ig__tensors_parse(bytes, n, "w", &t), IG_BAD_MODEL);
  }
}
