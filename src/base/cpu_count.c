/* How many CPUs this process may use. A container's limit counts as well as the CPUs it sees: 64 threads that share the
 * time of two CPUs are stopped by the system in the middle of every step. */
#include "base/pool.h"

#include "base/file.h"
#include "base/text.h"

#include <limits.h>
#include <string.h>
#include <unistd.h>
#ifdef __linux__
#include <sched.h>
#endif

#define PATH_SIZE 4096

/* quota / period, rounded up; 0 for no limit. */
static int64_t whole_cpus(const char *quota, const char *period) {
  int64_t q, p;
  if (!ig__parse_i64(quota, &q) || !ig__parse_i64(period, &p) || q <= 0 || p <= 0) return 0;
  return q / p + (q % p != 0);
}

static bool read_word(const char *path, char *word, size_t size) {
  if (!ig__file_peek(path, word, size)) return false;
  word[strcspn(word, " \n")] = 0;
  return *word != 0;
}

/* The limit of one folder of version 2 ("150000 100000" or "max 100000") or of version 1. */
static int64_t limit_at(const char *folder, bool version2) {
  char path[PATH_SIZE], quota[64], period[64];
  const char *name = version2 ? "cpu.max" : "cpu.cfs_quota_us";
  if (ig__snprintf(path, sizeof path, "%s/%s", folder, name) >= (int)sizeof path) return 0;
  if (version2) {
    if (!ig__file_peek(path, quota, sizeof quota)) return 0;
    char *blank = strchr(quota, ' ');
    if (!blank) return 0;
    *blank = 0;
    blank[1 + strcspn(blank + 1, " \n")] = 0;
    return whole_cpus(quota, blank + 1);
  }
  if (!read_word(path, quota, sizeof quota)) return 0;
  if (ig__snprintf(path, sizeof path, "%s/cpu.cfs_period_us", folder) >= (int)sizeof path) return 0;
  return read_word(path, period, sizeof period) ? whole_cpus(quota, period) : 0;
}

/* The smallest limit from `group` up to the mount: a limit of a parent holds for its children. Inside a container the
 * group's path may not exist below the mount; the walk then ends at the mount itself, which is the container's group. */
static int64_t limit_below(const char *mount, const char *group, bool version2) {
  char folder[PATH_SIZE];
  int length = ig__snprintf(folder, sizeof folder, "%s%s", mount, group);
  size_t least = strlen(mount);
  int64_t smallest = 0;
  if (length < 0 || length >= (int)sizeof folder) folder[least] = 0;
  for (;;) {
    int64_t limit = limit_at(folder, version2);
    if (limit > 0 && (smallest == 0 || limit < smallest)) smallest = limit;
    char *slash = strrchr(folder + least, '/');
    if (!slash) return smallest;
    *slash = 0;
  }
}

static bool has_controller(const char *list, size_t length) {
  for (size_t i = 0; i + 3 <= length; i++)
    if (memcmp(list + i, "cpu", 3) == 0 && (i == 0 || list[i - 1] == ',') && (i + 3 == length || list[i + 3] == ','))
      return true;
  return false;
}

/* One line of /proc/self/cgroup: "0::/group" is version 2, "4:cpu,cpuacct:/group" version 1. */
static int64_t limit_of_line(const char *root, char *line) {
  char mount[PATH_SIZE];
  char *controllers = strchr(line, ':'), *group = controllers ? strchr(controllers + 1, ':') : NULL;
  if (!group) return 0;
  size_t length = (size_t)(group - controllers) - 1;
  if (length == 0) {
    if (ig__snprintf(mount, sizeof mount, "%s/sys/fs/cgroup", root) >= (int)sizeof mount) return 0;
    return limit_below(mount, group + 1, true);
  }
  if (!has_controller(controllers + 1, length)) return 0;
  if (ig__snprintf(mount, sizeof mount, "%s/sys/fs/cgroup/%.*s", root, (int)length, controllers + 1) >= (int)sizeof mount)
    return 0;
  int64_t limit = limit_below(mount, group + 1, false);
  if (limit > 0) return limit;
  if (ig__snprintf(mount, sizeof mount, "%s/sys/fs/cgroup/cpu", root) >= (int)sizeof mount) return 0;
  return limit_below(mount, group + 1, false);
}

int ig__cgroup_cpus(const char *root) {
  char path[PATH_SIZE], text[8192];
  int64_t smallest = 0;
  if (ig__snprintf(path, sizeof path, "%s/proc/self/cgroup", root) >= (int)sizeof path) return 0;
  ig__file_peek(path, text, sizeof text);
  for (char *line = text; *line;) {
    size_t length = strcspn(line, "\n");
    char *next = line + length + (line[length] == '\n');
    line[length] = 0;
    int64_t limit = limit_of_line(root, line);
    if (limit > 0 && (smallest == 0 || limit < smallest)) smallest = limit;
    line = next;
  }
  return smallest < INT_MAX ? (int)smallest : INT_MAX;
}

static int visible_cpus(void) {
#ifdef __linux__
  cpu_set_t set[64]; /* 65536 CPUs; with too small a set the call fails */
  memset(set, 0, sizeof set);
  if (sched_getaffinity(0, sizeof set, set) == 0) {
    int count = CPU_COUNT_S(sizeof set, set);
    if (count > 0) return count;
  }
#endif
  long online = sysconf(_SC_NPROCESSORS_ONLN);
  return online > 0 && online < INT_MAX ? (int)online : 1;
}

int ig__cpu_count(void) {
  int visible = visible_cpus(), limit = ig__cgroup_cpus("");
  return limit > 0 && limit < visible ? limit : visible;
}
