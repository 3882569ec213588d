/* The gradient to the weights of a convolution of stride 2: as in winograd_dw.c, sums of products in the transformed domain, of
 * which the single tap's elements add up in one place. */
#include "kernels/vector/winograd_product.h"
#include "kernels/vector/winograd_strided.h"

/* Tiles of a group: there are 2.25 times as many elements in them as at stride 1. */
#define GROUP_BYTES 1048576
#define LEAST_TILES 24
#define MOST_TILES 48

static int group_tiles(const ig__conv *g) {
  const int64_t channels = (int64_t)(ig__blocks(g->c_in) + ig__blocks(g->c_out)) * IG__BLOCK;
  const int64_t tiles = GROUP_BYTES / (channels * STRIDED_TILE * (int64_t)sizeof(real));
  return tiles < LEAST_TILES ? LEAST_TILES : tiles > MOST_TILES ? MOST_TILES : (int)tiles;
}

size_t IG__NAME(strided_dw_scratch)(const ig__conv *g) {
  const int tiles = group_tiles(g);
  return (size_t)(IG__NAME(strided_room_size)(ig__blocks(g->c_in), tiles) +
                  IG__NAME(strided_room_size)(ig__blocks(g->c_out), tiles)) * sizeof(real);
}

typedef struct run {
  const ig__conv *g;
  const ig__image *dy;
  real *partial, *v, *d;            /* v, d: transforms of x and dy */
  int64_t u_plane, u_block;
  int down, across, in_blocks, out0, out1;
  strided_room v_room, d_room;
} run;

static int smaller(int a, int b) { return a < b ? a : b; }

/* ---- Tiles of dy ------------------------------------------------------------------------------------------------------- */

IG__INLINE void spread_line(const V y[4], real *to, const strided_room *room, int64_t t, int k) {
  V r[5];
  strided_spread(y, r);
#define PUT(c, value) store(to + room->first[k + (c)] + t * room->tile[k + (c)], value)
  PUT(0, r[0]);
  PUT(1, r[1]);
  PUT(2, r[2]);
  PUT(3, r[3]);
  PUT(4, r[4]);
  PUT(5, y[0]);
  PUT(6, y[1]);
  PUT(7, y[2]);
  PUT(8, y[3]);
}

/* One vector of a tile; rows of y are `row` apart. */
IG__INLINE void spread_tile(const real *y, int64_t row, real *to, const strided_room *room, int64_t t) {
  real half[5 * 4 * LANES];
  for (int c = 0; c < 4; c++) {
    const real *p = y + c * IG__BLOCK;
    const V q[4] = { load(p), load(p + row), load(p + 2 * row), load(p + 3 * row) };
    V r[5];
    strided_spread(q, r);
    store(half + c * LANES, r[0]);
    store(half + (4 + c) * LANES, r[1]);
    store(half + (8 + c) * LANES, r[2]);
    store(half + (12 + c) * LANES, r[3]);
    store(half + (16 + c) * LANES, r[4]);
  }
  for (int i = 0; i < STRIDED_LINE; i++) {
    const real *p = i < 5 ? half + i * 4 * LANES : y + (i - 5) * row;
    const int64_t next = i < 5 ? LANES : IG__BLOCK;
    const V q[4] = { load(p), load(p + next), load(p + 2 * next), load(p + 3 * next) };
    spread_line(q, to, room, t, i * STRIDED_LINE);
  }
}

/* A tile that leaves dy's halo, with zeros in place of what is not in the picture. */
static const real *copy_tile(const real *y, int64_t row, int rows, int columns, real *to) {
  real *const start = to;
  for (int i = 0; i < STRIDED_SIDE; i++)
    for (int j = 0; j < STRIDED_SIDE; j++, to += IG__BLOCK)
      for (int l = 0; l < IG__BLOCK; l += LANES)
        store(to + l, i < rows && j < columns ? load(y + i * row + j * IG__BLOCK + l) : (V){0});
  return start;
}

