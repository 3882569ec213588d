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

static int parts(const ig__run *r) { return ig__pieces(r->out[0].shape.dim[0], r->out[0].shape.dim[1]); }

static void run(const ig__run *r) {
  const ig__view *a = &r->in[0], *b = &r->in[1], *y = &r->out[0];
  const int m = y->shape.dim[0], k = y->shape.dim[1], total = parts(r);
  for (int i = ig__cut(total, r->part, r->parts); i < ig__cut(total, r->part + 1, r->parts); i++) {
    const ig__piece p = ig__piece_at(i, k, 0, m);
    r->k->gemm(&(ig__gemm){.m = p.rows, .n = p.cols, .k = r->n, .a = ig__at(r, a, p.row), .a_row = 1, .a_col = a->n_pitch,
                           .b = ig__at(r, b, p.col), .b_row = b->n_pitch, .b_block = IG__BLOCK,
                           .c = ig__at(r, y, (int64_t)p.row * k + p.col), .c_row = k});
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
