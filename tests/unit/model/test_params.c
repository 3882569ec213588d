/* Binding: spans, initial values, sharing, freezing. */
#include "model_test.h"

static float value(const ig__model *m, const char *name, int64_t i) {
  return ((const float *)m->params)[param_of(m, name)->offset + i];
}

TEST(spans) {
  ig__model *m = bound_model("input 1 8 8\nconv2d 5 k=3\nbatchnorm\ndense 3\n");
  CHECK_INT(m->param_count, 6);
  CHECK_INT(m->state_count, 2);
  CHECK_INT(m->real_size, 4);
  CHECK_INT(m->version, 1);
  CHECK_INT((uintptr_t)m->params % 64, 0);
  int64_t end = 0;
  for (size_t i = 0; i < m->param_count; i++) {
    const ig__param *p = &m->param[i];
    CHECK_INT(p->offset, end);
    CHECK_INT(m->param_offset[i], p->offset);
    CHECK_INT(p->count, ig__shape_count(&p->shape));
    end = p->offset + (p->count + 15) / 16 * 16;
    for (int64_t k = p->offset + p->count; k < end; k++) CHECK(((const float *)m->params)[k] == 0);
  }
  CHECK_INT(m->params_size, end);
  CHECK_INT(m->states_size, 32);
  CHECK_INT(m->state_offset[1], 16);
  CHECK_STR(m->state[0].name, "batchnorm1.running_mean");
  CHECK_STR(m->state[1].name, "batchnorm1.running_variance");
  for (int i = 0; i < 16; i++) {
    CHECK_NEAR((double)((const float *)m->states)[i], 0, 0);
    CHECK_NEAR((double)((const float *)m->states)[16 + i], i < 5 ? 1 : 0, 0);
  }
  CHECK_STATUS(ig__model_bind(m, 4, 1), IG_USAGE);
  ig__model_free(m);
}

TEST(refusals) {
  ig__model *m;
  ig__graph *g;
  ig__built built;
  CHECK_OK(parse_text("input 1 8 8\ndense 3\n", &m));
  CHECK_STATUS(ig__model_bind(m, 2, 1), IG_USAGE);
  CHECK_STATUS(ig__model_initialise(m, 1), IG_USAGE);
  CHECK_STATUS(ig__model_save(m, test_path("x"), NULL), IG_USAGE);
  CHECK_OK(ig__graph_new(&g, ig__core_ops_get(), 5, true));
  CHECK_STATUS(ig__model_build(m, g, IG__U8, &built), IG_USAGE);
  ig__graph_free(g);
  ig__model_free(m);
}

/* A named line's values depend on the seed, its name and its own shape, and on nothing else in the text. */
TEST(initialisation_is_by_name) {
  ig__model *a = bound_model("input 1 8 8\nhead = dense 64\n");
  ig__model *b = bound_model("input 1 8 8\ndense 64 relu\nx = dense 64\nhead = dense 64\n");
  ig__model *c = bound_model("input 1 8 8\nheat = dense 64\n");
  CHECK_OK(ig__model_initialise(b, 1));
  CHECK_INT(b->version, 2);
  int same = 0;
  for (int64_t i = 0; i < 64 * 64; i++) {
    CHECK(value(a, "head.weight", i) == value(b, "head.weight", i));
    CHECK(value(a, "head.weight", i) != 0);
    same += value(a, "head.weight", i) == value(c, "heat.weight", i);
  }
  CHECK(same < 5);
  CHECK_OK(ig__model_initialise(b, 2));
  same = 0;
  for (int64_t i = 0; i < 64 * 64; i++) same += value(a, "head.weight", i) == value(b, "head.weight", i);
  CHECK(same < 5);
  CHECK_OK(ig__model_initialise(b, 1));
  CHECK(value(a, "head.weight", 7) == value(b, "head.weight", 7));
  ig__model_free(a);
  ig__model_free(b);
  ig__model_free(c);
}

TEST(float_and_double_start_alike) {
  ig__model *f, *d;
  CHECK_OK(ig__model_open("textbook", 10, &f));
  CHECK_OK(ig__model_open("textbook", 10, &d));
  CHECK_OK(ig__model_bind(f, 4, 5));
  CHECK_OK(ig__model_bind(d, 8, 5));
  CHECK_INT(f->params_size, d->params_size);
  int differ = 0;
  for (int64_t i = 0; i < f->params_size; i++) {
    double v = ((const double *)d->params)[i];
    CHECK(((const float *)f->params)[i] == (float)v);
    differ += (double)(float)v != v;
  }
  CHECK(differ > 200000);
  ig__model_free(f);
  ig__model_free(d);
}

