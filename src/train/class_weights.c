/* How much the pictures of each class count in the training loss. */
#include "base/text.h"
#include "base/unknown.h"
#include "train/train.h"

#include <string.h>

#define AUTO_RATIO 3       /* auto weighs when the largest class has more than 3 times the pictures of the smallest */
#define MOST_WEIGHT 1e6
#define SHOWN 256          /* names tried for the nearest */

/* pictures / (classes · pictures of the class): every class counts alike in the sum, and the mean over pictures is 1. A class
 * without training pictures keeps 1. */
static void balance(int classes, const int64_t *counts, double *weight) {
  int64_t all = 0, there = 0;
  for (int c = 0; c < classes; c++) {
    all += counts[c];
    there += counts[c] > 0;
  }
  for (int c = 0; c < classes; c++)
    weight[c] = counts[c] ? (double)all / ((double)there * (double)counts[c]) : 1;
}

static bool uneven(int classes, const int64_t *counts) {
  int64_t most = 0, least = INT64_MAX;
  for (int c = 0; c < classes; c++) {
    if (counts[c] > most) most = counts[c];
    if (counts[c] > 0 && counts[c] < least) least = counts[c];
  }
  return (double)most > AUTO_RATIO * (double)least;
}

static ig_status unknown(const char *word, char (*names)[64], int classes) {
  const char *list[SHOWN];
  int count = classes < SHOWN ? classes : SHOWN;
  for (int c = 0; c < count; c++) list[c] = names[c];
  return ig__unknown(IG_USAGE, word, list, (size_t)count, "--class-weights: the class");
}

/* One NAME=WEIGHT; names may hold '=', weights cannot. */
static ig_status take(char *entry, char (*names)[64], int classes, double *weight) {
  char *equals = strrchr(entry, '=');
  double value;
  int c = 0;
  if (!equals)
    return ig__fail(IG_USAGE, "--class-weights %s: none, auto, balanced, or CLASS=WEIGHT with commas between", entry);
  *equals = 0;
  if (!ig__parse_double(equals + 1, &value) || !(value > 0 && value <= MOST_WEIGHT))
    return ig__fail(IG_USAGE, "--class-weights: %s=%s: a weight above 0 and up to 1000000 is wanted", entry, equals + 1);
  while (c < classes && strcmp(names[c], entry) != 0) c++;
  if (c == classes) return unknown(entry, names, classes);
  weight[c] = value;
  return IG_OK;
}

static ig_status take_list(const char *text, char (*names)[64], int classes, double *weight) {
  char copy[IG_SPEC_SIZE], *rest = copy, *entry;
  ig__snprintf(copy, sizeof copy, "%s", text);
  for (int c = 0; c < classes; c++) weight[c] = 1;
  while ((entry = ig__next_listed(&rest))) IG__TRY(take(entry, names, classes, weight));
  return IG_OK;
}

ig_status ig__class_weights(const char *text, char (*names)[64], int classes, const int64_t *counts, double **out) {
  const bool automatic = !strcmp(text, "auto"), balanced = !strcmp(text, "balanced");
  ig_status status = IG_OK;
  *out = NULL;
  if (!strcmp(text, "none") || (automatic && !uneven(classes, counts))) return IG_OK;
  double *weight = ig__alloc((size_t)classes, sizeof *weight);
  if (!weight) return IG_NO_MEMORY;
  if (automatic || balanced) balance(classes, counts, weight);
  else status = take_list(text, names, classes, weight);
  if (status == IG_OK) *out = weight;
  else ig__free(weight);
  return status;
}

/* The weights of the classes, said where they were not spelled out. */
ig_status ig__trainer_weigh(ig__trainer *t) {
  const ig__source_info *info = &t->source->info;
  int64_t *counts = ig__class_counts(t->source, t->samples.ref[IG__TRAIN], t->samples.count[IG__TRAIN]);
  if (!counts) return IG_NO_MEMORY;
  ig_status status = ig__class_weights(t->options->class_weights, info->class_name, info->class_count, counts, &t->class_weight);
  int most = 0, least = 0;
  for (int c = 1; t->class_weight && c < info->class_count; c++) {
    if (t->class_weight[c] > t->class_weight[most]) most = c;
    if (t->class_weight[c] < t->class_weight[least]) least = c;
  }
  if (t->class_weight)
    ig__log(t->context, IG_LOG_INFO, "class weights: from %.4g for %s (%lld pictures) to %.4g for %s (%lld)", t->class_weight[least],
            info->class_name[least], (long long)counts[least], t->class_weight[most], info->class_name[most], (long long)counts[most]);
  ig__free(counts);
  return status;
}
