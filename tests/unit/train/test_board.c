/* --tensorboard: what the files say is what the run's history says, also of a run that was stopped anywhere and went on. */
#include "runs.h"

#include "train/board.h"

#define RUN_A "data", "digits train=200 test=20", "model", "softmax", "batch", "10", "seed", "3"

#ifdef IG__PROTOBUF_C
#include "event_reader.h"

#define MOST 512
typedef struct curves { int count; struct { char tag[32]; int64_t step; double value; } point[MOST]; } curves;

static void read_file(const char *path, curves *c) {
  uint8_t *data;
  size_t size, at = 0;
  CHECK_OK(ig__file_read(path, SIZE_MAX, &data, &size));
  Ig__Event *event = event_next(data, size, &at);
  CHECK(event && event->what_case == IG__EVENT__WHAT_FILE_VERSION);
  do {
    if (event->what_case == IG__EVENT__WHAT_SESSION_LOG) { /* TensorBoard's rule: what is of this step and later is void */
      int kept = 0;
      for (int i = 0; i < c->count; i++)
        if (c->point[i].step < event->step) c->point[kept++] = c->point[i];
      c->count = kept;
    }
    for (size_t i = 0; event->what_case == IG__EVENT__WHAT_SUMMARY && i < event->summary->n_value; i++) {
      CHECK(c->count < MOST);
      snprintf(c->point[c->count].tag, sizeof c->point[0].tag, "%s", event->summary->value[i]->tag);
      c->point[c->count].step = event->step;
      c->point[c->count++].value = (double)event->summary->value[i]->simple_value;
    }
    ig__event__free_unpacked(event, NULL);
  } while ((event = event_next(data, size, &at)));
  ig__free(data);
}

/* What TensorBoard sees of a subfolder: its files in the order of their names. */
static curves curves_of(const char *folder, const char *subfolder) {
  curves c = {0};
  char path[2048];
  ig__names names;
  snprintf(path, sizeof path, "%s/%s", folder, subfolder);
  CHECK_OK(ig__folder_list(path, &names));
  CHECK(names.count > 0);
  for (size_t i = 0; i < names.count; i++) {
    snprintf(path, sizeof path, "%s/%s/%s", folder, subfolder, names.name[i]);
    read_file(path, &c);
  }
  ig__names_free(&names);
  return c;
}

/* The one value of a curve at a step; the test ends when there is none, or more than one. */
static double value_at(const curves *c, const char *tag, int64_t step) {
  int found = -1;
  for (int i = 0; i < c->count; i++)
    if (!strcmp(c->point[i].tag, tag) && c->point[i].step == step) {
      if (found >= 0) test_fail(__FILE__, __LINE__, "%s is there twice at %lld", tag, (long long)step);
      found = i;
    }
  if (found < 0) test_fail(__FILE__, __LINE__, "%s is not there at %lld", tag, (long long)step);
  return c->point[found].value;
}

static int points_of(const curves *c, const char *tag) {
  int count = 0;
  for (int i = 0; i < c->count; i++) count += !strcmp(c->point[i].tag, tag);
  return count;
}

static void check_history(const char *run, const char *board, int epochs) {
  ig__run_state s = state_of(run);
  curves train = curves_of(board, "train"), validation = curves_of(board, "validation");
  CHECK_INT(s.history_count, epochs);
  CHECK_INT(points_of(&train, "epoch_loss"), epochs);
  CHECK_INT(points_of(&validation, "epoch_loss"), epochs);
  for (int i = 0; i < epochs; i++) {
    const ig_epoch *e = &s.history[i];
    CHECK_INT((int64_t)(value_at(&train, "epoch_loss", e->epoch) == (double)(float)e->train.loss), 1);
    CHECK(value_at(&train, "epoch_accuracy", e->epoch) == (double)(float)e->train.accuracy);
    CHECK(value_at(&train, "epoch_penalty", e->epoch) == (double)(float)e->train.penalty);
    CHECK(value_at(&train, "epoch_learning_rate", e->epoch) == (double)(float)e->lr);
    CHECK(value_at(&train, "epoch_lambda", e->epoch) == (double)(float)e->lambda);
    CHECK(value_at(&train, "epoch_seconds", e->epoch) == (double)(float)e->time);
    CHECK(value_at(&validation, "epoch_loss", e->epoch) == (double)(float)e->val.loss);
    CHECK(value_at(&validation, "epoch_accuracy", e->epoch) == (double)(float)e->val.accuracy);
  }
  ig__run_state_free(&s);
}

/* Every point of the loss by step, in order, as in the other run. */
static void check_steps(const char *board, const char *whole, int steps) {
  curves have = curves_of(board, "steps"), want = curves_of(whole, "steps");
  CHECK_INT(points_of(&want, "batch_loss"), steps);
  CHECK_INT(have.count, want.count);
  for (int i = 0; i < want.count; i++) {
    CHECK_STR(have.point[i].tag, want.point[i].tag);
    CHECK_INT(have.point[i].step, want.point[i].step);
    CHECK(have.point[i].value == want.point[i].value);
  }
}

TEST(files_say_what_the_history_says) {
  ig_context *context = threads(2);
  const char *run = in_folder("run"), *board = in_folder("board");
  RUN(context, RUN_A, "epochs", "3", "l2", "1e-3", "out", run, "tensorboard", board);
  check_history(run, board, 3);
  curves steps = curves_of(board, "steps");
  CHECK_INT(points_of(&steps, "batch_loss"), 3 * 18); /* 180 pictures */
  ig_context_free(context);
}

