#ifndef IG__KERNELS_H
#define IG__KERNELS_H
/* Arithmetic on bare pointers. One table of functions for each (instruction set, real type); the sources are compiled once
 * for each pair and chosen at run time. The reference table is plain C, slow and obvious: the oracle of all the others.
 *
 * Kernels cannot fail: shapes and plans have refused everything before. `void *` is the table's real type (float or
 * double), scalars are double. Whatever splits work (n0..n1, part of parts) never changes a bit of any element, except
 * where a sum over pictures is cut on purpose (partials), and that cut is the caller's.
 *
 * Layout. An image is [n][c][h][w] (block 1) or [n][c/16][h][w][16] (block 16) with pitches in elements and a halo of zeros
 * around each plane; `data` points at picture 0, channel 0, row 0, column 0, so the halo lies at negative offsets too.
 * Lanes past the last channel are zero on entry and must be zero on return. Kernels write the interior only. */

#include "base/cpu.h"

#include <stddef.h>
#include <stdint.h>

#define IG__BLOCK 16
#define IG__CHAINS 192

/* Added to the m of the functions winograd… : operands of the products are rounded to bf16 (to nearest, ties to even), sums stay
 * floats. m = IG__BF16 | 2 is F(2×2, 3×3), IG__BF16 | 1 the direct convolution of up to 25 taps, any stride, blocked x, groups and
 * dilation 1. The reference takes them in float, AVX-512 too where the CPU has ig__bf16_usable, the other tables never. */
#define IG__BF16 16

typedef struct ig__image {
  void *data;
  int64_t n_pitch, c_pitch, h_pitch; /* elements from picture to picture, plane to plane (channel or block), row to row */
  int c, h, w;
  int block, halo; /* block 1 or 16 */
} ig__image;

/* One convolution or pooling window. Strides, pads (top and left; what lies beyond is zero), dilations by height and width.
 * Input c_in × h × w, output c_out × oh × ow. */
typedef struct ig__conv {
  int c_in, h, w, c_out, oh, ow;
  int kh, kw, sh, sw, ph, pw, dh, dw, groups;
} ig__conv;

/* What happens to an output before it is stored: y = relu?(y·scale + bias + add). Each of them may be NULL. `scale` and `bias`
 * have one value a channel, readable to a multiple of 16 elements, `bias` zero past the last channel; `add` is a blocked image
 * of y's shape. y·scale + bias is one multiply-add, as in affine_lanes. The matrix product knows no scale and no add. */
typedef struct ig__epilogue { const void *bias; bool relu; const void *scale; const ig__image *add; } ig__epilogue;

/* Packed weights. FORWARD: [out/16][in/16][kh][kw][16 in][16 out], or for a plain x of at most 4 channels
 * [out/16][in][kh][kw][16 out]. BACKWARD (gradient to the input; taps rotated by half a turn):
 * [in/16][out/16][kh][kw][16 out][16 in]. DEPTHWISE, in both directions, where every channel is a group of its own
 * (groups = c_in = c_out > 1) and x is blocked: [c/16][kh][kw][16]. Missing channels are zero, and where groups are
 * merged to fill blocks (kernels/pack.h) so are the weights between one group and another. */
typedef enum ig__pack {
  IG__PACK_FORWARD, IG__PACK_FORWARD_PLAIN_X, IG__PACK_BACKWARD, IG__PACK_DEPTHWISE
} ig__pack;

/* The matrix product C = A·B or C += A·B: A is m × k with free strides, B is k × n in columns of 16 (element (i, j) at
 * b + (j/16)·b_block + i·b_row + j%16: b_block = 16 is a plain row-major matrix), C is row-major. Columns of B past n need
 * not be readable. Each element is one chain of multiply-adds over k in order, whatever m and n are. */
typedef struct ig__gemm {
  int64_t m, n, k;
  const void *a; int64_t a_row, a_col;
  const void *b; int64_t b_row, b_block;
  void *c; int64_t c_row;
  bool accumulate;
  ig__epilogue epilogue;
} ig__gemm;

/* Adam for a span (Kingma & Ba 2015, ε after bias correction): lr, 1−β₁ᵗ and 1−β₂ᵗ are the caller's. */
typedef struct ig__adam { double lr, beta1, beta2, epsilon, correction1, correction2; } ig__adam;

/* RMSprop and AdaGrad for a span. */
typedef struct ig__rms { double lr, keep, add, epsilon, momentum; } ig__rms;

