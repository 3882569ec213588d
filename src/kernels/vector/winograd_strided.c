/* Convolution of stride 2 and its gradient to the input by minimal filtering: groups of tiles go through the input transform,
 * 36 matrix products, and the output transform, as in winograd.c. */
#include "kernels/vector/winograd_strided.h"

#include "kernels/vector/conv_tile.h"
#include "kernels/vector/relu.h"

static int smaller(int a, int b) { return a < b ? a : b; }

/* ---- Shapes ------------------------------------------------------------------------------------------------------------ */

/* Tiles of a group, one register tile. Measured on the layers of a ResNet-18, 64 → 128, 128 → 256, 256 → 512 channels: 122, 134,
 * 97 % of the peak; with half as many 99, 130, 91 %, with twice as many 105, 130, 98 %. */
#define GROUP_TILES (TILE_PIXELS == 6 ? 12 : 14)
#define GROUP_OUTS 2 /* output blocks whose products are transformed before they leave the cache */

size_t IG__NAME(strided_scratch)(const ig__conv *g, ig__pack form) {
  const bool backward = form == IG__PACK_BACKWARD;
  const int in = ig__blocks(backward ? g->c_out : g->c_in), out = ig__blocks(backward ? g->c_in : g->c_out);
  return (size_t)(IG__NAME(strided_room_size)(in, GROUP_TILES) + IG__NAME(strided_room_size)(smaller(out, GROUP_OUTS), GROUP_TILES)) *
         sizeof(real);
}

typedef struct run {
  strided_tiles tiles;
  const ig__image *y;
  ig__epilogue epilogue;
  const real *u;
  int64_t u_plane;
  int in, last_lanes; /* input blocks, lanes of the last one */
  int outs;           /* output blocks at a time */
  bool backward;
  int first_y, first_x; /* backward: 1 where the first row (column) of a tile of dx is one of the pair's */
  strided_room v_room, m_room;
  real *v, *products;
} run;

/* ---- Products ---------------------------------------------------------------------------------------------------------- */

static void multiply(const run *r, int place, int tiles, int out0, int out1) {
  const int k = r->v_room.corner[place], rows = tiles * strided_elements(place);
  const int64_t u_out = (int64_t)r->in * IG__BLOCK * IG__BLOCK;
  const int pieces = (rows + TILE_PIXELS - 1) / TILE_PIXELS;
  conv_tile t = {
    .x_block = r->v_room.block[k], .x_pixel = IG__BLOCK, .x_lane = 1, .w_block = IG__BLOCK * IG__BLOCK,
    .w_next = VECTORS == 1 ? u_out : LANES, .y_pixel = IG__BLOCK, .y_next = VECTORS == 1 ? r->m_room.block[k] : LANES,
    .blocks = r->in, .rows = 1, .cols = 1, .lanes = IG__BLOCK, .last_lanes = r->last_lanes,
  };
  for (int j = out0 * VECTORS; j < out1 * VECTORS; j += 2) {
    const int64_t lane = j % VECTORS * LANES;
    t.w = r->u + place * r->u_plane + j / VECTORS * u_out + lane;
    t.fetch = (const char *)t.w;
    for (int i = 0; i < pieces; i++) {
      const int p0 = ig__cut(rows, i, pieces), p1 = ig__cut(rows, i + 1, pieces);
      t.x = r->v + r->v_room.first[k] + p0 * IG__BLOCK;
      t.y = r->products + r->m_room.first[k] + (j / VECTORS - out0) * r->m_room.block[k] + p0 * IG__BLOCK + lane;
      IG__NAME(conv_tile)(&t, p1 - p0, j + 2 <= out1 * VECTORS ? 2 : 1);
    }
  }
}

/* ---- Output ------------------------------------------------------------------------------------------------------------ */

/* One vector of a transformed tile. */
typedef struct source { const real *m; const strided_room *room; int64_t t; } source;

IG__INLINE V at(const source *s, int k) { return load(s->m + s->room->first[k] + s->t * s->room->tile[k]); }

