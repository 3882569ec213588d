/* The thread pool. */
#include "base/alloc.h"
#include "base/file.h"
#include "base/pool.h"
#include "test.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

typedef struct { int *hits; long *sums; int threads; atomic_int wrong; } job;

static void count_task(void *arg, int task, int thread) {
  job *j = arg;
  if (thread < 0 || thread >= j->threads) atomic_fetch_add(&j->wrong, 1);
  else j->sums[thread * 16] += task; /* each thread its own: a race here shows under the thread sanitizer */
  j->hits[task]++;
}

TEST(every_task_runs_once) {
  static const int threads[] = {1, 2, 3, 7}, tasks[] = {0, 1, 2, 3, 7, 8, 100, 10000, -1};
  int *hits = calloc(10000, sizeof *hits);
  CHECK(hits != NULL);
  for (int t = 0; t < 4; t++) {
    ig__pool *pool;
    CHECK_OK(ig__pool_new(&pool, threads[t]));
    CHECK_INT(ig__pool_threads(pool), threads[t]);
    for (size_t k = 0; k < sizeof tasks / sizeof tasks[0]; k++) {
      long sums[7 * 16] = {0}, sum = 0, want = 0;
      job j = {.hits = hits, .sums = sums, .threads = threads[t]};
      memset(hits, 0, 10000 * sizeof *hits);
      ig__pool_run(pool, tasks[k], false, count_task, &j);
      for (int i = 0; i < 10000; i++) CHECK_INT(hits[i], i < tasks[k]);
      for (int i = 0; i < 7; i++) sum += sums[i * 16];
      for (int i = 0; i < tasks[k]; i++) want += i;
      CHECK_INT(sum, want);
      CHECK_INT(atomic_load(&j.wrong), 0);
    }
    ig__pool_free(pool);
  }
  free(hits);
}

typedef struct { double v[64]; int round; } field;

static void step_task(void *arg, int task, int thread) {
  field *f = arg;
  (void)thread;
  f->v[task] = f->v[task] * 0.5 + task + f->round;
}

/* Thousands of small jobs, each building on the last one's results: what is lost or seen too early shows. */
TEST(jobs_follow_one_another) {
  static const int threads[] = {1, 2, 3, 7};
  double want[64] = {0};
  for (int t = 0; t < 4; t++) {
    ig__pool *pool;
    field f = {{0}, 0};
    CHECK_OK(ig__pool_new(&pool, threads[t]));
    for (f.round = 0; f.round < 5000; f.round++) {
      ig__pool_run(pool, f.round % 65, false, step_task, &f);
      if (f.round % 500 == 0) nanosleep(&(struct timespec){0, 300000}, NULL); /* let them fall asleep */
    }
    if (t == 0) memcpy(want, f.v, sizeof want);
    CHECK(memcmp(want, f.v, sizeof want) == 0);
    ig__pool_free(pool);
  }
}

static void nap_task(void *arg, int task, int thread) {
  (void)task;
  atomic_fetch_or((atomic_uint *)arg, 1u << thread);
  nanosleep(&(struct timespec){0, 2000000}, NULL);
}

TEST(the_threads_take_part) {
  int cpus = ig__cpu_count(), seen = 0;
  atomic_uint who = 0;
  ig__pool *pool;
  if (cpus < 2) test_skip("one CPU");
  CHECK_OK(ig__pool_new(&pool, 2));
  for (int i = 0; i < 50 && atomic_load(&who) != 3; i++) ig__pool_run(pool, 8, false, nap_task, &who);
  ig__pool_free(pool);
  CHECK_INT(atomic_load(&who), 3);
  /* More threads than CPUs: all of them serve in turn, though not all at a time. */
  atomic_store(&who, 0);
  CHECK_OK(ig__pool_new(&pool, cpus + 3));
  for (int i = 0; i < 50; i++) ig__pool_run(pool, cpus + 3, false, nap_task, &who);
  ig__pool_free(pool);
  for (int i = 0; i < 32; i++) seen += (atomic_load(&who) >> i & 1) != 0;
  CHECK(seen >= 2 && (atomic_load(&who) & 1));
}

TEST(odd_numbers_of_threads) {
  ig__pool *pool = NULL;
  CHECK_STATUS(ig__pool_new(&pool, -1), IG_USAGE);
  CHECK_STATUS(ig__pool_new(&pool, 1 << 20), IG_USAGE);
  CHECK_HAS(ig_last_error(), "1 … 1024");
  CHECK(pool == NULL);
  CHECK_OK(ig__pool_new(&pool, 0));
  CHECK_INT(ig__pool_threads(pool), ig__cpu_count());
  ig__pool_free(pool);
  ig__pool_free(NULL);
}

