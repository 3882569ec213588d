/* The models inside the command: sizes, shapes, names. */
#include "model_test.h"

#include <stdlib.h>

static const struct { const char *name; int64_t params; int channels, side; const char *end; } sizes[] = {
  {"dncnn", 556097, 1, 40, "sub"},        /* 640 + 15 · (36864 + 128) + 577 */
  {"lenet5", 61706, 1, 28, "softmax"},    /* 156 + 2416 + 48120 + 10164 + 850 */
  {"mlp", 101770, 1, 28, "softmax"},      /* 100480 + 1290 */
  {"resnet18", 11173962, 3, 32, "softmax"}, /* 1856 + 147968 + 525568 + 2099712 + 8393728 + 5130 */
  {"resnet8", 78042, 3, 32, "softmax"},   /* 464 + 4672 + 14528 + 57728 + 650 */
  {"small", 993002, 3, 32, "softmax"},   /* 928 + 34752 + 124800 + 498432 + 332160 + 1930 */
  {"softmax", 7850, 1, 28, "softmax"},
  {"swift", 17866, 1, 28, "softmax"},     /* 416 + 2304 + 32 + 9216 + 128 + 5770 */
  {"textbook", 225034, 1, 28, "softmax"}, /* 320 + 18496 + 204928 + 1290 */
  {"unet", 482449, 1, 256, "conv2d"},     /* 2512 + 13952 + 55552 + 221696 + 143680 + 36000 + 9040 + 17 */
};

TEST(sizes) {
  size_t count = 0;
  for (const ig__builtin *b = ig__builtins; b->name; b++, count++) {
    ig__model *m;
    CHECK(count < sizeof sizes / sizeof sizes[0]);
    CHECK_STR(b->name, sizes[count].name);
    CHECK(strlen(b->help) > 10 && b->help[0] != '#');
    CHECK_OK(ig__model_open(b->name, 10, &m));
    CHECK_STR(m->name, b->name);
    if (ig__model_is_open(m)) CHECK_OK(ig__model_fix_input(m, 3, 32, 32));
    CHECK_OK(ig__model_bind(m, 4, 1));
    CHECK_INT(count_params(m), sizes[count].params);
    CHECK_INT(m->input.channels, sizes[count].channels);
    CHECK_INT(m->input.height, sizes[count].side);
    CHECK_INT(m->output_count, 1);
    CHECK_STR(m->line[m->output[0]].output_name, "out");
    CHECK_STR(m->line[m->output[0]].op->name, sizes[count].end);
    ig__model_free(m);
  }
  CHECK_INT(count, sizeof sizes / sizeof sizes[0]);
}

/* Built in both modes, at another size of batch and for each kind of picture: n × classes comes out, or a picture of the input's size. */
TEST(outputs) {
  static const ig__dtype pictures[] = {IG__U8, IG__F32, IG__REAL};
  for (const ig__builtin *b = ig__builtins; b->name; b++)
    for (int i = 0; i < 6; i++) {
      ig__model *m;
      ig__graph *g;
      ig__built built;
      CHECK_OK(ig__model_open(b->name, 7, &m));
      if (ig__model_is_open(m)) CHECK_OK(ig__model_fix_input(m, 1, 24, 40));
      CHECK_OK(ig__model_bind(m, 8, 1));
      CHECK_OK(ig__graph_new(&g, ig__core_ops_get(), 5, i % 2 == 1));
      CHECK_OK(ig__model_build(m, g, pictures[i / 2], &built));
      CHECK_INT(built.output_count, 1);
      CHECK_INT(ig__tensor_of(g, built.image)->dtype, pictures[i / 2]);
      CHECK_INT(ig__tensor_of(g, built.image)->leaf, IG__LEAF_FIELD);
      const ig__shape *s = ig__shape_of(g, built.output[0]);
      CHECK(s->batched && s->dim[0] == 5);
      if (strcmp(m->line[m->output[0]].op->name, "softmax") == 0) CHECK(s->rank == 2 && s->dim[1] == 7);
      else CHECK(s->rank == 4 && s->dim[1] == 1 && s->dim[2] == m->input.height && s->dim[3] == m->input.width);
      CHECK(built.line[m->output[0]] == built.output[0]);
      size_t leaves = 0;
      for (size_t t = 0; t < g->tensor_count; t++) leaves += g->tensor[t]->leaf == IG__LEAF_PARAM;
      CHECK_INT(leaves, m->param_count);
      ig__graph_free(g);
      ig__model_free(m);
    }
}

