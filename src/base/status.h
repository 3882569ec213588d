#ifndef IG__BASE_STATUS_H
#define IG__BASE_STATUS_H
/* Failing with words. The message lives in a fixed thread-local buffer: reporting out-of-memory must not allocate. */

#include "imgrad/status.h"

#include <stddef.h>

#define IG__MESSAGE_SIZE 1024

/* The format attribute of a printf-like function, and branches that are almost never taken. */
#define IG__PRINTF(fmt, first) __attribute__((format(printf, fmt, first)))
#define IG__UNLIKELY(x) __builtin_expect(!!(x), 0)

/* Return from the calling function when a step fails. */
#define IG__TRY(expr)                            \
  do {                                           \
    ig_status ig__try_status = (expr);           \
    if (IG__UNLIKELY(ig__try_status != IG_OK))   \
      return ig__try_status;                     \
  } while (0)

/* Sets the message and returns `status`, so that a failure is one line: return ig__fail(IG_IO, "%s: ...", path). Bytes
 * that are no UTF-8 and control characters become '?' (names of files are arbitrary bytes); the decimal point is '.'. */
ig_status ig__fail(ig_status status, const char *format, ...) IG__PRINTF(2, 3);

/* Puts a place before the present message and returns `status`; does nothing for IG_OK. The ": " between place and
 * message is added when the place does not end with a blank: ig__fail_at(s, "%s:%d", path, line). */
ig_status ig__fail_at(ig_status status, const char *format, ...) IG__PRINTF(2, 3);

/* Carries a message from one thread to another: take copies the calling thread's message, give sets it. */
void ig__message_take(char out[IG__MESSAGE_SIZE]);
void ig__message_give(const char *message);

#endif
