/* The built-in classifiers and `resize` against PyTorch (tests/reference/make_pytorch.py): from the same weights, pictures and labels, the
 * weights after up to 100 steps in double, the loss on the way, and the logits in float. */
#include "reference.h"

#include "test.h"

enum { BATCH = 16, BATCHES = 8, LOGITS = 8, CLASSES = 10 };

typedef struct fixture {
  const reference *want;
  ig_context *context;
  ig__model *model;
  ig__source_info data;
  int64_t size;         /* pixels of a picture */
} fixture;

/* Every layer that changes the size of pictures. */
static const char resize[] =
  "input 1 28 28\n"
  "conv2d 4 k=3 stride=2 pad=1 tanh\n"
  "pad 1x2 bottom=3 mode=reflect\n"
  "up = conv2d_transpose 6 k=3 stride=2 pad=1 extra=1 tanh\n"
  "crop top=2 left=1 right=3\n"
  "pad 2 mode=replicate\n"
  "upsample2d 3 mode=bilinear\n"
  "avgpool2d 12\n"
  "upsample2d 2x3\n"
  "pad top=1 right=2\n"
  "grouped = conv2d_transpose 4 k=2x3 stride=2x1 pad=0x1 groups=2 dilation=1x2 tanh\n"
  "avgpool2d 5\n"
  "dense classes softmax\n";

static const char *text_of(const char *name) {
  if (!strcmp(name, "resize")) return resize;
  for (const ig__builtin *b = ig__builtins; b->name; b++)
    if (!strcmp(b->name, name)) return b->text;
  test_fail(__FILE__, __LINE__, "no built-in model %s", name);
}

/* A built-in model of real_size with the reference's weights. Without `softmax`, its last line ends before that word, so
 * that the output is the logits. */
static fixture fixture_new(const char *name, const char *isa, int threads, int real_size, bool softmax) {
  fixture f = {.want = reference_of("pytorch.txt", name)};
  char text[4096];
  ig_context_options options = ig_context_options_default();
  options.isa = isa;
  options.threads = threads;
  CHECK_OK(ig_context_new(&f.context, &options));
  CHECK(strlen(text_of(name)) < sizeof text);
  strcpy(text, text_of(name));
  char *end = strstr(text, "dense classes softmax");
  CHECK(end != NULL);
  if (!softmax) strcpy(end, "dense classes\n");
  CHECK_OK(ig__model_parse(text, strlen(text), name, CLASSES, &f.model));
  CHECK_OK(ig__model_bind(f.model, real_size, 1));
  reference_fill(f.want, f.model);
  const ig__input_options *in = &f.model->input;
  f.size = (int64_t)in->channels * in->height * in->width;
  f.data = (ig__source_info){.field_count = 2, .class_count = CLASSES, .name = "pictures", .field = {
    {.name = "image", .role = IG__ROLE_IMAGE, .type = IG__FIELD_U8, .rank = 3, .dim = {in->channels, in->height, in->width}},
    {.name = "label", .role = IG__ROLE_LABEL, .type = IG__FIELD_I32}}};
  return f;
}

static void fixture_free(fixture *f) {
  ig__model_free(f->model);
  ig_context_free(f->context);
}

/* ---- training ------------------------------------------------------------------------------------------------------ */

static void make_batches(const fixture *f, uint8_t *pixels, int32_t *labels, ig__batch batch[BATCHES]) {
  static uint64_t keys[BATCH];
  reference_pictures(0, BATCHES * BATCH, f->size, pixels);
  reference_labels(0, BATCHES * BATCH, labels);
  for (int b = 0; b < BATCHES; b++)
    batch[b] = (ig__batch){.n = BATCH, .field = {pixels + b * BATCH * f->size, labels + b * BATCH}, .key = keys};
}

/* Runs the steps; the largest relative error of the stored losses. */
static double train(const fixture *f, const reference_run *run, const ig__batch batch[BATCHES]) {
  ig_train_options options = ig_train_options_default();
  ig__network net;
  ig__updater *updater;
  double error = 0, penalty;
  snprintf(options.optimizer, sizeof options.optimizer, "%s %s", run->name, run->option);
  options.lr = run->lr;
  CHECK_OK(ig__network_new(f->context, &(ig__network_request){.model = f->model, .data = &f->data, .loss = "cross_entropy",
                           .n = BATCH, .training = true, .gradients = true}, &net));
  CHECK_OK(ig__updater_new(f->context, f->model, &options, BATCHES * BATCH, &updater));
  for (int step = 1, next = 0; step <= run->steps; step++) {
    ig__pass_step pass = {.seed = 1, .step = (uint64_t)step, .grads = ig__updater_grads(updater), .loss_scale = 1};
    CHECK_OK(ig__network_run(&net, f->context, &batch[(step - 1) % BATCHES], &pass));
    double loss = ig__network_loss(&net);
    CHECK_OK(ig__updater_step(updater, loss, ig__updater_base_lr(updater), step, 1, &penalty));
    if (next == run->losses || run->loss_step[next] != step) continue;
    error = fmax(error, fabs(loss - run->loss[next]) / run->loss[next]);
    next++;
  }
  ig__updater_free(updater);
  ig__network_free(&net);
  return error;
}

