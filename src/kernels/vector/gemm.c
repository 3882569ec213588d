/* The matrix product. A register tile is P rows of A by J vectors of columns of B and runs over a slice of k, with the
 * running sums kept in C between slices; so each element is one chain over k in order, whatever the tiles are. */
#include "kernels/pack.h"
#include "kernels/real.h"
#include "kernels/vector/turn.h"
#include "kernels/vector/relu.h"

/* 12·2 accumulators, 2 vectors of B and a broadcast of 32 registers; 6·2 + 3 of 16. Few rows take more columns, to have
 * the eight independent chains that two multiply-adds a cycle with a latency of four need. */
#if IG__REGISTERS == 32
#define GEMM_ROWS 12
#define WIDE_8 2 /* most rows with 8 vectors */
#define WIDE_4 4 /* most rows with 4 vectors */
#else
#define GEMM_ROWS 6
#define WIDE_8 1
#define WIDE_4 2
#endif
#define MOST 24 /* vectors in a tile of C */

typedef struct gemm_tile {
  const real *a, *b;
  real *c;
  const real *bias;
  int64_t a_row, a_col, b_row, b_block, c_row, k;
  bool resume, finish, relu;
} gemm_tile;

/* The addresses of twelve rows do not fit the general registers, those of four pointers with two rows after each do. The
 * empty asm keeps the compiler from turning the four back into twelve. */
#define HIDE(p) __asm__("" : "+r"(p))
#define ROWS(X, j) X(0, j) X(1, j) X(2, j) X(3, j) X(4, j) X(5, j) X(6, j) X(7, j) X(8, j) X(9, j) X(10, j) X(11, j)
/* Accumulators (p, j): 12 × 2, more columns in the first rows. */
#define TILE(X)                                                                                                        \
  ROWS(X, 0) ROWS(X, 1)                                                                                                \
  X(0, 2) X(0, 3) X(1, 2) X(1, 3) X(2, 2) X(2, 3) X(3, 2) X(3, 3)                                                      \
  X(0, 4) X(0, 5) X(0, 6) X(0, 7) X(1, 4) X(1, 5) X(1, 6) X(1, 7)

IG__INLINE int64_t column(int j, int64_t b_block) { return j / VECTORS * b_block + j % VECTORS * LANES; }

