/* Runs side by side. Threads take the runs in their order; the thread that called waits, tells what happens, and asks whether to stop. */
#include "sweep/runner.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <time.h>

#define LOOK_SECONDS 0.05  /* between two questions whether to stop */

ig_status ig__sweep_new(const ig__sweep_options *options, ig__sweep **out) {
  *out = NULL;
  IG__TRY(ig__make_folder(options->folder));
  ig__sweep *s = ig__alloc(1, sizeof *s);
  if (!s) return IG_NO_MEMORY;
  s->options = *options;
  ig_status status = ig__shared_new(&s->shared);
  if (status != IG_OK) {
    ig__free(s);
    return status;
  }
  atomic_init(&s->stopping, false);
  /* With these attributes neither can fail on Linux. The monotonic clock: waiting must not end when somebody sets the time. */
  pthread_condattr_t clock;
  pthread_condattr_init(&clock);
  pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
  pthread_mutex_init(&s->lock, NULL);
  pthread_cond_init(&s->changed, &clock);
  pthread_condattr_destroy(&clock);
  *out = s;
  return IG_OK;
}

void ig__sweep_free(ig__sweep *s) {
  if (!s) return;
  for (size_t i = 0; i < s->warnings; i++) ig__free(s->warning[i]);
  ig__free(s->warning);
  ig__shared_free(s->shared);
  pthread_cond_destroy(&s->changed);
  pthread_mutex_destroy(&s->lock);
  ig__free(s);
}

bool ig__sweep_is_over(const ig__sweep *s) { return s->over; }
void ig__sweep_set_deadline(ig__sweep *s, double deadline) {
  s->options.deadline = deadline;
  s->over = false;
}
int ig__sweep_threads(const ig__sweep *s) { return ig__pool_threads(s->options.context->pool); }
bool ig__sweep_is_stopping(ig__sweep *s) { return atomic_load_explicit(&s->stopping, memory_order_relaxed); }

/* A broken picture is broken in every run; it is said once. Without memory for it, it stands in the run's log.txt alone. */
void ig__sweep_warn(ig__sweep *s, const char *text) {
  char before[IG__MESSAGE_SIZE];
  ig__message_take(before);
  pthread_mutex_lock(&s->lock);
  bool known = false;
  for (size_t i = 0; i < s->warnings && !known; i++) known = !strcmp(s->warning[i], text);
  char *copy = known ? NULL : ig__strdup(text);
  if (copy && ig__grow((void **)&s->warning, s->warnings, &s->warning_capacity, sizeof *s->warning) == IG_OK) s->warning[s->warnings++] = copy;
  else ig__free(copy);
  pthread_mutex_unlock(&s->lock);
  ig__message_give(before);
}

/* ---- on the threads that work ---------------------------------------------------------------------------------------------------- */

/* Lock held. The next run whose turn it is; −1: none. *more: there may be one once others are over. */
static int next_run(const ig__sweep *s, bool *more) {
  *more = false;
  for (int i = 0; i < s->count; i++) {
    if (s->turn[i] != IG__TURN_WAITS) continue;
    if (s->run[i].after < 0 || s->turn[s->run[i].after] == IG__TURN_OVER) return i;
    *more = true;
  }
  return -1;
}

/* Lock held. */
static int threads_for_one(const ig__sweep *s) {
  int left = 0, threads = ig__sweep_threads(s);
  for (int i = 0; i < s->count; i++) left += s->turn[i] != IG__TURN_OVER;
  return left < threads ? threads / left : 1;
}

/* Lock held, let go while the run is done. */
static void do_run(ig__sweep *s, int i) {
  ig__sweep_run *run = &s->run[i];
  const int threads = threads_for_one(s);
  ig__sweep_result result = {.done = false};
  s->turn[i] = IG__TURN_RUNS;
  pthread_mutex_unlock(&s->lock);
  ig_status status = ig__sweep_one(s, run, run->after >= 0 ? &s->run[run->after] : NULL, threads, &result);
  pthread_mutex_lock(&s->lock);
  run->result = result;
  if (status == IG_OK) s->turn[i] = IG__TURN_OVER;
  /* Being interrupted is what was asked for when the sweep is stopping. */
  else if (!(status == IG_INTERRUPTED && ig__sweep_is_stopping(s)) && s->failed == IG_OK) {
    s->failed = status;
    s->of = i;
    ig__message_take(s->message);
  }
  if (status != IG_OK) atomic_store(&s->stopping, true);
  pthread_cond_broadcast(&s->changed);
}

static void *work(void *arg) {
  ig__sweep *s = arg;
  bool more = true;
  pthread_mutex_lock(&s->lock);
  while (more && !ig__sweep_is_stopping(s)) {
    int i = next_run(s, &more);
    if (i >= 0) {
      do_run(s, i);
      more = true;
    } else if (more) {
      pthread_cond_wait(&s->changed, &s->lock);
    }
  }
  s->working--;
  pthread_cond_broadcast(&s->changed);
  pthread_mutex_unlock(&s->lock);
  return NULL;
}

/* ---- on the thread that called --------------------------------------------------------------------------------------------------- */

