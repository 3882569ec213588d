#ifndef IG__UNKNOWN_H
#define IG__UNKNOWN_H
/* What is said of a word that nobody knows: the same everywhere. */

#include "base/status.h"

#include <stddef.h>

#define IG__SUGGESTION_SIZE 640

/* "; did you mean adam?", with all that there is behind it when that is not much; without a near one "; known: …". The names may be
 * cut with "…"; empty when there are none. */
const char *ig__suggestion(char out[IG__SUGGESTION_SIZE], const char *word, const char *const *names, size_t count);

/* Fails with "WHAT 'word' is not known; did you mean …"; `what` is formatted: "loss:", "the op". */
ig_status ig__unknown(ig_status status, const char *word, const char *const *names, size_t count, const char *what, ...) IG__PRINTF(5, 6);

#endif
