/* The verb ascend --fool: how small a change turns an answer. */
#include "train/ascend/fool.h"

#include "base/text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define POINTS 41          /* of a curve, beside ε = 0: four to a doubling, over ten doublings */
#define TO_DOUBLE 4

static ig_status answers_of(ig__fooling *f, const double *x, int *answer) {
  const int classes = f->subject.classes, n = f->seen.n;
  double *number = ig__alloc((size_t)n * (size_t)classes, sizeof *number);
  if (!number) return IG_NO_MEMORY;
  ig_status status = ig__slopes_numbers(&f->subject.slopes, x, n, number);
  for (int i = 0; status == IG_OK && i < n; i++) answer[i] = ig__number_largest(number + (int64_t)i * classes, classes);
  ig__free(number);
  return status;
}

static ig_status begin(ig__fooling *f, ig_fool_result *r) {
  const int n = f->seen.n;
  int *answer = ig__alloc((size_t)n, sizeof *answer);
  f->truth = ig__alloc((size_t)n, sizeof *f->truth);
  r->row = ig__alloc((size_t)n, sizeof *r->row);
  r->names = ig__alloc((size_t)f->subject.classes, 64);
  ig_status status = answer && f->truth && r->row && r->names ? answers_of(f, f->seen.x, answer) : IG_NO_MEMORY;
  if (status == IG_OK) memcpy(r->names, f->subject.name, (size_t)f->subject.classes * 64);
  for (int i = 0; status == IG_OK && i < n; i++) {
    const int label = f->seen.truth[i];
    ig_fool_row *row = &r->row[i];
    memcpy(row->place, f->seen.place[i], sizeof row->place);
    ig__draw_stem(row->place, i + 1, row->stem);
    f->truth[i] = label >= 0 ? label : answer[i];
    row->truth = label >= 0 ? r->names + 64 * label : NULL;
    row->answer = r->names + 64 * answer[i];
    r->known += label >= 0;
    r->right += label == answer[i];
  }
  r->rows = status == IG_OK ? n : 0;
  r->failed = f->seen.failed;
  ig__free(answer);
  return status;
}

static double size_of(ig_attack kind, const double *from, const double *to, int64_t pixels) {
  double most = 0, squares = 0;
  for (int64_t i = 0; i < pixels; i++) {
    most = fmax(most, fabs(to[i] - from[i]));
    squares += (to[i] - from[i]) * (to[i] - from[i]);
  }
  return kind == IG_ATTACK_PGD_L2 ? sqrt(squares) : most;
}

/* What the changed pictures are taken for, as they are and as a file of 8 bits would hold them. */
static ig_status look_again(ig__fooling *f, ig_attack kind, const double *epsilon, int target, ig_fool_result *r) {
  const int n = f->seen.n;
  const int64_t pixels = f->subject.slopes.pixels;
  double *rounded = ig__alloc((size_t)(n * pixels), sizeof *rounded);
  int *answer = ig__alloc((size_t)n, 2 * sizeof *answer);
  ig_status status = rounded && answer ? answers_of(f, f->made[kind], answer) : IG_NO_MEMORY;
  for (int64_t i = 0; status == IG_OK && i < n * pixels; i++) rounded[i] = floor(255 * f->made[kind][i] + 0.5) / 255;
  if (status == IG_OK) status = answers_of(f, rounded, answer + n);
  for (int i = 0; status == IG_OK && i < n; i++) {
    ig_fool_row *row = &r->row[i];
    row->epsilon[kind] = epsilon[i];
    if (isnan(epsilon[i])) continue;
    r->fooled[kind]++;
    row->fooled[kind] = r->names + 64 * answer[i];
    row->largest[kind] = size_of(kind, f->seen.x + i * pixels, f->made[kind] + i * pixels, pixels);
    row->kept[kind] = target >= 0 ? answer[n + i] == target : answer[n + i] != f->truth[i];
  }
  ig__free(rounded);
  ig__free(answer);
  return status;
}

