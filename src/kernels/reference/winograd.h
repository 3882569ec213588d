#ifndef IG__KERNELS_REFERENCE_WINOGRAD_H
#define IG__KERNELS_REFERENCE_WINOGRAD_H
/* Minimal filtering of three taps along one dimension, as the textbook has it: y = Aᵀ[(G w) ∘ (Bᵀ d)], the matrices written out. */
#include "kernels/plain.h"

#define MOST 9        /* elements of a transformed line */
#define MOST_PLACES 6 /* weights of one */

typedef struct filter {
  int elements, places, in, out; /* of a transformed line; its weights; inputs and outputs of a tile */
  int in_step, out_step;         /* from tile to tile */
  int first;                     /* the input row of tile 0 */
  int place[MOST];               /* which weight an element takes */
  double b[MOST][MOST], g[MOST_PLACES][3], a[MOST][MOST]; /* Bᵀ, G, A */
} filter;

/* Filters of stride 1, m = 4 and 2 (Lavin & Gray 2016). */
static const filter filter4 = {
  6, 6, 6, 4, 4, 4, 0, { 0, 1, 2, 3, 4, 5 },
  .b = { { 4, 0, -5, 0, 1, 0 }, { 0, -4, -4, 1, 1, 0 }, { 0, 4, -4, -1, 1, 0 }, { 0, -2, -1, 2, 1, 0 },
         { 0, 2, -1, -2, 1, 0 }, { 0, 4, 0, -5, 0, 1 } },
  .g = { { 1. / 4, 0, 0 }, { -1. / 6, -1. / 6, -1. / 6 }, { -1. / 6, 1. / 6, -1. / 6 }, { 1. / 24, 1. / 12, 1. / 6 },
         { 1. / 24, -1. / 12, 1. / 6 }, { 0, 0, 1 } },
  .a = { { 1, 0, 0, 0 }, { 1, 1, 1, 1 }, { 1, -1, 1, -1 }, { 1, 2, 4, 8 }, { 1, -2, 4, -8 }, { 0, 0, 0, 1 } },
};
static const filter filter2 = {
  4, 4, 4, 2, 2, 2, 0, { 0, 1, 2, 3 },
  .b = { { 1, 0, -1, 0 }, { 0, 1, 1, 0 }, { 0, -1, 1, 0 }, { 0, 1, 0, -1 } },
  .g = { { 1, 0, 0 }, { .5, .5, .5 }, { .5, -.5, .5 }, { 0, 0, 1 } },
  .a = { { 1, 0 }, { 1, 1 }, { 1, -1 }, { 0, -1 } },
};

/* At stride 2 the taps 0 and 2 are a filter F(4, 2) over every other input and tap 1 is one of its own over the others
 * (kernels/vector/winograd_strided.h). For the gradient to the input the two make every other output. */
static filter strided_filter(int pad, bool backward) {
  static const double b[5][5] = { { 2, -1, -2, 1, 0 }, { 0, -2, -1, 1, 0 }, { 0, 2, -3, 1, 0 }, { 0, -1, 0, 1, 0 },
                                  { 0, 2, -1, -2, 1 } };
  static const double a[5][4] = { { 1, 0, 0, 0 }, { 1, 1, 1, 1 }, { 1, -1, 1, -1 }, { 1, 2, 4, 8 }, { 0, 0, 0, 1 } };
  int odd = pad % 2, even = !odd;
  filter f = { 9, 6, 9, 4, 8, 4, -pad, { 0, 1, 2, 3, 4, 5, 5, 5, 5 },
               .g = { { 1. / 2, 0, 0 }, { -1. / 2, 0, -1. / 2 }, { -1. / 6, 0, 1. / 6 }, { 1. / 6, 0, 1. / 3 }, { 0, 0, 1 },
                      { 0, 1, 0 } } };
  if (backward) f.in = 5, f.out = 8, f.in_step = 4, f.out_step = 8, f.first = odd ? (pad - 1) / 2 : pad / 2 - 1;
  for (int r = 0; r < 5; r++) {
    for (int i = 0; i < 5; i++) f.b[r][backward ? i : 2 * i] = b[r][i];
    for (int o = 0; o < 4; o++) f.a[r][backward ? 2 * o + odd : o] = a[r][o];
  }
  for (int i = 0; i < 4; i++) {
    f.b[5 + i][backward ? i + even : 2 * i + 1] = 1;
    f.a[5 + i][backward ? 2 * i + even : i] = 1;
  }
  return f;
}

/* `pad`: of the forward convolution, g->ph or g->pw. */
static filter filter_of(const ig__conv *g, int m, bool backward, int pad) {
  if (g->sh == 2) return strided_filter(pad, backward);
  filter f = m == 4 ? filter4 : filter2;
  f.first = backward ? pad - 2 : -pad;
  return f;
}

#endif
