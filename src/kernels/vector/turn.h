#ifndef IG__KERNELS_TURN_H
#define IG__KERNELS_TURN_H
/* Turning rows into columns: what blocked layouts are made with. */

#include "kernels/real.h"

/* A square of 4 channels × 4 pixels is turned in registers; 4 reals are a vector that every instruction set has. */
typedef real Q __attribute__((vector_size(4 * IG__REAL_SIZE)));
typedef real QU __attribute__((vector_size(4 * IG__REAL_SIZE), aligned(IG__REAL_SIZE), may_alias));

IG__INLINE void turn(const real *from, int64_t from_pitch, real *to, int64_t to_pitch) {
  const Q a = *(const QU *)from, b = *(const QU *)(from + from_pitch);
  const Q c = *(const QU *)(from + 2 * from_pitch), d = *(const QU *)(from + 3 * from_pitch);
  const Q ab_low = __builtin_shufflevector(a, b, 0, 4, 1, 5), ab_high = __builtin_shufflevector(a, b, 2, 6, 3, 7);
  const Q cd_low = __builtin_shufflevector(c, d, 0, 4, 1, 5), cd_high = __builtin_shufflevector(c, d, 2, 6, 3, 7);
  *(QU *)to = (QU)__builtin_shufflevector(ab_low, cd_low, 0, 1, 4, 5);
  *(QU *)(to + to_pitch) = (QU)__builtin_shufflevector(ab_low, cd_low, 2, 3, 6, 7);
  *(QU *)(to + 2 * to_pitch) = (QU)__builtin_shufflevector(ab_high, cd_high, 0, 1, 4, 5);
  *(QU *)(to + 3 * to_pitch) = (QU)__builtin_shufflevector(ab_high, cd_high, 2, 3, 6, 7);
}

/* One row of a block: `channels` planes side by side become pixels of 16 lanes; missing lanes become 0. */
IG__INLINE void interleave_row(const real *from, int64_t from_pitch, real *to, int channels, int64_t width) {
  const int whole = channels / 4 * 4;
  int64_t j = 0;
  for (; j + 4 <= width; j += 4)
    for (int c = 0; c < whole; c += 4) turn(from + c * from_pitch + j, from_pitch, to + j * IG__BLOCK + c, IG__BLOCK);
  for (int64_t i = 0; i < width; i++)
    for (int c = i < j ? whole : 0; c < IG__BLOCK; c++)
      to[i * IG__BLOCK + c] = c < channels ? from[c * from_pitch + i] : 0;
}

#endif
