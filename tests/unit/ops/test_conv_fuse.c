/* What follows a convolution in its epilogue gives the bits of the ops one after another. Asking a plan for the values in
 * between keeps them apart. */
#include "unit/ops/rig.h"

typedef struct block { const char *conv; int n, c, size; bool affine, add, relu; } block;

static const block blocks[] = {
  {"16 k=3 pad=1 bias=no", 3, 16, 8, true, true, true},       /* Winograd */
  {"33 k=3 pad=1 bias=no", 2, 17, 11, true, true, true},
  {"40 k=3 pad=0 bias=no", 1, 33, 7, true, true, false},
  {"5 k=3 pad=1 bias=no", 2, 3, 9, true, true, true},         /* a plain picture */
  {"20 k=3 stride=2 pad=1 bias=no", 2, 18, 9, true, true, true},
  {"32 k=3 stride=2 pad=1 bias=no", 4, 32, 16, true, true, true}, /* Winograd at stride 2 */
  {"48 k=1 bias=no", 2, 24, 5, false, true, true},
  {"17 k=5 pad=2 bias=no", 2, 6, 6, true, false, true},
  {"18 k=3 pad=1 groups=18 bias=no", 2, 18, 7, true, true, true}, /* depthwise */
  {"24 k=3 pad=1 groups=4 bias=no", 2, 24, 5, true, true, true},
  {"33 k=3 pad=1", 2, 17, 11, true, true, true},              /* a bias before the normalisation */
  {"20 k=3 stride=2 pad=1", 2, 3, 9, false, false, true},
};

/* conv, batchnorm, add, relu; out[0] is the last of them, the others follow. */
static int make(rig *r, const block *b, ig__value out[4]) {
  ig__value all[4];
  int count = 0;
  ig__value x = rig_field(r, IG__REAL, ig__shape_make(4, (int[]){b->n, b->c, b->size, b->size}, true), NULL);
  all[count++] = rig_line(r, &ig__op_conv2d, b->conv, x);
  all[count] = rig_line(r, &ig__op_batchnorm, b->affine ? "eps=1e-2" : "eps=1e-2 affine=no", all[count - 1]), count++;
  CHECK_OK(ig__graph_status(r->graph));
  if (b->add) {
    ig__value other = rig_field(r, IG__REAL, *ig__shape_of(r->graph, all[0]), NULL);
    bool first = b->c % 2; /* on either side */
    all[count] = ig__node2(r->graph, &ig__op_add, NULL, first ? all[count - 1] : other, first ? other : all[count - 1]), count++;
  }
  if (b->relu) all[count] = ig__node1(r->graph, &ig__op_relu, NULL, all[count - 1]), count++;
  for (int i = 0; i < count; i++) out[i] = all[count - 1 - i];
  for (int64_t i = 0; i < r->state_count; i++)
    r->state[i] = i < r->state_offset[1] ? 0.01 * (double)(i % 7) - 0.02 : 0.5 + 0.1 * (double)(i % 5);
  return count;
}

static bool is_bits(const rig *r, const block *b) {
  return r->isa != IG__ISA_REFERENCE && strstr(b->conv, "bias=no"); /* the oracle rounds once in place of thrice */
}

TEST(fused_equals_apart) {
  ig__choices strided = {.given = "conv2d 32 -> 32, 16 x 16, kernel 3 x 3, stride 2 x 2, padding 1 x 1, dilation 1 x 1, groups 1, "
                                  "form 0, n 4, inference: winograd 4"};
  for (size_t i = 0; i < sizeof blocks / sizeof blocks[0]; i++) {
    const block *b = &blocks[i];
    rig *r = rig_new(b->n, false);
    ig__value out[4];
    int count = make(r, b, out);
    r->graph->choices = &strided; /* whatever the estimates say */
    RIG_EACH_TABLE(r) {
      r->threads = 2;
      rig_run(r, count, out);
      CHECK(strstr(r->described, "batchnorm_apply"));
      if (b->n == 4) CHECK(strstr(r->described, "conv2d_winograd"));
      int64_t size = r->result_count[0];
      double *apart = ig__alloc((size_t)size, sizeof *apart);
      memcpy(apart, r->result[0], (size_t)size * sizeof *apart);
      rig_run(r, 1, out);
      CHECK(strstr(r->described, "batchnorm_fold"));
      CHECK(!strstr(r->described, "batchnorm_apply") && !strstr(r->described, " add ") && !strstr(r->described, " relu "));
      rig_compare(b->conv, r, 0, apart, size, is_bits(r, b) ? 0 : 2e-5);
      ig__free(apart);
    }
    rig_free(r);
  }
  ig__buffer_free(&strided.made);
}

/* The later one of two convolutions adds the other's result. */
TEST(two_convolutions_and_their_sum) {
  rig *r = rig_new(2, false);
  ig__value x = rig_field(r, IG__REAL, ig__shape_make(4, (int[]){2, 20, 8, 8}, true), NULL);
  ig__value a = rig_line(r, &ig__op_conv2d, "24 k=3 stride=2 pad=1", x), b = rig_line(r, &ig__op_conv2d, "24 k=1 stride=2", x);
  ig__value out[4] = {ig__node2(r->graph, &ig__op_add, NULL, a, b), a, b};
  RIG_EACH_TABLE(r) {
    rig_run(r, 3, out);
    double apart[2 * 24 * 16];
    memcpy(apart, r->result[0], sizeof apart);
    rig_run(r, 1, out);
    CHECK(!strstr(r->described, " add "));
    rig_compare("sum", r, 0, apart, 2 * 24 * 16, r->real_size == 4 ? 2e-6 : 1e-14);
  }
  rig_free(r);
}

/* A value that is read twice is not fused away. */
TEST(not_fused_where_others_read) {
  rig *r = rig_new(2, false);
  ig__value x = rig_field(r, IG__REAL, ig__shape_make(4, (int[]){2, 16, 6, 6}, true), NULL);
  ig__value a = rig_line(r, &ig__op_conv2d, "16 k=3 pad=1 bias=no", x), b = rig_line(r, &ig__op_batchnorm, "", a);
  ig__value y = ig__node2(r->graph, &ig__op_add, NULL, ig__node2(r->graph, &ig__op_mul, NULL, a, b), b);
  rig_run(r, 1, &y);
  CHECK(strstr(r->described, "batchnorm_apply") && strstr(r->described, " add "));
  rig_free(r);
}
