/* Tiles of a convolution of stride 2 into the transformed domain. */
#include "kernels/vector/winograd_strided.h"

static int larger(int a, int b) { return a > b ? a : b; }

void IG__NAME(strided_room_of)(strided_room *room, int blocks, int tiles) {
  int64_t at = 0;
  for (int q = 0; q < STRIDED_PLACES; q++) {
    const int row = q / 6, column = q % 6, rows = row == 5 ? 4 : 1, columns = column == 5 ? 4 : 1, all = rows * columns;
    room->corner[q] = row * STRIDED_LINE + column;
    for (int e = 0; e < all; e++) {
      const int k = (row + e / columns) * STRIDED_LINE + column + e % columns;
      room->first[k] = at + (int64_t)e * IG__BLOCK;
      room->block[k] = (int64_t)all * tiles * IG__BLOCK;
      room->tile[k] = (int64_t)all * IG__BLOCK;
    }
    at += ((int64_t)all * blocks * tiles + 1) * IG__BLOCK;
  }
}

int64_t IG__NAME(strided_room_size)(int blocks, int tiles) {
  return ((int64_t)STRIDED_TILE * blocks * tiles + STRIDED_PLACES) * IG__BLOCK;
}

strided_tiles IG__NAME(strided_tiles_of)(const ig__conv *g, const ig__image *x) {
  return (strided_tiles){ .x = x, .down = (g->oh + STRIDED_SIDE - 1) / STRIDED_SIDE,
                          .across = (g->ow + STRIDED_SIDE - 1) / STRIDED_SIDE, .rows = 9, .step = 2 * STRIDED_SIDE,
                          .top = -g->ph, .left = -g->pw };
}

/* One line: five elements `apart` from each other to five, four single ones as they are. */
IG__INLINE void line(const real *pair, int64_t apart, const real *single, int64_t single_apart, real *v,
                     const strided_room *room, int k, int t) {
  const V d[5] = { load(pair), load(pair + apart), load(pair + 2 * apart), load(pair + 3 * apart), load(pair + 4 * apart) };
  V r[5];
  strided_input(d, r);
#define PUT(c, value) store(v + room->first[k + (c)] + t * room->tile[k + (c)], value)
  PUT(0, r[0]);
  PUT(1, r[1]);
  PUT(2, r[2]);
  PUT(3, r[3]);
  PUT(4, r[4]);
  PUT(5, load(single));
  PUT(6, load(single + single_apart));
  PUT(7, load(single + 2 * single_apart));
  PUT(8, load(single + 3 * single_apart));
}

/* One vector of one tile. x is its first element, its rows are `row` apart. Of nine rows those with even numbers are the pair's;
 * of five all are, and four of them the single ones too. */
IG__INLINE void tile(const int rows, const strided_tiles *s, const real *x, int64_t row, real *v, const strided_room *room,
                     int t) {
  const int64_t two = rows == 9 ? 2 : 1, row1 = rows == 9 ? 1 : s->row1, column1 = rows == 9 ? 1 : s->column1;
  real half[5 * 9 * LANES];
  for (int c = 0; c < rows; c++) {
    const real *p = x + c * IG__BLOCK;
    const V d[5] = { load(p), load(p + two * row), load(p + 2 * two * row), load(p + 3 * two * row), load(p + 4 * two * row) };
    V r[5];
    strided_input(d, r);
    store(half + c * LANES, r[0]);
    store(half + (9 + c) * LANES, r[1]);
    store(half + (18 + c) * LANES, r[2]);
    store(half + (27 + c) * LANES, r[3]);
    store(half + (36 + c) * LANES, r[4]);
  }
  for (int i = 0; i < 5; i++) {
    const real *from = half + i * 9 * LANES;
    line(from, two * LANES, from + column1 * LANES, two * LANES, v, room, i * STRIDED_LINE, t);
  }
  for (int i = 0; i < 4; i++) {
    const real *from = x + (row1 + i * two) * row;
    line(from, two * IG__BLOCK, from + column1 * IG__BLOCK, two * IG__BLOCK, v, room, (5 + i) * STRIDED_LINE, t);
  }
}

/* A tile that leaves the halo, with zeros in place of what is not in the picture: [rows][rows][16]. */
static void copy_tile(const ig__image *image, const real *x, int rows, int top, int left, real *to) {
  const int i0 = larger(0, -top), i1 = image->h - top, j0 = larger(0, -left), j1 = image->w - left;
  for (int i = 0; i < rows; i++)
    for (int j = 0; j < rows; j++, to += IG__BLOCK) {
      const bool inside = i >= i0 && i < i1 && j >= j0 && j < j1;
      const real *from = x + i * image->h_pitch + j * IG__BLOCK;
      for (int l = 0; l < IG__BLOCK; l += LANES) store(to + l, inside ? load(from + l) : (V){0});
    }
}

/* A block takes all tiles before the next one does, so that the stores to a place follow each other. */
IG__INLINE void transform(const int rows, const strided_tiles *s, int64_t first, int count, int b, real *v,
                          const strided_room *room) {
  const ig__image *x = s->x;
  const int each = s->down * s->across;
  real edge[9 * 9 * IG__BLOCK];
  for (int t = 0; t < count; t++) {
    const int rest = (int)((first + t) % each);
    const int top = rest / s->across * s->step + s->top, left = rest % s->across * s->step + s->left;
    const bool inside = top >= -x->halo && left >= -x->halo && top + rows <= x->h + x->halo && left + rows <= x->w + x->halo;
    const real *from = (const real *)x->data + (first + t) / each * x->n_pitch + b * x->c_pitch + top * x->h_pitch +
                       (int64_t)left * IG__BLOCK;
    int64_t row = x->h_pitch;
    if (!inside) {
      copy_tile(x, from, rows, top, left, edge);
      from = edge;
      row = (int64_t)rows * IG__BLOCK;
    }
    for (int l = 0; l < IG__BLOCK; l += LANES) tile(rows, s, from + l, row, v + l, room, t);
  }
}

void IG__NAME(strided_input)(const strided_tiles *s, int64_t first, int count, int b0, int b1, real *v,
                             const strided_room *room) {
  for (int b = b0; b < b1; b++) {
    strided_room shifted = *room;
    for (int k = 0; k < STRIDED_TILE; k++) shifted.first[k] += (b - b0) * room->block[k];
    if (s->rows == 9) transform(9, s, first, count, b, v, &shifted);
    else transform(5, s, first, count, b, v, &shifted);
  }
}
