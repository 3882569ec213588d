/* matmul_nn: a[n,m] · W[m,k], the gradient of a dense layer to its input. Rows of W are read as they lie. */
#include "ops/matmul.h"

#include "kernels/pack.h"

static ig_status infer(ig__infer *i) {
  IG__TRY(ig__matmul_check("matmul_nn", i, false));
  IG__TRY(ig__matmul_meet("matmul_nn", i, 1, 0));
  i->out[0].shape = ig__rows(i->in[0]->shape.dim[0], i->in[1]->shape.dim[1]);
  return IG_OK;
}

static ig_status derive(ig__derive *d) {
  if (d->wanted[0]) d->gin[0] = ig__node2(d->graph, &ig__op_matmul_nt, NULL, d->gout[0], d->node->in[1]);
  if (d->wanted[1]) d->gin[1] = ig__node2(d->graph, &ig__op_matmul_tn, NULL, d->node->in[0], d->gout[0]);
  return IG_OK;
}

static int parts(const ig__run *r) { return ig__pieces(r->out[0].shape.dim[0], r->out[0].shape.dim[1]); }

static void run(const ig__run *r) {
  const ig__view *a = &r->in[0], *w = &r->in[1], *y = &r->out[0];
  const int m = a->shape.dim[1], k = y->shape.dim[1], total = parts(r);
  for (int i = ig__cut(total, r->part, r->parts); i < ig__cut(total, r->part + 1, r->parts); i++) {
    const ig__piece p = ig__piece_at(i, k, r->n0, r->n1);
    if (p.rows <= 0) continue;
    r->k->gemm(&(ig__gemm){.m = p.rows, .n = p.cols, .k = m, .a = ig__at(r, a, p.row * a->n_pitch), .a_row = a->n_pitch,
                           .a_col = 1, .b = ig__at(r, w, p.col), .b_row = k, .b_block = IG__BLOCK,
                           .c = ig__at(r, y, p.row * y->n_pitch + p.col), .c_row = y->n_pitch});
  }
}

static double work(const ig__run *r) {
  return (double)r->n * r->in[0].shape.dim[1] * r->out[0].shape.dim[1];
}

static bool probe(int index, ig__probe *p) {
  int n, k, m;
  if (!ig__matmul_size(index, &n, &m, &k)) return false;
  *p = (ig__probe){.n = n, .in_count = 2};
  p->in[0].shape = ig__rows(n, m);
  p->in[1].shape = ig__shape_make(2, (int[]){m, k}, false);
  return true;
}

const ig__op ig__op_matmul_nn = {
  .name = "matmul_nn", .help = "matrix product a[n,m] · W[m,k] of pictures and weights",
  .min_in = 2, .max_in = 2, .outputs = 1, .role = IG__EACH, .layout = IG__LAYOUT_ANY,
  .infer = infer, .derive = derive, .run = IG__RUN_BOTH(run), .parts = parts, .work = work, .probe = probe };
