/* Winograd convolution: groups of tiles go through the input transform, (m+2)² matrix products, and the output transform.
 * Each product is the register tile of the direct convolution as a 1 × 1 over tiles; an element's sum is one chain over the
 * input channels, whatever tiles share the group. */
#include "kernels/vector/bf16.h"
#include "kernels/vector/conv_tile.h"
#include "kernels/vector/relu.h"
#include "kernels/vector/winograd_strided.h"

/* ---- Shapes ------------------------------------------------------------------------------------------------------------ */

/* How much is done at a time. A plane of the transformed input is [in/16][tiles][16], one of the products
 * [out blocks][tiles][16]; one vector more, or the planes of a tile would fall into one set of the cache. */
typedef struct group {
  int tiles, outs; /* tiles, output blocks */
  int64_t v_plane, m_plane;
} group;

/* Tiles are taken by register tiles, so many that the second-level cache holds their transform; twice as many where the
 * weights come from memory (512 → 512 channels: +28 %; 256 → 256: −4 %). Two output blocks are one register tile wide:
 * what their products fill is transformed before it leaves the cache (+5 % over all blocks at once). */
#define FEW_TILES (32 / TILE_PIXELS * TILE_PIXELS)
#define LARGE_WEIGHTS (16 << 20) /* bytes */
#define GROUP_OUTS 2

static group group_of(int m, int in, int out) {
  const int64_t weights = (int64_t)(m + 2) * (m + 2) * in * out * IG__BLOCK * IG__BLOCK * (int64_t)sizeof(real);
  group s = { .tiles = weights > LARGE_WEIGHTS ? 2 * FEW_TILES : FEW_TILES, .outs = out < GROUP_OUTS ? out : GROUP_OUTS };
  s.v_plane = (int64_t)in * s.tiles * IG__BLOCK + IG__BLOCK;
  s.m_plane = (int64_t)s.outs * s.tiles * IG__BLOCK + IG__BLOCK;
  return s;
}

/* In bf16 (bf16.h) a few blocks at a time are transformed as floats, and then rounded into planes of all blocks. */
#define FLOAT_BLOCKS 4

static int64_t floats_plane(const group *s) { return (int64_t)FLOAT_BLOCKS * s->tiles * IG__BLOCK + IG__BLOCK; }
static int64_t rounded_plane(int in, const group *s) { return (int64_t)in * s->tiles * IG__BLOCK + 2 * IG__BLOCK; }

size_t IG__NAME(winograd_scratch)(const ig__conv *g, int m, ig__pack form) {
  const bool backward = form == IG__PACK_BACKWARD;
  if (IG__IS_DIRECT_BF16(m)) return IG__NAME(bf16_scratch)(g, form);
  if (g->sh == 2) return IG__NAME(strided_scratch)(g, form);
  const bool rounds = IG__IS_BF16(m);
  m &= ~IG__BF16;
  const int in = ig__blocks(backward ? g->c_out : g->c_in);
  const group s = group_of(m, in, ig__blocks(backward ? g->c_in : g->c_out));
  if (rounds) return (size_t)((m + 2) * (m + 2)) * (size_t)(rounded_plane(in, &s) * (int64_t)sizeof(half) + (floats_plane(&s) + s.m_plane) * (int64_t)sizeof(real));
  return (size_t)((m + 2) * (m + 2)) * (size_t)(s.v_plane + s.m_plane) * sizeof(real);
}

/* One call: y = the 3 × 3 convolution of tiles.x. */
typedef struct wino {
  winograd_tiles tiles;
  const ig__image *y;
  ig__epilogue epilogue;
  const real *u;
  int64_t u_plane;
  int in, last_lanes; /* input blocks, lanes of the last one */
  group size;
  real *v, *products;
  half *rounded; /* NULL: the products are of floats */
} wino;

/* ---- Products ---------------------------------------------------------------------------------------------------------- */

