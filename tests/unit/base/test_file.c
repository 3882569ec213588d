/* Whole files, folders. */
#include "base/alloc.h"
#include "base/file.h"
#include "files.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static void check_content(const char *path, const void *want, size_t size) {
  uint8_t *data = NULL;
  size_t got = 99;
  CHECK_OK(ig__file_read(path, 1 << 24, &data, &got));
  bool same = got == size && memcmp(data, want, size) == 0 && data[got] == 0;
  ig__free(data);
  CHECK(same);
}

/* Names in the test's folder: no temporary file may be left. */
static size_t count_names(void) {
  ig__names names;
  CHECK_OK(ig__folder_list(test_folder(), &names));
  size_t count = names.count;
  ig__names_free(&names);
  return count;
}

TEST(read_what_is_there) {
  uint8_t *data = NULL;
  size_t size = 99;
  put(in_folder("empty"), "", 0);
  CHECK_OK(ig__file_read(in_folder("empty"), 0, &data, &size));
  CHECK(size == 0 && data && data[0] == 0);
  ig__free(data);
  put(in_folder("猫.txt"), "miau\0x", 6);
  check_content(in_folder("猫.txt"), "miau\0x", 6);
  CHECK_OK(ig__file_read(in_folder("猫.txt"), 6, &data, &size));
  ig__free(data);
  CHECK_STATUS(ig__file_read(in_folder("猫.txt"), 5, &data, &size), IG_BAD_DATA);
  CHECK_HAS(ig_last_error(), "larger than 5 B");
  CHECK_STATUS(ig__file_read(in_folder("none"), 5, &data, &size), IG_USAGE);
  CHECK_HAS(ig_last_error(), "No such file");
  CHECK_STATUS(ig__file_read(in_folder("empty/none"), 5, &data, &size), IG_USAGE);
  CHECK_STATUS(ig__file_read("", 5, &data, &size), IG_USAGE);
  /* A regular file that says it is empty and is not. */
  CHECK_OK(ig__file_read("/proc/self/cmdline", 1 << 20, &data, &size));
  CHECK(size > 0);
  ig__free(data);
  CHECK_STATUS(ig__file_read("/proc/self/cmdline", 1, &data, &size), IG_BAD_DATA);
}

TEST(only_regular_files_are_read) {
  uint8_t *data;
  size_t size;
  CHECK_STATUS(ig__file_read(test_folder(), 1 << 20, &data, &size), IG_BAD_DATA);
  CHECK_HAS(ig_last_error(), "is a folder");
  CHECK_INT(mkfifo(in_folder("fifo"), 0600), 0);
  CHECK_STATUS(ig__file_read(in_folder("fifo"), 1 << 20, &data, &size), IG_BAD_DATA);
  CHECK_HAS(ig_last_error(), "a FIFO");
  CHECK_STATUS(ig__file_read("/dev/zero", 1 << 20, &data, &size), IG_BAD_DATA);
  CHECK_HAS(ig_last_error(), "a device");
  CHECK_STATUS(ig__file_write_atomic(in_folder("fifo"), "x", 1), IG_USAGE);
  CHECK_STATUS(ig__file_write_atomic("/dev/null", "x", 1), IG_USAGE);
  CHECK_STATUS(ig__file_append("/dev/null", "x", 1), IG_USAGE);
  CHECK_STATUS(ig__file_write_atomic(test_folder(), "x", 1), IG_USAGE);
}

