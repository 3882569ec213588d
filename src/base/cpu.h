#ifndef IG__BASE_CPU_H
#define IG__BASE_CPU_H
/* Which instruction set to use: what the CPU has and the operating system saves (XCR0), or what IMGRAD_ISA says. */

#include "base/status.h"

#include <stdbool.h>

/* BASELINE is what every processor of an architecture has: plain vectors without fused multiply-add. On aarch64 every
 * processor has NEON, fused multiply-add with it, and there is no BASELINE below. Later ones are better. */
typedef enum ig__isa { IG__ISA_REFERENCE, IG__ISA_BASELINE, IG__ISA_AVX2, IG__ISA_AVX512, IG__ISA_NEON, IG__ISA_COUNT } ig__isa;

const char *ig__isa_name(ig__isa isa);      /* "reference", "baseline", "avx2", "avx512", "neon" */
bool ig__isa_usable(ig__isa isa);           /* CPU and operating system both */
bool ig__bf16_usable(void);                 /* the CPU multiplies bf16 (AVX512_BF16), and AVX512 is usable */
/* `name` NULL: the environment's IMGRAD_ISA, else the best usable. IG_USAGE names an unknown or unusable one. */
ig_status ig__isa_choose(const char *name, ig__isa *out);
const char *ig__cpu_name(void);             /* "Intel(R) Xeon(R) Processor"; constant after first call */

#endif
