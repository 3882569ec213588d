/* The verb ascend, and gradients for a program's own pixels. */
#include "base/file.h"
#include "imgrad/ascend.h"
#include "imgrad/model.h"
#include "runs.h"
#include "train/ascend/softmax.h"
#include "train/predictor.h"

#include <math.h>

static const char *trained(const char *model) {
  ig_context *context = threads(2);
  const char *out = in_folder("run");
  RUN(context, "data", "digits train=400 test=60", "model", model, "epochs", "2", "out", out);
  ig_context_free(context);
  return out;
}

static ig_ascend_options options_for(const char *run, const char *out) {
  ig_ascend_options o = ig_ascend_options_default();
  snprintf(o.run, sizeof o.run, "%s", run);
  snprintf(o.out, sizeof o.out, "%s", in_folder(out));
  return o;
}

static uint64_t hash_of(const char *folder, const char *name) {
  char path[2 * IG_PATH_SIZE];
  uint8_t *bytes;
  size_t size;
  snprintf(path, sizeof path, "%s/%s", folder, name);
  CHECK_OK(ig__file_read(path, SIZE_MAX, &bytes, &size));
  const uint64_t hash = ig__hash(bytes, size, 0);
  ig__free(bytes);
  return hash;
}

TEST(classes_and_filters_grow) {
  const char *run = trained("textbook");
  uint64_t hash[2];
  for (int k = 0; k < 2; k++) { /* one thread or three, and other neighbours: the same bits */
    ig_context *context = threads(k ? 3 : 1);
    ig_ascend_options o = options_for(run, k ? "b" : "a");
    ig_ascend_result r;
    o.steps = 40;
    snprintf(o.classes, sizeof o.classes, k ? "4" : "3, 4");
    snprintf(o.filters, sizeof o.filters, "conv2d1:0-1, conv2d2:%s", k ? "5, dense1:7" : "5");
    CHECK_OK(ig_ascend(context, &o, &r));
    CHECK_INT(r.rows, k ? 5 : 5);
    CHECK_STR(r.row[0].name, k ? "class 4" : "class 3");
    CHECK_STR(r.row[k ? 3 : 4].name, "conv2d2:5");
    for (int i = 0; i < r.rows; i++) {
      CHECK(r.row[i].after > r.row[i].before && !r.row[i].flat);
      CHECK(isnan(r.row[i].probability) == (strncmp(r.row[i].name, "class", 5) != 0));
    }
    CHECK(r.row[0].probability > 0.5);
    CHECK(hash_of(r.out, "index.html") && hash_of(r.out, "sheet.png"));
    hash[k] = hash_of(r.out, r.row[k ? 0 : 1].file);
    ig_ascend_result_free(&r);
    ig_context_free(context);
  }
  CHECK(hash[0] == hash[1]);
}

TEST(saliency_of_the_test_part) {
  const char *run = trained("textbook");
  ig_context *context = threads(2);
  ig_ascend_options o = options_for(run, "s");
  ig_saliency_result r;
  o.limit = 5;
  o.path = 200;
  o.samples = 4;
  CHECK_OK(ig_saliency(context, &o, NULL, 0, &r));
  CHECK_INT(r.rows, 5);
  CHECK(r.worst_error < 0.02);
  for (int i = 0; i < 5; i++) {
    char name[256];
    CHECK_STR(r.row[i].answer, r.row[i].target);
    CHECK(r.row[i].probability > 0.1 && r.row[i].error == fabs(r.row[i].sum - r.row[i].difference));
    snprintf(name, sizeof name, "%s-integrated.png", r.row[i].stem);
    CHECK(hash_of(r.out, name));
  }
  ig_saliency_result_free(&r);
  snprintf(o.target, sizeof o.target, "thirty");
  CHECK_STATUS(ig_saliency(context, &o, NULL, 0, &r), IG_USAGE);
  CHECK(!r.rows && !r.row);
  ig_context_free(context);
}

