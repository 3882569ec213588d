#ifndef IG__KERNELS_REAL_H
#define IG__KERNELS_REAL_H
/* What a kernel source is written in. Each source is compiled once for each (instruction set, real type):
 * IG__REAL_SIZE is 4 or 8, IG__VECTOR_BYTES the native register width (64, 32, 16), IG__ISA_SUFFIX the set's name.
 *
 * `V` is one native vector of LANES reals; a block of 16 channels is VECTORS of them. Vectors wider than native would be
 * scalarised by gcc, so wider things are written as several V with names of their own (arrays of accumulators end up on
 * the stack under clang: measured at 40 % of the peak). */

#include "kernels/kernels.h"

#if IG__REAL_SIZE == 4
typedef float real;
typedef int32_t mask_int;
#define IG__REAL_SUFFIX f32
#else
typedef double real;
typedef int64_t mask_int;
#define IG__REAL_SUFFIX f64
#endif

#define IG__PASTE3(a, b, c, d) ig__k_##a##_##b##_##c##d
#define IG__PASTE2(a, b, c, d) IG__PASTE3(a, b, c, d)
/* IG__NAME(conv2d) is ig__k_avx512_f32_conv2d. */
#define IG__NAME(name) IG__PASTE2(IG__ISA_SUFFIX, IG__REAL_SUFFIX, name, )

/* Vector registers, which the register tiles are made for; and whether a multiply-add takes one lane of a register for its
 * factor (NEON), so that one load serves LANES factors. */
#if IG__VECTOR_BYTES == 64 || defined(__aarch64__)
#define IG__REGISTERS 32
#else
#define IG__REGISTERS 16
#endif
#if defined(__aarch64__)
#define IG__LANE_FACTORS 1
#else
#define IG__LANE_FACTORS 0
#endif

#define LANES (IG__VECTOR_BYTES / IG__REAL_SIZE)
#define VECTORS (IG__BLOCK / LANES)

typedef real V __attribute__((vector_size(IG__VECTOR_BYTES)));
typedef real VU __attribute__((vector_size(IG__VECTOR_BYTES), aligned(IG__REAL_SIZE), may_alias));
typedef mask_int VI __attribute__((vector_size(IG__VECTOR_BYTES)));

#define IG__INLINE static inline __attribute__((always_inline))

IG__INLINE V load(const real *p) { return (V) * (const VU *)p; }
IG__INLINE void store(real *p, V v) { *(VU *)p = (VU)v; }
/* s + (V){0} would turn −0 into +0; s − 0 keeps it. */
IG__INLINE V splat(real s) { return s - (V){0}; }

/* Declarations of this pair's functions. */
#define IG__KERNEL_DECLARE(type, name, args) type IG__NAME(name) args;
IG__KERNEL_LIST(IG__KERNEL_DECLARE)
#undef IG__KERNEL_DECLARE

#endif
