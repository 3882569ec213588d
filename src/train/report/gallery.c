/* Pictures: those that were wrong, by pairs of classes, and some of those that training sees. */
#include "base/text.h"
#include "train/report/report.h"
#include "train/restarts.h"

#include <stdlib.h>
#include <string.h>

#define GALLERY_BYTES ((size_t)2 << 20)  /* of the pictures that were wrong; so a report stays below 5 MB whatever the pictures */
#define EXAMPLES 24
#define NAME 60                          /* characters of a file's name */

typedef struct shown { const ig__wrong *wrong; int order; int64_t pair_count; } shown;

static size_t picture_count(const ig__answers *a) { return a->count < IG__REPORT_PICTURES ? a->count : IG__REPORT_PICTURES; }
static size_t name_count(const ig__answers *a) {
  const size_t most = IG__REPORT_PICTURES + IG__REPORT_NAMES;
  return a->count < most ? a->count : most;
}

bool ig__report_has_pair(const void *user, int truth, int answer) {
  const ig__run_view *view = user;
  for (size_t i = 0; i < name_count(view->answers); i++)
    if (view->answers->wrong[i].truth == truth && view->answers->wrong[i].answer == answer) return true;
  return false;
}

/* Pairs of classes together, those with most pictures first; in a pair the most certain first. */
static int by_pair(const void *x, const void *y) {
  const shown *a = x, *b = y;
  if (a->pair_count != b->pair_count) return a->pair_count > b->pair_count ? -1 : 1;
  if (a->wrong->truth != b->wrong->truth) return a->wrong->truth < b->wrong->truth ? -1 : 1;
  if (a->wrong->answer != b->wrong->answer) return a->wrong->answer < b->wrong->answer ? -1 : 1;
  return a->order - b->order;
}

static bool same_pair(const ig__wrong *a, const ig__wrong *b) { return a->truth == b->truth && a->answer == b->answer; }

static int64_t pair_count(const ig__answers *a, const ig__wrong *w) {
  int64_t n = 0;
  for (size_t i = 0; i < a->count; i++) n += same_pair(&a->wrong[i], w);
  return n;
}

/* A picture of a batch as an <img>; nothing when its field is of a kind that has no look. */
static ig_status add_picture(const ig__run_view *view, ig__buffer *out, const ig__batch *batch, int i, int side, const char *alt) {
  const ig__source_info *info = &view->source->info;
  int f = 0;
  while (f < info->field_count && info->field[f].role != IG__ROLE_IMAGE) f++;
  const ig__field *field = &info->field[f];
  if (f == info->field_count || field->rank != 3) return IG_OK;
  int c = field->dim[0], h = field->dim[1], w = field->dim[2];
  const uint8_t *at = (const uint8_t *)batch->field[f] + (size_t)i * ig__field_bytes(field);
  ig__raster raster = {0};
  ig_status status = IG_OK;
  if (field->type == IG__FIELD_U8) status = ig__raster_from_bytes(&raster, at, c, h, w, side);
  else if (field->type == IG__FIELD_F32) {
    const float *v = (const float *)(const void *)at;
    float low = v[0], high = v[0];
    for (int64_t k = 0; k < (int64_t)c * h * w; k++) {
      if (v[k] < low) low = v[k];
      if (v[k] > high) high = v[k];
    }
    status = ig__raster_from_floats(&raster, v, c, h, w, side, low, high);
  } else return IG_OK;
  if (status == IG_OK) status = ig__html_picture(out, &raster, 112, alt);
  ig__raster_free(&raster);
  return status;
}

/* ---- what was wrong ---------------------------------------------------------------------------------------------------- */

static void caption(const ig__run_view *view, ig__buffer *out, const ig__wrong *w, const char *place) {
  char number[16];
  ig__buffer_text(out, "<figcaption><b>");
  ig__html_name(out, ig__report_class(view, w->answer, number), 24);
  ig__buffer_text(out, "</b> ");
  ig__html_value(out, IG__UNIT_SHARE, w->p, "wrong.%d.%lld.p", (int)w->ref.part, (long long)w->ref.index);
  ig__buffer_text(out, "<br>not ");
  ig__html_name(out, ig__report_class(view, w->truth, number), 24);
  ig__buffer_text(out, " %.1f&nbsp;%%<br>", 100 * w->p_truth);
  ig__html_name(out, place, NAME);
  ig__buffer_text(out, "</figcaption></figure>\n");
}