/* The weights of the plane after `plane` for output blocks out0 … out1-1, or of the first one for the next of them. */
static conv_fetch weights_after(const wino *r, int plane, int out0, int out1, int end) {
  const int64_t u_out = (int64_t)r->in * IG__BLOCK * IG__BLOCK, real_size = sizeof(real);
  if (ig__blocks(r->y->c) * u_out * real_size < FETCH_BYTES / ((r->tiles.m + 2) * (r->tiles.m + 2))) return (conv_fetch){ 0 };
  if (plane + 1 < (r->tiles.m + 2) * (r->tiles.m + 2)) plane++;
  else plane = 0, out0 = out1, out1 = out1 + r->size.outs < end ? out1 + r->size.outs : end;
  if (out0 >= end) return (conv_fetch){ 0 };
  return (conv_fetch){ .at = (const char *)(r->u + plane * r->u_plane + out0 * u_out),
                       .lines = (out1 - out0) * u_out * real_size / 64 };
}

/* A plane's products for the output blocks from out0 to out1 - 1; `end` is the last one's of all, which come next. */
static void multiply(const wino *r, int plane, int tiles, int out0, int out1, int end) {
  const int64_t rows = (int64_t)r->size.tiles * IG__BLOCK, u_out = (int64_t)r->in * IG__BLOCK * IG__BLOCK;
  const int pieces = (tiles + TILE_PIXELS - 1) / TILE_PIXELS;
  conv_tile t = {
    .x_block = rows, .x_pixel = IG__BLOCK, .x_lane = 1, .w_block = IG__BLOCK * IG__BLOCK,
    .w_next = VECTORS == 1 ? u_out : LANES, .y_pixel = IG__BLOCK, .y_next = VECTORS == 1 ? rows : LANES,
    .blocks = r->in, .rows = 1, .cols = 1, .lanes = IG__BLOCK, .last_lanes = r->last_lanes,
  };
  conv_fetch fetch = weights_after(r, plane, out0, out1, end);
  for (int j = out0 * VECTORS; j < out1 * VECTORS; j += 2) {
    const int64_t lane = j % VECTORS * LANES;
    t.w = r->u + plane * r->u_plane + j / VECTORS * u_out + lane;
    for (int i = 0; i < pieces; i++) {
      const int p0 = ig__cut(tiles, i, pieces), p1 = ig__cut(tiles, i + 1, pieces);
      t.x = r->v + plane * r->size.v_plane + p0 * IG__BLOCK;
      t.y = r->products + plane * r->size.m_plane + (j / VECTORS - out0) * rows + p0 * IG__BLOCK + lane;
      const int vectors = j + 2 <= out1 * VECTORS ? 2 : 1;
      conv_fetch_for(&fetch, &t, (int64_t)t.blocks * t.lanes, vectors);
      IG__NAME(conv_tile)(&t, p1 - p0, vectors);
    }
  }
}

/* The same in bf16: the transform of all blocks, and a plane's products. */
static void round_input(const wino *r, int64_t first, int tiles) {
  const int64_t block = (int64_t)r->size.tiles * IG__BLOCK, from = floats_plane(&r->size), to = rounded_plane(r->in, &r->size);
  for (int b0 = 0; b0 < r->in; b0 += FLOAT_BLOCKS) {
    const int b1 = b0 + FLOAT_BLOCKS < r->in ? b0 + FLOAT_BLOCKS : r->in;
    IG__NAME(winograd_input)(&r->tiles, first, tiles, b0, b1, r->v, from, block, IG__BLOCK);
    for (int plane = 0; plane < (r->tiles.m + 2) * (r->tiles.m + 2); plane++)
      for (int b = b0; b < b1; b++)
        IG__NAME(bf16_round)(r->v + plane * from + (b - b0) * block, r->rounded + plane * to + b * block, (tiles + 1) / 2 * 2 * IG__BLOCK);
  }
}