#define IG__MAX_UPSAMPLE 64 /* the largest factor of upsample2d */

/* The list: X(return type, name, arguments). It makes the table, the declarations and the table's initialiser. */
#define IG__KERNEL_LIST(X)                                                                                             \
  /* Direct convolution of pictures n0 … n1-1, output blocks cut into `parts`. x: blocked with halo ≥ the padding, or   \
   * plain with c_in ≤ 4 (weights FORWARD_PLAIN_X); any stride, dilation and groups. */                                \
  X(void, conv2d, (const ig__conv *g, const ig__image *x, const void *w, const ig__image *y, const ig__epilogue *e,    \
                   int n0, int n1, int part, int parts))                                                               \
  /* Gradient to the input, w BACKWARD or DEPTHWISE. dy: blocked, halo ≥ k−1−pad at stride 1, none at others. parts cut  \
   * dx's blocks. */                                                                                                   \
  X(void, conv2d_dx, (const ig__conv *g, const ig__image *dy, const void *w, const ig__image *dx, int n0, int n1,      \
                      int part, int parts))                                                                            \
  /* partial += gradient to the weights over pictures n0 … n1-1, in the packed form that x asks for (FORWARD,           \
   * FORWARD_PLAIN_X or DEPTHWISE); parts cut (pair of output blocks, input block or channel, kernel row). Between      \
   * merged groups it adds up something that conv2d_unpack leaves out. */                                              \
  X(void, conv2d_dw, (const ig__conv *g, const ig__image *x, const ig__image *dy, void *partial, int n0, int n1,       \
                      int part, int parts))                                                                            \
  X(size_t, conv2d_pack_count, (const ig__conv *g, ig__pack form)) /* elements of the packed form */                    \
  X(int, conv2d_dw_parts, (const ig__conv *g, ig__pack form))      /* most parts that conv2d_dw can be cut into */      \
  X(void, conv2d_pack, (const ig__conv *g, ig__pack form, const void *w, void *packed, int part, int parts))           \
  /* dw (plain, out × in × kh × kw) = sum of `count` partials of conv2d_dw, added in order; parts cut output blocks. */ \
  X(void, conv2d_unpack, (const ig__conv *g, ig__pack form, const void *const *partials, int count, void *dw,          \
                          int part, int parts))                                                                        \
  /* Winograd (Lavin & Gray 2016): 3 × 3, stride 1 or 2, dilation 1, groups 1, padding ≤ 2, blocked x with any halo; m is 2 or 4, \
   * at stride 2 only 4, the side of an output tile. u: weights in the transformed domain, form FORWARD or BACKWARD (ig__winograd_index).     \
   * Both are otherwise conv2d and conv2d_dx; `scratch` is aligned to 64 bytes and one thread's. */                      \
  X(bool, winograd_takes, (const ig__conv *g, int m))                                                                  \
  X(size_t, winograd_count, (const ig__conv *g, int m, ig__pack form))   /* elements of u */                           \
  X(size_t, winograd_scratch, (const ig__conv *g, int m, ig__pack form)) /* bytes a thread */                          \
  /* u from plain weights out × in × 3 × 3; parts cut output blocks, or input blocks for BACKWARD. */                   \
  X(void, winograd_pack, (const ig__conv *g, int m, ig__pack form, const void *w, void *u, int part, int parts))       \
  X(void, winograd, (const ig__conv *g, int m, const ig__image *x, const void *u, const ig__image *y,                  \
                     const ig__epilogue *e, int n0, int n1, int part, int parts, void *scratch))                       \
  X(void, winograd_dx, (const ig__conv *g, int m, const ig__image *dy, const void *u, const ig__image *dx,             \
                        int n0, int n1, int part, int parts, void *scratch))                                           \
  /* Winograd's weight gradient, F(m × m, 3 × 3), of blocked x and dy, where winograd_takes says so.                         \
   * partial += Σ over pictures n0 … n1-1 and tiles of (BᵀxB) ∘ (A dy Aᵀ): (m+2)² planes of [out/16][in padded to 16][16   \
   * out]; missing channels stay as they are. parts cut pairs of output blocks. scratch is the call's own. */            \
  X(void, winograd_dw, (const ig__conv *g, int m, const ig__image *x, const ig__image *dy, void *partial, int n0,      \
                        int n1, int part, int parts, void *scratch))                                                   \
  X(int, winograd_dw_parts, (const ig__conv *g, int m))      /* most parts that are worth their transforms of x */       \
  X(size_t, winograd_dw_scratch, (const ig__conv *g, int m)) /* bytes of scratch, aligned to 64 */                       \
  /* dw (plain, out × in × 3 × 3) = Gᵀ(sum of `count` partials, added in order)G; parts cut output blocks. */          \
  X(void, winograd_unpack, (const ig__conv *g, int m, const void *const *partials, int count, void *dw, int part,      \
                            int parts))                                                                                \
  /* The same three on plain weights, any layout, dilation and groups, reading no halo: reference speed everywhere. */ \
  X(void, conv2d_plain, (const ig__conv *g, const ig__image *x, const void *w, const ig__image *y, int n0, int n1))    \
  X(void, conv2d_dx_plain, (const ig__conv *g, const ig__image *dy, const void *w, const ig__image *dx, int n0, int n1)) \
  X(void, conv2d_dw_plain, (const ig__conv *g, const ig__image *x, const ig__image *dy, void *dw, int n0, int n1,      \
                            int part, int parts)) /* dw += …; parts cut output channels */                             \
  X(void, gemm, (const ig__gemm *p))                                                                                   \
  /* C = A·Bᵀ for m × k and n × k matrices of rows, C row-major: for few rows of A. */                                   \
  X(void, gemm_rows, (int64_t m, int64_t n, int64_t k, const void *a, int64_t a_row, const void *b, int64_t b_row,      \
                      void *c, int64_t c_row))                                                                         \
  /* B for gemm from a row-major n × k matrix (so: its transpose), [n/16][k][16]; parts cut blocks. */                  \
  X(void, gemm_pack_transposed, (int64_t n, int64_t k, const void *b, void *packed, int part, int parts))              \
  /* Pooling; x, y, argmax, dy, dx in one block size. argmax is u8, kh·kw ≤ 256: the first maximum's place in its        \
   * window, row-major. Padding never wins and is never read. dx is written whole. */                                  \
  X(void, maxpool2d, (const ig__conv *g, const ig__image *x, const ig__image *y, const ig__image *argmax, int n0, int n1)) \
  X(void, maxpool2d_scatter, (const ig__conv *g, const ig__image *dy, const ig__image *argmax, const ig__image *dx,    \
                              int n0, int n1))                                                                         \
  X(void, maxpool2d_gather, (const ig__conv *g, const ig__image *x, const ig__image *argmax, const ig__image *y,       \
                             int n0, int n1))                                                                          \
  /* Mean over the window's part inside the picture; its transpose. */                                                 \
  X(void, avgpool2d, (const ig__conv *g, const ig__image *x, const ig__image *y, int n0, int n1))                      \
  X(void, avgpool2d_dx, (const ig__conv *g, const ig__image *dy, const ig__image *dx, int n0, int n1))                 \
  /* Upsampling by whole factors up to IG__MAX_UPSAMPLE, y of h·kh × w·kw: each pixel repeated, or bilinear (centres of    \
   * pixels aligned, the edge continued). Its transpose; dx is written whole. x and y, dy and dx in one block size. */     \
  X(void, upsample2d, (int kh, int kw, bool bilinear, const ig__image *x, const ig__image *y, int n0, int n1))         \
  X(void, upsample2d_dx, (int kh, int kw, bool bilinear, const ig__image *dy, const ig__image *dx, int n0, int n1))    \
  /* Copies between any two layouts of the same c × h × w (one real type). */                                          \
  X(void, copy_image, (const ig__image *from, const ig__image *to, int n0, int n1))                                    \
  /* y = (real)x · a[c] + b[c] from contiguous u8 pictures n c h w. */                                                  \
  X(void, image_from_u8, (const uint8_t *x, const double *a, const double *b, const ig__image *y, int n0, int n1))     \
  /* Spans of `count` elements. Outputs may be inputs. */                                                              \
  X(void, fill, (void *y, double value, int64_t count))                                                                \
  X(void, relu, (void *y, const void *x, int64_t count))                                                               \
  X(void, relu_dx, (void *dx, const void *y, const void *dy, int64_t count)) /* dy where y > 0, else 0 */               \
  X(void, add, (void *z, const void *a, const void *b, int64_t count))                                                 \
  X(void, sub, (void *z, const void *a, const void *b, int64_t count))                                                 \
  X(void, mul, (void *z, const void *a, const void *b, int64_t count))                                                 \
  X(void, scale, (void *y, const void *x, double a, int64_t count))                                                    \
  X(void, axpy, (void *y, const void *x, double a, int64_t count)) /* y += a·x */                                      \
  X(void, clip_weights_zero, (void *w, double threshold, int64_t count)) /* soft threshold: prox of threshold·‖w‖₁ */   \
  /* Sums: blocks of 256 elements in the real type, blocks added in double; the same bits for one length always. */    \
  X(double, sum, (const void *x, int64_t count))                                                                       \
  X(double, sum_abs, (const void *x, int64_t count))                                                                   \
  X(double, sum_squares, (const void *x, int64_t count))                                                               \
  X(double, dot, (const void *a, const void *b, int64_t count))                                                        \
  X(int64_t, count_nonfinite, (const void *x, int64_t count))                                                          \
  /* Spans of 16-lane groups, `count` groups: one value a lane (a channel of a blocked image, or a column block). */    \
  X(void, add_lanes, (void *y, const void *x, const void *lanes, int64_t count))           /* y = x + lanes */          \
  X(void, affine_lanes, (void *y, const void *x, const void *a, const void *b, int64_t count)) /* y = x·a + b */        \
  X(void, affine2_lanes, (void *y, const void *x, const void *a, const void *z, const void *b, const void *c,          \
                          int64_t count))                                                  /* y = x·a + z·b + c */      \
  X(void, sum_lanes, (void *sum, const void *x, int64_t count))                            /* sum += Σ x */             \
  X(void, sum_squares_lanes, (void *sum, const void *x, const void *mean, int64_t count))  /* sum += Σ (x−mean)² */     \
  X(void, dot_lanes, (void *sum, const void *x, const void *mean, const void *z, int64_t count)) /* sum += Σ (x−mean)z */ \
  /* Rows of `cols` elements, contiguous. */                                                                           \
  X(void, softmax, (void *y, const void *x, int64_t rows, int64_t cols))                                               \
  X(void, log_softmax, (void *y, const void *x, int64_t rows, int64_t cols))                                           \
  X(void, exp, (void *y, const void *x, int64_t count))                                                                \
  X(void, log, (void *y, const void *x, int64_t count))                                                                \
  X(void, sigmoid, (void *y, const void *x, int64_t count))                                                            \
  X(void, tanh, (void *y, const void *x, int64_t count))                                                               \
  /* x·σ(x); x·Φ(x), Φ the normal distribution (the exact form, not tanh's); dx = dy·slope(x), dx may be x or dy. */      \
  X(void, silu, (void *y, const void *x, int64_t count))                                                               \
  X(void, silu_dx, (void *dx, const void *x, const void *dy, int64_t count))                                           \
  X(void, gelu, (void *y, const void *x, int64_t count))                                                               \
  X(void, gelu_dx, (void *dx, const void *x, const void *dy, int64_t count))                                           \
  /* y = y·a + b, `rounds` times over, for IG__CHAINS elements: independent chains of multiply-adds in registers, nothing   \
   * else. What it reaches is the peak that speeds are compared with. */                                               \
  X(void, fma_chains, (void *y, double a, double b, int64_t rounds))                                                   \
  /* Optimiser updates. sgd: buf = momentum·buf + g; step = nesterov ? g + momentum·buf : buf; w −= lr·step; buf may be  \
   * NULL when momentum is 0. */                                                                                       \
  X(void, sgd_step, (void *w, const void *g, void *buf, double lr, double momentum, bool nesterov, int64_t count))     \
  /* `most`: the largest v so far, which then divides (AMSGrad); may be NULL. */                                          \
  X(void, adam_step, (void *w, const void *g, void *m, void *v, void *most, const ig__adam *p, int64_t count))         \
  /* v = keep·v + add·g²; buf = momentum·buf + g/(√v + ε); w −= lr·buf; without momentum buf may be NULL. */              \
  X(void, rms_step, (void *w, const void *g, void *v, void *buf, const ig__rms *p, int64_t count))

typedef struct ig__kernels {
  ig__isa isa;
  int real_size; /* 4 or 8 */
#define IG__KERNEL_FIELD(type, name, args) type(*name) args;
  IG__KERNEL_LIST(IG__KERNEL_FIELD)
#undef IG__KERNEL_FIELD
} ig__kernels;

/* The table for an instruction set that ig__isa_usable accepts; real_size 4 or 8. Never NULL. Constant, any thread. */
const ig__kernels *ig__kernels_for(ig__isa isa, int real_size);

#endif
