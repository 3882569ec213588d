/* Winograd convolution as the textbook has it (Lavin & Gray 2016): Y = Aᵀ[(G g Gᵀ) ∘ (Bᵀ d B)]A, tile by tile, the
 * matrices written out. Sums are double; what is stored in between is not. */
#include "kernels/plain.h"

#define MOST 6 /* side of the largest tile */

typedef struct matrices { double bt[MOST][MOST], g[MOST][3], at[4][MOST]; } matrices;

static const matrices four = {
  .bt = { { 4, 0, -5, 0, 1, 0 }, { 0, -4, -4, 1, 1, 0 }, { 0, 4, -4, -1, 1, 0 }, { 0, -2, -1, 2, 1, 0 },
          { 0, 2, -1, -2, 1, 0 }, { 0, 4, 0, -5, 0, 1 } },
  .g = { { 1. / 4, 0, 0 }, { -1. / 6, -1. / 6, -1. / 6 }, { -1. / 6, 1. / 6, -1. / 6 }, { 1. / 24, 1. / 12, 1. / 6 },
         { 1. / 24, -1. / 12, 1. / 6 }, { 0, 0, 1 } },
  .at = { { 1, 1, 1, 1, 1, 0 }, { 0, 1, -1, 2, -2, 0 }, { 0, 1, 1, 4, 4, 0 }, { 0, 1, -1, 8, -8, 1 } },
};
static const matrices two = {
  .bt = { { 1, 0, -1, 0 }, { 0, 1, 1, 0 }, { 0, -1, 1, 0 }, { 0, 1, 0, -1 } },
  .g = { { 1, 0, 0 }, { 1. / 2, 1. / 2, 1. / 2 }, { 1. / 2, -1. / 2, 1. / 2 }, { 0, 0, 1 } },
  .at = { { 1, 1, 1, 0 }, { 0, 1, -1, -1 } },
};

bool IG__NAME(winograd_takes)(const ig__conv *g, int m) { return ig__winograd_takes(g, m); }

size_t IG__NAME(winograd_count)(const ig__conv *g, int m, ig__pack form) {
  (void)form;
  return ig__winograd_count(g, m);
}

size_t IG__NAME(winograd_scratch)(const ig__conv *g, int m, ig__pack form) {
  (void)g, (void)m, (void)form;
  return 0;
}

/* Element (i, j) of G g Gᵀ. */
static double weight(const matrices *k, const real *taps, bool turned, int i, int j) {
  double sum = 0;
  for (int y = 0; y < 3; y++)
    for (int x = 0; x < 3; x++) sum += k->g[i][y] * k->g[j][x] * (double)taps[turned ? 8 - 3 * y - x : 3 * y + x];
  return sum;
}

void IG__NAME(winograd_pack)(const ig__conv *g, int m, ig__pack form, const void *w, void *u, int part, int parts) {
  const matrices *k = m == 4 ? &four : &two;
  bool backward = form == IG__PACK_BACKWARD;
  int outs = IG__BLOCK * ig__blocks(g->c_out), ins = IG__BLOCK * ig__blocks(g->c_in), side = m + 2;
  int blocks = ig__blocks(backward ? g->c_in : g->c_out);
  for (int o = 0; o < outs; o++)
    for (int i = 0; i < ins; i++) {
      int block = (backward ? i : o) / IG__BLOCK;
      if (block < ig__cut(blocks, part, parts) || block >= ig__cut(blocks, part + 1, parts)) continue;
      const real *taps = o < g->c_out && i < g->c_in ? (const real *)w + ((int64_t)o * g->c_in + i) * 9 : NULL;
      for (int e = 0; e < side * side; e++)
        ((real *)u)[(size_t)e * ig__winograd_plane(g) + ig__winograd_index(g, form, o, i)] =
          (real)(taps ? weight(k, taps, backward, e / side, e % side) : 0);
    }
  for (int e = 1; part == parts - 1 && e <= side * side; e++)
    for (int l = 1; l <= IG__BLOCK; l++) ((real *)u)[(size_t)e * ig__winograd_plane(g) - (size_t)l] = 0;
}

/* Bᵀ d B of the tile whose first element is (top, left) of channel c. */
static void input_tile(const matrices *k, int side, const ig__image *x, int n, int c, int top, int left,
                       double v[MOST][MOST]) {
  for (int i = 0; i < side; i++)
    for (int j = 0; j < side; j++) {
      v[i][j] = 0;
      for (int a = 0; a < side; a++)
        for (int b = 0; b < side; b++) {
          bool inside = top + a >= 0 && top + a < x->h && left + b >= 0 && left + b < x->w;
          if (inside) v[i][j] += k->bt[i][a] * k->bt[j][b] * (double)*element(x, n, c, top + a, left + b);
        }
    }
}

/* One output tile of one channel. */
static void tile(const ig__conv *g, int m, int ph, int pw, const ig__image *x, const real *u, ig__pack form,
                 const ig__image *y, const ig__epilogue *e, int n, int co, int top, int left) {
  const matrices *k = m == 4 ? &four : &two;
  int side = m + 2;
  double v[MOST][MOST], sums[MOST][MOST] = {{0}};
  for (int ci = 0; ci < x->c; ci++) {
    input_tile(k, side, x, n, ci, top - ph, left - pw, v);
    size_t at = form == IG__PACK_BACKWARD ? ig__winograd_index(g, form, ci, co) : ig__winograd_index(g, form, co, ci);
    for (int i = 0; i < side; i++)
      for (int j = 0; j < side; j++)
        sums[i][j] += v[i][j] * (double)u[(size_t)(i * side + j) * ig__winograd_plane(g) + at];
  }
  for (int i = 0; i < m && top + i < y->h; i++)
    for (int j = 0; j < m && left + j < y->w; j++) {
      double sum = 0;
      for (int a = 0; co < y->c && a < side; a++)
        for (int b = 0; b < side; b++) sum += k->at[i][a] * k->at[j][b] * sums[a][b];
      *element(y, n, co, top + i, left + j) = (real)finished(e, y->c, n, co, top + i, left + j, sum);
    }
}

static void tiles(const ig__conv *g, int m, int ph, int pw, const ig__image *x, const void *u, ig__pack form,
                  const ig__image *y, const ig__epilogue *e, int n0, int n1, int part, int parts) {
  int b0 = ig__cut(ig__blocks(y->c), part, parts), b1 = ig__cut(ig__blocks(y->c), part + 1, parts);
  for (int n = n0; n < n1; n++)
    for (int co = b0 * IG__BLOCK; co < b1 * IG__BLOCK; co++)
      for (int top = 0; top < y->h; top += m)
        for (int left = 0; left < y->w; left += m) tile(g, m, ph, pw, x, u, form, y, e, n, co, top, left);
}

void IG__NAME(winograd)(const ig__conv *g, int m, const ig__image *x, const void *u, const ig__image *y,
                        const ig__epilogue *e, int n0, int n1, int part, int parts, void *scratch) {
  (void)scratch;
  tiles(g, m, g->ph, g->pw, x, u, IG__PACK_FORWARD, y, e, n0, n1, part, parts);
}

void IG__NAME(winograd_dx)(const ig__conv *g, int m, const ig__image *dy, const void *u, const ig__image *dx, int n0, int n1,
                           int part, int parts, void *scratch) {
  (void)scratch;
  tiles(g, m, 2 - g->ph, 2 - g->pw, dy, u, IG__PACK_BACKWARD, dx, NULL, n0, n1, part, parts);
}