static void multiply_rounded(const wino *r, int plane, int tiles, int out0, int out1) {
  static const int64_t here[1];
  const int64_t rows = (int64_t)r->size.tiles * IG__BLOCK, u_out = 2 * (int64_t)r->in * IG__BLOCK * IG__BLOCK;
  const bf16_product p = {
    .x = r->rounded + plane * rounded_plane(r->in, &r->size), .w = (const half *)(const void *)r->u + 2 * plane * r->u_plane + out0 * u_out,
    .y = r->products + plane * r->size.m_plane, .tap_x = here, .tap_w = here, .x_block = rows, .w_block = IG__BLOCK * IG__BLOCK,
    .w_next = out0 + 1 < out1 ? u_out : 0, .y_next = out0 + 1 < out1 ? rows : 0, .blocks = r->in, .taps = 1,
  };
  IG__NAME(bf16_multiply)(&p, tiles);
}

/* ---- Output: Y = Aᵀ M A, with scale, bias, something to add, and relu -------------------------------------------------- */

typedef struct finish { V scale, bias; bool relu, add; } finish;

/* An output tile: where it begins from y->data in block 0, and how much of it there is. */
typedef struct target { int64_t at, add_at; int h, w; } target;

/* Where one of its vectors, or one of its rows, goes, and what is added to it. */
typedef struct place { real *y; const real *add; int64_t y_row, add_row; } place;

static target target_of(const winograd_tiles *s, const ig__image *y, const ig__image *add, int64_t tile) {
  const int64_t each = (int64_t)s->down * s->across, n = tile / each;
  const int rest = (int)(tile % each), i = rest / s->across * s->m, j = rest % s->across * s->m;
  return (target){ n * y->n_pitch + i * y->h_pitch + (int64_t)j * IG__BLOCK,
                   add ? n * add->n_pitch + i * add->h_pitch + (int64_t)j * IG__BLOCK : 0,
                   y->h - i < s->m ? y->h - i : s->m, y->w - j < s->m ? y->w - j : s->m };
}

/* Rows (columns) `pair` and `pair` + 2 of Aᵀm for m = 4. */
IG__INLINE void output4(const int pair, V m0, V m1, V m2, V m3, V m4, V m5, V *p, V *q) {
  if (pair == 0) {
    const V near = m1 + m2, far = m3 + m4;
    *p = m0 + near + far;
    *q = near + (real)4 * far;
  } else {
    const V near = m1 - m2, far = m3 - m4;
    *p = near + (real)2 * far;
    *q = near + (real)8 * far + m5;
  }
}

IG__INLINE void put(place to, const int row, const int column, V v, finish f) {
  v = v * f.scale + f.bias;
  if (f.add) v += load(to.add + row * to.add_row + column * IG__BLOCK);
  store(to.y + row * to.y_row + column * IG__BLOCK, f.relu ? relu(v) : v);
}

IG__INLINE void put_row4(place to, const int row, int w, V m0, V m1, V m2, V m3, V m4, V m5, finish f) {
  V y0, y1, y2, y3;
  output4(0, m0, m1, m2, m3, m4, m5, &y0, &y2);
  output4(1, m0, m1, m2, m3, m4, m5, &y1, &y3);
  put(to, row, 0, y0, f);
  if (w > 1) put(to, row, 1, y1, f);
  if (w > 2) put(to, row, 2, y2, f);
  if (w > 3) put(to, row, 3, y3, f);
}

