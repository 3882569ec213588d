#ifndef IG__KERNELS_SPAN_H
#define IG__KERNELS_SPAN_H
/* Walking over spans. An element's result never depends on where in the span it lies: the tail runs through the same vector
 * code as the body, padded, so cutting a span over threads changes no bit. */

#include "kernels/vector/native.h"

#define INFINITE ((real)__builtin_inf())

IG__INLINE V magnitude(V x) { return (V)((VI)x & ~(VI)splat(-(real)0)); }

IG__INLINE V sign_of(V x) { return (V)((VI)x & (VI)splat(-(real)0)); }

/* v, rounded to its type and not contracted into a following addition. Where two products meet in one sum the compiler
 * chooses which of them to fuse, and could choose differently for each instruction set; this leaves it no choice. */
IG__INLINE V rounded(V v) { return in_register(v); }

/* Runs the statement for every vector of a span. In it, GET(p) is the vector of input p, PUT(p, v) writes to output p. All
 * GETs come before the arithmetic: in the tail each is a piece of branching code, and gcc fuses a product with an addition only
 * inside one basic block, so `GET(a) * f + GET(b)` would round twice there and once in the body. */
#define EACH_VECTOR(count, ...)                                                        \
  do {                                                                                 \
    int64_t at_ = 0;                                                                   \
    for (; at_ + LANES <= (count); at_ += LANES) {                                     \
      enum { whole_ = 1, left_ = LANES };                                              \
      __VA_ARGS__;                                                                     \
    }                                                                                  \
    if (at_ < (count)) {                                                               \
      enum { whole_ = 0 };                                                             \
      const int left_ = (int)((count) - at_);                                          \
      __VA_ARGS__;                                                                     \
    }                                                                                  \
  } while (0)
#define GET(p) (whole_ ? load((const real *)(p) + at_) : load_part((const real *)(p) + at_, left_, 0))
#define PUT(p, v) (whole_ ? store((real *)(p) + at_, v) : store_part((real *)(p) + at_, left_, v))

/* ---- Sums ----------------------------------------------------------------------------------------------------------- */

#define IG__SUM_BLOCK 256

typedef real lanes8 __attribute__((vector_size(8 * IG__REAL_SIZE)));
typedef real lanes8_in_memory __attribute__((vector_size(8 * IG__REAL_SIZE), aligned(IG__REAL_SIZE), may_alias));
typedef real lanes4 __attribute__((vector_size(4 * IG__REAL_SIZE)));

/* The sum of 16 lanes, by halves: the same tree on every instruction set. */
IG__INLINE real sum_of_lanes(const real *lanes) {
  const lanes8 s = (lanes8) * (const lanes8_in_memory *)lanes + (lanes8) * (const lanes8_in_memory *)(lanes + 8);
  const lanes4 t = __builtin_shufflevector(s, s, 0, 1, 2, 3) + __builtin_shufflevector(s, s, 4, 5, 6, 7);
  return (t[0] + t[2]) + (t[1] + t[3]);
}

/* The sum of `count` terms: blocks of 256 in the real type, each in 16 lanes (lane l takes every 16th term from l on), the
 * block sums in double. `add` adds the terms of two inputs to a lane vector; the last group is filled up with `pad`, whose
 * term must be 0. One lane vector runs down a whole block before the next, so that it stays in a register whatever the
 * native width; the blocks are independent, which hides the latency of the additions. */
IG__INLINE double sum_terms(const real *a, const real *b, int64_t count, real pad, V (*add)(V sum, V a, V b)) {
  double total = 0;
  for (int64_t start = 0; start < count; start += IG__SUM_BLOCK) {
    const real *p = a + start, *q = b + start;
    const int n = count - start < IG__SUM_BLOCK ? (int)(count - start) : IG__SUM_BLOCK;
    const int rows = n / IG__BLOCK, rest = n % IG__BLOCK;
    real lanes[IG__BLOCK];
    for (int l = 0; l < IG__BLOCK; l += LANES) {
      V sum = splat(0);
      for (int row = 0; row < rows; row++) sum = add(sum, load(p + row * IG__BLOCK + l), load(q + row * IG__BLOCK + l));
      if (rest > l) {
        const real *pl = p + rows * IG__BLOCK + l, *ql = q + rows * IG__BLOCK + l;
        sum = rest - l >= LANES ? add(sum, load(pl), load(ql))
                                : add(sum, load_part(pl, rest - l, pad), load_part(ql, rest - l, pad));
      }
      store(lanes + l, sum);
    }
    total += (double)sum_of_lanes(lanes);
  }
  return total;
}

#endif
