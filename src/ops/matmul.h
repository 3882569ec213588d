#ifndef IG__OPS_MATMUL_H
#define IG__OPS_MATMUL_H
/* Matrix products in three transpositions, closed under differentiation:
 *   matmul_nt  x[n,k] · W[m,k]ᵀ → [n,m]     a dense layer (weights out × in)
 *   matmul_nn  a[n,m] · W[m,k]  → [n,k]     its gradient to the input
 *   matmul_tn  a[n,m]ᵀ · b[n,k] → [m,k]     its gradient to the weights, a sum over pictures
 * The result is cut into pieces of rows × columns by its shape alone; every element is one chain of multiply-adds, so the
 * cut changes no bit. */

#include "ops/dims.h"
#include "ops/ops.h"
#include "ops/spans.h"

#define IG__PIECE_ROWS 128
#define IG__PIECE_COLS 32 /* two blocks of 16: one register tile wide */

typedef struct ig__piece { int row, rows, col, cols; } ig__piece;

static inline int ig__pieces(int rows, int cols) {
  return (rows + IG__PIECE_ROWS - 1) / IG__PIECE_ROWS * ((cols + IG__PIECE_COLS - 1) / IG__PIECE_COLS);
}

/* Piece `index` of the rows from … to-1 of a result of the plan's rows × cols: a run has fewer rows than the plan, so that late
 * pieces are short or have none (rows <= 0). With rows of pictures, from … to is what the run is asked for: all of them when
 * the op is cut into parts, a chunk when it has only one part. */
static inline ig__piece ig__piece_at(int index, int cols, int from, int to) {
  const int across = (cols + IG__PIECE_COLS - 1) / IG__PIECE_COLS;
  ig__piece p = {.row = from + index / across * IG__PIECE_ROWS, .col = index % across * IG__PIECE_COLS};
  p.rows = to - p.row < IG__PIECE_ROWS ? to - p.row : IG__PIECE_ROWS;
  p.cols = cols - p.col < IG__PIECE_COLS ? cols - p.col : IG__PIECE_COLS;
  return p;
}

/* Real inputs, two matrices, batched or not as said; refuses others. */
static inline ig_status ig__matmul_check(const char *op, const ig__infer *i, bool second_batched) {
  IG__TRY(ig__check_all_real(op, i));
  IG__TRY(ig__check_rank(op, i, 0, 2, true));
  return ig__check_rank(op, i, 1, 2, second_batched);
}

/* Sizes must meet: dimension da of input 0 and db of input 1. */
static inline ig_status ig__matmul_meet(const char *op, const ig__infer *i, int da, int db) {
  char a[96], b[96];
  if (i->in[0]->shape.dim[da] == i->in[1]->shape.dim[db]) return IG_OK;
  return ig__fail(IG_BAD_MODEL, "%s cannot multiply %s and %s: %d and %d do not meet", op, ig__shape_text(a, &i->in[0]->shape),
                  ig__shape_text(b, &i->in[1]->shape), i->in[0]->shape.dim[da], i->in[1]->shape.dim[db]);
}

/* Probe sizes n, k, m; false past the last. */
#define IG__MATMUL_PROBES 22
bool ig__matmul_size(int index, int *n, int *k, int *m);

/* What the planned form computes: relu?(x·Wᵀ + bias) from packed weights of `units` rows. */
typedef struct ig__matmul_packed_options { int units; bool relu; } ig__matmul_packed_options;

/* For the lowering rules of bias (input 1 is the bias) and relu: when the producer of input 0 is a matmul_packed that nobody
 * else reads, it does the work while it stores, out[0] is set to its output, and the answer is true. */
bool ig__matmul_fuse_bias(ig__lower *l);
bool ig__matmul_fuse_relu(ig__lower *l);

#endif
