/* The slope of a relu before a max pooling is taken before the gradient is spread, and a bias's gradient is added up there: the
 * gradients are those of the ops one after another. Asking a plan for what was spread keeps them apart. */
#include "unit/ops/rig.h"

typedef struct block { const char *conv, *pool; int n, c, size; } block;

static const block blocks[] = {
  {"16 k=3", "2", 3, 1, 12},
  {"20 k=3 pad=1", "2", 2, 17, 9},          /* odd: the pooling leaves pixels out */
  {"18 k=1", "3 stride=2", 2, 5, 11},       /* windows overlap: a pixel gets several gradients */
  {"33 k=3", "3 stride=2 pad=1", 1, 4, 10},
};

/* out: the gradients of x, weights and bias; then what the pooling spreads. */
static void make(rig *r, const block *b, ig__value out[4]) {
  ig__value x = rig_field(r, IG__REAL, ig__shape_make(4, (int[]){b->n, b->c, b->size, b->size}, true), NULL);
  ig__value conv = rig_line(r, &ig__op_conv2d, b->conv, x), relu = ig__node1(r->graph, &ig__op_relu, NULL, conv);
  ig__value pool = rig_line(r, &ig__op_maxpool2d, b->pool, relu), of[3] = {x}, seed;
  CHECK_OK(ig__graph_status(r->graph));
  seed = rig_field(r, IG__REAL, *ig__shape_of(r->graph, pool), NULL);
  for (size_t i = 0, found = 1; i < r->graph->tensor_count && found < 3; i++)
    if (r->graph->tensor[i]->leaf == IG__LEAF_PARAM) of[found++] = (ig__value)i;
  CHECK_OK(ig__gradients(r->graph, pool, seed, of, 3, out));
  out[3] = IG__NONE;
  for (size_t i = 0; i < r->graph->node_count; i++)
    if (r->graph->node[i]->op == &ig__op_maxpool2d_scatter) out[3] = r->graph->node[i]->out[0];
  CHECK(out[3] != IG__NONE);
}

static int count_of(const char *text, const char *word) {
  int count = 0;
  for (; (text = strstr(text, word)); text++) count++;
  return count;
}

TEST(slope_before_the_pooling_spreads) {
  for (size_t i = 0; i < sizeof blocks / sizeof blocks[0]; i++) {
    rig *r = rig_new(blocks[i].n, true);
    ig__value out[4];
    double *apart[3];
    make(r, &blocks[i], out);
    RIG_EACH_TABLE(r) {
      r->threads = 2;
      rig_run(r, 4, out);
      /* The relu's slope is taken of what was spread, so on the larger picture. */
      const char *spread = strstr(r->described, "maxpool2d_scatter"), *slope = spread ? strstr(spread, " relu ") : NULL;
      CHECK(slope);
      for (int k = 0; k < 3; k++) {
        apart[k] = ig__alloc((size_t)r->result_count[k], sizeof *apart[k]);
        memcpy(apart[k], r->result[k], (size_t)r->result_count[k] * sizeof *apart[k]);
      }
      rig_run(r, 3, out);
      spread = strstr(r->described, "maxpool2d_scatter");
      CHECK(spread && !strstr(spread, " relu ") && count_of(r->described, " relu ") == 1);
      for (int k = 0; k < 3; k++) {
        rig_compare(blocks[i].conv, r, k, apart[k], r->result_count[k], k < 2 ? 0 : 1e-5); /* the bias adds in another order */
        ig__free(apart[k]);
      }
    }
    rig_free(r);
  }
}

/* With the pooling of something else than the relu's result nothing is exchanged. */
TEST(slope_stays_where_the_pooling_is_another) {
  rig *r = rig_new(2, true);
  ig__value x = rig_field(r, IG__REAL, ig__shape_make(4, (int[]){2, 3, 8, 8}, true), NULL), of[] = {x}, out[1];
  ig__value relu = ig__node1(r->graph, &ig__op_relu, NULL, x), twice = ig__node2(r->graph, &ig__op_add, NULL, relu, relu);
  ig__value pool = rig_line(r, &ig__op_maxpool2d, "2", twice);
  ig__value seed = rig_field(r, IG__REAL, *ig__shape_of(r->graph, pool), NULL);
  CHECK_OK(ig__gradients(r->graph, pool, seed, of, 1, out));
  rig_run(r, 1, out);
  const char *spread = strstr(r->described, "maxpool2d_scatter");
  CHECK(spread && strstr(spread, " relu "));
  for (int64_t i = 0; i < r->result_count[0]; i++) CHECK(r->field[0].value[i] > 0 || r->result[0][i] == 0);
  rig_free(r);
}
