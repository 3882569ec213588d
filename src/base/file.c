/* Whole files in and out. */
#include "base/file.h"

#include "base/alloc.h"
#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The system calls with their fault points. A fault is an errno, or -1: half of the bytes, then go on. */
static int open_file(const char *path, int flags) {
  int fd, fault = ig__fault("open");
  if (fault) {
    errno = fault > 0 ? fault : EIO;
    return -1;
  }
  /* O_NONBLOCK: opening a FIFO or a device must not wait for anybody. It changes nothing for regular files. */
  do fd = open(path, flags | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0666);
  while (fd < 0 && errno == EINTR);
  return fd;
}

static ssize_t read_some(int fd, void *data, size_t size) {
  int fault = ig__fault("read");
  if (fault > 0) {
    errno = fault;
    return -1;
  }
  return read(fd, data, fault < 0 && size > 1 ? size / 2 : size);
}

static ssize_t write_some(int fd, const void *data, size_t size) {
  int fault = ig__fault("write");
  if (fault > 0) {
    errno = fault;
    return -1;
  }
  return write(fd, data, fault < 0 && size > 1 ? size / 2 : size);
}

static int sync_file(int fd) {
  int result, fault = ig__fault("sync");
  if (fault) {
    errno = fault > 0 ? fault : EIO;
    return -1;
  }
  do result = fsync(fd);
  while (result != 0 && errno == EINTR);
  return result;
}

static bool is_missing(int error) { return error == ENOENT || error == ENOTDIR || error == ENAMETOOLONG; }

static ig_status cannot(const char *verb, const char *path, int error) {
  return ig__fail(error == ENOMEM ? IG_NO_MEMORY : is_missing(error) ? IG_USAGE : IG_IO, "%s: cannot %s: %s", path, verb,
                  ig__errno_text(error));
}

static const char *kind_of(mode_t mode) {
  return S_ISDIR(mode) ? "a folder" : S_ISFIFO(mode) ? "a FIFO" : S_ISSOCK(mode) ? "a socket" : "a device";
}

static ig_status too_large(const char *path, size_t max) {
  char limit[32];
  return ig__fail(IG_BAD_DATA, "%s: larger than %s, the most that is read from such a file", path,
                  ig__print_bytes(limit, max));
}

/* The size that fstat tells is where the reading starts from and is not believed: files below /proc say 0, and others
 * grow or shrink meanwhile. One byte more than the size is asked for, so that the end shows without another round. `head`: more
 * than `max` is no mistake, and left alone. */
static ig_status read_all(int fd, const char *path, size_t expected, size_t max, bool head, uint8_t **data, size_t *size) {
  size_t capacity = expected + 1, filled = 0;
  uint8_t *bytes = ig__alloc(capacity, 1);
  if (!bytes) return IG_NO_MEMORY;
  for (;;) {
    ssize_t n = read_some(fd, bytes + filled, capacity - filled);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) {
      int error = errno;
      ig__free(bytes);
      return ig__fail(IG_IO, "%s: cannot read: %s", path, ig__errno_text(error));
    }
    if (n == 0) break;
    filled += (size_t)n;
    if (head && filled > max) {
      filled = max;
      break;
    }
    if (filled > max) {
      ig__free(bytes);
      return too_large(path, max);
    }
    if (filled == capacity) {
      size_t wanted = capacity < 4096 ? 4096 : capacity <= SIZE_MAX / 2 ? capacity * 2 : SIZE_MAX;
      if (max < SIZE_MAX && wanted > max + 1) wanted = max + 1;
      uint8_t *more = ig__realloc(bytes, wanted, 1);
      if (!more) {
        ig__free(bytes);
        return IG_NO_MEMORY;
      }
      bytes = more;
      capacity = wanted;
    }
  }
  bytes[filled] = 0;
  *data = bytes;
  *size = filled;
  return IG_OK;
}

