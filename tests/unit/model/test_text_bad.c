/* Model text that is wrong: what the message says. */
#include "model_test.h"

#include "base/rng.h"

#include <stdlib.h>

#define IN "input 1 8 8\n"

static const struct { const char *text, *place, *part, *other; } bad[] = {
  {"", "model.txt: ", "no 'input", NULL},
  {"# nothing\n\n", "model.txt: ", "no 'input", NULL},
  {IN, "model.txt: ", "nothing follows the input line", NULL},
  {"conv2d 32\n", "model.txt:1: ", "first line must be 'input", "found 'conv2d'"},
  {"inptu 1 8 8\n", "model.txt:1: ", "the op 'inptu' is not known", "did you mean input?"},
  {"input\n", "model.txt:1: ", "input: channels is missing", NULL},
  {"input 1 8\nrelu\n", "model.txt:1: ", "input: width is missing", NULL},
  {"input 1 8 8 8\nrelu\n", "model.txt:1: ", "one word too many", NULL},
  {"input 0 8 8\nrelu\n", "model.txt:1: ", "channels=0 is out of range", "1 … 4096"},
  {"input 1 x8 8\nrelu\n", "model.txt:1: ", "height=x8 is not known", "*, or a number"},
  {"input 1 x* *\nrelu\n", "model.txt:1: ", "height=x* is not known", NULL},
  {"input left 1 8 8\nrelu\n", "model.txt:1: ", "several inputs", "'left', is not in this version"},
  {IN "relu\ninput 1 8 8\n", "model.txt:3: ", "several inputs", "is not in this version"},
  {IN "x = input 1 8 8\n", "model.txt:2: ", "several inputs", "is not in this version"},
  {"input 1 8 8 scael=1\nrelu\n", "model.txt:1: ", "'scael' is not known", "did you mean scale?"},
  {"input 1 8 8 std=0\nrelu\n", "model.txt:1: ", "std=0 is out of range", NULL},
  {"input 3 8 8 mean=1,2\nrelu\n", "model.txt:1: ", "mean has 2 numbers", "wanted 1 or 3"},
  {"input 3 8 8 mean=\nrelu\n", "model.txt:1: ", "mean has 0 numbers", NULL},
  {"input 4096 32768 32768\nrelu\n", "model.txt:1: ", "2^28", NULL},
  {IN "\n# c\nconv2 32\n", "model.txt:4: ", "the op 'conv2' is not known", "did you mean conv2d?"},
  {IN "xyzzyplugh 32\n", "model.txt:2: ", "'xyzzyplugh' is not known; known: ", "conv2d"},
  {IN "conv2d\n", "model.txt:2: ", "conv2d: filters is missing", NULL},
  {IN "conv2d 32 kk=3\n", "model.txt:2: ", "conv2d: the option 'kk' is not known", "did you mean k?"},
  {IN "conv2d 32 k=x\n", "model.txt:2: ", "k=x is not a whole number", NULL},
  {IN "conv2d 32 33\n", "model.txt:2: ", "'33' is one word too many", NULL},
  {IN "conv2d 0\n", "model.txt:2: ", "filters=0 is out of range", NULL},
  {IN "conv2d 32 k=3 rleu\n", "model.txt:2: ", "the activation 'rleu' is not known", "did you mean relu?"},
  {IN "conv2d relu 32\n", "model.txt:2: ", "'relu' does not end the line", "found '32' behind it"},
  {IN "dense 3 relu relu relu relu relu relu relu relu relu\n", "model.txt:2: ", "more than 8 activations", NULL},
  {IN "conv2d 32 @nmae\nname = relu\n", "model.txt:2: ", "@nmae: no line above has this name", NULL},
  {IN "name = conv2d 32\nrelu @nmae\n", "model.txt:3: ", "@nmae", "did you mean @name?"},
  {IN "relu @\n", "model.txt:2: ", "@: no line above has this name", NULL},
  {IN "relu @in\n", "model.txt:2: ", "@in is the input of a block", "@input"},
  {IN "x = relu @x\n", "model.txt:2: ", "@x: no line above has this name", NULL},
  {IN "add\n", "model.txt:2: ", "add takes 2", "found 1; name them"},
  {IN "relu @. @input\n", "model.txt:2: ", "relu takes 1 input, found 2", NULL},
  {IN "a = relu\na = relu\n", "model.txt:3: ", "the name a is that of line 2", NULL},
  {IN "relu1 = relu\nrelu\n", "model.txt:3: ", "the name relu1 is that of line 2", NULL},
  {IN "input = relu\n", "model.txt:2: ", NULL, NULL},
  {IN "in = relu\n", "model.txt:2: ", "the word has a meaning of its own", NULL},
  {IN "3a = relu\n", "model.txt:2: ", "the name '3a' is not possible", NULL},
  {IN "a.3b = relu\n", "model.txt:2: ", "the name '3b' is not possible", NULL},
  {IN "a..b = relu\n", "model.txt:2: ", "the name '' is not possible", NULL},
  {IN "a=relu\n", "model.txt:2: ", "put blanks around the '='", NULL},
  {IN "a =\n", "model.txt:2: ", "an op is missing behind 'a ='", NULL},
  {IN "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa = relu\n", "model.txt:2: ", "longer than 63 bytes", NULL},
  {IN "output relu\n", "model.txt:2: ", "wanted 'output NAME = OP", NULL},
  {IN "output a = relu\noutput b = relu\noutput c = relu\noutput d = relu\noutput e = relu\noutput f = relu\noutput g = relu\n"
      "output h = relu\noutput i = relu\n", "model.txt:10: ", "more than 8 outputs", NULL},
  {IN "loss cross_entropy\n", "model.txt:2: ", "'loss' is not in this version", "--loss"},
  {IN "relu\nnet two\n", "model.txt:3: ", "'net'", "is not in this version"},
  {IN "z = random normal 64\n", "model.txt:2: ", "'random'", "is not in this version"},
  {IN "a = block\n", "model.txt:2: ", "'block' stands where an op should", NULL},
  {IN "relu freeze\n", "model.txt:2: ", "'freeze' acts on parameters, and relu has none", NULL},
  {IN "relu l2=1\n", "model.txt:2: ", "'l2' acts on parameters", NULL},
  {IN "dense 3 l2=-1\n", "model.txt:2: ", "l2=-1 is no number of at least 0", NULL},
  {IN "dense 3 l1=x\n", "model.txt:2: ", "l1=x is no number", NULL},
  {IN "dense 3 l1=1 l1=2\n", "model.txt:2: ", "l1 is given twice", NULL},
  {IN "dense 3 share=a\n", "model.txt:2: ", "share=a: no line above has this name", NULL},
  {IN "a = conv2d 3\ndense 3 share=a\n", "model.txt:3: ", "share=a: found conv2d, wanted a line with dense", NULL},
  {IN "a = dense 3\ndense 3 share=a freeze\n", "model.txt:3: ", "belong to the line that owns", NULL},
  {"end\n", "model.txt:1: ", "'end' without a block", NULL},
  {"block\n", "model.txt:1: ", "block: a name is missing", NULL},
  {"block b\nend\n" IN "b\n", "model.txt:2: ", "block 'b' has no lines", NULL},
  {"block b\nrelu\n" IN "b\n", "model.txt:1: ", "block 'b' has no 'end'", NULL},
  {"block b\nrelu\nend 3\n" IN "b\n", "model.txt:3: ", "'end' stands alone", NULL},
  {"block b\nblock c\nrelu\nend\nend\n" IN "b\n", "model.txt:2: ", "a block inside of block 'b'", NULL},
  {"block relu\ntanh\nend\n" IN "relu\n", "model.txt:1: ", "this is the name of an op", NULL},
  {"block b\ntanh\nend\nblock b\ntanh\nend\n" IN "b\n", "model.txt:4: ", "is there already, in line 1", NULL},
  {"block b f f\ndense f\nend\n" IN "b 1\n", "model.txt:1: ", "'f' is there twice", NULL},
  {"block b relu\ndense 3 relu\nend\n" IN "b 1\n", "model.txt:1: ", "'relu' is that of an op", NULL},
  {"block b f\ndense f\nend\n" IN "b\n", "model.txt:5: ", "block b: f is missing", NULL},
  {"block b f\ndense f\nend\n" IN "b 1 2\n", "model.txt:5: ", "'2' is one word too many", NULL},
  {"block b f\ndense f\nend\n" IN "b 1 f=2\n", "model.txt:5: ", "f is given twice", NULL},
  {"block b size\ndense size\nend\n" IN "b siez=1\n", "model.txt:5: ", "'siez' is not known", "did you mean size?"},
  {"block b f\ndense f\nend\n" IN "b x\n", "model.txt:2: in block b, used by line 5: ", "units=x", NULL},
  {"block b\nb\nend\n" IN "b\n", "model.txt:2: in block b", "block b uses itself", NULL},
  {"block a\nb\nend\nblock b\na\nend\n" IN "a\n", "model.txt:5: in block b, used by line 2", "block a uses itself", NULL},
  {"block b\noutput x = relu\nend\n" IN "b\n", "model.txt:2: ", "'output' has no place in a block", NULL},
  {"block b\ninput 1 2 3\nend\n" IN "b\n", "model.txt:2: ", "'input' has no place in a block", NULL},
  {"block b\nrelu @x\nend\n" IN "x = relu\nb\n", "model.txt:2: ", "@x", "a block sees its own lines"},
  {"block b\nrelu\nend\n" IN "b @. @input\n", "model.txt:5: ", "a block has one input", NULL},
  {"block blokc\nrelu\nend\n" IN "block1\nblkoc\n", "model.txt:5: ", "did you mean", NULL},
  {IN "relu\xff\n", "model.txt:2: ", "no model text: a byte ff", NULL},
};

