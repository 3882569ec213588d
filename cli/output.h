#ifndef CLI_OUTPUT_H
#define CLI_OUTPUT_H
/* The two streams. Results go to standard output, and every byte is accounted for: a full disk or a reader that went away
 * becomes the exit code. Talk goes to standard error, a whole line in one write. */

#include "imgrad.h"

#include <stdbool.h>
#include <stddef.h>

#define CLI_PRINTF(fmt, first) __attribute__((format(printf, fmt, first)))

/* At the very start: descriptors 0 … 2 that are closed are filled, so that no file of ours gets their number; SIGPIPE is
 * ignored, so that a reader going away is an error of write that we can answer. */
void cli_streams_begin(void);

/* IG_IO with words on stderr when standard output is closed: asked before the work, not after it. */
int cli_out_check(void);
void cli_out(const char *format, ...) CLI_PRINTF(1, 2);
void cli_out_bytes(const char *text, size_t size);
/* Writes out what is held back: after each line that a reader may be waiting for. */
void cli_out_flush(void);
/* Flushes and gives the exit code of the process: `code`, or when that is 0 what became of the output (5 or 141). */
int cli_out_end(int code);

/* A line of talk; the newline is added. A live line is taken away first. */
void cli_say(const char *format, ...) CLI_PRINTF(1, 2);
/* Bytes as they are: for the live line. */
void cli_say_bytes(const char *text, size_t size);
/* Called before a line of talk, to clear a live line; NULL: nothing. */
void cli_say_before(void (*clear)(void *user), void *user);
/* Says the library's last words and returns the exit code of `status`. */
int cli_fail(ig_status status);
/* True when the reader of either stream has gone. */
bool cli_reader_gone(void);

/* For ig_context_options.log. */
void cli_log(void *user, ig_log_level level, const char *text);
/* A context of so many threads (0: as many as may be), whose log is cli_log. */
ig_status cli_context(int threads, ig_context **out);

#endif