TEST(glorot_bounds) {
  ig__model *m = bound_model("input 1 8 8\ndense 36\ndense 5 init=he_normal\ndense 3 init=ones\n");
  double limit = sqrt(6.0 / (64 + 36)), largest = 0;
  for (int64_t i = 0; i < 64 * 36; i++) largest = fmax(largest, fabs((double)value(m, "dense1.weight", i)));
  CHECK(largest <= limit && largest > .99 * limit);
  CHECK_STR(param_of(m, "dense2.weight")->initialiser, "he_normal");
  CHECK_NEAR(param_of(m, "dense1.weight")->fan_in, 64, 0);
  CHECK_NEAR(param_of(m, "dense1.weight")->fan_out, 36, 0);
  CHECK_NEAR((double)value(m, "dense3.weight", 4), 1, 0);
  CHECK_NEAR((double)value(m, "dense1.bias", 4), 0, 0);
  ig__model_free(m);
}

TEST(traits_reach_parameters) {
  ig__model *m = bound_model("input 1 8 8\na = dense 4 freeze\nb = dense 4 l2=0.5 l1=2\nc = dense 4\n");
  CHECK(param_of(m, "a.weight")->frozen && param_of(m, "a.bias")->frozen);
  CHECK(!param_of(m, "b.weight")->frozen);
  CHECK_NEAR(param_of(m, "b.weight")->l2, .5, 0);
  CHECK_NEAR(param_of(m, "b.weight")->l1, 2, 0);
  CHECK(isnan(param_of(m, "c.weight")->l2) && isnan(param_of(m, "c.weight")->l1));
  CHECK_INT(param_of(m, "c.bias")->line, 3);
  ig__model_free(m);
}

/* Shared parameters are one leaf, so that one gradient gathers what flows from all their lines. */
TEST(sharing_is_one_leaf) {
  ig__model *m = bound_model("input 1 8 8\nblock two\ndense 64 relu\nbatchnorm\nend\nx = two\ny = two share=x\nz = two share=y\ndense 3\n");
  CHECK_INT(m->param_count, 6);
  CHECK_INT(m->state_count, 2);
  ig__graph *g;
  ig__built built;
  size_t leaves = 0, states = 0;
  CHECK_OK(ig__graph_new(&g, ig__core_ops_get(), 4, true));
  CHECK_OK(ig__model_build(m, g, IG__U8, &built));
  for (size_t i = 0; i < g->tensor_count; i++) {
    leaves += g->tensor[i]->leaf == IG__LEAF_PARAM;
    states += g->tensor[i]->leaf == IG__LEAF_STATE;
  }
  CHECK_INT(leaves, 6);
  CHECK_INT(states, 2);
  ig__graph_free(g);
  ig__model_free(m);
}

/* Bytes are scaled, floats are taken as they are; mean and deviation go for both. */
TEST(preprocessing) {
  ig__model *m = bound_model("input 2 8 8 scale=1/255 mean=.1,0.25 std=1/3\ndense 3\n");
  for (int i = 0; i < 2; i++) {
    ig__graph *g;
    ig__built built;
    char text[512];
    double scale;
    CHECK_OK(ig__graph_new(&g, ig__core_ops_get(), 4, true));
    CHECK_OK(ig__model_build(m, g, i ? IG__F32 : IG__U8, &built));
    const ig__node *node = ig__tensor_of(g, built.line[0])->node;
    CHECK_STR(node->op->name, "preprocess");
    ig__options_print("preprocess", node->op->options, node->options, text, sizeof text);
    CHECK_HAS(text, i ? "preprocess mean=0.1,0.25 std=0.333" : "preprocess scale=0.00392156862745098 mean=0.1,0.25");
    memcpy(&scale, (const char *)node->options + node->op->options->offset, sizeof scale);
    CHECK(scale == (i ? 1 : 1.0 / 255));
    ig__graph_free(g);
  }
  ig__model_free(m);
}

TEST(nodes_know_their_lines) {
  ig__model *m = bound_model("input 1 8 8\nblock b\nconv2d 3 relu\nend\nx = b\n");
  ig__graph *g;
  ig__built built;
  CHECK_OK(ig__graph_new(&g, ig__core_ops_get(), 4, true));
  CHECK_OK(ig__model_build(m, g, IG__F32, &built));
  CHECK_STR(g->node[0]->line, "input");
  CHECK_STR(ig__tensor_of(g, built.output[0])->node->line, "x.conv2d1.relu");
  CHECK_STR(g->line, "");
  ig__graph_free(g);
  ig__model_free(m);
}

TEST(a_large_model_binds_quickly) {
  static char text[1 << 19];
  size_t used = (size_t)snprintf(text, sizeof text, "input 1 2 2\na = dense 4\n");
  for (int i = 0; i < 4000; i++) used += (size_t)snprintf(text + used, sizeof text - used, "dense 4\nbatchnorm\n");
  for (int i = 0; i < 1900; i++) used += (size_t)snprintf(text + used, sizeof text - used, "dense 4 share=a\n");
  ig__model *m;
  double start = ig__now();
  CHECK_OK(parse_text(text, &m));
  CHECK_OK(ig__model_bind(m, 4, 1));
  CHECK_INT(m->param_count, 16002);
  CHECK(ig__now() - start < 5);
  ig__model_free(m);
}
