/* --tensorboard DIR: event files in the subfolders that Keras makes, train and validation, so that their curves lie over each other, by
 * the epoch; and steps, whose points stand at updates. They have to be apart: what a resumed run takes back, it takes back from a step
 * on for all curves of a subfolder.
 *
 * A run that goes on writes its epochs anew, from the history in its checkpoint, as results.csv is: a START event voids what stood
 * there. So nothing is double and nothing is missing, wherever it was killed, also when it had no event files before. */
#include "train/board.h"

#include "base/text.h"
#include "report/events.h"

#include <math.h>
#include <stddef.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define POINTS 100     /* of the loss by step, about so many an epoch: textbook has 1875 steps in one of MNIST, and nobody sees them all */
#define WRITE_EVERY 1. /* seconds; and before each checkpoint */

enum { TRAIN, VALIDATION, STEPS, CURVES };
static const char *const folder_name[CURVES] = {"train", "validation", "steps"};

struct ig__board {
  char *file[CURVES];
  ig__buffer out[CURVES]; /* not yet in the file */
  double began;           /* the time of day when the run would have begun, had it gone on without a stop */
  double written;         /* when the files were written to last */
  int64_t every;          /* steps from one point to the next */
};

typedef struct curve { const char *tag; size_t offset; bool only_descents; } curve;
#define OF(member) offsetof(ig_epoch, member)
/* The first three have the names that Keras gives them. */
static const curve of_train[] = {
  {"epoch_loss", OF(train.loss), false},
  {"epoch_accuracy", OF(train.accuracy), false},
  {"epoch_learning_rate", OF(lr), false},
  {"epoch_penalty", OF(train.penalty), false},
  {"epoch_lambda", OF(lambda), false},
  {"epoch_weight_norm", OF(weight_norm), false},
  {"epoch_seconds", OF(time), false},
  {"epoch_images_per_second", OF(images_per_second), false},
  {"epoch_gradient", OF(gradient), true},
  {NULL, 0, false},
};
static const curve of_validation[] = {
  {"epoch_loss", OF(val.loss), false},
  {"epoch_accuracy", OF(val.accuracy), false},
  {NULL, 0, false},
};

static bool is_events(const char *name) { return strncmp(name, "events.out.tfevents.", 20) == 0; }

/* Refuses a folder with the curves of another run; *last: the second by which the newest file there is named, or 0. A file's end says
 * which run it is of: all that the results depend on. */
static ig_status look(const ig__trainer *t, const char *folder, int64_t *last) {
  char mine[32];
  ig__names names = {0};
  *last = 0;
  if (!ig__is_folder(folder)) return IG_OK;
  IG__TRY(ig__folder_list(folder, &names));
  const size_t end = (size_t)ig__snprintf(mine, sizeof mine, ".%016llx", (unsigned long long)t->fingerprint);
  ig_status status = IG_OK;
  for (size_t i = 0; i < names.count && status == IG_OK; i++) {
    const char *name = names.name[i];
    const size_t length = strlen(name);
    if (!is_events(name)) continue;
    if (!*t->options->resume || length < end || strcmp(name + length - end, mine) != 0)
      status = ig__fail(IG_USAGE, "--tensorboard %s: %s has the curves of another run already, and they would lie in one; name a folder that is new",
                        t->options->tensorboard, folder);
    int64_t second = 0;
    for (const char *c = name + 20; *c >= '0' && *c <= '9' && second < (int64_t)1 << 50; c++) second = 10 * second + (*c - '0');
    if (second > *last) *last = second;
  }
  ig__names_free(&names);
  return status;
}

/* TensorBoard reads the files of a folder in the order of their names, so a run that goes on must not be named before itself. */
static char *name_file(const ig__trainer *t, const char *folder, int64_t last) {
  char host[64] = "";
  int64_t now = (int64_t)time(NULL);
  if (gethostname(host, sizeof host - 1) != 0 || !*host || strchr(host, '/')) ig__snprintf(host, sizeof host, "localhost");
  return ig__format("%s/events.out.tfevents.%010lld.%s.%lld.imgrad.%016llx", folder, (long long)(now > last ? now : last + 1), host,
                    (long long)getpid(), (unsigned long long)t->fingerprint);
}

