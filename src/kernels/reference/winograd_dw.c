/* Winograd's gradient to the weights by its matrices, element by element. */
#include "kernels/plain.h"

#define SIDE 6

/* y = Aᵀ[(G w) ∘ (Bᵀ d)] for m outputs of a filter of three taps. */
typedef struct filter {
  double a[SIDE][4], b[SIDE][SIDE], g[SIDE][3]; /* A, Bᵀ, G */
} filter;

static const filter filter4 = {
  .a = { { 1, 0, 0, 0 }, { 1, 1, 1, 1 }, { 1, -1, 1, -1 }, { 1, 2, 4, 8 }, { 1, -2, 4, -8 }, { 0, 0, 0, 1 } },
  .b = { { 4, 0, -5, 0, 1, 0 }, { 0, -4, -4, 1, 1, 0 }, { 0, 4, -4, -1, 1, 0 }, { 0, -2, -1, 2, 1, 0 },
         { 0, 2, -1, -2, 1, 0 }, { 0, 4, 0, -5, 0, 1 } },
  .g = { { 1. / 4, 0, 0 }, { -1. / 6, -1. / 6, -1. / 6 }, { -1. / 6, 1. / 6, -1. / 6 }, { 1. / 24, 1. / 12, 1. / 6 },
         { 1. / 24, -1. / 12, 1. / 6 }, { 0, 0, 1 } },
};

static const filter filter2 = {
  .a = { { 1, 0 }, { 1, 1 }, { 1, -1 }, { 0, -1 } },
  .b = { { 1, 0, -1, 0 }, { 0, 1, 1, 0 }, { 0, -1, 1, 0 }, { 0, 1, 0, -1 } },
  .g = { { 1, 0, 0 }, { .5, .5, .5 }, { .5, -.5, .5 }, { 0, 0, 1 } },
};

static const filter *filter_of(int m) { return m == 4 ? &filter4 : &filter2; }

/* The pixel, or 0 outside the picture. */
static double pixel(const ig__image *image, int n, int c, int y, int x) {
  return y >= 0 && y < image->h && x >= 0 && x < image->w ? (double)*element(image, n, c, y, x) : 0;
}

/* Element (i, j) of Bᵀ x B, the tile's first pixel at (top, left). */
static double input_at(const filter *f, int m, const ig__image *x, int n, int c, int top, int left, int i, int j) {
  double sum = 0;
  for (int r = 0; r < m + 2; r++)
    for (int s = 0; s < m + 2; s++) sum += f->b[i][r] * pixel(x, n, c, top + r, left + s) * f->b[j][s];
  return sum;
}

/* Element (i, j) of A dy Aᵀ. */
static double output_at(const filter *f, int m, const ig__image *dy, int n, int c, int top, int left, int i, int j) {
  double sum = 0;
  for (int r = 0; r < m; r++)
    for (int s = 0; s < m; s++) sum += f->a[i][r] * pixel(dy, n, c, top + r, left + s) * f->a[j][s];
  return sum;
}

/* Where element (i, j) of the filter (co, ci) lies in the transformed domain. */
static int64_t transformed_at(const ig__conv *g, int m, int i, int j, int co, int ci) {
  const int64_t in = IG__BLOCK * ig__blocks(g->c_in);
  return (((int64_t)(i * (m + 2) + j) * ig__blocks(g->c_out) + co / IG__BLOCK) * in + ci) * IG__BLOCK + co % IG__BLOCK;
}

int IG__NAME(winograd_dw_parts)(const ig__conv *g, int m) {
  (void)m;
  return ig__winograd_dw_parts(g);
}

size_t IG__NAME(winograd_dw_scratch)(const ig__conv *g, int m) {
  (void)g, (void)m;
  return 0;
}

static int smaller(int a, int b) { return a < b ? a : b; }

void IG__NAME(winograd_dw)(const ig__conv *g, int m, const ig__image *x, const ig__image *dy, void *partial, int n0, int n1,
                           int part, int parts, void *scratch) {
  const int pairs = (ig__blocks(g->c_out) + 1) / 2, width = 2 * IG__BLOCK;
  const int c0 = width * ig__cut(pairs, part, parts), c1 = smaller(width * ig__cut(pairs, part + 1, parts), g->c_out);
  (void)scratch;
  for (int place = 0; place < (m + 2) * (m + 2); place++) {
    const int i = place / (m + 2), j = place % (m + 2);
    for (int co = c0; co < c1; co++)
      for (int ci = 0; ci < g->c_in; ci++) {
        double sum = 0;
        for (int n = n0; n < n1; n++)
          for (int top = 0; top < g->oh; top += m)
            for (int left = 0; left < g->ow; left += m)
              sum += input_at(filter_of(m), m, x, n, ci, top - g->ph, left - g->pw, i, j) *
                     output_at(filter_of(m), m, dy, n, co, top, left, i, j);
        ((real *)partial)[transformed_at(g, m, i, j, co, ci)] += (real)sum;
      }
  }
}

void IG__NAME(winograd_unpack)(const ig__conv *g, int m, const void *const *partials, int count, void *dw, int part,
                               int parts) {
  const filter *f = filter_of(m);
  const int c0 = IG__BLOCK * ig__cut(ig__blocks(g->c_out), part, parts);
  const int c1 = smaller(IG__BLOCK * ig__cut(ig__blocks(g->c_out), part + 1, parts), g->c_out);
  for (int co = c0; co < c1; co++)
    for (int ci = 0; ci < g->c_in; ci++)
      for (int tap = 0; tap < 9; tap++) {
        double sum = 0;
        for (int place = 0; place < (m + 2) * (m + 2); place++) {
          const int i = place / (m + 2), j = place % (m + 2);
          double u = 0;
          for (int p = 0; p < count; p++) u += (double)((const real *)partials[p])[transformed_at(g, m, i, j, co, ci)];
          sum += f->g[i][tap / 3] * u * f->g[j][tap % 3];
        }
        ((real *)dw)[((int64_t)co * g->c_in + ci) * 9 + tap] = (real)sum;
      }
}
