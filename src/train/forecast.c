/* summary --forecast: how long a step and an epoch should take here, from the arithmetic and the bytes of the plan and from what this
 * machine is measured to do in a moment: the peak of multiply-adds, and the speed of copying in a core's cache and in as much memory as
 * the plan works in. */
#include "train/speed.h"

#include <stdio.h>
#include <string.h>

#define MEETING 4e-6               /* seconds: handing out a phase and waiting for the last (test_pool measures it) */
#define PROBE_SECONDS 0.1          /* of each of the three */
#define NEAR ((size_t)128 << 10)   /* bytes a thread, read and written: half of a small second-level cache */
#define LEAST ((size_t)4 << 20)    /* of the other copy, all threads together */
#define MOST ((size_t)256 << 20)
#define PIECE ((size_t)64 << 10)   /* bytes a task */

/* ---- how fast copying is -------------------------------------------------------------------------------------------------------- */

typedef struct copying { uint8_t *from, *to; size_t bytes; bool near; } copying;

static void copy_piece(void *arg, int task, int thread) {
  const copying *c = arg;
  const size_t at = c->near ? (size_t)thread * NEAR : (size_t)task * PIECE, left = c->bytes - at;
  memcpy(c->to + at, c->from + at, c->near ? NEAR / 2 : left < PIECE ? left : PIECE);
}

/* Bytes a second, read and written, of all threads. */
static ig_status measure_copy(const ig_context *context, size_t bytes, bool near, double *out) {
  const int threads = ig__pool_threads(context->pool), tasks = near ? threads * 64 : (int)((bytes + PIECE - 1) / PIECE);
  copying c = {.from = ig__alloc(bytes, 1), .to = ig__alloc(bytes, 1), .bytes = bytes, .near = near};
  const double moved = 2.0 * (near ? (double)tasks * (NEAR / 2) : (double)bytes), start = ig__now();
  double best = 1e9;
  ig_status status = c.from && c.to ? IG_OK : IG_NO_MEMORY;
  if (status == IG_OK) memset(c.from, 1, bytes); /* pages of their own, not the one page of zeros */
  for (int i = 0; status == IG_OK && (i < 3 || ig__now() - start < PROBE_SECONDS); i++) {
    const double begun = ig__now();
    ig__pool_run(context->pool, tasks, true, copy_piece, &c);
    const double took = ig__now() - begun;
    if (i && took < best) best = took;
  }
  ig__free(c.from);
  ig__free(c.to);
  *out = moved / best;
  return status;
}

static ig_status measure(const ig_context *context, const ig__network *net, ig__machine *m) {
  const int threads = ig__pool_threads(context->pool);
  size_t far_size = ig__plan_memory_of(net->plan, threads).total / 2;
  if (far_size < LEAST) far_size = LEAST;
  if (far_size > MOST) far_size = MOST;
  *m = (ig__machine){.threads = threads, .meeting = MEETING};
  IG__TRY(measure_copy(context, NEAR * (size_t)threads, true, &m->near_bytes));
  IG__TRY(measure_copy(context, far_size, false, &m->far_bytes));
  m->flops = ig__measure_peak(context, net->k, PROBE_SECONDS) * 1e9 / threads;
  m->near_bytes /= threads;
  m->far_bytes /= threads;
  return IG_OK;
}

/* ---- what comes of it ------------------------------------------------------------------------------------------------------------- */

ig_status ig__speed_lines(const ig__profile_row *row, size_t rows, int runs, ig__line_speed **out, int *count) {
  ig__line_speed *lines = *out = ig__alloc(rows, sizeof *lines);
  *count = 0;
  if (!lines) return IG_NO_MEMORY;
  for (size_t i = 0; i < rows; i++) {
    int k = 0;
    while (k < *count && strcmp(lines[k].line, row[i].line) != 0) k++;
    if (k == *count) snprintf(lines[(*count)++].line, sizeof lines->line, "%s", row[i].line);
    *(row[i].order ? &lines[k].backward : &lines[k].forward) += row[i].seconds / runs;
    lines[k].work += row[i].work;
  }
  return IG_OK;
}

/* Wall time, so that the rows, what is left over, and the update add up to the step. */
static void share(ig_summary_result *r, const ig__line_speed *lines, int count, double core, double wall) {
  for (int k = 0; k < count; k++) {
    const double seconds = (lines[k].forward + lines[k].backward) / core * wall;
    int row = 0;
    while (row < r->rows && strcmp(r->row[row].name, lines[k].line) != 0) row++;
    if (row < r->rows) r->row[row].seconds += seconds;
    else r->forecast.loss += seconds;
  }
}

ig_status ig__forecast(const ig_context *context, const ig__network *net, const ig_summary_options *o, int slots, ig_summary_result *r) {
  const size_t rows = ig__plan_profile_rows(net->plan), phases = ig__plan_profile_phases(net->plan);
  ig__profile_row *row = ig__alloc(rows, sizeof *row);
  ig__profile_phase *phase = ig__alloc(phases, sizeof *phase);
  ig__line_speed *lines = NULL;
  ig__machine m;
  ig_forecast *f = &r->forecast;
  double core = 0, wall = 0;
  int count = 0;
  ig_status status = row && phase ? measure(context, net, &m) : IG_NO_MEMORY;
  if (status == IG_OK) {
    ig__plan_forecast(net->plan, &m, row, phase);
    status = ig__speed_lines(row, rows, 1, &lines, &count);
  }
  if (status == IG_OK) {
    const double weights = (double)net->model->params_size * net->model->real_size;
    for (size_t p = 0; p < phases; p++) {
      core += phase[p].busy;
      wall += phase[p].seconds;
    }
    share(r, lines, count, core, wall);
    f->made = true;
    f->threads = m.threads;
    f->peak_gflops = m.flops * m.threads * 1e-9;
    f->near_bytes = m.near_bytes * m.threads;
    f->far_bytes = m.far_bytes * m.threads;
    /* The gradient is read, the weights and each slot are read and written. */
    f->update = weights * (3 + 2 * slots) / f->far_bytes + m.meeting;
    f->step = wall + f->update;
    f->pictures = o->pictures;
    f->steps = (o->pictures + o->batch - 1) / o->batch;
    f->epoch = f->step * (double)f->steps;
    f->bytes = r->weight_bytes + r->training_bytes;
  }
  ig__free(row);
  ig__free(phase);
  ig__free(lines);
  return status;
}
