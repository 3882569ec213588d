#ifndef IG__KERNELS_CONV_TILE_H
#define IG__KERNELS_CONV_TILE_H
/* The micro-kernel of the forward convolution and of the gradient to the input, and the loops around it. */
#include "kernels/pack.h"
#include "kernels/real.h"

/* Pixels of one register tile, two vectors of output channels each. 14·2 accumulators, 2 weights and 1 broadcast fill 31
 * of AVX-512's 32 registers; 6·2 + 3 fill 15 of the 16 that AVX2 and SSE2 have. NEON keeps a vector of each pixel instead of
 * the broadcast: 9·2 + 9 + 2 are 29 of 32; a tenth pixel would fill all of them, and clang then spills. Where one vector is
 * left over, its tile has twice the pixels: with 8 of them, as in a row of 16 cut in two, the latency of the additions alone
 * costs a fifth. */
#if IG__LANE_FACTORS
#define TILE_PIXELS 9
#elif IG__REGISTERS == 32
#define TILE_PIXELS 14
#else
#define TILE_PIXELS 6
#endif

/* One register tile: for each of its pixels p and of its two vectors of output channels
 *   y[p] = Σ over blocks, rows, cols, lanes of x[p·x_pixel + …] · w[…]
 * in this order. A blocked x has 16 lanes a block, one element apart; a plain x has its channels as blocks and its kernel
 * columns as lanes, x_lane apart. Weights of one lane are 16 elements after those of the lane before. */
typedef struct conv_tile {
  const real *x, *w;
  /* Of the first vector and pixel. A missing scale is conv_ones; bias and add may be NULL; add has y's distance of pixels. */
  const real *scale, *bias, *add;
  real *y;
  int64_t x_block, x_row, x_col, x_lane, x_pixel;
  int64_t w_block, w_row, w_col, w_next; /* w_next, y_next: to the second vector */
  int64_t y_pixel, y_next, scale_next, bias_next, add_next;
  int blocks, rows, cols, lanes, last_lanes; /* lanes of the last block */
  const int64_t *place; /* a plain x: places of all inputs of a pixel, whose weights lie in one row; NULL: they do not */
  /* Pixels at the row's beginning that meet the halo at the first column of the kernel, one fewer at each next column; and at
   * its end, one more at each next column: negative where the halo begins later. Without any, 0 and −cols. */
  int left, right;
  /* Memory that is asked for with each lane, fetch_step bytes after what the one before asked for: weights to come. Those of a
   * layer too large for the caches arrive late without: one picture of a ResNet-18, core time of
   * 512 → 512 channels on 4 × 4: 790 → 380…393 µs, of 256 → 256 on 8 × 8: 388…408 → 184…192. Without any, w and 0. */
  const char *fetch;
  int64_t fetch_step;
  bool resume; /* go on from the sums in y */
  bool finish; /* scale, bias, add and relu */
  bool relu;
} conv_tile;

/* Vectors of ones. The factor is always loaded: were it a constant behind a test, the compiler would multiply and add apart where
 * there is a factor, and the result would have other bits than affine_lanes. */
extern const real IG__NAME(conv_ones)[IG__BLOCK];

/* `pixels` ≤ conv_tile_pixels(x_pixel, vectors), `vectors` 1 or 2 (1 only where a block is one vector). */
void IG__NAME(conv_tile)(const conv_tile *t, int pixels, int vectors);
int IG__NAME(conv_tile_pixels)(int64_t x_pixel, int vectors);

/* The same tile where every channel has weights of its own: x, w and y are vectors of channels, one lane a pixel. */
void IG__NAME(depthwise_tile)(const conv_tile *t, int pixels);
int IG__NAME(depthwise_tile_pixels)(int64_t x_pixel);

/* Memory that tiles ask for on the way: `lines` lines of 64 bytes from `at` on, then `more` of them from `next` on. */
typedef struct conv_fetch { const char *at, *next; int64_t lines, more; } conv_fetch;

/* Weights that are worth it: less than this stays in a core's cache from picture to picture. */
#define FETCH_BYTES (1 << 18)

/* Gives the next tile its share, as many bytes as it reads of weights; one with nothing to ask for touches its own weights. */
static inline void conv_fetch_for(conv_fetch *f, conv_tile *t, int64_t lanes, int vectors) {
  const int64_t lines = vectors * IG__VECTOR_BYTES > 64 ? 2 : 1;
  if (f->lines <= 0 && f->more > 0) *f = (conv_fetch){ .at = f->next, .lines = f->more };
  t->fetch = f->lines > 0 ? f->at : (const char *)t->w;
  t->fetch_step = f->lines > 0 ? 64 * lines : 0;
  f->at += 64 * lines * lanes;
  f->lines -= lines * lanes;
}

/* One dimension of a convolution, seen from the side that is written. Forward, output o meets at tap a the input
 * o·stride − pad + a·dilation. Transposed (the gradient to the input), it meets (o − pad + a·dilation) / stride, where that
 * divides. */
typedef struct conv_axis {
  int taps, stride, pad, dilation, in, out;
  bool transposed;
} conv_axis;

typedef struct conv_run {
  conv_axis v, h; /* down, across */
  const ig__image *x, *y;
  const real *w;
  int64_t w_out, w_block, w_row, w_col; /* from output block to output block, … */
  int blocks, last_lanes;               /* of x: input blocks, or channels of a plain x */
  const ig__epilogue *epilogue;         /* NULL: none */
  int n0, n1, out0, out1;               /* pictures; output blocks */
  bool depthwise;                       /* x has one block, which is y's */
} conv_run;

/* Runs every bundle of the convolution, each on its own blocks of x, y and w. `r` is filled but for blocks; its out0 and out1
 * count all of y's blocks, in_blocks and out_blocks are a bundle's, last_lanes x's. */
void IG__NAME(conv_run_bundles)(const conv_run *r, int in_blocks, int out_blocks);

/* Output blocks of a part: pairs stay together while there are enough of them, since one block alone makes a register tile
 * that loads more than it multiplies. */
static inline int conv_part(int blocks, int part, int parts) {
  if (blocks < 2 * parts) return ig__cut(blocks, part, parts);
  const int end = 2 * ig__cut((blocks + 1) / 2, part, parts);
  return end < blocks ? end : blocks;
}

#endif
