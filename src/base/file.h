#ifndef IG__BASE_FILE_H
#define IG__BASE_FILE_H
/* The one file layer: whole files in, whole files out, and the things a run folder needs. Every call that touches the
 * disk is a fault point ("open", "read", "write", "sync", "rename"). Only regular files are read: a FIFO, device or
 * directory is refused, so nothing hangs. Paths are bytes. Making and listing folders count as "open" and "read", removing
 * as "rename". */

#include "base/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Reads a whole regular file of at most `max` bytes; `*data` gets a terminating 0 beyond `*size`. Owner: caller, ig__free.
 * IG_USAGE: not there. IG_IO: cannot be read. IG_BAD_DATA: no regular file, or larger than `max`. */
ig_status ig__file_read(const char *path, size_t max, uint8_t **data, size_t *size);
/* The same for a file that may be gzip (first bytes 1f 8b, one member or several): inflates it, at most `max` bytes out.
 * IG_BAD_DATA also: cut short, damaged, or followed by something that is no gzip. */
ig_status ig__file_read_gz(const char *path, size_t max, uint8_t **data, size_t *size);

/* Writes beside, syncs, renames over, syncs the folder: afterwards the file is either the old or the new one, whole. A
 * link is followed, the old file's permissions are kept. IG_USAGE: the folder is missing, or the name belongs to something
 * that is no regular file (it is left alone: renaming over /dev/null would replace it). IG_IO otherwise. After kill -9 a
 * file named .imgrad-PID-N.tmp may stay behind. */
ig_status ig__file_write_atomic(const char *path, const void *data, size_t size);
/* Appends without syncing; creates the file. For logs, with one writer: what a failure leaves half written is cut off. */
ig_status ig__file_append(const char *path, const void *data, size_t size);

/* The same, but at most the first `max` bytes: for headers. A larger file is no mistake. */
ig_status ig__file_read_head(const char *path, size_t max, uint8_t **data, size_t *size);

/* The beginning of a small file of the system, such as those below /proc: at most size-1 bytes and a 0 into `text`; false
 * and "" when there is none. No fault point, no message: what is asked here always has another answer. */
bool ig__file_peek(const char *path, char *text, size_t size);

/* What stands at a path, links followed (a link to nothing is nothing), and the size of a file (0 of others). No fault point. */
typedef enum ig__file_kind { IG__NOTHING, IG__FILE, IG__FOLDER, IG__SPECIAL } ig__file_kind;
ig__file_kind ig__file_kind_of(const char *path, uint64_t *size);
bool ig__is_link(const char *path);
bool ig__file_readable(const char *path); /* by its permissions */
bool ig__file_exists(const char *path);
bool ig__is_folder(const char *path);
bool ig__folder_has(const char *folder, const char *name);
ig_status ig__make_folder(const char *path);          /* parents too; existing is fine */
ig_status ig__make_new_folder(const char *path);      /* IG_USAGE when something is there already */
ig_status ig__file_remove(const char *path);          /* missing is fine */
/* Syncs the folder of `to` afterwards. IG_USAGE: `from` is missing. */
ig_status ig__file_rename(const char *from, const char *to);

/* Names in a folder, sorted by bytes, without . and ..; owner: caller, ig__names_free. */
typedef struct ig__names { char **name; size_t count, capacity; } ig__names;
ig_status ig__folder_list(const char *path, ig__names *out);
void ig__names_free(ig__names *names);

/* A growing byte buffer, for composing files. Sticky: after a failure everything is a no-op and `failed` is true. Begins as
 * {0}; a 0 stands beyond `size` once anything was added. */
typedef struct ig__buffer { uint8_t *data; size_t size, capacity; bool failed; } ig__buffer;
void ig__buffer_add(ig__buffer *b, const void *data, size_t size);
void ig__buffer_text(ig__buffer *b, const char *format, ...) IG__PRINTF(2, 3);
void ig__buffer_free(ig__buffer *b);

/* 64-bit hash of bytes (FNV-1a finished with a mixer; not cryptographic): sections of files, keys of samples. */
uint64_t ig__hash(const void *data, size_t size, uint64_t seed);

#endif
