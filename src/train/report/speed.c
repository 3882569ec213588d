/* How fast a run was, layer by layer: some steps are timed node by node when it ends, and speed.csv keeps what they took, so that the
 * page made again says the same. */
#include "base/text.h"
#include "train/report/report.h"
#include "train/speed.h"
#include "train/synthetic.h"

#include <math.h>
#include <string.h>

#define SECONDS 0.1          /* of steps */
#define MOST_STEPS 8         /* two at least: the first finds the caches cold */
#define PEAK_SECONDS 0.02
#define MOST_BYTES ((size_t)1 << 22)
#define HEAD "line,forward_us,backward_us,share_of_step,gflops,share_of_peak"
#define WHOLE "(step)"       /* the last line, of wall time */
enum { LINE, FORWARD, BACKWARD, SHARE, GFLOPS, PEAK, COLUMNS };

/* ---- measuring --------------------------------------------------------------------------------------------------------------- */

typedef struct timing {
  ig__profile_row *row;
  ig__profile_phase *phase;
  size_t rows;
  double best, peak;         /* seconds of the step that `row` is of; GF/s */
} timing;

/* Steps as training runs them, without the update. The fastest is kept. */
static ig_status time_steps(ig__trainer *t, const ig__batch *batch, timing *m) {
  ig__plan *plan = t->train.plan;
  const double start = ig__now();
  m->best = INFINITY;
  for (int i = 0; i < 2 || (i < MOST_STEPS && ig__now() - start < SECONDS); i++) {
    IG__TRY(ig__plan_profile(plan, true));
    const double begun = ig__now();
    IG__TRY(ig__network_run(&t->train, t->context, batch, &(ig__pass_step){.seed = 1, .step = (uint64_t)i, .grads = ig__updater_grads(t->updater),
                            .loss_scale = 1, .target = t->mixed}));
    const double took = ig__now() - begun;
    if (took < m->best) ig__plan_profile_read(plan, m->row, m->phase);
    m->best = fmin(m->best, took);
  }
  m->peak = ig__measure_peak(t->context, t->train.k, PEAK_SECONDS);
  return IG_OK;
}

static void line_text(ig__buffer *out, const char *name, const double v[COLUMNS]) {
  char text[32];
  ig__buffer_text(out, "%s", name);
  for (int k = FORWARD; k < COLUMNS; k++) ig__buffer_text(out, ",%s", isfinite(v[k]) ? ig__print_double(text, v[k]) : "");
  ig__buffer_text(out, "\n");
}

static ig_status write(const ig__trainer *t, const timing *m) {
  const int threads = ig__pool_threads(t->context->pool);
  const double core = m->best * threads;
  ig__line_speed *lines;
  ig__buffer out = {0};
  double work = 0;
  int count;
  ig_status status = ig__speed_lines(m->row, m->rows, 1, &lines, &count);
  ig__buffer_text(&out, HEAD "\n");
  for (int i = 0; status == IG_OK && i < count; i++) {
    const ig__line_speed *l = &lines[i];
    const double seconds = l->forward + l->backward, speed = l->work > 0 && seconds > 0 ? 2 * l->work * threads / seconds * 1e-9 : (double)NAN;
    line_text(&out, l->line, (double[]){0, l->forward * 1e6, l->backward * 1e6, seconds / core, speed, speed / m->peak});
    work += l->work;
  }
  const double speed = 2 * work / m->best * 1e-9;
  line_text(&out, WHOLE, (double[]){0, m->best * 1e6, NAN, 1, speed, speed / m->peak});
  ig__free(lines);
  if (status == IG_OK) return ig__folder_write(t->folder, "speed.csv", &out);
  ig__buffer_free(&out);
  return status;
}

ig_status ig__speed_measure(ig__trainer *t) {
  timing m = {.rows = ig__plan_profile_rows(t->train.plan)};
  const size_t states = (size_t)t->model->states_size * (size_t)t->model->real_size;
  ig__batch batch = {0};
  if (t->numeric) return IG_OK; /* its network has no backward pass */
  uint8_t *kept = ig__alloc(states, 1);
  m.row = ig__alloc(m.rows, sizeof *m.row);
  m.phase = ig__alloc(ig__plan_profile_phases(t->train.plan), sizeof *m.phase);
  ig_status status = kept && m.row && m.phase ? ig__synthetic_batch(&t->source->info, t->options->batch, 1, &batch) : IG_NO_MEMORY;
  if (status == IG_OK) {
    memcpy(kept, t->model->states, states);
    status = time_steps(t, &batch, &m);
    memcpy(t->model->states, kept, states);
    t->model->version++;
    ig__plan_profile(t->train.plan, false);
  }
  if (status == IG_OK) status = write(t, &m);
  ig__synthetic_batch_free(&batch);
  ig__free(m.row);
  ig__free(m.phase);
  ig__free(kept);
  return status;
}

