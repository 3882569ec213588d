/* Tiles of the input into Winograd's domain. */
#include "kernels/vector/winograd.h"

static int larger(int a, int b) { return a > b ? a : b; }
static int smaller(int a, int b) { return a < b ? a : b; }

winograd_place IG__NAME(winograd_place)(const winograd_tiles *s, int64_t t) {
  const ig__image *x = s->x;
  const int64_t each = (int64_t)s->down * s->across, n = t / each;
  const int rest = (int)(t % each), side = s->m + 2;
  const int top = rest / s->across * s->m - s->ph, left = rest % s->across * s->m - s->pw;
  return (winograd_place){
    .at = n * x->n_pitch + top * x->h_pitch + (int64_t)left * IG__BLOCK,
    .i0 = smaller(larger(0, -top), side), .i1 = larger(0, smaller(side, x->h - top)),
    .j0 = smaller(larger(0, -left), side), .j1 = larger(0, smaller(side, x->w - left)),
    .readable = top >= -x->halo && left >= -x->halo && top + side <= x->h + x->halo && left + side <= x->w + x->halo,
  };
}

/* ---- One vector of one tile: x is its first element, rows `row` apart, columns 16 ------------------------------------- */

/* Along one row of the half-transformed tile, into the planes from v on. */
#define PUT(k, value) store((real *)(uintptr_t)winograd_at(v, plane, k), value)

IG__INLINE void along4(const real *v, winograd_stride plane, V d0, V d1, V d2, V d3, V d4, V d5) {
  V p, q;
#define PAIR4(pair)                                      \
  winograd_input4(pair, d0, d1, d2, d3, d4, d5, &p, &q); \
  PUT(WINOGRAD_P(pair), p);                              \
  PUT(WINOGRAD_Q(pair, 4), q);
  PAIR4(0) PAIR4(1) PAIR4(2)
}

IG__INLINE void rows4(const int pair, const real *x, winograd_stride row, const real *v, winograd_stride plane) {
#define AT(i, j) load(winograd_at(x, row, i) + (j) * IG__BLOCK)
#define COLUMN4(j) \
  V p##j, q##j;    \
  winograd_input4(pair, AT(0, j), AT(1, j), AT(2, j), AT(3, j), AT(4, j), AT(5, j), &p##j, &q##j);
  COLUMN4(0) COLUMN4(1) COLUMN4(2) COLUMN4(3) COLUMN4(4) COLUMN4(5)
  const int64_t elements = plane.one / (int64_t)sizeof(real) * 6;
  along4(winograd_hide(v + WINOGRAD_P(pair) * elements), plane, p0, p1, p2, p3, p4, p5);
  along4(winograd_hide(v + WINOGRAD_Q(pair, 4) * elements), plane, q0, q1, q2, q3, q4, q5);
}

IG__INLINE void tile4(const real *x, winograd_stride row, const real *v, winograd_stride plane) {
  rows4(0, x, row, v, plane);
  rows4(1, x, row, v, plane);
  rows4(2, x, row, v, plane);
}

IG__INLINE void along2(const real *v, winograd_stride plane, V d0, V d1, V d2, V d3) {
  V p, q;
#define PAIR2(pair)                              \
  winograd_input2(pair, d0, d1, d2, d3, &p, &q); \
  PUT(WINOGRAD_P(pair), p);                      \
  PUT(WINOGRAD_Q(pair, 2), q);
  PAIR2(0) PAIR2(1)
}

IG__INLINE void rows2(const int pair, const real *x, winograd_stride row, const real *v, winograd_stride plane) {
#define COLUMN2(j) \
  V p##j, q##j;    \
  winograd_input2(pair, AT(0, j), AT(1, j), AT(2, j), AT(3, j), &p##j, &q##j);
  COLUMN2(0) COLUMN2(1) COLUMN2(2) COLUMN2(3)
  const int64_t elements = plane.one / (int64_t)sizeof(real) * 4;
  along2(winograd_hide(v + WINOGRAD_P(pair) * elements), plane, p0, p1, p2, p3);
  along2(winograd_hide(v + WINOGRAD_Q(pair, 2) * elements), plane, q0, q1, q2, q3);
}

IG__INLINE void tile2(const real *x, winograd_stride row, const real *v, winograd_stride plane) {
  rows2(0, x, row, v, plane);
  rows2(1, x, row, v, plane);
}

/* ---- All tiles --------------------------------------------------------------------------------------------------------- */

/* A tile that leaves the halo, with zeros in place of what is not in the picture: [side][side][16]. */
static void copy_tile(const winograd_place *p, int side, const real *x, int64_t row, real *to) {
  for (int i = 0; i < side; i++)
    for (int j = 0; j < side; j++, to += IG__BLOCK) {
      const bool inside = i >= p->i0 && i < p->i1 && j >= p->j0 && j < p->j1;
      const real *from = x + i * row + j * IG__BLOCK;
      for (int l = 0; l < IG__BLOCK; l += LANES) store(to + l, inside ? load(from + l) : (V){0});
    }
}

/* Tiles whose places are known at a time. A block takes all of them before the next one, so that the stores to a plane follow
 * each other: 36 planes are 36 pages. */
#define PLACES 32

IG__INLINE void transform(const int m, const winograd_tiles *s, const winograd_place *places, int count, int b0, int b1,
                          real *v, int64_t plane, int64_t block, int64_t step) {
  const ig__image *x = s->x;
  real edge[36 * IG__BLOCK];
  const winograd_stride inside = winograd_stride_of(x->h_pitch), at_edge = winograd_stride_of((m + 2) * IG__BLOCK);
  const winograd_stride planes = winograd_stride_of(plane);
  for (int b = b0; b < b1; b++)
    for (int t = 0; t < count; t++) {
      const real *from = (const real *)x->data + places[t].at + b * x->c_pitch;
      winograd_stride row = inside;
      if (!places[t].readable) {
        copy_tile(&places[t], m + 2, from, x->h_pitch, edge);
        from = edge;
        row = at_edge;
      }
      const real *const to = v + (b - b0) * block + t * step;
      for (int l = 0; l < IG__BLOCK; l += LANES) {
        if (m == 4) tile4(winograd_hide(from + l), row, to + l, planes);
        else tile2(winograd_hide(from + l), row, to + l, planes);
      }
    }
}

void IG__NAME(winograd_input)(const winograd_tiles *s, int64_t first, int count, int b0, int b1, real *v, int64_t plane,
                              int64_t block, int64_t step) {
  winograd_place places[PLACES];
  for (int t0 = 0; t0 < count; t0 += PLACES) {
    const int some = smaller(PLACES, count - t0);
    for (int t = 0; t < some; t++) places[t] = IG__NAME(winograd_place)(s, first + t0 + t);
    if (s->m == 4) transform(4, s, places, some, b0, b1, v + t0 * step, plane, block, step);
    else transform(2, s, places, some, b0, b1, v + t0 * step, plane, block, step);
  }
}