TEST(short_and_interrupted_reads_go_on) {
  char text[10000];
  for (size_t i = 0; i < sizeof text; i++) text[i] = (char)(i * 7);
  put(in_folder("f"), text, sizeof text);
  ig__fault_set("read@1+=short");
  check_content(in_folder("f"), text, sizeof text);
  CHECK(ig__fault_calls("read") > 10);
  ig__fault_set("read@1=EINTR,read@2=EINTR");
  check_content(in_folder("f"), text, sizeof text);
  uint8_t *data;
  size_t size;
  for (int n = 1; n <= 2; n++) {
    int64_t before = ig__alloc_outstanding();
    ig__fault_set(n == 1 ? "read@1=EIO" : "read@2=EIO");
    CHECK_STATUS(ig__file_read(in_folder("f"), 1 << 20, &data, &size), IG_IO);
    CHECK_HAS(ig_last_error(), "Input/output error");
    CHECK_INT(ig__alloc_outstanding(), before);
  }
  ig__fault_set("open@1=EMFILE");
  CHECK_STATUS(ig__file_read(in_folder("f"), 1 << 20, &data, &size), IG_IO);
  ig__fault_set("malloc@1");
  CHECK_STATUS(ig__file_read(in_folder("f"), 1 << 20, &data, &size), IG_NO_MEMORY);
  ig__fault_set(NULL);
}

TEST(atomic_write_makes_and_replaces) {
  struct stat st;
  const char *path = in_folder("model.bin");
  CHECK_OK(ig__file_write_atomic(path, "one", 3));
  check_content(path, "one", 3);
  CHECK_INT(chmod(path, 0640), 0);
  CHECK_OK(ig__file_write_atomic(path, "", 0));
  check_content(path, "", 0);
  CHECK(stat(path, &st) == 0 && (st.st_mode & 07777) == 0640);
  CHECK_OK(ig__file_write_atomic(path, "three", 5));
  CHECK_INT(symlink("model.bin", in_folder("link")), 0);
  CHECK_OK(ig__file_write_atomic(in_folder("link"), "through", 7));
  check_content(path, "through", 7);
  CHECK(lstat(in_folder("link"), &st) == 0 && S_ISLNK(st.st_mode));
  CHECK_INT(count_names(), 2);
  CHECK_STATUS(ig__file_write_atomic(in_folder("none/x"), "x", 1), IG_USAGE);
  CHECK_STATUS(ig__file_write_atomic(in_folder("x/"), "x", 1), IG_USAGE);
  CHECK_STATUS(ig__file_write_atomic("", "x", 1), IG_USAGE);
  char name[256];
  memset(name, 'n', 255);
  name[255] = 0;
  CHECK_OK(ig__file_write_atomic(in_folder(name), "long", 4)); /* as long as a name can be */
  check_content(in_folder(name), "long", 4);
}

TEST(atomic_write_in_the_current_folder) {
  char before[4096];
  CHECK(getcwd(before, sizeof before) != NULL);
  CHECK_INT(chdir(test_folder()), 0);
  ig_status status = ig__file_write_atomic("here", "x", 1);
  CHECK_INT(chdir(before), 0);
  CHECK_OK(status);
  check_content(in_folder("here"), "x", 1);
  CHECK_INT(count_names(), 1);
}

TEST(a_left_over_temporary_is_not_in_the_way) {
  char name[64];
  CHECK_OK(ig__file_write_atomic(in_folder("f"), "1", 1));
  for (int i = 0; i < 300; i++) {
    snprintf(name, sizeof name, ".imgrad-%ld-%d.tmp", (long)getpid(), i);
    put(in_folder(name), "left", 4);
  }
  CHECK_OK(ig__file_write_atomic(in_folder("f"), "2", 1));
  check_content(in_folder("f"), "2", 1);
  CHECK_INT(count_names(), 301);
}

