/* The thread pool.
 *
 * Tasks are handed out by one 64-bit counter, `ticket`: the job's number above, the next task below. Adding 1 to it takes a
 * task and tells in the same step of which job, so that a thread that comes late can neither take a task twice nor run a
 * job that is over, and a job need not wait until every thread has looked in: it is over when all its tasks are done. That
 * is what keeps small jobs cheap when there are more threads than CPUs. */
#include "base/pool.h"

#include "base/alloc.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <time.h>

#define SPIN_SECONDS 20e-6
#define THREADS_MAX 1024

typedef struct worker { struct ig__pool *pool; pthread_t thread; int index; } worker;

struct ig__pool {
  /* A cache line of its own: every thread writes here. */
  _Alignas(64) atomic_uint_fast64_t ticket;
  _Alignas(64) atomic_uint_fast64_t extent; /* the present job's number above, its number of tasks below */
  atomic_int done;                          /* tasks of the present job that are finished */
  atomic_int sleepers;                      /* workers that sleep and are not yet woken */
  atomic_bool caller_sleeps, stop;
  /* Written by the caller before the ticket is opened, read only by threads that hold a task of that job. */
  ig__task_fn fn;
  void *arg;
  bool flush_denormals;
  _Alignas(64) pthread_mutex_t mutex;
  pthread_cond_t work, finished;
  int wake_ups; /* given out by the caller, not yet taken by a worker; under the mutex */
  int threads, most_awake;
  bool spin;
  worker *workers; /* threads - 1 */
};

double ig__now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* The floating-point control word: what it was, and what makes denormals zero. Elsewhere both are 0 and nothing happens. */
#if defined(__x86_64__) || defined(__SSE__)
#define FLUSH_BITS 0x8040u /* FTZ and DAZ of MXCSR */
static uint64_t read_mode(void) { return __builtin_ia32_stmxcsr(); }
static void write_mode(uint64_t mode) { __builtin_ia32_ldmxcsr((unsigned)mode); }
#elif defined(__aarch64__)
#define FLUSH_BITS (1u << 24) /* FZ of FPCR */
static uint64_t read_mode(void) {
  uint64_t mode;
  __asm__ volatile("mrs %0, fpcr" : "=r"(mode));
  return mode;
}
static void write_mode(uint64_t mode) { __asm__ volatile("msr fpcr, %0" : : "r"(mode)); }
#else
#define FLUSH_BITS 0u
static uint64_t read_mode(void) { return 0; }
static void write_mode(uint64_t mode) { (void)mode; }
#endif

static void set_flush(bool flush) {
  uint64_t mode = read_mode(), wanted = flush ? mode | FLUSH_BITS : mode & ~(uint64_t)FLUSH_BITS;
  if (wanted != mode) write_mode(wanted);
}