static ig_status read_file(const char *path, size_t max, bool head, uint8_t **data, size_t *size) {
  struct stat st;
  ig_status status;
  int fd = open_file(path, O_RDONLY);
  if (fd < 0) return cannot("open", path, errno);
  if (fstat(fd, &st) != 0) status = ig__fail(IG_IO, "%s: cannot read: %s", path, ig__errno_text(errno));
  else if (!S_ISREG(st.st_mode)) status = ig__fail(IG_BAD_DATA, "%s: is %s, no file", path, kind_of(st.st_mode));
  else if (head && (uintmax_t)st.st_size > max) status = read_all(fd, path, max, max, true, data, size);
  else if ((uintmax_t)st.st_size > max || (uintmax_t)st.st_size >= SIZE_MAX) status = too_large(path, max);
  else status = read_all(fd, path, (size_t)st.st_size, max, head, data, size);
  close(fd);
  return status;
}

ig_status ig__file_read(const char *path, size_t max, uint8_t **data, size_t *size) { return read_file(path, max, false, data, size); }
ig_status ig__file_read_head(const char *path, size_t max, uint8_t **data, size_t *size) { return read_file(path, max, true, data, size); }

bool ig__file_peek(const char *path, char *text, size_t size) {
  size_t filled = 0;
  int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  ssize_t n = 0;
  text[0] = 0;
  if (fd < 0) return false;
  do {
    n = read(fd, text + filled, size - 1 - filled);
    if (n > 0) filled += (size_t)n;
  } while (filled + 1 < size && (n > 0 || (n < 0 && errno == EINTR)));
  close(fd);
  text[filled] = 0;
  return n >= 0;
}

static ig_status write_all(int fd, const char *path, const void *data, size_t size) {
  const uint8_t *bytes = data;
  size_t done = 0;
  while (done < size) {
    ssize_t n = write_some(fd, bytes + done, size - done < SSIZE_MAX ? size - done : SSIZE_MAX);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) {
      int error = n < 0 ? errno : EIO;
      char a[32], b[32];
      return ig__fail(IG_IO, "%s: cannot write: %s (after %s of %s)", path, ig__errno_text(error),
                      ig__print_bytes(a, done), ig__print_bytes(b, size));
    }
    done += (size_t)n;
  }
  return IG_OK;
}

/* What an atomic write works on: the file meant, its folder, and the file beside it. */
typedef struct target {
  char path[PATH_MAX], folder[PATH_MAX], temporary[PATH_MAX + 64];
  mode_t mode;
  bool keep_mode;
} target;

/* Follows a link to the file behind it, looks at what is there, and finds the folder. */
static ig_status aim(const char *path, target *t) {
  struct stat st;
  size_t length = strlen(path);
  if (length == 0 || path[length - 1] == '/' || length >= sizeof t->path)
    return ig__fail(IG_USAGE, "%s: is no name of a file that can be written", path);
  t->keep_mode = stat(path, &st) == 0;
  if (t->keep_mode && !S_ISREG(st.st_mode))
    return ig__fail(IG_USAGE, "%s: is %s, no file: it is not written over", path, kind_of(st.st_mode));
  t->mode = t->keep_mode ? st.st_mode & 07777 : 0;
  bool link = t->keep_mode && lstat(path, &st) == 0 && S_ISLNK(st.st_mode);
  if (!link || !realpath(path, t->path)) memcpy(t->path, path, length + 1);
  char *slash = strrchr(t->path, '/');
  size_t folder = slash ? (size_t)(slash - t->path) : 0;
  if (!slash) memcpy(t->folder, ".", 2);
  else if (folder == 0) memcpy(t->folder, "/", 2);
  else memcpy(t->folder, t->path, folder);
  t->folder[folder ? folder : 1] = 0;
  return IG_OK;
}

/* A new file beside the target. The name is not made from the target's, which may already be as long as names can be. Where
 * process numbers repeat (containers), one left by a killed run may be in the way; the next number is free. */
