/* The pictures below a folder, in the order of their bytes.
 *
 * A name that ends like a picture's is one, whatever is behind it: what cannot be read is then broken, and is named. Other files
 * are pictures when their first bytes say so; the rest (README.txt) is skipped and counted. Names with a dot in front are not
 * looked at: .DS_Store, and the ._photo.jpg that macOS leaves beside each photo.jpg. */
#include "data/sources/folder.h"

#include <string.h>
#include <strings.h>

#define DEPTH 16      /* folders inside each other */

typedef struct waiting { const char *path; int depth; } waiting;

typedef struct walker {
  const char *root;
  ig__arena *arena;
  ig__folder_visit visit;
  void *user;
  int64_t *skipped;
  waiting *stack;     /* folders still to be listed, inside the root; the last is next */
  size_t count, capacity;
} walker;

bool ig__folder_named_picture(const char *name) {
  /* Those that are not read are here too: they are meant as pictures, so they are named instead of skipped. */
  static const char *const endings[] = {"jpg", "jpeg", "jpe", "jfif", "png", "pgm", "ppm", "pnm", "pbm", "bmp", "gif", "webp", "tif", "tiff",
                                        "heic", "heif", "avif"};
  const char *dot = strrchr(name, '.');
  if (!dot || dot == name) return false;
  for (size_t i = 0; i < sizeof endings / sizeof endings[0]; i++)
    if (strcasecmp(dot + 1, endings[i]) == 0) return true;
  return false;
}

static bool begins_as_picture(const char *path) {
  uint8_t *head;
  size_t size;
  if (ig__file_read_head(path, 16, &head, &size) != IG_OK) return false;
  bool known = ig__picture_known(head, size);
  ig__free(head);
  return known;
}

static ig_status add_folder(walker *w, const char *path, int depth) {
  void *list = w->stack;
  IG__TRY(ig__grow(&list, w->count, &w->capacity, sizeof *w->stack));
  w->stack = list;
  w->stack[w->count++] = (waiting){path, depth};
  return IG_OK;
}

/* Links to folders are not followed: they may go round in a circle. */
static ig_status look_at(walker *w, const char *full, const char *name, const char *path, int depth) {
  uint64_t size;
  ig__file_kind kind = ig__file_kind_of(full, &size);
  if (ig__folder_named_picture(name) || (kind == IG__FILE && begins_as_picture(full))) return w->visit(w->user, path, size);
  if (kind == IG__FOLDER && depth < DEPTH && !ig__is_link(full)) return add_folder(w, path, depth + 1);
  ++*w->skipped;
  return IG_OK;
}

static ig_status list_one(walker *w, const char *folder, int depth) {
  ig__names names;
  char *full = ig__format("%s%s%s", w->root, *folder ? "/" : "", folder);
  if (!full) return IG_NO_MEMORY;
  ig_status status = ig__folder_list(full, &names);
  ig__free(full);
  IG__TRY(status);
  size_t first = w->count;
  for (size_t i = 0; i < names.count && status == IG_OK; i++) {
    if (names.name[i][0] == '.') {
      ++*w->skipped;
      continue;
    }
    const char *path = ig__arena_format(w->arena, "%s%s%s", folder, *folder ? "/" : "", names.name[i]);
    full = path ? ig__format("%s/%s", w->root, path) : NULL;
    status = full ? look_at(w, full, names.name[i], path, depth) : IG_NO_MEMORY;
    ig__free(full);
  }
  ig__names_free(&names);
  for (size_t a = first, b = w->count; a + 1 < b; a++) { /* the first found is listed first */
    waiting kept = w->stack[a];
    w->stack[a] = w->stack[--b];
    w->stack[b] = kept;
  }
  return status;
}

ig_status ig__folder_walk(const char *root, const char *folder, ig__arena *arena, ig__folder_visit visit, void *user, int64_t *skipped) {
  walker w = {.root = root, .arena = arena, .visit = visit, .user = user, .skipped = skipped};
  ig_status status = add_folder(&w, folder, 0);
  while (status == IG_OK && w.count > 0) {
    waiting next = w.stack[--w.count];
    status = list_one(&w, next.path, next.depth);
  }
  ig__free(w.stack);
  return status;
}
