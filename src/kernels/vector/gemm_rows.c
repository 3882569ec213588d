/* The matrix product of rows by rows, for few rows of A: B is read once, as it lies, where gemm wants it packed. An element is
 * 16 chains over k, lane l taking every 16th column from l on, and their sum by halves. */
#include "kernels/vector/span.h"

/* 4·4 accumulators, 4 vectors of B and one of A of 32 registers; 2·4 + 5 of 16. */
#define ROWS_A (IG__REGISTERS == 32 ? 4 : 2)
#define ROWS_B 4

/* Rows that are not there are the last one once more, and not stored. */
typedef struct rows_tile {
  const real *a[4], *b[ROWS_B];
  int64_t k;
  real (*sum)[IG__BLOCK]; /* lanes of element (p, j) at 4·p + j */
} rows_tile;

#define CELLS(X)                                    \
  X(0, 0) X(0, 1) X(0, 2) X(0, 3) X(1, 0) X(1, 1) X(1, 2) X(1, 3) \
  X(2, 0) X(2, 1) X(2, 2) X(2, 3) X(3, 0) X(3, 1) X(3, 2) X(3, 3)

/* Lanes l … of P rows of A by four of B. */
IG__INLINE void lanes_of(const int P, const rows_tile *t, int l) {
  const int64_t whole = t->k / IG__BLOCK * IG__BLOCK, rest = t->k - whole - l;
#define DECLARE(p, j) V c##p##_##j = {0};
  CELLS(DECLARE)
#define MULTIPLY(p, j) \
  if (p < P) c##p##_##j += a##p * b##j;
#define STEP(from_a, from_b)                                                                          \
  const V b0 = from_b(0), b1 = from_b(1), b2 = from_b(2), b3 = from_b(3);                              \
  const V a0 = from_a(0), a1 = P > 1 ? from_a(1) : a0, a2 = P > 2 ? from_a(2) : a0, a3 = P > 2 ? from_a(3) : a0; \
  CELLS(MULTIPLY)
  for (int64_t k = l; k < whole; k += IG__BLOCK) {
#define WHOLE_A(p) load(t->a[p] + k)
#define WHOLE_B(j) load(t->b[j] + k)
    STEP(WHOLE_A, WHOLE_B)
  }
  if (rest > 0) {
    const int some = rest < LANES ? (int)rest : LANES;
#define PART_A(p) (some < LANES ? load_part(t->a[p] + whole + l, some, 0) : load(t->a[p] + whole + l))
#define PART_B(j) (some < LANES ? load_part(t->b[j] + whole + l, some, 0) : load(t->b[j] + whole + l))
    STEP(PART_A, PART_B)
  }
#define STORE(p, j) \
  if (p < P) store(t->sum[4 * p + j] + l, c##p##_##j);
  CELLS(STORE)
}

static void tile_1(const rows_tile *t) {
  for (int l = 0; l < IG__BLOCK; l += LANES) lanes_of(1, t, l);
}
static void tile_2(const rows_tile *t) {
  for (int l = 0; l < IG__BLOCK; l += LANES) lanes_of(2, t, l);
}
#if IG__REGISTERS == 32
static void tile_4(const rows_tile *t) {
  for (int l = 0; l < IG__BLOCK; l += LANES) lanes_of(4, t, l);
}
#else
#define tile_4 tile_2
#endif

void IG__NAME(gemm_rows)(int64_t m, int64_t n, int64_t k, const void *a, int64_t a_row, const void *b, int64_t b_row, void *c,
                         int64_t c_row) {
  real sum[4 * ROWS_B][IG__BLOCK] __attribute__((aligned(64)));
  rows_tile t = {.k = k, .sum = sum};
  for (int64_t j = 0; j < n; j += ROWS_B) {
    for (int q = 0; q < ROWS_B; q++) t.b[q] = (const real *)b + (j + q < n ? j + q : n - 1) * b_row;
    for (int64_t i = 0; i < m; i += ROWS_A) {
      const int64_t rows = m - i < ROWS_A ? m - i : ROWS_A;
      for (int p = 0; p < 4; p++) t.a[p] = (const real *)a + (p < rows ? i + p : m - 1) * a_row;
      (rows == 1 ? tile_1 : rows == 2 ? tile_2 : tile_4)(&t);
      for (int p = 0; p < rows; p++)
        for (int q = 0; q < ROWS_B && j + q < n; q++) ((real *)c)[(i + p) * c_row + j + q] = sum_of_lanes(sum[4 * p + q]);
    }
  }
}
