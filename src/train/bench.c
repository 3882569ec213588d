/* The verb bench: how long a step takes, what part of the machine's peak that is, and where the time goes.
 *
 * A repetition is some steps as training runs them, then some with the plan's profile, then the peak; so a slow moment of the
 * machine hits all three. Step times are the median and the best of the repetitions; the split comes whole from the fastest
 * repetition with profile, so that its rows add up. */
#include "train/synthetic.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LEAST_REPETITIONS 3
#define REPETITIONS 10       /* that `seconds` is cut into */
#define MOST_REPETITIONS 64
#define PLAIN_SHARE 0.6      /* of a repetition */
#define PROFILED_SHARE 0.25

typedef struct bench {
  ig_context *context;
  const ig_bench_options *options;
  ig__model *model;
  ig__source_info info;
  ig__batch batch;
  ig__network network;
  ig__updater *updater;      /* NULL: inference */
  int64_t step;
  double update_seconds;     /* since it was set to zero */
  /* Of the fastest repetition with profile: */
  ig__profile_row *row;
  ig__profile_phase *phase;
  double best_seconds, best_update;
  int best_steps;
  double times[MOST_REPETITIONS];
} bench;

/* One step as training makes it. The learning rate is 0: the weights stay, so all steps do the same, however many there are. */
static ig_status run_step(bench *b) {
  double penalty;
  ig__pass_step pass = {.seed = 1, .step = (uint64_t)b->step++, .grads = b->updater ? ig__updater_grads(b->updater) : NULL,
                        .loss_scale = 1};
  IG__TRY(ig__cancel_check(b->context));
  IG__TRY(ig__network_run(&b->network, b->context, &b->batch, &pass));
  if (!b->updater) return IG_OK;
  double start = ig__now();
  IG__TRY(ig__updater_step(b->updater, ig__network_loss(&b->network), 0, b->step, 1, &penalty));
  b->update_seconds += ig__now() - start;
  return IG_OK;
}

static ig_status run_steps(bench *b, int steps, double *seconds) {
  double start = ig__now();
  for (int i = 0; i < steps; i++) IG__TRY(run_step(b));
  *seconds = ig__now() - start;
  return IG_OK;
}

static int steps_in(double seconds, double step_seconds) {
  double steps = seconds / step_seconds;
  return steps < 1 ? 1 : steps > 1e6 ? 1000000 : (int)steps;
}

/* ---- repetitions ------------------------------------------------------------------------------------------------------ */

static ig_status run_profiled(bench *b, int steps) {
  double seconds;
  IG__TRY(ig__plan_profile(b->network.plan, true));
  b->update_seconds = 0;
  ig_status status = run_steps(b, steps, &seconds);
  double update = b->update_seconds;
  if (status == IG_OK && (!b->best_steps || seconds / steps < b->best_seconds / b->best_steps)) {
    ig__plan_profile_read(b->network.plan, b->row, b->phase);
    b->best_steps = steps;
    b->best_seconds = seconds;
    b->best_update = update;
  }
  ig__plan_profile(b->network.plan, false);
  return status;
}

/* Until caches are made, pages touched, threads awake and the clock of the CPU up; answers the time of a step. */
static ig_status warm_up(bench *b, double *step_seconds) {
  double start = ig__now(), seconds;
  IG__TRY(run_steps(b, 1, step_seconds));
  do {
    IG__TRY(run_steps(b, 1, &seconds));
    if (seconds < *step_seconds) *step_seconds = seconds;
  } while (ig__now() - start < b->options->seconds / REPETITIONS);
  return IG_OK;
}

static ig_status repeat(bench *b, ig_bench_result *r) {
  double whole = b->options->seconds / REPETITIONS, step, start;
  IG__TRY(warm_up(b, &step));
  r->steps = steps_in(whole * PLAIN_SHARE, step);
  start = ig__now();
  do {
    double seconds, peak;
    IG__TRY(run_steps(b, r->steps, &seconds));
    b->times[r->repetitions++] = seconds / r->steps;
    IG__TRY(run_profiled(b, steps_in(whole * PROFILED_SHARE, step)));
    peak = ig__measure_peak(b->context, b->network.k, whole * (1 - PLAIN_SHARE - PROFILED_SHARE));
    if (peak > r->peak_gflops) r->peak_gflops = peak;
  } while (r->repetitions < LEAST_REPETITIONS ||
           (r->repetitions < MOST_REPETITIONS && ig__now() - start < b->options->seconds));
  return IG_OK;
}

/* ---- what comes of it ------------------------------------------------------------------------------------------------- */