/* Down a column of nine elements to the four rows of the pair of taps. */
IG__INLINE void down(const source *s, int c, V y[4]) {
  const V m[5] = { at(s, c), at(s, STRIDED_LINE + c), at(s, 2 * STRIDED_LINE + c), at(s, 3 * STRIDED_LINE + c),
                   at(s, 4 * STRIDED_LINE + c) };
  strided_output(m, y);
}

IG__INLINE void across(const real *from, V y[4]) {
  const V m[5] = { load(from), load(from + LANES), load(from + 2 * LANES), load(from + 3 * LANES), load(from + 4 * LANES) };
  strided_output(m, y);
}

/* What comes behind a sum: NULL, or the image to add where the tile begins. */
typedef struct finish { V scale, bias; const real *add; int64_t add_row; bool relu; } finish;

/* Forward: the four rows of the pair and the four single ones add up, and so do columns. */
IG__INLINE void put_forward(const source *s, finish f, real *y, int64_t row, int h, int w) {
  real half[4 * STRIDED_LINE * LANES];
  for (int c = 0; c < STRIDED_LINE; c++) {
    V q[4];
    down(s, c, q);
    for (int i = 0; i < 4; i++) store(half + (i * STRIDED_LINE + c) * LANES, q[i] + at(s, (5 + i) * STRIDED_LINE + c));
  }
  for (int i = 0; i < h; i++, y += row) {
    const real *from = half + i * STRIDED_LINE * LANES;
    V q[4];
    across(from, q);
    for (int j = 0; j < 4; j++) {
      V sum = (q[j] + load(from + (5 + j) * LANES)) * f.scale + f.bias;
      if (j >= w) continue;
      if (f.add) sum += load(f.add + i * f.add_row + j * IG__BLOCK);
      store(y + j * IG__BLOCK, f.relu ? relu(sum) : sum);
    }
  }
}

/* Backward: they lie side by side, 8 × 8 pixels of dx. */
IG__INLINE void put_backward(const source *s, int first_y, int first_x, real *y, int64_t row, int h, int w) {
  real half[8 * STRIDED_LINE * LANES];
  for (int c = 0; c < STRIDED_LINE; c++) {
    V q[4];
    down(s, c, q);
    for (int i = 0; i < 4; i++) {
      store(half + ((2 * i + 1 - first_y) * STRIDED_LINE + c) * LANES, q[i]);
      store(half + ((2 * i + first_y) * STRIDED_LINE + c) * LANES, at(s, (5 + i) * STRIDED_LINE + c));
    }
  }
  for (int i = 0; i < h; i++, y += row) {
    const real *from = half + i * STRIDED_LINE * LANES;
    V q[4];
    across(from, q);
    for (int j = 0; j < 4; j++) {
      if (2 * j + 1 - first_x < w) store(y + (2 * j + 1 - first_x) * IG__BLOCK, q[j]);
      if (2 * j + first_x < w) store(y + (2 * j + first_x) * IG__BLOCK, load(from + (5 + j) * LANES));
    }
  }
}

static real *place_at(const ig__image *m, int64_t n, int b, int i, int j) {
  return (real *)m->data + n * m->n_pitch + b * m->c_pitch + i * m->h_pitch + (int64_t)j * IG__BLOCK;
}

/* Output block b, which is number `number` of the products. */
static void output(const run *r, int64_t first, int tiles, int b, int number) {
  const ig__image *y = r->y;
  const ig__image *add = r->epilogue.add;
  const real *scale = r->epilogue.scale, *bias = r->epilogue.bias;
  const int each = r->tiles.down * r->tiles.across, side = r->backward ? 2 * STRIDED_SIDE : STRIDED_SIDE;
  strided_room room = r->m_room;
  for (int k = 0; k < STRIDED_TILE; k++) room.first[k] += number * room.block[k];
  for (int t = 0; t < tiles; t++) {
    const int rest = (int)((first + t) % each), i = rest / r->tiles.across * side, j = rest % r->tiles.across * side;
    const int h = smaller(y->h - i, side), w = smaller(y->w - j, side);
    real *const to = place_at(y, (first + t) / each, b, i, j);
    const real *const plus = add ? place_at(add, (first + t) / each, b, i, j) : NULL;
    for (int lane = 0; lane < IG__BLOCK; lane += LANES) {
      const source s = { r->products + lane, &room, t };
      if (r->backward) {
        put_backward(&s, r->first_y, r->first_x, to + lane, y->h_pitch, h, w);
        continue;
      }
      const int64_t c = (int64_t)b * IG__BLOCK + lane;
      const finish f = { load(scale ? scale + c : IG__NAME(conv_ones)), bias ? load(bias + c) : (V){0}, plus ? plus + lane : NULL,
                         plus ? add->h_pitch : 0, r->epilogue.relu };
      put_forward(&s, f, to + lane, y->h_pitch, h, w);
    }
  }
}

