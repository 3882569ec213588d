/* Folders, names, removing and renaming. */
#include "base/file.h"

#include "base/alloc.h"
#include "base/text.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* 0, or -1 with errno set: a fault point for calls that have no half way. */
static int fault_point(const char *kind) {
  int fault = ig__fault(kind);
  (void)kind;
  if (!fault) return 0;
  errno = fault > 0 ? fault : EIO;
  return -1;
}

bool ig__file_exists(const char *path) {
  struct stat st;
  return stat(path, &st) == 0;
}

bool ig__folder_has(const char *folder, const char *name) {
  char path[8192]; /* longer than any that the system takes */
  const int length = ig__snprintf(path, sizeof path, "%s/%s", folder, name);
  return length > 0 && (size_t)length < sizeof path && ig__file_exists(path);
}

ig__file_kind ig__file_kind_of(const char *path, uint64_t *size) {
  struct stat st;
  *size = 0;
  if (stat(path, &st) != 0) return IG__NOTHING;
  if (S_ISREG(st.st_mode)) *size = (uint64_t)st.st_size;
  return S_ISREG(st.st_mode) ? IG__FILE : S_ISDIR(st.st_mode) ? IG__FOLDER : IG__SPECIAL;
}

bool ig__is_link(const char *path) {
  struct stat st;
  return lstat(path, &st) == 0 && S_ISLNK(st.st_mode);
}

bool ig__file_readable(const char *path) { return access(path, R_OK) == 0; }

bool ig__is_folder(const char *path) {
  struct stat st;
  return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static ig_status cannot_make(const char *path, int error) {
  if (error == EEXIST || error == ENOTDIR)
    return ig__fail(IG_USAGE, "%s: cannot make this folder: something that is no folder is in the way", path);
  if (error == ENOENT || error == ENAMETOOLONG)
    return ig__fail(IG_USAGE, "%s: cannot make this folder: %s", path, ig__errno_text(error));
  return ig__fail(IG_IO, "%s: cannot make this folder: %s", path, ig__errno_text(error));
}

/* Makes every folder on the way to the last name, and that one too if `last`. */
static ig_status make_path(char *path, bool last) {
  size_t length = strlen(path);
  while (length > 1 && path[length - 1] == '/') path[--length] = 0;
  for (size_t i = 1; i <= length; i++) {
    if (path[i] != '/' && !(path[i] == 0 && last)) continue;
    char kept = path[i];
    path[i] = 0;
    /* A folder that is there may answer EEXIST, EROFS, EACCES or EISDIR; whether it is one is what counts. */
    bool made = fault_point("open") == 0 && mkdir(path, 0777) == 0;
    int error = errno;
    if (!made && !(ig__is_folder(path))) return cannot_make(path, error);
    path[i] = kept;
  }
  return IG_OK;
}

ig_status ig__make_folder(const char *path) {
  if (!*path) return ig__fail(IG_USAGE, "an empty name is no folder");
  if (ig__is_folder(path)) return IG_OK;
  char *copy = ig__strdup(path);
  if (!copy) return IG_NO_MEMORY;
  ig_status status = make_path(copy, true);
  ig__free(copy);
  return status;
}

ig_status ig__make_new_folder(const char *path) {
  if (!*path) return ig__fail(IG_USAGE, "an empty name is no folder");
  char *copy = ig__strdup(path);
  if (!copy) return IG_NO_MEMORY;
  ig_status status = make_path(copy, false);
  if (status == IG_OK && (fault_point("open") != 0 || mkdir(copy, 0777) != 0))
    status = errno == EEXIST ? ig__fail(IG_USAGE, "%s: is there already", path) : cannot_make(path, errno);
  ig__free(copy);
  return status;
}

ig_status ig__file_remove(const char *path) {
  if (fault_point("rename") == 0 && unlink(path) == 0) return IG_OK;
  if (errno == ENOENT || errno == ENOTDIR) return IG_OK;
  return ig__fail(IG_IO, "%s: cannot remove: %s", path, ig__errno_text(errno));
}

/* The folder that a path lies in, opened for syncing; -1 with errno set. */
static int open_parent(const char *path) {
  char *copy = ig__strdup(path);
  if (!copy) {
    errno = ENOMEM;
    return -1;
  }
  char *slash = strrchr(copy, '/');
  if (slash) slash[slash == copy] = 0;
  int folder = fault_point("open") == 0 ? open(slash ? copy : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
  int error = errno;
  ig__free(copy);
  errno = error;
  return folder;
}

static ig_status cannot_rename(const char *from, const char *to, int error) {
  ig_status status = error == ENOENT || error == ENOTDIR ? IG_USAGE : error == ENOMEM ? IG_NO_MEMORY : IG_IO;
  return ig__fail(status, "%s: cannot rename to %s: %s", from, to, ig__errno_text(error));
}

/* The folder is opened first, so that nothing after the rename can fail but its sync. */
ig_status ig__file_rename(const char *from, const char *to) {
  ig_status status = IG_OK;
  int folder = open_parent(to);
  if (folder < 0) return cannot_rename(from, to, errno);
  if (fault_point("rename") != 0 || rename(from, to) != 0) status = cannot_rename(from, to, errno);
  /* Some file systems cannot sync a folder and say so with EINVAL; they have nothing to sync. */
  else if ((fault_point("sync") != 0 || fsync(folder) != 0) && errno != EINVAL)
    status = ig__fail(IG_IO, "%s: is in place, but its folder cannot be synced: %s", to, ig__errno_text(errno));
  close(folder);
  return status;
}

static int by_bytes(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

static ig_status add_name(ig__names *names, const char *name) {
  void *list = names->name;
  IG__TRY(ig__grow(&list, names->count, &names->capacity, sizeof *names->name));
  names->name = list;
  char *copy = ig__strdup(name);
  if (!copy) return IG_NO_MEMORY;
  names->name[names->count++] = copy;
  return IG_OK;
}

static ig_status read_names(DIR *folder, const char *path, ig__names *names) {
  for (;;) {
    errno = 0;
    struct dirent *entry = fault_point("read") == 0 ? readdir(folder) : NULL;
    if (!entry && errno) return ig__fail(IG_IO, "%s: cannot list this folder: %s", path, ig__errno_text(errno));
    if (!entry) return IG_OK;
    if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
    IG__TRY(add_name(names, entry->d_name));
  }
}

ig_status ig__folder_list(const char *path, ig__names *out) {
  ig__names names = {NULL, 0, 0};
  DIR *folder = fault_point("open") == 0 ? opendir(path) : NULL;
  if (!folder) {
    int error = errno;
    bool missing = error == ENOENT || error == ENOTDIR || error == ENAMETOOLONG;
    return ig__fail(missing ? IG_USAGE : error == ENOMEM ? IG_NO_MEMORY : IG_IO, "%s: cannot list this folder: %s", path,
                    ig__errno_text(error));
  }
  ig_status status = read_names(folder, path, &names);
  closedir(folder);
  if (status != IG_OK) {
    ig__names_free(&names);
    return status;
  }
  if (names.count > 1) qsort(names.name, names.count, sizeof *names.name, by_bytes);
  *out = names;
  return IG_OK;
}

void ig__names_free(ig__names *names) {
  for (size_t i = 0; i < names->count; i++) ig__free(names->name[i]);
  ig__free(names->name);
  *names = (ig__names){NULL, 0, 0};
}
