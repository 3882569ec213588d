/* What a run is like when no model is named: `imgrad train photos/`.
 *
 * Small grey pictures get the textbook network, as the texts train it. All others get `small` and what was measured to suit it. On
 * 15,000 pictures of CIFAR-10, 5 epochs, test accuracy ± 0.9 points: adamw at batch 64 75.9 %, at 128 74.5 %, sgd with Nesterov's
 * momentum at 128 73.3 %. Options that were given stay as they are; what was chosen, and why, is said in two lines and saved
 * with the run like any option. */
#include "base/text.h"
#include "train/train.h"

#include <math.h>
#include <string.h>

#define TEXTBOOK_SIDE 32      /* grey pictures up to this size */
#define TEXTBOOK_INPUT 28
#define FEW 10000             /* below, brightness is varied too */
#define PASSES 1200000.0      /* pictures shown in a whole run, between the least and the most epochs */
#define LEAST_EPOCHS 20
#define MOST_EPOCHS 120
#define LOOKED_AT 64          /* pictures that show whether they are drawings */
#define DRAWN_SHARE 0.9       /* of their pixels nearly black or nearly white */

typedef struct chooser {
  ig_train_options *o;
  ig_train_options usual;     /* the defaults */
  const ig__source *source;
  const ig__samples *samples;
  int c, h, w;
  int64_t most, least;        /* pictures of the largest and the smallest class */
  ig__buffer what, why;
} chooser;

/* By name, or by being something else than the default: structs may be filled without ig_option_set. */
static bool is_set(const chooser *k, const char *name) {
  const ig__option *table = ig__verb_table(IG_VERB_TRAIN);
  int row = ig__option_row(table, name);
  const char *a = (const char *)k->o + table[row].offset, *b = (const char *)&k->usual + table[row].offset;
  if (k->o->given >> row & 1) return true;
  return table[row].type == IG__OPTION_TEXT ? strcmp(a, b) != 0 : memcmp(a, b, table[row].size) != 0;
}

/* Sets an option that is not set, and says so. */
static ig_status set(chooser *k, const char *name, const char *value) {
  if (is_set(k, name)) return IG_OK;
  IG__TRY(ig__option_set("train", ig__verb_table(IG_VERB_TRAIN), k->o, name, value));
  const char *quote = strpbrk(value, " ,") ? "\"" : "";
  ig__buffer_text(&k->what, " --");
  for (const char *p = name; *p; p++) ig__buffer_text(&k->what, "%c", *p == '_' ? '-' : *p);
  ig__buffer_text(&k->what, " %s%s%s", quote, value, quote);
  return IG_OK;
}

/* ---- what the data are like --------------------------------------------------------------------------------------------- */

/* Classes called "7" or "b" are signs; mirrored, most are no signs or others. Numbers of more than one digit count as well. */
static bool are_signs(const ig__source_info *info) {
  for (int c = 0; c < info->class_count; c++) {
    const char *name = info->class_name[c];
    size_t length = strlen(name);
    bool number = length > 0 && strspn(name, "0123456789") == length, one = length > 0 && ig__utf8_step(name, length) == length;
    if (!number && !one) return false;
  }
  return info->class_count > 0;
}

/* Writing and line drawings are nearly all black and white. */
static ig_status are_drawings(const chooser *k, bool *out) {
  const ig__source_info *info = &k->source->info;
  void *fields[IG__MAX_FIELDS] = {0};
  int64_t extreme = 0, all = 0, count = k->samples->count[IG__TRAIN];
  ig_status status = IG_OK;
  *out = false;
  if (k->c != 1) return IG_OK;
  for (int f = 0; f < info->field_count && status == IG_OK; f++)
    if (!(fields[f] = ig__alloc(1, ig__field_bytes(&info->field[f])))) status = IG_NO_MEMORY;
  for (int64_t i = 0; status == IG_OK && i < LOOKED_AT && i < count; i++) {
    const ig__ref *ref = &k->samples->ref[IG__TRAIN][i * count / (count < LOOKED_AT ? count : LOOKED_AT)];
    ig_status read = k->source->kind->read(k->source, ref->part, ref->index, fields);
    if (read == IG_BAD_DATA) continue; /* named when its turn comes */
    status = read;
    const uint8_t *p = fields[0];
    for (int j = 0; read == IG_OK && j < k->h * k->w; j++, all++) extreme += p[j] < 32 || p[j] > 223;
  }
  for (int f = 0; f < info->field_count; f++) ig__free(fields[f]);
  *out = status == IG_OK && (double)extreme > DRAWN_SHARE * (double)all;
  return status;
}

static ig_status look(chooser *k) {
  const ig__source_info *info = &k->source->info;
  int64_t *counts = ig__class_counts(k->source, k->samples->ref[IG__TRAIN], k->samples->count[IG__TRAIN]);
  if (!counts) return IG_NO_MEMORY;
  k->least = INT64_MAX;
  for (int c = 0; c < info->class_count; c++) {
    if (counts[c] > k->most) k->most = counts[c];
    if (counts[c] && counts[c] < k->least) k->least = counts[c];
  }
  ig__free(counts);
  for (int f = info->field_count - 1; f >= 0; f--)
    if (info->field[f].role == IG__ROLE_IMAGE && info->field[f].rank == 3) {
      k->c = info->field[f].dim[0];
      k->h = info->field[f].dim[1];
      k->w = info->field[f].dim[2];
    }
  char number[32], few[32], many[32];
  ig__buffer_text(&k->why, "%s pictures of %d×%d, %s to train on, %d classes of %s", k->c == 1 ? "grey" : "colour", k->h, k->w,
                  ig__print_count(number, k->samples->count[IG__TRAIN]), info->class_count, ig__print_count(few, k->least));
  if (k->most > k->least) ig__buffer_text(&k->why, " to %s", ig__print_count(many, k->most));
  return IG_OK;
}