TEST(fewer_threads_than_asked) {
  int64_t before = ig__alloc_outstanding();
  int hits[100] = {0};
  long sums[16 * 7] = {0};
  job j = {.hits = hits, .sums = sums, .threads = 3};
  ig__pool *pool;
  ig__fault_set("thread@3+");
  CHECK_OK(ig__pool_new(&pool, 7));
  CHECK_INT(ig__pool_threads(pool), 3);
  ig__pool_run(pool, 100, false, count_task, &j);
  for (int i = 0; i < 100; i++) CHECK_INT(hits[i], 1);
  ig__pool_free(pool);
  ig__fault_set("thread@1+");
  CHECK_OK(ig__pool_new(&pool, 7));
  CHECK_INT(ig__pool_threads(pool), 1);
  ig__pool_free(pool);
  for (int n = 1; n <= 2; n++) {
    ig__fault_set(n == 1 ? "malloc@1" : "malloc@2");
    CHECK_STATUS(ig__pool_new(&pool, 2), IG_NO_MEMORY);
  }
  ig__fault_set(NULL);
  CHECK_INT(ig__alloc_outstanding(), before);
}

static volatile float tiny = 1e-30f;

static void denormal_task(void *arg, int task, int thread) {
  float product = tiny * 1e-10f; /* 1e-40: a denormal, or 0 */
  (void)thread;
  ((float *)arg)[task] = product;
  nanosleep(&(struct timespec){0, 100000}, NULL);
}

TEST(denormals_are_flushed_inside_and_only_there) {
#if !defined(__x86_64__) && !defined(__aarch64__)
  test_skip("no flush mode on this architecture");
#endif
  float products[64];
  for (int threads = 1; threads <= 3; threads++) {
    ig__pool *pool;
    CHECK_OK(ig__pool_new(&pool, threads));
    for (int round = 0; round < 4; round++)
      for (int tasks = 1; tasks <= 64; tasks += 63) {
        bool flush = round % 2 == 0;
        ig__pool_run(pool, tasks, flush, denormal_task, products);
        for (int i = 0; i < tasks; i++) CHECK((products[i] == 0) == flush);
        CHECK(tiny * 1e-10f != 0);
      }
    ig__pool_free(pool);
  }
}

#if defined(__x86_64__)
TEST(the_callers_own_mode_comes_back) {
  unsigned before = __builtin_ia32_stmxcsr();
  float products[8];
  ig__pool *pool;
  CHECK_OK(ig__pool_new(&pool, 2));
  for (unsigned bits = 0; bits < 4; bits++) {
    unsigned mode = (before & ~0x8040u) | (bits & 1 ? 0x8000u : 0) | (bits & 2 ? 0x40u : 0);
    for (int flush = 0; flush < 2; flush++) {
      __builtin_ia32_ldmxcsr(mode);
      ig__pool_run(pool, 8, flush, denormal_task, products);
      unsigned after = __builtin_ia32_stmxcsr();
      __builtin_ia32_ldmxcsr(before);
      CHECK_INT(after & 0xFFC0u, mode & 0xFFC0u); /* all but the exception flags */
      for (int i = 0; i < 8; i++) CHECK((products[i] == 0) == (flush == 1));
    }
  }
  ig__pool_free(pool);
}
#endif