/* Every call of every kind fails once, for an existing and for a new file. */
TEST(a_failed_write_keeps_the_old_file) {
  static const char *const kinds[] = {"open", "write", "sync", "rename", "malloc"};
  static const char *const hows[] = {"EIO", "ENOSPC"};
  char big[100000], spec[64];
  memset(big, 'b', sizeof big);
  for (int existing = 0; existing < 2; existing++)
    for (int k = 0; k < 5; k++)
      for (int n = 1; n <= 3; n++)
        for (int h = 0; h < 2; h++) {
          const char *path = in_folder(existing ? "old" : "new");
          if (existing) put(path, "old", 3);
          else unlink(path);
          size_t names = count_names();
          snprintf(spec, sizeof spec, "%s@%d=%s", kinds[k], n, hows[h]);
          int64_t before = ig__alloc_outstanding();
          ig__fault_set(spec);
          ig_status status = ig__file_write_atomic(path, big, sizeof big);
          bool reached = ig__fault_calls(kinds[k]) >= (uint64_t)n;
          ig__fault_set(NULL);
          CHECK_INT(ig__alloc_outstanding(), before);
          if (reached != (status != IG_OK)) test_fail(__FILE__, __LINE__, "%s was not noticed", spec);
          /* After the rename only the folder's sync is left: the new file is in place, whole. */
          bool placed = status == IG_OK || (k == 2 && n == 2);
          if (placed) check_content(path, big, sizeof big);
          else if (existing) check_content(path, "old", 3);
          else CHECK(!ig__file_exists(path));
          CHECK_INT(count_names(), names + (placed && !existing));
          if (k == 1 && n == 1) {
            CHECK_STATUS(status, IG_IO);
            CHECK_HAS(ig_last_error(), h ? "No space left" : "Input/output");
          }
        }
}

TEST(short_and_interrupted_writes_go_on) {
  char big[50000];
  for (size_t i = 0; i < sizeof big; i++) big[i] = (char)(i * 13);
  static const char *const specs[] = {"write@1=short", "write@1+=short", "write@1=EINTR,write@2=short,write@3=EINTR"};
  for (int i = 0; i < 3; i++) {
    ig__fault_set(specs[i]);
    CHECK_OK(ig__file_write_atomic(in_folder("f"), big, sizeof big));
    CHECK(ig__fault_calls("write") > 1);
    ig__fault_set(NULL);
    check_content(in_folder("f"), big, sizeof big);
  }
  ig__fault_set("write@1=short,write@2=ENOSPC");
  CHECK_STATUS(ig__file_write_atomic(in_folder("f"), "new", 3), IG_IO);
  CHECK_HAS(ig_last_error(), "after 1 B of 3 B");
  ig__fault_set(NULL);
  check_content(in_folder("f"), big, sizeof big);
}

/* The process ends at each point, as by kill -9; the file is the old or the new one, whole. */
TEST(killed_anywhere_the_file_is_whole) {
  static const struct { const char *spec; bool fresh; } cases[] = {
    {"open@2=kill", false}, {"write@1=kill", false}, {"write@1=short,write@2=kill", false}, {"sync@1=kill", false},
    {"rename@1=kill", false}, {"sync@2=kill", true},
  };
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    put(in_folder("f"), "old content", 11);
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
      ig__fault_set(cases[i].spec);
      ig__file_write_atomic(in_folder("f"), "new", 3);
      _exit(0);
    }
    int how = 0;
    CHECK(child > 0 && waitpid(child, &how, 0) == child);
    CHECK(WIFSIGNALED(how) && WTERMSIG(how) == 9);
    if (cases[i].fresh) check_content(in_folder("f"), "new", 3);
    else check_content(in_folder("f"), "old content", 11);
  }
  CHECK_OK(ig__file_write_atomic(in_folder("f"), "after", 5));
  check_content(in_folder("f"), "after", 5);
}

TEST(append) {
  const char *path = in_folder("log.txt");
  CHECK_OK(ig__file_append(path, "a\n", 2));
  CHECK_OK(ig__file_append(path, "", 0));
  ig__fault_set("write@1=short");
  CHECK_OK(ig__file_append(path, "bcd\n", 4));
  ig__fault_set("write@1=short,write@2=ENOSPC");
  CHECK_STATUS(ig__file_append(path, "lost\n", 5), IG_IO);
  ig__fault_set(NULL);
  check_content(path, "a\nbcd\n", 6); /* no half line */
  CHECK_STATUS(ig__file_append(in_folder("none/log"), "x", 1), IG_USAGE);
}

