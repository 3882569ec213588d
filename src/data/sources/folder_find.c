/* Which files of a folder are pictures, and of which class. */
#include "data/sources/folder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct finder {
  const char *root;
  const ig__source_want *want;
  ig__folder_files *out;
  ig__part part;
  int label;          /* of the class being listed */
} finder;

static ig_status add_file(void *user, const char *path, uint64_t size) {
  finder *f = user;
  ig__folder_files *o = f->out;
  void *list = o->file[f->part];
  IG__TRY(ig__grow(&list, o->count[f->part], &o->capacity[f->part], sizeof(ig__folder_file)));
  o->file[f->part] = list;
  o->file[f->part][o->count[f->part]++] = (ig__folder_file){path, ig__hash(path, strlen(path), 0), size, f->label};
  return IG_OK;
}

/* ---- classes ----------------------------------------------------------------------------------------------------------- */

static int find_class(const ig__folder_files *o, const char *name) {
  for (size_t i = 0; i < o->class_count; i++)
    if (strcmp(o->class_name[i], name) == 0) return (int)i;
  return -1;
}

static ig_status add_class(ig__folder_files *o, const char *name) {
  void *list = o->class_name;
  if (strlen(name) >= sizeof *o->class_name)
    return ig__fail(IG_BAD_DATA, "class %s: the name has more than %zu bytes; rename the folder", name, sizeof *o->class_name - 1);
  IG__TRY(ig__grow(&list, o->class_count, &o->class_capacity, sizeof *o->class_name));
  o->class_name = list;
  memset(o->class_name[o->class_count], 0, sizeof *o->class_name);
  memcpy(o->class_name[o->class_count++], name, strlen(name));
  return IG_OK;
}

static ig_status unknown_class(const finder *f, const char *folder, const char *name) {
  const ig__folder_files *o = f->out;
  bool model = f->want->class_count > 0;
  return ig__fail(IG_BAD_DATA, "%s/%s: %s has no class \"%s\"; it has %zu, from \"%s\" to \"%s\"", f->root, folder,
                  model ? "the model" : "the training part", name, o->class_count, o->class_count ? o->class_name[0] : "",
                  o->class_count ? o->class_name[o->class_count - 1] : "");
}

/* The folder of one class; without a picture in it, it is none. The first part that has classes names them for all. */
static ig_status add_class_folder(finder *f, const char *folder, const char *name, bool names_classes) {
  ig__folder_files *o = f->out;
  size_t before = o->count[f->part];
  int known = find_class(o, name);
  f->label = known >= 0 ? known : (int)o->class_count;
  IG__TRY(ig__folder_walk(f->root, folder, o->arena, add_file, f, &o->skipped));
  if (o->count[f->part] == before || known >= 0) return IG_OK;
  return names_classes ? add_class(o, name) : unknown_class(f, folder, name);
}

/* One part: its folder inside the source, "" for the source itself. */
static ig_status list_part(finder *f, const char *folder) {
  ig__names names;
  bool names_classes = f->out->class_count == 0;
  char *full = ig__format("%s%s%s", f->root, *folder ? "/" : "", folder);
  if (!full) return IG_NO_MEMORY;
  ig_status status = ig__folder_list(full, &names);
  ig__free(full);
  IG__TRY(status);
  for (size_t i = 0; i < names.count && status == IG_OK; i++) {
    const char *path = ig__arena_format(f->out->arena, "%s%s%s", folder, *folder ? "/" : "", names.name[i]);
    full = path ? ig__format("%s/%s", f->root, path) : NULL;
    if (!full) status = IG_NO_MEMORY;
    else if (names.name[i][0] == '.' || !ig__is_folder(full)) f->out->skipped++;
    else status = add_class_folder(f, path, names.name[i], names_classes);
    ig__free(full);
  }
  ig__names_free(&names);
  return status;
}

/* ---- parts ------------------------------------------------------------------------------------------------------------- */

/* Has this folder a folder in it? */
static bool has_folders(const char *root, const char *folder) {
  ig__names names;
  bool found = false;
  char *path = ig__format("%s/%s", root, folder);
  if (path && ig__folder_list(path, &names) == IG_OK) {
    for (size_t i = 0; i < names.count && !found; i++) {
      char *child = names.name[i][0] != '.' ? ig__format("%s/%s", path, names.name[i]) : NULL;
      found = child && ig__is_folder(child);
      ig__free(child);
    }
    ig__names_free(&names);
  }
  ig__free(path);
  return found;
}

static const char *part_folder(const char *root, ig__part part) {
  static const char *const names[IG__PARTS][3] = {{"train", "training", NULL}, {"val", "valid", "validation"}, {"test", NULL, NULL}};
  for (int i = 0; i < 3 && names[part][i]; i++)
    if (has_folders(root, names[part][i])) return names[part][i];
  return NULL;
}

static ig_status find_all(finder *f) {
  bool parts = false;
  for (int i = 0; i < f->want->class_count; i++) IG__TRY(add_class(f->out, f->want->class_name[i]));
  for (f->part = IG__TRAIN; f->part < IG__PARTS; f->part++) {
    const char *folder = part_folder(f->root, f->part);
    if (!folder) continue;
    parts = true;
    IG__TRY(list_part(f, folder));
  }
  f->part = IG__TRAIN;
  return parts ? IG_OK : list_part(f, "");
}

ig_status ig__folder_find(const char *root, const ig__source_want *want, ig__folder_files *out) {
  finder f = {.root = root, .want = want, .out = out};
  *out = (ig__folder_files){.arena = ig__arena_new()};
  return out->arena ? find_all(&f) : IG_NO_MEMORY;
}

void ig__folder_files_free(ig__folder_files *files) {
  for (int part = 0; part < IG__PARTS; part++) ig__free(files->file[part]);
  ig__free(files->class_name);
  ig__arena_free(files->arena);
  *files = (ig__folder_files){0};
}
