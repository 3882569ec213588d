#ifndef IG__KERNELS_VECTOR_BF16_H
#define IG__KERNELS_VECTOR_BF16_H
/* Products of operands rounded to bf16 (to nearest, ties to even), sums in float: where the instruction set has vdpbf16ps, which
 * multiplies pairs and adds both products to a lane. Twice the peak of multiply-adds; what is made of it is weighed in
 * docs/performance.md. Everywhere else winograd_takes refuses, and nothing here is compiled.
 *
 * An operand of the forward products is [plane][in/16][tile][16] as bf16: eight pairs of channels a tile. Their weights lie as the
 * float forms do, each output block's rows two by two, [in/2][16 out][2], in the first half of the room that the floats took.
 * Operands of the weight gradient are pairs of tiles: [plane][block][tile/2][16][2]. */

#include "kernels/pack.h"
#include "kernels/real.h"

#if defined(__x86_64__) && IG__VECTOR_BYTES == 64 && IG__REAL_SIZE == 4
#define IG__HAS_BF16 1
#else
#define IG__HAS_BF16 0
#endif

/* Whether this m is one of ours. A constant where there are none, so that the calls below vanish. */
#define IG__IS_BF16(m) (IG__HAS_BF16 && ((m) & IG__BF16))
#define IG__IS_DIRECT_BF16(m) (IG__HAS_BF16 && (m) == (IG__BF16 | 1))

typedef uint16_t half;

/* Tiles that one register tile of the forward products takes. */
#define IG__BF16_TILES 14

/* One product of planes: y[out block, 0 or 1][tile][16] = Σ over taps, blocks and channels. tap_x and tap_w are the places of a
 * tap's operand and weights. */
typedef struct bf16_product {
  const half *x, *w;
  real *y;
  const int64_t *tap_x, *tap_w;
  int64_t x_block, w_block, w_next, y_next; /* elements; w_next 0: there is no second output block, y gets the first one twice */
  int blocks, taps;
} bf16_product;

void IG__NAME(bf16_multiply)(const bf16_product *p, int tiles);

/* u[16 in][16 out] += Σ over pairs of tiles of v · d, for one input block and two output blocks, d_next and u_next apart (0 as
 * above, and then u stays as it is). */
void IG__NAME(bf16_multiply_dw)(const half *v, const half *d, int64_t d_next, int pairs, real *u, int64_t u_next);

/* count floats, a multiple of 32, to bf16. */
void IG__NAME(bf16_round)(const real *x, half *to, int64_t count);
/* Rows of 16 floats, two by two: [rows/2][16][2]. `to` may be where x begins. An odd last row is paired with zeros. */
void IG__NAME(bf16_pairs)(const real *x, half *to, int64_t rows);

/* The direct convolution, as winograd.c and winograd_dw.c are called. */
bool IG__NAME(bf16_takes)(const ig__conv *g, int m);
size_t IG__NAME(bf16_scratch)(const ig__conv *g, ig__pack form);
void IG__NAME(bf16_pack)(const ig__conv *g, int m, ig__pack form, const void *w, void *u, int part, int parts);
void IG__NAME(bf16_forward)(const ig__conv *g, const ig__image *x, const void *u, const ig__image *y, const ig__epilogue *e,
                            int n0, int n1, int part, int parts, void *scratch);
void IG__NAME(bf16_dx)(const ig__conv *g, const ig__image *dy, const void *u, const ig__image *dx, int n0, int n1, int part,
                       int parts, void *scratch);
size_t IG__NAME(bf16_dw_scratch)(const ig__conv *g);
void IG__NAME(bf16_dw)(const ig__conv *g, const ig__image *x, const ig__image *dy, void *partial, int n0, int n1, int part,
                       int parts, void *scratch);

#endif