/* ---- choices -------------------------------------------------------------------------------------------------------------- */

static ig_status choose_augment(chooser *k) {
  bool drawn, signs = are_signs(&k->source->info);
  char text[64];
  if (k->source->info.field[0].type != IG__FIELD_U8 || is_set(k, "augment")) return IG_OK;
  IG__TRY(are_drawings(k, &drawn));
  if (signs) ig__buffer_text(&k->why, "; no flip: classes are called %s, …, as digits and letters are", k->source->info.class_name[0]);
  else if (drawn) ig__buffer_text(&k->why, "; no flip: the pictures are black and white, as writing is");
  ig__snprintf(text, sizeof text, "%sshift%s", signs || drawn ? "" : "flip, ", k->samples->count[IG__TRAIN] < FEW ? ", brightness" : "");
  return set(k, "augment", text);
}

static ig_status choose_length(chooser *k) {
  char text[32];
  double epochs = floor(PASSES / (double)k->samples->count[IG__TRAIN]);
  if (is_set(k, "epochs")) return IG_OK;
  int n = epochs < LEAST_EPOCHS ? LEAST_EPOCHS : epochs > MOST_EPOCHS ? MOST_EPOCHS : (int)epochs;
  ig__snprintf(text, sizeof text, "%d", n);
  IG__TRY(set(k, "epochs", text));
  if (!k->samples->count[IG__VAL] || !strcmp(k->o->keep, "last")) return IG_OK;
  ig__snprintf(text, sizeof text, "%d", n / 3);
  return set(k, "patience", text);
}

/* A smaller set gets smaller steps, so that there are enough of them. */
static ig_status choose_small(chooser *k) {
  const int64_t count = k->samples->count[IG__TRAIN];
  const int size = count >= 5000 ? 0 : count >= 1000 ? 1 : 2;
  static const char *const batch[] = {"64", "32", "16"}, *const lr[] = {"0.003", "0.002", "0.0015"};
  bool own = is_set(k, "optimizer"); /* whose rate is not known here */
  IG__TRY(set(k, "model", "small"));
  IG__TRY(set(k, "batch", batch[size]));
  IG__TRY(set(k, "optimizer", "adamw weight_decay=0.05"));
  if (!own) IG__TRY(set(k, "lr", lr[size]));
  IG__TRY(set(k, "schedule", "cosine warmup=1"));
  IG__TRY(set(k, "loss", "cross_entropy smooth=0.1"));
  IG__TRY(choose_length(k));
  IG__TRY(choose_augment(k));
  if (k->most > 3 * k->least) IG__TRY(set(k, "class_weights", "balanced"));
  return IG_OK;
}

/* A folder's pictures can be brought to the network's size; others have theirs. */
static bool suits_textbook(const ig__source *source) {
  const ig__field *f = &source->info.field[0];
  bool fits = (f->dim[1] == TEXTBOOK_INPUT && f->dim[2] == TEXTBOOK_INPUT) || !strcmp(source->kind->name, "folder");
  return f->rank == 3 && f->dim[0] == 1 && f->dim[1] <= TEXTBOOK_SIDE && f->dim[2] <= TEXTBOOK_SIDE && fits;
}

ig_status ig__choose_source(const ig_context *context, const ig_train_options *o, ig__source **out) {
  ig__source_want want = {.class_count = 0};
  if (*o->model) IG__TRY(ig__model_want_of(context, o->model, &want));
  IG__TRY(ig__data_open(context, o->data, &want, out));
  if (*o->model || !suits_textbook(*out)) return IG_OK;
  ig__source_close(*out);
  *out = NULL;
  IG__TRY(ig__model_want_of(context, "textbook", &want));
  return ig__data_open(context, o->data, &want, out);
}

ig_status ig__choose(const ig_context *context, const ig__source *source, const ig__samples *samples, ig_train_options *options) {
  chooser k = {.o = options, .usual = ig_train_options_default(), .source = source, .samples = samples};
  ig_status status = look(&k);
  if (status == IG_OK) status = suits_textbook(source) ? set(&k, "model", "textbook") : choose_small(&k);
  ig__buffer_add(&k.what, "", 1);
  ig__buffer_add(&k.why, "", 1);
  if (status == IG_OK && (k.what.failed || k.why.failed)) status = IG_NO_MEMORY;
  if (status == IG_OK) {
    ig__log(context, IG_LOG_INFO, "chosen:%s", (const char *)k.what.data);
    ig__log(context, IG_LOG_INFO, "because: %s", (const char *)k.why.data);
  }
  ig__buffer_free(&k.what);
  ig__buffer_free(&k.why);
  return status;
}