static int open_temporary(target *t) {
  static atomic_uint counter;
  for (int attempt = 0; attempt < 10000; attempt++) {
    unsigned number = atomic_fetch_add_explicit(&counter, 1, memory_order_relaxed);
    ig__snprintf(t->temporary, sizeof t->temporary, "%s/.imgrad-%ld-%u.tmp", t->folder, (long)getpid(), number);
    int fd = open_file(t->temporary, O_WRONLY | O_CREAT | O_EXCL);
    if (fd >= 0 || errno != EEXIST) return fd;
  }
  return -1;
}

static ig_status fill_temporary(int fd, const target *t, const void *data, size_t size) {
  ig_status status = write_all(fd, t->path, data, size);
  /* Permissions are a courtesy: on a file system without them the new file is still the right one. */
  if (status == IG_OK && t->keep_mode && fchmod(fd, t->mode) != 0) errno = 0;
  if (status == IG_OK && sync_file(fd) != 0)
    status = ig__fail(IG_IO, "%s: cannot write to the disk: %s", t->path, ig__errno_text(errno));
  /* Network file systems report a full disk here. */
  if (close(fd) != 0 && status == IG_OK && errno != EINTR)
    status = ig__fail(IG_IO, "%s: cannot write: %s", t->path, ig__errno_text(errno));
  return status;
}

static ig_status replace(const target *t, int folder) {
  int fault = ig__fault("rename");
  if (fault) errno = fault > 0 ? fault : EIO;
  if (fault || rename(t->temporary, t->path) != 0)
    return ig__fail(IG_IO, "%s: cannot put the new file in place: %s", t->path, ig__errno_text(errno));
  /* Some file systems cannot sync a folder and say so with EINVAL; they have nothing to sync. */
  if (sync_file(folder) != 0 && errno != EINVAL)
    return ig__fail(IG_IO, "%s: is written, but its folder cannot be synced: %s", t->path, ig__errno_text(errno));
  return IG_OK;
}

static ig_status write_aimed(target *t, const void *data, size_t size) {
  /* The folder is opened first, so that nothing after the rename can fail but its sync. */
  int folder = open_file(t->folder, O_RDONLY | O_DIRECTORY);
  if (folder < 0) return cannot("write", t->path, errno);
  int fd = open_temporary(t);
  if (fd < 0) {
    int error = errno;
    close(folder);
    return cannot("write", t->path, error);
  }
  ig_status status = fill_temporary(fd, t, data, size);
  if (status == IG_OK) status = replace(t, folder);
  if (status != IG_OK) unlink(t->temporary);
  close(folder);
  return status;
}

ig_status ig__file_write_atomic(const char *path, const void *data, size_t size) {
  target *t = ig__alloc(1, sizeof *t);
  if (!t) return IG_NO_MEMORY;
  ig_status status = aim(path, t);
  if (status == IG_OK) status = write_aimed(t, data, size);
  ig__free(t);
  return status;
}

ig_status ig__file_append(const char *path, const void *data, size_t size) {
  struct stat st;
  ig_status status;
  int fd = open_file(path, O_WRONLY | O_APPEND | O_CREAT);
  if (fd < 0) return cannot("write", path, errno);
  if (fstat(fd, &st) != 0) {
    status = ig__fail(IG_IO, "%s: cannot write: %s", path, ig__errno_text(errno));
  } else if (!S_ISREG(st.st_mode)) {
    status = ig__fail(IG_USAGE, "%s: is %s, no file", path, kind_of(st.st_mode));
  } else {
    status = write_all(fd, path, data, size);
    /* Half a line would swallow the next one. If even this fails, the log is the smaller loss. */
    if (status != IG_OK && ftruncate(fd, st.st_size) != 0) errno = 0;
  }
  if (close(fd) != 0 && status == IG_OK && errno != EINTR)
    status = ig__fail(IG_IO, "%s: cannot write: %s", path, ig__errno_text(errno));
  return status;
}
