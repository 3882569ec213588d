/* The program of the first text against Keras (tests/reference/make_keras.py): textbook with mean squared error on noise, ten
 * epochs of SGD from the same weights, on the same pictures in the same order. Runs the verb itself. */
#include "reference.h"

#include "test.h"

typedef struct seen { int epochs; double loss[REFERENCE_LOSSES]; } seen;

static void note_epoch(void *user, const ig_epoch *e) {
  seen *s = user;
  if (s->epochs < REFERENCE_LOSSES) s->loss[s->epochs++] = e->train.loss;
}

/* Weights of the generator, in the file that --weights takes. */
static void write_weights(ig_context *context, const reference *r, int real_size, const char *path) {
  ig__model *m;
  CHECK_OK(ig__model_any(context, r->model, NULL, 10, real_size, 1, &m));
  reference_fill(r, m);
  CHECK_OK(ig__model_save(m, path, NULL));
  ig__model_free(m);
}

/* imgrad train with these options; the model it kept. */
static ig__model *train(const reference *r, const reference_run *run, seen *losses) {
  char weights[512], out[512], number[32];
  ig_context *context;
  ig_train_result result;
  ig__model *m;
  int real_size;
  snprintf(weights, sizeof weights, "%s/start.safetensors", test_folder());
  snprintf(out, sizeof out, "%s/run", test_folder());
  snprintf(number, sizeof number, "%d", run->steps);
  CHECK_OK(ig_context_new(&context, NULL));
  CHECK_OK(ig__real_size(context, run->name, &real_size));
  write_weights(context, r, real_size, weights);
  const char *const words[][2] = {{"data", "random"}, {"model", r->model}, {"optimizer", "sgd"}, {"lr", "0.01"}, {"loss", "mse"},
                                  {"epochs", number}, {"batch", "32"}, {"val", "0"}, {"precision", run->name},
                                  {"weights", weights}, {"out", out}};
  ig_train_options options = ig_train_options_default();
  for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
    CHECK_OK(ig_option_set(IG_VERB_TRAIN, &options, words[i][0], words[i][1]));
  CHECK_OK(ig_train(context, &options, &(ig_train_events){.epoch = note_epoch, .user = losses}, &result));
  CHECK_INT(result.epochs, run->steps);
  CHECK_OK(ig__model_any(context, out, NULL, 10, real_size, 1, &m));
  ig_context_free(context);
  return m;
}

static void check(const char *precision, double loss_tolerance, double weight_tolerance) {
  const reference *r = reference_of("keras.txt", "textbook");
  const reference_run *run = reference_run_of(r, precision);
  seen losses = {0};
  const char *worst;
  double error = 0;
  ig__model *m = train(r, run, &losses);
  CHECK_INT(run->losses, 10);
  CHECK_INT(losses.epochs, run->losses);
  for (int i = 0; i < run->losses; i++) error = fmax(error, fabs(losses.loss[i] - run->loss[i]) / run->loss[i]);
  double weights = reference_compare(r, run, m, weight_tolerance, &worst);
  printf("  %s: epoch losses %.1e, weights %.1e (%s)\n", precision, error, weights, worst);
  CHECK(error <= loss_tolerance);
  CHECK(weights <= weight_tolerance);
  ig__model_free(m);
}

TEST(textbook_in_double) { check("f64", 1e-7, 1e-9); }
TEST(textbook_in_float) { check("f32", 1e-4, 1e-4); }
