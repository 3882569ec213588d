#ifndef IG__LIVE_H
#define IG__LIVE_H
/* A live page of a run: a server on 127.0.0.1 with one thread of its own, which follows the files of the run's folder and shows them to
 * up to 64 readers. Whoever trains is never waited for and never waits. */

#include "base/status.h"

#include <stdbool.h>
#include <stdint.h>

#define IG__LIVE_READERS 64

typedef struct ig__live ig__live;

/* Where a run that is being trained in this process stands within its epoch. NaN: not known. */
typedef struct ig__live_progress {
  int epoch, epochs;
  int64_t step, steps;
  double loss, accuracy, lr, images_per_second, seconds_left;
} ig__live_progress;

/* Takes the port (0: any free one); nothing is served before ig__live_start. `what` needs it ("--watch"): it begins messages. IG_USAGE: a
 * build without the module, or a port that is taken. Owner: caller. */
ig_status ig__live_open(const char *what, int port, ig__live **out);
const char *ig__live_url(const ig__live *live);
ig_status ig__live_start(ig__live *live, const char *folder);
/* From the thread that trains. Tries a lock, and is passed over when the server just looks at the last one. */
void ig__live_tell(ig__live *live, const ig__live_progress *progress);
/* Shows what is there last, and ends: in half a second at most, whatever readers do. NULL is allowed. */
void ig__live_close(ig__live *live);
/* The library behind the server, with its version; NULL: not there. */
const char *ig__live_library(void);

#endif
