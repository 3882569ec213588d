/* Every allocation and every file operation of training and measuring fails once: no crash, no leak, the documented status,
 * and what was on the disk before is still good. */
#include "runs.h"

#ifdef IG__FAULTS
#define MOST 20000

/* One thing that a fault is tried on: a new run, a run taken up again, or measuring one. */
typedef struct victim {
  ig_context *context;
  const char *model;
  const char *folder;        /* where it happens */
  const snapshot *before;    /* what lies there before; NULL: nothing */
  uint64_t hash;             /* of the weights at the end of an undisturbed run */
  bool eval;
  uint64_t seen[64];         /* what was found on the disk after faults so far */
  int seen_count;
} victim;

static ig_status attempt(const victim *v, bool faults, const char *spec, uint64_t *calls) {
  ig_status status;
  char name[16] = "";
  ig_train_options o = ig_train_options_default();
  ig_eval_options e = ig_eval_options_default();
  ig_train_result result;
  ig_eval_result measured;
  snprintf(name, sizeof name, "%.*s", (int)strcspn(spec, "@"), spec);
  CHECK_OK(ig_option_set(IG_VERB_EVAL, &e, "run", v->folder));
  if (v->before) {
    CHECK_OK(ig_option_set(IG_VERB_TRAIN, &o, "resume", v->folder));
  } else {
    CHECK_OK(ig_option_set(IG_VERB_TRAIN, &o, "data", "digits train=64 test=16"));
    CHECK_OK(ig_option_set(IG_VERB_TRAIN, &o, "model", v->model));
    CHECK_OK(ig_option_set(IG_VERB_TRAIN, &o, "out", v->folder));
  }
  CHECK_OK(ig_option_set(IG_VERB_TRAIN, &o, "epochs", "2"));
  CHECK_OK(ig_option_set(IG_VERB_TRAIN, &o, "report", "no")); /* test_report.c has its faults */
  ig__fault_set(faults ? spec : "thread@1+");
  if (v->eval) {
    status = ig_eval(v->context, &e, &measured);
    if (status == IG_OK || status == IG_BAD_DATA) ig_eval_result_free(&measured);
  } else {
    status = ig_train(v->context, &o, NULL, &result);
  }
  *calls = ig__fault_calls(name);
  ig__fault_set(NULL);
  return status;
}

/* The folder as it was, or empty. */
static void lay_out(const victim *v) {
  if (v->before) snapshot_put(v->before, v->folder);
  else remove_run(v->folder);
}

/* Of all that a run leaves, times apart. 0 without a checkpoint. */
static uint64_t hash_of_disk(const victim *v) {
  char path[1100];
  bool model;
  check_loads(v->folder, &model);
  snprintf(path, sizeof path, "%s/checkpoint", v->folder);
  if (!ig__file_exists(path)) return 0;
  ig__run_state state = state_of(v->folder);
  ig_train_options o = ig_train_options_default();
  snprintf(path, sizeof path, "%s/config.yaml", v->folder);
  CHECK_OK(ig_options_load(IG_VERB_TRAIN, &o, path));
  uint64_t what[] = {hash_of_run(v->folder), (uint64_t)state.step, (uint64_t)state.position, (uint64_t)state.epoch, model,
                     model ? hash_of_model(v->folder) : 0, ig__hash(o.epochs, strlen(o.epochs), 0)};
  ig__run_state_free(&state);
  return ig__hash(what, sizeof what, 1);
}

/* What is on the disk after a fault must load, and going on from it must end with the weights of an undisturbed run. The
 * same state is gone on from once: there are few of them, and many faults. */
static void check_disk(victim *v, const char *spec) {
  bool model;
  uint64_t calls, hash = hash_of_disk(v);
  check_loads(v->folder, &model);
  if (v->before && !(hash && model)) test_fail(__FILE__, __LINE__, "%s: checkpoint or model are gone", spec);
  for (int i = 0; i < v->seen_count; i++)
    if (v->seen[i] == hash) return;
  CHECK(v->seen_count < (int)(sizeof v->seen / sizeof v->seen[0]));
  v->seen[v->seen_count++] = hash;
  if (!hash) return;
  victim again = *v;
  snapshot here;
  snapshot_take(&here, v->folder);
  again.before = &here;
  again.eval = false;
  CHECK_OK(attempt(&again, false, spec, &calls));
  snapshot_free(&here);
  if (hash_of_run(v->folder) != v->hash) test_fail(__FILE__, __LINE__, "%s: resuming ends with other weights", spec);
}

