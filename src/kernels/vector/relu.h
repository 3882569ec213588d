#ifndef IG__KERNELS_RELU_H
#define IG__KERNELS_RELU_H
/* max(v, 0) where NaN stays NaN, so that a diverged run is seen. C has no operator for it, and a comparison with a mask
 * takes three instructions where x86 has one (3 % of a first layer, whose sums are short). The operands' order matters:
 * x86 returns the second when one is NaN. */
#include "kernels/real.h"

#if defined(__x86_64__)
#include <immintrin.h>
#if IG__VECTOR_BYTES == 64 && IG__REAL_SIZE == 4
IG__INLINE V relu(V v) { return (V)_mm512_max_ps((__m512){0}, (__m512)v); }
#elif IG__VECTOR_BYTES == 64
IG__INLINE V relu(V v) { return (V)_mm512_max_pd((__m512d){0}, (__m512d)v); }
#elif IG__VECTOR_BYTES == 32 && IG__REAL_SIZE == 4
IG__INLINE V relu(V v) { return (V)_mm256_max_ps((__m256){0}, (__m256)v); }
#elif IG__VECTOR_BYTES == 32
IG__INLINE V relu(V v) { return (V)_mm256_max_pd((__m256d){0}, (__m256d)v); }
#elif IG__REAL_SIZE == 4
IG__INLINE V relu(V v) { return (V)_mm_max_ps((__m128){0}, (__m128)v); }
#else
IG__INLINE V relu(V v) { return (V)_mm_max_pd((__m128d){0}, (__m128d)v); }
#endif
#else
IG__INLINE V relu(V v) { return (V)((VI)v & ~(VI)(v < (V){0})); }
#endif

#endif