TEST(bad_texts) {
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    ig__model *m;
    ig_status status = parse_text(bad[i].text, &m);
    const char *message = ig_last_error();
    if (status != IG_BAD_MODEL || m) test_fail(__FILE__, __LINE__, "text %zu is taken: %s", i, bad[i].text);
    bool ok = strncmp(message, bad[i].place, strlen(bad[i].place)) == 0 && (!bad[i].part || strstr(message, bad[i].part)) &&
              (!bad[i].other || strstr(message, bad[i].other));
    if (!ok) test_fail(__FILE__, __LINE__, "text %zu:\n%s\n%s", i, bad[i].text, message);
  }
}

/* Found when the lines are built, by the graph and the ops; the place is put before their words. */
static const struct { const char *text, *place, *part; } unbuildable[] = {
  {IN "conv2d 4 k=9\n", "model.txt:2: conv2d1: ", "conv2d"},
  {IN "\nmaxpool2d 2\nmaxpool2d 2\nmaxpool2d 2\nlast = maxpool2d 2\n", "model.txt:6: last: ", "maxpool2d"},
  {IN "dense 3\nconv2d 4\n", "model.txt:3: conv2d1: ", "conv2d"},
  {IN "dense 3\ndense 4\nadd @. @dense1\n", "model.txt:4: add1: ", "add"},
  {IN "dense 3\ndense @. @input 3\n", "model.txt:3: dense2: ", "dense"},
  {IN "a = dense 3\ndense 3 share=a\n", "model.txt:3: dense1: ", "a.weight has the shape 3×64, and 3×3 is asked for"},
  {IN "a = dense 64 bias=no\ndense 64 share=a\n", "model.txt:3: dense1: ", "line a has no such parameter"},
  {IN "dropout 0.5 freeze\n", "model.txt:2: dropout1: ", "dropout has none here"},
  {IN "dense 3 init=glrot_uniform\n", "model.txt:2: dense1: ", "glorot_uniform"},
};

