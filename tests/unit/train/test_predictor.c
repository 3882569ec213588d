/* Predicting from pixels in memory. */
#include "data/data.h"
#include "imgrad/model.h"
#include "runs.h"

#include <math.h>
#include <pthread.h>
#include <string.h>

#define SIDE (28 * 28)

/* Trains `model` on digits; the run folder. */
static const char *trained(const char *model) {
  ig_context *context = threads(1);
  const char *out = in_folder("run");
  RUN(context, "data", "digits train=400 test=100", "model", model, "epochs", "2", "out", out);
  ig_context_free(context);
  return out;
}

/* The pictures of the test part and their labels. Owner: caller. */
static uint8_t *test_part(int count, int32_t *label) {
  ig__source *source;
  uint8_t *pixels = ig__alloc((size_t)count, SIDE);
  CHECK(pixels != NULL);
  CHECK_OK(ig__source_open("digits train=400 test=100", NULL, &source));
  for (int i = 0; i < count; i++) {
    void *const fields[] = {pixels + (size_t)i * SIDE, &label[i]};
    CHECK_OK(source->kind->read(source, IG__TEST, i, fields));
  }
  ig__source_close(source);
  return pixels;
}

TEST(answers_are_those_of_eval) {
  const char *run = trained("softmax");
  ig_context *context = threads(2);
  ig_eval_options options = ig_eval_options_default();
  ig_eval_result eval;
  ig_model *model;
  ig_predictor *predictor;
  int32_t label[100];
  uint8_t *pixels = test_part(100, label);
  int64_t correct = 0;
  snprintf(options.run, sizeof options.run, "%s", run);
  CHECK_OK(ig_eval(context, &options, &eval));
  CHECK_OK(ig_model_open(context, run, &model));
  CHECK_INT(ig_model_input(model).height, 28);
  CHECK_INT(ig_model_output(model, 0).channels, 10);
  CHECK_INT(ig_model_output(model, 1).channels, 0);
  CHECK_STR(ig_model_class(model, 9), "9");
  CHECK(!ig_model_class(model, 10) && !ig_model_class(model, -1));
  CHECK_OK(ig_predictor_new(context, model, NULL, &predictor));
  CHECK(!ig_predictor_output(predictor, 0));
  for (int first = 0; first < 100; first += 32) {
    const float *answers;
    int n = 100 - first < 32 ? 100 - first : 32;
    CHECK_OK(ig_predict_u8(predictor, pixels + (size_t)first * SIDE, n, &answers));
    CHECK(answers == ig_predictor_output(predictor, 0));
    for (int i = 0; i < n; i++) {
      const float *p = answers + 10 * i;
      int best = 0;
      float sum = 0;
      for (int c = 0; c < 10; c++) {
        sum += p[c];
        if (p[c] > p[best]) best = c;
      }
      CHECK(fabsf(sum - 1) < 1e-5f);
      correct += best == label[first + i];
    }
  }
  CHECK_INT(correct, (int64_t)(eval.metrics.accuracy * 100 + 0.5));
  ig_predictor_free(predictor);
  ig_model_free(model);
  ig_eval_result_free(&eval);
  ig__free(pixels);
  ig_context_free(context);
}