static int by_size(const void *a, const void *b) {
  const double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

/* NaN stands for more than was tried, and is the largest. */
static void find_median(ig_attack kind, double *epsilon, int n, ig_fool_result *r) {
  for (int i = 0; i < n; i++)
    if (isnan(epsilon[i])) epsilon[i] = HUGE_VAL;
  qsort(epsilon, (size_t)n, sizeof *epsilon, by_size);
  const double middle = n % 2 ? epsilon[n / 2] : (epsilon[n / 2 - 1] + epsilon[n / 2]) / 2;
  r->median[kind] = middle < HUGE_VAL ? middle : NAN;
}

/* `epsilon` is sorted. A picture stays right up to its smallest ε. */
static ig_status find_curve(ig_attack kind, const double *epsilon, int n, ig_fool_result *r) {
  static const double root[TO_DOUBLE] = {1, 0.8408964152537145, 0.7071067811865476, 0.5946035575013605}; /* 2^(−k/4) */
  r->points = POINTS + 1;
  double *at = r->curve_epsilon[kind] = ig__alloc(POINTS + 1, sizeof *at), *share = r->curve[kind] = ig__alloc(POINTS + 1, sizeof *share);
  if (!at || !share) return IG_NO_MEMORY;
  for (int k = POINTS; k >= 1; k--) at[k] = k > POINTS - TO_DOUBLE ? r->most[kind] * root[POINTS - k] : at[k + TO_DOUBLE] / 2;
  for (int k = 0; k <= POINTS; k++) {
    int stay = 0;
    for (int i = 0; i < n; i++) stay += epsilon[i] > at[k];
    share[k] = (double)stay / n;
  }
  return IG_OK;
}

static ig_status attack(ig__fooling *f, ig_attack kind, int target, ig_fool_result *r) {
  const ig_ascend_options *o = f->subject.options;
  const int n = f->seen.n;
  const int64_t pixels = f->subject.slopes.pixels;
  const ig__attacked a = {.slopes = &f->subject.slopes, .x = f->seen.x, .truth = f->truth, .target = target, .key = f->seen.key, .n = n,
                          .steps = o->pgd_steps, .seed = (uint64_t)o->seed};
  double *epsilon = ig__alloc((size_t)n, sizeof *epsilon);
  f->made[kind] = ig__alloc((size_t)(n * pixels), sizeof *f->made[kind]);
  r->most[kind] = kind == IG_ATTACK_PGD_L2 ? o->epsilon * sqrt((double)pixels) : o->epsilon;
  ig_status status = epsilon && f->made[kind] ? ig__attack_smallest(&a, kind, r->most[kind], epsilon, f->made[kind]) : IG_NO_MEMORY;
  if (status == IG_OK) status = look_again(f, kind, epsilon, target, r);
  if (status == IG_OK) find_median(kind, epsilon, n, r);
  if (status == IG_OK) status = find_curve(kind, epsilon, n, r);
  ig__free(epsilon);
  return status;
}

static ig_status fool(ig__fooling *f, const char *const *file, int count, ig_fool_result *r) {
  int target = -1;
  IG__TRY(ig__subject_wants_classes(&f->subject));
  if (*f->subject.options->target) IG__TRY(ig__subject_class(&f->subject, "--target", f->subject.options->target, &target));
  IG__TRY(ig__seen_open(&f->subject, file, count, &f->seen));
  IG__TRY(begin(f, r));
  for (int kind = 0; kind < IG_ATTACKS; kind++) IG__TRY(attack(f, (ig_attack)kind, target, r));
  memcpy(r->out, f->subject.out, sizeof r->out);
  IG__TRY(ig__fool_write(f, r));
  return ig__seen_say(&f->subject, &f->seen);
}

ig_status ig_fool(ig_context *context, const ig_ascend_options *options, const char *const *file, int count, ig_fool_result *result) {
  ig__fooling f = {.truth = NULL};
  *result = (ig_fool_result){.rows = 0};
  ig_status status = ig__subject_open(context, options, "fool", &f.subject);
  if (status == IG_OK) status = fool(&f, file, count, result);
  for (int kind = 0; kind < IG_ATTACKS; kind++) ig__free(f.made[kind]);
  ig__free(f.truth);
  ig__seen_free(&f.seen);
  ig__subject_close(&f.subject);
  if (status != IG_OK && status != IG_BAD_DATA) ig_fool_result_free(result);
  return ig__verb_end(context, status);
}

void ig_fool_result_free(ig_fool_result *result) {
  for (int kind = 0; kind < IG_ATTACKS; kind++) {
    ig__free(result->curve_epsilon[kind]);
    ig__free(result->curve[kind]);
  }
  ig__free(result->row);
  ig__free(result->names);
  *result = (ig_fool_result){.rows = 0};
}