static void check_training(const char *name, const char *optimiser, const char *isa, double tolerance) {
  static uint8_t pixels[BATCHES * BATCH * 3 * 32 * 32];
  static int32_t labels[BATCHES * BATCH];
  ig__batch batch[BATCHES];
  const char *worst;
  fixture f = fixture_new(name, isa, 2, 8, true);
  const reference_run *run = reference_run_of(f.want, optimiser);
  CHECK((size_t)(BATCHES * BATCH * f.size) <= sizeof pixels);
  make_batches(&f, pixels, labels, batch);
  double loss = train(&f, run, batch), error = reference_compare(f.want, run, f.model, tolerance, &worst);
  printf("  %s, %s, %d steps of %s: weights %.1e (%s), loss %.1e\n", name, ig_context_isa(f.context), run->steps, optimiser, error,
         worst, loss);
  CHECK(error <= tolerance);
  CHECK(loss <= tolerance);
  CHECK(run->losses > 5);
  fixture_free(&f);
}

/* Under the sanitizers, which are ten times slower, the best instruction set stands for all. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { SANITIZED = 1 };
#else
enum { SANITIZED = 0 };
#endif

/* An optimiser on the instruction sets from the best down to `least`. */
static void check_down_to(ig__isa least, const char *name, const char *optimiser, double tolerance) {
  ig__isa best;
  CHECK_OK(ig__isa_choose(NULL, &best));
  for (int isa = (int)best; isa >= (int)(SANITIZED || least > best ? best : least); isa--)
    if (ig__isa_usable((ig__isa)isa)) check_training(name, optimiser, ig__isa_name((ig__isa)isa), tolerance);
}

TEST(softmax) {
  check_down_to(IG__ISA_REFERENCE, "softmax", "sgd", 1e-9);
  check_down_to(IG__ISA_REFERENCE, "softmax", "adam", 1e-9);
}

TEST(mlp) {
  check_down_to(IG__ISA_REFERENCE, "mlp", "sgd", 1e-9);
  check_down_to(IG__ISA_REFERENCE, "mlp", "adam", 1e-9);
}

TEST(other_optimisers) {
  static const char *const all[] = {"adam amsgrad=yes", "adamw", "rmsprop rho=0.9", "rmsprop momentum=0.5", "adagrad"};
  for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) check_down_to(IG__ISA_BASELINE, "mlp", all[i], 1e-9);
}

TEST(lenet5) {
  check_down_to(IG__ISA_BASELINE, "lenet5", "sgd", 1e-9);
  check_down_to(IG__ISA_BASELINE, "lenet5", "adam", 1e-9);
}

TEST(textbook_sgd) { check_down_to(IG__ISA_BASELINE, "textbook", "sgd", 1e-9); }
TEST(textbook_adam) { check_down_to(IG__ISA_COUNT, "textbook", "adam", 1e-9); } /* the best alone: the longest of all */
TEST(resnet8) { check_down_to(IG__ISA_BASELINE, "resnet8", "sgd", 1e-8); }
TEST(resize_layers) { check_down_to(IG__ISA_BASELINE, "resize", "sgd", 1e-9); }

/* ---- logits -------------------------------------------------------------------------------------------------------- */

/* Logits of the first pictures; the largest error against PyTorch's in double, as a share of the largest logit. */
static double logits_error(const char *name, const char *isa, int real_size, const char *conv) {
  static uint8_t pixels[LOGITS * 3 * 32 * 32];
  static uint64_t keys[LOGITS];
  ig__network net;
  double error = 0, error32 = 0, largest = 0;
  fixture f = fixture_new(name, isa, 1, real_size, false);
  const reference *want = f.want;
  CHECK_INT(want->logits64, LOGITS * CLASSES);
  CHECK_INT(want->logits32, LOGITS * CLASSES);
  reference_pictures(0, LOGITS, f.size, pixels);
  CHECK_OK(ig__network_new(f.context, &(ig__network_request){.model = f.model, .data = &f.data, .conv = conv,
                           .n = LOGITS}, &net));
  ig__batch batch = {.n = LOGITS, .field = {pixels, NULL}, .key = keys};
  CHECK_OK(ig__network_run(&net, f.context, &batch, &(ig__pass_step){.seed = 1, .step = 1, .loss_scale = 1}));
  const void *got = ig__plan_result(net.plan, 0);
  for (int i = 0; i < want->logits64; i++) {
    double v = real_size == 8 ? ((const double *)got)[i] : (double)((const float *)got)[i];
    CHECK(isfinite(v));
    largest = fmax(largest, fabs(want->logit64[i]));
    error = fmax(error, fabs(v - want->logit64[i]));
    error32 = fmax(error32, fabs(v - want->logit32[i]));
  }
  if (real_size == 4) CHECK(error32 <= (strcmp(conv, "direct") ? 1e-4 : 1e-5) * largest);
  ig__network_free(&net);
  fixture_free(&f);
  return error / largest;
}

/* resnet18 has 4·10⁹ multiply-adds here: minutes on the reference. */
static void check_logits(int real_size, const char *conv, double tolerance) {
  static const char *const models[] = {"lenet5", "mlp", "resize", "resnet18", "resnet8", "softmax", "textbook"};
  for (size_t m = 0; m < sizeof models / sizeof models[0]; m++) {
    const bool large = !strcmp(models[m], "resnet18");
    double worst = 0;
    for (int isa = large ? IG__ISA_BASELINE : IG__ISA_REFERENCE; isa < IG__ISA_COUNT; isa++)
      if (ig__isa_usable((ig__isa)isa)) worst = fmax(worst, logits_error(models[m], ig__isa_name((ig__isa)isa), real_size, conv));
    printf("  %s: %.1e\n", models[m], worst);
    CHECK(worst <= tolerance);
  }
}

TEST(logits_in_double) { check_logits(8, "auto", 1e-12); }
TEST(logits_in_float) { check_logits(4, "auto", 1e-4); }
TEST(logits_in_float_direct) { check_logits(4, "direct", 1e-5); }
TEST(logits_in_double_direct) { check_logits(8, "direct", 1e-13); }
