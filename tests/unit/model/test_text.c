/* Model text that is right: what comes out of it. */
#include "model_test.h"

static const struct { const char *text, *lines; } good[] = {
  {"input 1 28 28\ndense 10\n", "input; dense1 dense(input) =out"},
  {"input 1 28 28\ndense 10", "input; dense1 dense(input) =out"},
  {"\xEF\xBB\xBFinput 1 28 28\r\n\r\n  dense 10  \r\n# end\r\n", "input; dense1 dense(input) =out"},
  {"# a comment\n\n\tinput 1 28 28 # another\ndense classes#and one\n", "input; dense1 dense(input) =out"},
  {"input 1 8 8\nconv2d 4 relu\nconv2d 4\n",
   "input; conv2d1 conv2d(input); conv2d1.relu relu(conv2d1); conv2d2 conv2d(conv2d1.relu) =out"},
  {"input 1 8 8\nfirst = conv2d 4\nconv2d 4\nlast = conv2d 4 softmax\n",
   "input; first conv2d(input); conv2d1 conv2d(first); last conv2d(conv2d1); last.softmax softmax(last) =out"},
  {"input 1 8 8\nbatchnorm relu\n", "input; batchnorm1 batchnorm(input); batchnorm1.relu relu(batchnorm1) =out"},
  {"input 1 8 8\ndense 4 tanh relu tanh\n",
   "input; dense1 dense(input); dense1.tanh tanh(dense1); dense1.relu relu(dense1.tanh); dense1.tanh2 tanh(dense1.relu) =out"},
  {"input 1 8 8\nrelu\nrelu tanh\n",
   "input; relu1 relu(input); relu2 relu(relu1); relu2.tanh tanh(relu2) =out"},
  {"input 1 8 8\na = conv2d 1 pad=same relu\nadd @. @input\nadd @a @conv2d_x\n", NULL},
  {"input 1 8 8\na = conv2d 1 pad=same relu\nadd @. @input\nadd @a @add1 relu\n",
   "input; a conv2d(input); a.relu relu(a); add1 add(a.relu input); add2 add(a.relu add1); add2.relu relu(add2) =out"},
  {"input 1 8 8\nconv2d @. 4\nconv2d 4 @input\n", "input; conv2d1 conv2d(input); conv2d2 conv2d(input) =out"},
  {"input 1 8 8\noutput a = dense 3\noutput b = dense @input 4 relu\ndense 5\n",
   "input; a dense(input) =a; b dense(input); b.relu relu(b) =b; dense1 dense(b.relu)"},
  {"input 1 8 8\na = dense 64 freeze\ndense 64 share=a relu\nb = dense 64 share=dense1 tanh\n",
   "input; a dense(input) freeze; dense1 dense(a) share=a; dense1.relu relu(dense1); b dense(dense1.relu) share=a; "
   "b.tanh tanh(b) =out"},
  {"input 1 8 8\ndense 3 l2=1e-3 relu\ndense 3 l1=1/4 l2=0\n",
   "input; dense1 dense(input) l2=0.001; dense1.relu relu(dense1); dense2 dense(dense1.relu) l2=0 l1=0.25 =out"},
  {"input 1 8 8\ndense 3 relu freeze\n", "input; dense1 dense(input) freeze; dense1.relu relu(dense1) =out"},
  {"input classes 8 8\ndense classes\n", "input; dense1 dense(input) =out"},
  /* blocks */
  {"block b\ndense 3\nend\ninput 1 8 8\nb\nb\n", "input; b1.dense1 dense(input); b2.dense1 dense(b1.dense1) =out"},
  {"input 1 8 8\nm = b\nb @input\nblock b # below its use\ndense 3\nend\n",
   "input; m.dense1 dense(input); b1.dense1 dense(input) =out"},
  {"input 1 8 8\nblock b f s=1\nconv2d f stride=s pad=1\nbatchnorm relu\nadd @. @in\nend\nx = b 1\noutput y = b 1 s=1 tanh\n",
   "input; x.conv2d1 conv2d(input); x.batchnorm1 batchnorm(x.conv2d1); x.batchnorm1.relu relu(x.batchnorm1); "
   "x.add1 add(x.batchnorm1.relu input); y.conv2d1 conv2d(x.add1); y.batchnorm1 batchnorm(y.conv2d1); "
   "y.batchnorm1.relu relu(y.batchnorm1); y.add1 add(y.batchnorm1.relu x.add1); y.tanh tanh(y.add1) =y"},
  {"input 1 8 8\nblock a n\ndense n\nend\nblock b n act=tanh\na n\nk = a 5\nadd @k @k act\nend\nu = b 5 act=relu\nadd @u @u.a1\n",
   "input; u.a1.dense1 dense(input); u.k.dense1 dense(u.a1.dense1); u.add1 add(u.k.dense1 u.k.dense1); "
   "u.add1.relu relu(u.add1); add1 add(u.add1.relu u.a1.dense1) =out"},
  {"input 1 8 8\nblock a\ndense 64\nend\nx = a freeze l2=2\na l1=1\na @x share=x\n",
   "input; x.dense1 dense(input) freeze l2=2; a1.dense1 dense(x.dense1) l1=1; a2.dense1 dense(x.dense1) share=x.dense1 =out"},
  {"input 1 8 8\nblock a\ndense 64 relu\nend\nblock b\na\na\nend\nx = b\nb share=x\n",
   "input; x.a1.dense1 dense(input); x.a1.dense1.relu relu(x.a1.dense1); x.a2.dense1 dense(x.a1.dense1.relu); "
   "x.a2.dense1.relu relu(x.a2.dense1); b1.a1.dense1 dense(x.a2.dense1.relu) share=x.a1.dense1; "
   "b1.a1.dense1.relu relu(b1.a1.dense1); b1.a2.dense1 dense(b1.a1.dense1.relu) share=x.a2.dense1; "
   "b1.a2.dense1.relu relu(b1.a2.dense1) =out"},
  {"input 1 8 8\nblock head n\ndense n softmax\nend\nhead classes\n",
   "input; head1.dense1 dense(input); head1.dense1.softmax softmax(head1.dense1) =out"},
  {"input 1 8 8\nblock b l2\ndense 3 l2=l2\nend\nb 4\nb l2=5\n",
   "input; b1.dense1 dense(input) l2=4; b2.dense1 dense(b1.dense1) l2=5 =out"},
};