/* Output rows `pair` and `pair` + 2; `row` is the distance of two rows of the tile, six planes. */
IG__INLINE void put_rows4(const int pair, const real *m, int64_t plane, winograd_stride row, place to, int h, int w,
                          finish f) {
#define AT(i) load(winograd_at(column, row, i))
#define COLUMN4(j)                                                                        \
  V p##j, q##j;                                                                           \
  {                                                                                       \
    const real *const column = winograd_hide(m + (j) * plane);                            \
    output4(pair, AT(0), AT(1), AT(2), AT(3), AT(4), AT(5), &p##j, &q##j);                \
  }
  COLUMN4(0) COLUMN4(1) COLUMN4(2) COLUMN4(3) COLUMN4(4) COLUMN4(5)
  if (h > pair) put_row4(to, pair, w, p0, p1, p2, p3, p4, p5, f);
  if (h > pair + 2) put_row4(to, pair + 2, w, q0, q1, q2, q3, q4, q5, f);
}

IG__INLINE void output2(V m0, V m1, V m2, V m3, V *p, V *q) {
  *p = m0 + m1 + m2;
  *q = m1 - m2 - m3;
}

IG__INLINE void put_row2(place to, const int row, int w, V m0, V m1, V m2, V m3, finish f) {
  V y0, y1;
  output2(m0, m1, m2, m3, &y0, &y1);
  put(to, row, 0, y0, f);
  if (w > 1) put(to, row, 1, y1, f);
}

IG__INLINE void put_tile(const int side, const real *m, int64_t plane, winograd_stride row, place to, int h, int w, finish f) {
  if (side == 4) {
    put_rows4(0, m, plane, row, to, h, w, f);
    put_rows4(1, m, plane, row, to, h, w, f);
  } else {
#define COLUMN2(j)                                                                        \
  V p##j, q##j;                                                                           \
  {                                                                                       \
    const real *const column = winograd_hide(m + (j) * plane);                            \
    output2(AT(0), AT(1), AT(2), AT(3), &p##j, &q##j);                                    \
  }
    COLUMN2(0) COLUMN2(1) COLUMN2(2) COLUMN2(3)
    put_row2(to, 0, w, p0, p1, p2, p3, f);
    if (h > 1) put_row2(to, 1, w, q0, q1, q2, q3, f);
  }
}

/* The output blocks from out0 on of tiles `first` …; side, relu and add are known at compile time. */
IG__INLINE void output(const int side, const bool relu_too, const bool add_too, const wino *r, int64_t first, int tiles,
                       int out0, int out1) {
  const ig__image *y = r->y, *add = add_too ? r->epilogue.add : NULL;
  const int64_t rows = (int64_t)r->size.tiles * IG__BLOCK;
  const real *scale = r->epilogue.scale, *bias = r->epilogue.bias;
  const int64_t plane = r->size.m_plane;
  const winograd_stride row = winograd_stride_of((side + 2) * plane);
  for (int t = 0; t < tiles; t++) {
    const target to = target_of(&r->tiles, y, add, first + t);
    for (int j = out0 * VECTORS; j < out1 * VECTORS; j++) {
      const int b = j / VECTORS, lane = j % VECTORS * LANES;
      const finish f = { load(scale ? scale + (int64_t)j * LANES : IG__NAME(conv_ones)), bias ? load(bias + (int64_t)j * LANES) : (V){0},
                         relu_too, add_too };
      const real *m = r->products + (b - out0) * rows + t * IG__BLOCK + lane;
      place at = { (real *)y->data + to.at + b * y->c_pitch + lane, NULL, y->h_pitch, 0 };
      if (add_too) at.add = (const real *)add->data + to.add_at + b * add->c_pitch + lane, at.add_row = add->h_pitch;
      if (to.h == side && to.w == side) put_tile(side, m, plane, row, at, side, side, f);
      else put_tile(side, m, plane, row, at, to.h, to.w, f);
    }
  }
}

/* ---- The whole --------------------------------------------------------------------------------------------------------- */

static void run_group(const wino *r, int64_t first, int tiles, int out0, int out1) {
  const int m = r->tiles.m;
  const bool rounds = IG__HAS_BF16 && r->rounded;
  if (rounds) round_input(r, first, tiles);
  else IG__NAME(winograd_input)(&r->tiles, first, tiles, 0, r->in, r->v, r->size.v_plane, (int64_t)r->size.tiles * IG__BLOCK, IG__BLOCK);
  for (int o = out0; o < out1; o += r->size.outs) {
    const int end = o + r->size.outs < out1 ? o + r->size.outs : out1;
    for (int plane = 0; plane < (m + 2) * (m + 2); plane++) {
      if (rounds) multiply_rounded(r, plane, tiles, o, end);
      else multiply(r, plane, tiles, o, end, out1);
    }
    switch (2 * r->epilogue.relu + (r->epilogue.add != NULL)) {
#define OUTPUT(relu_too, add_too)                                              \
  if (m == 4) output(4, relu_too, add_too, r, first, tiles, o, end);           \
  else output(2, relu_too, add_too, r, first, tiles, o, end)
    case 0: OUTPUT(false, false); break;
    case 1: OUTPUT(false, true); break;
    case 2: OUTPUT(true, false); break;
    default: OUTPUT(true, true);
    }
  }
}

/* Every part transforms the tiles it works on, which costs a tenth to a sixth of what they are multiplied by for two output
 * blocks. A batch is cut by output blocks alone, so that a part keeps its weights; a single picture by tiles too, into cuts of
 * eight tiles at least. */
#define LEAST_TILES 8

static int tile_cuts(int64_t tiles, int pictures, int parts) {
  int cuts = 1;
  while (pictures == 1 && parts % (2 * cuts) == 0 && tiles / (2 * cuts) >= LEAST_TILES) cuts *= 2;
  return cuts;
}

/* The tiles of pictures n0 … n1-1 in groups of nearly one size. */
static void run(wino *r, int n0, int n1, int part, int parts, void *scratch) {
  const bool rounds = IG__IS_BF16(r->tiles.m);
  const int m = r->tiles.m & ~IG__BF16, out = ig__blocks(r->y->c);
  r->tiles.m = m;
  r->tiles.down = (r->y->h + m - 1) / m;
  r->tiles.across = (r->y->w + m - 1) / m;
  r->in = ig__blocks(r->tiles.x->c);
  r->last_lanes = (r->tiles.x->c - 1) % IG__BLOCK + 1;
  r->size = group_of(m, r->in, out);
  r->v = scratch;
  r->products = r->v + (m + 2) * (m + 2) * (rounds ? floats_plane(&r->size) : r->size.v_plane);
  if (rounds) r->rounded = (half *)(void *)(r->products + (m + 2) * (m + 2) * r->size.m_plane);
  const int64_t each = (int64_t)r->tiles.down * r->tiles.across, all = (n1 - n0) * each;
  const int cuts = tile_cuts(each, n1 - n0, parts), cut = part % cuts, out0 = conv_part(out, part / cuts, parts / cuts),
            out1 = conv_part(out, part / cuts + 1, parts / cuts);
  const int64_t start = n0 * each + all * cut / cuts, total = n0 * each + all * (cut + 1) / cuts - start;
  const int64_t groups = (total + r->size.tiles - 1) / r->size.tiles;
  for (int64_t i = 0; i < groups; i++) {
    const int64_t t0 = total * i / groups, t1 = total * (i + 1) / groups;
    run_group(r, start + t0, (int)(t1 - t0), out0, out1);
  }
}

void IG__NAME(winograd)(const ig__conv *g, int m, const ig__image *x, const void *u, const ig__image *y,
                        const ig__epilogue *e, int n0, int n1, int part, int parts, void *scratch) {
  if (IG__IS_DIRECT_BF16(m)) {
    IG__NAME(bf16_forward)(g, x, u, y, e, n0, n1, part, parts, scratch);
    return;
  }
  if (g->sh == 2) {
    IG__NAME(strided)(g, x, u, y, e, n0, n1, part, parts, scratch);
    return;
  }
  wino r = { .tiles = { .x = x, .m = m, .ph = g->ph, .pw = g->pw }, .y = y, .u = u,
             .u_plane = (int64_t)ig__winograd_plane(g) };
  if (e) r.epilogue = *e;
  run(&r, n0, n1, part, parts, scratch);
}

/* The gradient to the input is the convolution of dy with the turned weights, padded by what is left of the window. */
void IG__NAME(winograd_dx)(const ig__conv *g, int m, const ig__image *dy, const void *u, const ig__image *dx, int n0, int n1,
                           int part, int parts, void *scratch) {
  if (IG__IS_DIRECT_BF16(m)) {
    IG__NAME(bf16_dx)(g, dy, u, dx, n0, n1, part, parts, scratch);
    return;
  }
  if (g->sh == 2) {
    IG__NAME(strided_dx)(g, dy, u, dx, n0, n1, part, parts, scratch);
    return;
  }
  wino r = { .tiles = { .x = dy, .m = m, .ph = 2 - g->ph, .pw = 2 - g->pw }, .y = dx, .u = u,
             .u_plane = (int64_t)ig__winograd_plane(g) };
  run(&r, n0, n1, part, parts, scratch);
}
