/* Where the windows of a max pooling end before the picture does, the convolution before it does not compute the rest, nor its
 * gradient to the input what only the rest would reach: the numbers are those of the whole. */
#include "unit/ops/rig.h"

typedef struct block { const char *conv, *pool; int n, c, size, whole, cut, reached; } block;

/* Outputs of a side, those that the pooling reads, and inputs that these read. */
static const block blocks[] = {
  {"64 k=3", "2", 4, 32, 13, 11, 10, 12},             /* the second convolution of textbook */
  {"20 k=3 pad=1", "2", 2, 17, 9, 9, 8, 9},
  {"33 k=3 stride=2 pad=1", "2", 3, 5, 14, 7, 6, 12},
  {"18 k=5", "3", 1, 16, 12, 8, 6, 10},
  {"17 k=1", "3 stride=2", 2, 40, 8, 8, 7, 7},
  {"32 k=3 pad=1 dilation=2", "4 stride=3", 2, 16, 14, 12, 10, 13},
  {"24 k=3 groups=24 pad=1", "2 stride=3 pad=1", 2, 24, 14, 14, 13, 14},
};

static ig__value make(rig *r, const block *b, ig__value *x, ig__value *relu) {
  *x = rig_field(r, IG__REAL, ig__shape_make(4, (int[]){b->n, b->c, b->size, b->size}, true), NULL);
  *relu = ig__node1(r->graph, &ig__op_relu, NULL, rig_line(r, &ig__op_conv2d, b->conv, *x));
  ig__value pool = rig_line(r, &ig__op_maxpool2d, b->pool, *relu);
  CHECK_OK(ig__graph_status(r->graph));
  CHECK(ig__shape_of(r->graph, *relu)->dim[2] == b->whole);
  return pool;
}

TEST(forward_equals_whole) {
  for (size_t i = 0; i < sizeof blocks / sizeof blocks[0]; i++) {
    const block *b = &blocks[i];
    rig *r = rig_new(b->n, false);
    ig__value x, out[2];
    char cut[32];
    out[0] = make(r, b, &x, &out[1]);
    snprintf(cut, sizeof cut, "×%d×%d/b", b->cut, b->cut);
    RIG_EACH_TABLE(r) {
      r->threads = 2;
      rig_run(r, 2, out); /* somebody else reads the relu's result */
      CHECK(!strstr(r->described, cut));
      int64_t size = r->result_count[0];
      double *whole = ig__alloc((size_t)size, sizeof *whole);
      memcpy(whole, r->result[0], (size_t)size * sizeof *whole);
      rig_run(r, 1, out);
      CHECK(strstr(r->described, cut));
      rig_compare(b->conv, r, 0, whole, size, 0);
      ig__free(whole);
    }
    rig_free(r);
  }
}

/* The gradient of the pooling to what it reads, and that of the convolution to its input, of the same plan: `zero` added in between
 * hides that some of it is zero. */
static ig__value gradient(rig *r, const block *b, bool hides) {
  ig__value x, relu, pool = make(r, b, &x, &relu), spread;
  ig__value seed = rig_field(r, IG__REAL, *ig__shape_of(r->graph, pool), NULL), dx;
  CHECK_OK(ig__gradients(r->graph, pool, seed, &relu, 1, &spread));
  if (hides) {
    int64_t count = ig__shape_count(ig__shape_of(r->graph, relu));
    double *zeros = ig__alloc((size_t)count, sizeof *zeros);
    spread = ig__node2(r->graph, &ig__op_add, NULL, spread, rig_field(r, IG__REAL, *ig__shape_of(r->graph, relu), zeros));
    ig__free(zeros);
  }
  CHECK_OK(ig__gradients(r->graph, ig__tensor_of(r->graph, relu)->node->in[0], spread, &x, 1, &dx));
  return dx;
}

TEST(gradient_equals_whole) {
  for (size_t i = 0; i < sizeof blocks / sizeof blocks[0]; i++) {
    const block *b = &blocks[i];
    rig *r = rig_new(b->n, true), *whole = rig_new(b->n, true);
    ig__value dx = gradient(r, b, false), want = gradient(whole, b, true);
    RIG_EACH_TABLE(r) {
      rig_use(whole, r->isa, r->real_size);
      r->threads = 2;
      rig_run(whole, 1, &want);
      rig_run(r, 1, &dx);
      rig_compare(b->conv, r, 0, whole->result[0], whole->result_count[0], 3e-5);
      int64_t beyond = 0; /* elements past what is reached */
      for (int64_t k = 0; k < r->result_count[0]; k++)
        if (k % b->size >= b->reached || k / b->size % b->size >= b->reached) {
          CHECK(r->result[0][k] == 0);
          beyond++;
        }
      CHECK(beyond > 0 || b->reached == b->size);
    }
    rig_free(r);
    rig_free(whole);
  }
}
