/* The verb predict and pixels in memory: the same answers in every batch; failures are the caller's to see. */
#include "imgrad/model.h"
#include "runs.h"

#include <math.h>

#define PICTURES IG_TEST_SOURCE "/tests/reference/images/"

/* A model that ends in `end`, of no run but trained with `loss`; options of the verb that open it. */
static ig_predict_options options_for(const char *end, const char *loss, int batch) {
  char text[256], path[IG_PATH_SIZE];
  ig_predict_options o = ig_predict_options_default();
  ig__model *m;
  snprintf(text, sizeof text, "input 3 20 30 fit=letterbox mean=.4 std=.3\nconv2d 4 k=5 relu\nflatten\ndense 5 %s\n", end);
  const char *model = write_text("model.txt", text);
  snprintf(path, sizeof path, "%s", in_folder("model.safetensors"));
  CHECK_OK(ig__model_open(model, 5, &m));
  CHECK_OK(ig__model_bind(m, 4, 7));
  CHECK_OK(ig__model_save(m, path, (const char *const[]){loss ? "loss" : NULL, loss, NULL}));
  ig__model_free(m);
  snprintf(o.run, sizeof o.run, "%s", path);
  o.batch = batch;
  return o;
}

typedef struct { const char *const *name; int at, answers; double probability[16][5]; ig_status status[16]; char message[256]; } asked;

static const char *next(void *user) {
  asked *a = user;
  return a->name[a->at] ? a->name[a->at++] : NULL;
}

static void answer(void *user, const ig_prediction *p) {
  asked *a = user;
  CHECK_STR(p->file, a->name[a->answers]);
  a->status[a->answers] = p->status;
  if (p->probability) memcpy(a->probability[a->answers], p->probability, sizeof a->probability[0]);
  else snprintf(a->message, sizeof a->message, "%s", p->message);
  a->answers++;
}

static const char *const files[] = {PICTURES "420.jpg", PICTURES "rgb.png", PICTURES "no such.png", PICTURES "grey.png", PICTURES "cmyk.jpg",
                                    PICTURES "index.txt", PICTURES "p6.ppm", NULL};

static ig_status ask(ig_context *context, const ig_predict_options *o, asked *a, ig_predict_result *result) {
  return ig_predict(context, o, &(ig_predict_events){.next = next, .answer = answer, .user = a}, result);
}

/* The picture of a file from memory, twice, with a predictor for `batch` at once. */
static void ask_pixels(ig_context *context, const char *run, int batch, const char *file, float twice[2][5]) {
  ig_predictor_options how = ig_predictor_options_default();
  ig_predictor *p;
  ig_model *model;
  uint8_t *bytes;
  size_t size;
  ig__picture picture;
  how.batch = batch;
  CHECK_OK(ig_model_open(context, run, &model));
  CHECK_INT(ig_model_output(model, 0).channels, 5);
  CHECK_OK(ig_predictor_new(context, model, &how, &p));
  CHECK_OK(ig__file_read(file, 1 << 20, &bytes, &size));
  CHECK_OK(ig__picture_decode(bytes, size, NULL, &picture));
  ig_pixels pixels[2] = {{picture.pixel, 3, picture.height, picture.width, 0}, {picture.pixel, 3, picture.height, picture.width, 0}};
  CHECK_OK(ig_predict_pixels(p, pixels, 2, twice[0]));
  CHECK(!memcmp(ig_predictor_output(p, 0), twice[1], sizeof twice[1]));
  float none[2][5];
  pixels[1].channels = 7;
  CHECK_STATUS(ig_predict_pixels(p, pixels, 2, none[0]), IG_USAGE);
  CHECK_HAS(ig_last_error(), "picture 1");
  ig__picture_free(&picture);
  ig__free(bytes);
  ig_predictor_free(p);
  ig_model_free(model);
}

TEST(files_and_pixels_agree) {
  ig_context *context = threads(2);
  asked first = {.name = files};
  for (int batch = 1; batch <= 8; batch = batch * 2 + 1) {
    asked a = {.name = files};
    ig_predict_options o = options_for("softmax", "cross_entropy", batch);
    ig_predict_result result;
    CHECK_STATUS(ask(context, &o, &a, &result), IG_BAD_DATA);
    CHECK(result.answered == 5 && result.failed == 2 && a.answers == 7 && a.status[2] == IG_USAGE && a.status[5] == IG_BAD_DATA);
    CHECK_HAS(a.message, "index.txt");
    if (batch == 1) first = a;
    CHECK(memcmp(a.probability, first.probability, sizeof a.probability) == 0);
    float twice[2][5], sum = 0;
    ask_pixels(context, o.run, batch, files[1], twice);
    for (int k = 0; k < 2; k++)
      for (int c = 0; c < 5; c++) CHECK(twice[k][c] == (float)first.probability[1][c]);
    for (int c = 0; c < 5; c++) sum += twice[0][c];
    CHECK_NEAR((double)sum, 1, 1e-6);
  }
  ig_context_free(context);
}