TEST(fooled_by_little) {
  const char *run = trained("textbook");
  ig_context *context = threads(2);
  ig_ascend_options o = options_for(run, "f");
  ig_fool_result r;
  o.limit = 6;
  o.pgd_steps = 8;
  CHECK_OK(ig_fool(context, &o, NULL, 0, &r));
  CHECK_INT(r.rows, 6);
  CHECK_INT(r.known, 6);
  CHECK_INT(r.fooled[IG_ATTACK_PGD], 6);
  CHECK(r.median[IG_ATTACK_PGD] < 0.3 && r.median[IG_ATTACK_PGD] <= r.median[IG_ATTACK_FGSM] * 1.05);
  for (int k = 0; k < IG_ATTACKS; k++) {
    CHECK(r.curve_epsilon[k][0] == 0 && fabs(r.curve_epsilon[k][r.points - 1] - r.most[k]) < 1e-12);
    CHECK_NEAR(r.curve[k][0], (double)r.right / 6, 1e-12);
    CHECK_NEAR(r.curve[k][r.points - 1], (6 - r.fooled[k]) / 6.0, 1e-12);
    for (int p = 1; p < r.points; p++) {
      CHECK(r.curve_epsilon[k][p] > r.curve_epsilon[k][p - 1] && r.curve[k][p] <= r.curve[k][p - 1]);
      if (p > 4) CHECK_NEAR(r.curve_epsilon[k][p], 2 * r.curve_epsilon[k][p - 4], 1e-9 * r.curve_epsilon[k][p]);
    }
    for (int i = 0; i < 6; i++) {
      const ig_fool_row *row = &r.row[i];
      CHECK(isnan(row->epsilon[k]) == !row->fooled[k]);
      if (row->fooled[k]) CHECK(strcmp(row->fooled[k], row->truth) != 0 && row->largest[k] <= row->epsilon[k] * (1 + 1e-9));
    }
  }
  CHECK(hash_of(r.out, "fool.csv") && hash_of(r.out, "curve.csv") && hash_of(r.out, "index.html"));
  ig_fool_result_free(&r);
  ig_context_free(context);
}

/* The public function in float against differences of the same model in double; interleaved pixels. */
TEST(gradients_for_a_program) {
  ig_context *context = threads(1);
  const char *net = write_text("net.txt", "input 3 6 5 mean=.3 std=.2\nconv2d 4 k=3 pad=1 silu\nflatten\ndense classes softmax\n");
  const char *run = in_folder("run");
  RUN(context, "data", "random count=40 channels=3 height=6 width=5 classes=3", "model", net, "epochs", "1", "out", run);
  ig_model *model;
  ig__model *exact;
  ig__slopes s;
  ig_predictor *predictor;
  ig_predictor_options o = ig_predictor_options_default();
  float pixels[2 * 90], weights[6] = {0, 1, 0, 0.5f, 0, -1};
  const float *numbers, *gradients, *answers;
  double x[180], z[6], h = 1e-5;
  o.batch = 2;
  o.interleaved = true;
  CHECK_OK(ig_model_open(context, run, &model));
  CHECK_OK(ig_predictor_new(context, model, &o, &predictor));
  CHECK_OK(ig__model_trained(context, run, 8, &exact));
  CHECK_OK(ig__slopes_new(context, &(ig__slopes_request){.model = exact, .line = -1, .n = 2}, &s));
  for (int n = 0; n < 2; n++)
    for (int c = 0; c < 3; c++)
      for (int i = 0; i < 30; i++) {
        const int at = n * 90 + c * 30 + i;
        pixels[n * 90 + i * 3 + c] = (float)(at * 37 % 101) / 100;
        x[at] = (double)pixels[n * 90 + i * 3 + c];
      }
  CHECK_STATUS(ig_predict_gradient(predictor, pixels, 3, weights, &numbers, &gradients), IG_USAGE);
  CHECK(!numbers && !gradients);
  CHECK_OK(ig_predict_gradient(predictor, pixels, 2, weights, &numbers, &gradients));
  CHECK_OK(ig_predict_f32(predictor, pixels, 2, &answers));
  CHECK_OK(ig__slopes_numbers(&s, x, 2, z));
  for (int i = 0; i < 6; i++) {
    CHECK_NEAR((double)numbers[i], z[i], 1e-5);
    CHECK_NEAR((double)answers[i], ig__number_probability(z + i / 3 * 3, 3, i % 3), 1e-5);
  }
  for (int at = 0; at < 180; at += 7) {
    const double old = x[at];
    double f[2] = {0, 0};
    for (int side = 0; side < 2; side++) {
      x[at] = old + (side ? h : -h);
      CHECK_OK(ig__slopes_numbers(&s, x, 2, z));
      for (int i = 0; i < 6; i++) f[side] += (double)weights[i] * z[i];
    }
    x[at] = old;
    const int n = at / 90, c = at % 90 / 30, i = at % 30;
    CHECK_NEAR((double)gradients[n * 90 + i * 3 + c], (f[1] - f[0]) / (2 * h), 2e-5);
  }
  ig__slopes_free(&s);
  ig__model_free(exact);
  ig_predictor_free(predictor);
  ig_model_free(model);
  ig_context_free(context);
}