IG__INLINE void tile(const int P, const int J, const gemm_tile *t) {
  const int64_t row = t->a_row, step = t->a_col, block = t->b_block, b_row = t->b_row, c_row = t->c_row;
#define DECLARE(p, j) V c##p##_##j = {0};
  TILE(DECLARE)
#define RESUME(p, j) \
  if (p < P && j < J) c##p##_##j = load(t->c + p * c_row + j * LANES);
  if (t->resume) { TILE(RESUME) }
  const real *a0 = t->a, *a1 = P > 3 ? a0 + 3 * row : a0, *a2 = P > 6 ? a0 + 6 * row : a0, *a3 = P > 9 ? a0 + 9 * row : a0;
  const real *b = t->b;
  for (int64_t k = t->k; k > 0; k--) {
#define B_VECTOR(j) const V b##j = j < J ? load(b + column(j, block)) : (V){0};
    B_VECTOR(0) B_VECTOR(1) B_VECTOR(2) B_VECTOR(3) B_VECTOR(4) B_VECTOR(5) B_VECTOR(6) B_VECTOR(7)
#define MULTIPLY(p, j) \
  if (p < P && j < J) c##p##_##j += s * b##j;
#define A_ROW(p, pointer)                                                                                              \
  if (p < P) {                                                                                                         \
    const V s = splat(pointer[p % 3 * row]);                                                                           \
    MULTIPLY_##p                                                                                                       \
  }
#define TWO(p) MULTIPLY(p, 0) MULTIPLY(p, 1)
#define FOUR(p) TWO(p) MULTIPLY(p, 2) MULTIPLY(p, 3)
#define EIGHT(p) FOUR(p) MULTIPLY(p, 4) MULTIPLY(p, 5) MULTIPLY(p, 6) MULTIPLY(p, 7)
#define MULTIPLY_0 EIGHT(0)
#define MULTIPLY_1 EIGHT(1)
#define MULTIPLY_2 FOUR(2)
#define MULTIPLY_3 FOUR(3)
#define MULTIPLY_4 TWO(4)
#define MULTIPLY_5 TWO(5)
#define MULTIPLY_6 TWO(6)
#define MULTIPLY_7 TWO(7)
#define MULTIPLY_8 TWO(8)
#define MULTIPLY_9 TWO(9)
#define MULTIPLY_10 TWO(10)
#define MULTIPLY_11 TWO(11)
    A_ROW(0, a0) A_ROW(1, a0) A_ROW(2, a0) A_ROW(3, a1) A_ROW(4, a1) A_ROW(5, a1)
    A_ROW(6, a2) A_ROW(7, a2) A_ROW(8, a2) A_ROW(9, a3) A_ROW(10, a3) A_ROW(11, a3)
    a0 += step;
    HIDE(a0);
    if (P > 3) { a1 += step; HIDE(a1); }
    if (P > 6) { a2 += step; HIDE(a2); }
    if (P > 9) { a3 += step; HIDE(a3); }
    b += b_row;
  }
  if (t->finish) {
#define BIAS(p, j) \
  if (p < P && j < J) c##p##_##j += load(t->bias + j * LANES);
    if (t->bias) { TILE(BIAS) }
#define RELU(p, j) c##p##_##j = relu(c##p##_##j);
    if (t->relu) { TILE(RELU) }
  }
#define STORE(p, j) \
  if (p < P && j < J) store(t->c + p * c_row + j * LANES, c##p##_##j);
  TILE(STORE)
}

typedef void tile_function(const gemm_tile *t);
#define FUNCTION(p, j) \
  static void tile_##p##_##j(const gemm_tile *t) { tile(p, j, t); }
#if VECTORS == 1
#define NARROW(p) FUNCTION(p, 1) FUNCTION(p, 2)
#define ENTRY(p) tile_##p##_1, tile_##p##_2
#else
#define NARROW(p) FUNCTION(p, 2)
#define ENTRY(p) NULL, tile_##p##_2
#endif
NARROW(1) NARROW(2) NARROW(3) NARROW(4) NARROW(5) NARROW(6)
FUNCTION(1, 4) FUNCTION(2, 4) FUNCTION(1, 8)
#if GEMM_ROWS == 12
NARROW(7) NARROW(8) NARROW(9) NARROW(10) NARROW(11) NARROW(12)
FUNCTION(3, 4) FUNCTION(4, 4) FUNCTION(2, 8)
#endif

/* By rows and by the logarithm of the vectors. */
static tile_function *const tile_table[GEMM_ROWS + 1][4] = {
  { NULL }, { ENTRY(1), tile_1_4, tile_1_8 },
#if GEMM_ROWS == 12
  { ENTRY(2), tile_2_4, tile_2_8 }, { ENTRY(3), tile_3_4 }, { ENTRY(4), tile_4_4 }, { ENTRY(5) }, { ENTRY(6) },
  { ENTRY(7) }, { ENTRY(8) }, { ENTRY(9) }, { ENTRY(10) }, { ENTRY(11) }, { ENTRY(12) },
#else
  { ENTRY(2), tile_2_4 }, { ENTRY(3) }, { ENTRY(4) }, { ENTRY(5) }, { ENTRY(6) },
#endif
};

/* Rows [m0, m1), a slice [k0, k1) of k, and where its columns of B lie. */
typedef struct gemm_slice {
  const ig__gemm *p;
  int64_t m0, m1, k0, k1;
  const real *b; /* row k0, column 0 of the group */
  int64_t b_row, b_block;
} gemm_slice;

/* The tile's columns beyond n: through a copy, so that C's are neither read nor written. */
static void tile_clipped(tile_function *run, gemm_tile *t, int64_t rows, int64_t width, int64_t columns) {
  real local[MOST * LANES];
  real *const c = t->c;
  const int64_t c_row = t->c_row;
  for (int64_t i = 0; i < rows && t->resume; i++) {
    for (int64_t j = 0; j < width; j++) local[i * width + j] = j < columns ? c[i * c_row + j] : (real)0;
  }
  t->c = local;
  t->c_row = width;
  run(t);
  t->c_row = c_row;
  for (int64_t i = 0; i < rows; i++) {
    for (int64_t j = 0; j < columns; j++) c[i * c_row + j] = local[i * width + j];
  }
}

/* The vectors of columns v … v + 2^log − 1. */
static void group(const gemm_slice *s, int64_t v, int log) {
  const ig__gemm *p = s->p;
  const int64_t first = v * LANES, width = (int64_t)LANES << log, rows = s->m1 - s->m0;
  const int64_t pieces = (rows + GEMM_ROWS - 1) / GEMM_ROWS, columns = p->n - first;
  gemm_tile t = {
    .b = s->b, .b_row = s->b_row, .b_block = s->b_block, .a_row = p->a_row, .a_col = p->a_col, .c_row = p->c_row,
    .k = s->k1 - s->k0, .resume = s->k0 > 0 || p->accumulate, .finish = s->k1 == p->k, .relu = p->epilogue.relu,
    .bias = p->epilogue.bias ? (const real *)p->epilogue.bias + first : NULL,
  };
  for (int64_t i = 0; i < pieces; i++) {
    const int64_t r0 = s->m0 + rows * i / pieces, r1 = s->m0 + rows * (i + 1) / pieces;
    t.a = (const real *)p->a + r0 * p->a_row + s->k0 * p->a_col;
    t.c = (real *)p->c + r0 * p->c_row + first;
    tile_function *const run = tile_table[r1 - r0][log];
    if (columns < width) tile_clipped(run, &t, r1 - r0, width, columns);
    else run(&t);
  }
}

/* A slice of B, two vectors wide, stays in the first-level cache while all rows of a block of A pass over it, and that
 * block of A in the second-level cache while all columns pass over it. */
#define SLICE (24576 / (2 * IG__VECTOR_BYTES))
#define ROW_BLOCK (GEMM_ROWS * 20)

/* Two vectors of a row-major B into a buffer: past n there is nothing to read, and rows far apart share few sets of the
 * cache. */
static void copy_columns(const gemm_slice *s, int64_t first, real *buffer) {
  const ig__gemm *p = s->p;
  const int64_t width = 2 * LANES, columns = p->n - first < width ? p->n - first : width;
  for (int64_t k = s->k0; k < s->k1; k++, buffer += width) {
    const real *b = (const real *)p->b + k * p->b_row + first;
    if (columns == width) {
      store(buffer, load(b));
      store(buffer + LANES, load(b + LANES));
      continue;
    }
    for (int64_t j = 0; j < width; j++) buffer[j] = j < columns ? b[j] : (real)0;
  }
}

/* Vectors [v0, v1) of the columns, at most 2^log at a time. */
static void slice(gemm_slice *s, int64_t v0, int64_t v1, int log, bool copy) {
  const ig__gemm *p = s->p;
  real buffer[SLICE * 2 * LANES] __attribute__((aligned(64)));
  for (int64_t v = v0; v < v1; v += (int64_t)1 << log) {
    while (log > 0 && v + ((int64_t)1 << log) > v1) log--;
    if (copy) {
      copy_columns(s, v * LANES, buffer);
      s->b = buffer;
      s->b_row = 2 * LANES;
      s->b_block = VECTORS == 1 ? LANES : 0;
    } else {
      s->b = (const real *)p->b + v / VECTORS * p->b_block + v % VECTORS * LANES + s->k0 * p->b_row;
      s->b_row = p->b_row;
      s->b_block = p->b_block;
    }
    group(s, v, log);
  }
}

void IG__NAME(gemm)(const ig__gemm *p) {
  const int64_t vectors = (p->n + IG__BLOCK - 1) / IG__BLOCK * VECTORS, block = p->m < ROW_BLOCK ? p->m : ROW_BLOCK;
  const int64_t blocks = (p->m + ROW_BLOCK - 1) / ROW_BLOCK, most = (block + GEMM_ROWS - 1) / GEMM_ROWS;
  const int64_t rows = most ? (block + most - 1) / most : 0; /* of the largest tile */
  const bool plain = p->b_block == IG__BLOCK;
  const bool copy = plain && p->m > 2 * GEMM_ROWS && p->b_row > IG__BLOCK;
  const int log = copy ? 1 : rows <= WIDE_8 ? 3 : rows <= WIDE_4 ? 2 : 1;
  /* A tail that must not be read past n is cut off: the last two vectors, or the last block if it has more. */
  const int64_t tail = plain && p->n % IG__BLOCK && !copy ? VECTORS : 0;
  for (int64_t i = 0; i < blocks; i++) {
    gemm_slice s = { .p = p, .m0 = p->m * i / blocks, .m1 = p->m * (i + 1) / blocks };
    do { /* once at least: an empty sum is still written */
      s.k0 = s.k1;
      s.k1 = s.k0 + SLICE < p->k ? s.k0 + SLICE : p->k;
      slice(&s, 0, vectors - tail, log, copy);
      if (tail) slice(&s, vectors - tail, vectors, 1, true);
    } while (s.k1 < p->k);
  }
}

/* parts cut blocks of columns. */
void IG__NAME(gemm_pack_transposed)(int64_t n, int64_t k, const void *b, void *packed, int part, int parts) {
  const int64_t blocks = (n + IG__BLOCK - 1) / IG__BLOCK;
  for (int64_t block = blocks * part / parts; block < blocks * (part + 1) / parts; block++) {
    const int64_t first = block * IG__BLOCK, lanes = n - first < IG__BLOCK ? n - first : IG__BLOCK;
    interleave_row((const real *)b + first * k, k, (real *)packed + first * k, (int)lanes, k);
  }
}
