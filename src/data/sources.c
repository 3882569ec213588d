/* The registry of sources, and opening one by path or by name. */
#include "data/sources/common.h"

#include "base/file.h"
#include "base/text.h"
#include "base/unknown.h"

#include <stdio.h>
#include <string.h>

#define X(name) extern const ig__source_kind ig__source_##name;
#include "data/sources/all.def"
#undef X

const ig__source_kind *const ig__source_kinds[] = {
#define X(name) &ig__source_##name,
#include "data/sources/all.def"
#undef X
  NULL,
};

#define KIND_COUNT (sizeof ig__source_kinds / sizeof ig__source_kinds[0] - 1)
#define MAX_WORDS 32

const char *ig__part_name(ig__part part) {
  static const char *const names[IG__PARTS] = {"train", "val", "test"};
  return part >= 0 && part < IG__PARTS ? names[part] : "unknown";
}

size_t ig__field_bytes(const ig__field *field) {
  size_t bytes = field->type == IG__FIELD_U8 ? 1 : 4;
  for (int i = 0; i < field->rank; i++) bytes *= (size_t)field->dim[i];
  return bytes;
}

ig_status ig__source_number_classes(ig__source *source, int count) {
  source->info.class_name = ig__alloc((size_t)count, sizeof *source->info.class_name);
  if (!source->info.class_name) return IG_NO_MEMORY;
  source->info.class_count = count;
  for (int i = 0; i < count; i++) snprintf(source->info.class_name[i], sizeof source->info.class_name[i], "%d", i);
  return IG_OK;
}

void ig__source_place(const ig__source *source, ig__part part, int64_t index, char *out, size_t size) {
  snprintf(out, size, "%s: %s sample %lld", source->info.name, ig__part_name(part), (long long)index);
}

void ig__source_image_label(ig__source *source, ig__field_type type, int c, int h, int w) {
  source->info.field_count = 2;
  source->info.field[0] = (ig__field){.name = "image", .role = IG__ROLE_IMAGE, .type = type, .rank = 3, .dim = {c, h, w, 1}};
  source->info.field[1] = (ig__field){.name = "label", .role = IG__ROLE_LABEL, .type = IG__FIELD_I32, .dim = {1, 1, 1, 1}};
}

static const ig__source_kind *kind_named(const char *name) {
  for (size_t i = 0; i < KIND_COUNT; i++)
    if (!strcmp(ig__source_kinds[i]->name, name)) return ig__source_kinds[i];
  return NULL;
}

static bool is_path(const char *text) { return ig__is_folder(text) || ig__file_exists(text); }

/* Says that a word is neither a path nor a name, and what was probably meant. A word with a slash is a path that is not
 * there: no name is near it. */
static ig_status unknown(const char *word) {
  const char *names[KIND_COUNT];
  char known[IG__SUGGESTION_SIZE];
  for (size_t i = 0; i < KIND_COUNT; i++) names[i] = ig__source_kinds[i]->name;
  if (strchr(word, '/')) return ig__fail(IG_USAGE, "%s: no such file or folder", word);
  return ig__fail(IG_USAGE, "%s: no such file or folder, and no data of that name%s", word, ig__suggestion(known, word, names, KIND_COUNT));
}

/* The kind that opens this path: the first, in alphabetical order, that recognises it. */
static ig_status kind_of_path(const char *path, const ig__source_kind **out) {
  for (size_t i = 0; i < KIND_COUNT; i++)
    if (ig__source_kinds[i]->recognises && ig__source_kinds[i]->recognises(path)) {
      *out = ig__source_kinds[i];
      return IG_OK;
    }
  char known[640] = "";
  for (size_t i = 0, used = 0; i < KIND_COUNT && used < sizeof known; i++) {
    if (!ig__source_kinds[i]->recognises) continue;
    int n = snprintf(known + used, sizeof known - used, "%s%s (%s)", used ? "; " : "", ig__source_kinds[i]->name,
                     ig__source_kinds[i]->help);
    used += n > 0 ? (size_t)n : 0;
  }
  return ig__fail(IG_BAD_DATA, "%s: is there, but holds no data of a known kind; known: %s", path, known);
}

/* `close` also follows a failed open: it frees whatever the state holds so far. */
static ig_status open_kind(const ig__source_kind *kind, const char *path, char **words, int count, const ig__source_want *want,
                           ig__source **out) {
  ig__source *source = ig__alloc(1, sizeof *source);
  void *options = source ? ig__alloc(1, kind->options_size) : NULL;
  ig_status status = options ? IG_OK : IG_NO_MEMORY;
  if (status == IG_OK) {
    source->kind = kind;
    if (want) source->want = *want;
    snprintf(source->info.name, sizeof source->info.name, "%s", path ? path : kind->name);
    status = ig__options_parse(kind->name, kind->options, options, words, count);
  }
  if (status == IG_OK) status = kind->open(source, options, path);
  if (source) source->want.class_name = NULL; /* the caller's */
  ig__free(options);
  if (status == IG_OK) {
    *out = source;
    return IG_OK;
  }
  ig__source_close(source);
  return status;
}

static ig_status open_words(const char *text, char *copy, const ig__source_want *want, ig__source **out) {
  char *words[MAX_WORDS];
  const ig__source_kind *kind = NULL;
  /* The whole text first: a path may hold blanks. */
  if (is_path(text)) {
    IG__TRY(kind_of_path(text, &kind));
    return open_kind(kind, text, NULL, 0, want, out);
  }
  int count = ig__split_words(copy, words, MAX_WORDS);
  if (count < 0) return ig__fail(IG_USAGE, "data: more than %d words", MAX_WORDS);
  if (count == 0) return ig__fail(IG_USAGE, "data: asked for nothing; give a folder, a file or a name such as digits");
  if (is_path(words[0])) {
    IG__TRY(kind_of_path(words[0], &kind));
    return open_kind(kind, words[0], words + 1, count - 1, want, out);
  }
  kind = kind_named(words[0]);
  if (!kind) return unknown(words[0]);
  return open_kind(kind, NULL, words + 1, count - 1, want, out);
}

ig_status ig__source_open(const char *text, const ig__source_want *want, ig__source **out) {
  *out = NULL;
  char *copy = ig__strdup(text);
  if (!copy) return IG_NO_MEMORY;
  ig_status status = open_words(text, copy, want, out);
  ig__free(copy);
  return status;
}

void ig__source_close(ig__source *source) {
  if (!source) return;
  if (source->kind && source->kind->close) source->kind->close(source);
  ig__free(source->info.class_name);
  ig__free(source);
}