TEST(unbuildable_texts) {
  for (size_t i = 0; i < sizeof unbuildable / sizeof unbuildable[0]; i++) {
    ig__model *m;
    CHECK_OK(parse_text(unbuildable[i].text, &m));
    ig_status status = ig__model_bind(m, 4, 1);
    const char *message = ig_last_error();
    if (status != IG_BAD_MODEL || strncmp(message, unbuildable[i].place, strlen(unbuildable[i].place)) != 0 ||
        !strstr(message, unbuildable[i].part))
      test_fail(__FILE__, __LINE__, "text %zu: status %s\n%s", i, ig_status_name(status), message);
    CHECK(m->params == NULL && m->param_count == 0);
    ig__model_free(m);
  }
}

TEST(arguments) {
  ig__model *m;
  CHECK_STATUS(ig__model_parse(IN "relu", 16, "model.txt", 0, &m), IG_USAGE);
  CHECK_STATUS(ig__model_parse(IN "re\0lu", 17, "model.txt", 3, &m), IG_BAD_MODEL);
  CHECK_HAS(ig_last_error(), "model.txt:2: ");
  static char large[(1 << 20) + 2];
  memset(large, '\n', sizeof large);
  CHECK_STATUS(ig__model_parse(large, (1 << 20) + 1, "model.txt", 3, &m), IG_BAD_MODEL);
  CHECK_HAS(ig_last_error(), "too long");
  memset(large, 'a', 1200);
  CHECK_STATUS(ig__model_parse(large, 1200, "model.txt", 3, &m), IG_BAD_MODEL);
  CHECK_HAS(ig_last_error(), "longer than 1000 bytes");
  for (int i = 0; i < 130; i++) large[i] = i % 2 ? ' ' : 'a';
  CHECK_STATUS(ig__model_parse(large, 130, "model.txt", 3, &m), IG_BAD_MODEL);
  CHECK_HAS(ig_last_error(), "more than 64 words");
}

