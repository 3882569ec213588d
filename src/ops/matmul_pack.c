/* matmul_pack: W[m,k] into [m/16][k][16], the form in which gemm reads a transposed matrix. A cache of the plan. */
#include "ops/matmul.h"

#include "kernels/pack.h"

static ig_status infer(ig__infer *i) {
  const ig__shape *w = &i->in[0]->shape;
  IG__TRY(ig__check_real("matmul_pack", i, 0));
  IG__TRY(ig__check_rank("matmul_pack", i, 0, 2, false));
  i->out[0].shape = ig__shape_make(3, (int[]){ig__blocks(w->dim[0]), w->dim[1], IG__BLOCK}, false);
  return IG_OK;
}

static int parts(const ig__run *r) { return (r->out[0].shape.dim[0] + 1) / 2; }

static void run(const ig__run *r) {
  const ig__shape *w = &r->in[0].shape;
  r->k->gemm_pack_transposed(w->dim[0], w->dim[1], r->in[0].data, r->out[0].data, r->part, r->parts);
}

static bool probe(int index, ig__probe *p) {
  int n, k, m;
  if (!ig__matmul_size(index, &n, &k, &m)) return false;
  *p = (ig__probe){.n = n, .in_count = 1};
  p->in[0].shape = ig__shape_make(2, (int[]){m, k}, false);
  return true;
}

const ig__op ig__op_matmul_pack = {
  .name = "matmul_pack", .help = "weights of a dense layer, packed for the matrix product",
  .min_in = 1, .max_in = 1, .outputs = 1, .role = IG__NO_BATCH, .layout = IG__LAYOUT_ANY,
  .no_derivative = "plans append it, after differentiation",
  .infer = infer, .run = IG__RUN_BOTH(run), .parts = parts, .probe = probe };
