/* The verb ascend --saliency: which pixels an answer hangs on. */
#include "train/ascend/ascend.h"

#include "base/text.h"

#include <math.h>
#include <string.h>

enum { GRADIENT, INTEGRATED, SMOOTH, WAYS };

typedef struct explaining {
  ig__subject subject;
  ig__seen seen;
  int *answer, *target;      /* [n] */
  double *probability, *difference; /* [n] */
  double *map[WAYS];         /* [n][pixels] */
} explaining;

static ig_status take_room(explaining *e) {
  const size_t n = (size_t)e->seen.n;
  e->answer = ig__alloc(n, sizeof *e->answer);
  e->target = ig__alloc(n, sizeof *e->target);
  e->probability = ig__alloc(n, sizeof *e->probability);
  e->difference = ig__alloc(n, sizeof *e->difference);
  for (int w = 0; w < WAYS; w++)
    if (!(e->map[w] = ig__alloc(n * (size_t)e->subject.slopes.pixels, sizeof *e->map[w]))) return IG_NO_MEMORY;
  return e->answer && e->target && e->probability && e->difference ? IG_OK : IG_NO_MEMORY;
}

static ig_status find_answers(explaining *e) {
  const int classes = e->subject.classes, n = e->seen.n;
  int asked = -1;
  if (*e->subject.options->target) IG__TRY(ig__subject_class(&e->subject, "--target", e->subject.options->target, &asked));
  double *number = ig__alloc((size_t)n * (size_t)classes, sizeof *number);
  if (!number) return IG_NO_MEMORY;
  ig_status status = ig__slopes_numbers(&e->subject.slopes, e->seen.x, n, number);
  for (int i = 0; status == IG_OK && i < n; i++) {
    const double *row = number + (int64_t)i * classes;
    e->answer[i] = ig__number_largest(row, classes);
    e->target[i] = asked >= 0 ? asked : e->answer[i];
    e->probability[i] = e->subject.probabilities ? ig__number_probability(row, classes, e->answer[i]) : NAN;
  }
  ig__free(number);
  return status;
}

static ig_status explain(explaining *e) {
  const ig_ascend_options *o = e->subject.options;
  ig__slopes *s = &e->subject.slopes;
  const int n = e->seen.n;
  IG__TRY(take_room(e));
  IG__TRY(find_answers(e));
  IG__TRY(ig__attribute_gradient(s, e->seen.x, e->target, n, e->map[GRADIENT]));
  IG__TRY(ig__attribute_integrated(s, e->seen.x, e->target, n, o->baseline, o->path, e->map[INTEGRATED], e->difference));
  return ig__attribute_smooth(s, e->seen.x, e->target, n, o->samples, o->noise, (uint64_t)o->seed, e->seen.key, e->map[SMOOTH]);
}

static ig_status fill(const explaining *e, ig_saliency_result *r) {
  const int64_t pixels = e->subject.slopes.pixels;
  double largest = 0;
  r->rows = e->seen.n;
  r->failed = e->seen.failed;
  if (!(r->row = ig__alloc((size_t)r->rows, sizeof *r->row))) return IG_NO_MEMORY;
  if (!(r->names = ig__alloc((size_t)e->subject.classes, 64))) return IG_NO_MEMORY;
  memcpy(r->names, e->subject.name, (size_t)e->subject.classes * 64);
  for (int i = 0; i < r->rows; i++) {
    ig_saliency_row *row = &r->row[i];
    memcpy(row->place, e->seen.place[i], sizeof row->place);
    ig__draw_stem(row->place, i + 1, row->stem);
    row->answer = r->names + 64 * e->answer[i];
    row->target = r->names + 64 * e->target[i];
    row->probability = e->probability[i];
    row->difference = e->difference[i];
    for (int64_t p = i * pixels; p < (i + 1) * pixels; p++) row->sum += e->map[INTEGRATED][p];
    row->error = fabs(row->sum - row->difference);
    largest = fmax(largest, fabs(row->difference));
    r->worst_error = fmax(r->worst_error, row->error);
  }
  if (largest > 0) r->worst_error /= largest;
  memcpy(r->out, e->subject.out, sizeof r->out);
  return IG_OK;
}

/* ---- the page ---------------------------------------------------------------------------------------------------------------- */

static ig_status cells(const explaining *e, const ig_saliency_row *row, int i, ig__raster *raster, ig__buffer *page) {
  static const char *const kind[WAYS] = {"gradient", "integrated", "smooth"};
  const int64_t at = i * e->subject.slopes.pixels;
  IG__TRY(ig__draw_picture(e->seen.x + at, e->subject.size, &raster[0]));
  ig__buffer_text(page, "<td>");
  IG__TRY(ig__draw_save(&e->subject, row->stem, "picture", &raster[0], page));
  ig__buffer_text(page, "</td>");
  for (int w = 0; w < WAYS; w++) {
    IG__TRY(ig__draw_heat(e->seen.x + at, e->map[w] + at, w != INTEGRATED, e->subject.size, &raster[1 + w]));
    ig__buffer_text(page, "<td>");
    IG__TRY(ig__draw_save(&e->subject, row->stem, kind[w], &raster[1 + w], page));
    ig__buffer_text(page, "</td>");
  }
  return IG_OK;
}