TEST(good_texts) {
  for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
    ig__model *m;
    ig_status status = parse_text(good[i].text, &m);
    if (!good[i].lines) {
      CHECK_INT(status, IG_BAD_MODEL);
      CHECK(m == NULL);
      continue;
    }
    if (status != IG_OK) test_fail(__FILE__, __LINE__, "text %zu: %s", i, ig_last_error());
    if (strcmp(describe(m), good[i].lines)) test_fail(__FILE__, __LINE__, "text %zu:\n%s\nwant\n%s", i, describe(m), good[i].lines);
    CHECK_STR(m->text, good[i].text);
    CHECK_STR(m->name, "model.txt");
    CHECK_INT(m->class_count, 10);
    ig__model_free(m);
  }
}

TEST(input_line) {
  ig__model *m;
  CHECK_OK(parse_text("input 3 32 24 scale=1/2 mean=.5,.25,1 std=2\nrelu\n", &m));
  CHECK_INT(m->input.channels, 3);
  CHECK_INT(m->input.height, 32);
  CHECK_INT(m->input.width, 24);
  CHECK_NEAR(m->input.scale, .5, 0);
  CHECK_INT(m->input.mean.count, 3);
  CHECK_NEAR(m->input.mean.v[1], .25, 0);
  CHECK_INT(m->input.std.count, 1);
  CHECK_NEAR(m->input.std.v[0], 2, 0);
  ig__model_free(m);
  CHECK_OK(parse_text("input height=5 width=6 channels=1\nrelu\n", &m));
  CHECK_INT(m->input.height, 5);
  CHECK_NEAR(m->input.scale, 1.0 / 255, 0);
  CHECK_NEAR(m->input.mean.v[0], 0, 0);
  CHECK_NEAR(m->input.std.v[0], 1, 0);
  ig__model_free(m);
}