/* Fails call N of a kind, N = 1, 2, … until a run makes fewer calls. */
static void fail_each(victim *v, const char *kind, const char *how, ig_status documented) {
  uint64_t calls = MOST;
  int n = 1;
  for (; n < MOST; n++) {
    char spec[64];
    /* Without loader threads a run on a busy machine waits for nobody; what they do has its own tests. */
    snprintf(spec, sizeof spec, "%s@%d%s%s%s", kind, n, *how ? "=" : "", how, strcmp(kind, "thread") ? ",thread@1+" : "");
    lay_out(v);
    int64_t outstanding = ig__alloc_outstanding();
    ig_status status = attempt(v, true, spec, &calls);
    if (status != documented && status != IG_OK)
      test_fail(__FILE__, __LINE__, "%s: %s: %s", spec, ig_status_name(status), ig_last_error());
    if (ig__alloc_outstanding() != outstanding)
      test_fail(__FILE__, __LINE__, "%s (%s) leaves %lld", spec, ig_status_name(status),
                (long long)(ig__alloc_outstanding() - outstanding));
    if (calls < (uint64_t)n) {
      CHECK_INT(status, IG_OK);
      break;
    }
    if (!*ig_last_error()) test_fail(__FILE__, __LINE__, "%s: nothing is said", spec);
    if (!v->eval) check_disk(v, spec);
  }
  CHECK(n > 1 && n < MOST);
}

static victim prepare(const char *model, snapshot *before) {
  victim v = {.context = threads(1), .model = model, .folder = in_folder("run")};
  uint64_t calls;
  RUN(v.context, "data", "digits train=64 test=16", "model", model, "epochs", "1", "out", v.folder);
  snapshot_take(before, v.folder);
  v.before = before;
  CHECK_OK(attempt(&v, false, "malloc", &calls));
  v.hash = hash_of_run(v.folder);
  v.before = NULL;
  lay_out(&v);
  CHECK_OK(attempt(&v, false, "malloc", &calls));
  CHECK(hash_of_run(v.folder) == v.hash); /* one run of two epochs is two runs of one */
  return v;
}

static void finish(victim *v, snapshot *before) {
  snapshot_free(before);
  ig_context_free(v->context);
}

static void fail_allocations(const char *model) {
  snapshot before;
  victim v = prepare(model, &before);
  fail_each(&v, "malloc", "", IG_NO_MEMORY);
  v.before = &before;
  fail_each(&v, "malloc", "", IG_NO_MEMORY);
  v.eval = true;
  fail_each(&v, "malloc", "", IG_NO_MEMORY);
  finish(&v, &before);
}

TEST(allocations_softmax) { fail_allocations("softmax"); }
TEST(allocations_convolution) { fail_allocations(small_net()); }

static void fail_files(const char *model) {
  static const char *const ways[][2] = {{"open", "EIO"},   {"open", "EMFILE"}, {"read", "EIO"},   {"read", "short"},
                                        {"write", "ENOSPC"}, {"write", "EIO"},   {"write", "short"}, {"sync", "EIO"},
                                        {"rename", "EIO"}};
  snapshot before;
  victim v = prepare(model, &before);
  for (int taken_up = 0; taken_up < 2; taken_up++)
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
      v.before = taken_up ? &before : NULL;
      if (taken_up || strcmp(ways[i][0], "read") != 0) fail_each(&v, ways[i][0], ways[i][1], IG_IO);
    }
  v.eval = true;
  fail_each(&v, "open", "EIO", IG_IO);
  fail_each(&v, "read", "EIO", IG_IO);
  fail_each(&v, "read", "short", IG_IO);
  finish(&v, &before);
}

TEST(files_softmax) { fail_files("softmax"); }
TEST(files_convolution) { fail_files(small_net()); }

/* Fewer threads than asked are used, and nothing else changes. */
TEST(threads_refused) {
  snapshot before;
  victim v = prepare("softmax", &before);
  fail_each(&v, "thread", "", IG_OK);
  finish(&v, &before);
}

/* Everything from one call on fails, as on a full disk: the run ends with the status, and what was there stays. */
TEST(disk_full_from_some_moment_on) {
  snapshot before;
  victim v = prepare("softmax", &before);
  v.before = &before;
  for (int n = 1; n < 100; n++) {
    char spec[32];
    uint64_t calls;
    snprintf(spec, sizeof spec, "write@%d+=ENOSPC", n);
    lay_out(&v);
    ig_status status = attempt(&v, true, spec, &calls);
    if (calls < (uint64_t)n) break;
    CHECK_INT(status, IG_IO);
    CHECK_HAS(ig_last_error(), v.folder);
    check_disk(&v, spec);
  }
  finish(&v, &before);
}
#endif