/* A heading for each pair, the target of its cell. */
static void heading(const ig__run_view *view, ig__buffer *out, const shown *s) {
  char number[16];
  ig__buffer_text(out, "<h3 id=\"w-%d-%d\">", s->wrong->truth, s->wrong->answer);
  ig__html_name(out, ig__report_class(view, s->wrong->truth, number), 40);
  ig__buffer_text(out, " taken for ");
  ig__html_name(out, ig__report_class(view, s->wrong->answer, number), 40);
  ig__buffer_text(out, " <small>%lld picture%s</small></h3>\n", (long long)s->pair_count, s->pair_count == 1 ? "" : "s");
}

/* The pictures of the list one after the other through the loader, into a figure each: html[i] belongs to list[i]. */
static ig_status draw(const ig__run_view *view, const shown *list, size_t count, int side, ig__buffer *html) {
  ig__ref *ref = ig__alloc(count, sizeof *ref);
  char place[IG_PATH_SIZE], number[16];
  if (!ref) return IG_NO_MEMORY;
  for (size_t i = 0; i < count; i++) ref[i] = list[i].wrong->ref;
  ig_status status = ig__loader_start(view->loader, ref, (int64_t)count, 0);
  size_t at = 0;
  while (status == IG_OK) {
    const ig__batch *batch;
    status = ig__loader_next(view->loader, &batch);
    if (status != IG_OK || !batch) break;
    for (int i = 0; i < batch->n && status == IG_OK; i++, at++) {
      /* A picture that can no longer be read is passed over by the loader. */
      while (at < count && (ref[at].index != batch->ref[i].index || ref[at].part != batch->ref[i].part)) at++;
      if (at == count) break;
      view->source->kind->place(view->source, ref[at].part, ref[at].index, place, sizeof place);
      html[at].size = 0;
      ig__buffer_text(&html[at], "<figure>");
      status = add_picture(view, &html[at], batch, i, side, ig__report_class(view, list[at].wrong->truth, number));
      caption(view, &html[at], list[at].wrong, place);
    }
  }
  ig__free(ref);
  return status;
}

/* Large pictures when they fit, else smaller ones. */
static ig_status draw_within(const ig__run_view *view, const shown *list, size_t count, ig__buffer *html) {
  static const int sides[] = {112, 84, 64, 48};
  for (int s = 0; s < 4; s++) {
    size_t bytes = 0;
    IG__TRY(draw(view, list, count, sides[s], html));
    for (size_t i = 0; i < count; i++) bytes += html[i].size;
    if (bytes <= GALLERY_BYTES) break;
  }
  return IG_OK;
}

/* Those of a pair that are named only, most certain first. */
static void names(const ig__run_view *view, ig__buffer *out, const shown *list, size_t count, bool headed) {
  char place[IG_PATH_SIZE];
  if (!count) return;
  if (!headed) heading(view, out, &list[0]);
  ig__buffer_text(out, headed ? "<p class=\"soft\">and: " : "<p class=\"soft\">");
  for (size_t i = 0; i < count; i++) {
    const ig__wrong *w = list[i].wrong;
    view->source->kind->place(view->source, w->ref.part, w->ref.index, place, sizeof place);
    if (i) ig__buffer_text(out, ", ");
    ig__html_name(out, place, NAME);
    ig__buffer_text(out, " (%.0f&nbsp;%%)", 100 * w->p);
  }
  ig__buffer_text(out, "</p>\n");
}

/* One pair after the other: its pictures, then its names. List is sorted by pairs; `pictures` of it have an order below
 * IG__REPORT_PICTURES and come first in each pair, since they are the more certain. */
static void compose(const ig__run_view *view, ig__buffer *out, const shown *list, size_t count, const ig__buffer *html) {
  for (size_t from = 0, to; from < count; from = to) {
    size_t drawn = 0;
    for (to = from; to < count && same_pair(list[from].wrong, list[to].wrong); to++) drawn += list[to].order < IG__REPORT_PICTURES;
    ig__buffer_text(out, "<div class=\"pair\">\n");
    if (!drawn) {
      names(view, out, list + from, to - from, false);
      ig__buffer_text(out, "</div>\n");
      continue;
    }
    heading(view, out, &list[from]);
    ig__buffer_text(out, "<div class=\"gallery\">\n");
    for (size_t i = from; i < from + drawn; i++) ig__buffer_add(out, html[list[i].order].data, html[list[i].order].size);
    ig__buffer_text(out, "</div>\n");
    names(view, out, list + from + drawn, to - from - drawn, true);
    ig__buffer_text(out, "</div>\n");
  }
}