/* Stopped at every eleventh step and once killed in between: files written after the last checkpoint are there, the run is not. */
TEST(stopped_killed_and_gone_on_with) {
  ig_context *context = threads(2);
  ig_train_result r;
  snapshot before;
  const char *whole = in_folder("whole"), *whole_board = in_folder("whole_board"), *run = in_folder("run"), *board = in_folder("board");
  RUN(context, RUN_A, "epochs", "4", "out", whole, "tensorboard", whole_board);
  stopper stop = {.left = 11};
  ig_train_events events = {.stop = stop_after, .user = &stop};
  CHECK_STATUS(TRAIN(context, &r, &events, RUN_A, "epochs", "4", "out", run, "tensorboard", board), IG_INTERRUPTED);
  snapshot_take(&before, run);
  for (ig_status status = IG_INTERRUPTED; status != IG_OK;) {
    stop.left = 11;
    status = TRAIN(context, &r, &events, "resume", run);
    if (status != IG_OK) CHECK_STATUS(status, IG_INTERRUPTED);
    if (before.bytes[0] && r.epochs == 2) { /* back to the first stop, as if nothing since had been saved */
      snapshot_put(&before, run);
      snapshot_free(&before);
      before = (snapshot){0};
    }
  }
  CHECK(!before.bytes[0]);
  check_history(run, board, 4);
  check_steps(board, whole_board, 4 * 18);
  ig_context_free(context);
}

/* A run that had no event files gets its whole curves when it goes on with some. */
TEST(begun_later) {
  ig_context *context = threads(2);
  const char *run = in_folder("run"), *board = in_folder("board");
  RUN(context, RUN_A, "epochs", "2", "out", run);
  RUN(context, "resume", run, "epochs", "+1", "tensorboard", board);
  check_history(run, board, 3);
  curves steps = curves_of(board, "steps");
  CHECK_INT(points_of(&steps, "batch_loss"), 18);
  ig_context_free(context);
}

TEST(curves_of_another_run_are_left_alone) {
  ig_context *context = threads(2);
  ig_train_result r;
  const char *a = in_folder("a"), *b = in_folder("b"), *board = in_folder("board");
  RUN(context, RUN_A, "epochs", "1", "out", a, "tensorboard", board);
  CHECK_STATUS(TRAIN(context, &r, NULL, RUN_A, "epochs", "1", "out", b, "tensorboard", board), IG_USAGE);
  CHECK_HAS(ig_last_error(), "another run");
  CHECK(!ig__file_exists(b));
  RUN(context, RUN_A, "seed", "4", "epochs", "1", "out", b);
  CHECK_STATUS(TRAIN(context, &r, NULL, "resume", b, "epochs", "+1", "tensorboard", board), IG_USAGE);
  check_history(a, board, 1);
  ig_context_free(context);
}

/* One row a step of a descent, and no curve by batches. */
TEST(curves_of_a_descent) {
  ig_context *context = threads(2);
  const char *run = in_folder("run"), *board = in_folder("board");
  RUN(context, "data", "digits train=200 test=20", "model", "softmax", "optimizer", "lbfgs", "epochs", "5", "precision", "f64", "out", run,
      "tensorboard", board);
  check_history(run, board, 5);
  ig__run_state s = state_of(run);
  curves train = curves_of(board, "train");
  CHECK(value_at(&train, "epoch_gradient", 5) == (double)(float)s.history[4].gradient);
  CHECK(!ig__folder_has(board, "steps"));
  ig__run_state_free(&s);
  ig_context_free(context);
}

#ifdef IG__FAULTS
/* A disk that takes nothing more is said; what is there can be gone on with, and its curves are whole afterwards. */
TEST(a_full_disk) {
  ig_context *context = threads(1);
  ig_train_result r;
  int failed = 0;
  for (int n = 1; n < 60; n += 4) {
    char fault[32];
    const char *run = in_folder("run"), *board = in_folder("board");
    remove_run(run);
    for (int i = 0; i < 3; i++) {
      char path[2048];
      snprintf(path, sizeof path, "%s/%s", board, (const char *[]){"train", "validation", "steps"}[i]);
      remove_run(path);
    }
    snprintf(fault, sizeof fault, "write@%d=ENOSPC", n);
    ig__fault_set(fault);
    ig_status status = TRAIN(context, &r, NULL, RUN_A, "epochs", "2", "report", "no", "out", run, "tensorboard", board);
    ig__fault_set(NULL);
    if (status == IG_OK) break;
    CHECK_STATUS(status, IG_IO);
    failed++;
    if (!ig__folder_has(run, "config.yaml")) continue;
    RUN(context, "resume", run, "report", "no");
    check_history(run, board, 2);
  }
  CHECK(failed >= 5);
  ig_context_free(context);
}
#endif

#else

TEST(refused_by_name) {
  ig_context *context = threads(1);
  ig_train_result r;
  CHECK_STATUS(TRAIN(context, &r, NULL, RUN_A, "out", in_folder("run"), "tensorboard", in_folder("board")), IG_USAGE);
  CHECK_HAS(ig_last_error(), "libprotobuf-c-dev");
  CHECK(!ig__file_exists(in_folder("run")));
  ig_context_free(context);
}

#endif
