#ifndef IG__SOURCES_FOLDER_H
#define IG__SOURCES_FOLDER_H
/* The files of a folder of pictures: one folder a class, in train/, val/, test/ or straight in the folder. */

#include "base/file.h"
#include "data/sources/common.h"

typedef struct ig__folder_file {
  const char *path;          /* inside the source, "train/cat/1.jpg" */
  uint64_t key, size;
  int32_t label;
} ig__folder_file;

typedef struct ig__folder_files {
  ig__arena *arena;          /* holds the paths */
  ig__folder_file *file[IG__PARTS];
  size_t count[IG__PARTS], capacity[IG__PARTS];
  char (*class_name)[64];
  size_t class_count, class_capacity;
  int64_t skipped;
} ig__folder_files;

/* Lists what lies below `root`. Classes are numbered by `want` when it names them, else in the order of their bytes. */
ig_status ig__folder_find(const char *root, const ig__source_want *want, ig__folder_files *out);
void ig__folder_files_free(ig__folder_files *files);
/* Visits every picture below root/folder ("": root itself); `path` is inside root and lives in the arena. *skipped counts what is
 * no picture. */
typedef ig_status (*ig__folder_visit)(void *user, const char *path, uint64_t size);
ig_status ig__folder_walk(const char *root, const char *folder, ig__arena *arena, ig__folder_visit visit, void *user, int64_t *skipped);
/* Does the name end as names of pictures do? */
bool ig__folder_named_picture(const char *name);

#endif
