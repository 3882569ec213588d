/* The fuzzing targets over their corpora, and over every truncation and many bit flips of them: no crash, no leak, quick. */
#include "../../../fuzz/targets.h"
#include "base/rng.h"
#include "test.h"

#include <stdlib.h>

typedef void (*target)(const uint8_t *bytes, size_t size);

/* In a block of exactly this size, so that a sanitizer sees a read beyond it. */
static void feed(target run, const uint8_t *bytes, size_t size) {
  uint8_t *copy = malloc(size ? size : 1);
  double start = ig__now();
  CHECK(copy);
  memcpy(copy, bytes, size);
  run(copy, size);
  free(copy);
  if (ig__now() - start > 2) test_fail(__FILE__, __LINE__, "%zu bytes took %.1f s", size, ig__now() - start);
}

static void damage(target run, const char *name, uint8_t *bytes, size_t size) {
  ig__rng rng = ig__rng_make(1, IG__FOR_TEST, ig__hash(name, strlen(name), 0), 0);
  size_t stride = size < 2000 ? 1 : size / 1000;
  for (size_t cut = 0; cut < size; cut += stride) feed(run, bytes, cut);
  for (int i = 0; i < 2000; i++) {
    size_t at[3];
    int flips = 1 + (int)ig__rng_below(&rng, 3);
    uint8_t old[3];
    for (int k = 0; k < flips; k++) {
      at[k] = ig__rng_below(&rng, (uint32_t)size);
      old[k] = bytes[at[k]];
      bytes[at[k]] ^= (uint8_t)(1u << ig__rng_below(&rng, 8));
    }
    feed(run, bytes, size);
    for (int k = flips; k-- > 0;) bytes[at[k]] = old[k];
  }
}

static void replay(const char *name, target run) {
  char folder[1024], path[2048];
  ig__names names;
  int64_t outstanding = ig__alloc_outstanding();
  snprintf(folder, sizeof folder, "%s/fuzz/corpus/%s", IG_TEST_SOURCE, name);
  CHECK_OK(ig__folder_list(folder, &names));
  CHECK(names.count >= 2);
  for (size_t i = 0; i < names.count; i++) {
    uint8_t *bytes;
    size_t size;
    snprintf(path, sizeof path, "%s/%s", folder, names.name[i]);
    CHECK_OK(ig__file_read(path, SIZE_MAX, &bytes, &size));
    feed(run, bytes, size);
    if (size) damage(run, names.name[i], bytes, size);
    ig__free(bytes);
  }
  ig__names_free(&names);
  CHECK_INT(ig__alloc_outstanding(), outstanding);
}

TEST(checkpoint) { replay("checkpoint", fuzz_checkpoint); }
TEST(config) { replay("config", fuzz_config); }
TEST(exif) { replay("exif", fuzz_exif); }
TEST(idx) { replay("idx", fuzz_idx); }
TEST(jpeg) { replay("jpeg", fuzz_jpeg); }
TEST(model) { replay("model", fuzz_model); }
TEST(options) { replay("options", fuzz_options); }
TEST(png) { replay("png", fuzz_png); }
TEST(pnm) { replay("pnm", fuzz_pnm); }
TEST(tensors) { replay("tensors", fuzz_tensors); }