static void pause_briefly(void) {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

/* True once `ready` says so; false after SPIN_SECONDS. */
static bool spin_until(ig__pool *pool, bool (*ready)(ig__pool *, uint32_t), uint32_t argument) {
  if (!pool->spin) return ready(pool, argument);
  double end = ig__now() + SPIN_SECONDS;
  do {
    for (int i = 0; i < 16; i++) {
      if (ready(pool, argument)) return true;
      pause_briefly();
    }
  } while (ig__now() < end);
  return false;
}

/* Takes tasks until none is left. Returns the number of the last job seen. */
static uint32_t work(ig__pool *pool, int thread) {
  for (int finished = 0;;) {
    uint64_t ticket = atomic_fetch_add_explicit(&pool->ticket, 1, memory_order_acq_rel);
    uint64_t extent = atomic_load_explicit(&pool->extent, memory_order_acquire);
    uint32_t tasks = (uint32_t)extent, task = (uint32_t)ticket;
    if (extent >> 32 == ticket >> 32 && task < tasks) {
      /* This task is ours, so its job cannot end and its fields cannot change until we count it as done. */
      if (thread) set_flush(pool->flush_denormals);
      pool->fn(pool->arg, (int)task, thread);
      finished++;
      continue;
    }
    if (finished == 0) return (uint32_t)(ticket >> 32);
    /* Sequentially consistent here and in wait_for_end: either we see that the caller sleeps, or it sees our count. */
    if (atomic_fetch_add(&pool->done, finished) + finished == (int)tasks && atomic_load(&pool->caller_sleeps)) {
      pthread_mutex_lock(&pool->mutex);
      pthread_cond_signal(&pool->finished);
      pthread_mutex_unlock(&pool->mutex);
    }
    return (uint32_t)(ticket >> 32);
  }
}

static bool has_work(ig__pool *pool, uint32_t seen) {
  return atomic_load(&pool->ticket) >> 32 != seen || atomic_load(&pool->stop);
}

static bool has_ended(ig__pool *pool, uint32_t tasks) { return atomic_load(&pool->done) == (int)tasks; }

/* Sleeps until the caller wakes this worker, unless there is work already. The caller hands out wake-ups one by one and
 * takes each from `sleepers` itself, so that it knows how many are awake. */
static void sleep_until_woken(ig__pool *pool, uint32_t seen) {
  pthread_mutex_lock(&pool->mutex);
  /* Counted first, asked second, both sequentially consistent; the caller opens the job first and looks at the count
   * second. One of the two sees the other. */
  atomic_fetch_add(&pool->sleepers, 1);
  if (has_work(pool, seen)) {
    atomic_fetch_sub(&pool->sleepers, 1);
  } else {
    while (pool->wake_ups == 0) pthread_cond_wait(&pool->work, &pool->mutex);
    pool->wake_ups--;
  }
  pthread_mutex_unlock(&pool->mutex);
}

static void *run_worker(void *arg) {
  worker *w = arg;
  ig__pool *pool = w->pool;
  uint32_t seen = 0;
  for (;;) {
    if (!spin_until(pool, has_work, seen)) sleep_until_woken(pool, seen);
    if (atomic_load(&pool->stop)) return NULL;
    seen = work(pool, w->index);
  }
}

/* Wakes sleepers until `wanted` workers are awake. */
static void wake(ig__pool *pool, int wanted) {
  if (atomic_load(&pool->sleepers) == 0) return;
  pthread_mutex_lock(&pool->mutex);
  int sleepers = atomic_load(&pool->sleepers), awake = pool->threads - 1 - sleepers;
  int more = wanted - awake < sleepers ? wanted - awake : sleepers;
  if (more > 0) {
    pool->wake_ups += more;
    atomic_fetch_sub(&pool->sleepers, more);
  }
  pthread_mutex_unlock(&pool->mutex);
  for (int i = 0; i < more; i++) pthread_cond_signal(&pool->work);
}

static void wait_for_end(ig__pool *pool, int tasks) {
  if (spin_until(pool, has_ended, (uint32_t)tasks)) return;
  pthread_mutex_lock(&pool->mutex);
  /* Exchanged, not stored: the same on x86, and on ARM QEMU lets the load below go before a plain store (250
   * times in 300,000 in a test of that alone; now and then a job never ended), which no processor may do. */
  atomic_exchange(&pool->caller_sleeps, true);
  while (!has_ended(pool, (uint32_t)tasks)) pthread_cond_wait(&pool->finished, &pool->mutex);
  atomic_store(&pool->caller_sleeps, false);
  pthread_mutex_unlock(&pool->mutex);
}

static void run_shared(ig__pool *pool, int tasks, bool flush_denormals, ig__task_fn fn, void *arg) {
  uint64_t job = (uint32_t)((atomic_load_explicit(&pool->ticket, memory_order_relaxed) >> 32) + 1);
  pool->fn = fn;
  pool->arg = arg;
  pool->flush_denormals = flush_denormals;
  atomic_store_explicit(&pool->done, 0, memory_order_relaxed);
  atomic_store_explicit(&pool->extent, job << 32 | (uint32_t)tasks, memory_order_release);
  atomic_exchange(&pool->ticket, job << 32); /* and not stored, as in wait_for_end: `wake` looks at the sleepers next */
  wake(pool, tasks - 1 < pool->most_awake ? tasks - 1 : pool->most_awake);
  work(pool, 0);
  wait_for_end(pool, tasks);
}

void ig__pool_run(ig__pool *pool, int tasks, bool flush_denormals, ig__task_fn fn, void *arg) {
  if (tasks <= 0) return;
  uint64_t mode = read_mode();
  set_flush(flush_denormals);
  if (pool->threads == 1 || tasks == 1)
    for (int task = 0; task < tasks; task++) fn(arg, task, 0);
  else
    run_shared(pool, tasks, flush_denormals, fn, arg);
  /* Only the bits changed here go back: the exceptions that the tasks raised stay raised, as after any arithmetic. */
  set_flush(false);
  if (mode & FLUSH_BITS) write_mode((read_mode() & ~(uint64_t)FLUSH_BITS) | (mode & FLUSH_BITS));
}

/* Starts workers until all run or the system grants no more. They take no signals: those belong to the program. */
static void start_workers(ig__pool *pool, int threads) {
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  pool->threads = 1;
  for (int i = 1; i < threads; i++) {
    worker *w = &pool->workers[i - 1];
    *w = (worker){.pool = pool, .index = i};
    if (ig__fault("thread") || pthread_create(&w->thread, NULL, run_worker, w) != 0) break;
    pool->threads = i + 1;
  }
  pthread_sigmask(SIG_SETMASK, &before, NULL);
}

ig_status ig__pool_new(ig__pool **out, int threads) {
  int cpus = ig__cpu_count();
  if (threads < 0 || threads > THREADS_MAX)
    return ig__fail(IG_USAGE, "threads: %d is out of range, 1 … %d (0: as many as there are CPUs)", threads, THREADS_MAX);
  if (threads == 0) threads = cpus < THREADS_MAX ? cpus : THREADS_MAX;
  ig__pool *pool = ig__alloc(1, sizeof *pool);
  worker *workers = ig__alloc((size_t)threads, sizeof *workers);
  if (!pool || !workers) {
    ig__free(pool);
    ig__free(workers);
    return IG_NO_MEMORY;
  }
  pool->workers = workers;
  /* Where threads outnumber CPUs, one that spins takes the time of one that has work, and one that waits for a CPU with
   * its last task keeps the whole job waiting (measured: 7 threads on 2 CPUs, 32 tasks of 50 us, 1.45 times the time of 2).
   * So nobody spins there, and no more are woken than there are CPUs. */
  pool->spin = threads <= cpus;
  pool->most_awake = (threads < cpus ? threads : cpus) - 1;
  pthread_mutex_init(&pool->mutex, NULL);
  pthread_cond_init(&pool->work, NULL);
  pthread_cond_init(&pool->finished, NULL);
  start_workers(pool, threads);
  *out = pool;
  return IG_OK;
}

void ig__pool_free(ig__pool *pool) {
  if (!pool) return;
  pthread_mutex_lock(&pool->mutex);
  atomic_store(&pool->stop, true);
  pool->wake_ups += atomic_exchange(&pool->sleepers, 0);
  pthread_cond_broadcast(&pool->work);
  pthread_mutex_unlock(&pool->mutex);
  for (int i = 0; i + 1 < pool->threads; i++) pthread_join(pool->workers[i].thread, NULL);
  pthread_cond_destroy(&pool->finished);
  pthread_cond_destroy(&pool->work);
  pthread_mutex_destroy(&pool->mutex);
  ig__free(pool->workers);
  ig__free(pool);
}

int ig__pool_threads(const ig__pool *pool) { return pool->threads; }
