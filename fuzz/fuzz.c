/* One libFuzzer program: FUZZ_TARGET is the name of the function in targets.h (fuzz.cmake). */
#include "targets.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
  FUZZ_TARGET(bytes, size);
  return 0;
}
