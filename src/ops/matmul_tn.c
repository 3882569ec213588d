/* matmul_tn: a[n,m]ᵀ · b[n,k], summed over the pictures: the gradient of a dense layer to its weights. It is cut over the
 * result, so that no copies are added: each part reads all pictures. */
#include "ops/matmul.h"

#include "kernels/pack.h"

static ig_status infer(ig__infer *i) {
  IG__TRY(ig__matmul_check("matmul_tn", i, true));
  i->out[0].shape = ig__shape_make(2, (int[]){i->in[0]->shape.dim[1], i->in[1]->shape.dim[1]}, false);
  return IG_OK;
}

static ig_status derive(ig__derive *d) {
  if (d->wanted[0]) d->gin[0] = ig__node2(d->graph, &ig__op_matmul_nt, NULL, d->node->in[1], d->gout[0]);
  if (d->wanted[1]) d->gin[1] = ig__node2(d->graph, &ig__op_matmul_nn, NULL, d->node->in[0], d->gout[0]);
  return IG_OK;
}

/* Pieces of a few whole rows: what is written lies together. 128 × 1600, both threads' time, in pieces of 128 × 32 → so: 1 picture
 * 45 → 16 µs, 8 56 → 25, 32 81 → 61, 128 275 → 244. */
#define ROWS 12
#define COLS 1024

static int parts(const ig__run *r) {
  const ig__shape *y = &r->out[0].shape;
  return (y->dim[0] + ROWS - 1) / ROWS * ((y->dim[1] + COLS - 1) / COLS);
}

static void run(const ig__run *r) {
  const ig__view *a = &r->in[0], *b = &r->in[1], *y = &r->out[0];
  const int m = y->shape.dim[0], k = y->shape.dim[1], total = parts(r), across = (k + COLS - 1) / COLS;
  for (int i = ig__cut(total, r->part, r->parts); i < ig__cut(total, r->part + 1, r->parts); i++) {
    const int row = i / across * ROWS, col = i % across * COLS;
    r->k->gemm(&(ig__gemm){.m = m - row < ROWS ? m - row : ROWS, .n = k - col < COLS ? k - col : COLS, .k = r->n,
                           .a = ig__at(r, a, row), .a_row = 1, .a_col = a->n_pitch,
                           .b = ig__at(r, b, col), .b_row = b->n_pitch, .b_block = IG__BLOCK,
                           .c = ig__at(r, y, (int64_t)row * k + col), .c_row = k});
  }
}

static double work(const ig__run *r) {
  return (double)r->n * r->in[0].shape.dim[1] * r->in[1].shape.dim[1];
}

static bool probe(int index, ig__probe *p) {
  int n, k, m;
  if (!ig__matmul_size(index, &n, &k, &m)) return false;
  *p = (ig__probe){.n = n, .in_count = 2};
  p->in[0].shape = ig__rows(n, m);
  p->in[1].shape = ig__rows(n, k);
  return true;
}

const ig__op ig__op_matmul_tn = {
  .name = "matmul_tn", .help = "matrix product a[n,m]ᵀ · b[n,k], a sum over pictures",
  .min_in = 2, .max_in = 2, .outputs = 1, .role = IG__SUM, .layout = IG__LAYOUT_ANY,
  .infer = infer, .derive = derive, .run = IG__RUN_BOTH(run), .parts = parts, .work = work, .probe = probe };