/* Lock held, let go while the program is told. */
static void tell(ig__sweep *s) {
  const ig__sweep_events *e = s->options.events;
  for (int i = 0; i < s->count; i++) {
    if (s->turn[i] != IG__TURN_OVER || s->told[i]) continue;
    s->told[i] = true;
    s->tellings++;
    pthread_mutex_unlock(&s->lock);
    if (e && e->ended) e->ended(e->user, &s->run[i], s->tellings, s->count);
    pthread_mutex_lock(&s->lock);
  }
  while (s->said < s->warnings) {
    const char *text = s->warning[s->said++];
    pthread_mutex_unlock(&s->lock);
    ig__log(s->options.context, IG_LOG_WARNING, "%s", text);
    pthread_mutex_lock(&s->lock);
  }
}

/* Why the sweep should stop, or IG_OK; also when the deadline has passed. */
static ig_status asked(ig__sweep *s) {
  const ig__sweep_events *e = s->options.events;
  ig_status status = e && e->stop ? e->stop(e->user) : IG_OK;
  if (status == IG_OK) status = ig__cancel_check(s->options.context);
  if (status == IG_OK && s->options.deadline > 0 && ig__now() >= s->options.deadline) s->over = true;
  return status;
}

static void wait_a_little(ig__sweep *s) {
  struct timespec until;
  clock_gettime(CLOCK_MONOTONIC, &until);
  until.tv_nsec += (long)(LOOK_SECONDS * 1e9);
  if (until.tv_nsec >= 1000000000) {
    until.tv_sec++;
    until.tv_nsec -= 1000000000;
  }
  pthread_cond_timedwait(&s->changed, &s->lock, &until);
}

/* Lock held. Until all threads are back. */
static ig_status watch(ig__sweep *s) {
  ig_status stopped = IG_OK;
  while (s->working > 0) {
    tell(s);
    pthread_mutex_unlock(&s->lock);
    if (stopped == IG_OK) stopped = asked(s);
    if (stopped != IG_OK || s->over) atomic_store(&s->stopping, true);
    pthread_mutex_lock(&s->lock);
    if (ig__sweep_is_stopping(s)) pthread_cond_broadcast(&s->changed);
    if (s->working > 0) wait_a_little(s);
  }
  tell(s);
  return stopped;
}

/* Threads take no signals: those belong to the program around us. If the system grants fewer, fewer are used. */
static int start(ig__sweep *s, pthread_t *thread, int count) {
  sigset_t all, before;
  int started = 0;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  while (started < count && !ig__fault("thread") && pthread_create(&thread[started], NULL, work, s) == 0) started++;
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  return started;
}

static ig_status run_all(ig__sweep *s, int left) {
  int threads = ig__sweep_threads(s) < left ? ig__sweep_threads(s) : left;
  pthread_t *thread = ig__alloc((size_t)threads, sizeof *thread);
  if (!thread) return IG_NO_MEMORY;
  pthread_mutex_lock(&s->lock);
  int started = s->working = start(s, thread, threads); /* they wait for the lock */
  ig_status status = started > 0 ? watch(s) : ig__fail(IG_FAILED, "%s: the system grants no thread to run in", s->options.folder);
  pthread_mutex_unlock(&s->lock);
  for (int i = 0; i < started; i++) pthread_join(thread[i], NULL);
  ig__free(thread);
  if (status == IG_OK && s->failed != IG_OK) {
    ig__message_give(s->message);
    status = ig__fail_at(s->failed, "%s/%s", s->options.folder, s->run[s->of].name);
  }
  return status;
}

/* What was done before: a run that ended, or that stands where it is to pause. */
static ig_status take_results(ig__sweep *s, int *left) {
  ig_train_options *o = ig__alloc(1, sizeof *o);
  ig_status status = o ? IG_OK : IG_NO_MEMORY;
  *left = 0;
  for (int i = 0; i < s->count && status == IG_OK; i++) {
    ig__sweep_run *run = &s->run[i];
    char *folder = ig__format("%s/%s", s->options.folder, run->name);
    status = folder ? ig__sweep_compose(s, run, o) : IG_NO_MEMORY;
    if (status == IG_OK) status = ig__record_read(folder, ig__sweep_key(s, run, run->after >= 0 ? s->run[run->after].name : "", o), &run->result);
    const ig__sweep_result *r = &run->result;
    bool over = r->done && (r->ended || (run->epochs > 0 && r->epochs >= run->epochs));
    s->turn[i] = over ? IG__TURN_OVER : IG__TURN_WAITS;
    *left += !over;
    if (!over) run->result = (ig__sweep_result){.done = false};
    ig__free(folder);
  }
  ig__free(o);
  return status;
}

static ig_status check(const ig__sweep *s) {
  for (int i = 0; i < s->count; i++)
    if (s->run[i].after >= i) return ig__fail(IG_FAILED, "%s: waits for a run that does not come before it", s->run[i].name);
  return IG_OK;
}

ig_status ig__sweep_go(ig__sweep *s, ig__sweep_run *run, int count) {
  int left = 0;
  s->run = run;
  s->count = count;
  s->tellings = 0;
  s->failed = IG_OK;
  atomic_store(&s->stopping, s->over);
  s->turn = ig__alloc((size_t)count, sizeof *s->turn);
  s->told = ig__alloc((size_t)count, sizeof *s->told);
  ig_status status = s->turn && s->told ? check(s) : IG_NO_MEMORY;
  if (status == IG_OK) status = take_results(s, &left);
  if (status == IG_OK && left > 0) status = run_all(s, left);
  else if (status == IG_OK) {
    pthread_mutex_lock(&s->lock);
    tell(s);
    pthread_mutex_unlock(&s->lock);
  }
  ig__free(s->turn);
  ig__free(s->told);
  s->turn = NULL;
  s->told = NULL;
  return status;
}
