/* Words that nobody knows. */
#include "base/unknown.h"

#include "base/text.h"

#include <stdarg.h>

#define FEW 24        /* names that stand behind a suggestion, too: whoever errs by more than a letter looks for them */
#define WHAT 160
#define ROOM 16       /* for the end of a list that is cut */

static void list(char *out, size_t size, size_t used, const char *const *names, size_t count) {
  for (size_t i = 0; i < count; i++) {
    if (used + ROOM >= size) {
      ig__snprintf(out + used, size - used, ", …");
      return;
    }
    const size_t left = size - ROOM - used;
    const int length = ig__snprintf(out + used, left, "%s%s", i ? ", " : "", names[i]);
    if (length < 0 || (size_t)length >= left) {
      ig__snprintf(out + used, size - used, ", …"); /* in the place of the one that has no room */
      return;
    }
    used += (size_t)length;
  }
}

const char *ig__suggestion(char out[IG__SUGGESTION_SIZE], const char *word, const char *const *names, size_t count) {
  const char *nearest = ig__nearest(word, names, count);
  size_t used = 0;
  out[0] = 0;
  if (nearest) used = (size_t)ig__snprintf(out, IG__SUGGESTION_SIZE, "; did you mean %.80s?%s", nearest, count > FEW || count < 2 ? "" : " Known: ");
  else if (count) used = (size_t)ig__snprintf(out, IG__SUGGESTION_SIZE, "; known: ");
  if (count && (!nearest || (count <= FEW && count > 1))) list(out, IG__SUGGESTION_SIZE, used, names, count);
  return out;
}

ig_status ig__unknown(ig_status status, const char *word, const char *const *names, size_t count, const char *what, ...) {
  char place[WHAT], suggestion[IG__SUGGESTION_SIZE];
  va_list args;
  va_start(args, what);
  ig__vformat(place, sizeof place, what, args);
  va_end(args);
  return ig__fail(status, "%s '%.80s' is not known%s", place, word, ig__suggestion(suggestion, word, names, count));
}