static const char sample[] =
  "# sample\ninput 3 16 16 scale=1/255 mean=.5,.4,.3 std=.25\nblock res f s=1 act=relu\n  conv2d f k=3 stride=s pad=1 bias=no\n"
  "  m = batchnorm act\n  conv2d @in f k=1 stride=s freeze\n  add @. @m relu\nend\nstem = conv2d 4 k=3 pad=same l2=1e-4\nres 4\n"
  "a = res 8 s=2 act=tanh freeze\nres 8 @a share=res2\noutput out1 = dense classes softmax\noutput o2 = dense @a 3 l1=1e-3\n";

/* A damaged text is refused with words or is another right text; either way in bounded time, memory all given back. */
static void try_text(const char *text, size_t size) {
  ig__model *m;
  int64_t before = ig__alloc_outstanding();
  ig_status status = ig__model_parse(text, size, "t", 10, &m);
  if (status == IG_OK) ig__model_free(m);
  else CHECK_INT(status, IG_BAD_MODEL);
  CHECK(status == IG_OK || strncmp(ig_last_error(), "t:", 2) == 0);
  CHECK_INT(ig__alloc_outstanding(), before);
}

TEST(cut_texts) {
  for (size_t size = 0; size < sizeof sample; size++) try_text(sample, size);
}

TEST(flipped_texts) {
  char copy[sizeof sample];
  ig__rng r = ig__rng_make(1, IG__FOR_TEST, 1, 0);
  double start = ig__now();
  for (int i = 0; i < 10000; i++) {
    memcpy(copy, sample, sizeof sample);
    for (uint32_t k = 0; k <= ig__rng_below(&r, 3); k++)
      copy[ig__rng_below(&r, sizeof sample - 1)] ^= (char)(1 << ig__rng_below(&r, 8));
    try_text(copy, sizeof sample - 1);
  }
  CHECK(ig__now() - start < 60);
}

/* Words of the grammar in random order reach deeper than flipped bits. */
TEST(shuffled_words) {
  static const char *const words[] = {"input", "block", "end", "output", "b", "c", "=", "relu", "dense", "conv2d", "add", "3", "8",
                                      "@.", "@in", "@b", "@b1", "@input", "f", "f=2", "k=f", "share=b", "freeze", "l2=1", "classes",
                                      "\n", "\n", "\n", "\"", "#", "batchnorm", "output x = dense 3\n", "b = dense 4\n", "b 3\n"};
  ig__rng r = ig__rng_make(2, IG__FOR_TEST, 1, 0);
  for (int i = 0; i < 5000; i++) {
    char text[2048];
    size_t used = (size_t)snprintf(text, sizeof text, "%s", ig__rng_below(&r, 2) ? "input 1 8 8\n" : "block b f\ndense f\nend\ninput 1 8 8\n");
    for (uint32_t k = 0; k < 40; k++)
      used += (size_t)snprintf(text + used, sizeof text - used, "%s ", words[ig__rng_below(&r, sizeof words / sizeof words[0])]);
    try_text(text, used);
  }
}
