/* Predictors: the same answers from files and from memory, in every batch; failures are the caller's to see. */
#include "runs.h"

#define PICTURES IG_TEST_SOURCE "/tests/reference/images/"

static ig_predictor *open_predictor(ig_context *context, const char *end, int batch) {
  char text[256];
  ig_predict_options o = ig_predict_options_default();
  ig_predictor *p = NULL;
  snprintf(text, sizeof text, "input 3 20 30 fit=letterbox mean=.4 std=.3\nconv2d 4 k=5 relu\nflatten\ndense 5 %s\n", end);
  const char *run = in_folder(*end ? end : "scores"), *model = write_text("model.txt", text);
  if (!ig__is_folder(run)) {
    ig__model *m;
    char path[1200];
    CHECK_OK(ig__make_folder(run));
    CHECK_OK(ig__model_open(model, 5, &m));
    CHECK_OK(ig__model_bind(m, 4, 7));
    snprintf(path, sizeof path, "%s/model.safetensors", run);
    CHECK_OK(ig__model_save(m, path, (const char *const[]){NULL}));
    ig__model_free(m);
  }
  snprintf(o.run, sizeof o.run, "%s/model.safetensors", run);
  o.batch = batch;
  CHECK_OK(ig_predictor_new(context, &o, &p));
  return p;
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

TEST(files_and_pixels_agree) {
  ig_context *context = threads(2);
  asked first = {.name = files};
  for (int batch = 1; batch <= 8; batch = batch * 2 + 1) {
    asked a = {.name = files};
    ig_predictor *p = open_predictor(context, "softmax", batch);
    ig_predict_result result;
    CHECK_INT(ig_predictor_classes(p), 5);
    CHECK_STR(ig_predictor_class(p, 4), "4");
    CHECK(!ig_predictor_class(p, 5));
    CHECK_STATUS(ig_predict(p, &(ig_predict_events){.next = next, .answer = answer, .user = &a}, &result), IG_BAD_DATA);
    CHECK(result.answered == 5 && result.failed == 2 && a.answers == 7 && a.status[2] == IG_USAGE && a.status[5] == IG_BAD_DATA);
    CHECK_HAS(a.message, "index.txt");
    if (batch == 1) first = a;
    CHECK(memcmp(a.probability, first.probability, sizeof a.probability) == 0);
    /* The same picture from memory, as it is in the file. */
    uint8_t *bytes;
    size_t size;
    ig__picture picture;
    double twice[2][5], sum = 0;
    CHECK_OK(ig__file_read(files[1], 1 << 20, &bytes, &size));
    CHECK_OK(ig__picture_decode(bytes, size, NULL, &picture));
    ig_pixels pixels[2] = {{picture.pixel, 3, picture.height, picture.width, 0}, {picture.pixel, 3, picture.height, picture.width, 0}};
    CHECK_OK(ig_predict_pixels(p, pixels, 2, twice[0]));
    for (int k = 0; k < 2; k++) CHECK(memcmp(twice[k], first.probability[1], sizeof twice[k]) == 0);
    for (int c = 0; c < 5; c++) sum += twice[0][c];
    CHECK_NEAR(sum, 1, 1e-6);
    pixels[1].channels = 7;
    CHECK_STATUS(ig_predict_pixels(p, pixels, 2, twice[0]), IG_USAGE);
    CHECK_HAS(ig_last_error(), "picture 1");
    ig__picture_free(&picture);
    ig__free(bytes);
    ig_predictor_free(p);
  }
  ig_context_free(context);
}

/* A model that ends in scores answers with the softmax of them. */
TEST(scores_become_probabilities) {
  ig_context *context = threads(1);
  asked with = {.name = files}, without = {.name = files};
  ig_predictor *a = open_predictor(context, "softmax", 4), *b = open_predictor(context, "", 4), *c = open_predictor(context, "log_softmax", 4);
  (void)ig_predict(a, &(ig_predict_events){.next = next, .answer = answer, .user = &with}, NULL);
  (void)ig_predict(b, &(ig_predict_events){.next = next, .answer = answer, .user = &without}, NULL);
  asked logs = {.name = files};
  (void)ig_predict(c, &(ig_predict_events){.next = next, .answer = answer, .user = &logs}, NULL);
  for (int k = 0; k < 5; k++) {
    CHECK_NEAR(without.probability[0][k], with.probability[0][k], 1e-6);
    CHECK_NEAR(logs.probability[0][k], with.probability[0][k], 1e-6);
  }
  ig_predictor_free(a);
  ig_predictor_free(b);
  ig_predictor_free(c);
  ig_predictor_free(NULL);
  ig_context_free(context);
}

TEST(predictor_out_of_memory) {
  ig_context *context = threads(1);
  ig_predictor *p = open_predictor(context, "softmax", 2);
  ig_predictor_free(p);
  int64_t before = ig__alloc_outstanding();
  for (int n = 1;; n++) {
    char spec[32];
    ig_predict_options o = ig_predict_options_default();
    asked a = {.name = files};
    snprintf(o.run, sizeof o.run, "%s/model.safetensors", in_folder("softmax"));
    snprintf(spec, sizeof spec, "malloc@%d", n);
    ig__fault_set(spec);
    ig_status status = ig_predictor_new(context, &o, &p);
    if (status == IG_OK) status = ig_predict(p, &(ig_predict_events){.next = next, .answer = answer, .user = &a}, NULL);
    bool over = ig__fault_calls("malloc") < (uint64_t)n;
    ig__fault_set(NULL);
    ig_predictor_free(p);
    CHECK_INT(ig__alloc_outstanding(), before);
    if (over) break;
    CHECK_STATUS(status, IG_NO_MEMORY);
  }
  ig_context_free(context);
}
