/* What bench says hangs together, for every model inside the command; a target that is a picture; allocations that fail. */
#include "runs.h"
#include "train/synthetic.h"

static ig_bench_options options_of(const char *model, bool infer, const char *batch) {
  ig_bench_options o = ig_bench_options_default();
  CHECK_OK(ig_option_set(IG_VERB_BENCH, &o, "model", model));
  CHECK_OK(ig_option_set(IG_VERB_BENCH, &o, "batch", batch));
  o.infer = infer;
  o.seconds = 0.01;
  return o;
}

static void check_rows(const ig_bench_result *r) {
  double core = 0, flops = 0, update = 0;
  int waits = 0;
  for (int i = 0; i < r->rows; i++) {
    const ig_bench_row *row = &r->row[i];
    core += row->us_per_picture;
    flops += row->flops;
    if (!strcmp(row->pass, "update")) update += row->us_per_picture;
    waits += !strcmp(row->pass, "wait");
    CHECK(row->us_per_picture >= 0 || !strcmp(row->pass, "wait"));
    CHECK((row->calls > 0) == (row->us_per_picture > 0) || !strcmp(row->pass, "wait"));
    if (row->gflops > 0) CHECK_NEAR(row->gflops * row->us_per_picture * r->batch / r->threads, row->flops * 1e-3, 1e-6 * row->flops);
    if (row->gflops > 0) CHECK_NEAR(row->share, row->gflops / r->peak_gflops, 1e-9);
  }
  CHECK_INT(waits, 1);
  CHECK((update > 0) == !strcmp(r->mode, "train"));
  CHECK_NEAR(core * r->batch, r->profiled_ms * 1e3 * r->threads, 1e-6 * core * r->batch);
  CHECK_NEAR(flops, r->flops, 1e-6 * flops);
}

static void check_phases(const ig_bench_result *r) {
  int row = 0;
  double wall = 0;
  for (int p = 0; p < r->phases; p++) {
    const ig_bench_phase *phase = &r->phase[p];
    double busy = 0;
    CHECK_INT(phase->first, row);
    for (; row < phase->first + phase->count; row++) {
      CHECK_INT(r->row[row].phase, p);
      busy += r->row[row].us_per_picture * r->batch;
    }
    CHECK_NEAR(phase->busy_us, busy, 1e-6 * busy);
    CHECK_NEAR(phase->busy_us + phase->wait_us, phase->us * r->threads, 1e-6 * phase->us * r->threads);
    wall += phase->us;
  }
  CHECK(wall > 0 && wall <= r->profiled_ms * 1e3);
  CHECK_INT(r->row[row].phase, -1);
}

static void check_bench(ig_context *context, const ig_bench_options *o) {
  ig_bench_result r;
  CHECK_OK(ig_bench(context, o, &r));
  CHECK_STR(r.model, o->model);
  CHECK_STR(r.mode, o->infer ? "infer" : "train");
  CHECK_STR(r.isa, ig_context_isa(context));
  CHECK_INT(r.threads, ig_context_threads(context));
  CHECK_INT(r.batch, o->batch);
  CHECK(r.repetitions >= 3 && r.steps >= 1);
  CHECK(r.ms_per_step_best > 0 && r.ms_per_step_best <= r.ms_per_step);
  CHECK_NEAR(r.img_per_s * r.ms_per_step, 1e3 * r.batch, 1e-6 * r.batch);
  CHECK_NEAR(r.gflops * r.ms_per_step * 1e6, r.flops, 1e-6 * r.flops);
  CHECK_NEAR(r.share * r.peak_gflops, r.gflops, 1e-9 * r.gflops);
  CHECK(r.peak_gflops > 0 && r.plan_bytes > 0 && r.state_bytes > 0);
  check_rows(&r);
  check_phases(&r);
  ig_bench_result_free(&r);
  CHECK(!r.row && !r.phase && !r.rows);
}

TEST(bench_of_every_model) {
  ig_context *context = threads(2);
  for (int i = 0; ig_model_name(i); i++)
    for (int infer = 0; infer < 2; infer++) {
      ig_bench_options o = options_of(ig_model_name(i), infer, "2");
      check_bench(context, &o);
    }
  ig_context_free(context);
}

TEST(bench_in_all_ways) {
  for (int count = 1; count <= 3; count += 2) {
    ig_context *context = threads(count);
    ig_bench_options o = options_of("textbook", false, "1");
    check_bench(context, &o);
    o = options_of(small_net(), false, "5");
    CHECK_OK(ig_option_set(IG_VERB_BENCH, &o, "precision", "f64"));
    CHECK_OK(ig_option_set(IG_VERB_BENCH, &o, "optimizer", "sgd momentum=0.9"));
    CHECK_OK(ig_option_set(IG_VERB_BENCH, &o, "loss", "mse"));
    check_bench(context, &o);
    ig_context_free(context);
  }
}

