/* Winograd's gradient to the weights: y = Aᵀ[(G w Gᵀ) ∘ (Bᵀ x B)]A is linear in w, so dw = Gᵀ[Σ (Bᵀ x B) ∘ (A dy Aᵀ)]G. The
 * sum over tiles is taken in the transformed domain, one matrix product (input channels × tiles × output channels) for each
 * of the (m+2)² places of a tile; winograd_unpack does the rest, once.
 *
 * Tiles go through in groups whose transforms stay in the second-level cache. Each group's products are added up in registers
 * from zero and then to `partial`: that lets `partial` be fetched while the products run, and the sums round less than one
 * long chain. Groups are cut by shape and picture count alone, the same for every part and instruction set. */
#include "kernels/vector/bf16.h"
#include "kernels/vector/winograd_product.h"
#include "kernels/vector/winograd_strided.h"

/* ---- Tiles of dy: the transposed output transform --------------------------------------------------------------------- */

/* A·y, m = 4, in the pairs of results that winograd.h lists. */
IG__INLINE void transform4(const int pair, V y0, V y1, V y2, V y3, V *p, V *q) {
  if (pair == 0) {
    *p = y0;
    *q = y3;
  } else {
    const real square = pair == 1 ? 1 : 4, once = pair == 1 ? 1 : 2;
    const V even = y0 + square * y2, odd = y1 + square * y3;
    *p = even + once * odd;
    *q = even - once * odd;
  }
}

/* A·y, m = 2. */
IG__INLINE void transform2(const int pair, V y0, V y1, V *p, V *q) {
  *p = pair == 0 ? y0 : y0 + y1;
  *q = pair == 0 ? -y1 : y0 - y1;
}

#define AT(i, j) load(y + (i) * row + (j) * IG__BLOCK)
#define PUT(i, j, value) store(to + ((i) * (M + 2) + (j)) * plane, value)

/* Rows P and Q of one vector of a transformed tile; y is the tile's first element, its rows are `row` apart. */
#define ALONG(i, M, pair, ...)                    \
  do {                                            \
    V p_, q_;                                     \
    transform##M(pair, __VA_ARGS__, &p_, &q_);    \
    PUT(i, WINOGRAD_P(pair), p_);                 \
    PUT(i, WINOGRAD_Q(pair, M), q_);              \
  } while (0)

