/* Sizes that an input line leaves open. */
#include "model_test.h"

TEST(open_sizes_are_fixed_once) {
  ig__model *m;
  CHECK_OK(parse_text("# open\ninput * * 20 mean=.5 # of the data\r\nblock b f\n  conv2d f k=3\nend\nb 4\nflatten\ndense classes\n", &m));
  CHECK(ig__model_is_open(m));
  CHECK_INT(m->input.width, 20);
  CHECK_STATUS(ig__model_bind(m, 4, 1), IG_BAD_MODEL);
  CHECK_HAS(ig_last_error(), "model.txt:2: ");
  CHECK_OK(ig__model_fix_input(m, 3, 10, 99));
  CHECK(!ig__model_is_open(m));
  CHECK_INT(m->input.channels, 3);
  CHECK_INT(m->input.height, 10);
  CHECK_INT(m->input.width, 20);
  CHECK_HAS(m->text, "# open\ninput 3 10 20 mean=0.5\r\nblock b f\n");
  CHECK_OK(ig__model_bind(m, 4, 1));
  CHECK_STATUS(ig__model_fix_input(m, 3, 10, 20), IG_USAGE);
  ig__model_free(m);
}

/* The text that is saved says the sizes: the file is a model for itself. */
TEST(open_sizes_are_saved) {
  ig__model *a, *b;
  CHECK_OK(parse_text("input channels=* height=* width=*\nconv2d 2 k=3\nglobal_avgpool2d\ndense classes softmax\n", &a));
  CHECK_OK(ig__model_fix_input(a, 1, 7, 9));
  CHECK_OK(ig__model_bind(a, 4, 1));
  CHECK_OK(ig__model_save(a, test_path("a.safetensors"), NULL));
  CHECK_OK(ig__model_load(test_path("a.safetensors"), 4, &b));
  CHECK_STR(a->text, b->text);
  CHECK_INT(b->input.width, 9);
  ig__model_free(a);
  ig__model_free(b);
}

TEST(open_sizes_are_checked) {
  ig__model *m;
  CHECK_OK(parse_text("input * 4 4 mean=.5,.5,.5\nflatten\ndense classes\n", &m));
  CHECK_STATUS(ig__model_fix_input(m, 1, 4, 4), IG_BAD_MODEL);
  CHECK_HAS(ig_last_error(), "model.txt:1: input: mean has 3 numbers");
  CHECK_OK(ig__model_fix_input(m, 3, 4, 4));
  ig__model_free(m);
  CHECK_OK(parse_text("input * * *\nflatten\ndense classes\n", &m));
  CHECK_STATUS(ig__model_fix_input(m, 4096, 32768, 32768), IG_BAD_MODEL);
  ig__model_free(m);
}