static ig_status line(const explaining *e, const ig_saliency_row *row, int i, ig__raster *raster, ig__buffer *page) {
  ig__page_row(page, row->place, row->answer);
  ig__buffer_text(page, " ");
  ig__html_value(page, IG__UNIT_SHARE, row->probability, "saliency.%d.probability", i);
  ig__buffer_text(page, "<br>explained: ");
  ig__html_name(page, row->target, 24);
  if (e->seen.truth[i] >= 0) {
    ig__buffer_text(page, "<br>it is ");
    ig__html_name(page, e->subject.name[e->seen.truth[i]], 24);
  }
  ig__buffer_text(page, "<br>Σ integrated ");
  ig__html_value(page, IG__UNIT_PLAIN, row->sum, "saliency.%d.sum", i);
  ig__buffer_text(page, "<br>difference ");
  ig__html_value(page, IG__UNIT_PLAIN, row->difference, "saliency.%d.difference", i);
  ig__buffer_text(page, "<br>error ");
  ig__html_value(page, IG__UNIT_PLAIN, row->error, "saliency.%d.error", i);
  ig__buffer_text(page, "</td>");
  IG__TRY(cells(e, row, i, raster, page));
  ig__buffer_text(page, "</tr>\n");
  return IG_OK;
}

static ig_status write_page(const explaining *e, const ig_saliency_result *r) {
  const ig_ascend_options *o = e->subject.options;
  const int count = r->rows * (1 + WAYS);
  ig__buffer page = {0}, beyond = {0};
  ig__raster *raster = ig__alloc((size_t)count, sizeof *raster);
  ig_status status = raster ? ig__page_begin(&e->subject, "What answers hang on", &page) : IG_NO_MEMORY;
  ig__html_section(&page, "saliency", "Attributions");
  ig__buffer_text(&page, "<p class=\"soft\">Of the number of the class explained, before the softmax. The <b>gradient</b> and the <b>smoothed</b> gradient (mean of %d "
                  "copies with noise of %g of the picture's range) show how much a pixel would matter if it moved: red to yellow. <b>Integrated</b> "
                  "gradients (%d points on the way from grey %g) share out the number itself: red speaks for the class, blue against; they add up to the "
                  "difference of the numbers at the picture and at the baseline, up to the error shown.</p>\n", o->samples, o->noise, o->path, o->baseline);
  ig__html_table(&page, "<picture|as it is|gradient|integrated|smoothed");
  for (int i = 0; status == IG_OK && i < r->rows; i++) status = line(e, &r->row[i], i, raster + i * (1 + WAYS), ig__page_room(&page, &beyond));
  ig__html_table_end(&page);
  ig__buffer_text(&page, "%s", beyond.size ? ig__page_full : "");
  ig__html_section_end(&page);
  if (status == IG_OK) status = ig__draw_sheet(&e->subject, raster, count, 1 + WAYS);
  if (status == IG_OK) status = ig__page_end(&e->subject, &page);
  else ig__buffer_free(&page);
  for (int i = 0; raster && i < count; i++) ig__raster_free(&raster[i]);
  ig__free(raster);
  ig__buffer_free(&beyond);
  return status;
}

ig_status ig_saliency(ig_context *context, const ig_ascend_options *options, const char *const *file, int count,
                      ig_saliency_result *result) {
  explaining e = {.answer = NULL};
  *result = (ig_saliency_result){.rows = 0};
  ig_status status = ig__subject_open(context, options, "saliency", &e.subject);
  if (status == IG_OK) status = ig__subject_wants_classes(&e.subject);
  if (status == IG_OK) status = ig__seen_open(&e.subject, file, count, &e.seen);
  if (status == IG_OK) status = explain(&e);
  if (status == IG_OK) status = fill(&e, result);
  if (status == IG_OK) status = write_page(&e, result);
  if (status == IG_OK) status = ig__seen_say(&e.subject, &e.seen);
  ig__seen_free(&e.seen);
  ig__subject_close(&e.subject);
  ig__free(e.answer);
  ig__free(e.target);
  ig__free(e.probability);
  ig__free(e.difference);
  for (int w = 0; w < WAYS; w++) ig__free(e.map[w]);
  if (status != IG_OK && status != IG_BAD_DATA) ig_saliency_result_free(result);
  return ig__verb_end(context, status);
}

void ig_saliency_result_free(ig_saliency_result *result) {
  ig__free(result->row);
  ig__free(result->names);
  *result = (ig_saliency_result){.rows = 0};
}
