/* The pictures that are looked at: files, or some of the run's data. */
#include "train/ascend/ascend.h"

#include "base/text.h"
#include "data/sources/folder.h"

#include <string.h>

static ig_status make_room(ig__seen *seen, const ig__subject *s, int count) {
  const size_t n = (size_t)count;
  seen->x = ig__alloc(n * (size_t)s->slopes.pixels, sizeof *seen->x);
  seen->place = ig__alloc(n, sizeof *seen->place);
  seen->truth = ig__alloc(n, sizeof *seen->truth);
  seen->key = ig__alloc(n, sizeof *seen->key);
  return seen->x && seen->place && seen->truth && seen->key ? IG_OK : IG_NO_MEMORY;
}

/* ---- files ------------------------------------------------------------------------------------------------------------------ */

typedef struct listing { ig__arena *arena; const char *folder; const char **path; size_t count, capacity; int64_t skipped; } listing;

static ig_status add(listing *l, const char *path) {
  void *list = l->path;
  if (!path) return IG_NO_MEMORY;
  IG__TRY(ig__grow(&list, l->count, &l->capacity, sizeof *l->path));
  l->path = list;
  l->path[l->count++] = path;
  return IG_OK;
}

static ig_status add_inside(void *user, const char *path, uint64_t size) {
  listing *l = user;
  (void)size;
  return add(l, ig__arena_format(l->arena, "%s/%s", l->folder, path));
}

static ig_status list_all(listing *l, const char *const *file, int count) {
  for (int i = 0; i < count; i++) {
    if (!ig__is_folder(file[i])) {
      IG__TRY(add(l, file[i]));
      continue;
    }
    char *folder = ig__arena_strdup(l->arena, file[i]);
    if (!folder) return IG_NO_MEMORY;
    for (size_t n = strlen(folder); n > 1 && folder[n - 1] == '/'; n--) folder[n - 1] = 0;
    l->folder = folder;
    IG__TRY(ig__folder_walk(folder, "", l->arena, add_inside, l, &l->skipped));
  }
  return IG_OK;
}

static ig_status decode(const ig__subject *s, const char *path, uint8_t *planes) {
  const ig__picture_want want = ig__model_want(s->model).picture;
  ig__picture picture;
  uint8_t *bytes = NULL;
  size_t size;
  ig_status status = ig__file_read(path, IG__PICTURE_FILE, &bytes, &size);
  if (status == IG_OK) status = ig__fail_at(ig__picture_decode(bytes, size, &want, &picture), "%s", path);
  ig__free(bytes);
  if (status != IG_OK) return status;
  ig__picture_planes(&picture, planes);
  ig__picture_free(&picture);
  return IG_OK;
}

/* The class that the file's folder is named after; −1: none. */
static int class_of_folder(const ig__subject *s, const char *path) {
  const char *slash = strrchr(path, '/'), *begin = slash;
  if (!slash) return -1;
  while (begin > path && begin[-1] != '/') begin--;
  const size_t length = (size_t)(slash - begin);
  for (int c = 0; c < s->classes; c++)
    if (strlen(s->name[c]) == length && !strncmp(s->name[c], begin, length)) return c;
  return -1;
}

static ig_status read_files(ig__seen *seen, const ig__subject *s, const listing *l) {
  const int64_t pixels = s->slopes.pixels;
  const int limit = s->options->limit;
  IG__TRY(make_room(seen, s, l->count < (size_t)limit ? (int)l->count : limit));
  uint8_t *planes = ig__alloc((size_t)pixels, 1);
  ig_status status = planes ? IG_OK : IG_NO_MEMORY;
  for (size_t i = 0; status == IG_OK && i < l->count; i++) {
    if (seen->n == limit) {
      seen->beyond = (int64_t)(l->count - i);
      break;
    }
    status = ig__cancel_check(s->context);
    ig_status found = status == IG_OK ? decode(s, l->path[i], planes) : status;
    if (found == IG_NO_MEMORY) status = found;
    if (status == IG_OK && found != IG_OK) {
      ig__log(s->context, IG_LOG_WARNING, "%s", ig_last_error());
      seen->failed++;
    }
    if (found != IG_OK) continue;
    for (int64_t p = 0; p < pixels; p++) seen->x[seen->n * pixels + p] = planes[p] / 255.0;
    ig__snprintf(seen->place[seen->n], sizeof *seen->place, "%s", l->path[i]);
    seen->truth[seen->n] = class_of_folder(s, l->path[i]);
    seen->key[seen->n] = ig__hash(planes, (size_t)pixels, 0);
    seen->n++;
  }
  ig__free(planes);
  return status;
}

static ig_status open_files(ig__seen *seen, const ig__subject *s, const char *const *file, int count) {
  listing l = {.arena = ig__arena_new()};
  if (s->size.channels != 1 && s->size.channels != 3)
    return ig__fail(IG_BAD_MODEL, "%s takes pictures of %d channels; files have 1 or 3", s->options->run, s->size.channels);
  ig_status status = l.arena ? list_all(&l, file, count) : IG_NO_MEMORY;
  if (status == IG_OK) status = read_files(seen, s, &l);
  if (status == IG_OK && !seen->n)
    status = ig__fail(IG_BAD_DATA, seen->failed ? "none of the pictures can be read" : "no pictures there");
  ig__arena_free(l.arena);
  ig__free(l.path);
  return status;
}

/* ---- data ------------------------------------------------------------------------------------------------------------------- */