/* Direct arithmetic: forward as summary counts it; a training step has both gradients too, but for the first layer's input. */
TEST(bench_counts_direct_arithmetic) {
  static const double macs[] = {26 * 26 * 9 * 32, 11 * 11 * 9 * 32 * 64., 1600 * 128, 1280};
  ig_context *context = threads(1);
  for (int infer = 0; infer < 2; infer++) {
    ig_bench_options o = options_of("textbook", infer, "4");
    ig_bench_result r;
    CHECK_OK(ig_bench(context, &o, &r));
    double forward = macs[0] + macs[1] + macs[2] + macs[3];
    CHECK_NEAR(r.flops, 2 * 4 * (infer ? forward : 3 * forward - macs[0]), 0);
    ig_bench_result_free(&r);
  }
  ig_context_free(context);
}

TEST(bench_refusals) {
  ig_context *context = threads(1);
  ig_bench_options o = options_of("softmax", true, "2");
  ig_bench_result r;
  o.train = true;
  CHECK_STATUS(ig_bench(context, &o, &r), IG_USAGE);
  o = options_of("sofmax", false, "2");
  CHECK_STATUS(ig_bench(context, &o, &r), IG_USAGE);
  o = options_of("softmax", false, "2");
  strcpy(o.loss, "mean_error");
  CHECK_STATUS(ig_bench(context, &o, &r), IG_USAGE);
  o = options_of("softmax", false, "2");
  o.seconds = -1;
  CHECK_STATUS(ig_bench(context, &o, &r), IG_USAGE);
  CHECK(!r.row && !r.phase);
  ig_context_free(context);
}

/* ---- pictures as targets ------------------------------------------------------------------------------------------------ */

static const char *picture_net(void) {
  return write_text("pictures.txt", "input 2 9 7\nconv2d 5 k=3 pad=same tanh\nconv2d 3 k=3 pad=same\n");
}

static double real_at(const ig__network *net, const void *p, int64_t i) {
  return net->k->real_size == 4 ? (double)((const float *)p)[i] : ((const double *)p)[i];
}

/* The loss is the mean of the squares over all elements of the pictures; a short batch is one too. */
TEST(picture_targets) {
  ig_context *context = threads(2);
  for (int real_size = 4; real_size <= 8; real_size += 4) {
    ig__model *model;
    ig__source_info info;
    ig__batch batch;
    ig__network net;
    CHECK_OK(ig__model_any(context, picture_net(), NULL, 10, real_size, 3, &model));
    CHECK_OK(ig__synthetic_info(model, &info));
    CHECK(info.field[1].role == IG__ROLE_IMAGE && info.field[1].rank == 3 && info.field[1].dim[0] == 3);
    CHECK_OK(ig__synthetic_batch(&info, 5, 7, &batch));
    CHECK_OK(ig__network_new(context, &(ig__network_request){.model = model, .data = &info, .loss = "", .n = 5, .training = true,
                             .gradients = true}, &net));
    CHECK_INT(net.classes, 0);
    void *grads = ig__alloc((size_t)model->params_size, (size_t)real_size);
    for (batch.n = 5; batch.n > 0; batch.n -= 3) {
      CHECK_OK(ig__network_run(&net, context, &batch, &(ig__pass_step){.grads = grads, .loss_scale = 1}));
      const void *prediction = ig__plan_result(net.plan, 1);
      double sum = 0;
      int64_t count = (int64_t)batch.n * 3 * 9 * 7;
      for (int64_t i = 0; i < count; i++) {
        double d = real_at(&net, prediction, i) - (double)((const float *)batch.field[1])[i];
        sum += d * d;
      }
      CHECK_NEAR(ig__network_loss(&net), sum / (double)count, real_size == 4 ? 1e-5 : 1e-12);
    }
    ig__free(grads);
    ig__network_free(&net);
    /* Labels do not fit a model that ends in pictures, nor this target one that ends in classes. */
    info.field[1] = (ig__field){.name = "label", .role = IG__ROLE_LABEL, .type = IG__FIELD_I32};
    CHECK_STATUS(ig__network_new(context, &(ig__network_request){.model = model, .data = &info, .n = 5}, &net), IG_BAD_MODEL);
    ig__synthetic_batch_free(&batch);
    ig__model_free(model);
  }
  ig_bench_options o = options_of(picture_net(), false, "3");
  check_bench(context, &o);
  strcpy(o.loss, "cross_entropy");
  ig_bench_result r;
  CHECK_STATUS(ig_bench(context, &o, &r), IG_BAD_MODEL);
  ig_context_free(context);
}

#ifdef IG__FAULTS
TEST(bench_allocations_fail) {
  ig_context *context = threads(2);
  ig_bench_options o = options_of("softmax", false, "2");
  ig_status status = IG_NO_MEMORY;
  for (int n = 1; status != IG_OK; n++) {
    char spec[32];
    ig_bench_result r;
    int64_t before = ig__alloc_outstanding();
    snprintf(spec, sizeof spec, "malloc@%d", n);
    ig__fault_set(spec);
    status = ig_bench(context, &o, &r);
    ig__fault_set(NULL);
    if (status == IG_OK) ig_bench_result_free(&r);
    else CHECK_STATUS(status, IG_NO_MEMORY);
    CHECK_INT(ig__alloc_outstanding(), before);
  }
  ig_context_free(context);
}
#endif
