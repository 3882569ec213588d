#ifndef IG__LIVE_FEED_H
#define IG__LIVE_FEED_H
/* What a run folder says, as server-sent events: the rows of results.csv, the lines of log.txt, whether the run goes on. All readers of a
 * page read the one text, each from its own place, so a slow one costs nothing. */

#include "base/file.h"

typedef struct ig__feed {
  char *folder;              /* borrowed */
  ig__buffer text;           /* events since the beginning */
  uint64_t generation;       /* another one: the text began anew, as when a run was taken back to its checkpoint */
  ig__buffer rows;           /* results.csv as it was seen last */
  uint64_t log_size;         /* of log.txt then */
  size_t log_seen;           /* bytes of it that are in the text */
  uint64_t said[2];          /* sizes of results.csv and log.txt of which it was said that they cannot be read */
  const char *state;         /* "running", "ended", "failed" */
} ig__feed;

void ig__feed_begin(ig__feed *feed, char *folder);
/* Looks at the folder, and appends what is new. Files that are not there are not there yet; those that cannot be read are said in the text. */
void ig__feed_look(ig__feed *feed);
/* An event of one line, appended; whatever could end a line in `data` is replaced. */
void ig__feed_say(ig__buffer *out, const char *event, const char *data, size_t size);
void ig__feed_free(ig__feed *feed);

#endif
