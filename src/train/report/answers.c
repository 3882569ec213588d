/* The answers of a pass: counts by class, every picture that was taken for another class, and the figures of all probabilities. */
#include "train/report/report.h"

#include <stdlib.h>
#include <string.h>

ig_status ig__answers_new(ig__answers *a, int classes, ig__part part) {
  size_t count = (size_t)classes + 1;
  *a = (ig__answers){.classes = classes, .part = part, .scores = {.classes = classes}};
  a->n = ig__alloc(count, sizeof *a->n);
  a->predicted = ig__alloc(count, sizeof *a->predicted);
  a->correct = ig__alloc(count, sizeof *a->correct);
  a->probability = ig__alloc(count, sizeof *a->probability);
  a->auc = ig__alloc(count, sizeof *a->auc);
  if (a->n && a->predicted && a->correct && a->probability && a->auc) return IG_OK;
  ig__answers_free(a);
  return IG_NO_MEMORY;
}

void ig__answers_free(ig__answers *a) {
  ig__free(a->n);
  ig__free(a->predicted);
  ig__free(a->correct);
  ig__free(a->probability);
  ig__free(a->wrong);
  ig__free(a->auc);
  ig__scores_free(&a->scores);
  *a = (ig__answers){0};
}

static ig_status take(void *user, const ig__answer *one) {
  ig__answers *a = user;
  a->n[one->truth]++;
  a->predicted[one->answer]++;
  const bool probabilities = ig__network_scores(one->network, one->i, a->probability);
  IG__TRY(ig__scores_add(&a->scores, one->truth, a->probability, probabilities));
  if (one->truth == one->answer) {
    a->correct[one->truth]++;
    return IG_OK;
  }
  IG__TRY(ig__grow((void **)&a->wrong, a->count, &a->capacity, sizeof *a->wrong));
  a->wrong[a->count++] = (ig__wrong){*one->ref, one->truth, one->answer, a->probability[one->answer], a->probability[one->truth]};
  return IG_OK;
}

ig__watch ig__answers_watch(ig__answers *answers) { return (ig__watch){take, answers}; }

static int by_certainty(const void *x, const void *y) {
  const ig__wrong *a = x, *b = y;
  if (a->p != b->p) return a->p > b->p ? -1 : 1;
  if (a->ref.part != b->ref.part) return a->ref.part < b->ref.part ? -1 : 1;
  return (a->ref.index > b->ref.index) - (a->ref.index < b->ref.index);
}

ig_status ig__answers_finish(ig__answers *a) {
  if (a->count) qsort(a->wrong, a->count, sizeof *a->wrong, by_certainty);
  IG__TRY(ig__scores_measure(&a->scores, IG__REPORT_TOP, a->auc, &a->figures));
  ig__scores_free(&a->scores);
  a->passed = true;
  return IG_OK;
}

/* Quoted when it must be, as RFC 4180 has it; bytes stay what they are. */
static void field(ig__buffer *out, const char *text) {
  if (!strpbrk(text, ",\"\r\n")) {
    ig__buffer_add(out, text, strlen(text));
    return;
  }
  ig__buffer_text(out, "\"");
  for (; *text; text++) ig__buffer_add(out, *text == '"' ? "\"\"" : text, *text == '"' ? 2 : 1);
  ig__buffer_text(out, "\"");
}

void ig__report_wrong_csv(const ig__run_view *view, ig__buffer *out) {
  const ig__answers *a = view->answers;
  char place[IG_PATH_SIZE], number[16];
  ig__buffer_text(out, "file,truth,answer,probability,probability_of_truth\n");
  for (size_t i = 0; a && i < a->count; i++) {
    const ig__wrong *w = &a->wrong[i];
    view->source->kind->place(view->source, w->ref.part, w->ref.index, place, sizeof place);
    field(out, place);
    ig__buffer_text(out, ",");
    field(out, ig__report_class(view, w->truth, number));
    ig__buffer_text(out, ",");
    field(out, ig__report_class(view, w->answer, number));
    ig__buffer_text(out, ",%.6f,%.6f\n", w->p, w->p_truth);
  }
}