ig_status ig__board_open(ig__trainer *t) {
  const char *at = t->options->tensorboard;
  if (!*at) return IG_OK;
  if (!ig__events_library())
    return ig__fail(IG_USAGE, "--tensorboard: this imgrad was built without protobuf-c, which writes event files; build it where "
                              "libprotobuf-c-dev and protobuf-c-compiler are installed (see 'imgrad info')");
  if (ig__file_exists(at) && !ig__is_folder(at)) return ig__fail(IG_USAGE, "--tensorboard %s: is no folder; name one, it is made", at);
  t->board = ig__alloc(1, sizeof *t->board);
  if (!t->board) return IG_NO_MEMORY;
  t->board->every = (t->steps_per_epoch + POINTS - 1) / POINTS;
  for (int i = 0; i < CURVES; i++) {
    int64_t last = 0;
    char *folder = ig__format("%s/%s", at, folder_name[i]);
    ig_status status = folder ? look(t, folder, &last) : IG_NO_MEMORY;
    if (status == IG_OK && !(t->board->file[i] = name_file(t, folder, last))) status = IG_NO_MEMORY;
    ig__free(folder);
    IG__TRY(status);
  }
  return IG_OK;
}

static ig_status write_out(ig__board *board) {
  for (int i = 0; i < CURVES; i++) {
    ig__buffer *out = &board->out[i];
    if (out->failed) return IG_NO_MEMORY;
    if (out->size) IG__TRY(ig__file_append(board->file[i], out->data, out->size));
    out->size = 0;
  }
  board->written = ig__now();
  return IG_OK;
}

ig_status ig__board_write(const ig__trainer *t) { return write_out(t->board); }

static ig_status write_when_due(ig__board *board) { return ig__now() - board->written >= WRITE_EVERY ? write_out(board) : IG_OK; }

static void add_row(const ig__trainer *t, int which, const curve *c, const ig_epoch *row) {
  ig__event_scalar scalar[IG__EVENT_SCALARS];
  int count = 0;
  for (; c->tag; c++) {
    double value = *(const double *)(const void *)((const char *)row + c->offset);
    if (!isnan(value) && (!c->only_descents || t->descent)) scalar[count++] = (ig__event_scalar){c->tag, value};
  }
  if (count) ig__events_scalars(&t->board->out[which], t->board->began + row->time, row->epoch, scalar, count);
}

static void add_epoch(const ig__trainer *t, const ig_epoch *row) {
  add_row(t, TRAIN, of_train, row);
  if (row->val.n) add_row(t, VALIDATION, of_validation, row);
}

ig_status ig__board_begin(const ig__trainer *t) {
  ig__board *board = t->board;
  struct timespec now;
  if (!board) return IG_OK;
  clock_gettime(CLOCK_REALTIME, &now);
  const double today = (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
  board->began = today - t->state.seconds;
  const bool used[CURVES] = {true, t->samples.count[IG__VAL] > 0, !t->descent};
  for (int i = 0; i < CURVES; i++) {
    if (!used[i]) continue;
    char *folder = ig__format("%s/%s", t->options->tensorboard, folder_name[i]);
    ig_status status = folder ? ig__make_folder(folder) : IG_NO_MEMORY;
    ig__free(folder);
    IG__TRY(status);
    ig__events_version(&board->out[i], today);
    ig__events_start(&board->out[i], today, i == STEPS ? t->state.step + 1 : 0);
  }
  for (size_t i = 0; i < t->state.history_count; i++) add_epoch(t, &t->state.history[i]);
  return write_out(board);
}

ig_status ig__board_epoch(const ig__trainer *t, const ig_epoch *row) {
  add_epoch(t, row);
  return write_when_due(t->board);
}

ig_status ig__board_step(const ig__trainer *t) {
  if (t->state.step % t->board->every) return IG_OK;
  const ig__event_scalar scalar[] = {{"batch_loss", t->loss}, {"batch_learning_rate", t->lr}};
  ig__events_scalars(&t->board->out[STEPS], t->board->began + t->state.seconds + ig__now() - t->started, t->state.step, scalar, 2);
  return write_when_due(t->board);
}

void ig__board_free(ig__board *board) {
  for (int i = 0; board && i < CURVES; i++) {
    ig__free(board->file[i]);
    ig__buffer_free(&board->out[i]);
  }
  ig__free(board);
}