/* ---- the section ---------------------------------------------------------------------------------------------------------------- */

static double number(const char *text) {
  double v = NAN;
  return ig__parse_double(text, &v) ? v : (double)NAN;
}

/* The whole step, which ends the table. */
static void whole(ig__buffer *out, char *const cell[COLUMNS]) {
  ig__html_table_end(out);
  ig__buffer_text(out, "<p>Forward and backward of a step took ");
  ig__html_value(out, IG__UNIT_PLAIN, number(cell[FORWARD]), "speed.step.us");
  ig__buffer_text(out, " µs by the clock: ");
  ig__html_value(out, IG__UNIT_PLAIN, number(cell[GFLOPS]), "speed.step.gflops");
  ig__buffer_text(out, " GF/s, ");
  ig__html_value(out, IG__UNIT_SHARE, number(cell[PEAK]), "speed.step.peak");
  ig__buffer_text(out, " of the peak.</p>\n");
}

static void row(ig__buffer *out, char *const cell[COLUMNS]) {
  ig__buffer_text(out, "<tr><td class=\"l\"><code>");
  ig__html_name(out, cell[LINE], 60);
  ig__buffer_text(out, "</code></td>");
  ig__html_cell(out, IG__UNIT_PLAIN, number(cell[FORWARD]), "speed.%s.forward", cell[LINE]);
  ig__html_cell(out, IG__UNIT_PLAIN, number(cell[BACKWARD]), "speed.%s.backward", cell[LINE]);
  ig__html_cell(out, IG__UNIT_SHARE, number(cell[SHARE]), "speed.%s.share", cell[LINE]);
  ig__html_bar(out, number(cell[SHARE]));
  ig__html_cell(out, IG__UNIT_PLAIN, number(cell[GFLOPS]), "speed.%s.gflops", cell[LINE]);
  ig__html_cell(out, IG__UNIT_SHARE, number(cell[PEAK]), "speed.%s.peak", cell[LINE]);
  ig__buffer_text(out, "</tr>\n");
}

/* The lines behind the head; one that is none of ours ends it. */
static void section(ig__buffer *out, char *lines) {
  bool ended = false;
  ig__html_section(out, "speed", "Where the time of a step goes");
  ig__html_table(out, "<layer|forward, µs|backward, µs|share||GF/s|of the peak");
  for (char *line; !ended && *lines && (line = lines);) {
    char *cell[COLUMNS];
    int cells = 0;
    lines += strcspn(lines, "\n");
    if (*lines) *lines++ = 0;
    while (cells < COLUMNS && (cell[cells] = ig__next_listed(&line))) cells++;
    if (cells < COLUMNS) break;
    if ((ended = !strcmp(cell[LINE], WHOLE))) whole(out, cell);
    else row(out, cell);
  }
  if (!ended) ig__html_table_end(out);
  ig__buffer_text(out, "<p class=\"soft\">The fastest of some steps timed when the run ended, on random pictures, without the update of the weights. Times of layers are core "
                       "time, of all threads together; what their shares leave of the step is waiting. GF/s count multiply-adds of the "
                       "direct arithmetic, two each, so a convolution by Winograd can pass the peak of multiply-adds, which was measured on the same threads.</p>\n");
  ig__html_section_end(out);
}

ig_status ig__report_speed(const ig__run_view *view, ig__buffer *out) {
  uint8_t *bytes = NULL;
  size_t size;
  if (!ig__folder_has(view->folder, "speed.csv")) return IG_OK;
  char *path = ig__format("%s/speed.csv", view->folder);
  ig_status status = path ? ig__file_read(path, MOST_BYTES, &bytes, &size) : IG_NO_MEMORY;
  ig__free(path);
  IG__TRY(status);
  if (size > strlen(HEAD) && !memcmp(bytes, HEAD "\n", strlen(HEAD "\n"))) section(out, (char *)bytes + strlen(HEAD "\n"));
  ig__free(bytes);
  return IG_OK;
}
