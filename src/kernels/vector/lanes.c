/* Spans of 16-lane groups: one value a lane, which is a channel of a blocked image. */
#include "kernels/vector/span.h"

/* Groups taken at a time. Where a group is several vectors, each of them runs down all groups before the next starts, its
 * lane values in registers; 256 groups of 16 floats are 16 KiB and stay in the first-level cache meanwhile. */
#define GROUPS 256

#define EACH_LANE_VECTOR(count, ...)                                                                  \
  for (int64_t start = 0; start < (count); start += GROUPS)                                           \
    for (int l = 0; l < IG__BLOCK; l += LANES) {                                                      \
      const int groups = (count) - start < GROUPS ? (int)((count) - start) : GROUPS;                  \
      __VA_ARGS__                                                                                     \
    }
#define LANE(p) load((const real *)(p) + l)
#define PLACE(p) ((p) + start * IG__BLOCK + l)

void IG__NAME(add_lanes)(void *y, const void *x, const void *lanes, int64_t count) {
  EACH_LANE_VECTOR(count, {
    const real *p = PLACE((const real *)x);
    real *to = PLACE((real *)y);
    const V shift = LANE(lanes);
    for (int i = 0; i < groups; i++) store(to + i * IG__BLOCK, load(p + i * IG__BLOCK) + shift);
  })
}

void IG__NAME(affine_lanes)(void *y, const void *x, const void *a, const void *b, int64_t count) {
  EACH_LANE_VECTOR(count, {
    const real *p = PLACE((const real *)x);
    real *to = PLACE((real *)y);
    const V factor = LANE(a), shift = LANE(b);
    for (int i = 0; i < groups; i++) store(to + i * IG__BLOCK, load(p + i * IG__BLOCK) * factor + shift);
  })
}

void IG__NAME(affine2_lanes)(void *y, const void *x, const void *a, const void *z, const void *b, const void *c,
                             int64_t count) {
  EACH_LANE_VECTOR(count, {
    const real *p = PLACE((const real *)x), *q = PLACE((const real *)z);
    real *to = PLACE((real *)y);
    const V fx = LANE(a), fz = LANE(b), shift = LANE(c);
    for (int i = 0; i < groups; i++) {
      const V inner = rounded(load(q + i * IG__BLOCK) * fz + shift);
      store(to + i * IG__BLOCK, load(p + i * IG__BLOCK) * fx + inner);
    }
  })
}

/* The sum over `groups` rows of one lane vector: four chains (row i goes to chain i%4) hide the latency of the additions. */
IG__INLINE V sum_groups(const real *p, const real *q, V mean, int groups, V (*add)(V sum, V x, V mean, V z)) {
  V s0 = splat(0), s1 = s0, s2 = s0, s3 = s0;
  int i = 0;
  for (; i + 4 <= groups; i += 4, p += 4 * IG__BLOCK, q += 4 * IG__BLOCK) {
    s0 = add(s0, load(p), mean, load(q));
    s1 = add(s1, load(p + IG__BLOCK), mean, load(q + IG__BLOCK));
    s2 = add(s2, load(p + 2 * IG__BLOCK), mean, load(q + 2 * IG__BLOCK));
    s3 = add(s3, load(p + 3 * IG__BLOCK), mean, load(q + 3 * IG__BLOCK));
  }
  if (i < groups) s0 = add(s0, load(p), mean, load(q));
  if (i + 1 < groups) s1 = add(s1, load(p + IG__BLOCK), mean, load(q + IG__BLOCK));
  if (i + 2 < groups) s2 = add(s2, load(p + 2 * IG__BLOCK), mean, load(q + 2 * IG__BLOCK));
  return (s0 + s1) + (s2 + s3);
}

IG__INLINE V add_value(V sum, V x, V mean, V z) {
  (void)mean, (void)z;
  return sum + x;
}
IG__INLINE V add_square(V sum, V x, V mean, V z) {
  (void)z;
  return sum + (x - mean) * (x - mean);
}
IG__INLINE V add_product(V sum, V x, V mean, V z) { return sum + (x - mean) * z; }

void IG__NAME(sum_lanes)(void *sum, const void *x, int64_t count) {
  real *to = sum;
  EACH_LANE_VECTOR(count, {
    const real *p = PLACE((const real *)x);
    store(to + l, LANE(to) + sum_groups(p, p, splat(0), groups, add_value));
  })
}

void IG__NAME(sum_squares_lanes)(void *sum, const void *x, const void *mean, int64_t count) {
  real *to = sum;
  EACH_LANE_VECTOR(count, {
    const real *p = PLACE((const real *)x);
    store(to + l, LANE(to) + sum_groups(p, p, LANE(mean), groups, add_square));
  })
}

void IG__NAME(dot_lanes)(void *sum, const void *x, const void *mean, const void *z, int64_t count) {
  real *to = sum;
  EACH_LANE_VECTOR(count, {
    const real *p = PLACE((const real *)x), *q = PLACE((const real *)z);
    store(to + l, LANE(to) + sum_groups(p, q, LANE(mean), groups, add_product));
  })
}
