#ifndef IMGRAD_STATUS_H
#define IMGRAD_STATUS_H
/* What can go wrong, in one list: code, name, exit code of the command, meaning.
 *
 * Every function of the library that can fail returns an ig_status; IG_OK is 0. The words of the last failure on this
 * thread (place, asked, found, what to do) are kept for ig_last_error() until the next failure on the same thread. */

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

#define IG_STATUS_LIST(X)                                                             \
  X(OK, "ok", 0, "done")                                                              \
  X(FAILED, "failed", 1, "failed for a reason that no other code covers")             \
  X(USAGE, "usage", 2, "a wrong option or argument, or a named file that is not there") \
  X(BAD_DATA, "bad_data", 3, "pictures or labels that cannot be used")                \
  X(BAD_MODEL, "bad_model", 4, "a model or checkpoint that cannot be used")           \
  X(IO, "io", 5, "a disk or other input/output error")                                \
  X(NO_MEMORY, "no_memory", 6, "out of memory")                                       \
  X(DIVERGED, "diverged", 7, "a loss or gradient became infinite or not a number")    \
  X(BELOW_BAR, "below_bar", 8, "a result below the bar that was asked for")           \
  X(HANGUP, "hangup", 129, "stopped by HUP; the checkpoint is written")               \
  X(INTERRUPTED, "interrupted", 130, "stopped by INT; the checkpoint is written")     \
  X(PIPE, "pipe", 141, "the reader of the output went away")                          \
  X(TERMINATED, "terminated", 143, "stopped by TERM; the checkpoint is written")

typedef enum ig_status {
#define IG_STATUS_ENUM(code, name, exit_code, text) IG_##code,
  IG_STATUS_LIST(IG_STATUS_ENUM)
#undef IG_STATUS_ENUM
  IG_STATUS_COUNT
} ig_status;

/* The name of a status ("bad_data"), its meaning in English, and the exit code of the command. For a number that is no
 * status they answer "unknown", "unknown status" and 1. The strings are constant. Any thread. */
const char *ig_status_name(ig_status status);
const char *ig_status_text(ig_status status);
int ig_status_exit_code(ig_status status);

/* The words of the last failure on the calling thread, UTF-8, at most 1023 bytes; "" if there was none.
 * Owner: the library; valid until the next failing call on this thread. */
const char *ig_last_error(void);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif
#endif
