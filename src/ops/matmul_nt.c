/* matmul_nt: x[n,k] · W[m,k]ᵀ, the product of a dense layer. In a plan it becomes matmul_pack, renewed only when weights
 * change, and matmul_packed. Where weights change in every step and are used for few pictures, packing them takes longer than the
 * product: there the rows of W are read as they lie, here. Other nodes that run as they are pack piece by piece. */
#include "ops/matmul.h"

#include "kernels/pack.h"

bool ig__matmul_size(int index, int *n, int *k, int *m) {
  static const int sizes[IG__MATMUL_PROBES][3] = {
    {1, 1, 1},  {2, 1, 3},  {1, 3, 1},   {3, 5, 7},  {4, 10, 3},  {1, 15, 16}, {2, 16, 15}, {2, 17, 17}, {3, 8, 33}, {5, 33, 4},
    {1, 40, 2}, {7, 3, 31}, {6, 2, 32},  {2, 4, 64}, {2, 5, 49},  {9, 9, 9},   {13, 2, 3},  {8, 16, 16}, {1, 7, 40}, {3, 64, 1},
    {2, 12, 20}, {17, 4, 5}};
  if (index >= IG__MATMUL_PROBES) return false;
  *n = sizes[index][0];
  *k = sizes[index][1];
  *m = sizes[index][2];
  return true;
}

static ig_status infer(ig__infer *i) {
  IG__TRY(ig__matmul_check("matmul_nt", i, false));
  IG__TRY(ig__matmul_meet("matmul_nt", i, 1, 1));
  i->out[0].shape = ig__rows(i->in[0]->shape.dim[0], i->in[1]->shape.dim[0]);
  return IG_OK;
}

static ig_status derive(ig__derive *d) {
  if (d->wanted[0]) d->gin[0] = ig__node2(d->graph, &ig__op_matmul_nn, NULL, d->gout[0], d->node->in[1]);
  if (d->wanted[1]) d->gin[1] = ig__node2(d->graph, &ig__op_matmul_tn, NULL, d->gout[0], d->node->in[0]);
  return IG_OK;
}

/* Planned pictures, at most. `textbook`'s 128 × 1600 weights, both threads' time: packing 25 µs, then the product for one picture 9
 * and for eight 16; by rows 8 and 22. */
#define FEW 8
#define PIECE 16 /* rows of W that a part takes */

static bool by_rows(const ig__shape *x) { return x->dim[0] <= FEW; }

static ig_status lower(ig__lower *l) {
  if (l->graph->training && by_rows(ig__shape_of(l->graph, l->in[0]))) {
    l->out[0] = ig__node2(l->graph, &ig__op_matmul_nt, NULL, l->in[0], l->in[1]);
    return IG_OK;
  }
  const ig__matmul_packed_options o = {.units = ig__shape_of(l->graph, l->in[1])->dim[0]};
  const ig__value packed = ig__node1(l->graph, &ig__op_matmul_pack, NULL, l->in[1]);
  l->out[0] = ig__node2(l->graph, &ig__op_matmul_packed, &o, l->in[0], packed);
  return IG_OK;
}

static int parts(const ig__run *r) {
  const ig__shape *y = &r->out[0].shape;
  return by_rows(y) ? (y->dim[1] + PIECE - 1) / PIECE : ig__pieces(y->dim[0], y->dim[1]);
}

static void run_rows(const ig__run *r, int row, int rows) {
  const ig__view *x = &r->in[0], *w = &r->in[1], *y = &r->out[0];
  r->k->gemm_rows(r->n1 - r->n0, rows, x->shape.dim[1], ig__at(r, x, r->n0 * x->n_pitch), x->n_pitch,
                  ig__at(r, w, (int64_t)row * x->shape.dim[1]), x->shape.dim[1], ig__at(r, y, r->n0 * y->n_pitch + row), y->n_pitch);
}

static size_t scratch(const ig__run *r) {
  if (by_rows(&r->in[0].shape)) return 0;
  return (size_t)IG__PIECE_COLS * (size_t)r->in[1].shape.dim[1] * (size_t)r->k->real_size;
}

static void run(const ig__run *r) {
  const ig__view *x = &r->in[0], *w = &r->in[1], *y = &r->out[0];
  const int k = x->shape.dim[1], m = y->shape.dim[1], total = parts(r);
  for (int i = ig__cut(total, r->part, r->parts); i < ig__cut(total, r->part + 1, r->parts); i++) {
    if (by_rows(&x->shape)) {
      run_rows(r, i * PIECE, m - i * PIECE < PIECE ? m - i * PIECE : PIECE);
      continue;
    }
    const ig__piece p = ig__piece_at(i, m, r->n0, r->n1);
    if (p.rows <= 0) continue;
    r->k->gemm_pack_transposed(p.cols, k, ig__at(r, w, (int64_t)p.col * k), r->scratch, 0, 1);
    r->k->gemm(&(ig__gemm){.m = p.rows, .n = p.cols, .k = k, .a = ig__at(r, x, p.row * x->n_pitch), .a_row = x->n_pitch,
                           .a_col = 1, .b = r->scratch, .b_row = IG__BLOCK, .b_block = (int64_t)k * IG__BLOCK,
                           .c = ig__at(r, y, p.row * y->n_pitch + p.col), .c_row = y->n_pitch});
  }
}

static double work(const ig__run *r) {
  return (double)r->n * r->in[0].shape.dim[1] * r->out[0].shape.dim[1];
}

static bool probe(int index, ig__probe *p) {
  int n, k, m;
  if (!ig__matmul_size(index, &n, &k, &m)) return false;
  *p = (ig__probe){.n = n, .in_count = 2};
  p->in[0].shape = ig__rows(n, k);
  p->in[1].shape = ig__shape_make(2, (int[]){m, k}, false);
  return true;
}

const ig__op ig__op_matmul_nt = {
  .name = "matmul_nt", .help = "matrix product x[n,k] · W[m,k]ᵀ of pictures and weights",
  .min_in = 2, .max_in = 2, .outputs = 1, .role = IG__EACH, .layout = IG__LAYOUT_ANY,
  .infer = infer, .derive = derive, .lower = lower, .run = IG__RUN_BOTH(run), .parts = parts, .scratch = scratch,
  .work = work, .probe = probe };
