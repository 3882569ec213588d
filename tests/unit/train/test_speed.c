/* Time by lines: forecasts that add up and follow the machine that they are for; what a run leaves of its speed, and that measuring
 * it changes nothing. No clock decides anything here. */
#include "runs.h"
#include "train/speed.h"
#include "train/synthetic.h"

static ig_summary_result summary_of(ig_context *context, const char *model, bool forecast) {
  ig_summary_options o = ig_summary_options_default();
  ig_summary_result r;
  snprintf(o.model, sizeof o.model, "%s", model);
  o.batch = 8;
  o.forecast = forecast;
  o.pictures = 100;
  CHECK_OK(ig_summary(context, &o, &r));
  return r;
}

TEST(a_forecast_adds_up) {
  ig_context *context = threads(2);
  static const char *const models[] = {"softmax", "resnet8", "dncnn"}; /* the last ends in pictures */
  for (size_t i = 0; i < sizeof models / sizeof models[0]; i++) {
    ig_summary_result r = summary_of(context, models[i], true);
    const ig_forecast *f = &r.forecast;
    double sum = f->loss + f->update;
    for (int k = 0; k < r.rows; k++) {
      CHECK(r.row[k].seconds >= 0 && (r.row[k].macs == 0 || r.row[k].seconds > 0));
      sum += r.row[k].seconds;
    }
    CHECK(f->made && f->threads == ig_context_threads(context) && f->peak_gflops > 0 && f->near_bytes > 0 && f->far_bytes > 0);
    CHECK(isfinite(f->step) && f->step > 0 && f->update > 0 && f->loss >= 0);
    CHECK_NEAR(sum / f->step, 1, 1e-9);
    CHECK(f->steps == 13 && f->pictures == 100);
    CHECK_NEAR(f->epoch, 13 * f->step, 1e-12 * f->epoch);
    CHECK(f->bytes == r.weight_bytes + r.training_bytes);
    ig_summary_result_free(&r);
  }
  ig_summary_result r = summary_of(context, "softmax", false);
  CHECK(!r.forecast.made && r.row[1].seconds == 0);
  ig_summary_result_free(&r);
  ig_context_free(context);
}

static double forecast_of(const ig__network *net, const ig__machine *m, const char *op, double *row_seconds) {
  ig__profile_row row[256];
  ig__profile_phase phase[256];
  double sum = 0;
  *row_seconds = 0;
  CHECK(ig__plan_profile_rows(net->plan) <= 256);
  ig__plan_forecast(net->plan, m, row, phase);
  for (size_t p = 0; p < ig__plan_profile_phases(net->plan); p++) sum += phase[p].seconds;
  for (size_t i = 0; i < ig__plan_profile_rows(net->plan); i++) {
    CHECK(row[i].seconds > 0 && row[i].calls == 0);
    if (!strncmp(row[i].op, op, strlen(op))) *row_seconds += row[i].seconds;
  }
  return sum;
}

/* On machines that are given: twice as fast, half the time; arithmetic alone is the work by what is attained; more threads are never slower. */
TEST(a_forecast_follows_the_machine) {
  ig_context *context = threads(1);
  ig__model *model;
  ig__source_info info;
  ig__network net;
  CHECK_OK(ig__model_any(context, "textbook", NULL, 10, 4, 1, &model));
  CHECK_OK(ig__synthetic_info(model, &info));
  CHECK_OK(ig__network_new(context, &(ig__network_request){.model = model, .data = &info, .loss = "", .n = 32, .training = true, .gradients = true}, &net));
  const ig__machine slow = {.threads = 1, .flops = 1e11, .near_bytes = 1e11, .far_bytes = 1e10};
  ig__machine fast = slow;
  double a, b;
  fast.flops *= 2, fast.near_bytes *= 2, fast.far_bytes *= 2;
  const double whole = forecast_of(&net, &slow, "matmul", &a), half = forecast_of(&net, &fast, "matmul", &b);
  CHECK_NEAR(half / whole, 0.5, 1e-12);
  CHECK_NEAR(b / a, 0.5, 1e-12);
  fast = slow;
  fast.near_bytes = fast.far_bytes = 1e30;
  forecast_of(&net, &fast, "matmul", &a);
  const double work = 2 * (ig__plan_work(net.plan, "dense1") + ig__plan_work(net.plan, "dense2"));
  CHECK_NEAR(a, work / 0.75 / slow.flops, 1e-9 * a + 1e-20);
  double before = whole;
  for (int t = 2; t <= 8; t++) {
    fast = slow;
    fast.threads = t;
    const double now = forecast_of(&net, &fast, "matmul", &b);
    CHECK(now <= before && now >= whole / t);
    before = now;
  }
  ig__network_free(&net);
  ig__model_free(model);
  ig_context_free(context);
}

static char *text_of(const char *folder, const char *name) {
  char path[1200];
  uint8_t *bytes;
  size_t size;
  snprintf(path, sizeof path, "%s/%s", folder, name);
  CHECK_OK(ig__file_read(path, 1 << 24, &bytes, &size));
  return (char *)bytes;
}

#define TINY "data", "digits train=60 test=40", "epochs", "1"

TEST(a_run_tells_its_speed) {
  ig_context *context = threads(2);
  char with[1024], without[1024];
  snprintf(with, sizeof with, "%s", in_folder("with"));
  snprintf(without, sizeof without, "%s", in_folder("without"));
  const char *net = small_net();
  RUN(context, TINY, "model", net, "report", "yes", "out", with);
  RUN(context, TINY, "model", net, "report", "no", "out", without);
  CHECK(!ig__folder_has(without, "speed.csv"));
  char *table = text_of(with, "speed.csv"), *page = text_of(with, "report.html");
  CHECK_HAS(table, "line,forward_us,backward_us,share_of_step,gflops,share_of_peak\n");
  for (int i = 0; i < 4; i++) CHECK_HAS(table, ((const char *const[]){"\nconv2d1,", "\nbatchnorm1,", "\ndense1,", "\n(step),"})[i]);
  CHECK_HAS(page, "data-name=\"speed.conv2d1.gflops\"");
  CHECK_HAS(page, "data-name=\"speed.step.us\"");
  /* The running statistics that its steps moved are back where they were, and so is everything in the checkpoint. */
  CHECK(hash_of_model(with) == hash_of_model(without));
  CHECK(hash_of_run(with) == hash_of_run(without));
  /* Gone on with, it is the run that it would have been. */
  RUN(context, "resume", with, "epochs", "2");
  RUN(context, "resume", without, "epochs", "2");
  CHECK(hash_of_run(with) == hash_of_run(without));
  ig__free(table);
  ig__free(page);
  ig_context_free(context);
}

/* Mixed pictures, weighted classes, a full-batch method, differences instead of a gradient. */
TEST(runs_of_every_kind_tell_it) {
  ig_context *context = threads(1);
  RUN(context, TINY, "model", small_net(), "augment", "mixup", "class_weights", "balanced", "accumulate", "2", "report", "yes", "out", in_folder("a"));
  CHECK(ig__folder_has(in_folder("a"), "speed.csv"));
  RUN(context, TINY, "model", "softmax", "optimizer", "lbfgs", "report", "yes", "out", in_folder("b"));
  CHECK(ig__folder_has(in_folder("b"), "speed.csv"));
  RUN(context, TINY, "model", write_text("tiny.txt", "input 1 28 28\navgpool2d 14\ndense classes\n"), "gradient", "numeric", "precision", "f64", "report", "yes", "out",
      in_folder("c"));
  CHECK(!ig__folder_has(in_folder("c"), "speed.csv"));
  ig_context_free(context);
}