TEST(folders) {
  CHECK_OK(ig__make_folder(in_folder("a/b//c/")));
  CHECK(ig__is_folder(in_folder("a/b/c")));
  CHECK_OK(ig__make_folder(in_folder("a/b/c")));
  CHECK_OK(ig__make_folder("/"));
  put(in_folder("file"), "x", 1);
  CHECK(!ig__is_folder(in_folder("file")) && ig__file_exists(in_folder("file")) && ig__file_exists(in_folder("a")));
  CHECK_STATUS(ig__make_folder(in_folder("file")), IG_USAGE);
  CHECK_STATUS(ig__make_folder(in_folder("file/x")), IG_USAGE);
  CHECK_STATUS(ig__make_folder(""), IG_USAGE);
  CHECK_OK(ig__make_new_folder(in_folder("runs/train")));
  CHECK_STATUS(ig__make_new_folder(in_folder("runs/train")), IG_USAGE);
  CHECK_HAS(ig_last_error(), "is there already");
  CHECK_OK(ig__make_new_folder(in_folder("runs/train2/")));
  CHECK_STATUS(ig__make_new_folder(in_folder("file")), IG_USAGE);
  ig__fault_set("open@1+=EROFS");
  CHECK_STATUS(ig__make_folder(in_folder("z")), IG_IO);
  CHECK_HAS(ig_last_error(), "Read-only");
  CHECK_OK(ig__make_folder(in_folder("a")));
  ig__fault_set(NULL);
}

TEST(folder_names_are_sorted_by_bytes) {
  ig__names names = {NULL, 0, 0};
  static const char *const sorted[] = {".hidden", "10", "9", "B", "a", "a b", "狗", "猫"};
  CHECK_OK(ig__folder_list(test_folder(), &names));
  CHECK_INT(names.count, 0);
  ig__names_free(&names);
  for (int i = 7; i >= 0; i--) put(in_folder(sorted[i]), "", 0);
  CHECK_OK(ig__folder_list(test_folder(), &names));
  CHECK_INT(names.count, 8);
  for (int i = 0; i < 8; i++) CHECK_STR(names.name[i], sorted[i]);
  ig__names_free(&names);
  CHECK_STATUS(ig__folder_list(in_folder("none"), &names), IG_USAGE);
  CHECK_STATUS(ig__folder_list(in_folder("a"), &names), IG_USAGE);
  int64_t before = ig__alloc_outstanding();
  static const char *const specs[] = {"read@3", "open@1", "malloc@1", "malloc@2", "malloc@5"};
  for (int i = 0; i < 5; i++) {
    ig__fault_set(specs[i]);
    CHECK_STATUS(ig__folder_list(test_folder(), &names), i < 2 ? IG_IO : IG_NO_MEMORY);
    ig__fault_set(NULL);
    CHECK_INT(ig__alloc_outstanding(), before);
  }
}

TEST(remove_and_rename) {
  put(in_folder("a"), "x", 1);
  CHECK_OK(ig__file_rename(in_folder("a"), in_folder("b")));
  CHECK(!ig__file_exists(in_folder("a")) && ig__file_exists(in_folder("b")));
  CHECK_STATUS(ig__file_rename(in_folder("a"), in_folder("b")), IG_USAGE);
  ig__fault_set("rename@1,rename@2");
  CHECK_STATUS(ig__file_rename(in_folder("b"), in_folder("c")), IG_IO);
  CHECK_STATUS(ig__file_remove(in_folder("b")), IG_IO);
  ig__fault_set(NULL);
  CHECK(ig__file_exists(in_folder("b")));
  CHECK_OK(ig__file_remove(in_folder("b")));
  CHECK_OK(ig__file_remove(in_folder("b")));
  CHECK(!ig__file_exists(in_folder("b")));
  CHECK_STATUS(ig__file_remove(test_folder()), IG_IO);
}

TEST(peek) {
  char text[8];
  put(in_folder("f"), "0123456789", 10);
  CHECK(ig__file_peek(in_folder("f"), text, sizeof text));
  CHECK_STR(text, "0123456");
  CHECK(!ig__file_peek(in_folder("none"), text, sizeof text));
  CHECK_STR(text, "");
  CHECK(!ig__file_peek(test_folder(), text, sizeof text));
}