/* A file in memory is the same model, floats are bytes over 255, and interleaved pixels are the planes put otherwise. */
TEST(memory_floats_interleaved) {
  ig_context *context = threads(1);
  const char *net = write_text("net.txt", "input 3 4 5\nconv2d 4 k=3 pad=1 relu\nflatten\ndense classes\n");
  const char *run = in_folder("run"), *path = in_folder("run/model.safetensors");
  RUN(context, "data", "random count=40 channels=3 height=4 width=5 classes=3", "model", net, "epochs", "1", "out", run);
  uint8_t *bytes, planes[2 * 60], turned[2 * 60];
  float floats[2 * 60];
  size_t size;
  ig_model *file, *memory;
  ig_predictor *a, *b;
  ig_predictor_options o = ig_predictor_options_default();
  const float *from_file, *from_memory, *from_floats;
  float kept[6];
  CHECK_OK(ig__file_read(path, 1 << 20, &bytes, &size));
  CHECK_OK(ig_model_open(context, path, &file));
  CHECK_OK(ig_model_open_memory(context, bytes, size, "embedded", &memory));
  memset(bytes, 0, size); /* it is copied */
  o.batch = 2;
  CHECK_OK(ig_predictor_new(context, file, &o, &a));
  o.interleaved = true;
  CHECK_OK(ig_predictor_new(context, memory, &o, &b));
  for (int i = 0; i < 120; i++) planes[i] = (uint8_t)(i * 37 % 251);
  for (int n = 0; n < 2; n++)
    for (int c = 0; c < 3; c++)
      for (int i = 0; i < 20; i++) turned[n * 60 + i * 3 + c] = planes[n * 60 + c * 20 + i];
  for (int i = 0; i < 120; i++) floats[i] = (float)turned[i] / 255;
  CHECK_OK(ig_predict_u8(a, planes, 2, &from_file));
  CHECK_OK(ig_predict_u8(b, turned, 2, &from_memory));
  CHECK(!memcmp(from_file, from_memory, sizeof kept));
  memcpy(kept, from_memory, sizeof kept);
  CHECK_OK(ig_predict_f32(b, floats, 2, &from_floats));
  for (int i = 0; i < 6; i++) CHECK(fabsf(kept[i] - from_floats[i]) < 1e-5f);
  CHECK(fabsf(kept[0] + kept[1] + kept[2] - 1) < 1e-5f); /* the text ends in logits; cross_entropy knows them as such */
  CHECK_STATUS(ig_predict_u8(a, planes, 3, &from_file), IG_USAGE);
  CHECK_STATUS(ig_predict_u8(a, planes, 0, &from_file), IG_USAGE);
  CHECK(!from_file);
  ig__free(bytes);
  ig_predictor_free(a);
  ig_predictor_free(b);
  ig_model_free(file);
  ig_model_free(memory);
  CHECK_STATUS(ig_model_open_memory(context, "no model", 8, "embedded", &memory), IG_BAD_MODEL);
  CHECK(!memory);
  CHECK_HAS(ig_last_error(), "embedded");
  ig_context_free(context);
}

TEST(mistakes) {
  ig_context *context = threads(1);
  ig_model *model;
  CHECK_STATUS(ig_model_open(context, in_folder("nowhere"), &model), IG_USAGE);
  CHECK(!model);
  CHECK_STATUS(ig_model_open(context, write_text("m.safetensors", "text"), &model), IG_BAD_MODEL);
  CHECK_STATUS(ig_model_open_memory(context, "", 0, "nothing", &model), IG_BAD_MODEL);
  ig_model_free(NULL);
  ig_predictor_free(NULL);
  ig_context_free(context);
}

typedef struct job { const ig_model *model; const uint8_t *pixels; float answers[1000]; bool ok; } job;

static void *predict_all(void *arg) {
  job *j = arg;
  ig_context *context = threads(1);
  ig_predictor *predictor;
  ig_predictor_options o = ig_predictor_options_default();
  o.batch = 7;
  j->ok = ig_predictor_new(context, j->model, &o, &predictor) == IG_OK;
  for (int first = 0; j->ok && first < 100; first += 7) {
    const float *answers;
    int n = 100 - first < 7 ? 100 - first : 7;
    j->ok = ig_predict_u8(predictor, j->pixels + (size_t)first * SIDE, n, &answers) == IG_OK;
    if (j->ok) memcpy(j->answers + 10 * first, answers, (size_t)n * 10 * sizeof *answers);
  }
  ig_predictor_free(predictor);
  ig_context_free(context);
  return NULL;
}

/* One model, read by predictors of several threads at once. */
TEST(several_threads) {
  const char *run = trained("textbook");
  ig_context *context = threads(1);
  ig_model *model;
  int32_t label[100];
  uint8_t *pixels = test_part(100, label);
  pthread_t thread[3];
  CHECK_OK(ig_model_open(context, run, &model));
  job *jobs = ig__alloc(4, sizeof *jobs);
  CHECK(jobs != NULL);
  for (int i = 0; i < 4; i++) jobs[i] = (job){.model = model, .pixels = pixels};
  predict_all(&jobs[3]);
  for (int i = 0; i < 3; i++) CHECK(!pthread_create(&thread[i], NULL, predict_all, &jobs[i]));
  for (int i = 0; i < 3; i++) pthread_join(thread[i], NULL);
  for (int i = 0; i < 4; i++) CHECK(jobs[i].ok && !memcmp(jobs[i].answers, jobs[3].answers, sizeof jobs[3].answers));
  ig__free(jobs);
  ig__free(pixels);
  ig_model_free(model);
  ig_context_free(context);
}