/* What a model's numbers are is known from its end and its loss: scores and logarithms become probabilities, other numbers stay. */
TEST(scores_become_probabilities) {
  static const struct { const char *end, *loss; } rows[] = {
    {"softmax", "mse"}, {"", "cross_entropy smooth=0.1"}, {"", NULL}, {"", ""}, {"", "focal"}, {"log_softmax", "cross_entropy"}};
  ig_context *context = threads(1);
  double first[5], logit[5];
  asked numbers = {.name = files}, sigmoids = {.name = files};
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    asked a = {.name = files};
    float twice[2][5];
    ig_predict_options o = options_for(rows[i].end, rows[i].loss, 4);
    (void)ask(context, &o, &a, NULL);
    ask_pixels(context, o.run, 4, files[1], twice);
    if (i == 0) memcpy(first, a.probability[1], sizeof first);
    for (int c = 0; c < 5; c++) {
      CHECK_NEAR(a.probability[1][c], first[c], 1e-6);
      CHECK(twice[0][c] == (float)a.probability[1][c]);
    }
  }
  ig_predict_options o = options_for("", "mse", 4);
  (void)ask(context, &o, &numbers, NULL);
  memcpy(logit, numbers.probability[1], sizeof logit);
  for (int c = 1; c < 5; c++) CHECK_NEAR(logit[c] - logit[0], log(first[c] / first[0]), 1e-5);
  o = options_for("", "binary_cross_entropy", 4);
  (void)ask(context, &o, &sigmoids, NULL);
  for (int c = 0; c < 5; c++) CHECK_NEAR(sigmoids.probability[1][c], 1 / (1 + exp(-logit[c])), 1e-6);
  ig_context_free(context);
}

static void keep_two(void *user, const ig_prediction *p) {
  asked *a = user;
  CHECK_INT(p->class_count, 2);
  CHECK_STR(p->class_name[1], "1");
  CHECK(p->probability != NULL);
  memcpy(a->probability[0], p->probability, 2 * sizeof(double));
}

/* One number for two classes is answered as two, by the verb and from memory. */
TEST(one_number_for_two_classes) {
  ig_context *context = threads(1);
  const char *run = in_folder("two"), *net = write_text("two.txt", "input 3 8 8\nflatten\ndense 1\n");
  RUN(context, "data", "random count=40 channels=3 height=8 width=8 classes=2", "model", net, "loss", "binary_cross_entropy", "epochs",
      "1", "out", run);
  ig_predict_options o = ig_predict_options_default();
  asked a = {.name = files + 6};
  snprintf(o.run, sizeof o.run, "%s", run);
  uint8_t *bytes;
  size_t size;
  ig__picture picture;
  ig_model *model;
  ig_predictor *p;
  float pair[2];
  CHECK_OK(ig_model_open(context, run, &model));
  CHECK_INT(ig_model_output(model, 0).channels, 2);
  CHECK_OK(ig_predictor_new(context, model, NULL, &p));
  CHECK_OK(ig__file_read(files[6], 1 << 20, &bytes, &size));
  CHECK_OK(ig__picture_decode(bytes, size, NULL, &picture));
  CHECK_OK(ig_predict_pixels(p, &(ig_pixels){picture.pixel, 3, picture.height, picture.width, 0}, 1, pair));
  CHECK_OK(ig_predict(context, &o, &(ig_predict_events){.next = next, .answer = keep_two, .user = &a}, NULL));
  const double *two = a.probability[0];
  CHECK(pair[0] == (float)two[0] && pair[1] == (float)two[1] && two[1] > 0 && two[1] < 1);
  CHECK_NEAR(two[0] + two[1], 1, 1e-12);
  ig__picture_free(&picture);
  ig__free(bytes);
  ig_predictor_free(p);
  ig_model_free(model);
  ig_context_free(context);
}

static const char *next_and_cancel(void *user) {
  ig_cancel(user);
  return files[0];
}

static void no_answer(void *user, const ig_prediction *p) {
  (void)user;
  (void)p;
}

TEST(predict_refuses_and_is_cancelled) {
  ig_context *context = threads(1);
  ig_predict_options o = options_for("softmax", "", 1);
  ig_predict_result result;
  asked a = {.name = files};
  CHECK_STATUS(ig_predict(context, &o, &(ig_predict_events){.next = next_and_cancel, .answer = no_answer, .user = context}, &result),
               IG_INTERRUPTED);
  CHECK(result.answered == 1 && result.failed == 0);
  snprintf(o.conv, sizeof o.conv, "fast");
  CHECK_STATUS(ask(context, &o, &a, NULL), IG_USAGE);
  CHECK_HAS(ig_last_error(), "fast");
  o = ig_predict_options_default();
  CHECK_STATUS(ask(context, &o, &a, NULL), IG_USAGE);
  CHECK_INT(a.answers, 0);
  ig_context_free(context);
}

TEST(predict_out_of_memory) {
  ig_context *context = threads(1);
  const ig_predict_options o = options_for("softmax", "", 2);
  int64_t before = ig__alloc_outstanding();
  for (int n = 1;; n++) {
    char spec[32];
    asked a = {.name = files};
    snprintf(spec, sizeof spec, "malloc@%d", n);
    ig__fault_set(spec);
    ig_status status = ask(context, &o, &a, NULL);
    bool over = ig__fault_calls("malloc") < (uint64_t)n;
    ig__fault_set(NULL);
    CHECK_INT(ig__alloc_outstanding(), before);
    if (over) break;
    CHECK_STATUS(status, IG_NO_MEMORY);
  }
  ig_context_free(context);
}