static void spread(const run *r, int64_t t0, int count) {
  const ig__image *dy = r->dy;
  const int each = r->down * r->across;
  real edge[STRIDED_SIDE * STRIDED_SIDE * IG__BLOCK];
  for (int b = r->out0; b < r->out1; b++) {
    strided_room room = r->d_room;
    for (int k = 0; k < STRIDED_TILE; k++) room.first[k] += (b - r->out0) * room.block[k];
    for (int t = 0; t < count; t++) {
      const int rest = (int)((t0 + t) % each), i = rest / r->across * STRIDED_SIDE, j = rest % r->across * STRIDED_SIDE;
      const int rows = smaller(STRIDED_SIDE, dy->h - i), columns = smaller(STRIDED_SIDE, dy->w - j);
      const real *y = (const real *)dy->data + (t0 + t) / each * dy->n_pitch + b * dy->c_pitch + i * dy->h_pitch +
                      (int64_t)j * IG__BLOCK;
      int64_t row = dy->h_pitch;
      if (STRIDED_SIDE - smaller(rows, columns) > dy->halo) {
        y = copy_tile(y, row, rows, columns, edge);
        row = STRIDED_SIDE * IG__BLOCK;
      }
      for (int l = 0; l < IG__BLOCK; l += LANES) spread_tile(y + l, row, r->d + l, &room, t);
    }
  }
}

/* ---- Products ---------------------------------------------------------------------------------------------------------- */

static void products(const run *r, int tiles) {
  const int last = (r->g->c_in - 1) % IG__BLOCK + 1;
  for (int place = 0; place < STRIDED_PLACES; place++) {
    const int at = r->v_room.corner[place];
    const int64_t d_block = r->d_room.block[at];
    product p = { .d_next = VECTORS == 1 ? d_block : LANES, .u_next = VECTORS == 1 ? r->u_block : LANES,
                  .tiles = tiles * strided_elements(place) };
    for (int k = r->out0 * VECTORS; k < r->out1 * VECTORS; k += 2) {
      const int64_t lane = k % VECTORS * LANES;
      p.d = r->d + r->d_room.first[at] + (k / VECTORS - r->out0) * d_block + lane;
      for (int b = 0; b < r->in_blocks; b++) {
        p.v = r->v + r->v_room.first[at] + b * r->v_room.block[at];
        p.u = r->partial + place * r->u_plane + k / VECTORS * r->u_block + b * IG__BLOCK * IG__BLOCK + lane;
        multiply_block(p, b + 1 < r->in_blocks ? IG__BLOCK : last, k + 2 <= r->out1 * VECTORS);
      }
    }
  }
}

void IG__NAME(strided_dw)(const ig__conv *g, const ig__image *x, const ig__image *dy, real *partial, int n0, int n1,
                          int part, int parts, void *scratch) {
  const int blocks = ig__blocks(g->c_out), pairs = (blocks + 1) / 2, most = group_tiles(g);
  const strided_tiles s = IG__NAME(strided_tiles_of)(g, x);
  run r = {
    .g = g, .dy = dy, .partial = partial, .v = scratch, .down = s.down, .across = s.across, .in_blocks = ig__blocks(g->c_in),
    .out0 = 2 * ig__cut(pairs, part, parts), .out1 = smaller(2 * ig__cut(pairs, part + 1, parts), blocks),
  };
  if (r.out0 >= r.out1) return;
  r.u_block = (int64_t)r.in_blocks * IG__BLOCK * IG__BLOCK;
  r.u_plane = r.u_block * blocks;
  r.d = r.v + IG__NAME(strided_room_size)(r.in_blocks, most);
  const int64_t each = (int64_t)s.down * s.across, total = (n1 - n0) * each, groups = (total + most - 1) / most;
  for (int64_t i = 0; i < groups; i++) {
    const int64_t t0 = n0 * each + total * i / groups, t1 = n0 * each + total * (i + 1) / groups;
    IG__NAME(strided_room_of)(&r.v_room, r.in_blocks, (int)(t1 - t0));
    IG__NAME(strided_room_of)(&r.d_room, r.out1 - r.out0, (int)(t1 - t0));
    IG__NAME(strided_input)(&s, t0, (int)(t1 - t0), 0, r.in_blocks, r.v, &r.v_room);
    spread(&r, t0, (int)(t1 - t0));
    products(&r, (int)(t1 - t0));
  }
}