static ig_status find_part(const ig__subject *s, const ig__samples *samples, ig__part *out) {
  static const ig__part order[] = {IG__TEST, IG__VAL, IG__TRAIN};
  const char *asked = s->options->part;
  for (int i = 0; i < 3; i++) {
    *out = order[i];
    if (*asked ? !strcmp(asked, ig__part_name(*out)) : samples->count[*out] > 0) break;
    if (i == 2 && *asked) return ig__fail(IG_USAGE, "--part %s: test, val and train are there", asked);
  }
  return samples->count[*out] ? IG_OK : ig__fail(IG_BAD_DATA, "no pictures in the %s part", ig__part_name(*out));
}

static ig_status take_batch(ig__seen *seen, const ig__subject *s, const ig__source *source, const ig__batch *batch) {
  const int64_t pixels = s->slopes.pixels;
  const ig__source_info *info = &source->info;
  int image = -1, label = -1;
  for (int f = info->field_count - 1; f >= 0; f--) {
    if (info->field[f].role == IG__ROLE_IMAGE) image = f;
    if (info->field[f].role == IG__ROLE_LABEL) label = f;
  }
  if (image < 0 || (int64_t)(ig__field_bytes(&info->field[image]) / (info->field[image].type == IG__FIELD_U8 ? 1 : 4)) != pixels)
    return ig__fail(IG_BAD_MODEL, "%s: its pictures have not the size that the model takes, %d×%d×%d", info->name, s->size.channels,
                    s->size.height, s->size.width);
  for (int i = 0; i < batch->n; i++, seen->n++) {
    double *x = seen->x + seen->n * pixels;
    for (int64_t p = 0; p < pixels; p++)
      x[p] = info->field[image].type == IG__FIELD_U8 ? ((const uint8_t *)batch->field[image])[i * pixels + p] / 255.0
                                                      : (double)((const float *)batch->field[image])[i * pixels + p] / s->slopes.unit;
    const int truth = label < 0 ? -1 : ((const int32_t *)batch->field[label])[i];
    seen->truth[seen->n] = truth < s->classes ? truth : -1;
    seen->key[seen->n] = batch->key[i];
    source->kind->place(source, batch->ref[i].part, batch->ref[i].index, seen->place[seen->n], sizeof *seen->place);
  }
  return IG_OK;
}

static void say_broken(void *user, const ig__ref *ref, const char *message) {
  const ig__subject *s = user;
  (void)ref;
  ig__log(s->context, IG_LOG_WARNING, "left out: %s", message);
}

static ig_status read_part(ig__seen *seen, const ig__subject *s, const ig__source *source, const ig__samples *samples) {
  const ig_ascend_options *o = s->options;
  ig__part part;
  ig__loader *loader = NULL;
  IG__TRY(find_part(s, samples, &part));
  int64_t count = samples->count[part];
  IG__TRY(ig__order_epoch(samples->ref[part], count, (uint64_t)o->seed, 1));
  if (count > o->limit) count = o->limit;
  IG__TRY(make_room(seen, s, (int)count));
  IG__TRY(ig__loader_new(source, &(ig__loader_options){.batch = o->batch, .threads = 1, .depth = 1, .broken = say_broken,
                         .user = (void *)(uintptr_t)s}, &loader));
  ig_status status = ig__loader_start(loader, samples->ref[part], count, 0);
  for (const ig__batch *batch; status == IG_OK && (status = ig__loader_next(loader, &batch)) == IG_OK && batch;)
    status = take_batch(seen, s, source, batch);
  ig__loader_free(loader);
  return status == IG_OK && !seen->n ? ig__fail(IG_BAD_DATA, "none of the pictures can be read") : status;
}

static ig_status open_data(ig__seen *seen, const ig__subject *s) {
  const ig_ascend_options *o = s->options;
  const ig__source_want want = ig__model_want(s->model);
  ig__source *source;
  ig__samples samples = {0};
  if (!*o->data && !ig__is_folder(o->run))
    return ig__fail(IG_USAGE, "which pictures? %s is no run folder and knows no data: name files, or --data", o->run);
  IG__TRY(ig__data_open(s->context, *o->data ? o->data : s->run.data, &want, &source));
  ig_status status = ig__parts_make(s->context, source, &(ig__split_options){.seed = (uint64_t)s->run.seed, .val = s->run.val,
                                    .limit = s->run.limit}, &(ig__loader_options){.threads = 1}, &samples);
  if (status == IG_OK) status = read_part(seen, s, source, &samples);
  ig__samples_free(&samples);
  ig__source_close(source);
  return status;
}

ig_status ig__seen_open(const ig__subject *s, const char *const *file, int count, ig__seen *out) {
  *out = (ig__seen){.n = 0};
  ig_status status = count > 0 ? open_files(out, s, file, count) : open_data(out, s);
  if (status != IG_OK) ig__seen_free(out);
  return status;
}

void ig__seen_free(ig__seen *seen) {
  ig__free(seen->x);
  ig__free(seen->place);
  ig__free(seen->truth);
  ig__free(seen->key);
  *seen = (ig__seen){.n = 0};
}

ig_status ig__seen_say(const ig__subject *s, const ig__seen *seen) {
  if (seen->beyond)
    ig__log(s->context, IG_LOG_WARNING, "%lld more pictures were not looked at: --limit is %d", (long long)seen->beyond, s->options->limit);
  if (!seen->failed) return IG_OK;
  return ig__fail(IG_BAD_DATA, "%lld of %lld pictures could not be read", (long long)seen->failed, (long long)seen->failed + seen->n);
}