TEST(numbers_and_texts_of_lines) {
  ig__model *m;
  CHECK_OK(parse_text("# one\n\ninput 1 8 8\nblock b\n  dense 4   relu # c\nend\nx = b\n", &m));
  CHECK_INT(m->line_count, 3);
  CHECK_INT(m->line[0].number, 3);
  CHECK_STR(m->line[0].text, "input 1 8 8");
  CHECK_INT(m->line[1].number, 5);
  CHECK_STR(m->line[1].text, "dense 4   relu # c");
  CHECK_INT(m->line[2].number, 5);
  CHECK(m->line[0].op == NULL && m->line[0].options == NULL);
  CHECK_INT(m->output_count, 1);
  CHECK_INT(m->output[0], 2);
  ig__model_free(m);
}

TEST(named_lines_keep_their_names) {
  ig__model *a, *b;
  CHECK_OK(parse_text("input 1 8 8\ndense 4\nhead = dense 3\n", &a));
  CHECK_OK(parse_text("input 1 8 8\ndense 5\ndense 4\nhead = dense 3\n", &b));
  CHECK(line_of(a, "head") && line_of(b, "head"));
  CHECK(line_of(a, "dense1") && line_of(b, "dense2") && !line_of(b, "dense3"));
  ig__model_free(a);
  ig__model_free(b);
}

TEST(sixteen_blocks_deep) {
  char text[4096] = "input 1 8 8\nblock b1\ndense 3\nend\n";
  size_t used = strlen(text);
  for (int i = 2; i <= 16; i++)
    used += (size_t)snprintf(text + used, sizeof text - used, "block b%d\nb%d\nend\n", i, i - 1);
  snprintf(text + used, sizeof text - used, "b16\n");
  ig__model *m;
  CHECK_OK(parse_text(text, &m));
  CHECK_HAS(m->line[1].name, "b161.b151.b141.");
  ig__model_free(m);
  used += (size_t)snprintf(text + used, sizeof text - used, "block b17\nb16\nend\nb17\n");
  CHECK_STATUS(parse_text(text, &m), IG_BAD_MODEL);
  CHECK_HAS(ig_last_error(), "more than 16 deep");
}

/* 16 blocks, each using the next 16 times, would be 16^16 lines. */
TEST(unfolding_is_bounded) {
  char text[16384] = "input 1 8 8\nblock b1\nrelu\nend\n";
  size_t used = strlen(text);
  for (int i = 2; i <= 16; i++) {
    used += (size_t)snprintf(text + used, sizeof text - used, "block b%d\n", i);
    for (int k = 0; k < 16; k++) used += (size_t)snprintf(text + used, sizeof text - used, "b%d\n", i - 1);
    used += (size_t)snprintf(text + used, sizeof text - used, "end\n");
  }
  snprintf(text + used, sizeof text - used, "b16\n");
  ig__model *m;
  double start = ig__now();
  CHECK_STATUS(parse_text(text, &m), IG_BAD_MODEL);
  CHECK_HAS(ig_last_error(), "more than 10000 lines");
  CHECK(ig__now() - start < 2);
}

TEST(ten_thousand_lines) {
  static char text[1 << 20];
  size_t used = (size_t)snprintf(text, sizeof text, "input 1 8 8\n");
  for (int i = 0; i < 9999; i++) used += (size_t)snprintf(text + used, sizeof text - used, "add @. @input @input\n");
  ig__model *m;
  ig_status status = parse_text(text, &m);
  if (status != IG_OK) { /* an add of two only */
    CHECK_HAS(ig_last_error(), "add takes 2 inputs, found 3");
    used = (size_t)snprintf(text, sizeof text, "input 1 8 8\n");
    for (int i = 0; i < 9999; i++) used += (size_t)snprintf(text + used, sizeof text - used, "add @. @input\n");
    double start = ig__now();
    CHECK_OK(parse_text(text, &m));
    CHECK(ig__now() - start < 1);
  }
  CHECK_INT(m->line_count, 10000);
  CHECK_STR(m->line[9999].name, "add9999");
  ig__model_free(m);
  snprintf(text + used, sizeof text - used, "relu\n");
  CHECK_STATUS(parse_text(text, &m), IG_BAD_MODEL);
  CHECK_HAS(ig_last_error(), "model.txt:10001: more than 10000 lines");
}