TEST(mistakes) {
  const char *run = trained("softmax");
  ig_context *context = threads(1);
  ig_ascend_options o = options_for(run, "m");
  ig_ascend_result r;
  ig_fool_result f;
  snprintf(o.filters, sizeof o.filters, "dense:3");
  CHECK_STATUS(ig_ascend(context, &o, &r), IG_USAGE);
  CHECK_HAS(ig_last_error(), "did you mean dense1");
  snprintf(o.filters, sizeof o.filters, "dense1:10");
  CHECK_STATUS(ig_ascend(context, &o, &r), IG_USAGE);
  CHECK_HAS(ig_last_error(), "0 … 9");
  snprintf(o.filters, sizeof o.filters, "dense1");
  CHECK_STATUS(ig_ascend(context, &o, &r), IG_USAGE);
  *o.filters = 0;
  snprintf(o.classes, sizeof o.classes, "3, ten");
  CHECK_STATUS(ig_ascend(context, &o, &r), IG_USAGE);
  CHECK_HAS(ig_last_error(), "no class 'ten'");
  *o.classes = 0;
  o.rate = -1;
  CHECK_STATUS(ig_ascend(context, &o, &r), IG_USAGE);
  o = options_for(run, "m");
  CHECK_STATUS(ig_fool(context, &o, (const char *const[]){in_folder("nothing.png")}, 1, &f), IG_BAD_DATA);
  CHECK(!f.rows);
  snprintf(o.part, sizeof o.part, "exam");
  CHECK_STATUS(ig_fool(context, &o, NULL, 0, &f), IG_USAGE);
  snprintf(o.run, sizeof o.run, "%s/model.safetensors", run);
  *o.part = 0;
  CHECK_STATUS(ig_fool(context, &o, NULL, 0, &f), IG_USAGE);
  CHECK_HAS(ig_last_error(), "which pictures");
  *o.out = 0;
  CHECK_STATUS(ig_ascend(context, &o, &r), IG_USAGE);
  CHECK_HAS(ig_last_error(), "--out");
  CHECK(!ig__is_folder(in_folder("m"))); /* a refused question leaves nothing */
  ig_context_free(context);
}

/* Some allocations and writes failing once, one after the other: the right status, nothing lost. */
static void fail_each(const char *run, const char *kind, int step, ig_status want) {
  ig_context *context = threads(1);
  bool over = false;
  for (int n = 1; !over; n += step) {
    ig_ascend_options o = options_for(run, "x");
    ig_ascend_result liked;
    ig_saliency_result explained;
    ig_fool_result fooled;
    char spec[32];
    o.limit = o.steps = o.path = o.samples = o.pgd_steps = 1;
    snprintf(o.classes, sizeof o.classes, "1");
    snprintf(o.filters, sizeof o.filters, "dense1:2");
    snprintf(spec, sizeof spec, "%s@%d", kind, n);
    over = true;
    for (int verb = 0; verb < 3; verb++) {
      const int64_t outstanding = ig__alloc_outstanding();
      ig__fault_set(spec);
      const ig_status status = verb == 0   ? ig_ascend(context, &o, &liked)
                               : verb == 1 ? ig_saliency(context, &o, NULL, 0, &explained)
                                           : ig_fool(context, &o, NULL, 0, &fooled);
      ig__fault_set(NULL);
      if (status != IG_OK) {
        CHECK_STATUS(status, want);
        over = false;
      }
      if (verb == 0) ig_ascend_result_free(&liked);
      if (verb == 1) ig_saliency_result_free(&explained);
      if (verb == 2) ig_fool_result_free(&fooled);
      CHECK_INT(ig__alloc_outstanding(), outstanding);
    }
  }
  ig_context_free(context);
}

TEST(no_memory_no_disk) {
  char run[IG_PATH_SIZE];
  snprintf(run, sizeof run, "%s", trained("softmax")); /* eight paths live at once */
  fail_each(run, "malloc", 83, IG_NO_MEMORY);
  fail_each(run, "write", 3, IG_IO);
}
