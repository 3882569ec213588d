/* Winograd convolution as the textbook has it: Y = Aᵀ[(G g Gᵀ) ∘ (Bᵀ d B)]A, tile by tile. Sums are double; what is stored in
 * between is not. */
#include "kernels/reference/bf16.h"
#include "kernels/reference/winograd.h"

bool IG__NAME(winograd_takes)(const ig__conv *g, int m) {
  return m & IG__BF16 ? bf16_takes(g, m) : ig__winograd_takes(g, m);
}

size_t IG__NAME(winograd_count)(const ig__conv *g, int m, ig__pack form) {
  if (m == BF16_DIRECT) return ig__pack_count(g, form);
  return ig__winograd_count(g, m & ~IG__BF16);
}

size_t IG__NAME(winograd_scratch)(const ig__conv *g, int m, ig__pack form) {
  (void)g, (void)m, (void)form;
  return 0;
}

/* Element (i, j) of G g Gᵀ. */
static double weight(const filter *f, const real *taps, bool turned, int i, int j) {
  double sum = 0;
  for (int y = 0; y < 3; y++)
    for (int x = 0; x < 3; x++) sum += f->g[i][y] * f->g[j][x] * (double)taps[turned ? 8 - 3 * y - x : 3 * y + x];
  return sum;
}

void IG__NAME(winograd_pack)(const ig__conv *g, int m, ig__pack form, const void *w, void *u, int part, int parts) {
  if (m == BF16_DIRECT) {
    IG__NAME(conv2d_pack)(g, form, w, u, part, parts);
    return;
  }
  bool backward = form == IG__PACK_BACKWARD;
  const filter f = filter_of(g, m, backward, 0);
  int outs = IG__BLOCK * ig__blocks(g->c_out), ins = IG__BLOCK * ig__blocks(g->c_in), places = f.places * f.places;
  int blocks = ig__blocks(backward ? g->c_in : g->c_out);
  for (int o = 0; o < outs; o++)
    for (int i = 0; i < ins; i++) {
      int block = (backward ? i : o) / IG__BLOCK;
      if (block < ig__cut(blocks, part, parts) || block >= ig__cut(blocks, part + 1, parts)) continue;
      const real *taps = o < g->c_out && i < g->c_in ? (const real *)w + ((int64_t)o * g->c_in + i) * 9 : NULL;
      for (int e = 0; e < places; e++)
        ((real *)u)[(size_t)e * ig__winograd_plane(g) + ig__winograd_index(g, form, o, i)] =
          rounded(m, taps ? weight(&f, taps, backward, e / f.places, e % f.places) : 0);
    }
  for (int e = 1; part == parts - 1 && e <= places; e++)
    for (int l = 1; l <= IG__BLOCK; l++) ((real *)u)[(size_t)e * ig__winograd_plane(g) - (size_t)l] = 0;
}

/* One call, a filter for each dimension. */
typedef struct call {
  const ig__conv *g;
  filter v, h;
  const ig__image *x, *y;
  const real *u;
  ig__pack form;
  const ig__epilogue *e;
  int m;
} call;

/* Bᵀ d B of the tile whose first element is (top, left) of channel c. */
static void input_tile(const call *k, int n, int c, int top, int left, double v[MOST][MOST]) {
  const ig__image *x = k->x;
  for (int i = 0; i < k->v.elements; i++)
    for (int j = 0; j < k->h.elements; j++) {
      v[i][j] = 0;
      for (int a = 0; a < k->v.in; a++)
        for (int b = 0; b < k->h.in; b++) {
          bool inside = top + a >= 0 && top + a < x->h && left + b >= 0 && left + b < x->w;
          if (inside && k->v.b[i][a] != 0 && k->h.b[j][b] != 0)
            v[i][j] += k->v.b[i][a] * k->h.b[j][b] * (double)*element(x, n, c, top + a, left + b);
        }
    }
}

/* Tile (row, column) of one channel. */
static void tile(const call *k, int n, int co, int row, int column) {
  const ig__image *x = k->x, *y = k->y;
  double v[MOST][MOST], sums[MOST][MOST] = {{0}};
  for (int ci = 0; ci < x->c; ci++) {
    input_tile(k, n, ci, row * k->v.in_step + k->v.first, column * k->h.in_step + k->h.first, v);
    size_t at = k->form == IG__PACK_BACKWARD ? ig__winograd_index(k->g, k->form, ci, co) : ig__winograd_index(k->g, k->form, co, ci);
    for (int i = 0; i < k->v.elements; i++)
      for (int j = 0; j < k->h.elements; j++)
        sums[i][j] += (double)rounded(k->m, v[i][j]) * (double)k->u[(size_t)(k->v.place[i] * k->v.places + k->h.place[j]) * ig__winograd_plane(k->g) + at];
  }
  int top = row * k->v.out_step, left = column * k->h.out_step;
  for (int i = 0; i < k->v.out && top + i < y->h; i++)
    for (int j = 0; j < k->h.out && left + j < y->w; j++) {
      double sum = 0;
      for (int a = 0; co < y->c && a < k->v.elements; a++)
        for (int b = 0; b < k->h.elements; b++) sum += k->v.a[a][i] * k->h.a[b][j] * sums[a][b];
      *element(y, n, co, top + i, left + j) = (real)finished(k->e, y->c, n, co, top + i, left + j, sum);
    }
}

static void tiles(const call *k, int n0, int n1, int part, int parts) {
  const ig__image *y = k->y;
  int b0 = ig__cut(ig__blocks(y->c), part, parts), b1 = ig__cut(ig__blocks(y->c), part + 1, parts);
  for (int n = n0; n < n1; n++)
    for (int co = b0 * IG__BLOCK; co < b1 * IG__BLOCK; co++)
      for (int row = 0; row * k->v.out_step < y->h; row++)
        for (int column = 0; column * k->h.out_step < y->w; column++) tile(k, n, co, row, column);
}

void IG__NAME(winograd)(const ig__conv *g, int m, const ig__image *x, const void *u, const ig__image *y,
                        const ig__epilogue *e, int n0, int n1, int part, int parts, void *scratch) {
  const call k = { g, filter_of(g, m, false, g->ph), filter_of(g, m, false, g->pw), x, y, u, IG__PACK_FORWARD, e, m };
  (void)scratch;
  if (m == BF16_DIRECT) {
    IG__NAME(bf16_forward)(g, x, u, y, e, n0, n1, part, parts);
    return;
  }
  tiles(&k, n0, n1, part, parts);
}

void IG__NAME(winograd_dx)(const ig__conv *g, int m, const ig__image *dy, const void *u, const ig__image *dx, int n0, int n1,
                           int part, int parts, void *scratch) {
  const call k = { g, filter_of(g, m, true, g->ph), filter_of(g, m, true, g->pw), dy, dx, u, IG__PACK_BACKWARD, NULL, m };
  (void)scratch;
  if (m == BF16_DIRECT) {
    IG__NAME(bf16_dx)(g, dy, u, dx, n0, n1, part, parts);
    return;
  }
  tiles(&k, n0, n1, part, parts);
}