static ig_status gallery(const ig__run_view *view, ig__buffer *out, shown *list, ig__buffer *html) {
  const ig__answers *a = view->answers;
  size_t count = name_count(a), pictures = picture_count(a);
  for (size_t i = 0; i < count; i++) list[i] = (shown){&a->wrong[i], (int)i, pair_count(a, &a->wrong[i])};
  IG__TRY(draw_within(view, list, pictures, html));
  qsort(list, count, sizeof *list, by_pair);
  ig__buffer_text(out, "<div class=\"pairs\">\n");
  compose(view, out, list, count, html);
  ig__buffer_text(out, "</div>\n");
  for (size_t i = 0; i < pictures; i++) out->failed |= html[i].failed;
  return IG_OK;
}

ig_status ig__report_gallery(const ig__run_view *view, ig__buffer *out) {
  const ig__answers *a = view->answers;
  if (!a || !a->passed) return IG_OK;
  ig__html_section(out, "wrong", "Pictures that were wrong");
  size_t count = name_count(a), pictures = picture_count(a);
  ig__buffer_text(out, "<p>");
  ig__html_value(out, IG__UNIT_COUNT, (double)a->count, "wrong.count");
  ig__buffer_text(out, " pictures of the %s part were taken for another class%s", ig__part_name(a->part), a->count ? "" : ".");
  if (a->count > pictures) ig__buffer_text(out, ". Shown are the %zu that it was most certain of", pictures);
  if (a->count > count) ig__buffer_text(out, ", named the next %zu", count - pictures);
  if (a->count) {
    ig__buffer_text(out, "; all of them are listed in <code>");
    ig__html_text(out, view->wrong_name);
    ig__buffer_text(out, "</code>. Below each: what it was taken for and how certainly, what it is, and its place.</p>\n");
  } else ig__buffer_text(out, "</p>\n");
  shown *list = ig__alloc(count ? count : 1, sizeof *list);
  ig__buffer *html = ig__alloc(pictures ? pictures : 1, sizeof *html);
  ig_status status = list && html ? IG_OK : IG_NO_MEMORY;
  if (status == IG_OK && count) status = gallery(view, out, list, html);
  for (size_t i = 0; html && i < pictures; i++) ig__buffer_free(&html[i]);
  ig__free(list);
  ig__free(html);
  ig__html_section_end(out);
  return status;
}

/* ---- what training sees ----------------------------------------------------------------------------------------------- */

static ig_status example(const ig__run_view *view, ig__buffer *out, const ig__batch *batch, int i) {
  const ig__source_info *info = &view->source->info;
  char number[16];
  const char *name = "";
  for (int f = 0; f < info->field_count; f++)
    if (info->field[f].role == IG__ROLE_LABEL) name = ig__report_class(view, ((const int32_t *)batch->field[f])[i], number);
  ig__buffer_text(out, "<figure>");
  IG__TRY(add_picture(view, out, batch, i, 64, name));
  ig__html_name(out, name, 24);
  ig__buffer_text(out, "</figure>\n");
  return IG_OK;
}

/* The first pictures of the first epoch. */
ig_status ig__report_examples(const ig__run_view *view, ig__buffer *out) {
  if (!view->source || !view->train_loader || !view->samples->count[IG__TRAIN]) return IG_OK;
  int64_t all = view->samples->count[IG__TRAIN];
  ig__ref *order = ig__alloc((size_t)all, sizeof *order);
  const ig__batch *batch = NULL;
  if (!order) return IG_NO_MEMORY;
  memcpy(order, view->samples->ref[IG__TRAIN], (size_t)all * sizeof *order);
  ig_status status = ig__order_epoch(order, all, ig__run_seed(view->options), 1);
  int64_t count = all < EXAMPLES ? all : EXAMPLES;
  if (status == IG_OK) status = ig__loader_start(view->train_loader, order, count, 0);
  ig__html_section(out, "examples", "Training pictures as the network gets them");
  ig__buffer_text(out, "<p class=\"soft\">The first of epoch 1, with what they are.</p>\n<div class=\"strip\">\n");
  while (status == IG_OK && (status = ig__loader_next(view->train_loader, &batch)) == IG_OK && batch)
    for (int i = 0; i < batch->n && status == IG_OK; i++) status = example(view, out, batch, i);
  ig__buffer_text(out, "</div>\n");
  ig__html_section_end(out);
  ig__free(order);
  return status;
}
