/* Standard output and standard error. Nobody calls setlocale in this program, so printf writes '.' in numbers. */
#include "output.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static bool out_closed, talk_gone;
static int out_error;  /* errno of the first write to stdout that failed */
static void (*before)(void *user);
static void *before_user;

void cli_streams_begin(void) {
  struct sigaction ignore;
  memset(&ignore, 0, sizeof ignore);
  ignore.sa_handler = SIG_IGN;
  sigaction(SIGPIPE, &ignore, NULL);
  for (int fd = 0; fd <= 2; fd++) {
    if (fcntl(fd, F_GETFD) != -1 || errno != EBADF) continue;
    if (fd == 1) out_closed = true;
    /* The lowest free number is this one. Writing to a descriptor opened for reading fails, as writing to a closed one. */
    if (open("/dev/null", fd == 2 ? O_WRONLY : O_RDONLY) != fd) return;
  }
}

int cli_out_check(void) {
  if (!out_closed) return 0;
  cli_say("imgrad: standard output is closed, and the results go there; use >/dev/null to throw them away");
  return ig_status_exit_code(IG_IO);
}

static void note_error(void) {
  if (!out_error) out_error = errno ? errno : EIO;
}

void cli_out(const char *format, ...) {
  va_list args;
  if (out_error) return;
  va_start(args, format);
  errno = 0;
  if (vprintf(format, args) < 0) note_error();
  va_end(args);
}

void cli_out_bytes(const char *text, size_t size) {
  if (out_error) return;
  errno = 0;
  if (fwrite(text, 1, size, stdout) != size) note_error();
}

void cli_out_flush(void) {
  if (out_error) return;
  errno = 0;
  if (fflush(stdout) != 0) note_error();
}

int cli_out_end(int code) {
  cli_out_flush();
  if (!out_error) {
    /* A network file system may report the lost write only here. */
    errno = 0;
    if (close(STDOUT_FILENO) != 0 && errno != EINTR) note_error();
  }
  if (!out_error || code != 0) return code;
  if (out_error == EPIPE) return ig_status_exit_code(IG_PIPE);
  cli_say("imgrad: writing the results to standard output: %s", strerror(out_error));
  return ig_status_exit_code(IG_IO);
}

void cli_say_bytes(const char *text, size_t size) {
  while (size > 0 && !talk_gone) {
    ssize_t n = write(STDERR_FILENO, text, size);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) {
      talk_gone = n < 0 && errno == EPIPE;
      return;
    }
    text += n;
    size -= (size_t)n;
  }
}

void cli_say_before(void (*clear)(void *user), void *user) {
  before = clear;
  before_user = user;
}

void cli_say(const char *format, ...) {
  char line[2048];
  va_list args;
  if (before) before(before_user);
  va_start(args, format);
  int n = vsnprintf(line, sizeof line - 1, format, args);
  va_end(args);
  if (n < 0) return;
  size_t size = (size_t)n < sizeof line - 1 ? (size_t)n : sizeof line - 2;
  line[size++] = '\n';
  cli_say_bytes(line, size);
}

int cli_fail(ig_status status) {
  const char *words = ig_last_error();
  cli_say("imgrad: %s", *words ? words : ig_status_text(status));
  return ig_status_exit_code(status);
}

bool cli_reader_gone(void) { return talk_gone || out_error == EPIPE; }

void cli_log(void *user, ig_log_level level, const char *text) {
  (void)user;
  cli_say("%s%s", level == IG_LOG_WARNING ? "warning: " : "", text);
}

ig_status cli_context(int threads, ig_context **out) {
  ig_context_options options = ig_context_options_default();
  options.threads = threads;
  options.log = cli_log;
  return ig_context_new(out, &options);
}