static int ascending(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static void fill_times(bench *b, ig_bench_result *r) {
  qsort(b->times, (size_t)r->repetitions, sizeof *b->times, ascending);
  int half = r->repetitions / 2;
  double median = r->repetitions % 2 ? b->times[half] : (b->times[half - 1] + b->times[half]) / 2;
  r->ms_per_step = median * 1e3;
  r->ms_per_step_best = b->times[0] * 1e3;
  r->img_per_s = r->batch / median;
  r->img_per_s_best = r->batch / b->times[0];
  r->profiled_ms = b->best_seconds / b->best_steps * 1e3;
  r->gflops = r->flops / median * 1e-9;
  r->share = r->gflops / r->peak_gflops;
}

/* `seconds` of core time in all profiled steps. */
static void fill_speed(const bench *b, const ig_bench_result *r, double seconds, ig_bench_row *row) {
  row->us_per_picture = seconds / b->best_steps / r->batch * 1e6;
  if (!(row->flops > 0 && seconds > 0)) return;
  row->gflops = row->flops * r->threads * b->best_steps / seconds * 1e-9;
  row->share = row->gflops / r->peak_gflops;
}

static void fill_rows(const bench *b, ig_bench_result *r) {
  static const char *const kinds[] = {"chunks", "parts", "finish", "cached"};
  double core = b->best_seconds * r->threads, busy = 0, update = b->best_update * r->threads;
  size_t count = ig__plan_profile_rows(b->network.plan);
  for (size_t i = 0; i < count; i++) {
    const ig__profile_row *from = &b->row[i];
    ig_bench_row *row = &r->row[r->rows++];
    snprintf(row->line, sizeof row->line, "%s", from->line);
    snprintf(row->op, sizeof row->op, "%s", from->op);
    row->pass = from->order ? "backward" : "forward";
    row->kind = kinds[from->kind];
    row->phase = from->phase;
    row->calls = (double)from->calls / b->best_steps;
    row->flops = 2 * from->work;
    fill_speed(b, r, from->seconds, row);
    busy += from->seconds;
  }
  if (b->updater) {
    r->row[r->rows] = (ig_bench_row){.line = "update", .pass = "update", .kind = "", .phase = -1, .calls = 1};
    snprintf(r->row[r->rows].op, sizeof r->row->op, "%.*s", (int)strcspn(b->options->optimizer, " "), b->options->optimizer);
    fill_speed(b, r, update, &r->row[r->rows++]);
  }
  r->row[r->rows] = (ig_bench_row){.line = "wait", .pass = "wait", .kind = "", .phase = -1};
  fill_speed(b, r, core - busy - update, &r->row[r->rows++]);
}

static void fill_phases(const bench *b, ig_bench_result *r) {
  r->phases = (int)ig__plan_profile_phases(b->network.plan);
  for (int p = 0; p < r->phases; p++) {
    const ig__profile_phase *from = &b->phase[p];
    double us = 1e6 / b->best_steps;
    r->phase[p] = (ig_bench_phase){.kind = from->cached ? "cached" : from->chunks ? "chunks" : "parts", .small = from->small,
                                   .first = from->first, .count = from->count, .tasks = from->tasks,
                                   .chunk = from->chunks ? from->chunk : 0, .us = from->seconds * us, .busy_us = from->busy * us,
                                   .wait_us = (from->seconds * r->threads - from->busy) * us};
  }
}

/* ---- opening ---------------------------------------------------------------------------------------------------------- */

static ig_status open_all(bench *b, ig_bench_result *r) {
  const ig_bench_options *o = b->options;
  ig_train_options train = ig_train_options_default();
  int real_size;
  if (o->train && o->infer) return ig__fail(IG_USAGE, "bench: train and infer are both asked for; choose one");
  IG__TRY(ig__real_size(b->context, o->precision, &real_size));
  IG__TRY(ig__model_any(b->context, o->model, NULL, o->classes, real_size, 1, &b->model));
  b->model->bf16 = ig__is_bf16(o->precision);
  IG__TRY(ig__synthetic_info(b->model, &b->info));
  IG__TRY(ig__synthetic_batch(&b->info, o->batch, 1, &b->batch));
  IG__TRY(ig__network_new(b->context, &(ig__network_request){.model = b->model, .data = &b->info, .n = o->batch,
                          .conv = o->conv, .loss = o->infer ? NULL : o->loss, .training = !o->infer, .gradients = !o->infer}, &b->network));
  memcpy(train.optimizer, o->optimizer, sizeof train.optimizer);
  if (!o->infer) IG__TRY(ig__updater_new(b->context, b->model, &train, o->batch, &b->updater));
  size_t rows = ig__plan_profile_rows(b->network.plan), phases = ig__plan_profile_phases(b->network.plan);
  b->row = ig__alloc(rows, sizeof *b->row);
  b->phase = ig__alloc(phases, sizeof *b->phase);
  r->row = ig__alloc(rows + 2, sizeof *r->row);
  r->phase = ig__alloc(phases, sizeof *r->phase);
  return b->row && b->phase && r->row && r->phase ? IG_OK : IG_NO_MEMORY;
}

static void describe(const bench *b, ig_bench_result *r) {
  uint64_t flat = (uint64_t)b->model->params_size, arrays = b->updater ? 2 + (uint64_t)ig__updater_slots(b->updater) : 1;
  memcpy(r->model, b->options->model, sizeof r->model);
  r->mode = b->updater ? "train" : "infer";
  r->isa = ig_context_isa(b->context);
  r->batch = b->options->batch;
  r->threads = ig__pool_threads(b->context->pool);
  r->flops = 2 * ig__plan_work(b->network.plan, NULL);
  r->plan_bytes = ig__plan_memory_of(b->network.plan, r->threads).total;
  r->state_bytes = (flat * arrays + (uint64_t)b->model->states_size) * (uint64_t)b->model->real_size;
}

ig_status ig_bench(ig_context *context, const ig_bench_options *options, ig_bench_result *result) {
  bench b = {.context = context, .options = options};
  *result = (ig_bench_result){.mode = "", .isa = ""};
  ig_status status = ig__options_check(IG_VERB_BENCH, options);
  if (status == IG_OK) status = open_all(&b, result);
  if (status == IG_OK) describe(&b, result);
  if (status == IG_OK) status = repeat(&b, result);
  if (status == IG_OK) {
    fill_times(&b, result);
    fill_rows(&b, result);
    fill_phases(&b, result);
  }
  ig__free(b.row);
  ig__free(b.phase);
  ig__updater_free(b.updater);
  ig__network_free(&b.network);
  ig__synthetic_batch_free(&b.batch);
  ig__model_free(b.model);
  if (status != IG_OK) ig_bench_result_free(result);
  return ig__verb_end(context, status);
}

void ig_bench_result_free(ig_bench_result *result) {
  ig__free(result->row);
  ig__free(result->phase);
  *result = (ig_bench_result){.mode = "", .isa = ""};
}
