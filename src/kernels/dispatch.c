/* The tables, and which one serves. */
#include "kernels/kernels.h"

#define DECLARE(isa)                          \
  extern const ig__kernels ig__k_##isa##_f32_table; \
  extern const ig__kernels ig__k_##isa##_f64_table;
DECLARE(reference)
#if defined(__aarch64__)
DECLARE(neon)
#else
DECLARE(baseline)
#endif
#if defined(__x86_64__)
DECLARE(avx2)
DECLARE(avx512)
#endif

const ig__kernels *ig__kernels_for(ig__isa isa, int real_size) {
#define PICK(name) (real_size == 8 ? &ig__k_##name##_f64_table : &ig__k_##name##_f32_table)
  switch (isa) {
  case IG__ISA_REFERENCE: return PICK(reference);
#if defined(__x86_64__)
  case IG__ISA_AVX2: return PICK(avx2);
  case IG__ISA_AVX512: return PICK(avx512);
#endif
#if defined(__aarch64__)
  default: return PICK(neon);
#else
  default: return PICK(baseline);
#endif
  }
}
