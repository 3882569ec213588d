/* --precision bf16: gradients near those in double, the same bits for any number of threads, and not float under another name. */
#include "unit/train/runs.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static void need_bf16(void) {
  if (!ig__bf16_usable()) test_skip("this CPU has no bf16");
}

static ig__model *trained(ig_context *context, const char *model, const char *data, const char *precision, const char *lr) {
  ig__model *m;
  char path[600];
  const char *folder = in_folder("run");
  remove_run(folder);
  RUN(context, "data", data, "model", model, "epochs", "1", "batch", "32", "val", "0", "optimizer", "sgd", "lr", lr, "precision", precision,
      "out", folder);
  snprintf(path, sizeof path, "%s/model.safetensors", folder);
  CHECK_OK(ig__model_load(path, 8, &m));
  return m;
}

/* One step at two rates: what the weights are apart is the gradient. */
static double *gradient(ig_context *context, const char *model, const char *data, const char *precision, int64_t *count) {
  ig__model *once = trained(context, model, data, precision, "1"), *twice = trained(context, model, data, precision, "2");
  double *g = calloc((size_t)once->params_size, sizeof *g);
  *count = once->params_size;
  for (int64_t i = 0; i < *count; i++) g[i] = ((double *)once->params)[i] - ((double *)twice->params)[i];
  ig__model_free(once);
  ig__model_free(twice);
  return g;
}

static double apart(const double *a, const double *b, int64_t count) {
  double most = 0, largest = 0;
  for (int64_t i = 0; i < count; i++) {
    most = fmax(most, fabs(a[i] - b[i]));
    largest = fmax(largest, fabs(b[i]));
  }
  return most / largest;
}

/* Operands lose a share of 2⁻⁹ at most, layer after layer, and batch normalisation of random pictures makes more of it. Measured:
 * 4.4 % of the largest gradient. textbook has no pass that is worth rounding. */
static void near_double(const char *model, const char *data, double bound) {
  need_bf16();
  int64_t count;
  ig_context *context = threads(2);
  double *exact = gradient(context, model, data, "f64", &count), *single = gradient(context, model, data, "f32", &count);
  double *rounded = gradient(context, model, data, "bf16", &count);
  const double of_single = apart(single, exact, count), of_rounded = apart(rounded, exact, count);
  if (getenv("IMGRAD_TEST_ERRORS")) printf("  %s: f32 %.1e, bf16 %.1e\n", model, of_single, of_rounded);
  if (!(of_single < 5e-3)) test_fail(__FILE__, __LINE__, "%s: f32 is apart by %g", model, of_single);
  if (!(of_rounded < bound && of_rounded > of_single)) test_fail(__FILE__, __LINE__, "%s: bf16 is apart by %g, f32 by %g", model, of_rounded, of_single);
  free(exact), free(single), free(rounded);
  ig_context_free(context);
}

TEST(bf16_gradient_of_resnet8) { near_double("resnet8", "random channels=3 height=32 width=32 count=32", 1e-1); }

TEST(bf16_same_bits_for_all_threads) {
  need_bf16();
  uint64_t first = 0;
  for (int count = 1; count <= 3; count++) {
    ig_context *context = threads(count);
    const char *folder = in_folder("bits");
    remove_run(folder);
    RUN(context, "data", "random channels=3 height=32 width=32 count=70", "model", "resnet8", "epochs", "1", "precision", "bf16", "out", folder);
    const uint64_t hash = hash_of_run(folder);
    if (count == 1) first = hash;
    CHECK(hash == first);
    ig_context_free(context);
  }
}
