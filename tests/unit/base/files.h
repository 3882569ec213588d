#ifndef IG__TESTS_FILES_H
#define IG__TESTS_FILES_H
/* What tests of files share: paths in the test's folder, eight alive at once, and writing without the library. */

#include "test.h"

static inline const char *in_folder(const char *name) {
  static char paths[8][4096];
  static int next;
  char *path = paths[next++ % 8];
  snprintf(path, sizeof paths[0], "%s/%s", test_folder(), name);
  return path;
}

static inline void put(const char *path, const void *data, size_t size) {
  FILE *f = fopen(path, "wb");
  CHECK(f != NULL);
  size_t written = fwrite(data, 1, size, f);
  CHECK(fclose(f) == 0 && written == size);
}

#endif