static double cpu_seconds(void) {
  struct timespec t;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void nothing(void *arg, int task, int thread) { (void)arg, (void)task, (void)thread; }

TEST(an_idle_pool_uses_no_cpu) {
  ig__pool *pool;
  CHECK_OK(ig__pool_new(&pool, 2));
  ig__pool_run(pool, 10, false, nothing, NULL);
  double used = 1;
  for (int turn = 0; turn < 5 && used > 0.005; turn++) { /* the first may meet workers that are not asleep yet */
    nanosleep(&(struct timespec){0, 50000000}, NULL);
    double before = cpu_seconds();
    nanosleep(&(struct timespec){0, 500000000}, NULL);
    used = cpu_seconds() - before;
  }
  ig__pool_free(pool);
  if (used > 0.005) test_fail(__FILE__, __LINE__, "%.1f ms of CPU in half a second of idling", used * 1e3);
}

typedef struct visits { atomic_int by[7]; } visits;

static void note_and_sleep(void *arg, int task, int thread) {
  visits *seen = arg;
  (void)task;
  atomic_fetch_add(&seen->by[thread], 1);
  nanosleep(&(struct timespec){0, 5000000}, NULL);
}

/* A task that sleeps keeps its thread, so every thread that was woken takes one. The workers have to sleep before the job
 * begins; a machine that is busy may need a while for that, hence the turns. */
TEST(no_more_threads_wake_than_there_are_cpus) {
  int cpus = ig__cpu_count(), most = cpus < 7 ? cpus : 7, awake = 8;
  ig__pool *pool;
  CHECK_OK(ig__pool_new(&pool, 7));
  for (int turn = 0; turn < 20 && awake > most; turn++) {
    visits seen = {0};
    int tasks = 0;
    nanosleep(&(struct timespec){0, 10000000 * (turn + 1)}, NULL);
    ig__pool_run(pool, 14, true, note_and_sleep, &seen);
    awake = 0;
    for (int i = 0; i < 7; i++) awake += seen.by[i] > 0, tasks += seen.by[i];
    CHECK_INT(tasks, 14);
  }
  ig__pool_free(pool);
  if (awake > most) test_fail(__FILE__, __LINE__, "%d of 7 threads were awake on %d CPUs", awake, cpus);
}

static void *use_own_pool(void *arg) {
  ig__pool *pool;
  field f = {{0}, 0};
  if (ig__pool_new(&pool, 3) != IG_OK) return NULL;
  for (f.round = 0; f.round < 1000; f.round++) ig__pool_run(pool, 20, false, step_task, &f);
  ig__pool_free(pool);
  memcpy(arg, f.v, sizeof f.v);
  return arg;
}

TEST(pools_do_not_disturb_each_other) {
  double v[3][64];
  pthread_t threads[3];
  for (int i = 0; i < 3; i++) CHECK_INT(pthread_create(&threads[i], NULL, use_own_pool, v[i]), 0);
  for (int i = 0; i < 3; i++) {
    void *result;
    CHECK(pthread_join(threads[i], &result) == 0 && result != NULL);
    CHECK(memcmp(v[0], v[i], sizeof v[0]) == 0);
  }
}

static void put_text(const char *root, const char *path, const char *text) {
  char full[4096], folder[4096];
  snprintf(full, sizeof full, "%s/%s", root, path);
  snprintf(folder, sizeof folder, "%s", full);
  *strrchr(folder, '/') = 0;
  CHECK_OK(ig__make_folder(folder));
  CHECK_OK(ig__file_write_atomic(full, text, strlen(text)));
}

static int limit_with(const char *cgroup, const char *path1, const char *text1, const char *path2, const char *text2) {
  static int n;
  char root[512];
  snprintf(root, sizeof root, "%s/%d", test_folder(), n++);
  if (cgroup) put_text(root, "proc/self/cgroup", cgroup);
  if (path1) put_text(root, path1, text1);
  if (path2) put_text(root, path2, text2);
  return ig__cgroup_cpus(root);
}

TEST(cgroup_limits) {
  const char *v1 = "12:memory:/x\n4:cpu,cpuacct:/docker/abc\n1:cpuset:/\n", *root = "sys/fs/cgroup/cpu.max";
  CHECK_INT(limit_with(NULL, NULL, NULL, NULL, NULL), 0);
  CHECK_INT(limit_with("0::/\n", NULL, NULL, NULL, NULL), 0);
  CHECK_INT(limit_with("0::/\n", root, "max 100000\n", NULL, NULL), 0);
  CHECK_INT(limit_with("0::/\n", root, "200000 100000\n", NULL, NULL), 2);
  CHECK_INT(limit_with("0::/\n", root, "150000 100000\n", NULL, NULL), 2);
  CHECK_INT(limit_with("0::/\n", root, "10000 100000\n", NULL, NULL), 1);
  CHECK_INT(limit_with("0::/\n", root, "nonsense", NULL, NULL), 0);
  CHECK_INT(limit_with("0::/\n", root, "0 0\n", NULL, NULL), 0);
  CHECK_INT(limit_with("0::/\n", root, "", NULL, NULL), 0);
  CHECK_INT(limit_with("0::/\n", root, "9000000000000000000 1\n", NULL, NULL), 2147483647);
  /* The parent's limit holds for the child, the smaller one counts. */
  CHECK_INT(limit_with("0::/user/app\n", "sys/fs/cgroup/user/cpu.max", "300000 100000\n", "sys/fs/cgroup/user/app/cpu.max",
                       "max 100000\n"), 3);
  CHECK_INT(limit_with("0::/user/app\n", "sys/fs/cgroup/user/cpu.max", "300000 100000\n", "sys/fs/cgroup/user/app/cpu.max",
                       "100000 50000\n"), 2);
  /* Inside a container the path names what is not mounted here. */
  CHECK_INT(limit_with("0::/system.slice/docker-1.scope\n", root, "400000 100000\n", NULL, NULL), 4);
  CHECK_INT(limit_with(v1, "sys/fs/cgroup/cpu,cpuacct/docker/abc/cpu.cfs_quota_us", "250000\n",
                       "sys/fs/cgroup/cpu,cpuacct/docker/abc/cpu.cfs_period_us", "100000\n"), 3);
  CHECK_INT(limit_with(v1, "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "100000\n",
                       "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us", "100000\n"), 1);
  CHECK_INT(limit_with(v1, "sys/fs/cgroup/cpu/docker/abc/cpu.cfs_quota_us", "500000\n",
                       "sys/fs/cgroup/cpu/docker/abc/cpu.cfs_period_us", "100000\n"), 5);
  CHECK_INT(limit_with(v1, "sys/fs/cgroup/cpu/docker/abc/cpu.cfs_quota_us", "-1\n",
                       "sys/fs/cgroup/cpu/docker/abc/cpu.cfs_period_us", "100000\n"), 0);
  CHECK_INT(limit_with("3:cpuset:/\n", "sys/fs/cgroup/cpuset/cpu.cfs_quota_us", "100000\n",
                       "sys/fs/cgroup/cpuset/cpu.cfs_period_us", "100000\n"), 0);
  CHECK(ig__cpu_count() >= 1);
}

TEST(now_goes_forward) {
  double a = ig__now();
  nanosleep(&(struct timespec){0, 2000000}, NULL);
  double b = ig__now();
  CHECK(b - a >= 0.002 && b - a < 5);
}
