/* What a run folder becomes as events, without a server. */
#include "live/feed.h"
#include "test.h"

#include <unistd.h>

static char folder[1024];

static void write_file(const char *name, const char *text, size_t size) {
  char path[2048];
  snprintf(path, sizeof path, "%s/%s", folder, name);
  CHECK_OK(ig__file_write_atomic(path, text, size));
}

static int count(const ig__feed *feed, const char *part) {
  int n = 0;
  for (const char *at = (const char *)feed->text.data; (at = strstr(at, part)); at++) n++;
  return n;
}

TEST(an_empty_folder_says_nothing) {
  ig__feed feed;
  snprintf(folder, sizeof folder, "%s", test_folder());
  ig__feed_begin(&feed, folder);
  ig__feed_look(&feed);
  CHECK_STR((char *)feed.text.data, "\n\nevent: begin\ndata: \n\n");
  ig__feed_free(&feed);
}

/* Half a line is not a line yet; nothing is said twice. */
TEST(lines_are_said_when_they_are_whole) {
  ig__feed feed;
  snprintf(folder, sizeof folder, "%s", test_folder());
  ig__feed_begin(&feed, folder);
  write_file("results.csv", "epoch,lr\n1,0.5\n2,0.", 19);
  write_file("log.txt", "T imgrad 0.1.0 on a machine\nT half", 34);
  for (int i = 0; i < 3; i++) ig__feed_look(&feed);
  CHECK_INT(count(&feed, "event: row\n"), 1);
  CHECK_INT(count(&feed, "event: log\n"), 1);
  CHECK_INT(count(&feed, "event: state\ndata: running\n"), 1);
  write_file("results.csv", "epoch,lr\n1,0.5\n2,0.25\n", 22);
  write_file("log.txt", "T imgrad 0.1.0 on a machine\nT half a line\nT failed at step 7: a disk\n", 69);
  ig__feed_look(&feed);
  CHECK_INT(count(&feed, "event: row\n"), 2);
  CHECK_INT(count(&feed, "event: row\ndata: 2,0.25\n\n"), 1);
  CHECK_INT(count(&feed, "event: log\ndata: T half a line\n\n"), 1);
  CHECK_INT(count(&feed, "event: state\ndata: failed\n"), 1);
  CHECK_INT(count(&feed, "event: begin\n"), 1);
  ig__feed_free(&feed);
}

TEST(of_a_long_log_the_end) {
  ig__feed feed;
  ig__buffer log = {0};
  snprintf(folder, sizeof folder, "%s", test_folder());
  for (int i = 1; i <= 1000; i++) ig__buffer_text(&log, "T line %d.\n", i);
  write_file("log.txt", (char *)log.data, log.size);
  ig__feed_begin(&feed, folder);
  ig__feed_look(&feed);
  CHECK_INT(count(&feed, "event: log\n"), 200);
  CHECK_INT(count(&feed, "line 800."), 0);
  CHECK_INT(count(&feed, "line 801."), 1);
  CHECK_INT(count(&feed, "line 1000."), 1);
  ig__buffer_free(&log);
  ig__feed_free(&feed);
}

/* Rows that were taken back begin the text anew, with the log; a reader knows by the generation. */
TEST(rows_taken_back) {
  ig__feed feed;
  snprintf(folder, sizeof folder, "%s", test_folder());
  write_file("log.txt", "T imgrad\n", 9);
  write_file("results.csv", "epoch,lr\n1,0.5\n2,0.25\n", 22);
  ig__feed_begin(&feed, folder);
  ig__feed_look(&feed);
  const uint64_t before = feed.generation;
  write_file("results.csv", "epoch,lr\n1,0.5\n", 15);
  ig__feed_look(&feed);
  CHECK(feed.generation > before);
  CHECK_INT(count(&feed, "event: row\n"), 1);
  CHECK_INT(count(&feed, "event: log\n"), 1);
  /* Another run in the same place, longer than the old one. */
  write_file("results.csv", "epoch,lr\n1,0.125\n2,0.125\n3,0.125\n", 33);
  ig__feed_look(&feed);
  CHECK_INT(count(&feed, "event: row\n"), 3);
  CHECK_INT(count(&feed, "0.5"), 0);
  ig__feed_free(&feed);
}

#ifdef IG__FAULTS
#include "base/alloc.h"

TEST(a_file_that_cannot_be_read_is_said) {
  ig__feed feed;
  snprintf(folder, sizeof folder, "%s", test_folder());
  write_file("results.csv", "epoch,lr\n1,0.5\n", 15);
  ig__feed_begin(&feed, folder);
  ig__fault_set("read@1+=EIO");
  for (int i = 0; i < 5; i++) ig__feed_look(&feed);
  ig__fault_set(NULL);
  CHECK_INT(count(&feed, "results.csv: cannot read"), 1);
  ig__feed_look(&feed);
  CHECK_INT(count(&feed, "event: row\n"), 1);
  ig__feed_free(&feed);
}
#endif