IG__INLINE void rows4(const int pair, const real *y, int64_t row, real *to, int64_t plane) {
  enum { M = 4 };
#define DOWN4(j) \
  V p##j, q##j;  \
  transform4(pair, AT(0, j), AT(1, j), AT(2, j), AT(3, j), &p##j, &q##j);
  DOWN4(0) DOWN4(1) DOWN4(2) DOWN4(3)
  ALONG(WINOGRAD_P(pair), 4, 0, p0, p1, p2, p3);
  ALONG(WINOGRAD_P(pair), 4, 1, p0, p1, p2, p3);
  ALONG(WINOGRAD_P(pair), 4, 2, p0, p1, p2, p3);
  ALONG(WINOGRAD_Q(pair, 4), 4, 0, q0, q1, q2, q3);
  ALONG(WINOGRAD_Q(pair, 4), 4, 1, q0, q1, q2, q3);
  ALONG(WINOGRAD_Q(pair, 4), 4, 2, q0, q1, q2, q3);
}

IG__INLINE void rows2(const int pair, const real *y, int64_t row, real *to, int64_t plane) {
  enum { M = 2 };
#define DOWN2(j) \
  V p##j, q##j;  \
  transform2(pair, AT(0, j), AT(1, j), &p##j, &q##j);
  DOWN2(0) DOWN2(1)
  ALONG(WINOGRAD_P(pair), 2, 0, p0, p1);
  ALONG(WINOGRAD_P(pair), 2, 1, p0, p1);
  ALONG(WINOGRAD_Q(pair, 2), 2, 0, q0, q1);
  ALONG(WINOGRAD_Q(pair, 2), 2, 1, q0, q1);
}

IG__INLINE void transform(const int m, const real *y, int64_t row, real *to, int64_t plane) {
  for (int l = 0; l < IG__BLOCK; l += LANES, y += LANES, to += LANES) {
    if (m == 4) {
      rows4(0, y, row, to, plane);
      rows4(1, y, row, to, plane);
      rows4(2, y, row, to, plane);
    } else {
      rows2(0, y, row, to, plane);
      rows2(1, y, row, to, plane);
    }
  }
}

/* ---- One call ---------------------------------------------------------------------------------------------------------- */

typedef struct dw_call {
  const ig__conv *g;
  const ig__image *dy;
  real *partial;
  real *v, *d;                        /* transforms of x and dy: [(m+2)²][block][tile][16] */
  int64_t v_plane, d_plane, block;    /* elements from place to place, from block to block */
  int64_t u_plane, u_block;           /* the same of partial */
  half *rounded;                      /* NULL: the products are of floats */
  int m, down, across, in_blocks, out0, out1;
} dw_call;

static int smaller(int a, int b) { return a < b ? a : b; }

/* A tile that leaves dy's halo, with zeros in place of what is not in the picture. */
static const real *copy_tile(const real *y, int64_t row, int rows, int columns, int side, real *to) {
  real *const start = to;
  for (int i = 0; i < side; i++)
    for (int j = 0; j < side; j++, to += IG__BLOCK)
      for (int l = 0; l < IG__BLOCK; l += LANES)
        store(to + l, i < rows && j < columns ? load(y + i * row + j * IG__BLOCK + l) : (V){0});
  return start;
}

/* Tiles t0 … t0 + count - 1 of all pictures' dy, blocks out0 … out1-1. */
IG__INLINE void transform_dy(const int m, const dw_call *c, int64_t t0, int count) {
  const ig__image *dy = c->dy;
  const int each = c->down * c->across;
  real edge[16 * IG__BLOCK];
  for (int b = c->out0; b < c->out1; b++) {
    int64_t n = t0 / each;
    int i = (int)(t0 % each) / c->across, j = (int)(t0 % each) % c->across;
    real *to = c->d + (b - c->out0) * c->block;
    for (int t = 0; t < count; t++, to += IG__BLOCK) {
      const int rows = smaller(m, dy->h - i * m), columns = smaller(m, dy->w - j * m), over = m - smaller(rows, columns);
      const real *y = (const real *)dy->data + n * dy->n_pitch + b * dy->c_pitch + i * m * dy->h_pitch + j * m * IG__BLOCK;
      if (over <= dy->halo) transform(m, y, dy->h_pitch, to, c->d_plane);
      else transform(m, copy_tile(y, dy->h_pitch, rows, columns, m, edge), m * IG__BLOCK, to, c->d_plane);
      if (++j < c->across) continue;
      j = 0;
      if (++i < c->down) continue;
      i = 0;
      n++;
    }
  }
}

/* ---- Products ---------------------------------------------------------------------------------------------------------- */

/* All places of the tiles of one group. */
static void products(const dw_call *c, int tiles) {
  const int places = (c->m + 2) * (c->m + 2), last = (c->g->c_in - 1) % IG__BLOCK + 1;
  product p = { .d_next = VECTORS == 1 ? c->block : LANES, .u_next = VECTORS == 1 ? c->u_block : LANES, .tiles = tiles };
  for (int place = 0; place < places; place++)
    for (int k = c->out0 * VECTORS; k < c->out1 * VECTORS; k += 2) {
      const int64_t lane = k % VECTORS * LANES;
      const bool two = k + 2 <= c->out1 * VECTORS;
      p.d = c->d + place * c->d_plane + (k / VECTORS - c->out0) * c->block + lane;
      for (int b = 0; b < c->in_blocks; b++) {
        const int channels = b + 1 < c->in_blocks ? IG__BLOCK : last;
        p.v = c->v + place * c->v_plane + b * c->block;
        p.u = c->partial + place * c->u_plane + k / VECTORS * c->u_block + b * IG__BLOCK * IG__BLOCK + lane;
        multiply_block(p, channels, two);
      }
    }
}

/* The same in bf16: place by place the transforms are rounded into pairs of tiles, as many as the first-level cache holds. */
static void products_rounded(const dw_call *c, int tiles) {
  const int64_t block = (tiles + 1) / 2 * 2 * IG__BLOCK;
  half *const v = c->rounded, *const d = v + c->in_blocks * block;
  for (int place = 0; place < (c->m + 2) * (c->m + 2); place++) {
    for (int b = 0; b < c->in_blocks; b++) IG__NAME(bf16_pairs)(c->v + place * c->v_plane + b * c->block, v + b * block, tiles);
    for (int k = c->out0; k < c->out1; k++)
      IG__NAME(bf16_pairs)(c->d + place * c->d_plane + (k - c->out0) * c->block, d + (k - c->out0) * block, tiles);
    for (int k = c->out0; k < c->out1; k += 2)
      for (int b = 0; b < c->in_blocks; b++)
        IG__NAME(bf16_multiply_dw)(v + b * block, d + (k - c->out0) * block, k + 1 < c->out1 ? block : 0, (tiles + 1) / 2,
                                   c->partial + place * c->u_plane + k * c->u_block + b * IG__BLOCK * IG__BLOCK, c->u_block);
  }
}

/* ---- Groups of tiles --------------------------------------------------------------------------------------------------- */

#ifndef GROUP_BYTES
#define GROUP_BYTES 1048576
#define LEAST_TILES 48
#define MOST_TILES 96
#endif

static int group_tiles(const ig__conv *g, int m) {
  const int64_t channels = (int64_t)(ig__blocks(g->c_in) + ig__blocks(g->c_out)) * IG__BLOCK;
  const int64_t tiles = GROUP_BYTES / (channels * (m + 2) * (m + 2) * (int64_t)sizeof(real));
  return tiles < LEAST_TILES ? LEAST_TILES : tiles > MOST_TILES ? MOST_TILES : (int)tiles;
}

/* One vector more than the tiles need lies between the places, or the same tile of all 36 would fall into few sets of the
 * first-level cache. */
static int64_t plane_of(int blocks, int tiles) { return ((int64_t)blocks * tiles + 1) * IG__BLOCK; }

int IG__NAME(winograd_dw_parts)(const ig__conv *g, int m) {
  (void)m;
  return ig__winograd_dw_parts(g);
}

size_t IG__NAME(winograd_dw_scratch)(const ig__conv *g, int m) {
  if (IG__IS_DIRECT_BF16(m)) return IG__NAME(bf16_dw_scratch)(g);
  if (g->sh == 2) return IG__NAME(strided_dw_scratch)(g);
  const bool rounds = IG__IS_BF16(m);
  m &= ~IG__BF16;
  const int tiles = group_tiles(g, m);
  const int64_t planes = plane_of(ig__blocks(g->c_in), tiles) + plane_of(ig__blocks(g->c_out), tiles);
  const size_t rounded = rounds ? (size_t)(ig__blocks(g->c_in) + ig__blocks(g->c_out)) * (size_t)(tiles + 1) * IG__BLOCK * sizeof(half) : 0;
  return (size_t)(planes * (m + 2) * (m + 2)) * sizeof(real) + rounded;
}

void IG__NAME(winograd_dw)(const ig__conv *g, int m, const ig__image *x, const ig__image *dy, void *partial, int n0, int n1,
                           int part, int parts, void *scratch) {
  if (IG__IS_DIRECT_BF16(m)) {
    IG__NAME(bf16_dw)(g, x, dy, partial, n0, n1, part, parts, scratch);
    return;
  }
  if (g->sh == 2) {
    IG__NAME(strided_dw)(g, x, dy, partial, n0, n1, part, parts, scratch);
    return;
  }
  const bool rounds = IG__IS_BF16(m);
  m &= ~IG__BF16;
  const int blocks = ig__blocks(g->c_out), pairs = (blocks + 1) / 2, most = group_tiles(g, m);
  dw_call c = {
    .g = g, .dy = dy, .partial = partial, .m = m, .down = (g->oh + m - 1) / m, .across = (g->ow + m - 1) / m,
    .in_blocks = ig__blocks(g->c_in), .block = (int64_t)most * IG__BLOCK,
    .out0 = 2 * ig__cut(pairs, part, parts), .out1 = smaller(2 * ig__cut(pairs, part + 1, parts), blocks),
  };
  if (c.out0 >= c.out1) return;
  c.u_block = (int64_t)c.in_blocks * IG__BLOCK * IG__BLOCK;
  c.u_plane = c.u_block * blocks;
  c.v_plane = plane_of(c.in_blocks, most);
  c.d_plane = plane_of(c.out1 - c.out0, most);
  c.v = scratch;
  c.d = c.v + c.v_plane * (m + 2) * (m + 2);
  if (rounds) c.rounded = (half *)(void *)(c.d + c.d_plane * (m + 2) * (m + 2));
  const winograd_tiles s = { .x = x, .m = m, .ph = g->ph, .pw = g->pw, .down = c.down, .across = c.across };
  const int64_t each = (int64_t)c.down * c.across, total = (n1 - n0) * each, groups = (total + most - 1) / most;
  for (int64_t i = 0; i < groups; i++) {
    const int64_t t0 = n0 * each + total * i / groups, t1 = n0 * each + total * (i + 1) / groups;
    IG__NAME(winograd_input)(&s, t0, (int)(t1 - t0), 0, c.in_blocks, c.v, c.v_plane, c.block, IG__BLOCK);
    if (m == 4) transform_dy(4, &c, t0, (int)(t1 - t0));
    else transform_dy(2, &c, t0, (int)(t1 - t0));
    if (IG__HAS_BF16 && c.rounded) products_rounded(&c, (int)(t1 - t0));
    else products(&c, (int)(t1 - t0));
  }
}
