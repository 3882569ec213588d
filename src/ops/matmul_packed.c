/* matmul_packed: relu?(x[n,k] · Wᵀ + bias) with packed W. All pictures of a piece are one matrix product: cut by pictures
 * instead, every chunk would read all weights again. */
#include "ops/matmul.h"

#include "kernels/pack.h"

#include <string.h>

bool ig__matmul_fuse_bias(ig__lower *l) {
  ig__node *producer = ig__lower_producer(l, 0, &ig__op_matmul_packed);
  const ig__node *bias = ig__tensor_of(l->graph, l->in[1])->node;
  if (!producer || producer->in_count != 2 || ((const ig__matmul_packed_options *)producer->options)->relu) return false;
  if (bias && bias->id > producer->id) return false; /* made later: the product would run before its bias */
  producer->in[producer->in_count++] = l->in[1];
  l->out[0] = l->in[0];
  return true;
}

bool ig__matmul_fuse_relu(ig__lower *l) {
  ig__node *producer = ig__lower_producer(l, 0, &ig__op_matmul_packed);
  if (!producer) return false;
  ((ig__matmul_packed_options *)producer->options)->relu = true;
  l->out[0] = l->in[0];
  return true;
}

static ig_status infer(ig__infer *i) {
  const ig__matmul_packed_options *o = i->options;
  const ig__shape *x = &i->in[0]->shape, *w = &i->in[1]->shape;
  IG__TRY(ig__check_all_real("matmul_packed", i));
  IG__TRY(ig__check_rank("matmul_packed", i, 0, 2, true));
  IG__TRY(ig__check_rank("matmul_packed", i, 1, 3, false));
  if (i->in_count == 3) IG__TRY(ig__check_rank("matmul_packed", i, 2, 1, false));
  if (w->dim[0] != ig__blocks(o->units) || w->dim[1] != x->dim[1] || (i->in_count == 3 && i->in[2]->shape.dim[0] != o->units))
    return ig__fail(IG_BAD_MODEL, "matmul_packed: the packed weights are not those of %d units over %d values", o->units,
                    x->dim[1]);
  i->out[0].shape = ig__rows(x->dim[0], o->units);
  return IG_OK;
}

static int parts(const ig__run *r) { return ig__pieces(r->out[0].shape.dim[0], r->out[0].shape.dim[1]); }

/* The bias of a piece, read by the kernel to a multiple of 16: copied with zeros behind, whoever owns the vector. */
static const void *bias_of(const ig__run *r, const ig__piece *p, void *copy) {
  if (r->node->in_count < 3) return NULL;
  memset(copy, 0, IG__PIECE_COLS * sizeof(double));
  memcpy(copy, ig__at(r, &r->in[2], p->col), (size_t)p->cols * (size_t)r->k->real_size);
  return copy;
}

static void run(const ig__run *r) {
  const ig__matmul_packed_options *o = r->options;
  const ig__view *x = &r->in[0], *w = &r->in[1], *y = &r->out[0];
  const int64_t k = x->shape.dim[1];
  const int total = parts(r);
  _Alignas(64) double copy[IG__PIECE_COLS];
  for (int i = ig__cut(total, r->part, r->parts); i < ig__cut(total, r->part + 1, r->parts); i++) {
    const ig__piece p = ig__piece_at(i, o->units, r->n0, r->n1);
    if (p.rows <= 0) continue;
    r->k->gemm(&(ig__gemm){.m = p.rows, .n = p.cols, .k = k, .a = ig__at(r, x, p.row * x->n_pitch), .a_row = x->n_pitch,
                           .a_col = 1, .b = ig__at(r, w, p.col * k), .b_row = IG__BLOCK, .b_block = k * IG__BLOCK,
                           .c = ig__at(r, y, p.row * y->n_pitch + p.col), .c_row = y->n_pitch,
                           .epilogue = {.bias = bias_of(r, &p, copy), .relu = o->relu}});
  }
}

static double work(const ig__run *r) { return (double)r->n * r->in[0].shape.dim[1] * r->out[0].shape.dim[1]; }

static bool probe(int index, ig__probe *p) {
  static ig__matmul_packed_options options[IG__MATMUL_PROBES]; /* the same values whoever writes them */
  int n, k, m;
  if (!ig__matmul_size(index, &n, &k, &m)) return false;
  options[index] = (ig__matmul_packed_options){.units = m, .relu = index % 3 == 1};
  *p = (ig__probe){.n = n, .options = &options[index], .in_count = 2 + index % 2};
  p->in[0].shape = ig__rows(n, k);
  p->in[1].shape = ig__shape_make(3, (int[]){ig__blocks(m), k, IG__BLOCK}, false);
  p->in[2].shape = ig__shape_make(1, &m, false);
  return true;
}

const ig__op ig__op_matmul_packed = {
  .name = "matmul_packed", .help = "matrix product with packed weights, with bias and relu",
  .options_size = sizeof(ig__matmul_packed_options),
  .min_in = 2, .max_in = 3, .outputs = 1, .role = IG__EACH, .layout = IG__LAYOUT_ANY,
  .no_derivative = "plans append it, after differentiation",
  .infer = infer, .run = IG__RUN_BOTH(run), .parts = parts, .work = work, .probe = probe };