TEST(textbook_parameters) {
  ig__model *m;
  CHECK_OK(ig__model_open("textbook", 10, &m));
  CHECK_OK(ig__model_bind(m, 4, 1));
  static const struct { const char *name, *shape; ig__param_kind kind; } want[] = {
    {"conv2d1.weight", "32×1×3×3", IG__PARAM_WEIGHT}, {"conv2d1.bias", "32", IG__PARAM_BIAS},
    {"conv2d2.weight", "64×32×3×3", IG__PARAM_WEIGHT}, {"conv2d2.bias", "64", IG__PARAM_BIAS},
    {"dense1.weight", "128×1600", IG__PARAM_WEIGHT}, {"dense1.bias", "128", IG__PARAM_BIAS},
    {"dense2.weight", "10×128", IG__PARAM_WEIGHT}, {"dense2.bias", "10", IG__PARAM_BIAS}};
  CHECK_INT(m->param_count, sizeof want / sizeof want[0]);
  for (size_t i = 0; i < m->param_count; i++) {
    char text[96];
    CHECK_STR(m->param[i].name, want[i].name);
    CHECK_STR(ig__shape_text(text, &m->param[i].shape), want[i].shape);
    CHECK_INT(m->param[i].kind, want[i].kind);
  }
  CHECK_INT(m->state_count, 0);
  ig__model_free(m);
}

TEST(resnet8_blocks) {
  ig__model *m;
  CHECK_OK(ig__model_open("resnet8", 10, &m));
  CHECK_OK(ig__model_bind(m, 4, 1));
  char text[96];
  CHECK_STR(ig__shape_text(text, &param_of(m, "stage3.conv2d3.weight")->shape), "64×32×1×1");
  CHECK_STR(ig__shape_text(text, &param_of(m, "stage2.main.gamma")->shape), "32");
  CHECK_STR(ig__shape_text(text, &param_of(m, "dense1.weight")->shape), "10×64");
  CHECK_INT(m->state_count, 2 * 9);
  ig__model_free(m);
}

TEST(resnet18_dncnn_and_unet_blocks) {
  static const struct { const char *model, *param, *shape; size_t states; } rows[] = {
    {"resnet18", "stage1a.conv2d2.weight", "64×64×3×3", 2 * 20}, {"resnet18", "stage4a.conv2d3.weight", "512×256×1×1", 2 * 20},
    {"dncnn", "middle15.conv2d1.weight", "64×64×3×3", 2 * 15},   {"dncnn", "noise.bias", "1", 2 * 15},
    {"unet", "up3.conv2d1.weight", "64×128×3×3", 2 * 14},        {"unet", "conv2d_transpose3.weight", "32×16×2×2", 2 * 14},
    {"unet", "mask.weight", "1×16×1×1", 2 * 14}};
  char text[96];
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    ig__model *m;
    CHECK_OK(ig__model_open(rows[i].model, 10, &m));
    CHECK_OK(ig__model_bind(m, 4, 1));
    CHECK_STR(ig__shape_text(text, &param_of(m, rows[i].param)->shape), rows[i].shape);
    CHECK_INT(m->state_count, rows[i].states);
    ig__model_free(m);
  }
}

TEST(names_and_files) {
  ig__model *m;
  CHECK_STATUS(ig__model_open("txetbook", 10, &m), IG_USAGE);
  CHECK_HAS(ig_last_error(), "did you mean textbook");
  CHECK_STATUS(ig__model_open("qqqqqqqqqqqqq", 10, &m), IG_USAGE);
  CHECK_HAS(ig_last_error(), "dncnn, lenet5, mlp, resnet18, resnet8, small, softmax, swift, textbook, unet");
  const char *path = test_path("own.txt");
  CHECK_OK(ig__file_write_atomic(path, "input 1 4 4\ndense classes\nfoo\n", 30));
  CHECK_STATUS(ig__model_open(path, 10, &m), IG_BAD_MODEL);
  CHECK_HAS(ig_last_error(), "own.txt:3: ");
  CHECK_OK(ig__file_write_atomic(path, "input 1 4 4\ndense classes\n", 26));
  CHECK_OK(ig__model_open(path, 3, &m));
  CHECK_STR(m->name, path);
  CHECK_OK(ig__model_bind(m, 4, 1));
  CHECK_INT(count_params(m), 51);
  ig__model_free(m);
  CHECK_OK(ig__file_write_atomic(test_path("w.safetensors"), "x", 1));
  CHECK_STATUS(ig__model_open(test_path("w.safetensors"), 10, &m), IG_BAD_MODEL);
  CHECK_HAS(ig_last_error(), "this holds weights");
  char *large = calloc(1, (1 << 20) + 10);
  CHECK_OK(ig__file_write_atomic(path, large, (1 << 20) + 10));
  free(large);
  CHECK_STATUS(ig__model_open(path, 3, &m), IG_BAD_MODEL);
}
