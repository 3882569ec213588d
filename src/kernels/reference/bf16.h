#ifndef IG__KERNELS_REFERENCE_BF16_H
#define IG__KERNELS_REFERENCE_BF16_H
/* Operands rounded to bf16, by the definition: the oracle of kernels/vector/bf16.h. */
#include "kernels/pack.h"
#include "kernels/real.h"

#include <string.h>

#define BF16_DIRECT (IG__BF16 | 1)

static inline bool bf16_takes(const ig__conv *g, int m) {
  if (IG__REAL_SIZE != 4) return false;
  if (m == (IG__BF16 | 2)) return ig__winograd_takes(g, 2);
  return m == BF16_DIRECT && g->groups == 1 && g->dh == 1 && g->dw == 1 && g->kh * g->kw <= 25;
}

/* To nearest, ties to even; what is not a number stays so, and is quiet. */
static inline float to_bf16(float x) {
  uint32_t bits;
  memcpy(&bits, &x, sizeof bits);
  if ((bits & 0x7fffffff) > 0x7f800000) bits |= 0x400000;
  else bits += 0x7fff + (bits >> 16 & 1);
  bits &= 0xffff0000;
  memcpy(&x, &bits, sizeof x);
  return x;
}

/* What a product of this m takes for v. */
static inline real rounded(int m, double v) { return m & IG__BF16 ? (real)to_bf16((float)v) : (real)v; }

/* The direct convolution, on weights as conv2d_pack makes them. */
void IG__NAME(bf16_forward)(const ig__conv *g, const ig__image *x, const void *u, const ig__image *y, const ig__epilogue *e,
                            int n0, int n1, int part, int parts);
void IG__NAME(bf16_dx)(const ig__conv *g, const ig__image *dy, const void *u, const ig__image *dx, int n0, int n1, int part, int parts);
void IG__NAME(bf16_dw)(const ig__conv *g, const ig__image *x, const ig__image *dy, void *partial, int n0, int n1, int part, int parts);

#endif