/* ---- The whole --------------------------------------------------------------------------------------------------------- */

static void run_group(const run *r, int64_t first, int tiles, int out0, int out1) {
  IG__NAME(strided_input)(&r->tiles, first, tiles, 0, r->in, r->v, &r->v_room);
  for (int o = out0; o < out1; o += r->outs) {
    const int end = smaller(o + r->outs, out1);
    for (int place = 0; place < STRIDED_PLACES; place++) multiply(r, place, tiles, o, end);
    for (int b = o; b < end; b++) output(r, first, tiles, b, b - o);
  }
}

/* The tiles of pictures n0 … n1-1 in groups of nearly one size. */
static void run_pictures(run *r, const ig__conv *g, int n0, int n1, int part, int parts, void *scratch) {
  const ig__image *x = r->tiles.x;
  const int out = ig__blocks(r->y->c);
  r->in = ig__blocks(x->c);
  r->last_lanes = (x->c - 1) % IG__BLOCK + 1;
  r->u_plane = (int64_t)ig__winograd_plane(g);
  r->outs = smaller(out, GROUP_OUTS);
  IG__NAME(strided_room_of)(&r->v_room, r->in, GROUP_TILES);
  IG__NAME(strided_room_of)(&r->m_room, r->outs, GROUP_TILES);
  r->v = scratch;
  r->products = r->v + IG__NAME(strided_room_size)(r->in, GROUP_TILES);
  const int64_t each = (int64_t)r->tiles.down * r->tiles.across, start = n0 * each, total = (n1 - n0) * each;
  const int64_t groups = (total + GROUP_TILES - 1) / GROUP_TILES;
  for (int64_t i = 0; i < groups; i++) {
    const int64_t t0 = total * i / groups, t1 = total * (i + 1) / groups;
    run_group(r, start + t0, (int)(t1 - t0), conv_part(out, part, parts), conv_part(out, part + 1, parts));
  }
}

void IG__NAME(strided)(const ig__conv *g, const ig__image *x, const real *u, const ig__image *y, const ig__epilogue *e,
                       int n0, int n1, int part, int parts, void *scratch) {
  run r = { .y = y, .u = u };
  if (e) r.epilogue = *e;
  r.tiles = IG__NAME(strided_tiles_of)(g, x);
  run_pictures(&r, g, n0, n1, part, parts, scratch);
}

/* Row i of dx meets dy through tap t where i + ph = 2o + t: the rows of odd i + ph are those of the single tap. A tile of dx
 * begins with its row 8k. */
void IG__NAME(strided_dx)(const ig__conv *g, const ig__image *dy, const real *u, const ig__image *dx, int n0, int n1,
                          int part, int parts, void *scratch) {
  const int odd_y = g->ph % 2, odd_x = g->pw % 2, side = 2 * STRIDED_SIDE;
  run r = { .y = dx, .u = u, .backward = true, .first_y = !odd_y, .first_x = !odd_x };
  r.tiles = (strided_tiles){
    .x = dy, .down = (g->h + side - 1) / side, .across = (g->w + side - 1) / side, .rows = 5, .step = STRIDED_SIDE,
    .top = odd_y ? (g->ph - 1) / 2 : g->ph / 2 - 1, .left = odd_x ? (g->pw - 1) / 2 : g->pw / 2 - 1,
    .row1 = !odd_y, .column1 = !odd_x,
  };
  run_pictures(&r, g, n0, n1, part, parts, scratch);
}
