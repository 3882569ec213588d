/* Winograd's gradient to the weights by its matrices, element by element. */
#include "kernels/reference/bf16.h"
#include "kernels/reference/winograd.h"

/* The pixel, or 0 outside the picture. */
static double pixel(const ig__image *image, int n, int c, int y, int x) {
  return y >= 0 && y < image->h && x >= 0 && x < image->w ? (double)*element(image, n, c, y, x) : 0;
}

/* Element (i, j) of Bᵀ x B of tile (row, column). */
static double input_at(const filter *v, const filter *h, const ig__image *x, int n, int c, int row, int column, int i, int j) {
  double sum = 0;
  for (int r = 0; r < v->in; r++)
    for (int s = 0; s < h->in; s++)
      if (v->b[i][r] != 0 && h->b[j][s] != 0)
        sum += v->b[i][r] * pixel(x, n, c, row * v->in_step + v->first + r, column * h->in_step + h->first + s) * h->b[j][s];
  return sum;
}

/* Element (i, j) of A dy Aᵀ. */
static double output_at(const filter *v, const filter *h, const ig__image *dy, int n, int c, int row, int column, int i, int j) {
  double sum = 0;
  for (int r = 0; r < v->out; r++)
    for (int s = 0; s < h->out; s++)
      sum += v->a[i][r] * pixel(dy, n, c, row * v->out_step + r, column * h->out_step + s) * h->a[j][s];
  return sum;
}

/* Where weight `place` of the filter (co, ci) lies in the transformed domain. */
static int64_t transformed_at(const ig__conv *g, int place, int co, int ci) {
  const int64_t in = IG__BLOCK * ig__blocks(g->c_in);
  return (((int64_t)place * ig__blocks(g->c_out) + co / IG__BLOCK) * in + ci) * IG__BLOCK + co % IG__BLOCK;
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
  if (m == BF16_DIRECT) {
    IG__NAME(bf16_dw)(g, x, dy, partial, n0, n1, part, parts);
    return;
  }
  const filter v = filter_of(g, m, false, g->ph), h = filter_of(g, m, false, g->pw);
  for (int co = c0; co < c1; co++)
    for (int ci = 0; ci < g->c_in; ci++) {
      double sums[MOST_PLACES * MOST_PLACES] = { 0 };
      for (int e = 0; e < v.elements * h.elements; e++) {
        const int i = e / h.elements, j = e % h.elements;
        for (int n = n0; n < n1; n++)
          for (int row = 0; row * v.out_step < g->oh; row++)
            for (int column = 0; column * h.out_step < g->ow; column++)
              sums[v.place[i] * h.places + h.place[j]] += (double)rounded(m, input_at(&v, &h, x, n, ci, row, column, i, j)) *
                                                          (double)rounded(m, output_at(&v, &h, dy, n, co, row, column, i, j));
      }
      for (int place = 0; place < v.places * h.places; place++)
        ((real *)partial)[transformed_at(g, place, co, ci)] += (real)sums[place];
    }
}

void IG__NAME(winograd_unpack)(const ig__conv *g, int m, const void *const *partials, int count, void *dw, int part,
                               int parts) {
  if (m == BF16_DIRECT) {
    IG__NAME(conv2d_unpack)(g, IG__PACK_FORWARD, partials, count, dw, part, parts);
    return;
  }
  const filter f = filter_of(g, m, false, 0);
  const int c0 = IG__BLOCK * ig__cut(ig__blocks(g->c_out), part, parts);
  const int c1 = smaller(IG__BLOCK * ig__cut(ig__blocks(g->c_out), part + 1, parts), g->c_out);
  for (int co = c0; co < c1; co++)
    for (int ci = 0; ci < g->c_in; ci++)
      for (int tap = 0; tap < 9; tap++) {
        double sum = 0;
        for (int place = 0; place < f.places * f.places; place++) {
          double u = 0;
          for (int p = 0; p < count; p++) u += (double)((const real *)partials[p])[transformed_at(g, place, co, ci)];
          sum += f.g[place / f.places][tap / 3] * u * f.g[place % f.places][tap % 3];
        }
        ((real *)dw)[((int64_t)co * g->c_in + ci) * 9 + tap] = (real)sum;
      }
}
