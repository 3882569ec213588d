#ifndef IG__KERNELS_NATIVE_H
#define IG__KERNELS_NATIVE_H
/* What the vector extensions cannot say, or what gcc makes many instructions of: a part of a vector in memory, and bytes as
 * whole numbers. Intrinsics where the instruction set has them, plain C elsewhere, the same results. */

#include "kernels/real.h"

#if defined(__AVX2__)
#include <immintrin.h>
#endif

/* v, in a register, as nothing more than that: the compiler can neither load it again nor join what made it with what follows. */
IG__INLINE V in_register(V v) {
#if defined(__x86_64__) || defined(__i386__)
  __asm__("" : "+v"(v));
#elif defined(__aarch64__)
  __asm__("" : "+w"(v));
#endif
  return v;
}

IG__INLINE V choose(VI mask, V yes, V no) { return (V)(((VI)yes & mask) | ((VI)no & ~mask)); }

typedef uint8_t bytes __attribute__((vector_size(LANES)));
typedef uint8_t bytes_in_memory __attribute__((vector_size(LANES), aligned(1), may_alias));

#if defined(__AVX512F__) && IG__VECTOR_BYTES == 64
#if IG__REAL_SIZE == 4
#define FIRST(n) (__mmask16)((1u << (n)) - 1)
#define LOAD_FIRST(p, n, pad) (V) _mm512_mask_loadu_ps((__m512)splat(pad), FIRST(n), p)
#define STORE_FIRST(p, n, v) _mm512_mask_storeu_ps(p, FIRST(n), (__m512)(v))
#define WIDEN(p) (VI) _mm512_cvtepu8_epi32(_mm_loadu_si128((const __m128i *)(const void *)(p)))
#else
#define FIRST(n) (__mmask8)((1u << (n)) - 1)
#define LOAD_FIRST(p, n, pad) (V) _mm512_mask_loadu_pd((__m512d)splat(pad), FIRST(n), p)
#define STORE_FIRST(p, n, v) _mm512_mask_storeu_pd(p, FIRST(n), (__m512d)(v))
#define WIDEN(p) (VI) _mm512_cvtepu8_epi64(_mm_loadl_epi64((const __m128i *)(const void *)(p)))
#endif
#elif defined(__AVX2__) && IG__VECTOR_BYTES == 32
#if IG__REAL_SIZE == 4
#define FIRST(n) (VI)(((VI){0, 1, 2, 3, 4, 5, 6, 7}) < ((n) - (VI){0}))
#define LOAD_FIRST(p, n, pad) choose(FIRST(n), (V)_mm256_maskload_ps(p, (__m256i)FIRST(n)), splat(pad))
#define STORE_FIRST(p, n, v) _mm256_maskstore_ps(p, (__m256i)FIRST(n), (__m256)(v))
#define WIDEN(p) (VI) _mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i *)(const void *)(p)))
#else
#define FIRST(n) (VI)(((VI){0, 1, 2, 3}) < ((n) - (VI){0}))
#define LOAD_FIRST(p, n, pad) choose(FIRST(n), (V)_mm256_maskload_pd(p, (__m256i)FIRST(n)), splat(pad))
#define STORE_FIRST(p, n, v) _mm256_maskstore_pd(p, (__m256i)FIRST(n), (__m256d)(v))
#endif
#endif

/* The first n < LANES elements; the other lanes are `pad`. Through memory, element by element, the vector load has to wait for
 * its pieces: a softmax of 10 columns took four times as long. */
IG__INLINE V load_part(const real *p, int n, real pad) {
#ifdef LOAD_FIRST
  return LOAD_FIRST(p, n, pad);
#else
  real lanes[LANES];
  for (int i = 0; i < LANES; i++) lanes[i] = i < n ? p[i] : pad;
  return load(lanes);
#endif
}

IG__INLINE void store_part(real *p, int n, V v) {
#ifdef STORE_FIRST
  STORE_FIRST(p, n, v);
#else
  real lanes[LANES];
  store(lanes, v);
  for (int i = 0; i < LANES; i++)
    if (i < n) p[i] = lanes[i];
#endif
}

/* LANES bytes as whole numbers of the real's size, and back. */
IG__INLINE VI bytes_load(const uint8_t *p) {
#ifdef WIDEN
  return WIDEN(p);
#else
  return __builtin_convertvector((bytes) * (const bytes_in_memory *)p, VI);
#endif
}

/* On AVX2 gcc would take the conversion apart, lane by lane; the shuffle is four instructions. */
IG__INLINE void bytes_store(uint8_t *p, VI v) {
#if IG__VECTOR_BYTES == 32 && IG__REAL_SIZE == 4
  typedef uint8_t vector_as_bytes __attribute__((vector_size(IG__VECTOR_BYTES)));
  const vector_as_bytes all = (vector_as_bytes)v;
  *(bytes_in_memory *)p = (bytes_in_memory)__builtin_shufflevector(all, all, 0, 4, 8, 12, 16, 20, 24, 28);
#else
  *(bytes_in_memory *)p = (bytes_in_memory)__builtin_convertvector(v, bytes);
#endif
}

#endif
