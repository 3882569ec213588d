/* Runs the registered tests: all of them, or those whose "file:name" contains one of the arguments; --list only names them. */
#include "base/alloc.h"
#include "test.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

typedef struct { const char *file, *name; void (*run)(void); } entry;
static entry entries[4096];
static int entry_count;
static jmp_buf leave;
static char folder[256];
enum { PASSED, FAILED, SKIPPED };

void test_register(const char *file, const char *name, void (*run)(void)) {
  const char *base = strrchr(file, '/');
  if (entry_count == (int)(sizeof entries / sizeof entries[0])) {
    fprintf(stderr, "too many tests\n");
    exit(1);
  }
  entries[entry_count++] = (entry){base ? base + 1 : file, name, run};
}

void test_fail(const char *file, int line, const char *format, ...) {
  va_list args;
  va_start(args, format);
  printf("  %s:%d: ", file, line);
  vprintf(format, args);
  printf("\n");
  va_end(args);
  longjmp(leave, 1 + FAILED);
}

void test_skip(const char *format, ...) {
  va_list args;
  va_start(args, format);
  printf("  skipped: ");
  vprintf(format, args);
  printf("\n");
  va_end(args);
  longjmp(leave, 1 + SKIPPED);
}

static void remove_tree(const char *path) {
  DIR *d = opendir(path);
  if (d) {
    for (struct dirent *e; (e = readdir(d));) {
      char child[4096];
      struct stat st;
      if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, "..")) continue;
      snprintf(child, sizeof child, "%s/%s", path, e->d_name);
      if (lstat(child, &st) == 0 && S_ISDIR(st.st_mode)) remove_tree(child);
      else unlink(child);
    }
    closedir(d);
  }
  rmdir(path);
}

const char *test_folder(void) {
  if (!folder[0]) {
    const char *tmp = getenv("TMPDIR");
    snprintf(folder, sizeof folder, "%s/imgrad-test-XXXXXX", tmp && strlen(tmp) < 200 ? tmp : "/tmp");
    if (!mkdtemp(folder)) {
      folder[0] = 0;
      test_fail(__FILE__, __LINE__, "cannot make a scratch folder");
    }
  }
  return folder;
}

const char *test_data(const char *name) {
  static char path[4096];
  const char *root = getenv("IMGRAD_TEST_DATA");
  snprintf(path, sizeof path, "%s/%s", root ? root : IG_TEST_SOURCE "/../shared/data", name);
  if (access(path, R_OK) != 0) test_skip("no real data at %s (set IMGRAD_TEST_DATA)", path);
  return path;
}

static bool selected(const entry *e, int argc, char **argv) {
  char full[512];
  int patterns = 0;
  snprintf(full, sizeof full, "%s:%s", e->file, e->name);
  for (int i = 1; i < argc; i++) {
    if (argv[i][0] == '-') continue;
    patterns++;
    if (strstr(full, argv[i])) return true;
  }
  return patterns == 0;
}

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* A function of its own: what longjmp might spoil are the variables of the function that called setjmp. */
__attribute__((noinline)) static int run(const entry *e) {
  int how = setjmp(leave);
  if (how == 0) {
    e->run();
    return PASSED;
  }
  ig__fault_set(NULL); /* the faults of a test that failed are not those of the next */
  return how - 1;
}

/* Sizes that no machine has must come back as NULL under the sanitizers too, as they do from malloc. */
const char *__asan_default_options(void);
const char *__asan_default_options(void) { return "allocator_may_return_null=1"; }
const char *__tsan_default_options(void);
const char *__tsan_default_options(void) { return "allocator_may_return_null=1"; }

int main(int argc, char **argv) {
  int count[3] = {0, 0, 0};
  bool list = argc > 1 && !strcmp(argv[1], "--list");
  setvbuf(stdout, NULL, _IOLBF, 0);
  for (int i = 0; i < entry_count; i++) {
    const entry *e = &entries[i];
    if (!selected(e, argc, argv)) continue;
    if (list) {
      printf("%s:%s\n", e->file, e->name);
      continue;
    }
    double start = now();
    int how = run(e);
    count[how]++;
    printf("%s %8.3f s  %s:%s\n", how == PASSED ? "pass" : how == FAILED ? "FAIL" : "skip", now() - start, e->file, e->name);
    if (folder[0]) {
      remove_tree(folder);
      folder[0] = 0;
    }
  }
  if (!list) printf("%d passed, %d failed, %d skipped\n", count[PASSED], count[FAILED], count[SKIPPED]);
  return count[FAILED] ? 1 : 0;
}
